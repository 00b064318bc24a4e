import {
  AUTH,
  BANK,
  BIRTH,
  CARD,
  evidenceBefore,
  ITIN,
  KEY,
  NATIONAL_NAME,
  NETWORK,
  PASSWORD,
  PHONE,
  SECRET,
  SSN,
  TOKEN,
} from '../../../filters/mask/evidence.js';
import { kinds } from '../../../filters/mask/kinds.js';
import type { Segment } from '../../../filters/mask/stream/segments.js';
import type { Hit } from '../../../filters/mask/types.js';
import type { Wanted } from '../detect.js';

/** A hit with its place, for people. */
export interface Found extends Hit {
  description: string;
  /** from 1; columns count characters */
  line: number;
  column: number;
  /** what stands beside it on its line, with every value in it masked */
  before: string;
  after: string;
  /** `[credit_card]` */
  masked: string;
  value: string;
  /** what the words before it say, as far as they say something */
  words: string[];
}

/** bytes of the line that are shown before and behind a value */
const BEFORE_MAX = 48;
const AFTER_MAX = 24;
/** a longer value is cut where it is revealed, bytes */
const REVEALED_MAX = 4096;

const said: [number, string][] = [
  [PASSWORD, 'a password'],
  [SECRET, 'a secret'],
  [TOKEN, 'a token'],
  [KEY, 'a key'],
  [AUTH, 'authentication'],
  [CARD, 'a card'],
  [PHONE, 'a phone'],
  [SSN, 'a social security number'],
  [ITIN, 'a taxpayer number'],
  [NATIONAL_NAME, 'a national identifier'],
  [BIRTH, 'a birth date'],
  [BANK, 'a bank account'],
  [NETWORK, 'a network address'],
];
const descriptions = new Map(kinds.map(({ kind, description }) => [kind, description]));

/** Gives every hit of a stream its line and column. */
export class Locator {
  private line = 1;
  private column = 1;

  constructor(
    private readonly wanted: Wanted,
    private readonly told: (found: Found) => void,
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
      if (b === 0x0a) {
        this.line++;
        this.column = 1;
      } else if ((b & 0xc0) !== 0x80) this.column++;
    }
  }

  private found(segment: Segment, i: number): Found {
    const { buf, base } = segment;
    const hit = segment.hits[i]!;
    const bits = evidenceBefore(buf, hit.start, 0);
    return {
      ...hit,
      start: base + hit.start,
      end: base + hit.end,
      description: descriptions.get(hit.kind) ?? hit.kind,
      line: this.line,
      column: this.column,
      before: beside(segment, i, Math.max(segment.start, hit.start - BEFORE_MAX), hit.start),
      after: beside(segment, i, hit.end, Math.min(segment.end, hit.end + AFTER_MAX)),
      masked: `[${hit.kind}]`,
      value: buf.toString('utf8', hit.start, Math.min(hit.end, hit.start + REVEALED_MAX)),
      words: said.filter(([bit]) => (bits & bit) !== 0).map(([, word]) => word),
    };
  }
}

/** buf[from, to), which is beside hit i, as far as it is on its line, with the other hits masked. What is cut is no half of a character or of a value. */
function beside({ buf, hits }: Segment, i: number, from: number, to: number): string {
  let start = from;
  let end = to;
  if (to <= hits[i]!.start) {
    const line = to > from ? buf.lastIndexOf(0x0a, to - 1) : -1;
    if (line >= start) start = line + 1;
  } else {
    const line = buf.indexOf(0x0a, from);
    if (line >= 0 && line < end) end = line;
    while (end < buf.length && end > start && (buf[end]! & 0xc0) === 0x80) end--;
  }
  while (start < end && (buf[start]! & 0xc0) === 0x80) start++;
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
  return start < end ? text + buf.toString('utf8', start, end) : text;
}
