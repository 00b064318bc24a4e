import { MidstreamError } from '../../../filters/errors.js';
import { FIRST_PREV, headRoom, sha256Hex, writeHead } from '../../../filters/record/chain.js';
import type { SessionEvent, SessionRecorder, WireField } from '../../../filters/record/events.js';
import type { LineBlocks, LineHead } from './line-blocks.js';
import type { SessionSeal } from './seal.js';
import type { LineSource, PendingLine, SegmentWriter } from './segment-writer.js';
import type { Clock } from './world.js';

/** Type names go into lines as they are. */
const typeShape = /^[a-z][a-z0-9_.]*$/;
const knownTypes = new Set([
  'session.open',
  'request',
  'decision',
  'hold',
  'approval',
  'response',
  'error',
  'notice',
  'access',
  'session.close',
]);

/** Is told of the sessions of a recorder. */
export interface SessionWatcher {
  /** before its first line; throws what the producer shall see */
  started(session: ChainedSession): void;
  ended(session: ChainedSession): void;
  broken(session: ChainedSession): void;
}

/**
 * One session's chain. The hot path only pushes what happened; lines and their hashes are made when the writer asks for them.
 * Thousands of HTTP's wait for Envoy's access entry when they have ended, so one holds little: no functions, and no piece of a larger buffer.
 */
export class ChainedSession implements SessionRecorder, LineSource, LineHead {
  /** events that were appended */
  events = 0;
  /** where the chain stands: of the lines that were made */
  seq = 0;
  prev = FIRST_PREV;
  t = 0;
  /** of the last event */
  private now = 0;
  /** ticket of the last line */
  ticket = 0;
  /** session.close was appended */
  ended = false;
  /** an event was refused, so the recording has a gap that only its close can tell */
  broken: MidstreamError | undefined;
  private readonly began: number;
  /** of the line that is being written */
  private type = '';

  constructor(
    readonly session: string,
    private readonly writer: SegmentWriter,
    private readonly clock: Clock,
    private readonly seal: SessionSeal | undefined,
    private readonly watcher: SessionWatcher,
  ) {
    this.began = clock.monotonic_ns();
  }

  get keeps_originals(): boolean {
    return this.seal !== undefined;
  }

  append(event: SessionEvent, original?: Uint8Array): number {
    const { type, ...rest } = event;
    const json = JSON.stringify(rest);
    return this.appendLine(type, json.length === 2 ? '' : `,${json.slice(1, -1)}`, original);
  }

  /**
   * `json` is the inside of the event's own object, beginning with a comma, as JSON.stringify writes it; it may not hold a line feed.
   * It is not parsed here: a producer that hands in something else writes a line that no reader takes.
   */
  appendLine(type: string, json: string, original?: Uint8Array, wire?: WireField): number {
    const refusal = this.broken ?? this.writer.refusal();
    if (refusal !== undefined) return this.refuse(type, refusal);
    if (!knownTypes.has(type) && !typeShape.test(type))
      throw new MidstreamError('internal', 'an event type is lower case letters, digits, _ and .');
    if (json.includes('\n') || wire?.rest.includes('\n') || (json !== '' && json.charCodeAt(0) !== 0x2c))
      throw new MidstreamError('internal', 'the fields of an event are one line that begins with a comma');
    const sealed = original === undefined || this.seal === undefined ? '' : `,"sealed":${this.seal.seal(original)}`;
    if (wire === undefined) return this.write(type, sealed === '' ? json : json + sealed, undefined);
    return this.write(type, json, sealed === '' ? wire : { chunks: wire.chunks, rest: wire.rest + sealed });
  }

  private write(type: string, json: string, wire: WireField | undefined): number {
    if (this.events === 0) this.watcher.started(this);
    this.events += 1;
    const now = this.clock.monotonic_ns() - this.began;
    // A clock that is said never to go back is not believed: readers rely on t.
    if (now > this.now) this.now = now;
    this.ticket = this.writer.push({ source: this, t: this.now, type, json, wire });
    if (type === 'session.close') {
      this.ended = true;
      this.watcher.ended(this);
    }
    return this.ticket;
  }

  writeLine(line: PendingLine, into: LineBlocks): number {
    this.t = line.t;
    this.type = line.type;
    return into.add(this, line.json, line.wire);
  }

  headRoom(): number {
    return headRoom(this.session, this.type);
  }

  writeHead(block: Buffer, start: number): number {
    return writeHead(block, start, this.session, this.seq, this.t, this.prev, this.type);
  }

  written(line: Uint8Array): void {
    this.seq += 1;
    this.prev = sha256Hex(line);
  }

  private refuse(type: string, refusal: MidstreamError): number {
    // The recorder closes a broken session by itself: its producer need not know which of them came first.
    if (this.ended && type === 'session.close') return this.ticket;
    if (this.broken === undefined) {
      this.broken = refusal;
      this.watcher.broken(this);
    }
    throw refusal;
  }

  /** The recorder's own last word on a session whose producer can't have it: crash, full disk, stop. */
  closeAs(reason: string, more: Record<string, unknown> = {}): void {
    if (this.ended) return;
    const close = { reason, ...more };
    this.write('session.close', `,${JSON.stringify(close).slice(1, -1)}`, undefined);
  }

  durable(ticket: number): boolean {
    return this.writer.durable(ticket);
  }

  whenDurable(ticket: number, done: (error?: Error) => void): void {
    this.writer.whenDurable(ticket, done);
  }
}
