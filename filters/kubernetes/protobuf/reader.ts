/** Bytes of a message that are none. What it says holds nothing of them. */
export class BadMessage extends Error {}

/** A cursor over one message of protocol buffers (protobuf.dev, "Encoding"). Lengths are checked against the message, never the buffer. */
export class WireReader {
  constructor(
    private readonly buf: Buffer,
    private at: number,
    private readonly end: number,
  ) {}

  get done(): boolean {
    return this.at === this.end;
  }

  tag(): { number: number; wire: number } {
    const tag = Number(this.varint());
    const number = Math.floor(tag / 8);
    if (number === 0 || number > 0x1fffffff) throw new BadMessage('a field has no number');
    return { number, wire: tag % 8 };
  }

  /** 64 bits. */
  varint(): bigint {
    let result = 0n;
    for (let i = 0n; i < 10n; i++) {
      if (this.at >= this.end) throw new BadMessage('a number runs past its message');
      const byte = this.buf[this.at++]!;
      result |= BigInt(byte & 0x7f) << (7n * i);
      if (byte < 0x80) return BigInt.asUintN(64, result);
    }
    throw new BadMessage('a number is longer than 10 bytes');
  }

  fixed(bytes: 4 | 8): Buffer {
    if (this.at + bytes > this.end) throw new BadMessage('a number runs past its message');
    this.at += bytes;
    return this.buf.subarray(this.at - bytes, this.at);
  }

  /** A field with a length: its bytes. */
  bytes(): Buffer {
    const length = this.varint();
    if (length > BigInt(this.end - this.at)) throw new BadMessage('a field runs past its message');
    this.at += Number(length);
    return this.buf.subarray(this.at - Number(length), this.at);
  }
}
