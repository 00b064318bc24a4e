import { ALNUM, ALPHA, CLASS, DIGIT } from '../bytes.js';
import { AGAINST, CARD, evidenceOf, ID, IDENTIFIER } from '../evidence.js';
import { GAP_MIXED, type Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const CREDIT_CARD = kindId('credit_card');
export const CARD_DIGITS_MIN = 12;
export const CARD_DIGITS_MAX = 19;

/** How the digits of a card are printed: the networks' own groupings. */
export const CARD_GROUPINGS: readonly (readonly number[])[] = [
  [4, 4, 4, 4],
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4, 2],
  [4, 4, 4, 4, 1],
  [4, 6, 5],
  [4, 6, 4],
  [4, 4, 5],
  [4, 4, 4],
  [4, 4, 4, 1],
  [4, 4, 4, 2],
  [4, 4, 4, 3],
  [4, 5, 6],
  [6, 13],
  [8, 8],
  [6, 6, 4],
];

/** By the sizes of their first two groups, first * 16 + second. */
const BY_START: (readonly (readonly number[])[] | undefined)[] = [];
for (const sizes of CARD_GROUPINGS) {
  const key = sizes[0]! * 16 + sizes[1]!;
  BY_START[key] = [...(BY_START[key] ?? []), sizes];
}

const digit = new Uint8Array(CARD_DIGITS_MAX + 1);

/**
 * Looks for cards that begin with group `g`. `edge` says what letters touch it: none, a word of letters (`glued`: plain digits must then be
 * of a known network), or anything else (`grouped`: only groups as cards are printed count).
 * Returns one past the last group of the card that was noted, or g.
 */
export function cardAt(s: Search, groups: Groups, g: number, edge: 'free' | 'glued' | 'grouped' = 'free'): number {
  const length = groups.end[g]! - groups.start[g]!;
  if (length >= CARD_DIGITS_MIN && length <= CARD_DIGITS_MAX) {
    return edge !== 'grouped' && plainCard(s, groups, g, edge === 'glued') ? g + 1 : g;
  }
  const printed = length === 4 || length === 6 || length === 8 ? groupedCard(s, groups, g) : 0;
  return g + (printed > 0 || edge !== 'free' ? printed : typedCard(s, groups, g));
}

/** fewest and most digits of a card in groups that no network prints */
const TYPED_MIN = 15;
const TYPED_MAX = 16;

/**
 * `4111 11111111 1111`, digit by digit: behind a word for cards the groups may be any, if nothing but one blank, dash or dot is between
 * them and they are a card of a known network. How many groups it takes from g on.
 */
function typedCard(s: Search, groups: Groups, g: number): number {
  const gap = groups.gap[g]!;
  if (gap !== 0x20 && gap !== 0x2d && gap !== 0x2e) return 0;
  // a run is read once: where the sign between is another, a number may begin
  if (g > groups.first && groups.gap[g - 1] === gap) return 0;
  let total = 0;
  for (let k = g; k < groups.last; k++) {
    const length = groups.end[k]! - groups.start[k]!;
    if (total + length > TYPED_MAX) return 0;
    takeDigits(s.buf, groups.start[k]!, groups.end[k]!, total);
    total += length;
    if (total >= TYPED_MIN && networkScore(total) >= 0.9 && luhn(total) && isCardNamed(s, groups.start[g]!)) {
      s.steps += total;
      s.found(CREDIT_CARD, groups.start[g]!, groups.end[k]!, 0.8);
      return k + 1 - g;
    }
    if (groups.gap[k] !== gap) return 0;
  }
  return 0;
}

function isCardNamed(s: Search, at: number): boolean {
  return ((s.name | s.before(at)) & CARD) !== 0;
}

/** Digits in groups that a card may be typed in: for the gate, behind a word for cards. */
export function mayBeTyped(groups: Groups): boolean {
  let total = 0;
  for (let g = 0; g < groups.count; g++) total += groups.end[g]! - groups.start[g]!;
  return groups.count > 1 && total >= TYPED_MIN;
}

/**
 * `4.111111111111111e+15`, as floating point writes a number of 16 digits: what the run ends with, one digit, a point, and as many digits as
 * the exponent says, zeros at their end left out. Returns where it ends, or 0.
 */
export function scientificCard(s: Search, { count, start, end, gap, until, more }: Groups): number {
  const { buf } = s;
  const g = count - 2;
  if (g < 0 || more || gap[g] !== 0x2e || end[g]! - start[g]! !== 1) return 0;
  const stop = exponentEnd(buf, until, s.hi);
  if (stop === 0) return 0;
  const length = (buf[stop - 2]! - 0x30) * 10 + buf[stop - 1]! - 0x30 + 1;
  const given = 1 + end[g + 1]! - start[g + 1]!;
  if (given < CARD_DIGITS_MIN || given > length || length > CARD_DIGITS_MAX) return 0;
  digit.fill(0, 0, length);
  takeDigits(buf, start[g]!, end[g]!, 0);
  takeDigits(buf, start[g + 1]!, end[g + 1]!, 1);
  return judge(s, start[g]!, stop, length, false) ? stop : 0;
}

/** One past `e15`, `E+15`; 0 where it is no exponent of two digits. */
function exponentEnd(buf: Uint8Array, at: number, hi: number): number {
  if (at >= hi || (buf[at]! | 0x20) !== 0x65) return 0;
  const from = buf[at + 1] === 0x2b ? at + 2 : at + 1;
  if (from + 2 > hi || !isDigit(buf[from]!) || !isDigit(buf[from + 1]!)) return 0;
  return from + 2 < hi && (CLASS[buf[from + 2]!]! & ALNUM) !== 0 ? 0 : from + 2;
}

const isDigit = (b: number): boolean => (CLASS[b]! & DIGIT) !== 0;

function plainCard(s: Search, groups: Groups, g: number, glued: boolean): boolean {
  const { buf } = s;
  const start = groups.start[g]!;
  const end = groups.end[g]!;
  if (!takeDigits(buf, start, end, 0) || inUuid(buf, start, s.lo)) return false;
  // the fraction of a decimal number, or its whole part
  if (g > 0 && groups.gap[g - 1] === 0x2e) return false;
  if (groups.gap[g] === 0x2e && g + 1 < groups.count) return false;
  if (glued && networkScore(end - start) < 0.9) return false;
  return judge(s, start, end, end - start, false);
}

/** How many groups the longest card takes that begins with group g. */
function groupedCard(s: Search, groups: Groups, g: number): number {
  const gap = groups.gap[g]!;
  if (!isCardGap(gap)) return 0;
  const first = groups.end[g]! - groups.start[g]!;
  const second = groups.end[g + 1]! - groups.start[g + 1]!;
  const printed = second < 16 ? BY_START[first * 16 + second] : undefined;
  if (printed === undefined) return 0;
  let best = 0;
  for (let k = 0; k < printed.length; k++) {
    const sizes = printed[k]!;
    if (sizes.length > best && matches(groups, g, sizes, groups.last) && !(sizes.length === 3 && isPartOfFour(groups, g, sizes))) {
      let total = 0;
      for (let n = 0; n < sizes.length; n++) {
        takeDigits(s.buf, groups.start[g + n]!, groups.end[g + n]!, total);
        total += sizes[n]!;
      }
      if (judge(s, groups.start[g]!, groups.end[g + sizes.length - 1]!, total, true, isEven(groups, g, sizes.length))) best = sizes.length;
    }
  }
  return best;
}

/** `1234 5678 9012 3456`: twelve digits of the sixteen that are printed, whose check fails, are no shorter card. */
function isPartOfFour({ start, end, gap, first, last }: Groups, g: number, sizes: readonly number[]): boolean {
  if (sizes[1] !== 4 || sizes[2] !== 4) return false;
  const isFour = (k: number): boolean => k >= first && k < last && end[k]! - start[k]! === 4;
  return (gap[g] === gap[g - 1] && isFour(g - 1)) || (gap[g + 2] === gap[g + 1] && isFour(g + 3));
}

/** space, dash, dot, or several of them */
function isCardGap(gap: number): boolean {
  return gap === 0x20 || gap === 0x2d || gap === 0x2e || gap === GAP_MIXED;
}

/** The same single separator everywhere, as cards are printed and not as people type them. */
function isEven(groups: Groups, g: number, count: number): boolean {
  if (groups.gap[g] === GAP_MIXED) return false;
  for (let n = 1; n + 1 < count; n++) if (groups.gap[g + n] !== groups.gap[g]) return false;
  return true;
}

function matches(groups: Groups, g: number, sizes: readonly number[], last: number): boolean {
  if (g + sizes.length > last) return false;
  for (let n = 0; n < sizes.length; n++) {
    if (groups.end[g + n]! - groups.start[g + n]! !== sizes[n]) return false;
    if (n + 1 < sizes.length && !isCardGap(groups.gap[g + n]!)) return false;
  }
  return true;
}

function takeDigits(buf: Uint8Array, start: number, end: number, at: number): boolean {
  for (let k = start; k < end; k++) digit[at++] = buf[k]! - 0x30;
  return true;
}

/** The twelve digits that end a UUID, or what a hex group stands before. */
export function inUuid(buf: Uint8Array, start: number, lo: number): boolean {
  if (start - 6 < lo || buf[start - 1] !== 0x2d || buf[start - 6] !== 0x2d) return false;
  for (let k = start - 5; k < start - 1; k++) if ((CLASS[buf[k]!]! & ALNUM) === 0) return false;
  return true;
}

/** Decides on the digits taken: Luhn must hold; networks' ranges, grouping and context only move the score. */
function judge(s: Search, start: number, end: number, length: number, grouped: boolean, even = true): boolean {
  s.steps += length;
  if (!luhn(length)) return false;
  let same = true;
  for (let k = 1; k < length && same; k++) same = digit[k] === digit[0];
  if (same) return false;
  let score = networkScore(length);
  // groups with several separators are a card only where everything else says so
  if (!even && (score < 0.9 || length < 15)) return false;
  // networks allow lengths that they do not give out, and identifiers of chat systems have them
  if (!grouped && (length === 17 || length === 18)) score = Math.min(score, 0.45);
  if (grouped) score += length === 16 || length === 15 || length === 19 ? 0.3 : 0.05;
  if (score < 0.85) score += evidence(s, start, end, score, grouped || length >= 14);
  s.found(CREDIT_CARD, start, end, score);
  return score >= 0.5;
}

/** What the words around a number add whose range and length alone are not enough. `usual`: other numbers are rarely so long or so written. */
function evidence(s: Search, start: number, end: number, score: number, usual: boolean): number {
  const bits = s.name | s.before(start);
  if ((bits & CARD) !== 0 || isNamedAfter(s, end)) return 0.5;
  const keyed = isKeyed(s.buf, start, s.lo);
  // `INSERT INTO t (id, created) VALUES (7, '…')`: only the word of the value's own key is about it
  if ((bits & AGAINST) !== 0) return usual && !keyed && s.name === 0 && score >= 0.7 ? -0.2 : -0.3;
  if (usual) return score < 0.6 && keyed ? -0.3 : 0;
  if (inProse(s, start, end)) return 0;
  if (end - start === 12 && isMaestro()) return 0.1;
  const neutral = (bits & (ID | IDENTIFIER)) === 0 && !isArticle(end - start);
  return neutral && (keyed ? score > 0.6 && isValueOf(s, start, end) : inField(s, start, end)) ? 0 : -0.3;
}

/** Twelve digits of the ranges that Maestro cards of that length were given out in: one random number in ten thousand begins so. */
function isMaestro(): boolean {
  const four = digit[0]! * 1000 + digit[1]! * 100 + digit[2]! * 10 + digit[3]!;
  return MAESTRO.has(four);
}

const MAESTRO = new Set([5018, 5020, 5038, 5893, 6304, 6390, 6759, 6761, 6762, 6763, 604]);

/** The check digit of article numbers (GS1) holds as well. */
function isArticle(length: number): boolean {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += (length - 1 - k) % 2 === 1 ? digit[k]! * 3 : digit[k]!;
  return sum % 10 === 0;
}

/** A value of SQL or markup; in cells of CSV, in quotes of JSON and behind keys such numbers are identifiers of all kinds. */
function inField({ buf, lo, hi, name }: Search, start: number, end: number): boolean {
  if (name !== 0 || start === lo || end === hi) return false;
  const after = buf[end]!;
  return (buf[start - 1] === 0x27 && after === 0x27) || (buf[start - 1] === 0x3e && after === 0x3c);
}

/** A string of JSON behind its key, or a value of a query: numbers that are counted with stand there without quotes. */
function isValueOf({ buf, lo, hi, name }: Search, start: number, end: number): boolean {
  if (name !== 0 || start === lo || end === hi) return false;
  const before = buf[start - 1]!;
  return (before === 0x22 && buf[end] === 0x22) || (before === 0x3d && buf[end] === 0x26);
}

const AFTER_MAX = 32;

/** `4222222222222 is the card that …`: a word of cards within a few words behind, on the same line. */
function isNamedAfter(s: Search, end: number): boolean {
  const { buf } = s;
  const limit = Math.min(s.hi, end + AFTER_MAX);
  let p = end;
  while (p < limit && ((CLASS[buf[p]!]! & ALPHA) !== 0 || buf[p] === 0x20 || buf[p] === 0x28 || buf[p] === 0x27)) p++;
  s.steps += p - end;
  return p > end + 3 && (evidenceOf(buf, end, p) & CARD) !== 0;
}

/** Words before and behind it, or a whole text of its own: numbers of 12 and 13 digits in cells and behind keys are identifiers of all kinds. */
function inProse(s: Search, start: number, end: number): boolean {
  const { buf, lo, hi } = s;
  if (s.name !== 0) return false;
  if (start === lo) return end === hi;
  if (buf[start - 1] !== 0x20 || start - 2 < lo || !isWordEnd(buf[start - 2]!)) return false;
  if (end >= hi - 1) return true;
  const after = buf[end]!;
  if (after === 0x2c) return buf[end + 1] === 0x20 && end + 2 < hi && (CLASS[buf[end + 2]!]! & ALPHA) !== 0;
  return after === 0x20 ? (CLASS[buf[end + 1]!]! & ALPHA) !== 0 : after === 0x2e || after === 0x0a || after === 0x21 || after === 0x3f;
}

/** a letter, a comma, a full stop */
function isWordEnd(b: number): boolean {
  return (CLASS[b]! & ALPHA) !== 0 || b === 0x2c || b === 0x2e || b >= 0x80;
}

/** Behind a key that says nothing of cards a short number is an identifier of something else: `"account":655223894024`. */
function isKeyed(buf: Uint8Array, start: number, lo: number): boolean {
  let p = start - 1;
  if (p > lo && (buf[p] === 0x22 || buf[p] === 0x27)) p--;
  if (p > lo && buf[p] === 0x20) p--;
  return p > lo && (buf[p] === 0x3a || buf[p] === 0x3d);
}

/** twice a digit, its digits added */
const DOUBLED = Uint8Array.of(0, 2, 4, 6, 8, 1, 3, 5, 7, 9);

function luhn(length: number): boolean {
  let sum = 0;
  let k = length - 1;
  for (; k > 0; k -= 2) sum += digit[k]! + DOUBLED[digit[k - 1]!]!;
  if (k === 0) sum += digit[0]!;
  return sum % 10 === 0;
}

/** How sure the issuer range (ISO/IEC 7812) with the length makes it: 0.9 a network's usual length, 0.6 its range, 0.3 no known range. */
function networkScore(length: number): number {
  const first = digit[0]!;
  const two = first * 10 + digit[1]!;
  const four = two * 100 + digit[2]! * 10 + digit[3]!;
  switch (first) {
    case 4: // Visa
      // thirteen digits are of the last century, and article numbers begin alike
      return length === 16 || length === 19 ? 0.9 : length === 13 ? 0.65 : 0.3;
    case 5:
      if (two >= 51 && two <= 55) return length === 16 ? 0.9 : 0.3; // Mastercard
      return two === 50 || (two >= 56 && two <= 58) ? maestro(length) : 0.3; // Maestro, Elo, Verve, Dankort
    case 2: // Mastercard 2-series, Mir, JCB and Diners of 15 digits
      if (four >= 2221 && four <= 2720) return length === 16 ? 0.9 : 0.3;
      if (four >= 2200 && four <= 2204) return length >= 16 ? 0.9 : 0.3;
      return four === 2131 || four === 2014 || four === 2149 ? (length === 15 ? 0.8 : 0.3) : 0.3;
    case 3:
      if (two === 34 || two === 37) return length === 15 ? 0.9 : 0.3; // American Express
      if (two === 35) return length >= 16 ? 0.9 : 0.3; // JCB
      if (two === 36 || two === 38 || two === 39 || two === 30) return length === 14 ? 0.75 : length >= 16 ? 0.6 : 0.3; // Diners
      return 0.3;
    case 6: // Discover, UnionPay, RuPay, Maestro, InstaPayment
      if (four === 6011 || two === 65 || (four >= 6440 && four <= 6499)) return length >= 16 ? 0.9 : 0.45;
      if (two === 62 || two === 60) return length >= 16 ? 0.9 : 0.4;
      return maestro(length);
    case 8: // Uzcard; UnionPay, RuPay
      if (four === 8600) return length === 16 ? 0.9 : 0.3;
      return (two === 81 || two === 82) && length === 16 ? 0.7 : 0.3;
    case 9: // Troy, Humo
      return (four === 9792 || four === 9860) && length === 16 ? 0.9 : 0.3;
    case 1: // JCB of 15 digits, UATP
      if (four === 1800) return length === 15 ? 0.8 : 0.2;
      return length === 15 ? 0.4 : 0.2;
    default:
      return 0.2;
  }
}

function maestro(length: number): number {
  return length === 16 || length === 19 ? 0.7 : length === 12 || length === 13 ? 0.5 : 0.45;
}

/** So many digits from `start` on, a byte left out behind every `size` of them, that Luhn's check holds for and that are of a network's usual length. */
export function isUsualCard(buf: Uint8Array, start: number, length: number, size: number): boolean {
  let p = start;
  let left = size;
  let same = true;
  for (let k = 0; k < length; k++) {
    if (left === 0) {
      p++;
      left = size;
    }
    const d = buf[p++]! - 0x30;
    if (d < 0 || d > 9) return false;
    digit[k] = d;
    same &&= d === digit[0];
    left--;
  }
  return !same && networkScore(length) >= 0.9 && luhn(length);
}

/** True when the groups from g on are of sizes that cards are printed in, digits unseen: for the gate. */
export function isPrintedCard(groups: Groups, g: number): boolean {
  const first = groups.end[g]! - groups.start[g]!;
  const gap = groups.gap[g]!;
  if ((first !== 4 && first !== 6 && first !== 8) || !isCardGap(gap)) return false;
  for (const sizes of CARD_GROUPINGS) if (sizes[0] === first && matches(groups, g, sizes, groups.count)) return true;
  return false;
}
