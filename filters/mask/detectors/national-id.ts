import { ALNUM, ALPHA, ascii, CLASS, DIGIT, latin1, startsWith } from '../bytes.js';
import { AGAINST, evidenceOf, NATIONAL_NAME, NATIONAL_SHORT, SSN } from '../evidence.js';
import type { Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isDate, isFraction } from './dates.js';
import { areSomeCountrys, isCountry, maySift } from './national-any.js';
import { BARE, FORMS, isValid, type Printed, WORDED, type Worded } from './national-forms.js';

const NATIONAL_ID = kindId('national_id');

/** the forms by the sizes of their first two groups, first * 16 + second */
const PRINTED: readonly (readonly Printed[] | undefined)[] = Array.from({ length: 256 }, (_, sizes) => {
  const forms = FORMS.filter((form) => form.sizes[0]! * 16 + form.sizes[1]! === sizes);
  return forms.length === 0 ? undefined : forms;
});
const NO_FORMS: readonly Printed[] = [];

function formsFor(groups: Groups, g: number): readonly Printed[] {
  const first = groups.end[g]! - groups.start[g]!;
  const second = groups.end[g + 1]! - groups.start[g + 1]!;
  return (first < 16 && second < 16 ? PRINTED[first * 16 + second] : undefined) ?? NO_FORMS;
}

const BARE_LENGTHS = new Set(BARE.map(([length]) => length));
/** the forms of words by their length */
const WORDED_BY_LENGTH: readonly (readonly Worded[])[] = Array.from({ length: 25 }, (_, length) =>
  WORDED.filter((form) => form.shape.length === length),
);

const TEXT_MAX = 24;

/** Numbers of countries in a run of digits. */
export function nationalIdIn(s: Search, groups: Groups): void {
  const { first, last, start, end, gap } = groups;
  if (first >= last) return;
  // no words stand between the groups: what the first has none of no other has
  const words = ((s.name | s.before(start[first]!)) & (NATIONAL_NAME | SSN)) !== 0;
  for (let g = first; g < last; g++) {
    const length = end[g]! - start[g]!;
    if (g === first || gap[g - 1] === 0x20 || gap[g - 1]! > 0xff) {
      if (gap[g] !== 0 && length <= 8) printed(s, groups, g);
      if (words && (length >= 6 || g === first) && !isDate(s.buf, groups, g)) named(s, groups, g);
    }
    if (BARE_LENGTHS.has(length)) bare(s, start[g]!, end[g]!);
  }
}

function bare(s: Search, start: number, end: number): void {
  for (const [digits, country, name, score] of BARE)
    if (digits === end - start && isValid(country, name, latin1(s.buf, start, end))) s.found(NATIONAL_ID, start, end, score);
}

function printed(s: Search, groups: Groups, g: number): void {
  const { start, end, gap } = groups;
  for (const form of formsFor(groups, g)) {
    if (!fits(form, groups, g, groups.last)) continue;
    // the middle of a longer number in groups, such as a card's last twelve digits
    if (g > groups.first && gap[g - 1] === gap[g]) continue;
    const lastGap = gap[g + form.sizes.length - 1];
    if (lastGap !== 0 && lastGap === gap[g]) continue;
    const until = end[g + form.sizes.length - 1]!;
    s.steps += until - start[g]!;
    if (!isPrinted(s.buf, form, start[g]!, until)) continue;
    const bits = s.name | s.before(start[g]!);
    s.found(NATIONAL_ID, start[g]!, until, form.score + ((bits & NATIONAL_NAME) !== 0 ? 0.2 : (bits & AGAINST) !== 0 ? -0.2 : 0));
  }
}

/** One of the form's validators takes what stands there. */
function isPrinted(buf: Uint8Array, { checks }: Printed, start: number, end: number): boolean {
  let text = '';
  for (const [country, name] of checks) {
    if (!maySift(country, name, buf, start, end)) continue;
    if (text === '') text = latin1(buf, start, end);
    if (isValid(country, name, text)) return true;
  }
  return false;
}

function fits(form: Printed, groups: Groups, g: number, last: number): boolean {
  const { sizes, gaps } = form;
  if (g + sizes.length > last) return false;
  for (let k = 0; k < sizes.length; k++) {
    if (groups.end[g + k]! - groups.start[g + k]! !== sizes[k]) return false;
    if (k + 1 < sizes.length && groups.gap[g + k] !== gaps.charCodeAt(k)) return false;
  }
  return true;
}

/** The run from g on, when the words before it call it an identifier and some country's check digits agree. */
function named(s: Search, groups: Groups, g: number): void {
  const from = groups.start[g]!;
  const bits = s.name | s.before(from);
  // printed as in the United States, it is their number or nobody's
  if (isUnitedStates(groups, g) && (bits & SSN) !== 0) return;
  const digitsMin = isNamed(s, from, bits) ? NAMED_DIGITS_MIN : (bits & SSN) !== 0 ? SOCIAL_DIGITS_MIN : 0;
  if (digitsMin === 0 || isNoIdentifier(s, groups, g)) return;
  if (digitsMin === NAMED_DIGITS_MIN && spaced(s, from)) return;
  for (let last = groups.last - 1; last >= g; last--) {
    const until = groups.end[last]!;
    if (until - from > TEXT_MAX) continue;
    if (until - from < 6) break;
    if (!isOneNumber(groups, g, last, digitsMin)) continue;
    s.steps += (until - from) * 4;
    if (areSomeCountrys(s.buf, from, until)) {
      const start = lettersBefore(s.buf, from, s.lo);
      const end = groups.end[goesOn(groups, g, last)]!;
      s.found(NATIONAL_ID, start, taxAfter(s.buf, start, lettersAfter(s.buf, end, s.hi), s.hi), 0.8);
      return;
    }
  }
  const start = lettersBefore(s.buf, from, s.lo);
  const end = lettersAfter(s.buf, groups.end[groups.last - 1] ?? from, s.hi);
  // `576937-K`: the letters are the check
  if (end - start >= NAMED_DIGITS_MIN && end - start <= TEXT_MAX && hasLetter(s.buf, start, end) && areSomeCountrys(s.buf, start, end))
    s.found(NATIONAL_ID, start, end, 0.75);
}

/** The last group that the same sign parts from those before: what is of no country as a whole is not masked by half. */
function goesOn(groups: Groups, g: number, last: number): number {
  if (last === g) return last;
  const gap = groups.gap[last - 1];
  let to = last;
  while (to + 1 < groups.last && groups.gap[to] === gap && groups.end[to + 1]! - groups.start[g]! <= TEXT_MAX) to++;
  return to;
}

/** `GODE 561231 GR8`, `2 84 05 2A 088 025 57`, `AB 12 34 56 C`: letters and digits in groups, behind a name for identifiers. */
function spaced(s: Search, from: number): boolean {
  const { buf } = s;
  const before = wordBefore(buf, from, s.lo);
  let count = 0;
  let letters = before < from;
  let p = from;
  while (count < GROUPS_SPACED_MAX) {
    const word = p;
    while (p < s.hi && p - from <= TEXT_MAX && (CLASS[buf[p]!]! & ALNUM) !== 0) letters = (CLASS[buf[p++]!]! & ALPHA) !== 0 || letters;
    if (p === word || p - from > TEXT_MAX) break;
    ends[count++] = p;
    const gap = buf[p]!;
    if (p + 1 >= s.hi || (gap !== 0x20 && gap !== 0x2d && gap !== 0x2e)) break;
    p++;
  }
  s.steps += p - before;
  // a word alone was asked about as such
  if (!letters || (count < 2 && before === from)) return false;
  for (let k = count - 1; k >= 0; k--) {
    const end = ends[k]!;
    if (end < s.hi && (CLASS[buf[end]!]! & ALNUM) !== 0) continue;
    for (const start of before < from ? [before, from] : [from]) {
      if (end - start < NAMED_DIGITS_MIN || end - start > TEXT_MAX || !hasLetter(buf, start, end) || !areSomeCountrys(buf, start, end))
        continue;
      s.found(NATIONAL_ID, start, taxAfter(buf, start, end, s.hi), 0.75);
      return true;
    }
  }
  return false;
}

const GROUPS_SPACED_MAX = 8;
const ends = new Int32Array(GROUPS_SPACED_MAX);

function hasLetter(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALPHA) !== 0) return true;
  return false;
}

/** Where up to four capitals begin that a blank or a dash parts from `at`; `at` when there are none. */
function wordBefore(buf: Uint8Array, at: number, lo: number): number {
  if (at - 2 < lo || (buf[at - 1] !== 0x20 && buf[at - 1] !== 0x2d)) return at;
  let p = at - 1;
  while (p > lo && at - 1 - p < 5 && buf[p - 1]! >= 0x41 && buf[p - 1]! <= 0x5a) p--;
  if (p === at - 1 || at - 1 - p > 4 || (p > lo && ((CLASS[buf[p - 1]!]! & ALNUM) !== 0 || buf[p - 1]! > 0x7f))) return at;
  // `NISS 85 07 30 …`: the name and no part of the number
  return (evidenceOf(buf, p, at) & NATIONAL_NAME) === 0 ? p : at;
}

const LETTERS_MAX = 3;

/** `V-11470283-4`, `CHE-100.155.212`, `PL 8567346215`: letters and a dash before the digits are part of the number, and so are those of a country. */
function lettersBefore(buf: Uint8Array, at: number, lo: number): number {
  if (at - 2 < lo || (buf[at - 1] !== 0x2d && buf[at - 1] !== 0x20)) return at;
  let p = at - 1;
  while (p > lo && at - 1 - p < LETTERS_MAX && (CLASS[buf[p - 1]!]! & ALPHA) !== 0) p--;
  if (p === at - 1 || (p > lo && ((CLASS[buf[p - 1]!]! & ALNUM) !== 0 || buf[p - 1] === 0x2d || buf[p - 1]! > 0x7f))) return at;
  return buf[at - 1] === 0x2d || (at - p === 3 && isCountry(buf[p]!, buf[p + 1]!) && !isId(buf, p)) ? p : at;
}

/** `SA ID 8001…`: the word, and not Indonesia. */
function isId(buf: Uint8Array, at: number): boolean {
  return buf[at] === 0x49 && buf[at + 1] === 0x44;
}

/** `CHE-107.787.577 IVA`: the tax is part of a Swiss number. */
function taxAfter(buf: Uint8Array, start: number, end: number, hi: number): number {
  if (buf[start] !== 0x43 || buf[start + 1] !== 0x48 || buf[start + 2] !== 0x45 || buf[end] !== 0x20) return end;
  for (const word of TAXES) {
    const after = end + 1 + word.length;
    if (after <= hi && startsWith(buf, end + 1, word) && (after === hi || (CLASS[buf[after]!]! & ALNUM) === 0)) return after;
  }
  return end;
}

const TAXES = ['IVA', 'TVA', 'MWST', 'TPV', 'VAT'].map(ascii);

/** `54362315-K`, `0000121/J`: so is a letter or a digit behind a dash or a slash. */
function lettersAfter(buf: Uint8Array, at: number, hi: number): number {
  if (at + 2 > hi || (buf[at] !== 0x2d && buf[at] !== 0x2f) || (CLASS[buf[at + 1]!]! & ALNUM) === 0) return at;
  return at + 2 === hi || ((CLASS[buf[at + 2]!]! & ALNUM) === 0 && buf[at + 2] !== 0x2d) ? at + 2 : at;
}

/** The words before call it an identifier: those that are words of other languages too only right before it. */
function isNamed(s: Search, at: number, bits: number): boolean {
  if ((bits & NATIONAL_NAME & ~NATIONAL_SHORT) !== 0 || (s.name & NATIONAL_NAME) !== 0) return true;
  if ((bits & AGAINST) !== 0) return false;
  return (bits & NATIONAL_SHORT) !== 0 && (evidenceOf(s.buf, besideStart(s.buf, at, s.lo), at) & NATIONAL_SHORT) !== 0;
}

const BESIDE_MAX = 28;

/** Where the three words begin that stand right before `at`: `ID number is`. */
function besideStart(buf: Uint8Array, at: number, lo: number): number {
  const floor = Math.max(lo, at - BESIDE_MAX);
  let p = at;
  for (let words = 0; words < 3; words++) {
    while (p > floor && (CLASS[buf[p - 1]!]! & ALNUM) === 0 && buf[p - 1] !== 0x2e) p--;
    while (p > floor && (CLASS[buf[p - 1]!]! & ALPHA) !== 0) p--;
  }
  return p;
}

/** `CVE-2021-22884`, the seconds of `16:49:00.959988`, an account in `arn:aws:iam::123456789012:user`, `1.2.643.3.131.1.1`. */
function isNoIdentifier(s: Search, groups: Groups, g: number): boolean {
  const { buf, lo } = s;
  const at = groups.start[g]!;
  if (at - 4 >= lo && buf[at - 1] === 0x2d && (buf[at - 2]! | 0x20) === 0x65 && (buf[at - 3]! | 0x20) === 0x76) return true;
  if (isFraction(buf, groups, g, lo)) return true;
  if (at > lo && buf[at - 1] === 0x3a && buf[groups.end[g]!] === 0x3a) return true;
  return groups.count - g > 3 && groups.gap[g] === 0x2e && groups.end[g]! - at === 1 && groups.end[g + 1]! - groups.start[g + 1]! === 1;
}

/** `123-45-6789`: no other country prints nine digits so. */
function isUnitedStates({ start, end, gap, count, last }: Groups, g: number): boolean {
  const size = (k: number): number => end[k]! - start[k]!;
  return g + 3 <= last && g + 3 <= count && size(g) === 3 && size(g + 1) === 2 && size(g + 2) === 4 && gap[g] === gap[g + 1];
}

/** fewest digits behind a word for identifiers, and behind one for social security, whose numbers have more in all countries */
const NAMED_DIGITS_MIN = 7;
const SOCIAL_DIGITS_MIN = 9;

/** Enough digits, and between groups the single signs that identifiers are printed with: `4.1/5.1` and `10 / 23.12.2016` are none. */
function isOneNumber(groups: Groups, g: number, last: number, digitsMin: number): boolean {
  let digits = 0;
  for (let k = g; k <= last; k++) {
    digits += groups.end[k]! - groups.start[k]!;
    if (k < last && (groups.gap[k]! > 0xff || groups.gap[k] === 0x28 || groups.gap[k] === 0x29)) return false;
  }
  return digits >= digitsMin;
}

/** A word of letters and digits. */
export function nationalIdWord(s: Search, start: number, end: number): void {
  const length = end - start;
  if (isHetuEnd(s.buf, start, end, s.lo) && isValid('FI', 'hetu', latin1(s.buf, start - 7, end).toUpperCase())) {
    s.found(NATIONAL_ID, start - 7, end, 0.9);
    return;
  }
  if (length < 6 || length > TEXT_MAX) return;
  const bits = s.name | s.before(start);
  const context = isNamed(s, start, bits);
  let text = '';
  for (const form of WORDED_BY_LENGTH[length]!) {
    if (!isWorded(s.buf, start, form)) continue;
    // small letters and digits are a hash as often
    if (!context && form.score < 0.7 && hasSmall(s.buf, start, end)) continue;
    text = latin1(s.buf, start, end).toUpperCase();
    if (isValid(form.country, form.name, text)) {
      s.found(NATIONAL_ID, lettersBefore(s.buf, start, s.lo), end, form.score + (context ? 0.2 : (bits & AGAINST) !== 0 ? -0.2 : 0));
      return;
    }
  }
  if (!context) return;
  s.steps += length * 4;
  text = latin1(s.buf, start, end).toUpperCase();
  const { buf } = s;
  // Hong Kong prints the check digit in brackets
  if (buf[end] === 0x28 && end + 3 <= s.hi && buf[end + 2] === 0x29 && isValid('HK', 'hkid', text + latin1(buf, end, end + 3)))
    s.found(NATIONAL_ID, start, end + 3, 0.85);
  else if (areSomeCountrys(buf, start, end)) s.found(NATIONAL_ID, lettersBefore(buf, start, s.lo), end, 0.8);
  else spaced(s, start);
}

/** The form's shape, and the country's letters where it begins with them. */
function isWorded(buf: Uint8Array, start: number, { shape, begins }: Worded): boolean {
  if (begins !== undefined) for (let k = 0; k < begins.length; k++) if (buf[start + k] !== begins.charCodeAt(k)) return false;
  return hasShape(buf, start, shape);
}

function hasSmall(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! >= 0x61) return true;
  return false;
}

/** `131052-308T`: the last word of a Finnish code, whose first six digits are a run of their own. */
function isHetuEnd(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  if (end - start !== 4 || start - 7 < lo || !hasShape(buf, start, '999A')) return false;
  if (buf[start - 1] !== 0x2d && buf[start - 1] !== 0x2b) return false;
  for (let k = start - 7; k < start - 1; k++) if ((CLASS[buf[k]!]! & DIGIT) === 0) return false;
  return start - 7 === lo || (CLASS[buf[start - 8]!]! & ALNUM) === 0;
}

function hasShape(buf: Uint8Array, start: number, shape: string): boolean {
  for (let k = 0; k < shape.length; k++) {
    const want = shape.charCodeAt(k);
    const letter = (CLASS[buf[start + k]!]! & ALPHA) !== 0;
    if ((want === 0x41 && !letter) || (want === 0x39 && letter)) return false;
  }
  return true;
}

/**
 * True when some printed form has its sizes and separators in the run, check digits unseen: for the gate. `alone`: the run is all there is, so
 * that its middle is none.
 */
export function mayBePrinted(groups: Groups, alone = false): boolean {
  for (let g = 0; g < groups.count; g++) {
    if (groups.gap[g] === 0) return false;
    if (alone && g > 0 && groups.gap[g - 1] === groups.gap[g]) continue;
    for (const form of formsFor(groups, g)) {
      const after = groups.gap[g + form.sizes.length - 1];
      if (fits(form, groups, g, groups.count) && (after === 0 || after !== groups.gap[g])) return true;
    }
  }
  return false;
}

/** True when a word is an identifier by its letters and digits, check letter unseen. */
export function mayBeNationalWord(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start === 4) return (buf[start - 1] === 0x2d || buf[start - 1] === 0x2b) && hasShape(buf, start, '999A');
  if (end - start < 9) return false;
  for (const form of WORDED_BY_LENGTH[end - start] ?? []) if (isWorded(buf, start, form)) return true;
  return false;
}
