import type { ReasonCode } from '../../filters/errors.js';
import type { Config } from '../config/types.js';

/** Milliseconds in which a worker must have ended its connections and closed its recording; then it is killed. */
export const STOP_MS_MAX = 15_000;

/** What a worker is started with. It goes over the pipe between the processes: arguments and environments can be read by others. */
export interface WorkerSettings {
  config: Config;
  /** from 1 */
  number: number;
  /** shared by all workers, so that a masked value hashes the same in each */
  mask_key: Uint8Array;
  mask_key_id?: string;
  /** this worker serves the approvals API */
  serves_api: boolean;
  version: string;
}

/** What all workers of a gateway are started with. */
export type SharedSettings = Omit<WorkerSettings, 'number' | 'serves_api'>;

/** Where a worker listens. */
export interface Listening {
  grpc: string;
  hops: { listener: string; address: string }[];
  /** base URL of the approvals API; empty in all workers but the one that serves it */
  api: string;
  /** URL of the metrics, empty where they are off */
  metrics: string;
}

/** One worker asks all others; the answer is empty when nobody has one, and always where they are only told something. */
export type Question = { kind: 'cancel'; key: string } | { kind: 'session'; connection: string } | { kind: 'redefined'; database: string };

export type ToWorker =
  | { type: 'start'; settings: WorkerSettings }
  | { type: 'reload' }
  /** the worker that served the approvals API is gone: serve it */
  | { type: 'serve_api' }
  | { type: 'stop'; reason: string }
  /** another worker's question, to be replied to */
  | { type: 'question'; id: number; question: Question }
  /** the answer to the worker's own question */
  | { type: 'answer'; id: number; answer: string };

export type FromWorker =
  | { type: 'ready'; listening: Listening }
  | { type: 'failed'; code: ReasonCode; message: string; hint: string }
  | { type: 'ask'; id: number; question: Question }
  | { type: 'reply'; id: number; answer: string };
