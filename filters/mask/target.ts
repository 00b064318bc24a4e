import type { ByteTarget } from './types.js';

/** Bytes of a target that stay when it is emptied. */
const KEPT_BYTES_MAX = 256 * 1024;
/** Bytes of a new target. */
const FIRST_BYTES = 512;
/** Bytes of the largest that is cut out of the shared pool. */
const POOLED_BYTES_MAX = 2048;
/** Below this a loop costs less than a call into native code. */
const LOOP_BYTES_MAX = 48;

const NOTHING = Buffer.alloc(0);

/** Where output is gathered; it is used again after each reset(). */
export class Target implements ByteTarget {
  /** none until something is gathered, and out of the shared pool at first: most targets of HTTP answers gather little, and live for one answer */
  buf: Buffer;
  length = 0;

  /** with room for so many bytes */
  constructor(bytes = 0) {
    this.buf = bytes === 0 ? NOTHING : Buffer.allocUnsafe(bytes);
  }

  reserve(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.buf.length) return;
    if (this.buf.length === 0 && wanted <= FIRST_BYTES) {
      this.buf = Buffer.allocUnsafe(FIRST_BYTES);
      return;
    }
    const size = Math.max(wanted, this.buf.length * 2);
    // A small answer fits into a little more of the pool; a block of its own is dear for the few milliseconds that it lives.
    const grown = size <= POOLED_BYTES_MAX ? Buffer.allocUnsafe(size) : Buffer.allocUnsafeSlow(Math.max(size, 2 * POOLED_BYTES_MAX));
    this.buf.copy(grown, 0, 0, this.length);
    this.buf = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.buf[this.length++] = value;
  }

  /** Text of one byte a character. */
  ascii(text: string): void {
    this.reserve(text.length);
    for (let k = 0; k < text.length; k++) this.buf[this.length++] = text.charCodeAt(k);
  }

  copy(from: Uint8Array, start: number, end: number): void {
    if (end <= start) return;
    this.reserve(end - start);
    if (end - start < LOOP_BYTES_MAX) {
      const { buf } = this;
      let at = this.length;
      for (let k = start; k < end; k++) buf[at++] = from[k]!;
    } else this.buf.set(from.subarray(start, end), this.length);
    this.length += end - start;
  }

  reset(): void {
    this.length = 0;
    if (this.buf.length > KEPT_BYTES_MAX) this.buf = Buffer.allocUnsafeSlow(4096);
  }
}
