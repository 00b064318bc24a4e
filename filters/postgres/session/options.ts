import type { ApproverDecision } from '../../approval/types.js';
import type { MidstreamError } from '../../errors.js';
import type { Identity, Policy } from '../../policy/types.js';
import type { CopyOutMasker } from '../rows/copy-out.js';
import type { CatalogueView } from '../rows/origin.js';
import type { MaskSet } from '../rows/plan.js';
import type { LoginOptions, LoginOutcome } from './agent-login.js';
import type { Judge } from './judge.js';

/** What a session is given of the world: nothing of it does input or output. */
export interface SessionOptions {
  id: string;
  resource: string;
  transport: 'ext_proc' | 'hop';
  /** proven identity, or undefined: then the startup user is taken as a claim */
  peer: { identity: Identity | undefined; source: string; tls: Record<string, string> };
  gateway_version: string;
  /** raw bytes of what is recorded are kept for sealing */
  originals: boolean;
  /** time in ms since the epoch, given by the caller */
  now: () => number;
  /** unguessable id, at least 128 bits, [0-9a-f] only */
  newId: () => string;
  /** judging and masking for this caller under the policy in force; called at startup and after a policy change */
  rules: (caller: { identity: Identity; resource: string; database: string; user: string; application: string }) => Rules;
  catalogue: ((database: string) => CatalogueView | undefined) | undefined;
  /** the gateway ends the authentication itself; undefined: the client's own log-in passes through */
  login?: LoginOptions | undefined;
  limits: SessionLimits;
}

export interface Rules {
  policy: Policy;
  judge: Judge;
  /** undefined: nothing is masked */
  masks: MaskSet | undefined;
  /** masks text that goes into recordings and to approvers */
  maskText: (text: string) => string;
  /** the same for what a client calls itself and its database: e-mail addresses stay, which is how many roles are called */
  maskName: (name: string) => string;
}

export interface SessionLimits {
  /** longest message that is buffered whole, bytes; the policy's limit for inspected ones is checked beside it */
  message_bytes_max: number;
  /** bytes of one answer kept in the recording */
  wire_bytes_max: number;
  /** prepared statements and portals tracked */
  names_max: number;
  /** bytes of the client that may wait for an answer of the server */
  queued_bytes_max: number;
  /** milliseconds between notices to a waiting client */
  notice_every_ms: number;
}

export type SessionInput =
  /** `opinion`: what Envoy's postgres_proxy read so far, table.database -> operations */
  | { type: 'downstream'; bytes: Buffer; end: boolean; opinion?: object | undefined }
  | { type: 'upstream'; bytes: Buffer; end: boolean }
  /** the look-up asked for is done, with or without success */
  | { type: 'catalogue' }
  /** the answer to effects.login */
  | { type: 'login'; outcome: LoginOutcome }
  /** the hold is stored and approvers can see it */
  | { type: 'held'; hold: string }
  | {
      type: 'approval';
      hold: string;
      outcome: 'approved' | 'denied' | 'expired' | 'cancelled' | 'unavailable';
      reason: string;
      decisions: ApproverDecision[];
      lease: string;
    }
  /** a CancelRequest for this session came in */
  | { type: 'cancel' }
  | { type: 'policy' }
  | { type: 'tick' }
  /** the transport is gone (reset, stream cancelled) */
  | { type: 'gone'; reason: string }
  /** the gateway is stopping, or can't record: refuse what is held and close */
  | { type: 'stop'; reason: string; error?: MidstreamError };

export type Phase = 'startup' | 'login' | 'auth' | 'ready' | 'opaque' | 'cancel' | 'closed';

/** Why the client's messages wait at the gateway. */
export type Stall = 'auth' | 'names' | 'copy' | 'catalogue' | 'answers' | 'hold';

export interface CopyOut {
  masker: CopyOutMasker | undefined;
}
