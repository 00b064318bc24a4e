import { takesForm } from '../rewritten.js';
import { notMasked, rewritten, takeForm, valuesIn } from '../text.js';
import type { Detector, FindContext, Hit, Masker } from '../types.js';
import { STREAM_LIMITS, type StreamLimits } from './limits.js';
import { type Segment, Segments } from './segments.js';

/** What was redacted is searched again at most so often (text.ts). */
const ROUNDS_MAX = 4;

export interface StreamMaskerOptions {
  detector: Detector;
  masker: Masker;
  /** takes the masked bytes, which hold only until it returns */
  write: (bytes: Buffer) => void;
  /** key or field under which the whole stream stands */
  context?: FindContext;
  limits?: Partial<StreamLimits>;
}

/**
 * Masks a stream of bytes. The output is the same bytes however the stream is cut into chunks; for streams within one window it is
 * what maskText gives for the whole. Pure: it holds no clock, the caller says with flush() that the sender pauses.
 */
export class StreamMasker {
  private readonly segments: Segments;
  private readonly detector: Detector;
  private readonly masker: Masker;
  private readonly write: (bytes: Buffer) => void;
  private readonly context: FindContext | undefined;
  private readonly left: number;
  /** the end of what was written: evidence for what is searched again; empty unless something in it was masked */
  private tail: Buffer = Buffer.alloc(0);
  private tailMasked = false;
  /** values masked so far */
  hits = 0;

  constructor(options: StreamMaskerOptions) {
    this.detector = options.detector;
    this.masker = options.masker;
    this.write = options.write;
    this.context = options.context;
    this.left = options.limits?.left ?? STREAM_LIMITS.left;
    this.segments = new Segments(options.detector, (segment, flushed) => this.settle(segment, flushed), options.context, options.limits);
  }

  /** bytes that are held back now */
  get held(): number {
    return this.segments.held;
  }

  /** Bytes that stand before the stream, for evidence. Only before the first push. */
  prime(before: Uint8Array): void {
    this.segments.prime(before);
  }

  push(chunk: Uint8Array): void {
    this.segments.push(chunk);
  }

  end(): void {
    this.segments.end();
  }

  /** Lets go what is no part of an unfinished value; what may be one stays held until more comes, or the end. */
  flush(): void {
    this.segments.flush();
  }

  private settle(segment: Segment, flushed: boolean): number {
    const { hits, buf, start } = segment;
    const again = takesForm(this.masker);
    if (hits.length === 0 && !(again && this.tailMasked)) {
      this.put(buf.subarray(start, segment.end), false);
      return segment.end;
    }
    let end = segment.end;
    let text = rewritten(this.masker, hits, buf, start, end);
    let masked = text.bytes();
    let changed = hits.length > 0;
    let searches = again && (hits.length === 0 || this.tailMasked || takeForm(this.masker, hits));
    let count = valuesIn(hits);
    // a masked value may have hidden its neighbour: it is searched again, as maskText does
    for (let round = 1; searches && round < ROUNDS_MAX; round++) {
      const around = Buffer.concat([this.tail, masked, buf.subarray(end, segment.searched)]);
      const from = this.tail.length;
      const until = from + masked.length;
      const found = notMasked(within(this.detector.find(around, 0, around.length, this.context), from, until), text.kept, from);
      if (found.length === 0) break;
      const last = found[found.length - 1]!.end;
      if (last > until) {
        if (flushed) return start;
        end += last - until;
      }
      text = rewritten(this.masker, found, around, from, Math.max(last, until), text.kept);
      masked = text.bytes();
      changed = true;
      searches = takeForm(this.masker, found);
      count += valuesIn(found);
    }
    this.hits += count;
    this.put(masked, changed);
    return end;
  }

  private put(bytes: Buffer, masked: boolean): void {
    this.write(bytes);
    if (!takesForm(this.masker)) return;
    const { left } = this;
    this.tailMasked = masked || (this.tailMasked && bytes.length < left);
    if (bytes.length >= left) this.tail = Buffer.from(bytes.subarray(bytes.length - left));
    else this.tail = Buffer.concat([this.tail.subarray(Math.max(0, this.tail.length + bytes.length - left)), bytes]);
  }
}

/** Hits that reach into [from, until), without what lies before it. */
function within(hits: readonly Hit[], from: number, until: number): Hit[] {
  return hits.filter((hit) => hit.end > from && hit.start < until).map((hit) => ({ ...hit, start: Math.max(hit.start, from) }));
}
