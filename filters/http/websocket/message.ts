import { MidstreamError } from '../../errors.js';
import type { ContentMasker } from '../masking.js';
import type { Side } from '../upgrade/tunnel.js';
import { FrameError, type FrameHead, opcode, unmasked, writeFrameHead } from './frames.js';
import { type MaskedWhole, type MessageMasking, maskedMessage } from './mask.js';
import type { Port } from './tunnel.js';
import { Utf8Check } from './utf8.js';

/** A message up to this many bytes is masked as a whole and goes out in one frame; a longer one streams, cut as it comes. */
export const WHOLE_BYTES_MAX = 64 * 1024;

/**
 * One message on its way: `collect` keeps it until it is whole, `stream` masks it as it comes, `pass` leaves its frames as they are.
 * What the client sends is never changed, so it passes or is collected.
 */
export class Message {
  readonly code: number;
  bytes = 0;
  frames = 0;
  /** its last frame is whole */
  whole = false;
  /** the first bytes as they go on, for the recording */
  readonly kept: Buffer[] = [];
  kept_bytes = 0;
  sent_bytes = 0;
  fired: { rule: string; count: number }[] = [];
  private readonly heads: FrameHead[] = [];
  private readonly pieces: Buffer[] = [];
  private readonly utf8: Utf8Check | undefined;
  private masker: ContentMasker | undefined;
  private begun = false;
  /** of a frame that passes: its head has gone, its payload not wholly */
  torn = false;
  private at = 0;

  constructor(
    readonly from: Side,
    first: FrameHead,
    private mode: 'collect' | 'stream' | 'pass',
    /** longest that is collected; what is longer streams, or is `tooLong` where a rule judges it */
    private readonly collected_bytes_max: number,
    readonly judged: boolean,
    private readonly masking: MessageMasking | undefined,
    private readonly kept_bytes_max: number,
    private readonly port: Port,
  ) {
    this.code = first.opcode;
    this.utf8 = first.opcode === opcode.text ? new Utf8Check() : undefined;
  }

  /** something of it may go when its sender pauses */
  get unsettled(): boolean {
    if (this.judged || this.mode === 'pass') return false;
    return this.mode === 'collect' ? this.bytes > 0 : (this.masker?.held ?? 0) > 0;
  }

  frame(head: FrameHead): void {
    this.frames++;
    this.heads.push(head);
    this.at = 0;
    if (this.mode === 'pass') this.heads.splice(0, this.heads.length - 1);
  }

  /** Throws FrameError 1007 for text that is none, 1009 for a message that must be judged and is too long. */
  payload(piece: Buffer, last: boolean): void {
    const head = this.heads[this.heads.length - 1]!;
    this.bytes += piece.length;
    this.whole = last && head.fin;
    if (this.utf8 !== undefined && (!this.utf8.push(piece) || (this.whole && !this.utf8.end())))
      throw new FrameError(1007, 'a text message is not UTF-8');
    if (this.mode === 'pass') {
      this.keep(piece);
      const out = this.torn ? [] : [writeFrameHead(head)];
      if (piece.length > 0) out.push(head.key === undefined ? piece : unmasked(piece, head.key, this.at));
      this.port.send(this.to, out);
      this.at += piece.length;
      this.torn = !last;
    } else if (this.mode === 'stream') this.push(piece);
    else {
      // A piece may be a view into what the transport will use again.
      if (piece.length > 0) this.pieces.push(head.key === undefined ? Buffer.from(piece) : piece);
      if (this.bytes <= this.collected_bytes_max) return;
      if (this.judged)
        throw new FrameError(
          1009,
          `the policy asks for whole messages, and one is longer than ${this.collected_bytes_max} bytes (limits.held_bytes_max)`,
        );
      this.stream();
    }
    if (this.mode === 'stream' && this.whole) this.endStream();
  }

  /** The sender pauses: what is sure of a message that is masked goes on. True when something is held yet. */
  flush(): boolean {
    if (!this.unsettled) return false;
    if (this.mode === 'collect') this.stream();
    this.masker?.flush();
    return (this.masker?.held ?? 0) > 0;
  }

  /** What was collected. */
  content(): Buffer {
    return this.pieces.length === 1 ? this.pieces[0]! : Buffer.concat(this.pieces);
  }

  /** A collected message goes on: masked in one frame, or in the frames in which it came. */
  release(): void {
    if (this.mode !== 'collect') return;
    const content = this.content();
    const { masking } = this;
    const masked: MaskedWhole = masking === undefined ? { bytes: content, fired: [] } : inspected(() => maskedMessage(masking, content));
    this.fired = masked.fired;
    this.keep(masked.bytes);
    if (masked.bytes !== content) return this.port.message(this.to, this.code, masked.bytes);
    const out: Buffer[] = [];
    let at = 0;
    for (const head of this.heads) {
      const part = content.subarray(at, at + head.length);
      at += head.length;
      out.push(writeFrameHead(head));
      if (part.length > 0) out.push(head.key === undefined ? part : unmasked(part, head.key, 0));
    }
    this.port.send(this.to, out);
  }

  private get to(): Side {
    return this.from === 'client' ? 'server' : 'client';
  }

  private stream(): void {
    this.mode = 'stream';
    const content = this.content();
    this.pieces.length = 0;
    this.push(content);
  }

  private push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.masker ??= this.masking!(piece, (bytes) => this.fragment(bytes, false));
    inspected(() => this.masker!.push(piece));
  }

  private endStream(): void {
    inspected(() => this.masker?.end());
    this.fired = [...(this.masker?.fired ?? [])];
    this.fragment(Buffer.alloc(0), true);
  }

  private fragment(bytes: Buffer, fin: boolean): void {
    this.keep(bytes);
    this.port.message(this.to, this.begun ? opcode.continuation : this.code, bytes, fin);
    this.begun = true;
  }

  private keep(bytes: Buffer): void {
    this.sent_bytes += bytes.length;
    const room = this.kept_bytes_max - this.kept_bytes;
    if (room <= 0 || bytes.length === 0) return;
    const part = Buffer.from(bytes.subarray(0, room));
    this.kept.push(part);
    this.kept_bytes += part.length;
  }
}

/** What can't be read to its end ends the stream. Throws FrameError 1007 for it. */
function inspected<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MidstreamError) throw new FrameError(1007, `a message can not be inspected: ${error.message}`);
    throw error;
  }
}
