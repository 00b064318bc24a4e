import { isUsualCard } from './detectors/cards.js';
import { isTopLevel } from './detectors/email.js';
import { NO_SECRET, strengthOf } from './detectors/names.js';
import { mayBePrinted } from './detectors/national-id.js';
import { AGAINST, CARD, IDENTIFIER, NATIONAL, NETWORK, PHONE, QUALIFIER } from './evidence.js';
import { Groups } from './groups.js';
import { kindId } from './kinds.js';
import { automatonOfCode, IS_CALLING_CODE } from './phone/plans.js';
import type { WholeForm } from './types.js';

const NATIONAL_ID = kindId('national_id');
const PHONE_KIND = kindId('phone');

/** What a name may say for a form to stand for the whole search: nothing here makes another kind of such a value. */
const HARMLESS = AGAINST | IDENTIFIER | NATIONAL | NETWORK | QUALIFIER;

/**
 * The usual way of writing values of a kind, as one loop: most cells of a column are written alike, and a search that knows all kinds
 * takes several times as long. True only where the search for the `wanted` kinds, under a name with these evidence `bits`, finds the
 * whole range as this kind and nothing else; false says nothing. Undefined where there is no such form.
 */
export function wholeForm(kind: string, wanted: Uint8Array, regions: boolean, bits: number): WholeForm | undefined {
  if (strengthOf(bits) !== NO_SECRET) return undefined;
  const ids = wanted[NATIONAL_ID] === 1;
  switch (kind) {
    case 'credit_card':
      if ((bits & ~(HARMLESS | CARD)) !== 0 || (regions && wanted[PHONE_KIND] === 1)) return undefined;
      return ids ? (buf, start, end) => isCard(buf, start, end) && (end - start < FOURS || !FOURS_MAY_BE_ID[buf[start + 4]!]) : isCard;
    case 'phone':
      if ((bits & ~(HARMLESS | PHONE)) !== 0) return undefined;
      return ids ? (buf, start, end) => isInternational(buf, start, end) && !mayBeId(buf, start + 1, end) : isInternational;
    case 'email':
      return (bits & ~HARMLESS) === 0 ? isAddress : undefined;
  }
  return undefined;
}

/** digits behind the `00` that begins the second of four groups of four */
export const DIGITS_ABROAD = 10;
const CODE_DIGITS_MAX = 3;

const groups = new Groups();

/** Digits in groups may be an identifier of some country as well. */
function mayBeId(buf: Uint8Array, start: number, end: number): boolean {
  groups.read(buf, start, end);
  return groups.count > 1 && mayBePrinted(groups, true);
}

/** bytes of sixteen digits in fours, whose separators alone say whether an identifier is written so; digits in one are not told by it */
const FOURS = 19;
const FOURS_MAY_BE_ID = Array.from({ length: 0x2e }, (_, gap) => {
  const fours = Buffer.from(Array(4).fill('1234').join(String.fromCharCode(gap)));
  return (gap === 0x20 || gap === 0x2d) && mayBeId(fours, 0, fours.length);
});

/** Sixteen digits in fours with the same separator, or fifteen or sixteen in one. */
function isCard(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length === FOURS) {
    const gap = buf[start + 4]!;
    if ((gap !== 0x20 && gap !== 0x2d) || buf[start + 9] !== gap || buf[start + 14] !== gap) return false;
    if (dialsAbroad(buf, start)) return false;
    return isUsualCard(buf, start, 16, 4);
  }
  return (length === 16 || length === 15) && isUsualCard(buf, start, length, 16);
}

/**
 * `4000 0044 2079 4601`: the second of four groups begins with `00`, and what follows is a telephone number that ends with a group. Behind the
 * third one there are fewer digits than a number has (phone.ts, international).
 */
function dialsAbroad(buf: Uint8Array, start: number): boolean {
  if (buf[start + 5] !== 0x30 || buf[start + 6] !== 0x30) return false;
  let automaton: ReturnType<typeof automatonOfCode> | undefined;
  let code = 0;
  let state = 0;
  for (let n = 1, p = start + 7; n <= DIGITS_ABROAD; n++, p++) {
    if (n === 3 || n === 7) p++;
    const d = buf[p]! - 0x30;
    if (d < 0 || d > 9) return false;
    if (automaton !== undefined) {
      state = automaton.next(state, d);
      if (state === 0) return false;
      if ((n === 2 || n === 6 || n === DIGITS_ABROAD) && automaton.accepts(state)) return true;
      continue;
    }
    code = code * 10 + d;
    if (code === 0 || n > CODE_DIGITS_MAX) return false;
    if (IS_CALLING_CODE[code] !== 1) continue;
    automaton = automatonOfCode(code);
    state = automaton.start;
  }
  return false;
}

const PHONE_BYTES_MIN = 8;
const PHONE_BYTES_MAX = 22;
/** with twelve digits, groups may be a card or pairs of a hardware address */
const SAFE_DIGITS_MAX = 11;

/** `+1 415 555 2671`: a plus, and digits in groups with single blanks or dashes between that are a valid number (ITU-T E.164). */
function isInternational(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < PHONE_BYTES_MIN || end - start > PHONE_BYTES_MAX || buf[start] !== 0x2b) return false;
  let automaton: ReturnType<typeof automatonOfCode> | undefined;
  let code = 0;
  let state = 0;
  let digits = 0;
  let first = 0;
  let dashes = false;
  // sizes of the group that is read and of the two before it
  let size = 0;
  let before = 0;
  let before2 = 0;
  for (let p = start + 1; p < end; p++) {
    const d = buf[p]! - 0x30;
    if (d >= 0 && d <= 9) {
      digits++;
      size++;
      if (automaton !== undefined) {
        state = automaton.next(state, d);
        if (state === 0) return false;
      } else {
        code = code * 10 + d;
        if (code === 0) return false;
        if (IS_CALLING_CODE[code] === 1) {
          automaton = automatonOfCode(code);
          state = automaton.start;
        } else if (digits === 3) return false;
      }
      continue;
    }
    if ((d !== -0x10 && d !== -3) || size === 0) return false;
    if (d === -3) dashes = true;
    if (first === 0) first = size;
    before2 = before;
    before = size;
    size = 0;
    // what a social security number looks like
    if (before2 === 3 && before === 2) return false;
  }
  if (automaton === undefined || size === 0 || !automaton.accepts(state)) return false;
  if (digits <= SAFE_DIGITS_MAX) return true;
  // in one run, only the ranges of Maestro have cards of twelve digits
  if (first === 0) return digits === 12 && buf[start + 1] !== 0x35 && buf[start + 1] !== 0x36;
  return !dashes && first <= 3 && digits - first <= SAFE_DIGITS_MAX;
}

const LOCAL_MAX = 40;
/** longer runs of letters and digits may be keys */
const WORD_MAX = 19;
/** more digits may be a number of some kind */
const DIGITS_MAX = 5;

/** `jane.doe84@example.com`: small letters with single dots, a few digits in one place of the local part, dots and dashes in the domain. */
function isAddress(buf: Uint8Array, start: number, end: number): boolean {
  let p = start;
  let word = 0;
  let digits = 0;
  let born = false;
  for (; p < end; p++) {
    const b = buf[p]!;
    if (b >= 0x61 && b <= 0x7a) {
      word++;
      if (b === 0x62) born = true;
    } else if (b >= 0x30 && b <= 0x39) {
      if (digits > 0 && !(buf[p - 1]! >= 0x30 && buf[p - 1]! <= 0x39)) return false;
      digits++;
      word++;
    } else if (b === 0x2e) {
      if (word === 0) return false;
      word = 0;
    } else break;
    if (word > WORD_MAX) return false;
  }
  if (p >= end || buf[p] !== 0x40 || word === 0 || digits > DIGITS_MAX || p - start > LOCAL_MAX) return false;
  // `birth1004`: four digits can be a date, and all words for it have this letter
  if (born && digits > 3) return false;
  let dot = -1;
  word = 0;
  for (p++; p < end; p++) {
    const b = buf[p]!;
    if (b >= 0x61 && b <= 0x7a) word++;
    else if ((b === 0x2e || b === 0x2d) && word > 0) {
      if (b === 0x2e) dot = p;
      word = 0;
    } else return false;
    if (word > WORD_MAX) return false;
  }
  return dot > 0 && word > 1 && word === end - dot - 1 && isTopLevel(buf, dot + 1, end);
}
