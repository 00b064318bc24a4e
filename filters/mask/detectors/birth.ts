import { ALPHA, ascii, CLASS, DIGIT, startsWithNoCase } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const DATE_OF_BIRTH = kindId('date_of_birth');
/** how far after the word a date may begin, in bytes */
const REACH = 48;

const BIRTH_WORDS = ['born', 'birth', 'bday', 'dob', 'd.o.b'].map(ascii);
const TIME = ascii('time');
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map(ascii);

/** True when a word for birth has its letter b at `at`: born, birth, birthday, bday, DOB, D.O.B. */
export function isBirthWord(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
  for (const word of BIRTH_WORDS) {
    let b = word.length - 1;
    while (word[b] !== 0x62) b--;
    const start = at - b;
    if (start < lo || start + word.length > hi) continue;
    let same = true;
    for (let k = 0; k < word.length && same; k++) same = buf[start + k] === word[k] || (buf[start + k]! | 0x20) === word[k];
    // `birthtime` is a file's
    if (same) return !startsWithNoCase(buf, start + word.length, TIME);
  }
  return false;
}

/** Dates after the word for birth around `at`. */
export function birthAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  if (!isBirthWord(buf, at, lo, hi)) return;
  dateWithin(s, at + 1, Math.min(hi, at + REACH), 0.85);
}

/** Notes the first date that begins in [from, to). A line's end ends the search unless it is the first. */
export function dateWithin(s: Search, from: number, to: number, score: number): void {
  const { buf } = s;
  // words for birth one after the other: no byte is read again at which no date begins
  const known = from >= s.undatedFrom && from < s.undatedUntil;
  if (!known) s.undatedFrom = from;
  const first = known ? s.undatedUntil : from;
  s.undatedUntil = first;
  s.steps += Math.max(0, to - first);
  for (let p = first; p < to; p++) {
    const b = buf[p]!;
    if (b < 0x20 && b !== 9 && b !== 10 && b !== 13) {
      s.undatedUntil = p;
      return;
    }
    const flags = CLASS[b]!;
    if ((flags & (DIGIT | ALPHA)) === 0 || (p > s.lo && (CLASS[buf[p - 1]!]! & (DIGIT | ALPHA)) !== 0)) continue;
    const end = (flags & DIGIT) !== 0 ? numericDate(buf, p, s.hi) : monthFirst(buf, p, s.hi);
    if (end > 0) {
      s.found(DATE_OF_BIRTH, p, end, score);
      s.undatedUntil = p;
      return;
    }
  }
  s.undatedUntil = Math.max(first, to);
}

function readNumber(buf: Uint8Array, at: number, hi: number, max: number): number {
  let p = at;
  while (p < hi && p - at <= max && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
  return p - at > max ? at : p;
}

function numberIn(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let k = start; k < end; k++) n = n * 10 + buf[k]! - 0x30;
  return n;
}

const isYear = (n: number): boolean => n >= 1870 && n <= 2100;

/** `1984-03-17`, `17.03.1984`, `3/17/84`, `19840317`, `17 March 1984`, `1984年3月17日`: one past the date, 0 when there is none at `at`. */
export function numericDate(buf: Uint8Array, at: number, hi: number): number {
  const first = readNumber(buf, at, hi, 8);
  const a = numberIn(buf, at, first);
  if (first - at === 8)
    return isYear(Math.floor(a / 1e4)) && Math.floor(a / 100) % 100 >= 1 && Math.floor(a / 100) % 100 <= 12 && a % 100 >= 1 && a % 100 <= 31
      ? first
      : 0;
  if (first === at || first - at > 4 || first - at === 3) return 0;
  const sep = buf[first]!;
  if (sep !== 0x2d && sep !== 0x2f && sep !== 0x2e) return first - at <= 2 && a >= 1 && a <= 31 ? dayThenMonth(buf, first, hi) : 0;
  let p = first + 1;
  if (sep === 0x2e && buf[p] === 0x20) p++;
  const second = readNumber(buf, p, hi, 2);
  if (second === p) return first - at <= 2 ? dayThenMonth(buf, first, hi) : 0;
  const b = numberIn(buf, p, second);
  if (buf[second] !== sep) return 0;
  p = second + 1;
  if (sep === 0x2e && buf[p] === 0x20) p++;
  const third = readNumber(buf, p, hi, first - at === 4 ? 2 : 4);
  const c = numberIn(buf, p, third);
  if (first - at === 4) return isYear(a) && b >= 1 && b <= 12 && c >= 1 && c <= 31 ? third : 0;
  const yearFits = third - p === 4 ? isYear(c) : third - p === 2;
  return yearFits && a >= 1 && b >= 1 && Math.max(a, b) <= 31 && Math.min(a, b) <= 12 ? third : 0;
}

function monthEnd(buf: Uint8Array, at: number, hi: number): number {
  for (const month of MONTHS) {
    if (at + 3 > hi || !startsWithNoCase(buf, at, month)) continue;
    let p = at + 3;
    while (p < hi && p - at < 10 && (CLASS[buf[p]!]! & ALPHA) !== 0) p++;
    return p;
  }
  return 0;
}

function skipGap(buf: Uint8Array, at: number, hi: number): number {
  let p = at;
  while (p < hi && p - at < 3 && (buf[p] === 0x20 || buf[p] === 0x2c || buf[p] === 0x2e || buf[p] === 0x2d)) p++;
  return p;
}

function year(buf: Uint8Array, at: number, hi: number): number {
  const end = readNumber(buf, at, hi, 4);
  return end - at === 4 && isYear(numberIn(buf, at, end)) ? end : 0;
}

/** The rest of `17th of March 1984` after the day. */
function dayThenMonth(buf: Uint8Array, at: number, hi: number): number {
  let p = at;
  if (p + 2 <= hi && (CLASS[buf[p]!]! & ALPHA) !== 0) p += 2;
  p = skipGap(buf, p, hi);
  if (p + 3 < hi && (buf[p]! | 0x20) === 0x6f && (buf[p + 1]! | 0x20) === 0x66 && buf[p + 2] === 0x20) p += 3;
  const month = monthEnd(buf, p, hi);
  return month === 0 ? 0 : year(buf, skipGap(buf, month, hi), hi);
}

/** `March 17, 1984`. */
function monthFirst(buf: Uint8Array, at: number, hi: number): number {
  const month = monthEnd(buf, at, hi);
  if (month === 0) return 0;
  let p = skipGap(buf, month, hi);
  const day = readNumber(buf, p, hi, 2);
  if (day === p || numberIn(buf, p, day) > 31) return 0;
  p = day;
  if (p + 2 <= hi && (CLASS[buf[p]!]! & ALPHA) !== 0) p += 2;
  return year(buf, skipGap(buf, p, hi), hi);
}
