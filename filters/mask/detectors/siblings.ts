import { ALNUM, ascii, CLASS, IDENT, startsWith, startsWithNoCase } from '../bytes.js';
import type { Search } from '../search.js';
import { isQuote, PLAIN_MAX, quotedEnd, valueAt } from './extent.js';
import { judgeAt, judgeValue } from './judge.js';
import type { Name } from './named.js';
import { MEDIUM, NAME_MAX, NO_SECRET, nameBefore, strengthOf } from './names.js';
import { words } from './shell.js';
import { note, unread } from './vain.js';

/**
 * Values whose field stands beside the one that names them: `name: DB_PASSWORD` with `value: x` behind it (container environments of Kubernetes
 * and ECS), `variable "db_password" { default = "x" }` of Terraform, elements of property lists.
 */

/** how far behind its name the key of a value may begin, bytes */
const SIBLING_REACH = 160;
const VALUE_KEYS = ['value', 'default', 'defaultvalue', 'stringvalue', 'parametervalue', 'optionvalue', 'content'].map(ascii);
/** keys of names, as a value that stands before has them behind it */
const NAME_KEYS = ['name', 'key', 'variable', 'parameterkey', 'optionname', 'label', 'field', 'id', 'property'].map(ascii);
/** elements that hold the value behind an element that names it: property lists, Hadoop's configuration */
const VALUE_TAGS = ['<string>', '<value>', '<Value>', '<data>'].map(ascii);

/** `<key>API_KEY</key> <string>x</string>`, `<name>db.password</name><value>x</value>` */
export function inElement(s: Search, { end, bits, strength }: Name): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, end + SIBLING_REACH);
  let p = end + 2;
  while (p < limit && buf[p] !== 0x3e) p++;
  p++;
  while (p < limit && buf[p]! <= 0x20) p++;
  s.steps += p - end;
  const tag = VALUE_TAGS.find((one) => p < limit && startsWith(buf, p, one));
  if (tag === undefined) return;
  let from = p + tag.length;
  const nested = VALUE_TAGS.find((one) => startsWith(buf, from, one));
  if (nested !== undefined) from += nested.length;
  let to = from;
  const last = Math.min(hi, from + PLAIN_MAX);
  while (to < last && buf[to] !== 0x3c) to++;
  s.steps += to - from;
  if (to < last) judgeValue(s, from, to, strength, bits, true, 0);
}

/** how far behind a name its element may begin to hold text, bytes */
const TAG_REACH = 96;

/** `<entry key="password">x</entry>`, `<Password type="text">x</Password>`: the text of the element that the name is an attribute of. */
export function inAttribute(s: Search, { start, end, bits, strength }: Name): void {
  const { buf, lo, hi } = s;
  const limit = Math.min(hi, end + TAG_REACH);
  const first = unread(s.tagless, end);
  let p = first;
  while (p < limit && buf[p] !== 0x3e && buf[p] !== 0x3c && buf[p] !== 0x0a && buf[p] !== 0x7b) p++;
  s.steps += p - first;
  note(s.tagless, end, first, p);
  if (p >= limit || buf[p] !== 0x3e || buf[p - 1] === 0x2f) return;
  const floor = Math.max(lo, start - TAG_REACH);
  let tag = start;
  while (tag > floor && buf[tag - 1] !== 0x3c && buf[tag - 1] !== 0x3e && buf[tag - 1] !== 0x0a) tag--;
  if (tag <= lo || buf[tag - 1] !== 0x3c || (CLASS[buf[tag]!]! & ALNUM) === 0) return;
  // of attributes those that name what the element holds
  if (tag !== start && !isNameAttribute(buf, start)) return;
  elementText(s, p + 1, strength, bits);
}

/** `name="`, `key="` stand before the value at `at`. */
function isNameAttribute(buf: Uint8Array, at: number): boolean {
  return NAME_KEYS.some(
    (word) => buf[at - 2] === 0x3d && startsWithNoCase(buf, at - 2 - word.length, word) && buf[at - 3 - word.length]! <= 0x20,
  );
}

/** The text behind a tag, in an element of its own perhaps: `<setting name="password"> <value>x</value>`. */
export function elementText(s: Search, from: number, strength: number, bits: number): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + TAG_REACH);
  let p = from;
  while (p < limit && buf[p]! <= 0x20) p++;
  const inner = VALUE_TAGS.find((one) => startsWith(buf, p, one));
  if (inner === undefined && buf[p] === 0x3c) return;
  if (inner !== undefined) p += inner.length;
  let to = p;
  const last = Math.min(hi, p + PLAIN_MAX);
  while (to < last && buf[to] !== 0x3c) to++;
  s.steps += to - from;
  if (to >= last || buf[to + 1] !== 0x2f) return;
  let end = to;
  while (end > p && buf[end - 1]! <= 0x20) end--;
  if (end > p) judgeValue(s, p, end, strength, bits, true, 0);
}

/** `"value": "x", "name": "DB_PASSWORD"`: the value of the field right before the one that names it. */
export function beforeName(s: Search, name: Name): void {
  const { start: nameFrom, bits, strength } = name;
  const { buf, lo } = s;
  const quote = nameFrom > lo ? buf[nameFrom - 1]! : 0;
  if (!isQuote(quote)) return;
  beforeAttribute(s, name);
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

/** `name: X` and `value: y` beside it, `variable "x" {` and `default = "y"` in it; the object or the list's item may not end between. */
export function sibling(s: Search, name: Name): void {
  const { end, bits, strength } = name;
  aboveName(s, name);
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
  valueIn(s, p, end, strength, bits);
}

/** The value whose key stands in [from, at + SIBLING_REACH) of a block or a list's item. */
function valueIn(s: Search, from: number, at: number, strength: number, bits: number): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, at + SIBLING_REACH);
  const first = unread(s.valueless, from);
  const p = valueKey(s, first, limit);
  s.steps += p - first;
  note(s.valueless, from, first, p);
  if (p >= limit) return;
  const key = VALUE_KEYS.find((word) => isWord(buf, p, word));
  if (key !== undefined) assignedTo(s, p + key.length, strength, bits);
}

/** Where the key of a value stands in [from, limit), or the block or the item ends; `limit` where neither does. */
function valueKey({ buf }: Search, from: number, limit: number): number {
  for (let p = from; p < limit; p++) {
    const b = buf[p]!;
    if (b === 0x7d || b === 0x5d) return p;
    if (b === 0x2d && buf[p + 1] === 0x20 && buf[p - 1]! <= 0x20) return p;
    if ((b | 0x20) !== 0x76 && (b | 0x20) !== 0x64 && (b | 0x20) !== 0x73 && (b | 0x20) !== 0x70 && (b | 0x20) !== 0x6f && b !== 0x63)
      continue;
    if ((CLASS[buf[p - 1]!]! & IDENT) !== 0) continue;
    if (VALUE_KEYS.some((word) => isWord(buf, p, word))) return p;
  }
  return Math.max(from, limit);
}

const YAML_REACH = 320;
const YAML_KEYS = words('Default|default|value|Value|defaultValue|stringValue');

/** `DbPassword:` and, indented further, `Default: x` (templates of CloudFormation and Helm): the colon at `op` ends its line. */
export function indentedAt(s: Search, op: number): void {
  const { buf, lo, hi } = s;
  const line = buf[op + 1] === 0x0d ? op + 2 : op + 1;
  if (line >= hi || buf[line] !== 0x0a) return;
  const bits = nameBefore(buf, op, lo);
  s.steps += NAME_MAX;
  const strength = strengthOf(bits);
  if (strength < MEDIUM) return;
  let from = op;
  while (from > lo && op - from < NAME_MAX && buf[from - 1] !== 0x0a) from--;
  const own = indentOf(buf, from, hi);
  const limit = Math.min(hi, op + YAML_REACH);
  let p = line + 1;
  while (p < limit) {
    const indent = indentOf(buf, p, hi);
    if (indent <= own || buf[p + indent] === 0x2d) break;
    const key = YAML_KEYS.find((word) => buf[p + indent + word.length] === 0x3a && startsWith(buf, p + indent, word));
    if (key !== undefined) {
      assignedTo(s, p + indent + key.length, strength, bits);
      break;
    }
    while (p < limit && buf[p] !== 0x0a) p++;
    p++;
  }
  s.steps += p - op;
}

function indentOf(buf: Uint8Array, from: number, hi: number): number {
  let p = from;
  while (p < hi && buf[p] === 0x20) p++;
  return p - from;
}

/** `- value: x` on the line before `name: DB_PASSWORD` */
function aboveName(s: Search, { start, bits, strength }: Name): void {
  const { buf, lo } = s;
  const floor = Math.max(lo, start - SIBLING_REACH);
  let p = start - NAME_FIELD.length;
  if (p < floor || !startsWith(buf, p, NAME_FIELD)) return;
  while (p > floor && buf[p - 1] === 0x20) p--;
  if (p - 1 <= floor || buf[p - 1] !== 0x0a) return;
  let from = p - 1;
  while (from > floor && buf[from - 1] !== 0x0a) from--;
  s.steps += start - from;
  while (buf[from] === 0x20 || buf[from] === 0x2d) from++;
  if (startsWith(buf, from, VALUE_FIELD)) assignedTo(s, from + VALUE_FIELD.length - 2, strength, bits);
}

const NAME_FIELD = ascii('name: ');
const VALUE_FIELD = ascii('value: ');

/** `<add value="x" key="Password" />` */
function beforeAttribute(s: Search, { start, bits, strength }: Name): void {
  const { buf, lo } = s;
  if (!isNameAttribute(buf, start)) return;
  const floor = Math.max(lo, start - SIBLING_REACH);
  for (let p = start - 2; p > floor && buf[p] !== 0x3c && buf[p] !== 0x3e; p--) {
    if (buf[p] !== 0x3d || !startsWith(buf, p - 6, VALUE_ATTRIBUTE)) continue;
    s.steps += start - p;
    judgeValue(s, p + 2, quotedEnd(s, p + 2, buf[p + 1]!, false), strength, bits, true, 0);
    return;
  }
}

const VALUE_ATTRIBUTE = ascii(' value=');

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
  valueIn(s, op + (s.buf[op + 1] === 0x7b ? 2 : 3), op, strength, bits);
}

function isWord(buf: Uint8Array, at: number, word: Uint8Array): boolean {
  return startsWithNoCase(buf, at, word) && (CLASS[buf[at + word.length] ?? 0]! & ALNUM) === 0;
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
  if (sign) judgeAt(s, p, strength, bits);
}
