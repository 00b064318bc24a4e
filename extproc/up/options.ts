import type { Logger } from 'pino';
import type { EnvoyListener, UpstreamTls } from '../../envoy/options.js';
import type { AccessRule } from '../config/types.js';
import type { ApproverToken } from '../console/api.js';
import type { RunningEnvoy } from '../process/envoy.js';
import type { Runtime } from '../runtime.js';

export interface HttpServer {
  url: string;
  /** its name in recordings and policies; `resource` of all, or its host and port, otherwise */
  resource?: string;
  /** port 0 for any */
  listen: { host: string; port: number };
  /** descriptors of its gRPC API: .proto files or descriptor sets */
  grpcDescriptors?: readonly string[];
  /** MCP: Envoy's own reading as a second opinion */
  mcp_filter?: boolean;
}

export interface UpOptions {
  version: string;
  /** the database behind; undefined: none */
  postgres?: { host: string; port: number };
  /** where clients of the database connect; port 0 for any */
  listen: { host: string; port: number };
  /** the HTTP server behind, and where its clients connect */
  http?: HttpServer;
  /** the MCP server behind, and where its clients connect */
  mcp?: HttpServer;
  /** the Kubernetes API that a kubeconfig's current context names, and where its clients connect; port 0 for any */
  kubernetes?: { kubeconfig: string; listen: { host: string; port: number } };
  transport: 'ext_proc' | 'hop';
  /** TLS with clients of the database, and towards it; paths are absolute */
  tls?: NonNullable<EnvoyListener['tls']>;
  upstreamTls?: UpstreamTls;
  policyFile: string;
  recordDirectory: string;
  /** where `midstream approvals` on this machine looks for the API and its token; beside the recordings otherwise */
  discoveryDirectory?: string;
  durability: 'strict' | 'relaxed';
  /** connection string of the gateway's own, for origins of columns; undefined: masks go by name */
  catalogueUrl: string | undefined;
  /** approvals store and API tokens; a token for this machine's operator is made beside what is given */
  approvals?: { database?: string; tokens?: ApproverToken[]; port?: number };
  resource?: string;
  /** who may connect to what; undefined: everybody. Asked by Envoy's ext_authz */
  access?: readonly AccessRule[];
  log: Logger;
  progress: (line: string) => void;
  envoyConcurrency?: number;
  /** where Prometheus metrics are served; undefined: nowhere */
  metrics?: { host: string; port: number };
  limits?: { notice_every_ms?: number; body_ms_max?: number };
  /** aborted before all is up, it stops what was started: startUp rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

export interface Up {
  /** where clients of the database connect */
  postgres: { host: string; port: number } | undefined;
  /** where HTTP clients connect */
  http: { host: string; port: number } | undefined;
  /** where clients of the MCP server connect */
  mcp: { host: string; port: number } | undefined;
  /** where clients of the Kubernetes API connect, and a kubeconfig for them */
  kubernetes: { host: string; port: number; kubeconfig: string } | undefined;
  runtime: Runtime;
  envoy: RunningEnvoy;
  envoyVersion: string;
  /** base URL of the approvals API, and a token for it */
  api: string;
  operatorToken: string;
  /** file that holds it, for `midstream approvals --token-file` */
  tokenFile: string;
  /** settles when Envoy ends by itself */
  failed: Promise<string>;
  stop(): Promise<void>;
}

export type UpBeforePostgres = Up & { postgres: { host: string; port: number } };
