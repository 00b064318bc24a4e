/**
 * A growable output buffer that is used again for every row: nothing is allocated per value. What was written is valid
 * until the next reset(); whoever keeps it takes a copy.
 */
export class ByteSink {
  buf: Buffer;
  length = 0;

  constructor(bytes = 8192) {
    this.buf = Buffer.allocUnsafeSlow(bytes);
  }

  reset(): void {
    this.length = 0;
    // One huge row must not pin its size for as long as the session lives.
    if (this.buf.length > KEPT_BYTES_MAX) this.buf = Buffer.allocUnsafeSlow(8192);
  }

  /** Forgets what was written behind `length`. */
  truncate(length: number): void {
    this.length = length;
  }

  byte(value: number): void {
    if (this.length === this.buf.length) this.reserve(1);
    this.buf[this.length++] = value;
  }

  int16(value: number): void {
    this.reserve(2);
    const { buf, length } = this;
    buf[length] = value >>> 8;
    buf[length + 1] = value;
    this.length = length + 2;
  }

  int32(value: number): void {
    this.reserve(4);
    this.setInt32(this.length, value);
    this.length += 4;
  }

  /** Writes over four bytes written before: a length that was not known yet. */
  setInt32(at: number, value: number): void {
    const { buf } = this;
    buf[at] = value >>> 24;
    buf[at + 1] = value >>> 16;
    buf[at + 2] = value >>> 8;
    buf[at + 3] = value;
  }

  copy(from: Buffer, start: number, end: number): void {
    const bytes = end - start;
    if (bytes <= 0) return;
    this.reserve(bytes);
    if (bytes < 24) {
      const { buf } = this;
      let at = this.length;
      for (let i = start; i < end; i++) buf[at++] = from[i]!;
    } else from.copy(this.buf, this.length, start, end);
    this.length += bytes;
  }

  /** Text of one byte a character. */
  ascii(text: string): void {
    this.reserve(text.length);
    const { buf } = this;
    let at = this.length;
    for (let i = 0; i < text.length; i++) buf[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** A copy of [from, length) that stays. */
  take(from = 0): Buffer {
    const copy = Buffer.allocUnsafe(this.length - from);
    this.buf.copy(copy, 0, from, this.length);
    return copy;
  }

  reserve(bytes: number): void {
    const wanted = this.length + bytes;
    if (wanted <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.buf.length * 2));
    this.buf.copy(grown, 0, 0, this.length);
    this.buf = grown;
  }
}

const KEPT_BYTES_MAX = 1 << 20;
