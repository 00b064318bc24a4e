import { ALNUM, ALPHA, besideUuidPart, CLASS, DIGIT } from '../bytes.js';
import { NATIONAL_NAME, SSN as SSN_NAME } from '../evidence.js';
import { GROUPS_OVERLAP, Groups, isGap } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { besideCard } from './card-beside.js';
import { CARD_DIGITS_MIN, cardAt, scientificCard } from './cards.js';
import { IBAN_SURE, ibanHolds, noteIban } from './iban.js';
import { ipv4At } from './ip.js';
import { LABELLED_KINDS, labelledIn, labelledWord } from './labelled.js';
import { macAt, macInDigits } from './mac.js';
import { nationalIdIn, nationalIdWord } from './national-id.js';
import { phoneIn } from './phone.js';
import { ssnAt } from './ssn.js';
import { walletWord } from './wallet.js';

const CARD = kindId('credit_card');
const TRACK = kindId('card_track');
const EXPIRY = kindId('card_expiry');
const CVV = kindId('card_cvv');
const WALLET = kindId('crypto_wallet');
const PHONE = kindId('phone');
const SSN = kindId('us_ssn');
const ITIN = kindId('us_itin');
const IP = kindId('ip_address');
const MAC = kindId('mac_address');
const IBAN = kindId('iban');
const NATIONAL_ID = kindId('national_id');

/** Kinds that digits can begin. */
export const DIGIT_KINDS: readonly number[] = [CARD, PHONE, SSN, ITIN, IP, MAC, IBAN, NATIONAL_ID, TRACK, EXPIRY, CVV, ...LABELLED_KINDS];
/** Kinds that stand beside a card: cards are looked for when only these are wanted. */
export const CARD_KINDS: readonly number[] = [CARD, TRACK, EXPIRY, CVV];

const groups = new Groups();
/** a word longer than this is a hash, a key or base64, and no identifier */
const WORD_MAX = 40;

/** Looks at the run of digits that begins at `at` for every kind made of digits. Returns where the scan goes on. */
export function numberAt(s: Search, at: number): number {
  const { buf, lo, hi, wanted } = s;
  const before = at > lo ? buf[at - 1]! : 0;
  if (before === 0x25 && isEncodedBlank(buf, at, hi)) {
    const { count } = s;
    const next = numberAt(s, at + 2);
    if (s.count > count) return next;
  }
  groups.read(buf, at, hi);
  const { until } = groups;
  s.steps += until - at;
  const touchesLeft = (CLASS[before]! & ALPHA) !== 0 && !isTrackStart(buf, at, lo);
  const after = until < hi ? buf[until]! : 0;
  const touchesRight = !groups.more && (CLASS[after]! & ALPHA) !== 0;
  groups.first = touchesLeft ? 1 : 0;
  groups.last = touchesRight ? groups.count - 1 : groups.count;
  groups.extension = touchesRight && (after | 0x20) === 0x78 && (CLASS[buf[until + 1] ?? 0]! & DIGIT) !== 0;

  // a sole short group is nobody's number: the case of nearly all digits there are
  const many = groups.count > 1 || groups.end[0]! - groups.start[0]! >= 6;
  if (touchesLeft && wanted[IBAN] === 1) {
    const account = ibanBefore(s, at);
    // what else would be found stands within it and is less sure
    if (account >= until && s.score[s.count - 1]! >= IBAN_SURE && !goesOn(buf, account, hi) && !saysMore(s, groups.count > 1 ? 1 : 0))
      return account;
  }
  measure(groups);
  if (total >= CARD_DIGITS_MIN && s.cards) {
    if (touchesRight && dots > 0) {
      const end = scientificCard(s, groups);
      if (end > 0) return end;
    }
    if (touchesLeft || touchesRight) gluedCards(s, at, touchesLeft, touchesRight);
    if (many && cardsIn(s) && isNoOther(s, before)) {
      if (wanted[MAC] === 1) macAt(s, until);
      return until;
    }
  }
  if (many) {
    if (socials && (wanted[SSN] === 1 || wanted[ITIN] === 1)) for (let g = groups.first; g < groups.last; g++) ssnAt(s, groups, g);
    if (dots > 2 && wanted[IP] === 1) for (let g = groups.first; g < groups.last; g++) ipv4At(s, groups, g);
    if (wanted[PHONE] === 1) {
      const plus = !touchesLeft && (before === 0x2b || (before === 0x28 && at - 2 >= lo && buf[at - 2] === 0x2b)) && !precededByWord(s, at);
      if (plus || total >= PHONE_TOTAL_MIN) phoneIn(s, groups, plus);
    }
    const national = wanted[NATIONAL_ID] === 1;
    if ((national || s.labelled) && !besideUuidPart(buf, at, until, lo, hi)) {
      if (national) nationalIdIn(s, groups);
      if (s.labelled) labelledIn(s, groups);
    }
  }
  if (wanted[MAC] === 1) macInDigits(s, groups);
  if (groups.more) return groups.start[groups.count - GROUPS_OVERLAP]!;
  return touchesLeft || touchesRight ? word(s, at, touchesLeft, touchesRight) : until;
}

/** The IBAN whose letters stand before the digit at `at`: where it ends, 0 when there is none. */
function ibanBefore(s: Search, at: number): number {
  const { buf, lo, hi } = s;
  const start = at - 2;
  if (start < lo || (CLASS[buf[start]!]! & ALPHA) === 0 || (start > lo && (CLASS[buf[start - 1]!]! & ALNUM) !== 0)) return 0;
  const until = ibanHolds(buf, start, hi);
  if (until === 0) return 0;
  let end = at;
  while (end < hi && (CLASS[buf[end]!]! & ALNUM) !== 0) end++;
  // `be41aa29-1d09-` is the beginning of a UUID
  if (besideUuidPart(buf, start, end, lo, hi) && isUuidWord(buf, start, end, lo)) return 0;
  return noteIban(s, start, until) ? until : 0;
}

/** The digits or the word that end before `at` go on behind a separator. */
function goesOn(buf: Uint8Array, at: number, hi: number): boolean {
  if (at < hi && buf[at] === 0x2d) return true;
  if ((CLASS[buf[at - 1]!]! & DIGIT) === 0) return false;
  let p = at;
  while (p < hi && p - at < 3 && isGap(buf[p]!)) p++;
  return p > at && p < hi && (CLASS[buf[p]!]! & DIGIT) !== 0;
}

/** `ssn%20536-90-4399`: the run's first digits are those of an encoded blank, if what is behind them is a value. */
function isEncodedBlank(buf: Uint8Array, at: number, hi: number): boolean {
  return at + 2 < hi && buf[at] === 0x32 && buf[at + 1] === 0x30 && (CLASS[buf[at + 2]!]! & DIGIT) !== 0;
}

/** digits of the run that is read, groups that a dot is behind, and whether groups are of the sizes of social security numbers */
let total = 0;
let dots = 0;
let socials = false;

/** fewest digits in groups that are a telephone number */
const PHONE_TOTAL_MIN = 6;

/** What a run must have for some judges to be asked at all. */
function measure({ start, end, gap, count }: Groups): void {
  total = 0;
  dots = 0;
  socials = false;
  let before = 0;
  for (let g = 0; g < count; g++) {
    const size = end[g]! - start[g]!;
    total += size;
    if (gap[g] === 0x2e) dots++;
    if (size === 9 || (size === 2 && before === 3)) socials = true;
    before = size;
  }
}

/** Cards that begin with any of the groups. True when one is all of the run, and surer than anything can be. */
function cardsIn(s: Search): boolean {
  for (let g = groups.first; g < groups.last; g++) {
    const until = cardAt(s, groups, g);
    const sure = until > g && s.score[s.count - 1]! >= 1;
    if (until > g) besideCard(s, groups.start[g]!, groups.end[until - 1]!);
    // behind a card that ends the run other cards could only lie inside it: the span stays the same without them
    if (until === groups.last) return sure && g === 0 && until === groups.count && !groups.more;
  }
  return false;
}

/**
 * What else the digits of such a card could be lies within it and names nothing: no sign before it makes them longer, no words make them an
 * identifier, and no telephone number is as long.
 */
function isNoOther(s: Search, before: number): boolean {
  if (total < TELEPHONE_LESS || before === 0x2b || before === 0x2d || before === 0x28) return false;
  return !saysMore(s, 0);
}

/** The words before the group speak of numbers that letters beside the digits are part of. */
function saysMore(s: Search, g: number): boolean {
  return ((s.name | s.before(groups.start[g]!)) & (NATIONAL_NAME | SSN_NAME)) !== 0;
}

/** more digits than a telephone number has, with what is dialled before it */
const TELEPHONE_LESS = 16;

/**
 * Cards with letters stuck to them (`'x' || card` is the least that somebody would try): printed groups always, plain digits
 * where the letters are a word of their own, so that hashes and keys stay what they are.
 */
function gluedCards(s: Search, at: number, touchesLeft: boolean, touchesRight: boolean): void {
  const { first, last, count } = groups;
  groups.first = 0;
  groups.last = count;
  const wordLeft = touchesLeft && isWord(s, at - 1, -1);
  const wordRight = touchesRight && isWord(s, groups.until, 1);
  for (let g = 0; g < count; g++) {
    const left = g === 0 && touchesLeft;
    const right = g === count - 1 && touchesRight;
    const plain = (left || right) && (!left || wordLeft) && (!right || wordRight);
    if (left || touchesRight) cardAt(s, groups, g, plain ? 'glued' : left || right ? 'grouped' : 'free');
  }
  groups.first = first;
  groups.last = last;
}

/** Only letters from here on, a short word of them, up to something that is neither letter nor digit. */
function isWord({ buf, lo, hi }: Search, from: number, step: 1 | -1): boolean {
  let k = from;
  for (let n = 0; n <= GLUED_LETTERS_MAX; n++, k += step) {
    if (k < lo || k >= hi || (CLASS[buf[k]!]! & ALNUM) === 0) return true;
    if ((CLASS[buf[k]!]! & ALPHA) === 0) return false;
  }
  return false;
}

const GLUED_LETTERS_MAX = 24;

/** Words of letters and digits: identifiers of countries, IBANs. Returns the end of the last word read. */
function word(s: Search, at: number, touchesLeft: boolean, touchesRight: boolean): number {
  const { buf, lo, hi } = s;
  let start = at;
  if (touchesLeft) {
    const floor = Math.max(lo, at - WORD_MAX);
    while (start > floor && (CLASS[buf[start - 1]!]! & ALPHA) !== 0) start--;
    s.steps += at - start;
  }
  let end = groups.until;
  while (end < hi && (CLASS[buf[end]!]! & ALNUM) !== 0) end++;
  s.steps += end - groups.until;
  const firstEnd = groups.count === 1 ? end : groups.end[0]!;
  const bounded = start === lo || (CLASS[buf[start - 1]!]! & ALNUM) === 0;
  if (bounded && (touchesLeft || groups.count === 1)) {
    ownWord(s, start, firstEnd);
  }
  if (touchesRight && groups.count > 1) ownWord(s, groups.start[groups.count - 1]!, end);
  return end;
}

/** ISO/IEC 7813 track 1 begins with `%B`. */
function isTrackStart(buf: Uint8Array, at: number, lo: number): boolean {
  return at - 2 >= lo && buf[at - 1] === 0x42 && buf[at - 2] === 0x25;
}

/** A plus between words or digits adds or is base64; it does not begin a number. */
function precededByWord(s: Search, at: number): boolean {
  const plus = s.buf[at - 1] === 0x2b ? at - 1 : at - 2;
  return plus > s.lo && (CLASS[s.buf[plus - 1]!]! & ALNUM) !== 0;
}

/** A whole word of letters and digits. */
function ownWord(s: Search, start: number, end: number): void {
  const { buf, lo, hi, wanted } = s;
  const length = end - start;
  if (length >= 25) {
    if (wanted[WALLET] === 1) walletWord(s, start, end);
    if (length === 42 && s.labelled) labelledWord(s, start, end);
    if (length > WORD_MAX) return;
  }
  const beside = besideUuidPart(buf, start, end, lo, hi);
  if (s.labelled && length <= 24 && !(beside && isUuidWord(buf, start, end, lo))) labelledWord(s, start, end);
  if (wanted[NATIONAL_ID] === 1 && !beside) nationalIdWord(s, start, end);
}

/** What has four hex digits beside it is a UUID's part only behind a dash or with eight digits: `F255-9215-0094` is none. */
function isUuidWord(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  return end - start === 8 || (start > lo && buf[start - 1] === 0x2d);
}
