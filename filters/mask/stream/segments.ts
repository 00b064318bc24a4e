import type { Detector, FindContext, Hit } from '../types.js';
import { ARMOUR_HELD_MAX, STREAM_LIMITS, type StreamLimits } from './limits.js';
import { hasArmourEnd, openFrom, wholeCharacter } from './open-end.js';

/** A settled part of a stream. It holds until the call that gave it returns. */
export interface Segment {
  /** bytes around it; only [0, searched) is to be read */
  buf: Buffer;
  /** where the segment stands in `buf`; before it stand bytes of earlier segments */
  start: number;
  end: number;
  /** to where `buf` was searched */
  searched: number;
  /** offset of buf[0] in the stream, in bytes */
  base: number;
  /** what was found in the segment, offsets into `buf`, in order, apart */
  hits: readonly Hit[];
}

/** May move a segment's end further back, or on a flush refuse it by giving its start. Gives the end. */
export type Settle = (segment: Segment, flushed: boolean) => number;

/** A hit this near to the end of what was searched may go on behind it. */
const TOUCHES = 8;

/**
 * Cuts a stream into segments and finds what is in them, with the bytes around as evidence. No value is cut in two: the end of a
 * segment moves behind the value that it would cut. What a segment is follows from the content alone (and from where flush was called).
 */
export class Segments {
  private readonly limits: StreamLimits;
  private buf = Buffer.alloc(0);
  private length = 0;
  /** up to here in `buf` segments were handed out */
  private done = 0;
  private base = 0;
  private right: number;
  private readonly touches: number;
  /** the kind of a value longer than `grown`, whose rest is dropped */
  private endless = '';
  /** bytes of values that were dropped because the value was longer than `grown` */
  dropped = 0;

  constructor(
    private readonly detector: Detector,
    private readonly settle: Settle,
    private readonly context: FindContext | undefined = undefined,
    limits: Partial<StreamLimits> = {},
  ) {
    this.limits = { ...STREAM_LIMITS, ...limits };
    this.right = this.limits.right;
    this.touches = Math.max(TOUCHES, detector.touches_max ?? 0);
  }

  /** bytes that were given and not handed out yet */
  get held(): number {
    return this.length - this.done;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.endless !== '') {
        at = this.skip(chunk, at);
        continue;
      }
      // a flush that let nothing go narrows what is read behind a segment: more may be here than is needed
      const need = Math.max(0, this.done + this.limits.window + this.right - this.length);
      const take = Math.min(need, chunk.length - at);
      this.append(chunk, at, at + take);
      at += take;
      while (this.endless === '' && this.held >= this.limits.window + this.right) this.step();
    }
  }

  /** Gives bytes that stand before the stream: evidence, not handed out. Only before the first push. */
  prime(before: Uint8Array): void {
    this.append(before, 0, before.length);
    this.base = -this.length;
    this.done = this.length;
  }

  /** Hands out all that is left. The stream may not be used afterwards. */
  end(): void {
    // hits that are joined over a segment's end can leave something behind it
    while (this.held > 0) this.hand(this.length, this.length, true, false);
  }

  /** Hands out what surely is no part of a value whose end is still to come. */
  flush(): void {
    if (this.held === 0) return;
    const { detector, buf, done } = this;
    const begun = detector.begun?.(buf, done, this.length) ?? detector.held_max ?? 0;
    const from = detector.openFrom?.(buf, done, this.length) ?? openFrom(buf, done, this.length);
    const open = Math.min(from, this.length - begun);
    const end = open < this.length ? wholeCharacter(this.buf, this.done, Math.max(open, this.done)) : open;
    if (end <= this.done) return;
    // what decides about a value stands within `right`; more is not searched, or many flushes would cost too much
    const searched = Math.min(this.length, end + this.limits.right);
    if (this.hand(searched, end, searched === this.length, true)) this.right = this.limits.right;
  }

  private append(chunk: Uint8Array, from: number, to: number): void {
    const size = this.length + to - from;
    if (size > this.buf.length) {
      const kept = Math.max(0, this.done - this.limits.left);
      const need = size - kept;
      const target = need > this.buf.length / 2 ? Buffer.allocUnsafeSlow(2 * need) : this.buf;
      this.buf.copy(target, 0, kept, this.length);
      this.buf = target;
      this.base += kept;
      this.length -= kept;
      this.done -= kept;
    }
    this.buf.set(chunk.subarray(from, to), this.length);
    this.length += to - from;
  }

  private step(): void {
    const { window } = this.limits;
    const searched = this.done + window + this.right;
    const end = this.boundary(this.done + window / 2, this.done + window);
    if (!this.hand(searched, end, false, false)) {
      this.right = Math.min(2 * this.right, this.limits.grown);
      return;
    }
    this.right = this.limits.right;
    if (this.endless === '') return;
    const rest = Buffer.from(this.buf.subarray(searched, this.length));
    this.length = searched;
    this.done = searched;
    this.push(rest);
  }

  /** The last line's end, else the last blank, in the second half of the window: values rarely reach over them. */
  private boundary(from: number, to: number): number {
    const { buf } = this;
    const line = buf.lastIndexOf(0x0a, to - 1);
    if (line >= from) return line + 1;
    for (let p = to; p > from; p--) if (buf[p - 1]! <= 0x20) return p;
    return wholeCharacter(buf, from, to);
  }

  /** Searches up to `searched` and hands out up to `end`, or behind the value there. False when more is needed to know. */
  private hand(searched: number, end: number, final: boolean, flushed: boolean): boolean {
    const from = Math.max(0, this.done - this.limits.left);
    // what lies behind `searched` is not to be seen: it would depend on how the stream was cut
    const buf = this.buf.subarray(0, searched);
    const hits: Hit[] = [];
    for (const hit of this.detector.find(buf, from, searched, this.context)) {
      if (hit.end <= this.done) continue;
      if (hit.start >= end) break;
      if (flushed && hit.end > end) {
        end = hit.start;
        break;
      }
      if (!final && this.mayGoOn(buf, hit, searched)) {
        if (flushed || this.right < this.limits.grown) return false;
        if (hit.end > searched - this.touches) this.endless = hit.kind;
      }
      // longer than a flush holds: its rest is dropped as it comes, or it would be text that nothing names
      if (final && flushed && this.isOpenKey(buf, hit, searched)) this.endless = hit.kind;
      if (hit.end > end) end = hit.end;
      if (this.endless !== '') end = searched;
      const whole = hit.start >= this.done && this.endless === '';
      hits.push(whole ? hit : { ...hit, start: Math.max(hit.start, this.done), end: this.endless === '' ? hit.end : searched });
      if (this.endless !== '') break;
    }
    if (end <= this.done) return true;
    const segment: Segment = { buf, start: this.done, end, searched, base: this.base, hits };
    this.done = Math.min(searched, this.settle(segment, flushed));
    return true;
  }

  private mayGoOn(buf: Buffer, hit: Hit, searched: number): boolean {
    if (hit.end > searched - this.touches) return true;
    return hit.kind === 'private_key' && searched - hit.start < ARMOUR_HELD_MAX && !hasArmourEnd(buf, hit.start, hit.end);
  }

  private isOpenKey(buf: Buffer, hit: Hit, searched: number): boolean {
    return hit.kind === 'private_key' && hit.end > searched - this.touches && !hasArmourEnd(buf, hit.start, hit.end);
  }

  /** Drops the rest of a value that is longer than anything that is kept. Gives where it ended in the chunk. */
  private skip(chunk: Uint8Array, from: number): number {
    const armour = this.endless === 'private_key';
    let p = from;
    while (p < chunk.length && (armour ? inArmour(chunk[p]!) : chunk[p]! > 0x20 && chunk[p] !== 0x22 && chunk[p] !== 0x27)) p++;
    this.dropped += p - from;
    this.base += this.length + p - from;
    this.length = 0;
    this.done = 0;
    if (p < chunk.length) {
      this.endless = '';
      this.right = this.limits.right;
    }
    return p;
  }
}

/** What the lines of armour are made of: base64, its padding, line ends as such and as escapes. */
function inArmour(b: number): boolean {
  return (
    (b >= 0x30 && b <= 0x39) ||
    ((b | 0x20) >= 0x61 && (b | 0x20) <= 0x7a) ||
    b === 0x2b ||
    b === 0x2f ||
    b === 0x3d ||
    b === 0x5c ||
    b === 0x0a ||
    b === 0x0d ||
    b === 0x20
  );
}
