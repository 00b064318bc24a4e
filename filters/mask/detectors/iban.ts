import { countrySpecs, isValidIBAN } from 'ibantools';
import { ALNUM, ALPHA, CLASS, DIGIT } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const IBAN = kindId('iban');
/** ISO 13616: the longest is 34 characters */
const IBAN_MAX = 34;

/** length of a country's IBAN by its two letters; 0: no such country */
export const IBAN_LENGTH: Uint8Array = new Uint8Array(26 * 26);
for (const [country, spec] of Object.entries(countrySpecs)) {
  const at = (country.charCodeAt(0) - 65) * 26 + country.charCodeAt(1) - 65;
  if (country.length === 2 && spec.chars !== null && spec.bban_regexp !== null) IBAN_LENGTH[at] = spec.chars ?? 0;
}

const compact = new Uint8Array(IBAN_MAX);

/** Index into IBAN_LENGTH of the two letters at `at`, in any case. */
export function countryIndex(buf: Uint8Array, at: number): number {
  return ((buf[at]! | 0x20) - 0x61) * 26 + (buf[at + 1]! | 0x20) - 0x61;
}

/** An IBAN that begins with the two letters at `start`, printed in one or in groups (spaces or dashes). */
export function ibanAt(s: Search, start: number): void {
  const { buf, hi } = s;
  const p = ibanHolds(buf, start, hi);
  if (p === 0) return;
  s.steps += p - start;
  if (p < hi && (CLASS[buf[p]!]! & ALNUM) !== 0) return;
  const length = IBAN_LENGTH[countryIndex(buf, start)]!;
  let text = '';
  for (let k = 0; k < length; k++) text += String.fromCharCode(compact[k]!);
  // a right checksum with a wrong inner form is an example or a slip of somebody's memory: still masked, less sure
  s.found(IBAN, start, p, isValidIBAN(text) ? 0.98 : 0.7);
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

/** ISO 7064 mod 97-10 over the characters after the fourth, then the first four. */
function checksum(length: number): boolean {
  let rest = 0;
  for (let k = 4; k < length + 4; k++) {
    const b = compact[k < length ? k : k - length]!;
    rest = b < 0x41 ? (rest * 10 + b - 0x30) % 97 : (rest * 100 + b - 0x37) % 97;
  }
  return rest === 1;
}
