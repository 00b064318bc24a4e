import { ALNUM, ascii, CLASS, IDENT, startsWith } from '../bytes.js';
import { evidenceOf, PASSWORD } from '../evidence.js';
import type { Search } from '../search.js';
import { judgeValue, NO_SECRET, STRONG, strengthOf } from './assignment.js';
import { isTokenText } from './code-values.js';
import { isQuote, plainEnd, quotedEnd } from './extent.js';
import { looksRandom } from './values.js';

/**
 * Names of secrets whose value stands behind no sign: `ENV DB_PASSWORD x`, `setx API_KEY x`, `gh secret set TOKEN --body x`,
 * `PASSWORD 'x'` of SQL, and the pairs of manifests, `name: DB_PASSWORD` with `value: x` behind it (container environments of
 * Kubernetes and ECS), `variable "db_password" { default = "x" }` of Terraform.
 */

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** How such names end. A search is anchored on one of their bytes (tokens.ts), so those in small letters have the letter before. */
export const NAME_ENDS: readonly string[] = [
  'KEY',
  'TOKEN',
  'SECRET',
  'PASSWORD',
  'PASSWD',
  'IDENTIFIED BY',
  ...['_key', '_token', '_secret', '_password'].flatMap((end) => Array.from(LETTERS, (letter) => letter + end)),
];

const NAME_MAX = 64;
/** how far behind its name the key of a value may begin, bytes */
const SIBLING_REACH = 160;
const VALUE_KEYS = ['value', 'default', 'stringvalue'].map(ascii);
/** what stands before a name that a value follows, blanks between */
const COMMANDS = ['ENV ', 'ARG ', 'etx ', 'etenv ', ' set ', ' -gx ', ' -x ', ':set ', 'put ', 'add ', 'create '].map(ascii);
const OPTIONS = ['--value', '--body', '--secret-string', '--data'].map(ascii);
const BY = ascii('BY');

/** where the name begins that mayBePaired saw last, and what it says */
let nameFrom = 0;
let nameBits = 0;

/** True when the name that ends at `end` says secret and what follows may lead to its value. No more is looked at by the gate. */
export function mayBePaired(buf: Uint8Array, end: number, lo: number, hi: number): boolean {
  if (end + 4 > hi) return false;
  const after = buf[end]!;
  if (after > 0x20 && !isQuote(after)) return false;
  if (isQuote(after) && (buf[end + 1] === 0x3a || buf[end + 1] === 0x3d)) return false;
  let p = end;
  const floor = Math.max(lo, end - NAME_MAX);
  while (p > floor && (CLASS[buf[p - 1]!]! & IDENT) !== 0) p--;
  nameFrom = p;
  nameBits = startsWith(buf, end - 2, BY) ? PASSWORD : evidenceOf(buf, p, end);
  return true;
}

/** The value that belongs to the name ending at `end`. */
export function pairedAt(s: Search, end: number): void {
  const { buf, lo, hi } = s;
  if (!mayBePaired(buf, end, lo, hi)) return;
  s.steps += NAME_MAX;
  const strength = strengthOf(nameBits);
  if (strength === NO_SECRET) return;
  const after = buf[end]!;
  if ((after === 0x20 || after === 9) && buf[end + 1]! > 0x20) behindBlank(s, end, strength);
  else sibling(s, end, strength);
}

function behindBlank(s: Search, end: number, strength: number): void {
  const { buf, lo, hi } = s;
  const bits = nameBits;
  let p = end + 1;
  let commanded = COMMANDS.some((word) => nameFrom - word.length >= lo && startsWith(buf, nameFrom - word.length, word));
  // `--body "x"`, `--value x`: the option says no more than that the value follows
  const option = buf[p] === 0x2d;
  if (option && OPTIONS.some((word) => startsWith(buf, p, word))) commanded = true;
  if (commanded && option) {
    while (p < hi && p - end < 32 && buf[p]! > 0x20 && buf[p] !== 0x3d) p++;
    p++;
  }
  const quote = isQuote(buf[p] ?? 0) ? buf[p]! : 0;
  // `PASSWORD 'x'`, `IDENTIFIED BY 'x'`
  if (quote === 0x27 && strength === STRONG && isUpper(buf, nameFrom, end)) commanded = true;
  const from = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (to <= from) return;
  if (!commanded) {
    // in a table or a sentence it is a value only where it can be nothing else
    if (!looksRandom(buf, from, to, 20) || !isTokenText(buf, from, to) || to - from > 512) return;
  }
  judgeValue(s, from, to, strength, bits, quote !== 0, 0);
}

function isUpper(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! >= 0x61) return false;
  return true;
}

/** `name: X` and `value: y` beside it, `variable "x" {` and `default = "y"` in it; the object or the list's item may not end between. */
function sibling(s: Search, end: number, strength: number): void {
  const { buf, hi } = s;
  const bits = nameBits;
  const quoted = isQuote(buf[end]!);
  const limit = Math.min(hi, end + SIBLING_REACH);
  let p = quoted ? end + 1 : end;
  // what is called so is the value of a key, and no key
  if (quoted && !(buf[p] === 0x2c || buf[p]! <= 0x20)) return;
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b === 0x7d || b === 0x5d) return;
    if (b === 0x2d && buf[p + 1] === 0x20 && buf[p - 1]! <= 0x20) return;
    if ((b | 0x20) !== 0x76 && b !== 0x64 && b !== 0x73) continue;
    if ((CLASS[buf[p - 1]!]! & IDENT) !== 0) continue;
    const key = VALUE_KEYS.find((word) => isWord(buf, p, word));
    if (key === undefined) continue;
    assignedTo(s, p + key.length, strength, bits);
    break;
  }
  s.steps += p - end;
}

function isWord(buf: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let k = 0; k < word.length; k++) if ((buf[at + k]! | 0x20) !== word[k]) return false;
  return (CLASS[buf[at + word.length] ?? 0]! & ALNUM) === 0;
}

function assignedTo(s: Search, at: number, strength: number, bits: number): void {
  const { buf, hi } = s;
  let p = at;
  let sign = false;
  while (p < hi && p - at < 16) {
    const b = buf[p]!;
    if (b === 0x3a || b === 0x3d) sign = true;
    else if (sign && isQuote(b)) break;
    else if (b > 0x20 && !isQuote(b)) break;
    p++;
  }
  if (!sign) return;
  const quote = isQuote(buf[p] ?? 0) ? buf[p]! : 0;
  const from = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (to > from) judgeValue(s, from, to, strength, bits, quote !== 0, 0);
}
