import { countrySpecs } from 'ibantools';
import { ALNUM, ALPHA, CLASS, DIGIT, HEX, latin1 } from '../bytes.js';

/** The forms of values that a label names. Each says of buf[start, end) whether it can be one; none looks outside it. */

export function countDigits(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & DIGIT) !== 0) n++;
  return n;
}

/** Digits only, separators dropped; empty when there is anything else. */
function digitsOf(buf: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & DIGIT) !== 0) text += String.fromCharCode(b);
    else if (b !== 0x20 && b !== 0x2d && b !== 0x2f && b !== 0x2e) return '';
  }
  return text;
}

/** ISO/IEC 7812-1, annex B */
function luhn(digits: string): boolean {
  let sum = 0;
  for (let k = 0; k < digits.length; k++) {
    const d = (digits.charCodeAt(digits.length - 1 - k) - 0x30) * (1 + (k & 1));
    sum += d > 9 ? d - 9 : d;
  }
  return sum % 10 === 0;
}

/** 3GPP TS 23.003 section 6.2: fifteen digits, the last by Luhn; the IMEISV has sixteen and no check. */
export function isImei(buf: Uint8Array, start: number, end: number): boolean {
  const digits = digitsOf(buf, start, end);
  return (digits.length === 15 && luhn(digits) && !isSame(digits)) || digits.length === 16;
}

function isSame(digits: string): boolean {
  for (let k = 1; k < digits.length; k++) if (digits[k] !== digits[0]) return false;
  return true;
}

/** ISO 3779: seventeen letters and digits, never I, O and Q. */
export function isVin(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 17) return false;
  let digits = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & ALNUM) === 0) return false;
    if ((CLASS[b]! & DIGIT) !== 0) digits++;
    else if ((b | 0x20) === 0x69 || (b | 0x20) === 0x6f || (b | 0x20) === 0x71) return false;
  }
  return digits >= 3 && digits <= 16;
}

const VIN_WEIGHTS = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
const VIN_VALUES = '12345678012345070923456789';

/** 49 CFR 565.15: the ninth character is the weighted sum modulo 11. */
export function hasVinCheck(buf: Uint8Array, start: number): boolean {
  let sum = 0;
  for (let k = 0; k < 17; k++) {
    const b = buf[start + k]!;
    const value = (CLASS[b]! & DIGIT) !== 0 ? b - 0x30 : VIN_VALUES.charCodeAt((b | 0x20) - 0x61) - 0x30;
    sum += value * VIN_WEIGHTS[k]!;
  }
  const rest = sum % 11;
  return buf[start + 8]! === (rest === 10 ? 0x58 : 0x30 + rest);
}

/** Without a name: capitals, of North America (first 1 to 5), where the check digit is compulsory and the last four are digits. */
export function standsAsVin(buf: Uint8Array, start: number): boolean {
  const first = buf[start]!;
  if (first < 0x31 || first > 0x35) return false;
  let letters = 0;
  for (let k = start; k < start + 17; k++) {
    const b = buf[k]!;
    if (b >= 0x61) return false;
    if (b > 0x39) letters++;
  }
  if (letters < 3 || countDigits(buf, start + 13, start + 17) !== 4) return false;
  return isVin(buf, start, start + 17) && hasVinCheck(buf, start);
}

/** ICAO Doc 9303 part 4: up to nine letters and digits; the countries have at least five digits of six. */
export function isPassport(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 6 || length > 10) return false;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALNUM) === 0) return false;
  const digits = countDigits(buf, start, end);
  return digits >= 5 && length - digits <= 3;
}

/** A number somebody was given: letters, digits and single dashes, four digits at least. */
export function isTicket(buf: Uint8Array, start: number, end: number, min: number, max: number): boolean {
  const length = end - start;
  if (length < min || length > max) return false;
  for (let k = start; k < end; k++)
    if ((CLASS[buf[k]!]! & ALNUM) === 0 && ((buf[k] !== 0x2d && buf[k] !== 0x20) || k === start || k === end - 1)) return false;
  return countDigits(buf, start, end) >= 4 && !isDay(buf, start, end);
}

/** `2024-03-17` is a date beside the number, not the number. */
function isDay(buf: Uint8Array, start: number, end: number): boolean {
  return (
    end - start === 10 && ((buf[start + 4] === 0x2d && buf[start + 7] === 0x2d) || (buf[start + 2] === 0x2d && buf[start + 5] === 0x2d))
  );
}

/** US National Provider Identifier: ten digits, Luhn over 80840 and them (45 CFR 162.406). */
export function isNpi(buf: Uint8Array, start: number, end: number): boolean {
  const digits = digitsOf(buf, start, end);
  return end - start === 10 && (digits[0] === '1' || digits[0] === '2') && luhn(`80840${digits}`);
}

/** NHS number: ten digits, the last modulo 11 (NHS Data Dictionary). */
export function isNhs(buf: Uint8Array, start: number, end: number): boolean {
  const digits = digitsOf(buf, start, end);
  if (digits.length !== 10) return false;
  let sum = 0;
  for (let k = 0; k < 9; k++) sum += (digits.charCodeAt(k) - 0x30) * (10 - k);
  return (11 - (sum % 11)) % 11 === digits.charCodeAt(9) - 0x30;
}

/** C 1-9, A letter, N digit, X either; letters without S, L, O, I, B and Z (CMS, Understanding the MBI) */
const MBI = 'CAXNAXNAANN';

/** A Medicare Beneficiary Identifier, with the dashes of the card or without. */
export function isMbi(buf: Uint8Array, start: number, end: number): boolean {
  const dashes = end - start === 13;
  if ((end - start !== 11 && !dashes) || end > buf.length) return false;
  let p = start;
  for (let k = 0; k < MBI.length; k++, p++) {
    if (dashes && (k === 4 || k === 7) && buf[p++] !== 0x2d) return false;
    const b = buf[p]!;
    const digit = (CLASS[b]! & DIGIT) !== 0;
    const letter = b >= 0x41 && b <= 0x5a && !'SLOIBZ'.includes(String.fromCharCode(b));
    const want = MBI[k];
    if (want === 'A' ? !letter : want === 'X' ? !letter && !digit : !digit || (want === 'C' && b === 0x30)) return false;
  }
  return true;
}

/** ISO 9362: four letters of the institution, a country, two of the place, three of the branch or none. */
export function isBic(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length !== 8 && length !== 11) return false;
  for (let k = 0; k < length; k++) {
    const b = buf[start + k]!;
    if (k < 6 ? b < 0x41 || b > 0x5a : (CLASS[b]! & ALNUM) === 0 || b > 0x5a) return false;
  }
  return countrySpecs[latin1(buf, start + 4, start + 6)] !== undefined;
}

/** `04/29`, `04/2029`, `2029-04`, `0429` */
export function isExpiry(buf: Uint8Array, start: number, end: number): boolean {
  const digits = digitsOf(buf, start, end);
  const length = digits.length;
  if ((length !== 4 && length !== 6) || end - start > length + 3) return false;
  const month = (at: number): boolean => {
    const n = Number(digits.slice(at, at + 2));
    return n >= 1 && n <= 12;
  };
  return month(0) || (length === 6 && digits.startsWith('20') && month(4));
}

/** One past a signed number of degrees with at least four digits behind the dot; 0 when there is none. */
export function degreesEnd(buf: Uint8Array, start: number, end: number): number {
  let p = start;
  if (buf[p] === 0x2d || buf[p] === 0x2b) p++;
  const whole = p;
  while (p < end && p - whole < 4 && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
  if (p === whole || p - whole > 3 || p >= end || buf[p] !== 0x2e) return 0;
  const fraction = ++p;
  while (p < end && p - fraction < 20 && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
  return p - fraction >= 4 && p - fraction < 20 ? p : 0;
}

export function degrees(buf: Uint8Array, start: number, end: number): number {
  return Math.abs(Number(latin1(buf, start, end)));
}

/** One past latitude and longitude with a comma between, ISO 6709 order; 0 when it is none. */
export function pairEnd(buf: Uint8Array, start: number, end: number): number {
  const one = degreesEnd(buf, start, end);
  if (one === 0 || degrees(buf, start, one) > 90) return 0;
  let p = one;
  if (p >= end || buf[p++] !== 0x2c) return 0;
  if (buf[p] === 0x20) p++;
  const two = p < end ? degreesEnd(buf, p, end) : 0;
  return two > 0 && degrees(buf, p, two) <= 180 ? two : 0;
}

/** `0x` and forty hex digits. */
export function isEthereum(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start !== 42 || buf[start] !== 0x30 || buf[start + 1] !== 0x78) return false;
  for (let k = start + 2; k < end; k++) if ((CLASS[buf[k]!]! & HEX) === 0) return false;
  return true;
}

/** Words that begin with a capital or are of another script; what forms print about the field itself is none. */
export function isPersonName(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length > 80 || !isCapital(buf[start]!)) return false;
  let letters = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & ALPHA) !== 0 || b >= 0x80) letters++;
    else if (b !== 0x20 && b !== 0x2d && b !== 0x27 && b !== 0x2e && b !== 0x2c) return false;
  }
  if (letters < 2) return false;
  const text = latin1(buf, start, end).toLowerCase();
  return !text.includes('name') && !NO_NAMES.has(text);
}

const NO_NAMES = new Set(['null', 'none', 'string', 'true', 'false', 'unknown', 'undefined', 'required', 'optional', 'text', 'n.a.']);

function isCapital(b: number): boolean {
  return (b >= 0x41 && b <= 0x5a) || b >= 0x80;
}

/** A street and a number: letters, digits and a blank, nothing that addresses of machines have. */
export function isPlace(buf: Uint8Array, start: number, end: number): boolean {
  let digits = 0;
  let letters = 0;
  let blanks = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & DIGIT) !== 0) digits++;
    else if ((CLASS[b]! & ALPHA) !== 0 || b >= 0x80) letters++;
    else if (b === 0x20) blanks++;
    else if (b === 0x40 || b === 0x3a || b === 0x3d || b === 0x7b || b === 0x3c || b === 0x5f) return false;
  }
  return digits > 0 && letters > 2 && blanks > 0;
}
