import { countrySpecs } from 'ibantools';
import { ALNUM, ALPHA, CLASS, DIGIT } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const IBAN = kindId('iban');
/** score of an IBAN that holds in all */
export const IBAN_SURE = 0.98;
/** ISO 13616: the longest is 34 characters */
const IBAN_MAX = 34;

/** length of a country's IBAN by its two letters; 0: no such country */
export const IBAN_LENGTH: Uint8Array = new Uint8Array(26 * 26);
for (const [country, spec] of Object.entries(countrySpecs)) {
  const at = (country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 65;
  if (country.length === 2 && spec.chars !== null && spec.bban_regexp !== null) IBAN_LENGTH[at] = spec.chars ?? 0;
}

/**
 * What each character after the fourth may be, by country: bits of DIGIT and ALPHA, from the library's patterns (`[0-9]{8}[A-Z]{4}`).
 * Read once, because running the library's pattern for every account number of a result costs more than all else together.
 */
const FORMS = new Map<number, Uint8Array>();
for (const [country, spec] of Object.entries(countrySpecs)) {
  const form: number[] = [];
  for (const [, set, count] of (spec.bban_regexp ?? '').matchAll(/\[([^\]]+)\]\{(\d+)\}/g)) {
    const bits = (set!.includes('0-9') ? DIGIT : 0) | (set!.includes('A-Z') ? ALPHA : 0);
    for (let k = Number(count); k > 0; k--) form.push(bits);
  }
  if (form.length + 4 === spec.chars) FORMS.set((country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 65, Uint8Array.from(form));
}

/** True when the characters taken are of the sets that the country's form has at their places, or no form is known. */
function hasForm(country: number, length: number): boolean {
  const form = FORMS.get(country);
  if (form === undefined) return true;
  for (let k = 4; k < length; k++) if ((CLASS[compact[k]!]! & form[k - 4]!) === 0) return false;
  return true;
}

const compact = new Uint8Array(IBAN_MAX);

/** Index into IBAN_LENGTH of the two letters at `at`, in any case. */
export function countryIndex(buf: Uint8Array, at: number): number {
  return ((buf[at]! | 0x20) - 0x61) * 26 + (buf[at + 1]! | 0x20) - 0x61;
}

/** Notes the IBAN buf[start, p), printed in one or in groups (spaces or dashes), if nothing goes on behind it. */
export function noteIban(s: Search, start: number, p: number): boolean {
  const { buf, hi } = s;
  s.steps += p - start;
  if (p < hi && (CLASS[buf[p]!]! & ALNUM) !== 0) return false;
  const length = IBAN_LENGTH[countryIndex(buf, start)]!;
  // a right checksum with a wrong inner form is an example or a slip of somebody's memory: still masked, less sure
  s.found(IBAN, start, p, hasForm(countryIndex(buf, start), length) ? IBAN_SURE : 0.7);
  return true;
}

/** One past the characters at `start` that are an IBAN by country, length and checksum, whatever follows; 0 when they are none. */
export function ibanHolds(buf: Uint8Array, start: number, hi: number): number {
  const length = IBAN_LENGTH[countryIndex(buf, start)] ?? 0;
  if (length === 0 || start + 4 > hi || (CLASS[buf[start + 3]!]! & DIGIT) === 0) return 0;
  let n = 0;
  let p = start;
  const limit = Math.min(hi, start + length * 2);
  while (p < limit && n < length) {
    const b = buf[p]!;
    if ((CLASS[b]! & ALNUM) !== 0) compact[n++] = (CLASS[b]! & ALPHA) !== 0 ? b & 0xdf : b;
    else if ((b !== 0x20 && b !== 0x2d) || buf[p - 1] === b) break;
    p++;
  }
  return n === length && checksum(length) ? p : 0;
}

const REST_MAX = 10_000_000;

/** ISO 7064 mod 97-10 over the characters after the fourth, then the first four. */
function checksum(length: number): boolean {
  // check digits are 02 to 98 (ISO 13616); 00, 01 and 99 leave the same remainders
  const check = (compact[2]! - 0x30) * 10 + compact[3]! - 0x30;
  if (check < 2 || check > 98) return false;
  let rest = 0;
  for (let k = 4; k < length + 4; k++) {
    const b = compact[k < length ? k : k - length]!;
    rest = b < 0x41 ? rest * 10 + b - 0x30 : rest * 100 + b - 0x37;
    // the next one keeps it a small integer
    if (rest > REST_MAX) rest %= 97;
  }
  return rest % 97 === 1;
}
