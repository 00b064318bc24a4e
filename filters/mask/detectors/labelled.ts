import { ALNUM, ALPHA, CLASS, DIGIT } from '../bytes.js';
import { BIRTH as BIRTH_NAME, evidenceOf, LABEL } from '../evidence.js';
import type { Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import * as L from '../labels.js';
import type { Search } from '../search.js';
import { numericDate } from './birth.js';
import * as form from './labelled-forms.js';

const CVV = kindId('card_cvv');
const EXPIRY = kindId('card_expiry');
const BIC = kindId('bic');
const PASSPORT = kindId('passport');
const DRIVER = kindId('drivers_license');
const IMEI = kindId('imei');
const VIN = kindId('vin');
const GPS = kindId('gps_coordinates');
const WALLET = kindId('crypto_wallet');
const MEDICAL = kindId('medical_id');
const PERSON = kindId('person_name');
const ADDRESS = kindId('postal_address');
const BIRTH = kindId('date_of_birth');

/** Kinds that words before digits name. */
export const LABELLED_KINDS: readonly number[] = [BIC, PASSPORT, DRIVER, IMEI, VIN, GPS, WALLET, MEDICAL, BIRTH];
/** Kinds that only a key names. */
export const KEYED_KINDS: readonly number[] = [CVV, EXPIRY, BIC, PERSON, ADDRESS];

/** by label, for the names of columns */
const KIND_OF_LABEL: readonly (readonly [label: number, kind: number])[] = [
  [L.L_CVV, CVV],
  [L.L_EXPIRY, EXPIRY],
  [L.L_BIC, BIC],
  [L.L_PASSPORT, PASSPORT],
  [L.L_DRIVER, DRIVER],
  [L.L_IMEI, IMEI],
  [L.L_VIN, VIN],
  [L.L_GPS | L.L_LATITUDE | L.L_LONGITUDE, GPS],
  [L.L_WALLET, WALLET],
  [L.L_NPI | L.L_MBI | L.L_NHS | L.L_MEDICAL, MEDICAL],
  [L.L_PERSON, PERSON],
  [L.L_ADDRESS, ADDRESS],
];

/** The labels that name some wanted kind. */
export function wantedLabels(wanted: Uint8Array): number {
  let bits = 0;
  for (const [label, kind] of KIND_OF_LABEL) if (wanted[kind] === 1) bits |= label;
  return bits;
}

/** longest value that a label names, bytes */
const VALUE_MAX = 128;
const TOKEN_MAX = 24;

/** A value whose label is known: buf[start, end) is all of it. */
export function judgeLabelled(s: Search, start: number, end: number, labels: number): void {
  const { buf } = s;
  const length = end - start;
  if (length < 3 || length > VALUE_MAX) return;
  s.steps += length;
  if ((labels & L.L_PERSON) !== 0 && form.isPersonName(buf, start, end)) s.found(PERSON, start, end, 0.75);
  if ((labels & L.L_ADDRESS) !== 0 && form.isPlace(buf, start, end)) s.found(ADDRESS, start, end, 0.75);
  if ((labels & (L.L_GPS | L.L_LATITUDE | L.L_LONGITUDE)) !== 0) gps(s, start, end, labels);
  if ((labels & L.L_WALLET) !== 0 && form.isEthereum(buf, start, end)) s.found(WALLET, start, end, 0.9);
  if (length > TOKEN_MAX) return;
  if ((labels & L.L_CVV) !== 0 && length <= 4 && form.countDigits(buf, start, end) === length) s.found(CVV, start, end, 0.85);
  if ((labels & L.L_EXPIRY) !== 0 && form.isExpiry(buf, start, end)) s.found(EXPIRY, start, end, 0.8);
  if ((labels & L.L_BIC) !== 0 && form.isBic(buf, start, end)) s.found(BIC, start, end, 0.85);
  if ((labels & L.L_IMEI) !== 0 && form.isImei(buf, start, end)) s.found(IMEI, start, end, 0.95);
  if ((labels & L.L_VIN) !== 0 && form.isVin(buf, start, end)) s.found(VIN, start, end, form.hasVinCheck(buf, start) ? 0.95 : 0.75);
  if ((labels & L.L_PASSPORT) !== 0 && form.isPassport(buf, start, end)) s.found(PASSPORT, start, end, 0.85);
  if ((labels & L.L_DRIVER) !== 0 && form.isTicket(buf, start, end, 6, 20)) s.found(DRIVER, start, end, 0.8);
  medical(s, start, end, labels);
}

function medical(s: Search, start: number, end: number, labels: number): void {
  const { buf } = s;
  if ((labels & L.L_NHS) !== 0 && form.isNhs(buf, start, end)) s.found(MEDICAL, start, end, 0.97);
  else if ((labels & L.L_NPI) !== 0 && form.isNpi(buf, start, end)) s.found(MEDICAL, start, end, 0.95);
  else if ((labels & (L.L_MBI | L.L_MEDICAL)) !== 0 && form.isMbi(buf, start, end)) s.found(MEDICAL, start, end, 0.95);
  else if ((labels & L.L_MEDICAL) !== 0 && form.isTicket(buf, start, end, 5, 20)) s.found(MEDICAL, start, end, 0.7);
}

/** One of latitude and longitude with its sign, or both with a comma between. */
function gps(s: Search, start: number, end: number, labels: number): void {
  const one = form.degreesEnd(s.buf, start, end);
  if (one === 0) return;
  if (one === end) {
    const size = form.degrees(s.buf, start, end);
    const both = (labels & L.L_LONGITUDE) !== 0 ? 180 : 90;
    if ((labels & (L.L_LATITUDE | L.L_LONGITUDE)) !== 0 && size <= both) s.found(GPS, start, end, 0.7);
    return;
  }
  if (form.pairEnd(s.buf, start, end) === end) s.found(GPS, start, end, 0.85);
}

/** `"coordinates":[[[13.4,52.5],…`: the outline of something on a map (RFC 7946, 3.1.4 and on); a place of one has a single bracket. */
function inOutline(buf: Uint8Array, at: number, lo: number): boolean {
  let brackets = 0;
  for (let p = at - 1; p >= lo && at - p < 64 && (buf[p] === 0x5b || buf[p]! <= 0x20); p--) if (buf[p] === 0x5b) brackets++;
  return brackets > 1;
}

/** Numbers in a run of digits that the words before it name. */
export function labelledIn(s: Search, groups: Groups): void {
  if (groups.last <= groups.first) return;
  const start = groups.start[groups.first]!;
  const end = groups.end[groups.last - 1]!;
  if (end - start < 6) return;
  const minus = start > s.lo && s.buf[start - 1] === 0x2d;
  if (s.wanted[BIRTH] === 1) birthIn(s, start);
  const labels = labelsAt(s, minus ? start - 1 : start);
  if (labels === 0) return;
  if ((labels & (L.L_GPS | L.L_LATITUDE | L.L_LONGITUDE)) !== 0) {
    const from = minus ? start - 1 : start;
    if (inOutline(s.buf, from, s.lo)) return;
    const pair = form.pairEnd(s.buf, from, s.hi);
    gps(s, from, pair > 0 ? pair : form.degreesEnd(s.buf, from, s.hi), labels);
  }
  judgeLabelled(s, start, end, labels & ~(L.L_GPS | L.L_LATITUDE | L.L_LONGITUDE));
  const first = groups.end[groups.first]!;
  if (first < end && first - start >= 6) judgeLabelled(s, start, first, labels & (L.L_PASSPORT | L.L_DRIVER | L.L_MEDICAL));
}

/** `geboren am 17.03.1984`: a date behind a word for birth that birth.ts has no letter to stop at. */
function birthIn(s: Search, start: number): void {
  if ((s.before(start) & BIRTH_OF_THE_WORLD) !== BIRTH_OF_THE_WORLD) return;
  s.steps += L.LABEL_REACH;
  const { buf } = s;
  if ((evidenceOf(buf, L.labelStart(buf, start, s.lo), start) & BIRTH_NAME) === 0) return;
  const end = numericDate(buf, start, s.hi);
  if (end > start) s.found(BIRTH, start, end, 0.85);
}

const BIRTH_OF_THE_WORLD = BIRTH_NAME | LABEL;

/** A word of letters and digits: what the words before it name, and what needs no name. */
export function labelledWord(s: Search, start: number, end: number): void {
  const { buf, wanted } = s;
  const length = end - start;
  if (length < 3 || length > 128) return;
  if (wanted[VIN] === 1 && length === 17 && form.standsAsVin(buf, start)) s.found(VIN, start, end, 0.65);
  if (wanted[MEDICAL] === 1 && length === 4 && start + 13 <= s.hi && form.isMbi(buf, start, start + 13) && !joins(s, start + 13))
    s.found(MEDICAL, start, start + 13, 0.85);
  if (!mayBeLabelled(buf, start, end)) return;
  const labels = labelsAt(s, start);
  if (labels === 0) return;
  judgeLabelled(s, start, end, labels);
  if ((labels & (L.L_DRIVER | L.L_MEDICAL)) === 0 || buf[end] !== 0x2d) return;
  let until = end;
  while (until < s.hi && until - start <= TOKEN_MAX && ((CLASS[buf[until]!]! & ALNUM) !== 0 || buf[until] === 0x2d)) until++;
  if (buf[until - 1] === 0x2d) until--;
  if (until - start <= TOKEN_MAX) judgeLabelled(s, start, until, labels & (L.L_DRIVER | L.L_MEDICAL));
}

/** Long enough for a number that a label names, or its first part before a dash: times and units (`T10`, `123Z`) are not looked at. */
export function mayBeLabelled(buf: Uint8Array, start: number, end: number): boolean {
  return end - start >= 6 || (end - start >= 3 && buf[end] === 0x2d);
}

function joins(s: Search, at: number): boolean {
  return at < s.hi && ((CLASS[s.buf[at]!]! & ALNUM) !== 0 || s.buf[at] === 0x2d);
}

function labelsAt(s: Search, start: number): number {
  if ((s.before(start) & LABEL) === 0) return 0;
  s.steps += 48;
  return L.labelsBefore(s.buf, start, s.lo) & L.NUMBER_LABELS;
}

/** The value of a key (`"cvv": "123"`, `bic=DEUTDEFF`); names and addresses only where they are quoted, for else their end is anybody's guess. */
export function keyedAt(s: Search, op: number): void {
  const labels = L.labelsOfKey(s.buf, op, s.lo);
  if (labels === 0) return;
  const { buf, hi } = s;
  let start = op + 1;
  while (start < hi && start - op <= 3 && buf[start] === 0x20) start++;
  const escaped = start + 1 < hi && buf[start] === 0x5c && buf[start + 1] === 0x22;
  if (escaped) start++;
  const quote = buf[start]!;
  const limit = Math.min(hi, start + VALUE_MAX);
  let end = start;
  if (quote === 0x22 || quote === 0x27) {
    end = ++start;
    while (end < limit && buf[end] !== quote && buf[end]! >= 0x20 && buf[end] !== 0x5c) end++;
    if (end < limit && buf[escaped ? end + 1 : end] === quote) judgeLabelled(s, start, end, labels);
  } else {
    while (end < limit && ((CLASS[buf[end]!]! & ALNUM) !== 0 || buf[end] === 0x2f || buf[end] === 0x2d)) end++;
    judgeLabelled(s, start, end, labels & ~(L.L_PERSON | L.L_ADDRESS));
  }
  s.steps += end - op + 40;
}

const BIC_REACH = 16;
/** is, ist, code, swift */
const BIC_WORD_MAX = 5;

/** `BIC DEUTDEFF`: letters only, so there is no digit to anchor on; `at` is the B. */
export function bicAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  if (!isBicWord(buf, at, lo, hi)) return;
  let p = at + 3;
  const limit = Math.min(hi, at + BIC_REACH);
  // `BIC is X`, `BIC code: X`: a short word more
  for (let words = 0; words < 2; words++) {
    while (p < limit && (CLASS[buf[p]!]! & ALNUM) === 0) p++;
    let end = p;
    while (end < hi && end - p < 12 && (CLASS[buf[end]!]! & ALNUM) !== 0) end++;
    s.steps += end - p;
    if (form.isBic(buf, p, end)) s.found(BIC, p, end, 0.85);
    if (end - p > BIC_WORD_MAX) return;
    p = end;
  }
}

/** The word BIC in capitals. */
export function isBicWord(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
  if (at + 4 > hi || buf[at] !== 0x42 || buf[at + 1] !== 0x49 || buf[at + 2] !== 0x43) return false;
  return (CLASS[buf[at + 3]!]! & (ALPHA | DIGIT)) === 0 && (at === lo || (CLASS[buf[at - 1]!]! & ALNUM) === 0);
}
