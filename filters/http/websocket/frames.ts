import { MidstreamError } from '../../errors.js';

/** WebSocket frames (RFC 6455 section 5.2). */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Longest payload that a frame may claim, bytes. JavaScript counts exactly up to here; nothing is allocated by it. */
const PAYLOAD_BYTES_MAX = Number.MAX_SAFE_INTEGER;
export const CONTROL_BYTES_MAX = 125;

export interface FrameHead {
  fin: boolean;
  opcode: number;
  /** undefined: not masked */
  key: Buffer | undefined;
  /** bytes of the payload */
  length: number;
}

/** What a reader tells, in order: the head of each frame, then its payload in the pieces in which it came, unmasked. */
export interface FrameSink {
  head(head: FrameHead): void;
  /** The piece is a copy where the frame was masked, else a view into the chunk. `last`: the frame is whole. */
  payload(piece: Buffer, last: boolean): void;
}

/** A peer broke RFC 6455; `status` is the close code that it is told. */
export class FrameError extends MidstreamError {
  constructor(
    readonly status: 1002 | 1007 | 1009,
    message: string,
  ) {
    super(status === 1009 ? 'limit_exceeded' : 'protocol_violation', message);
  }
}

/**
 * Reads the frames of one direction, in whatever chunks they come. It checks each head by itself: reserved bits and opcodes, the least
 * number of bytes for a length, control frames short and whole, masked where it must be. Throws FrameError.
 */
export class FrameReader {
  private readonly head = Buffer.alloc(14);
  private used = 0;
  private need = 2;
  private frame: FrameHead | undefined;
  private left = 0;
  private at = 0;

  constructor(
    private readonly masked: boolean,
    private readonly sink: FrameSink,
  ) {}

  /** nothing of a frame has come yet */
  get between(): boolean {
    return this.frame === undefined && this.used === 0;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.frame === undefined) {
        const take = Math.min(this.need - this.used, chunk.length - at);
        chunk.copy(this.head, this.used, at, at + take);
        this.used += take;
        at += take;
        if (this.used === this.need) this.readHead();
        continue;
      }
      const piece = chunk.subarray(at, at + this.left);
      at += piece.length;
      this.give(piece);
    }
  }

  private give(piece: Buffer): void {
    const { key } = this.frame!;
    const plain = key === undefined ? piece : unmasked(piece, key, this.at);
    this.at += piece.length;
    this.left -= piece.length;
    const last = this.left === 0;
    if (last) {
      this.frame = undefined;
      this.used = 0;
      this.need = 2;
    }
    this.sink.payload(plain, last);
  }

  private readHead(): void {
    const { head } = this;
    const second = head[1]!;
    if (this.need === 2) {
      checkFirst(head[0]!, second, this.masked);
      const size = second & 0x7f;
      this.need = 2 + (size === 126 ? 2 : size === 127 ? 8 : 0) + (second & 0x80 ? 4 : 0);
      if (this.need > 2) return;
    }
    const { length, bytes } = lengthOf(head);
    const key = second & 0x80 ? Buffer.from(head.subarray(2 + bytes, 6 + bytes)) : undefined;
    const frame = { fin: (head[0]! & 0x80) !== 0, opcode: head[0]! & 0xf, key, length };
    this.frame = frame;
    this.left = length;
    this.at = 0;
    this.sink.head(frame);
    if (length === 0) this.give(EMPTY);
  }
}

function checkFirst(first: number, second: number, masked: boolean): void {
  if ((first & 0x70) !== 0) throw new FrameError(1002, 'a frame has a reserved bit set, and no extension was agreed on');
  const code = first & 0xf;
  if ((code > 2 && code < 8) || code > 10) throw new FrameError(1002, `a frame has the reserved opcode ${code}`);
  if (code >= 8 && (first & 0x80) === 0) throw new FrameError(1002, 'a control frame is fragmented');
  if (code >= 8 && (second & 0x7f) > CONTROL_BYTES_MAX)
    throw new FrameError(1002, `a control frame is longer than ${CONTROL_BYTES_MAX} bytes`);
  if (((second & 0x80) !== 0) !== masked)
    throw new FrameError(1002, masked ? 'a frame of the client is not masked' : 'a frame of the server is masked');
}

function lengthOf(head: Buffer): { length: number; bytes: 0 | 2 | 8 } {
  const size = head[1]! & 0x7f;
  if (size < 126) return { length: size, bytes: 0 };
  const length = size === 126 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
  if (length < (size === 126 ? 126 : 0x1_0000)) throw new FrameError(1002, 'the length of a frame is written longer than it must be');
  if (length > PAYLOAD_BYTES_MAX) throw new FrameError(1009, 'the length of a frame is beyond all that could come');
  return { length, bytes: size === 126 ? 2 : 8 };
}

/** The bytes with the key of a masked frame undone (or done: it is the same), from byte `at` of its payload on. A copy. */
export function unmasked(bytes: Buffer, key: Buffer, at: number): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  const [a, b, c, d] = [0, 1, 2, 3].map((i) => key[(at + i) & 3]!) as [number, number, number, number];
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    out[i] = bytes[i]! ^ a;
    out[i + 1] = bytes[i + 1]! ^ b;
    out[i + 2] = bytes[i + 2]! ^ c;
    out[i + 3] = bytes[i + 3]! ^ d;
  }
  for (; i < bytes.length; i++) out[i] = bytes[i]! ^ key[(at + i) & 3]!;
  return out;
}

/** The head of a frame as bytes, its length in the least number of bytes. */
export function writeFrameHead({ fin, opcode: code, key, length }: FrameHead): Buffer {
  const size = length < 126 ? 0 : length < 0x1_0000 ? 2 : 8;
  const head = Buffer.alloc(2 + size + (key === undefined ? 0 : 4));
  head[0] = (fin ? 0x80 : 0) | code;
  head[1] = (key === undefined ? 0 : 0x80) | (size === 0 ? length : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(length, 2);
  else if (size === 8) head.writeBigUInt64BE(BigInt(length), 2);
  key?.copy(head, 2 + size);
  return head;
}

/** One whole frame. */
export function writeFrame(code: number, payload: Buffer, key?: Buffer, fin = true): Buffer[] {
  const head = writeFrameHead({ fin, opcode: code, key, length: payload.length });
  return payload.length === 0 ? [head] : [head, key === undefined ? payload : unmasked(payload, key, 0)];
}

const EMPTY = Buffer.alloc(0);
