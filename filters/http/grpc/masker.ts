import { MidstreamError } from '../../errors.js';
import type { CodecOptions, StreamCodec } from '../../mask/codecs/codec.js';
import { JsonMasker } from '../../mask/codecs/json.js';
import type { JoinedRules } from '../../mask/joined.js';
import { textMasker } from '../../mask/stream/text-masker.js';
import { MessageMasker } from './message.js';
import type { GrpcSchema, GrpcType } from './schema.js';

export interface GrpcOptions {
  schema: GrpcSchema;
  /** of the answers of the call */
  type: GrpcType;
  /** +json: messages are JSON */
  json: boolean;
  /** longest message, bytes */
  message_bytes_max: number;
  /** undoes what a message is packed with; undefined: the call names no packing */
  unpack: ((bytes: Buffer) => Buffer) | undefined;
}

const HEADER_BYTES = 5;
const PACKED = 0x01;
/** grpc-web: the frame holds the trailers, as lines of HTTP/1.1 */
const TRAILERS = 0x80;

/**
 * Masks the messages of a gRPC answer (grpc/doc/PROTOCOL-HTTP2.md, PROTOCOL-WEB.md), each when it is whole, and writes them with their new
 * lengths, unpacked. Throws MidstreamError for what is no such answer.
 */
export class GrpcMasker implements StreamCodec {
  hits = 0;
  private buf: Buffer = Buffer.alloc(0);

  constructor(
    private readonly options: CodecOptions,
    private readonly grpc: GrpcOptions,
    private readonly rules: JoinedRules,
  ) {}

  get held(): number {
    return this.buf.length;
  }

  push(chunk: Uint8Array): void {
    this.buf = Buffer.concat([this.buf, chunk]);
    let at = 0;
    while (this.buf.length - at >= HEADER_BYTES) {
      const flags = this.buf[at]!;
      const length = this.buf.readUInt32BE(at + 1);
      if ((flags & ~(PACKED | TRAILERS)) !== 0)
        throw new MidstreamError('bad_input', 'a gRPC message of the answer has flags that are not known');
      if (length > this.grpc.message_bytes_max)
        throw new MidstreamError(
          'limit_exceeded',
          `a gRPC message of the answer is longer than ${this.grpc.message_bytes_max} bytes (limits.message_bytes_max)`,
        );
      if (this.buf.length - at < HEADER_BYTES + length) break;
      this.frame(flags, this.buf.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length));
      at += HEADER_BYTES + length;
    }
    if (at > 0) this.buf = Buffer.from(this.buf.subarray(at));
  }

  /** A message goes when it is whole, and not before. */
  flush(): void {}

  end(): void {
    if (this.buf.length > 0) throw new MidstreamError('bad_input', 'the gRPC answer ends inside a message');
  }

  private frame(flags: number, bytes: Buffer): void {
    let plain = bytes;
    if ((flags & PACKED) !== 0) {
      if (this.grpc.unpack === undefined) throw new MidstreamError('bad_input', 'a gRPC message is packed, and the call names no packing');
      plain = this.grpc.unpack(bytes);
    }
    const masked = this.masked(flags, plain);
    const header = Buffer.alloc(HEADER_BYTES);
    header[0] = flags & ~PACKED;
    header.writeUInt32BE(masked.length, 1);
    this.options.write(Buffer.concat([header, masked]));
  }

  private masked(flags: number, plain: Buffer): Buffer {
    if ((flags & TRAILERS) === 0 && !this.grpc.json) {
      const message = new MessageMasker(this.rules, this.grpc.schema);
      const out = message.message(this.grpc.type, plain);
      this.hits += message.hits;
      return out;
    }
    const parts: Buffer[] = [];
    const options = { ...this.options, write: (part: Buffer) => parts.push(Buffer.from(part)) };
    const codec = (flags & TRAILERS) === 0 ? new JsonMasker(options) : textMasker(options);
    codec.push(plain);
    codec.end();
    this.hits += codec.hits;
    return Buffer.concat(parts);
  }
}

/** grpc-web-text: base64 of the frames, cut and padded anywhere where four characters end. */
export class Base64Masker implements StreamCodec {
  private rest = '';
  private readonly inner: StreamCodec;

  constructor(options: CodecOptions, make: (options: CodecOptions) => StreamCodec) {
    this.inner = make({ ...options, write: (bytes) => options.write(Buffer.from(bytes.toString('base64'), 'latin1')) });
  }

  get hits(): number {
    return this.inner.hits;
  }

  get held(): number {
    return this.rest.length + this.inner.held;
  }

  push(chunk: Uint8Array): void {
    const text = this.rest + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1');
    const whole = text.length - (text.length % 4);
    this.rest = text.slice(whole);
    for (const group of text.slice(0, whole).match(/[A-Za-z0-9+/]+={0,2}|./gs) ?? []) {
      if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(group))
        throw new MidstreamError('bad_input', 'the gRPC answer is no base64');
      this.inner.push(Buffer.from(group, 'base64'));
    }
  }

  flush(): void {
    this.inner.flush();
  }

  end(): void {
    if (this.rest !== '') throw new MidstreamError('bad_input', 'the gRPC answer ends inside of base64');
    this.inner.end();
  }
}
