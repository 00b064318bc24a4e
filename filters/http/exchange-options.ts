import type { ApprovalInput } from '../approval/recorded.js';
import type { ObjectMask } from '../kubernetes/answers/marks.js';
import type { KubernetesOptions } from '../kubernetes/conversation.js';
import type { McpOpinion } from '../mcp/second-opinion.js';
import type { McpWorld } from '../mcp/side.js';
import type { Identity, Policy } from '../policy/types.js';
import type { RecordingMaskers } from '../record/shown-identity.js';
import type { SqlReader } from '../sql/dialects/analyze.js';
import type { Header } from './effects.js';
import type { GrpcSchema } from './grpc/schema.js';
import type { BodyMask } from './masking.js';
import type { Reach } from './readings.js';
import type { FailedUpgrades } from './upgrade/failed.js';
import type { Side } from './upgrade/tunnel.js';

export interface HttpRules extends RecordingMaskers {
  policy: Policy;
  /** strongest first; empty: nothing is masked */
  masks: readonly BodyMask[];
  /** strongest first: what is covered by where it stands in objects of Kubernetes */
  objects?: readonly ObjectMask[];
  /** reads SQL of any dialect; without it statements in requests are unparsed */
  sql?: SqlReader;
}

/** What an exchange is given of the world: nothing of it does input or output. */
export interface ExchangeOptions {
  id: string;
  resource: string;
  /** the gateway has a way to send a request on by itself */
  forwards?: boolean;
  /** the server speaks MCP: what is posted to it are its messages */
  mcp: McpWorld | undefined;
  /** the server is a Kubernetes API */
  kubernetes?: KubernetesOptions;
  /** why upgrades of its clients failed a moment ago, where they come back without having read it */
  failedUpgrades?: FailedUpgrades;
  /** `mayReach`: whether anything lets this peer ask that of the resource; everything does without it */
  peer: {
    identity: Identity | undefined;
    source: string;
    tls: Record<string, string>;
    mayReach?: ((reach: Reach) => boolean) | undefined;
    /** why it is not known who asks, where that must be known: nothing of the request goes on */
    unauthenticated?: string;
    /** what is missing to serve anybody now */
    unavailable?: string;
    /** the gateway's own credential for the server, which takes the place of the agent's; `secrets` never go back */
    credential?: { set: readonly Header[]; append?: readonly Header[]; remove: readonly string[]; secrets: readonly string[] };
  };
  gateway_version: string;
  now: () => number;
  newId: () => string;
  rules: (identity: Identity) => HttpRules;
  /** what the descriptors of the server's gRPC API say */
  grpc?: GrpcSchema;
  /** bytes of a body that are kept in the recording */
  body_bytes_max: number;
  /** hop: the request asks for another protocol, and the gateway reads what follows itself */
  transport?: 'ext_proc' | 'hop';
}

export type ExchangeInput =
  | { type: 'request_headers' | 'response_headers'; headers: readonly Header[]; end: boolean; opinion?: McpOpinion }
  | { type: 'request_body' | 'response_body'; body: Buffer; end: boolean; opinion?: McpOpinion }
  | { type: 'request_trailers' | 'response_trailers'; headers: readonly Header[] }
  /** after an upgrade: bytes of one side; with `end` it has sent its last */
  | { type: 'tunnel'; from: Side; bytes: Buffer; end: boolean }
  /** the sender pauses */
  | { type: 'flush' }
  | ({ type: 'approval' } & ApprovalInput)
  /** the request still waits for a person */
  | { type: 'tick' }
  /** the body that it waits for did not come in time */
  | { type: 'late' }
  /** the client gave up the request that waits */
  | { type: 'cancelled' }
  /** the server of a request that the gateway sent on itself can't be reached, or broke off */
  | { type: 'unreachable' }
  /** another exchange of its session has something for the client, on this one's event stream */
  | { type: 'tell'; message: string }
  /** the stream is gone */
  | { type: 'gone'; reason: string }
  /** the request is held, and its client is told so: it waits at this link without it */
  | { type: 'accepted'; id: string }
  /** the gateway is stopping, or can't record */
  | { type: 'stop'; reason: string }
  /** whoever asks is not let in any more: nothing more comes, and nothing of the answer goes on */
  | { type: 'revoked'; reason: string };
