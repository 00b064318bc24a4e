import type { MidstreamError } from '../../errors.js';
import { Gather } from './gather.js';
import { knownTypes, messageName, POSTGRES_MESSAGE_BYTES_MAX, type Side, STARTUP_BODY_BYTES_MAX } from './types.js';
import { limitExceeded, violation } from './violation.js';

/** One message, or one piece of a large one, as offsets into a buffer. */
export interface Frame {
  /** ASCII code of the message type; 0 for a startup-phase packet. */
  type: number;
  buf: Buffer;
  /** First byte of this piece: for 'whole' and 'first' the type byte (the length word of a startup packet). */
  start: number;
  /** First body byte of this piece; equals `start` for 'middle' and 'last'. */
  body: number;
  /** Exclusive. */
  end: number;
  piece: 'whole' | 'first' | 'middle' | 'last';
  /** Declared total length in bytes, with type byte and length word. */
  length: number;
}

export interface FrameLimits {
  /** Longest message that is buffered until it is whole, in bytes with its header. */
  message_bytes_max: number;
  /** Longest message that may be streamed in pieces, in bytes with its header. */
  stream_bytes_max: number;
}

export interface FrameReaderOptions {
  /** The connection begins with untyped packets; call startupDone() after the StartupMessage. Frontend only. */
  startup?: boolean;
  /**
   * Asked for a message that is not whole yet, or that is longer than message_bytes_max: true to get its pieces as they come.
   * `length` is the declared total. The same answer is expected for the same arguments.
   */
  stream?: (type: number, length: number) => boolean;
}

const EMPTY = Buffer.alloc(0);
const WORD = 4;

/**
 * Cuts a byte stream into messages ("Message Flow" and "Message Formats" of the protocol chapter).
 * Frames are views into the pushed chunk where it holds the whole message, and into a buffer of their own where the
 * message came in several chunks; either way their bytes are never written again by the reader, so a view may be kept.
 * Throws MidstreamError protocol_violation for a length below 4 or a type that this side may not send, limit_exceeded for
 * a length above its limit; both from the header alone. After a throw the reader stays failed: there is no way to find the
 * next message.
 */
export class FrameReader {
  readonly #side: Side;
  readonly #limits: FrameLimits;
  readonly #stream: ((type: number, length: number) => boolean) | undefined;
  readonly #known: Uint8Array;
  readonly #frame: Frame;
  readonly #gather = new Gather();
  #typed: boolean;
  #buf: Buffer = EMPTY;
  #pos = 0;
  /** Chunks pushed before the current one was used up; read from #queueHead. */
  #queue: Buffer[] = [];
  #queueHead = 0;
  #queueBytes = 0;
  /** Body bytes of a streamed message still to come. */
  #streamLeft = 0;
  /** Total of the message in #gather; 0 while its header is not whole. */
  #gatherTotal = 0;
  #failure: MidstreamError | undefined;

  constructor(side: Side, limits: FrameLimits, options: FrameReaderOptions = {}) {
    this.#side = side;
    this.#limits = limits;
    this.#stream = options.stream;
    this.#known = knownTypes(side);
    this.#typed = options.startup !== true;
    this.#frame = { type: 0, buf: EMPTY, start: 0, body: 0, end: 0, piece: 'whole', length: 0 };
  }

  /** Bytes that wait: unread, or part of a message that is not whole. */
  get buffered(): number {
    return this.#buf.length - this.#pos + this.#queueBytes + this.#gather.bytes;
  }

  /** True when the last frame ended a message and nothing waits: the only place where a connection may end cleanly. */
  get atBoundary(): boolean {
    return this.buffered === 0 && this.#streamLeft === 0;
  }

  /** Takes ownership of the chunk: the caller must not write into it any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    if (this.#pos === this.#buf.length && this.#queueBytes === 0) {
      this.#buf = chunk;
      this.#pos = 0;
      return;
    }
    this.#queue.push(chunk);
    this.#queueBytes += chunk.length;
  }

  /** Where the chunk ends in which the last frame stands whole; the frame's own end when it was put together from several. */
  get chunkEnd(): number {
    return this.#frame.buf === this.#buf ? this.#buf.length : this.#frame.end;
  }

  /** The caller took whole messages up to `at` of the chunk in which the last frame stands. */
  skipTo(at: number): void {
    if (this.#frame.buf === this.#buf) this.#pos = at;
  }

  /** A copy of what waits, without the rest of a message that is passing in pieces; nothing is consumed. */
  peekRest(): Buffer {
    const parts = [
      this.#gather.bytes > 0 ? this.#gather.peek() : EMPTY,
      this.#buf.subarray(this.#pos),
      ...this.#queue.slice(this.#queueHead),
    ];
    return Buffer.concat(parts).subarray(this.#streamLeft);
  }

  /** Everything that waits, for a connection which is not inspected from here on. The reader is empty afterwards. */
  takeRest(): Buffer {
    const parts = [
      this.#gather.bytes > 0 ? this.#gather.take() : EMPTY,
      this.#buf.subarray(this.#pos),
      ...this.#queue.slice(this.#queueHead),
    ];
    this.#buf = EMPTY;
    this.#pos = 0;
    this.#queue = [];
    this.#queueHead = 0;
    this.#queueBytes = 0;
    this.#gatherTotal = 0;
    this.#streamLeft = 0;
    return Buffer.concat(parts);
  }

  /** Typed messages follow. Call it after the StartupMessage was read and before the next next(). */
  startupDone(): void {
    this.#typed = true;
  }

  /** The next message or piece, or undefined when more bytes are needed. The object is reused by the next call. */
  next(): Frame | undefined {
    const buf = this.#buf;
    const pos = this.#pos;
    // The path of nearly every message: typed, nothing pending, whole within this chunk.
    if (this.#typed && buf.length - pos > WORD && this.#streamLeft === 0 && this.#gather.bytes === 0 && this.#failure === undefined) {
      const type = buf[pos] as number;
      const word =
        ((buf[pos + 1] as number) << 24) | ((buf[pos + 2] as number) << 16) | ((buf[pos + 3] as number) << 8) | (buf[pos + 4] as number);
      const end = pos + 1 + word;
      if (this.#known[type] === 1 && word >= WORD && word < this.#limits.message_bytes_max && end <= buf.length) {
        this.#pos = end;
        return this.#fill(type, buf, pos, pos + 5, end, 'whole', word + 1);
      }
    }
    return this.#nextSlow();
  }

  #nextSlow(): Frame | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      while (this.#advance()) {
        const frame = this.#streamLeft > 0 ? this.#streamPiece() : this.#gather.bytes > 0 ? this.#gatherMore() : this.#begin();
        if (frame !== undefined) return frame;
      }
      return undefined;
    } catch (error) {
      this.#failure = error as MidstreamError;
      // What waits can't be read any more: let it go.
      this.#buf = EMPTY;
      this.#pos = 0;
      this.#queue = [];
      this.#queueBytes = 0;
      this.#gather.take();
      throw error;
    }
  }

  /** Makes sure that the current chunk has unread bytes; false when there are none anywhere. */
  #advance(): boolean {
    if (this.#pos < this.#buf.length) return true;
    const next = this.#queue[this.#queueHead];
    if (next === undefined) {
      // Nothing unread: a chunk that was used up need not be kept alive by the reader.
      this.#buf = EMPTY;
      this.#pos = 0;
      return false;
    }
    this.#queue[this.#queueHead] = EMPTY;
    this.#queueHead += 1;
    this.#queueBytes -= next.length;
    if (this.#queueHead === this.#queue.length) {
      this.#queue = [];
      this.#queueHead = 0;
    }
    this.#buf = next;
    this.#pos = 0;
    return true;
  }

  /** A new message at #pos: the frame, or undefined after its bytes went to #gather. */
  #begin(): Frame | undefined {
    const buf = this.#buf;
    const start = this.#pos;
    const available = buf.length - start;
    const header = this.#typed ? WORD + 1 : WORD;
    if (this.#typed) this.#checkType(buf[start] as number);
    if (available < header) {
      this.#gatherTotal = 0;
      this.#gather.add(buf, start, buf.length);
      this.#pos = buf.length;
      return undefined;
    }
    const type = this.#typed ? (buf[start] as number) : 0;
    const total = this.#checkLength(type, buf.readInt32BE(start + header - WORD));
    if (available >= total) {
      this.#pos = start + total;
      return this.#fill(type, buf, start, start + header, start + total, 'whole', total);
    }
    this.#pos = buf.length;
    if (this.#mayStream(type, total)) {
      this.#streamLeft = total - available;
      return this.#fill(type, buf, start, start + header, buf.length, 'first', total);
    }
    this.#gatherTotal = total;
    this.#gather.add(buf, start, buf.length);
    return undefined;
  }

  /** More of a message that began in an earlier chunk. */
  #gatherMore(): Frame | undefined {
    const header = this.#typed ? WORD + 1 : WORD;
    if (this.#gatherTotal === 0) {
      this.#gatherUpTo(header);
      if (this.#gather.bytes < header) return undefined;
      const first = header - WORD;
      const byte = (i: number) => this.#gather.headerByte(first + i);
      const type = this.#typed ? this.#gather.headerByte(0) : 0;
      const total = this.#checkLength(type, (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3));
      const here = this.#buf.length - this.#pos >= total - header && total <= this.#limits.message_bytes_max;
      if (!here && this.#mayStream(type, total)) return this.#streamFromGather(type, header, total);
      this.#gatherTotal = total;
    }
    this.#gatherUpTo(this.#gatherTotal);
    if (this.#gather.bytes < this.#gatherTotal) return undefined;
    const whole = this.#gather.take();
    const type = this.#typed ? (whole[0] as number) : 0;
    return this.#fill(type, whole, 0, header, whole.length, 'whole', whole.length);
  }

  #gatherUpTo(bytes: number): void {
    const end = Math.min(this.#buf.length, this.#pos + bytes - this.#gather.bytes);
    if (end === this.#pos) return;
    this.#gather.add(this.#buf, this.#pos, end);
    this.#pos = end;
  }

  /** A streamed message whose header was split: the header alone is the first piece. */
  #streamFromGather(type: number, header: number, total: number): Frame {
    const head = this.#gather.take();
    this.#streamLeft = total - head.length;
    return this.#fill(type, head, 0, header, head.length, 'first', total);
  }

  #streamPiece(): Frame {
    const start = this.#pos;
    const end = Math.min(this.#buf.length, start + this.#streamLeft);
    this.#streamLeft -= end - start;
    this.#pos = end;
    // type and length are still those of the message's first piece.
    return this.#fill(this.#frame.type, this.#buf, start, start, end, this.#streamLeft === 0 ? 'last' : 'middle', this.#frame.length);
  }

  #mayStream(type: number, total: number): boolean {
    return type !== 0 && this.#stream?.(type, total) === true;
  }

  #checkType(type: number): void {
    if (this.#known[type] !== 1) throw violation(messageName(this.#side, type), 'type', `a ${this.#side} message type`, type);
  }

  /** From the length word to the total in bytes; every limit is enforced here, before anything is kept or allocated. */
  #checkLength(type: number, word: number): number {
    const name = messageName(this.#side, type);
    if (type === 0) {
      if (word < 2 * WORD || word > STARTUP_BODY_BYTES_MAX + WORD)
        throw violation(name, 'length', `${2 * WORD} to ${STARTUP_BODY_BYTES_MAX + WORD}`, word);
      return word;
    }
    if (word < WORD) throw violation(name, 'length', `at least ${WORD}`, word);
    const total = word + 1;
    if (total > this.#limits.message_bytes_max) {
      if (!this.#mayStream(type, total)) throw limitExceeded(name, 'message_bytes_max', this.#limits.message_bytes_max, total);
      const max = Math.min(this.#limits.stream_bytes_max, POSTGRES_MESSAGE_BYTES_MAX + 1);
      if (total > max) throw limitExceeded(name, 'stream_bytes_max', max, total);
    }
    return total;
  }

  #fill(type: number, buf: Buffer, start: number, body: number, end: number, piece: Frame['piece'], length: number): Frame {
    const frame = this.#frame;
    frame.type = type;
    frame.buf = buf;
    frame.start = start;
    frame.body = body;
    frame.end = end;
    frame.piece = piece;
    frame.length = length;
    return frame;
  }
}
