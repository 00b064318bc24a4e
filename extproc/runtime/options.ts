import type { Logger } from 'pino';
import type { Reach } from '../../filters/http/readings.js';
import type { ApproverToken } from '../console/api.js';
import type { PeopleLogin } from '../console/login/types.js';
import type { ConnectQuestion } from '../convert/ext-authz.js';
import type { Gateway } from '../gateway.js';
import type { HttpResource, Resource } from '../gateway-options.js';
import type { Answer } from '../services/ext-authz.js';
import type { Recordings } from '../stores/recordings/index.js';

export interface RuntimeOptions {
  version: string;
  grpc: string;
  resources: Resource[];
  http?: HttpResource[];
  policyFile: string;
  record: {
    directory: string;
    durability: 'strict' | 'relaxed';
    worker: number;
    segment_bytes_max?: number;
    recipients?: string[];
    signing_key_file?: string;
  };
  approvals: {
    database: string;
    api: { host: string; port: number; hosts?: string[]; tokens: ApproverToken[]; login?: PeopleLogin | undefined } | undefined;
    /** another worker of this gateway serves the API, until serveApi() asks for it here */
    elsewhere?: boolean;
  };
  /** file of what is remembered of MCP servers; mcp.db beside the approvals otherwise */
  mcpStore?: string;
  mask_key_file?: string;
  /** the key itself, where no file names it: workers of one gateway share it */
  mask_key?: Uint8Array;
  mask_key_id?: string;
  /** the other workers of this gateway */
  siblings?: Siblings;
  regions?: string[];
  metrics: { host: string; port: number } | undefined;
  /** `everybody`: it need not be asked about a request to a listener that is known */
  mayConnect: ((question: ConnectQuestion & { reach?: Reach }) => Answer) & { everybody?: boolean };
  log: Logger;
  limits?: { names_max?: number; notice_every_ms?: number; body_ms_max?: number };
}

/** What one worker asks of the others. Both give up by themselves, with the answer `no`. */
export interface Siblings {
  /** cancels what another worker holds for this cancel key */
  cancelHeld(key: string): Promise<boolean>;
  /** session of a connection by `listener/Envoy's id`; empty when nobody has it */
  sessionOf(connection: string): Promise<string>;
  /** a session changed definitions in this database: what others remember of it is not believed any more */
  redefined(database: string): void;
}

export interface Runtime {
  gateway: Gateway;
  recordings: Recordings;
  /** address of the approvals API, empty when it is off or elsewhere */
  api: string;
  /** serves the approvals API from now on, after another worker did; nothing where it is off or here already */
  serveApi(): Promise<void>;
  /** the other side of Siblings */
  cancelHeld(key: string): boolean;
  sessionOf(connection: string): string;
  redefined(database: string): void;
  reload(): Promise<boolean>;
  stop(reason: string): Promise<void>;
}
