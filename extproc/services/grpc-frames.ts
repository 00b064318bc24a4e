import { status } from './grpc-status.js';
/** A byte that says whether it is packed, and the length of what follows (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const PREFIX_BYTES = 5;

/** Why a call can't go on: a status of gRPC and words for the caller, without payload. */
export class GrpcError extends Error {
  constructor(
    readonly code: number,
    readonly details: string,
  ) {
    super(details);
  }
}

/**
 * Cuts what comes on one stream into messages. A message that stands whole in a chunk is a view into it; others are put together from
 * the chunks in which they came: memory grows with what has come, never with what a length claims.
 */
export class MessageReader {
  private chunks: Buffer[] = [];
  /** bytes in `chunks` */
  private bytes = 0;
  /** bytes of the message that is not whole yet, with its prefix; 0 while its prefix is not whole */
  private wanted = 0;

  constructor(private readonly message_bytes_max: number) {}

  /** Bytes that wait for the rest of their message or for next(). */
  get buffered(): number {
    return this.bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.bytes += chunk.length;
  }

  /** The next message, without its prefix; undefined when it is not whole yet. Throws GrpcError for a message that is packed or too long. */
  next(): Buffer | undefined {
    if (this.wanted === 0) {
      if (this.bytes < PREFIX_BYTES) return undefined;
      this.wanted = PREFIX_BYTES + this.length();
    }
    if (this.bytes < this.wanted) return undefined;
    const message = this.take(this.wanted);
    this.wanted = 0;
    return message;
  }

  private length(): number {
    const first = this.chunks[0]!;
    const prefix = first.length >= PREFIX_BYTES ? first : this.joined();
    if (prefix[0] !== 0) throw new GrpcError(status.UNIMPLEMENTED, 'messages are taken as they are, not packed (grpc-encoding: identity)');
    const length = prefix.readUInt32BE(1);
    if (length > this.message_bytes_max)
      throw new GrpcError(
        status.RESOURCE_EXHAUSTED,
        `a message of ${length} bytes is longer than ${this.message_bytes_max} (message_bytes_max)`,
      );
    return length;
  }

  private joined(): Buffer {
    const all = Buffer.concat(this.chunks, this.bytes);
    this.chunks = [all];
    return all;
  }

  private take(end: number): Buffer {
    const all = this.chunks.length === 1 ? this.chunks[0]! : this.joined();
    if (all.length === end) this.chunks = [];
    else this.chunks[0] = all.subarray(end);
    this.bytes -= end;
    return all.subarray(PREFIX_BYTES, end);
  }
}

/** `body` as a message on the wire. */
export function framed(body: Buffer): Buffer {
  const out = Buffer.allocUnsafe(PREFIX_BYTES + body.length);
  writePrefix(out, body.length);
  body.copy(out, PREFIX_BYTES);
  return out;
}

/** Writes the prefix of a message of `length` bytes that stands behind it. */
export function writePrefix(out: Buffer, length: number): void {
  out[0] = 0;
  out.writeUInt32BE(length, 1);
}
