/** Chunks shorter than this are copied together, so that a peer that sends single bytes can't make us keep millions of tiny objects. */
const SMALL_BYTES = 4096;
const TAIL_BYTES = 16_384;

/**
 * Collects the pieces of one message that arrives in several chunks, and joins them once.
 * Memory grows with what has arrived, never with what the message claims.
 */
export class Gather {
  #parts: Buffer[] = [];
  #tail: Buffer | undefined;
  #tailUsed = 0;
  #bytes = 0;

  /** Bytes held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps buf[start, end): as a view when it is large, as a copy when it is small. */
  add(buf: Buffer, start: number, end: number): void {
    const size = end - start;
    this.#bytes += size;
    if (size >= SMALL_BYTES) {
      this.#seal();
      this.#parts.push(buf.subarray(start, end));
      return;
    }
    if (this.#tail === undefined || this.#tailUsed + size > this.#tail.length) {
      this.#seal();
      // A message that fits in a few bytes does not need the whole tail; the second small chunk gets it.
      this.#tail = Buffer.allocUnsafe(this.#parts.length === 0 && size < 256 ? 512 : TAIL_BYTES);
    }
    buf.copy(this.#tail, this.#tailUsed, start, end);
    this.#tailUsed += size;
  }

  /** A byte of a header that is not whole yet: a few bytes, so they all lie in the tail. */
  headerByte(offset: number): number {
    return (this.#tail as Buffer)[offset] as number;
  }

  /** A copy of all bytes. */
  peek(): Buffer {
    return Buffer.concat(this.#tail === undefined ? this.#parts : [...this.#parts, this.#tail.subarray(0, this.#tailUsed)]);
  }

  /** All bytes as one buffer of their own, and forgets them. */
  take(): Buffer {
    this.#seal();
    const parts = this.#parts;
    const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return whole;
  }

  #seal(): void {
    if (this.#tail !== undefined && this.#tailUsed > 0) this.#parts.push(this.#tail.subarray(0, this.#tailUsed));
    this.#tail = undefined;
    this.#tailUsed = 0;
  }
}
