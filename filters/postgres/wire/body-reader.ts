import { violation } from './violation.js';

/** An empty list is one and the same: lists that were read are not written to. */
const none: number[] = [];

/** Strings of the protocol are mostly names: short enough that a loop beats a native search. */
const SCAN_BYTES = 32;

/**
 * Reads the fields of one message. It sees buf[body, end) and nothing else: every bound is checked against the message,
 * never against the buffer, so a lying length can't reach into the next message.
 * Throws MidstreamError protocol_violation with message, field, expected and actual.
 */
export class BodyReader {
  readonly #message: string;
  readonly #buf: Buffer;
  readonly #end: number;
  #pos: number;

  constructor(message: string, buf: Buffer, body: number, end: number) {
    this.#message = message;
    this.#buf = buf;
    this.#pos = body;
    this.#end = end;
  }

  /** Bytes of the message not read yet. */
  get left(): number {
    return this.#end - this.#pos;
  }

  byte(field: string): number {
    this.#need(field, 1);
    return this.#buf[this.#pos++] as number;
  }

  /** The next byte without reading it; -1 at the message's end. */
  peek(): number {
    return this.#pos < this.#end ? (this.#buf[this.#pos] as number) : -1;
  }

  int16(field: string): number {
    this.#need(field, 2);
    const value = this.#buf.readInt16BE(this.#pos);
    this.#pos += 2;
    return value;
  }

  /** Counts are unsigned here, as the server takes them: a Bind may have 65,535 parameters. */
  uint16(field: string): number {
    this.#need(field, 2);
    const value = this.#buf.readUInt16BE(this.#pos);
    this.#pos += 2;
    return value;
  }

  int32(field: string): number {
    this.#need(field, 4);
    const value = this.#buf.readInt32BE(this.#pos);
    this.#pos += 4;
    return value;
  }

  /** OIDs. */
  uint32(field: string): number {
    return this.int32(field) >>> 0;
  }

  /** A 16-bit element count; refused when the rest of the message can't hold that many elements of `bytes_min` each. */
  count16(field: string, bytes_min: number): number {
    return this.#checkCount(field, this.uint16(field), bytes_min);
  }

  /** A 32-bit element count, checked in the same way. */
  count32(field: string, bytes_min: number): number {
    return this.#checkCount(field, this.int32(field), bytes_min);
  }

  /** int16 elements behind a 16-bit count: format codes. */
  formats(field: string): number[] {
    const count = this.count16(field, 2);
    if (count === 0) return none;
    const codes: number[] = [];
    for (let i = 0; i < count; i++) codes.push(this.int16(field));
    return codes;
  }

  /** OIDs behind a 16-bit count. */
  oids(field: string): number[] {
    const count = this.count16(field, 4);
    if (count === 0) return none;
    const oids: number[] = [];
    for (let i = 0; i < count; i++) oids.push(this.uint32(field));
    return oids;
  }

  /** A value behind its 32-bit length as a view; null for -1. */
  value(field: string): Buffer | null {
    const length = this.int32(field);
    if (length === -1) return null;
    if (length < 0) throw violation(this.#message, `${field} length`, 'at least -1', length);
    return this.take(field, length);
  }

  /** Values behind a 16-bit count. */
  values(field: string): (Buffer | null)[] {
    const count = this.count16(field, 4);
    const values: (Buffer | null)[] = [];
    for (let i = 0; i < count; i++) values.push(this.value(field));
    return values;
  }

  /** The next `length` bytes as a view. */
  take(field: string, length: number): Buffer {
    this.#need(field, length);
    const start = this.#pos;
    this.#pos += length;
    return this.#buf.subarray(start, this.#pos);
  }

  /** All that is left, as a view. */
  rest(): Buffer {
    return this.take('rest', this.left);
  }

  /** A zero-terminated string without its terminator, as a view of its raw bytes. */
  string(field: string): Buffer {
    const start = this.#pos;
    const stop = this.#terminator(field);
    return this.#buf.subarray(start, stop);
  }

  /** A zero-terminated name, one char a byte (latin1): a map key that encodes to the same bytes again. */
  name(field: string): string {
    const start = this.#pos;
    const stop = this.#terminator(field);
    return stop === start ? '' : this.#buf.toString('latin1', start, stop);
  }

  /** The message must end here. */
  done(): void {
    if (this.#pos !== this.#end) throw violation(this.#message, 'trailing bytes', 0, this.left);
  }

  /** A violation of this message, for checks that only its decoder can make. */
  refuse(field: string, expected: number | string, actual: number | string): never {
    throw violation(this.#message, field, expected, actual);
  }

  #need(field: string, bytes: number): void {
    if (bytes > this.#end - this.#pos) throw violation(this.#message, field, `${bytes} bytes`, `${this.#end - this.#pos} left`);
  }

  #checkCount(field: string, count: number, bytes_min: number): number {
    const fits = Math.floor((this.#end - this.#pos) / bytes_min);
    if (count < 0 || count > fits) throw violation(this.#message, `${field} count`, `0 to ${fits}`, count);
    return count;
  }

  /** Moves behind the terminator and gives its place. */
  #terminator(field: string): number {
    const buf = this.#buf;
    const scanned = Math.min(this.#end, this.#pos + SCAN_BYTES);
    let at = this.#pos;
    while (at < scanned && buf[at] !== 0) at += 1;
    if (at === scanned && at < this.#end) {
      at = buf.indexOf(0, at);
      if (at < 0) at = this.#end;
    }
    if (at >= this.#end) throw violation(this.#message, field, 'a terminator within the message', `none in ${this.left} bytes`);
    this.#pos = at + 1;
    return at;
  }
}
