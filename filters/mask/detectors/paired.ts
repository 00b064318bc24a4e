import { ALNUM, ascii, CLASS, IDENT, startsWith } from '../bytes.js';
import { evidenceOf, PASSWORD } from '../evidence.js';
import type { Search } from '../search.js';
import { isTokenText } from './code-values.js';
import { isQuote, PLAIN_MAX, plainEnd, quotedEnd } from './extent.js';
import { judgeValue } from './judge.js';
import { NO_SECRET, nameBefore, STRONG, strengthOf } from './names.js';
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
  '_PASS',
  '_PWD',
  ...['_key', '_token', '_secret', '_password'].flatMap((end) => Array.from(LETTERS, (letter) => letter + end)),
];

const NAME_MAX = 64;
/** how far behind its name the key of a value may begin, bytes */
const SIBLING_REACH = 160;
const VALUE_KEYS = ['value', 'default', 'defaultvalue', 'stringvalue', 'parametervalue', 'optionvalue', 'content'].map(ascii);
/** keys of names, as a value that stands before has them behind it */
const NAME_KEYS = ['name', 'key', 'variable', 'parameterkey', 'optionname', 'label', 'field'].map(ascii);
/** elements that hold the value behind an element that names it: property lists, Hadoop's configuration */
const VALUE_TAGS = ['<string>', '<value>', '<Value>', '<data>'].map(ascii);
const FOR = ascii('FOR ');
/** what stands before a name that a value follows, blanks between */
const COMMANDS = ['ENV ', 'ARG ', 'etx ', 'etenv ', ' set ', ' -gx ', ' -x ', ':set ', 'put ', 'add ', 'create '].map(ascii);
const HERE = ascii('<<< ');
const OPTIONS = ['--value', '--body', '--secret-string', '--data'].map(ascii);
const BY = ascii('BY');

/** where the name begins that mayBePaired saw last, and what it says */
let nameFrom = 0;
let nameBits = 0;

/** True when the name that ends at `end` says secret and what follows may lead to its value. No more is looked at by the gate. */
export function mayBePaired(buf: Uint8Array, end: number, lo: number, hi: number): boolean {
  if (end + 2 > hi) return false;
  const after = buf[end]!;
  if (after > 0x20 && !isQuote(after) && !isCellSign(after) && !leadsOn(buf, end)) return false;
  if (isQuote(after) && (buf[end + 1] === 0x3a || buf[end + 1] === 0x3d)) return false;
  let p = end;
  const floor = Math.max(lo, end - NAME_MAX);
  while (p > floor && (CLASS[buf[p - 1]!]! & IDENT) !== 0) p--;
  nameFrom = p;
  nameBits = startsWith(buf, end - 2, BY) ? PASSWORD : evidenceOf(buf, p, end);
  return true;
}

/** What parts cells of a row: `API_KEY,x`, `| API_KEY | x |`. */
function isCellSign(b: number): boolean {
  return b === 0x2c || b === 0x3b || b === 0x7c;
}

/** `</key>` of XML, `('` of SQL. */
function leadsOn(buf: Uint8Array, end: number): boolean {
  return (buf[end] === 0x3c && buf[end + 1] === 0x2f) || (buf[end] === 0x28 && buf[end + 1] === 0x27);
}

/** The value that belongs to the name ending at `end`. */
export function pairedAt(s: Search, end: number): void {
  const { buf, lo, hi } = s;
  if (!mayBePaired(buf, end, lo, hi)) return;
  s.steps += NAME_MAX;
  const strength = strengthOf(nameBits);
  if (strength === NO_SECRET) return;
  const after = buf[end]!;
  if (after === 0x3c) return inElement(s, end, strength);
  if (after === 0x28) return inCall(s, end, strength);
  if (isQuote(after)) beforeName(s, strength);
  if (after === 0x20 && strength === STRONG && startsWith(buf, end + 1, FOR) && isUpper(buf, nameFrom, end))
    forUser(s, end + 1 + FOR.length);
  else if ((after === 0x20 || after === 9 || isCellSign(after)) && buf[end + 1]! > 0x20 && buf[end + 1] !== 0x7c)
    behindBlank(s, end, strength);
  else if (after === 0x20 && buf[end + 1] === 0x7c) behindBlank(s, end + 1, strength);
  if (!(after === 0x20 || after === 9) || buf[end + 1]! <= 0x20) sibling(s, end, strength);
}

/** `<key>API_KEY</key> <string>x</string>`, `<name>db.password</name><value>x</value>` */
function inElement(s: Search, end: number, strength: number): void {
  const { buf, hi } = s;
  const bits = nameBits;
  const limit = Math.min(hi, end + SIBLING_REACH);
  let p = end + 2;
  while (p < limit && buf[p] !== 0x3e) p++;
  p++;
  while (p < limit && buf[p]! <= 0x20) p++;
  s.steps += p - end;
  const tag = VALUE_TAGS.find((one) => p < limit && startsWith(buf, p, one));
  if (tag === undefined) return;
  const from = p + tag.length;
  let to = from;
  const last = Math.min(hi, from + PLAIN_MAX);
  while (to < last && buf[to] !== 0x3c) to++;
  s.steps += to - from;
  if (to < last) judgeValue(s, from, to, strength, bits, true, 0);
}

/** `PASSWORD('x')` of SQL */
function inCall(s: Search, end: number, strength: number): void {
  if (strength !== STRONG || !isUpper(s.buf, nameFrom, end)) return;
  judgeValue(s, end + 2, quotedEnd(s, end + 2, 0x27, false), strength, nameBits, true, 0);
}

/** `SET PASSWORD FOR 'u'@'%' = 'x'`, `… = PASSWORD('x')`, `… TO 'x'`; `from` is behind FOR. */
function forUser(s: Search, from: number): void {
  const { buf, hi } = s;
  const bits = nameBits;
  const limit = Math.min(hi, from + SIBLING_REACH);
  let p = from;
  while (
    p < limit &&
    buf[p] !== 0x0a &&
    buf[p] !== 0x3d &&
    !(buf[p] === 0x20 && (buf[p + 1]! | 0x20) === 0x74 && (buf[p + 2]! | 0x20) === 0x6f)
  )
    p++;
  while (p < limit && buf[p] !== 0x0a && buf[p] !== 0x27) p++;
  s.steps += p - from;
  if (p < limit && buf[p] === 0x27) judgeValue(s, p + 1, quotedEnd(s, p + 1, 0x27, false), STRONG, bits, true, 0);
}

/** `"value": "x", "name": "DB_PASSWORD"`: the value of the field right before the one that names it. */
function beforeName(s: Search, strength: number): void {
  const { buf, lo } = s;
  const bits = nameBits;
  const quote = nameFrom > lo ? buf[nameFrom - 1]! : 0;
  if (!isQuote(quote)) return;
  const floor = Math.max(lo, nameFrom - SIBLING_REACH - NAME_MAX);
  const key = keyBefore(buf, nameFrom - 1, floor);
  if (key < 0 || !NAME_KEYS.some((word) => isWord(buf, key + 1, word) && buf[key + 1 + word.length] === buf[key])) return;
  let p = back(buf, key, floor);
  if (p <= floor || buf[p - 1] !== 0x2c) return;
  p = back(buf, p - 1, floor);
  if (p <= floor || !isQuote(buf[p - 1]!)) return;
  const to = p - 1;
  let from = to;
  while (from > floor && buf[from - 1] !== buf[to]) from--;
  s.steps += nameFrom - from;
  if (from <= floor) return;
  const named = keyBefore(buf, from - 1, floor);
  if (named < 0 || !VALUE_KEYS.some((word) => isWord(buf, named + 1, word) && buf[named + 1 + word.length] === buf[named])) return;
  judgeValue(s, from, to, strength, bits, true, 0);
}

function back(buf: Uint8Array, at: number, floor: number): number {
  let p = at;
  while (p > floor && buf[p - 1]! <= 0x20 && buf[p - 1]! > 8) p--;
  return p;
}

/** Where the quoted key begins that stands with a colon before `at`; -1 when there is none. */
function keyBefore(buf: Uint8Array, at: number, floor: number): number {
  let p = back(buf, at, floor);
  if (p <= floor || buf[p - 1] !== 0x3a) return -1;
  p = back(buf, p - 1, floor);
  if (p <= floor || !isQuote(buf[p - 1]!)) return -1;
  const close = p - 1;
  p = close;
  while (p > floor && close - p < 24 && buf[p - 1] !== buf[close]) p--;
  return p > floor && buf[p - 1] === buf[close] ? p - 1 : -1;
}

function behindBlank(s: Search, end: number, strength: number): void {
  const { buf, lo, hi } = s;
  const bits = nameBits;
  let p = end + 1;
  while (isCellSign(buf[end]!) && p < hi && p - end < 16 && buf[p] === 0x20) p++;
  let commanded = COMMANDS.some((word) => nameFrom - word.length >= lo && startsWith(buf, nameFrom - word.length, word));
  // `--body "x"`, `--value x`: the option says no more than that the value follows
  const option = buf[p] === 0x2d;
  if (option && OPTIONS.some((word) => startsWith(buf, p, word))) commanded = true;
  // `vercel env add NAME production <<< "x"`
  if (commanded && !option) {
    let here = p;
    while (here < hi && here - p < 40 && buf[here] !== 0x0a && !startsWith(buf, here, HERE)) here++;
    if (here < hi && startsWith(buf, here, HERE)) p = here + HERE.length;
  }
  if (commanded && option) {
    while (p < hi && p - end < 32 && buf[p]! > 0x20 && buf[p] !== 0x3d) p++;
    p++;
  }
  const quote = isQuote(buf[p] ?? 0) ? buf[p]! : 0;
  // `PASSWORD 'x'`, `IDENTIFIED BY 'x'`
  if ((quote === 0x27 || quote === 0x22) && strength === STRONG && isUpper(buf, nameFrom, end)) commanded = true;
  const from = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (to <= from) return;
  if (!commanded || isCellSign(buf[end]!)) {
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
  const quoted = isQuote(buf[end]!);
  const limit = Math.min(hi, end + SIBLING_REACH);
  const first = quoted ? end + 1 : end;
  let p = first;
  // what is called so is the value of a key, and no key
  if (quoted && !(buf[p] === 0x2c || buf[p]! <= 0x20)) return;
  // another field, an attribute or what a block holds: no sentence
  while (p < limit && (buf[p] === 0x20 || buf[p] === 0x09 || buf[p] === 0x0d)) p++;
  if (p === limit || !(quoted || buf[p] === 0x0a || buf[p] === 0x2c || buf[p] === 0x7b)) return;
  valueIn(s, p, end, strength);
}

/** The value whose key stands in [from, at + SIBLING_REACH) of a block or a list's item. */
function valueIn(s: Search, from: number, at: number, strength: number): void {
  const { buf, hi } = s;
  const bits = nameBits;
  const limit = Math.min(hi, at + SIBLING_REACH);
  let p = from;
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b === 0x7d || b === 0x5d) return;
    if (b === 0x2d && buf[p + 1] === 0x20 && buf[p - 1]! <= 0x20) return;
    if ((b | 0x20) !== 0x76 && (b | 0x20) !== 0x64 && (b | 0x20) !== 0x73 && (b | 0x20) !== 0x70 && (b | 0x20) !== 0x6f && b !== 0x63)
      continue;
    if ((CLASS[buf[p - 1]!]! & IDENT) !== 0) continue;
    const key = VALUE_KEYS.find((word) => isWord(buf, p, word));
    if (key === undefined) continue;
    assignedTo(s, p + key.length, strength, bits);
    break;
  }
  s.steps += p - from;
}

/** A block begins behind the sign at `op`: `"DbPassword": {"type": "string", "defaultValue": "x"}`. */
export function opensBlock(buf: Uint8Array, op: number): boolean {
  return buf[op + 1] === 0x7b || (buf[op + 1] === 0x20 && buf[op + 2] === 0x7b);
}

/** The value in the block behind the sign at `op`, by the name before the sign. */
export function blockAt(s: Search, op: number): void {
  const bits = nameBefore(s.buf, op, s.lo);
  s.steps += NAME_MAX;
  const strength = strengthOf(bits);
  if (strength === NO_SECRET) return;
  nameBits = bits;
  valueIn(s, op + (s.buf[op + 1] === 0x7b ? 2 : 3), op, strength);
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
