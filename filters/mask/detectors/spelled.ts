import { ALNUM, ALPHA, CLASS, DIGIT } from '../bytes.js';
import { foreign, foreignLength, SPELLED_KINDS } from '../foreign.js';
import { isGap } from '../groups.js';
import { innerOf } from '../inner.js';
import { kinds } from '../kinds.js';
import { scan } from '../scan.js';
import type { Search } from '../search.js';

/**
 * Numbers with digits or separators that are not ASCII (foreign.ts): what stands around such a character is written out in ASCII and
 * searched like any other text. The pieces that are read overlap by more than the longest number has.
 */

/** bytes before the character that are read: a number's, and the words before it */
const BACK = 208;
const AHEAD = 512;
const OVERLAP = 160;
/** bytes behind a number that are read as evidence */
const TAIL = 40;

const SPELLED = Uint8Array.from(kinds, ({ kind }) => (SPELLED_KINDS.has(kind) ? 1 : 0));

interface Piece {
  text: Uint8Array;
  /** where in the buffer each byte's character begins and ends */
  from: Int32Array;
  to: Int32Array;
}

const pieces: Piece[] = [];

function pieceOf(depth: number): Piece {
  const size = BACK + AHEAD + TAIL;
  pieces[depth] ??= { text: new Uint8Array(size), from: new Int32Array(size), to: new Int32Array(size) };
  return pieces[depth]!;
}

/** True when the character at `at` may be part of a number: a digit, or between digits, or between a letter and a digit. */
export function mayBeSpelled(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
  const code = foreign(buf, at, hi);
  if (code < 0) return false;
  if (code >= 0x30) return true;
  let q = at + foreignLength;
  let p = at - 1;
  for (let n = 0; n < 3 && p >= lo && isGap(buf[p]!); n++) p--;
  if (p < lo || ((CLASS[buf[p]!]! & ALNUM) === 0 && buf[p]! < 0x80)) return false;
  for (let n = 0; n < 4 && q < hi; n++) {
    const next = foreign(buf, q, hi);
    if (next >= 0x30) return true;
    if (next >= 0) q += foreignLength;
    else if (isGap(buf[q]!) || buf[q] === 0x2b) q++;
    else break;
  }
  if (q >= hi) return false;
  return (CLASS[buf[q]!]! & DIGIT) !== 0 || ((CLASS[buf[q]!]! & ALPHA) !== 0 && (CLASS[buf[p]!]! & DIGIT) !== 0);
}

/** The character at `at` is one of foreign.ts. */
export function spelledAt(s: Search, at: number): void {
  if (at < s.spelledUntil || s.depth > 2 || !mayBeSpelled(s.buf, at, s.lo, s.hi)) return;
  const { buf, lo } = s;
  const { text, from, to } = pieceOf(s.depth);
  const limit = Math.min(s.hi, at + AHEAD);
  let p = Math.max(lo, at - BACK);
  while (p < at && p > lo && (buf[p]! & 0xc0) === 0x80) p++;
  const first = p;
  let n = 0;
  let last = at;
  while (p < limit && p - last < TAIL) {
    const code = foreign(buf, p, s.hi);
    const length = code < 0 ? 1 : foreignLength;
    if (code !== 0) {
      text[n] = code < 0 ? buf[p]! : code;
      from[n] = p;
      to[n++] = p + length;
    }
    p += length;
    if (p > last && (code >= 0 || (CLASS[buf[p - 1]!]! & DIGIT) !== 0)) last = p;
  }
  s.steps += (p - first) * 2;
  s.spelledUntil = p < limit ? last : Math.max(at + 1, p - OVERLAP);
  const inner = innerOf(s);
  inner.begin(text, 0, n, s.name, s.labels);
  inner.encodedUntil = n;
  scan(inner, s.triggers);
  for (let k = 0; k < inner.count; k++) {
    const start = from[inner.start[k]!]!;
    const end = to[inner.end[k]! - 1]!;
    // In ASCII alone it is found where it stands. What ends before was searched with an earlier piece, or has lost what stands before it.
    if (end > at && SPELLED[inner.kind[k]!] === 1 && end - start !== inner.end[k]! - inner.start[k]!)
      s.found(inner.kind[k]!, start, end, inner.score[k]!);
  }
}
