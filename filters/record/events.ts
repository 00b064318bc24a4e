import type { Identity, RuleMatch, Verdict } from '../policy/types.js';
import type { SqlFacts } from '../sql/facts.js';

/**
 * Events of a session, in the order in which they happened. The recorder adds v, session, seq, t and prev (recording.md);
 * producers give only what is here. All text is masked already when it gets here.
 */
export type SessionEvent =
  | SessionOpen
  | RequestEvent
  | DecisionEvent
  | HoldEvent
  | ApprovalEvent
  | ResponseEvent
  | ErrorEvent
  | NoticeEvent
  | AccessEvent
  | SessionClose;

export interface SessionOpen {
  type: 'session.open';
  /** ISO 8601 wall clock */
  start: string;
  protocol: 'postgres';
  resource: string;
  database: string;
  user: string;
  application: string;
  identity: Identity;
  tls: Record<string, string>;
  policy_version: string;
  gateway_version: string;
  transport: 'ext_proc' | 'hop';
  /** startup parameters, masked */
  parameters: Record<string, string>;
}

export interface RequestEvent {
  type: 'request';
  /** unique in the session, `r1`, `r2`, … */
  request: string;
  /** query, parse, execute, function_call, copy_data, … */
  operation: string;
  /** statement text, masked */
  text: string;
  /** bound parameters, masked; null for NULL */
  params?: (string | null)[];
  facts?: SqlFacts;
  fingerprint: string;
  bytes: number;
  /** copy_data: bytes that are not in `text`: beyond the limit, or in the binary format */
  left_out?: number;
}

export interface DecisionEvent {
  type: 'decision';
  request: string;
  verdict: Verdict;
  rule: string;
  matches: RuleMatch[];
  policy_version: string;
  /** microseconds spent judging */
  took_us: number;
  /** second opinion (postgres_proxy metadata) that disagreed, if any */
  disagreement?: string;
}

export interface HoldEvent {
  type: 'hold';
  request: string;
  hold: string;
  rule: string;
  by: string[];
  quorum: number;
  wait_ms: number;
}

export interface ApprovalEvent {
  type: 'approval';
  request: string;
  hold: string;
  outcome: 'approved' | 'denied' | 'expired' | 'cancelled';
  /** who decided, in order */
  decisions: { by: string; verdict: 'approve' | 'deny'; comment: string; at: string; from: string }[];
  lease: string;
}

export interface ResponseEvent {
  type: 'response';
  request: string;
  rows: number;
  bytes: number;
  /** command tag of CommandComplete, empty when there was none */
  tag: string;
  /** column names of the last layout */
  columns: string[];
  /** the backend messages as they went to the client (masked), base64; may be cut at the recorder's limit */
  wire: string;
  /** bytes that went to the client but are not in `wire` */
  wire_left_out: number;
  /** which masks fired: rule or kind -> count, per column */
  masked: { column: string; rule: string; kind: string; count: number }[];
  /** the connection ended before the answer did */
  incomplete?: true;
  /** an earlier message of the pipeline failed: the server did not run this one */
  skipped?: true;
}

export interface ErrorEvent {
  type: 'error';
  request: string;
  severity: string;
  sqlstate: string;
  message: string;
  /** true when the message was made by the gateway */
  own: boolean;
}

export interface NoticeEvent {
  type: 'notice';
  request: string;
  severity: string;
  sqlstate: string;
  message: string;
  own: boolean;
}

export interface AccessEvent {
  type: 'access';
  /** Envoy's own entry: bytes, durations (ms), upstream host, flags, tls */
  entry: Record<string, unknown>;
}

export interface SessionClose {
  type: 'session.close';
  /**
   * why it ended. The recorder itself closes a session that its producer can't: `crash` (found at the next start), `stopped` (the gateway),
   * or the code of the refusal (`storage_full`, `unavailable`, `limit_exceeded`). Such a line has neither totals nor coverage: readers must do without.
   */
  reason: string;
  totals: { requests: number; denied: number; held: number; rows: number; bytes_down: number; bytes_up: number };
  coverage: { inspected_bytes: number; masked_bytes: number; opaque: { reason: string; bytes: number }[] };
}

/** Common fields of a stored event. */
export interface Stored {
  v: 1;
  session: string;
  seq: number;
  /** nanoseconds since session start */
  t: number;
  /** sha256 hex of the session's previous line; 64 zeros for the first */
  prev: string;
  /** the original bytes, sealed to age recipients: base64; `header` in the session's first sealed event only. header + body is an age file */
  sealed?: { header?: string; body: string };
  /** in an addendum (session `<id>.<8 hex>`): the session that it belongs to */
  of?: string;
}

/** Raw bytes inside an event: in base64, between two parts of its JSON. Written without a string being made of all of them. */
export interface WireField {
  chunks: readonly Uint8Array[];
  /** the rest of the event's JSON, beginning with the quote that ends the base64 */
  rest: string;
}

/** The event's JSON with its bytes in it. */
export function withWire(json: string, wire: WireField | undefined): string {
  return wire === undefined ? json : json + Buffer.concat(wire.chunks).toString('base64') + wire.rest;
}

/** What producers write to. Implemented by extproc/stores; a fake serves tests. */
export interface SessionRecorder {
  readonly session: string;
  /** originals that are given will be sealed; where they won't, none need be kept */
  readonly keeps_originals: boolean;
  /**
   * Appends; returns a ticket that grows. `original` are raw bytes to be sealed when the policy asks for it.
   * Throws MidstreamError storage_full or unavailable when nothing new may pass.
   */
  append(event: SessionEvent, original?: Uint8Array): number;
  /**
   * The same for producers that serialise by themselves: `json` is the inside of the event's own object, beginning with a comma
   * (`,"request":"r1","rows":3`), as JSON.stringify would write it: one line. With `wire`, `json` ends where its base64 begins.
   * The chunks are read later: nobody may write into them any more.
   */
  appendLine(type: string, json: string, original?: Uint8Array, wire?: WireField): number;
  /** Everything up to this ticket is on disk (always true for durability: relaxed). */
  durable(ticket: number): boolean;
  /** Calls back once durable(ticket), or with the error that makes it impossible. Never called synchronously. */
  whenDurable(ticket: number, done: (error?: Error) => void): void;
}
