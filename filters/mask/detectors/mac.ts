import { ALNUM, CLASS, HEX } from '../bytes.js';
import type { Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const MAC = kindId('mac_address');
const COLON = 0x3a;
const DASH = 0x2d;
const DOT = 0x2e;

const DOTTED_LENGTH = 14;
const PAIRED_LENGTH = 17;

/** How long the address is whose first separator stands at `at`, whatever is around it; 0 when there is none. */
function lengthAt(buf: Uint8Array, at: number, lo: number, hi: number): number {
  const sep = buf[at]!;
  if (sep !== COLON && sep !== DASH && sep !== DOT) return 0;
  const group = sep === DOT ? 4 : 2;
  if (buf[at + group + 1] !== sep) return 0;
  const length = sep === DOT ? DOTTED_LENGTH : PAIRED_LENGTH;
  const start = at - group;
  if (start < lo || start + length > hi) return 0;
  let letters = sep === DOT ? 0 : 1;
  for (let k = 0; k < length; k++) {
    const b = buf[start + k]!;
    if (k % (group + 1) === group ? b !== sep : (CLASS[b]! & HEX) === 0) return 0;
    if (b > 0x39) letters++;
  }
  // three groups of four digits with dots are an amount or part of a card
  return letters > 0 ? length : 0;
}

/** True when an address may have its first separator at `at`; boundaries are not looked at. */
export function macShape(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
  return lengthAt(buf, at, lo, hi) > 0;
}

/**
 * Six pairs of hex digits with colons or dashes, or three groups of four with dots as network equipment writes them;
 * `at` is the first separator. Returns the end, or `at`.
 */
export function macAt(s: Search, at: number): number {
  if (at >= s.hi) return at;
  const length = lengthAt(s.buf, at, s.lo, s.hi);
  if (length === 0) return at;
  const start = at - (length === DOTTED_LENGTH ? 4 : 2);
  return note(s, at, start, start + length, s.buf[at]!);
}

function note(s: Search, at: number, start: number, end: number, sep: number): number {
  const { buf, lo, hi } = s;
  s.steps += 17;
  if (start > lo && ((CLASS[buf[start - 1]!]! & ALNUM) !== 0 || buf[start - 1] === sep)) return at;
  if (end < hi && ((CLASS[buf[end]!]! & ALNUM) !== 0 || (buf[end] === sep && end + 1 < hi && (CLASS[buf[end + 1]!]! & HEX) !== 0)))
    return at;
  s.found(MAC, start, end, 0.85);
  return end;
}

/** A separator inside a run of digits is read by the run, so addresses that begin with digits are looked for from there. */
export function macInDigits(s: Search, groups: Groups): void {
  for (let g = 0; g + 1 < groups.count; g++) {
    const gap = groups.gap[g];
    if (gap === DASH || gap === DOT) macAt(s, groups.end[g]!);
  }
  // letters follow the last group's separator: `00-1a-…`
  macAt(s, groups.until);
}
