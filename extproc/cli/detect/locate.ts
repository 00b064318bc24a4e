import { type Explanation, explain } from '../../../filters/mask/explain.js';
import { createDetector, createMasker, kinds, maskString } from '../../../filters/mask/index.js';
import type { Segment } from '../../../filters/mask/stream/segments.js';
import type { Hit } from '../../../filters/mask/types.js';
import type { Wanted } from '../detect.js';

/** A hit with its place, for people. */
export interface Found extends Hit {
  description: string;
  /** from 1; columns count characters */
  line: number;
  column: number;
  /** UTF-16 units before it in the file, and those of the value */
  units: number;
  value_units: number;
  /** what stands beside it on its line, with every value in it masked */
  before: string;
  after: string;
  /** `[credit_card]` */
  masked: string;
  value: string;
  /** why it was found, when that is asked for */
  explanation: Explanation | undefined;
}

/** characters of the line that are shown before and behind a value */
const BEFORE_MAX = 48;
const AFTER_MAX = 24;
/** bytes that are read for them */
const READ_MAX = 256;
const everything = createDetector({ detect: ['all'] });
const redact = createMasker('redact');
/** a longer value is cut where it is revealed, bytes */
const REVEALED_MAX = 4096;

const descriptions = new Map(kinds.map(({ kind, description }) => [kind, description]));

/** Gives every hit of a stream its line and column. */
export class Locator {
  private line = 1;
  private column = 1;
  private units = 0;

  constructor(
    private readonly wanted: Wanted,
    private readonly told: (found: Found) => void,
    /** the name of what a hit stands in, where hits are to be explained */
    private readonly explained?: (hit: Hit) => string,
  ) {}

  /** Takes a segment; the next one begins where this one ends. */
  settle(segment: Segment): number {
    let at = segment.start;
    for (const [i, hit] of segment.hits.entries()) {
      this.pass(segment.buf, at, hit.start);
      at = hit.start;
      if (hit.score >= this.wanted.score_min) this.told(this.found(segment, i));
    }
    this.pass(segment.buf, at, segment.end);
    return segment.end;
  }

  /** Counts lines, and the characters of the last one. */
  private pass(buf: Buffer, from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const b = buf[at]!;
      if ((b & 0xc0) === 0x80) continue;
      // the mark of a file's encoding is no character of its first line
      if (this.units === 0 && b === 0xef && buf[at + 1] === 0xbb && buf[at + 2] === 0xbf) this.column--;
      this.units += b >= 0xf0 ? 2 : 1;
      if (b === 0x0a) {
        this.line++;
        this.column = 1;
      } else this.column++;
    }
  }

  private found(segment: Segment, i: number): Found {
    const { buf, base } = segment;
    const hit = segment.hits[i]!;
    return {
      ...hit,
      start: base + hit.start,
      end: base + hit.end,
      description: descriptions.get(hit.kind) ?? hit.kind,
      line: this.line,
      column: this.column,
      units: this.units,
      value_units: buf.toString('utf8', hit.start, hit.end).length,
      before: beside(segment, i, true),
      after: beside(segment, i, false),
      masked: `[${hit.kind}]`,
      value: buf.toString('utf8', hit.start, Math.min(hit.end, hit.start + REVEALED_MAX)),
      explanation: this.explained === undefined ? undefined : explain(everything, buf, hit, 0, this.explained(hit)),
    };
  }
}

/**
 * What is on the line before or behind hit i, with the other hits masked, and whatever else is found there: the kinds that were asked for
 * are not all that must not be shown.
 */
function beside({ buf, hits, start: lo, end: hi }: Segment, i: number, before: boolean): string {
  const { start: from, end: to } = hits[i]!;
  let start = before ? Math.max(lo, from - READ_MAX) : to;
  let end = before ? from : Math.min(hi, to + READ_MAX);
  const line = before ? buf.subarray(start, end).lastIndexOf(0x0a) : buf.subarray(start, end).indexOf(0x0a);
  // a word that is cut may be half of a value
  if (before) start = line >= 0 ? start + line + 1 : start > lo ? blankFrom(buf, start, end) : start;
  else if (line >= 0) end = start + line;
  else if (end < hi) while (end > start && buf[end - 1]! > 0x20) end--;
  let text = '';
  let first = i;
  while (first > 0 && hits[first - 1]!.end > start) first--;
  for (let k = first; k < hits.length && hits[k]!.start < end; k++) {
    const hit = hits[k]!;
    if (hit.end <= start) continue;
    if (hit.start > start) text += buf.toString('utf8', start, hit.start);
    text += `[${hit.kind}]`;
    start = hit.end;
  }
  if (start < end) text += buf.toString('utf8', start, end);
  const shown = [...maskString(everything, redact, text.replace(/^\ufeff/, ''))];
  return (before ? shown.slice(-BEFORE_MAX) : shown.slice(0, AFTER_MAX)).join('');
}

function blankFrom(buf: Buffer, from: number, to: number): number {
  let p = from;
  while (p < to && buf[p]! > 0x20) p++;
  return p;
}
