import type { HeldOperation } from '../../approval/types.js';
import type { Decision } from '../../policy/types.js';
import type { SessionEvent, WireField } from '../../record/events.js';
import type { ByteSink } from '../rows/byte-sink.js';
import type { ColumnPattern } from '../rows/rule-match.js';
import type { LoginQuestion } from './agent-login.js';

/**
 * What a step of the session asks the world to do. Data only: the service carries it out, in this order:
 * records, then bytes (towards both sides, kept back until the gating records are durable), then the rest.
 */
export interface RecordEffect {
  type: SessionEvent['type'] | string;
  /** the event's own fields (filters/record/events.ts), serialised: the inside of a JSON object, beginning with a comma */
  json: string;
  /** what stands between it and the rest of the event */
  wire: WireField | undefined;
  /** the effect of this step may not be seen before this event is durable */
  gating: boolean;
  /** raw bytes for sealed originals */
  original: Buffer | undefined;
  /** values that it says were masked, for whoever counts them; absent where none were */
  masked?: readonly MaskedCount[];
}

/** How many values a mask of the policy covered; `kind` is empty where nobody knows it. */
export interface MaskedCount {
  rule: string;
  kind?: string;
  count: number;
}

export interface HoldEffect {
  operation: HeldOperation;
}

export interface LookupEffect {
  relations: number[];
  names: { schema: string; name: string }[];
  types: number[];
  functions: number[];
  /** patterns of column rules: does the database have a column that falls under them? */
  patterns: ColumnPattern[];
  /** definitions changed: forget what is known first */
  invalidate: boolean;
}

const nothing = Buffer.alloc(0);

/** Bytes for one side: views into received chunks where nothing changed, own buffers where something did. */
export class ByteQueue {
  chunks: Buffer[] = [];
  length = 0;
  private borrowed: { at: number; from: number; to: number }[] | undefined;
  private sink: ByteSink | undefined;
  private buf: Buffer | undefined;
  private start = 0;
  private end = 0;

  /** Passes buf[start, end) on unchanged; neighbours in one buffer become one view. */
  pass(buf: Buffer, start: number, end: number): void {
    if (this.buf === buf && this.end === start) this.end = end;
    else {
      this.flush();
      this.buf = buf;
      this.start = start;
      this.end = end;
    }
    this.length += end - start;
  }

  /**
   * Bytes that stand in a sink which is used again: they are copied once, all of a step together, by settle().
   * Pieces that follow each other become one.
   */
  addFrom(sink: ByteSink, from: number, to: number): void {
    this.flush();
    const last = this.borrowed?.at(-1);
    if (last !== undefined && last.at === this.chunks.length - 1 && last.to === from) last.to = to;
    else {
      this.borrowed ??= [];
      this.borrowed.push({ at: this.chunks.length, from, to });
      this.chunks.push(nothing);
    }
    this.sink = sink;
    this.length += to - from;
  }

  /** Takes what was borrowed out of the sink; called at the end of a step. */
  settle(): void {
    if (this.sink === undefined || this.borrowed === undefined) return;
    const copy = Buffer.from(this.sink.buf.subarray(0, this.sink.length));
    for (const { at, from, to } of this.borrowed) this.chunks[at] = copy.subarray(from, to);
    this.borrowed = undefined;
  }

  add(bytes: Buffer): void {
    this.flush();
    this.chunks.push(bytes);
    this.length += bytes.length;
  }

  private flush(): void {
    if (this.buf === undefined) return;
    this.chunks.push(this.view(this.buf));
    this.buf = undefined;
  }

  private view(buf: Buffer): Buffer {
    return this.start === 0 && this.end === buf.length ? buf : buf.subarray(this.start, this.end);
  }

  /** What was gathered as base64, without the chunks being made where all of it stands together; they are forgotten. */
  takeBase64(): string {
    if (this.chunks.length === 0 && this.buf !== undefined) {
      const text = this.buf.toString('base64', this.start, this.end);
      this.buf = undefined;
      this.length = 0;
      return text;
    }
    const chunks = this.take();
    return (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString('base64');
  }

  /** Hands over everything gathered so far. */
  take(): Buffer[] {
    if (this.chunks.length === 0 && this.buf !== undefined) {
      const only = this.view(this.buf);
      this.buf = undefined;
      this.length = 0;
      return [only];
    }
    this.flush();
    const chunks = this.chunks;
    this.chunks = [];
    this.length = 0;
    return chunks;
  }
}

export class Effects {
  readonly upstream = new ByteQueue();
  readonly downstream = new ByteQueue();
  records: RecordEffect[] = [];
  /** what was decided in this step, for the metrics */
  decisions: Decision[] = [];
  holds: HoldEffect[] = [];
  /** holds that must not run any more */
  ended: { hold: string; status: 'cancelled' | 'expired'; reason: string }[] = [];
  lookup: LookupEffect | undefined;
  /** who is this, and as whom does it go to the server? Answered by an input of type 'login' */
  login: LoginQuestion | undefined;
  /** a CancelRequest to be matched with the sessions of this gateway */
  cancel: { /** process id and key, hex */ key: string; bytes: Buffer } | undefined;
  /** pass the end of this direction on, after its bytes */
  endUpstream = false;
  endDownstream = false;
  /** close both sides after the bytes have gone */
  close: { reason: string } | undefined;
  /** what went wrong, for the gateway's own log (never for the wire) */
  cause: Error | undefined;
  /** BackendKeyData was seen: cancel requests with this key belong to this session */
  cancelKey: string | undefined;
}
