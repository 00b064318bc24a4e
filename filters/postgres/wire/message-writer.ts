import { MidstreamError } from '../../errors.js';
import { POSTGRES_MESSAGE_BYTES_MAX } from './types.js';

const COUNT_MAX = 0xffff;

/** Our own values that no message can carry: an error of the caller, not of a peer. */
function unfit(field: string, why: string): MidstreamError {
  return new MidstreamError('bad_input', `${field} ${why}`);
}

/** Builds one message; the length word is written by finish(). Throws MidstreamError bad_input for values that no message can carry. */
export class MessageWriter {
  #buf: Buffer;
  #pos: number;
  readonly #lengthAt: number;

  /** `type` 0 makes a startup-phase packet, without a type byte. `bytes` is a guess at the body's size. */
  constructor(type: number, bytes = 64) {
    this.#buf = Buffer.allocUnsafe(bytes + 5);
    this.#lengthAt = type === 0 ? 0 : 1;
    if (type !== 0) this.#buf[0] = type;
    this.#pos = this.#lengthAt + 4;
  }

  byte(value: number): this {
    this.#room(1);
    this.#buf[this.#pos++] = value & 0xff;
    return this;
  }

  int16(value: number): this {
    this.#room(2);
    this.#buf.writeUInt16BE(value & 0xffff, this.#pos);
    this.#pos += 2;
    return this;
  }

  int32(value: number): this {
    this.#room(4);
    this.#buf.writeInt32BE(value | 0, this.#pos);
    this.#pos += 4;
    return this;
  }

  count16(field: string, count: number): this {
    if (count > COUNT_MAX) throw unfit(field, `has ${count} elements, a message holds at most ${COUNT_MAX}`);
    return this.int16(count);
  }

  formats(field: string, codes: readonly number[]): this {
    this.count16(field, codes.length);
    for (const code of codes) this.int16(code);
    return this;
  }

  oids(field: string, oids: readonly number[]): this {
    this.count16(field, oids.length);
    for (const oid of oids) this.int32(oid);
    return this;
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length);
    this.#buf.set(value, this.#pos);
    this.#pos += value.length;
    return this;
  }

  /** A value behind its length; null is -1. */
  value(value: Uint8Array | null): this {
    if (value === null) return this.int32(-1);
    return this.int32(value.length).bytes(value);
  }

  values(field: string, values: readonly (Uint8Array | null)[]): this {
    this.count16(field, values.length);
    for (const value of values) this.value(value);
    return this;
  }

  /** Raw bytes and a terminator; a zero byte inside would cut the string short and smuggle the rest. */
  string(field: string, value: Uint8Array): this {
    if (value.includes(0)) throw unfit(field, 'holds a zero byte');
    return this.bytes(value).byte(0);
  }

  /** A name with one char a byte (latin1), and a terminator. */
  name(field: string, value: string): this {
    this.#room(value.length + 1);
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code === 0 || code > 0xff) throw unfit(field, 'is not a latin1 string without zero bytes');
      this.#buf[this.#pos++] = code;
    }
    this.#buf[this.#pos++] = 0;
    return this;
  }

  /** The whole message with its header. */
  finish(): Buffer {
    const length = this.#pos - this.#lengthAt;
    if (length > POSTGRES_MESSAGE_BYTES_MAX) throw unfit('message', `of ${length} bytes is longer than Postgres takes`);
    this.#buf.writeInt32BE(length, this.#lengthAt);
    return this.#buf.subarray(0, this.#pos);
  }

  #room(bytes: number): void {
    const need = this.#pos + bytes;
    if (need <= this.#buf.length) return;
    const grown = Buffer.allocUnsafe(Math.max(need, this.#buf.length * 2));
    this.#buf.copy(grown, 0, 0, this.#pos);
    this.#buf = grown;
  }
}

/** Bytes that a list of values takes behind its count, to size a writer. */
export function valuesBytes(values: readonly (Uint8Array | null)[]): number {
  let bytes = 2 + 4 * values.length;
  for (const value of values) if (value !== null) bytes += value.length;
  return bytes;
}
