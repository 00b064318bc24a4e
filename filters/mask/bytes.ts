/**
 * Byte classes. Every detector reads bytes through these tables, so a test is one load and one AND,
 * and no detector ever makes a string of traffic to look at it.
 */
export const DIGIT = 1;
export const ALPHA = 2;
/** digits and the letters a to f */
export const HEX = 4;
/** letters, digits, `_`, `-` */
export const TOKEN = 8;
/** letters, digits, `+`, `/` */
export const BASE64 = 16;
/** what the part of an address before the @ may hold unquoted (RFC 5322 atext, the dot, and UTF-8) */
export const LOCAL = 32;
/** letters, digits, `-`, `.`, UTF-8 */
export const DOMAIN = 64;
/** what the names of keys are made of: letters, digits, `_`, `-`, `.`, `$` */
export const IDENT = 128;

export const ALNUM = DIGIT | ALPHA;

export const CLASS: Uint8Array = buildClasses();

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (chars: string, bits: number): void => {
    for (let k = 0; k < chars.length; k++) table[chars.charCodeAt(k)]! |= bits;
  };
  const lower = 'abcdefghijklmnopqrstuvwxyz';
  const letters = lower + lower.toUpperCase();
  add('0123456789', DIGIT | HEX | TOKEN | BASE64 | LOCAL | DOMAIN | IDENT);
  add(letters, ALPHA | TOKEN | BASE64 | LOCAL | DOMAIN | IDENT);
  add('abcdefABCDEF', HEX);
  add('_', TOKEN | LOCAL | IDENT);
  add('-', TOKEN | LOCAL | DOMAIN | IDENT);
  add('.', LOCAL | DOMAIN | IDENT);
  add('$', LOCAL | IDENT);
  add('+/', BASE64 | LOCAL);
  add("!#%&'*=?^`{|}~", LOCAL);
  for (let b = 0x80; b < 256; b++) table[b]! |= LOCAL | DOMAIN;
  return table;
}

/** True when buf[at, at + text.length) is `text`, byte for byte. Outside the buffer it is false. */
export function startsWith(buf: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let k = 0; k < text.length; k++) if (buf[at + k] !== text[k]) return false;
  return true;
}

/** As startsWith, for text in lower case against bytes in any case. */
export function startsWithNoCase(buf: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let k = 0; k < text.length; k++) if ((buf[at + k]! | 0x20) !== text[k]) return false;
  return true;
}

/** The ASCII bytes of a literal. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Latin-1 text of a short range: for the few checks that a library does. At most `max` bytes. */
export function latin1(buf: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let k = start; k < end; k++) text += String.fromCharCode(buf[k]!);
  return text;
}

/** True when buf[start, end) has a dash, four hex digits and a dash beside it, before or after: the middle of a UUID. */
export function besideUuidPart(buf: Uint8Array, start: number, end: number, lo: number, hi: number): boolean {
  return (start - 6 >= lo && isUuidPart(buf, start - 6)) || (end + 6 <= hi && isUuidPart(buf, end));
}

/**
 * One past the UUID (RFC 9562) whose first digit stands at `at`, among its first eight; 0 when there is none. No part of one is a number
 * of anybody.
 */
export function uuidEnd(buf: Uint8Array, at: number, lo: number, hi: number): number {
  let start = at;
  while (start > lo && at - start < 8 && (CLASS[buf[start - 1]!]! & HEX) !== 0) start--;
  if (buf[start + 8] !== 0x2d || buf[start + 13] !== 0x2d || buf[start + 18] !== 0x2d || buf[start + 23] !== 0x2d) return 0;
  const end = start + 36;
  if (end > hi || at >= start + 8 || (start > lo && (CLASS[buf[start - 1]!]! & ALNUM) !== 0)) return 0;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & HEX) === 0 && (buf[k] !== 0x2d || !isUuidDash(k - start))) return 0;
  return end < hi && ((CLASS[buf[end]!]! & ALNUM) !== 0 || buf[end] === 0x2d) ? 0 : end;
}

function isUuidDash(at: number): boolean {
  return at === 8 || at === 13 || at === 18 || at === 23;
}

function isUuidPart(buf: Uint8Array, at: number): boolean {
  if (buf[at] !== 0x2d || buf[at + 5] !== 0x2d) return false;
  for (let k = at + 1; k < at + 5; k++) if ((CLASS[buf[k]!]! & HEX) === 0) return false;
  return true;
}
