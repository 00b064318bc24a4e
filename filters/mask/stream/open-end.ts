import { ALNUM, ascii, CLASS } from '../bytes.js';
import { ARMOUR_HELD_MAX, PHRASE_HELD_MAX, QUOTED_HELD_MAX, RUN_HELD_MAX } from './limits.js';

const BEGIN = Buffer.from(ascii('-----BEGIN '));
const END = Buffer.from(ascii('-----END '));
const DASHES = Buffer.from(ascii('-----'));
/** bytes of a label between the dashes of armour (RFC 7468) */
const LABEL_MAX = 64;
/** an assignment's signs and blanks stand before the quote that opens its value */
const OPENERS = Uint8Array.from({ length: 256 }, (_, b) => (b <= 0x20 || '=:,([{>\\@~+'.includes(String.fromCharCode(b)) ? 1 : 0));

/**
 * Where in buf[lo, hi) the text begins that may be part of a value whose end is still to come: what stands before may be let go when
 * the sender pauses. It is never more than the sum of the limits before `hi`. Rather too early than too late: the words before an
 * unfinished run are let go only where two plain ones follow one another, which no value holds.
 */
export function openFrom(buf: Buffer, lo: number, hi: number): number {
  let from = runStart(buf, lo, hi);
  from = phraseStart(buf, lo, from);
  from = Math.min(from, quoteOpen(buf, lo, hi));
  return Math.min(from, armourOpen(buf, lo, hi));
}

/** `at`, or before it where a character of UTF-8 begins that `at` would cut. */
export function wholeCharacter(buf: Buffer, lo: number, at: number): number {
  let p = at;
  while (p > lo && at - p < 3 && (buf[p]! & 0xc0) === 0x80) p--;
  return p < at && (buf[p]! & 0xc0) !== 0xc0 ? at : p;
}

/** The start of the run without blanks that reaches `hi`, bytes of UTF-8 included. */
function runStart(buf: Buffer, lo: number, hi: number): number {
  const floor = Math.max(lo, hi - RUN_HELD_MAX);
  let p = hi;
  while (p > floor && buf[p - 1]! > 0x20) p--;
  return p;
}

/** Back over words that can be part of a value of several words. */
function phraseStart(buf: Buffer, lo: number, from: number): number {
  const floor = Math.max(lo, from - PHRASE_HELD_MAX);
  let start = from;
  let p = from;
  let plain = 0;
  while (p > floor) {
    while (p > floor && buf[p - 1]! <= 0x20) p--;
    let word = p;
    while (word > floor && buf[word - 1]! > 0x20) word--;
    if (word === p) break;
    plain = isPlain(buf, word, p) ? plain + 1 : 0;
    if (plain === 2) break;
    p = word;
    if (plain === 0) start = word;
  }
  return start;
}

/** A word of prose: four small letters or more, and no more than a sign behind it. */
function isPlain(buf: Buffer, start: number, end: number): boolean {
  const last = buf[end - 1]!;
  const letters = (CLASS[last]! & ALNUM) === 0 && last < 0x80 && last !== 0x3a && last !== 0x3d ? end - 1 : end;
  if (letters - start < 4) return false;
  for (let k = start; k < letters; k++) if (buf[k]! < 0x61 || buf[k]! > 0x7a) return false;
  return true;
}

/** Where a quote was opened on the last line that is not closed yet; `hi` when there is none. */
function quoteOpen(buf: Buffer, lo: number, hi: number): number {
  const floor = Math.max(lo, hi - QUOTED_HELD_MAX);
  let p = hi;
  while (p > floor && buf[p - 1] !== 0x0a) p--;
  // counted from the line's beginning one may be open; and the last one, if it stands where a value begins, may be, whatever was before
  let open = -1;
  let last = -1;
  for (; p < hi; p++) {
    const b = buf[p]!;
    if (b === 0x5c) p++;
    else if (b !== 0x22 && b !== 0x27 && b !== 0x60) continue;
    else {
      const opens = p === lo || OPENERS[buf[p - 1]!] === 1;
      if (open < 0) open = opens ? p : -1;
      else if (b === buf[open]) open = -1;
      if (last < 0 || b === buf[last]) last = opens ? p : -1;
    }
  }
  return open < 0 ? (last < 0 ? hi : last) : last < 0 ? open : Math.min(open, last);
}

/** Where armour begins whose last line has not come; `hi` when there is none. A block that was damaged goes on to the next last line. */
function armourOpen(buf: Buffer, lo: number, hi: number): number {
  const text = buf.subarray(Math.max(lo, hi - ARMOUR_HELD_MAX), hi);
  if (text.indexOf(BEGIN) < 0) return hi;
  let end = text.lastIndexOf(END);
  const closed = end >= 0 && (text.indexOf(DASHES, end + END.length) >= 0 || text.length - end > END.length + LABEL_MAX);
  if (end > 0 && !closed) end = text.lastIndexOf(END, end - 1);
  const begin = text.indexOf(BEGIN, Math.max(0, end));
  return begin < 0 ? hi : hi - text.length + begin;
}

/** True when buf[start, end), a private key that was found, has its last line. */
export function hasArmourEnd(buf: Buffer, start: number, end: number): boolean {
  return buf.subarray(start, end).indexOf(END) >= 0;
}
