import type { HeldOperation } from '../approval/types.js';
import type { McpEffect } from '../mcp/side.js';
import type { Decision } from '../policy/types.js';
import type { RecordEffect } from '../postgres/session/effects.js';
import type { Forwarded } from './begun-stream.js';

/**
 * Carries the length of a body that goes on as it is past Envoy's ext_proc, which drops Content-Length whatever it is told. Envoy puts it back
 * behind (envoy/http.ts), and nobody sees this header.
 */
export const LENGTH_KEPT = 'x-midstream-content-length';

/** Name in small letters, and value: one character a byte. */
export type Header = readonly [name: string, value: string];

/** What Envoy is told about a part of the request or its answer. */
export type Answer =
  | {
      part: 'request_headers' | 'response_headers';
      set?: readonly Header[];
      append?: readonly Header[];
      remove?: readonly string[];
      /** request_headers: takes the place of the body, of which nothing more is asked */
      body?: Buffer;
    }
  | { part: 'request_body' | 'response_body'; chunks: readonly Buffer[]; end: boolean }
  | { part: 'request_trailers' | 'response_trailers'; set?: readonly Header[]; append?: readonly Header[]; remove?: readonly string[] }
  /** an answer that the gateway begins itself, and that goes on */
  | { part: 'local_headers'; headers: readonly Header[] }
  | { part: 'local_body'; chunks: readonly Buffer[]; end: boolean }
  | { part: 'immediate'; status: number; headers: readonly Header[]; body: Buffer; grpcStatus?: number; details: string };

/** After an upgrade: bytes to one side; with `end`, no more will come. */
export interface TunnelAnswer {
  part: 'tunnel';
  to: 'client' | 'server';
  chunks: readonly Buffer[];
  end: boolean;
}

/**
 * What a step of an exchange asks the world to do, in this order: records, then answers (kept back until the gating records are durable),
 * then the rest.
 */
export class Effects {
  records: RecordEffect[] = [];
  answers: (Answer | TunnelAnswer)[] = [];
  decisions: Decision[] = [];
  holds: HeldOperation[] = [];
  /** for other exchanges of the same session, once what gates them is durable */
  others: McpEffect[] = [];
  ended: { hold: string; status: 'cancelled' | 'expired'; reason: string }[] = [];
  /** a request whose answer was begun already: the gateway sends it on, once what gates it is durable */
  forward: Forwarded | undefined;
  /** bytes are held back that may go when the sender pauses */
  flush = false;
  /** the exchange failed: its stream is to be ended with an error, so that Envoy resets it */
  fail: string | undefined;
}
