import type { Logger } from 'pino';
import type { ApprovalStore } from '../filters/approval/types.js';
import type { GrpcSchema } from '../filters/http/grpc/schema.js';
import type { Reach } from '../filters/http/readings.js';
import type { KubernetesOptions } from '../filters/kubernetes/conversation.js';
import type { McpMemory } from '../filters/mcp/tools.js';
import type { CatalogueView } from '../filters/postgres/rows/origin.js';
import type { LookupEffect } from '../filters/postgres/session/effects.js';
import type { SessionRecorder } from '../filters/record/events.js';
import type { ConnectQuestion } from './convert/ext-authz.js';
import type { CredentialSource, HttpLogin } from './identity/http-login.js';
import type { ListenerLogin } from './identity/postgres-login.js';
import type { RuleBook } from './rules.js';
import type { ConnectionMetrics } from './services/connection.js';
import type { GrpcServices } from './services/grpc-server.js';
import type { Place } from './services/starttls-hop.js';

/** One backend that the gateway stands before. */
export interface Resource {
  /** listener name; Envoy names it in the gRPC metadata `x-midstream-listener` */
  listener: string;
  resource: string;
  catalogue:
    | {
        view(database: string): CatalogueView | undefined;
        load(database: string, what: LookupEffect): Promise<void>;
        /** somebody changed definitions in this database, here or elsewhere */
        invalidate(database: string): void;
        close(): Promise<void>;
      }
    | undefined;
  /** the gateway ends the agents' authentication and logs in at the server itself; without it the client's own passes through */
  login?: ListenerLogin;
  /** hop only: where this gateway listens, and Envoy's way back to the server */
  hop?: Place & { upstream: Place };
  /** hop only: the handshakes of TLS that is asked for in band, where each listens and where it goes on */
  starttls?: { agents?: { at: Place; next: Place; required: boolean }; server?: { at: Place; next: Place } };
}

/** An HTTP server that the gateway stands before. */
export interface HttpResource {
  /** listener name, as for databases */
  listener: string;
  resource: string;
  /** the server speaks MCP */
  mcp?: boolean;
  /** the Host that the server is asked for; the client's own otherwise */
  authority?: string;
  /** where this gateway takes upgraded streams, and Envoy's way back to the server */
  hop?: ({ host: string; port: number } | { path: string }) & { upstream: { host: string; port: number } | { path: string } };
  /** the server is a Kubernetes API */
  kubernetes?: KubernetesOptions;
  /** what the descriptors of its gRPC API say */
  grpc?: GrpcSchema;
  /** callers must show who they are; without it a certificate counts, else what they claim */
  login?: HttpLogin;
  /** the gateway's own credential for the server */
  credential?: CredentialSource;
}

export interface GatewayOptions {
  version: string;
  /** host:port, port 0 for any, or unix:/path */
  grpc: string;
  resources: Resource[];
  http?: HttpResource[];
  /** number of this process among the workers of one gateway, from 1 */
  worker?: number;
  /** who may reach an HTTP server; databases are asked about by Envoy itself (ext_authz) */
  mayConnect?: (question: ConnectQuestion & { reach?: Reach }) => { allowed: boolean };
  rules: RuleBook;
  approvals: ApprovalStore;
  /** what is remembered of MCP servers; needed where one is among `http` */
  mcp?: McpMemory;
  record: (session: string) => SessionRecorder;
  log: Logger;
  metrics: ConnectionMetrics;
  limits: { names_max: number; notice_every_ms: number; body_ms_max: number };
  /** events wait for the disk: nothing more is read until they are written */
  recordingBusy: () => boolean;
  /** bytes that came, from either side of any connection */
  received: (bytes: number) => void;
  /** a connection was opened: its session, by Envoy's own id of it (for access logs where no metadata can carry the session) */
  opened?: (listener: string, connectionId: string, session: string) => void;
  /** asks the other workers to cancel what they hold for a cancel key */
  cancelElsewhere?: (key: string) => Promise<boolean>;
  /** a session changed definitions in this database: all that is remembered of it is out of date */
  redefined?: (database: string) => void;
  /** further gRPC services: ext_authz, access logs, health */
  register?: (server: GrpcServices) => void;
  now?: () => number;
}
