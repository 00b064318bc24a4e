import { ALPHA, CLASS, IDENT } from '../bytes.js';
import { AUTH, evidenceOf, PASSWORD, SECRET } from '../evidence.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { callAt } from './calls.js';
import { isFolder, isLineOfSource, standsInProse } from './code-values.js';
import { isQuote, longEnd, PLAIN_MAX, plainEnd, QUOTED_MAX, quotedEnd } from './extent.js';
import { judgeValue } from './judge.js';
import { MEDIUM, NAME_MAX, NO_SECRET, nameBefore, nameEnd, nameStart, STRONG, strengthOf } from './names.js';
import { afterScheme } from './schemes.js';
import { elementText } from './siblings.js';
import { isChosen, looksRandom } from './values.js';
import { worldPhraseAt } from './world-links.js';

const PASSWORD_KIND = kindId('password');

/** Names and values of `name = value`, `"name": "value"`, `name: value`, `<name>value</name>`; `op` is the sign between them. */
export function assignmentAt(s: Search, op: number): void {
  if (op < s.claimedUntil) return;
  const bits = nameBefore(s.buf, op, s.lo);
  s.steps += NAME_MAX;
  if (bits === 0) {
    if (s.buf[op] === 0x3a) worldPhraseAt(s, op);
    return;
  }
  // a greater-than sign only ends a name where it ends a tag
  if (s.buf[op] === 0x3e && (nameStart <= s.lo || s.buf[nameStart - 1] !== 0x3c)) return;
  const strength = strengthOf(bits);
  // `arn:aws:secretsmanager:…:secret:name`: a path whose parts have colons between
  if (s.buf[op] === 0x3a && nameStart > s.lo && s.buf[nameStart - 1] === 0x3a && s.buf[op + 1] !== 0x20 && !isQuote(s.buf[nameEnd]!))
    return;
  if (strength === NO_SECRET || (s.buf[op] === 0x3a && isLineOfSource(s.buf, nameStart, op, s.hi))) return;
  // `"<password>"`: a placeholder whose closing quote would be taken for one that opens
  if (s.buf[op] === 0x3e && nameStart - 2 >= s.lo && isQuote(s.buf[op + 1] ?? 0) && s.buf[nameStart - 2] === s.buf[op + 1]) return;
  valueAfter(s, op, strength, bits);
}

/** `setProperty("API_TOKEN", "…")`: a comma between two quoted texts, the first of which is the name. */
export function quotedPairAt(s: Search, comma: number): void {
  if (comma < s.claimedUntil || !isQuotedPair(s.buf, comma, s.lo, s.hi)) return;
  const bits = nameBefore(s.buf, comma, s.lo);
  s.steps += NAME_MAX;
  // the first text is the name and no more: `'/?token=SECRET', '…'` is a list
  if (nameStart > s.lo && isQuote(s.buf[nameStart - 1]!) && strengthOf(bits) >= MEDIUM) valueAfter(s, comma, MEDIUM, bits);
}

export function isQuotedPair(buf: Uint8Array, comma: number, lo: number, hi: number): boolean {
  if (comma === lo || !isQuote(buf[comma - 1]!)) return false;
  const next = comma + 1 < hi && buf[comma + 1] === 0x20 ? comma + 2 : comma + 1;
  return next < hi && isQuote(buf[next]!);
}

/** `密码：…`: a colon of full width with its first byte at `at` (U+FF1A). */
export function wideColonAt(s: Search, at: number): void {
  if (at < s.claimedUntil || !isWideColon(s.buf, at)) return;
  const bits = nameBefore(s.buf, at, s.lo);
  s.steps += NAME_MAX;
  const strength = strengthOf(bits);
  if (strength !== NO_SECRET) valueAfter(s, at + 2, strength, bits);
}

export function isWideColon(buf: Uint8Array, at: number): boolean {
  return buf[at] === 0xef && buf[at + 1] === 0xbc && buf[at + 2] === 0x9a;
}

function isSignGap(b: number): boolean {
  return b === 0x20 || b === 0x09 || b === 0x3d || b === 0x3e || b === 0x3a || b === 0x7e;
}

function lineEnds(buf: Uint8Array, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (buf[k] === 0x0a) return true;
  return false;
}

function skipBlanks(buf: Uint8Array, from: number, hi: number): number {
  let p = from;
  while (p < hi && p - from < 64 && buf[p]! <= 0x20) p++;
  return p;
}

export function valueAfter(s: Search, op: number, strength: number, bits: number): void {
  const { buf, hi } = s;
  let p = op + 1;
  const gapLimit = Math.min(hi, p + 16);
  while (p < gapLimit && (isSignGap(buf[p]!) || (buf[op] === 0x3e && buf[p]! <= 0x20 && buf[p]! > 8))) p++;
  const signs = p - op;
  // `**Password:** x`
  if (buf[op] === 0x3a && buf[op + 1] === 0x2a && buf[op + 2] === 0x2a && buf[op + 3] === 0x20) p = op + 4;
  let quote = 0;
  if (
    p < hi &&
    (buf[p] === 0x5c || buf[p] === 0x40 || ((buf[p]! | 0x20) === 0x62 && buf[p + 1] === 0x22)) &&
    p + 1 < hi &&
    isQuote(buf[p + 1]!)
  )
    p++;
  // `<AdministratorPassword><Value>x</Value>`
  if (buf[op] === 0x3e && buf[p] === 0x3c && buf[p + 1] !== 0x2f) {
    elementText(s, p, strength, bits);
    return;
  }
  // behind a tag a line may end, and then the value ends at the next one: `<your-key>` at the end of a line is none
  if (buf[op] === 0x3e && lineEnds(buf, op + 1, p) && buf[skipBlanks(buf, plainEnd(s, p), hi)] !== 0x3c) return;
  // `getpass('Password: ', stream)`: the quote closes the text that the name stands in
  const closed = isQuote(buf[nameEnd]!) || (buf[nameEnd] === 0x5c && isQuote(buf[nameEnd + 1] ?? 0));
  if (p < hi && isQuote(buf[p]!) && nameStart > s.lo && buf[nameStart - 1] === buf[p] && !closed) return;
  // `PASSWORD = N'…'` of Transact-SQL
  if (p + 1 < hi && buf[p] === 0x4e && buf[p + 1] === 0x27) p++;
  if (p < hi && isQuote(buf[p]!)) quote = buf[p++]!;
  if (quote === 0 && buf[op] === 0x3a && p < hi) {
    const typed = declaredValue(s, p);
    if (typed !== UNTYPED) {
      if (typed > 0) judgeValue(s, typed, quotedEnd(s, typed, buf[typed - 1]!, false), strength, bits, true, 1);
      return;
    }
  }
  // `auth=("bob", "x")`
  if (quote === 0 && (bits & AUTH) !== 0 && buf[p] === 0x28 && isQuote(buf[p + 1] ?? 0)) {
    callAt(s, PAIR, p + 1);
    return;
  }
  const escaped = quote !== 0 && buf[p - 2] === 0x5c;
  const end = quote !== 0 ? quotedEnd(s, p, quote, escaped) : plainEnd(s, p);
  if (quote === 0 && (bits & AUTH) !== 0 && buf[end] === 0x20 && afterScheme(s, p, Math.min(hi, end + PLAIN_MAX)) === end + 1) {
    const until = plainEnd(s, end + 1);
    if (looksRandom(buf, end + 1, until, 16)) {
      s.found(PASSWORD_KIND, end + 1, until, 0.75);
      return;
    }
    if (strength !== STRONG) return;
  }
  if (quote === 0 && defaultAfter(s, p, end, strength, bits)) return;
  // `credentials: bob / x`
  if (quote === 0 && (bits & (SECRET | PASSWORD)) !== 0 && buf[end] === 0x20 && buf[end + 1] === 0x2f && buf[end + 2] === 0x20) {
    const to = plainEnd(s, end + 3);
    if (isChosen(buf, end + 3, to)) s.found(PASSWORD_KIND, end + 3, to, 0.7);
    return;
  }
  // what follows a sign without a blank is no sentence
  const prose = quote === 0 && (buf[op] !== 0x3d || signs > 1);
  if (end <= p || (prose && standsInProse(buf, nameStart, nameEnd, p, end, hi)) || isFolder(buf, nameStart, nameEnd, p)) return;
  const before = s.count;
  judgeValue(s, p, end, strength, bits, quote !== 0, signs);
  if (s.count === before) return;
  if (end - p >= (quote !== 0 ? QUOTED_MAX : PLAIN_MAX) - 1) s.end[s.count - 1] = longEnd(s, end, quote);
  s.claimedUntil = s.end[s.count - 1]!;
}

/** a user and a password */
const PAIR = { literal: '', skip: 1 };
const UNTYPED = -1;
/** longest type between a name and its value, bytes */
const TYPE_MAX = 40;

/**
 * `const KEY: &str = "x"`, `let key: String = String::from("x")`: where the text begins that stands behind the type at `from`. UNTYPED where
 * no type stands there, 0 where nothing that is a value stands behind it.
 */
function declaredValue(s: Search, from: number): number {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + TYPE_MAX);
  const reference = buf[from] === 0x26 && ((CLASS[buf[from + 1] ?? 0]! & ALPHA) !== 0 || buf[from + 1] === 0x27 || buf[from + 1] === 0x5b);
  if (!reference && (CLASS[buf[from]!]! & ALPHA) === 0) return UNTYPED;
  let p = from;
  while (p < limit && isTypeByte(buf[p]!)) p++;
  s.steps += p - from;
  if (p >= limit || buf[p] !== 0x3d || buf[p + 1] === 0x3d || buf[p - 1] !== 0x20) return reference ? 0 : UNTYPED;
  p++;
  while (p < hi && buf[p] === 0x20) p++;
  // `String::from("x")`, `Some("x")`
  const call = p;
  while (p < hi && p - call < TYPE_MAX && ((CLASS[buf[p]!]! & IDENT) !== 0 || buf[p] === 0x3a)) p++;
  if (p > call) p = buf[p] === 0x28 ? p + 1 : call;
  return p < hi && isQuote(buf[p]!) ? p + 1 : reference ? 0 : UNTYPED;
}

function isTypeByte(b: number): boolean {
  return (
    (CLASS[b]! & IDENT) !== 0 ||
    b === 0x26 ||
    b === 0x27 ||
    b === 0x3c ||
    b === 0x3e ||
    b === 0x5b ||
    b === 0x5d ||
    b === 0x2a ||
    b === 0x3f ||
    b === 0x7c ||
    b === 0x20 ||
    b === 0x3a
  );
}

/**
 * `const key = process.env.API_SECRET || 'x'`: the text that stands in where what [start, end) names is not set. The variable's own name
 * counts as that before the sign does.
 */
function defaultAfter(s: Search, start: number, end: number, strength: number, bits: number): boolean {
  const { buf, hi } = s;
  if (end - start > NAME_MAX || end + 6 > hi || buf[end] !== 0x20 || buf[end + 3] !== 0x20 || !isQuote(buf[end + 4]!)) return false;
  if (buf[end + 1] !== buf[end + 2] || (buf[end + 1] !== 0x7c && buf[end + 1] !== 0x3f)) return false;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & IDENT) === 0) return false;
  const own = evidenceOf(buf, start, end);
  const from = end + 5;
  const to = quotedEnd(s, from, buf[from - 1]!, false);
  judgeValue(s, from, to, Math.max(strength, strengthOf(own)), bits | own, true, 1);
  return true;
}
