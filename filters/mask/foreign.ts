import type { Kind } from './types.js';

/**
 * Digits, blanks, dashes and letters that numbers are written with beside those of ASCII, in UTF-8: full-width forms, digits of other
 * scripts, blanks that do not break, dashes, and what has no width (ZWSP, soft hyphen, marks of direction, the soft line end of quoted-printable).
 */

/** bytes of the character that was looked at last */
export let foreignLength = 0;

/** What stands for the character at `at` in ASCII; 0 for what has no width; -1 where it is none of these. */
export function foreign(buf: Uint8Array, at: number, hi: number): number {
  const a = buf[at]!;
  if (a === 0x3d) return softEnd(buf, at, hi);
  if (a < 0xc2 || at + 2 > hi) return -1;
  const b = buf[at + 1]!;
  foreignLength = 2;
  if (a < 0xe0) {
    if (a === 0xc2) return b === 0xa0 ? 0x20 : b === 0xad ? 0 : -1;
    // Arabic-Indic, and those of Persian and Urdu
    if (a === 0xd9) return digit(b, 0xa0);
    return a === 0xdb ? digit(b, 0xb0) : -1;
  }
  if (at + 3 > hi) return -1;
  foreignLength = 3;
  const c = buf[at + 2]!;
  if (a === 0xe0) return indic(b, c);
  if (a === 0xe2) return punctuation(b, c);
  if (a === 0xef) return fullWidth(b, c);
  if (a === 0xe3) return b === 0x80 && c === 0x80 ? 0x20 : -1;
  // Myanmar, Khmer
  if (a === 0xe1) return b === 0x81 ? digit(c, 0x80) : b === 0x9f ? digit(c, 0xa0) : -1;
  return a === 0xf0 && at + 4 <= hi ? mathematical(b, c, buf[at + 3]!) : -1;
}

function digit(b: number, zero: number): number {
  return b >= zero && b < zero + 10 ? 0x30 + b - zero : -1;
}

/** Devanagari, Bengali, Gurmukhi, Gujarati, Oriya, Tamil, Telugu, Kannada, Malayalam; Thai, Lao, Tibetan */
function indic(b: number, c: number): number {
  if (b >= 0xa5 && b <= 0xb5 && (b & 1) === 1) return digit(c, 0xa6);
  if (b === 0xb9 || b === 0xbb) return digit(c, 0x90);
  return b === 0xbc ? digit(c, 0xa0) : -1;
}

function punctuation(b: number, c: number): number {
  if (b === 0x80) {
    if (c <= 0x8a || c === 0xaf) return 0x20;
    if (c <= 0x8f || (c >= 0xaa && c <= 0xae)) return 0;
    return c <= 0x95 ? 0x2d : -1;
  }
  if (b === 0x81) return c === 0x9f ? 0x20 : c >= 0xa0 && c <= 0xa9 ? 0 : -1;
  // a minus; the frame of a key around a digit
  return b === 0x88 && c === 0x92 ? 0x2d : b === 0x83 && c === 0xa3 ? 0 : -1;
}

function fullWidth(b: number, c: number): number {
  if (b === 0xbb) return c === 0xbf ? 0 : -1;
  if (b === 0xb8) return c === 0x8f || c === 0x8e ? 0 : -1;
  if (b !== 0xbc && b !== 0xbd) return -1;
  const code = (b === 0xbc ? 0x20 : 0x60) + c - 0x80;
  const letter = code | 0x20;
  if ((code >= 0x30 && code <= 0x39) || (letter >= 0x61 && letter <= 0x7a)) return code;
  // the separators of numbers, the plus
  return (code >= 0x28 && code <= 0x29) || code === 0x2b || (code >= 0x2d && code <= 0x2f) ? code : -1;
}

/** bold, double-struck, sans-serif and monospace digits */
function mathematical(b: number, c: number, d: number): number {
  foreignLength = 4;
  return b === 0x9d && c === 0x9f && d >= 0x8e && d <= 0xbf ? 0x30 + ((d - 0x8e) % 10) : -1;
}

/** RFC 2045, 6.7: an equals sign at the end of a line. */
function softEnd(buf: Uint8Array, at: number, hi: number): number {
  if (at + 1 < hi && buf[at + 1] === 0x0a) foreignLength = 2;
  else if (at + 2 < hi && buf[at + 1] === 0x0d && buf[at + 2] === 0x0a) foreignLength = 3;
  else return -1;
  return 0;
}

/** First bytes of these characters, save those with which nearly all of a script begins: such a number has another one among its first. */
export const FOREIGN_BYTES: readonly number[] = [0x3d, 0xc2, 0xd9, 0xdb, 0xe0, 0xe2, 0xef, 0xf0];

/** Kinds that are written so. */
export const SPELLED_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'credit_card',
  'us_ssn',
  'us_itin',
  'iban',
  'phone',
  'national_id',
  'imei',
  'card_track',
  'passport',
]);

/** buf[start, end) in ASCII where it is written so, else undefined. */
export function inAscii(buf: Uint8Array, start: number, end: number): Uint8Array | undefined {
  let p = start;
  while (p < end && buf[p]! < 0x80 && buf[p] !== 0x3d) p++;
  if (p === end) return undefined;
  const out = Buffer.alloc(end - start);
  let n = 0;
  for (p = start; p < end; ) {
    const code = foreign(buf, p, end);
    if (code > 0) out[n++] = code;
    else if (code < 0) out[n++] = buf[p]!;
    p += code < 0 ? 1 : foreignLength;
  }
  return out.subarray(0, n);
}
