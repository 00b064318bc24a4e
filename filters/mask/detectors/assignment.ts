import { ALNUM, ALPHA, ascii, BASE64, CLASS, HEX, IDENT, startsWith, startsWithNoCase } from '../bytes.js';
import {
  AGAINST,
  AUTH,
  CLOUD,
  COUNT_OF,
  evidenceOf,
  KEY,
  PAGING,
  PASSWORD,
  PUBLIC,
  QUALIFIER,
  RANDOM,
  SECRET,
  SHARED_ACCESS,
  TOKEN,
  VENDOR,
} from '../evidence.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isAlgorithm, isCode, isDummy, isFolder, isLineOfSource, isTokenText, standsInProse } from './code-values.js';
import { isQuote, longEnd, PLAIN_MAX, plainEnd, QUOTED_MAX, quotedEnd } from './extent.js';
import { isWorldName, NO_WORD, PASSWORD_WORD, wordFrom, worldName } from './password-words.js';
import { hasCommand, shellPasswordAt, words } from './shell.js';
import { isName, isNumber, isPlaceholder, isWords, looksRandom } from './values.js';

const PASSWORD_KIND = kindId('password');
const HIGH_ENTROPY = kindId('high_entropy');
const AWS_SECRET = kindId('aws_secret_key');
const AZURE_STORAGE = kindId('azure_storage_key');
const AZURE_CONNECTION = kindId('azure_connection_string');
const AZURE_CLIENT_SECRET = kindId('azure_client_secret');
const GCP_KEY = kindId('gcp_service_account_key');
const BEARER = kindId('bearer_token');
const BASIC = kindId('basic_auth');

/** Kinds that a name and a value make together. */
export const ASSIGNED_KINDS: readonly number[] = [
  PASSWORD_KIND,
  HIGH_ENTROPY,
  AWS_SECRET,
  AZURE_STORAGE,
  AZURE_CONNECTION,
  GCP_KEY,
  BEARER,
  BASIC,
];

const NAME_MAX = 64;

export const NO_SECRET = 0;
export const WEAK = 1;
export const MEDIUM = 2;
export const STRONG = 3;

/** How much a name says that its value is secret. */
export function strengthOf(bits: number): number {
  if ((bits & (PASSWORD | SECRET | TOKEN | KEY | AUTH | RANDOM | VENDOR)) === 0) return NO_SECRET;
  const about = (bits & (AGAINST | COUNT_OF)) !== 0;
  if ((bits & PASSWORD) !== 0) return about ? MEDIUM : STRONG;
  if ((bits & PUBLIC) !== 0) return NO_SECRET;
  if ((bits & SECRET) !== 0) return about ? WEAK : MEDIUM;
  if ((bits & PAGING) !== 0 && (bits & TOKEN) !== 0 && (bits & (AUTH | QUALIFIER)) === 0) return NO_SECRET;
  if ((bits & SHARED_ACCESS) !== 0 && (bits & KEY) !== 0) return MEDIUM;
  if ((bits & TOKEN) !== 0 || ((bits & KEY) !== 0 && (bits & (QUALIFIER | AUTH | CLOUD)) !== 0)) return about ? WEAK : MEDIUM;
  return about ? NO_SECRET : WEAK;
}

/** Names and values of `name = value`, `"name": "value"`, `name: value`, `<name>value</name>`; `op` is the sign between them. */
export function assignmentAt(s: Search, op: number): void {
  if (op < s.claimedUntil) return;
  const bits = nameBefore(s.buf, op, s.lo);
  s.steps += NAME_MAX;
  if (bits === 0) return;
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

const LFTP = words('lftp ');
const USER_SHORT = ascii('-u ');
const USER_LONG = ascii('-user ');

/** `-u user:password` and `--token …` on command lines; `at` is a dash. */
export function optionAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  if (at > lo && buf[at - 1]! > 0x20 && buf[at - 1] !== 0x2d) return;
  const long = startsWith(buf, at, USER_LONG);
  if (long || startsWith(buf, at, USER_SHORT)) {
    userOption(s, at + (long ? USER_LONG.length : USER_SHORT.length));
    return;
  }
  if (at === lo || buf[at - 1] !== 0x2d) {
    shellPasswordAt(s, at);
    return;
  }
  let end = at + 1;
  const limit = Math.min(hi, at + NAME_MAX);
  while (end < limit && (CLASS[buf[end]!]! & IDENT) !== 0) end++;
  s.steps += end - at;
  if (end === limit || buf[end] !== 0x20) return;
  const bits = evidenceOf(buf, at + 1, end);
  const strength = strengthOf(bits);
  if (strength >= MEDIUM && buf[end + 1] !== 0x2d) valueAfter(s, end, strength, bits);
}

function userOption(s: Search, from: number): void {
  const { buf, hi } = s;
  const start = isQuote(buf[from] ?? 0) ? from + 1 : from;
  const end = start > from ? quotedEnd(s, start, buf[from]!, false) : plainEnd(s, start);
  let colon = start;
  while (colon < end && buf[colon] !== 0x3a) colon++;
  if (colon === end && hasCommand(buf, from, s.lo, LFTP, false)) {
    colon = start;
    while (colon < end && buf[colon] !== 0x2c) colon++;
  }
  // a URL: its own password is read there
  if (buf[colon + 1] === 0x2f && buf[colon + 2] === 0x2f) return;
  if (colon + 1 < end && end <= hi && !isPlaceholder(buf, colon + 1, end)) s.found(BASIC, colon + 1, end, 0.8);
  else if (colon + 1 === end && colon > start + 7 && looksRandom(buf, start, colon, 8)) s.found(BASIC, start, colon, 0.7);
}

/** where the name that nameBefore read last begins and ends */
export let nameStart = 0;
export let nameEnd = 0;

/** Evidence of the name before the sign at `op`, not before `lo`; 0 when there is no name. */
export function nameBefore(buf: Uint8Array, op: number, lo: number): number {
  // the first half of `.=`, `+=`, `|=`
  const head = op > lo && buf[op] === 0x3d && isSignHead(buf[op - 1]!);
  // `||=`
  const sign = head ? (op - 2 > lo && buf[op - 1] === 0x7c && buf[op - 2] === 0x7c ? op - 2 : op - 1) : op;
  const link = buf[op] === 0x3a || buf[op] === 0xef ? linkBefore(buf, op, lo) : -1;
  const bits = wordBefore(buf, link < 0 ? sign : link, lo);
  if (nameStart === nameEnd) return 0;
  if (link >= 0) return (bits & NAMING) !== 0 && nameEnd > nameStart ? bits : 0;
  if ((bits & NAMING) !== 0 || nameStart - 2 < lo) return bits;
  const start = nameStart;
  // `token string = …` names a type between; `key="Password" value="…"` names the value elsewhere
  if (buf[op] !== 0x3d || buf[start - 1] !== 0x20) return bits;
  const end = nameEnd;
  const second = wordBefore(buf, start, lo);
  if ((second & NAMING) !== 0 && nameEnd > nameStart) return second;
  nameStart = start;
  nameEnd = end;
  return bits;
}

/** words between the name and the colon of a sentence, with the blank before them; in letters of the alphabet they are in evidence.ts too */
const LINKS = [
  ' is',
  ' was',
  ' es',
  ' est',
  ' ist',
  ' lautet',
  ' jest',
  ' brzmi',
  ' é',
  ' è',
  ' är',
  ' este',
  '是',
  '为',
  '為',
  'は',
  '는',
  '은',
].map((word) => Buffer.from(word, 'utf8'));

/** `su contraseña es: …`: where the word begins that links the name to the colon at `op`; -1 when there is none. */
function linkBefore(buf: Uint8Array, op: number, lo: number): number {
  let end = op;
  if (end > lo && buf[end - 1] === 0x20) end--;
  for (const word of LINKS) {
    const start = end - word.length;
    if (start > lo && buf[end - 1] === word[word.length - 1] && startsWith(buf, start, word)) return start;
  }
  return -1;
}

/** words that can make a name secret, alone or with others */
export const NAMING = PASSWORD | SECRET | TOKEN | KEY | AUTH | RANDOM | VENDOR;

function isSignHead(b: number): boolean {
  return b === 0x2e || b === 0x2b || b === 0x7c || b === 0x2d;
}

function wordBefore(buf: Uint8Array, op: number, lo: number): number {
  let p = op;
  const gapFloor = Math.max(lo, op - 12);
  // between name and sign: blanks, closing quotes and brackets, the colon of :=, the question mark of ?=
  while (p > gapFloor && isNameGap(buf[p - 1]!)) p--;
  const end = p;
  const floor = Math.max(lo, end - NAME_MAX);
  while (p > floor && (CLASS[buf[p - 1]!]! & IDENT) !== 0) p--;
  nameStart = p;
  nameEnd = end;
  if (isWorldName(buf, p, end, lo)) {
    const what = worldName(buf, end, lo);
    if (what !== NO_WORD) {
      nameStart = wordFrom;
      return what === PASSWORD_WORD ? PASSWORD : SECRET | KEY;
    }
  }
  if (p === end) return 0;
  let bits = evidenceOf(buf, p, end);
  if ((bits & PASSWORD) !== 0 && (isHalf(buf, p, end, lo) || isStrayPw(buf, p, end, lo))) return 0;
  // "API key: …", "client secret = …": the word before belongs to the name when nothing but a blank is between
  if (
    p > floor &&
    (buf[p - 1] === 0x20 || buf[p - 1] === 0x2d) &&
    p - 2 >= lo &&
    (CLASS[buf[p - 2]!]! & ALPHA) !== 0 &&
    (bits & (KEY | TOKEN | SECRET)) !== 0
  ) {
    let q = p - 1;
    while (q > floor && (CLASS[buf[q - 1]!]! & IDENT) !== 0) q--;
    bits |= evidenceOf(buf, q, p - 1) & (QUALIFIER | SECRET | AUTH | CLOUD | PUBLIC | TOKEN | PASSWORD);
  }
  return bits;
}

const HALVES: readonly (readonly [word: Uint8Array, before: Uint8Array])[] = [
  [ascii('passe'), ascii('mot de ')],
  [ascii('sandi'), ascii('kata ')],
];

/** `se passe : …`: the word means a password with those before it alone. */
function isHalf(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  for (const [word, before] of HALVES) {
    if (end - start !== word.length || !startsWithNoCase(buf, start, word)) continue;
    return start - before.length < lo || !startsWithNoCase(buf, start - before.length, before);
  }
  return false;
}

/** `-c,!PW:v|_Q`, `aGk/Pw==`: two letters at the end of random text, and no word. */
function isStrayPw(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  const at = end - 2;
  if (at < start || (buf[at]! | 0x20) !== 0x70 || (buf[at + 1]! | 0x20) !== 0x77) return false;
  const before = start > lo ? buf[start - 1]! : 0x20;
  if (at === start) return before > 0x20 && !isQuote(before) && !OPENERS.includes(before);
  const joined = (CLASS[buf[at - 1]!]! & ALNUM) !== 0;
  // `bindpw` is a word of its own
  if (joined && buf[at]! >= 0x61) return false;
  if (before === 0x2b || before === 0x2f) return true;
  if (joined && (at - 2 < start || buf[at - 1]! < 0x61 || buf[at - 2]! < 0x61)) return true;
  if (joined) for (let k = start; k < at; k++) if (buf[k]! < 0x3a && buf[k]! >= 0x30) return true;
  return false;
}

/** what a name of two letters may stand behind: `(pw=`, `?pw=`, `**pw:` */
const OPENERS = ascii('({[,;&?<*');

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

function isNameGap(b: number): boolean {
  return (
    b === 0x20 || b === 0x09 || b === 0x22 || b === 0x27 || b === 0x5d || b === 0x3a || b === 0x3f || b === 0x60 || b === 0x5c || b === 0x2b
  );
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

const BEARER_WORD = ascii('bearer ');
const BASIC_WORD = ascii('basic ');
const TOKEN_WORD = ascii('token ');

function valueAfter(s: Search, op: number, strength: number, bits: number): void {
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
  // behind a tag a line may end, and then the value ends at the next one: `<your-key>` at the end of a line is none
  if (buf[op] === 0x3e && lineEnds(buf, op + 1, p) && buf[skipBlanks(buf, plainEnd(s, p), hi)] !== 0x3c) return;
  // `getpass('Password: ', stream)`: the quote closes the text that the name stands in
  if (p < hi && isQuote(buf[p]!) && nameStart > s.lo && buf[nameStart - 1] === buf[p] && !isQuote(buf[nameEnd]!)) return;
  // `PASSWORD = N'…'` of Transact-SQL
  if (p + 1 < hi && buf[p] === 0x4e && buf[p + 1] === 0x27) p++;
  if (p < hi && isQuote(buf[p]!)) quote = buf[p++]!;
  const escaped = quote !== 0 && buf[p - 2] === 0x5c;
  const end = quote !== 0 ? quotedEnd(s, p, quote, escaped) : plainEnd(s, p);
  if (quote === 0 && (bits & AUTH) !== 0 && buf[end] === 0x20 && afterScheme(s, p, Math.min(hi, end + PLAIN_MAX)) === end + 1) {
    const until = plainEnd(s, end + 1);
    if (looksRandom(buf, end + 1, until, 16)) s.found(PASSWORD_KIND, end + 1, until, 0.75);
    return;
  }
  if (quote === 0 && defaultAfter(s, p, end, strength, bits)) return;
  // what follows a sign without a blank is no sentence
  const prose = quote === 0 && (buf[op] !== 0x3d || signs > 1);
  if (end <= p || (prose && standsInProse(buf, nameStart, nameEnd, p, end, hi)) || isFolder(buf, nameStart, nameEnd, p)) return;
  const before = s.count;
  judgeValue(s, p, end, strength, bits, quote !== 0, signs);
  if (s.count === before) return;
  if (end - p >= (quote !== 0 ? QUOTED_MAX : PLAIN_MAX) - 1) s.end[s.count - 1] = longEnd(s, end, quote);
  s.claimedUntil = s.end[s.count - 1]!;
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

/** Decides on a value beside a name of this strength. Called for cells too, whose column is the name. */
export function judgeValue(s: Search, start: number, end: number, strength: number, bits: number, quoted: boolean, signs: number): void {
  const { buf } = s;
  let from = start;
  if (end - from > 6 && startsWithNoCase(buf, from, BASIC_WORD)) {
    s.found(BASIC, from + 6, end, isPlaceholder(buf, from + 6, end) ? 0 : 0.9);
    return;
  }
  if (end - from > 7 && startsWithNoCase(buf, from, BEARER_WORD)) from += 7;
  else if (end - from > 6 && startsWithNoCase(buf, from, TOKEN_WORD)) from += 6;
  if (from > start) {
    // a sentence about tokens
    if (hasBlank(buf, from, end)) return;
    s.found(BEARER, from, end, end - from >= 8 && !isPlaceholder(buf, from, end) && !isParameter(buf, from, end) ? 0.85 : 0);
    return;
  }
  // `"auth": "…"` of Docker's config.json and _auth of .npmrc: a user and a password in base64
  if ((bits & AUTH) !== 0 && end - from >= 8 && end - from < 512 && isBase64(buf, from, end) && isBasicCredentials(buf, from, end)) {
    s.found(BASIC, from, end, 0.85);
    return;
  }
  if ((bits & AUTH) !== 0) from = afterScheme(s, from, end);
  if (quoted && isWorldLabel(buf, from, end)) return;
  if (isPlaceholder(buf, from, end) || endsInCall(s, from, end, quoted) || isCode(buf, from, end, s.hi, quoted, signs > 1)) return;
  if (strength === STRONG && isPassword(buf, from, end, quoted, signs)) s.found(PASSWORD_KIND, from, end, 0.85);
  else if (strength >= MEDIUM) judgeMedium(s, from, end, bits, quoted);
  else if (
    strength === WEAK &&
    end - from < 512 &&
    ((bits & NAMING & ~VENDOR) !== 0 || isKeyOfVendor(buf, from, end)) &&
    looksRandom(buf, from, end, 16) &&
    isTokenText(buf, from, end) &&
    !isPublicSignature(buf, from, end, bits) &&
    !isPath(buf, from, end) &&
    !isUuid(buf, from, end) &&
    !isDummy(buf, from, end) &&
    !isAlgorithm(buf, from, end)
  ) {
    s.found(weakKind(buf, from, end, bits), from, end, 0.6);
  }
}

/** `"login.password": "Contraseña"`: what a form calls the field in another language, letters and blanks alone. */
function isWorldLabel(buf: Uint8Array, start: number, end: number): boolean {
  let far = false;
  for (let k = start; k < end; k++) {
    if (buf[k]! >= 0x80) far = true;
    else if ((CLASS[buf[k]!]! & ALPHA) === 0 && buf[k] !== 0x20) return false;
  }
  return far && end - start <= 64 && worldName(buf, end, start) !== NO_WORD;
}

/** base64 of 64 bytes, what the shortest signatures have that are made with a private key; those of shared keys have 32 */
const SIGNATURE_MIN = 86;

/** `"sig":"MEUCIQ…"` beside a package: anybody may read it, for the public key verifies it. `sig=` of a signed URL lets one in. */
function isPublicSignature(buf: Uint8Array, start: number, end: number, bits: number): boolean {
  return (bits & NAMING) === RANDOM && end - start >= SIGNATURE_MIN && isBase64(buf, start, end) && !isHexOnly(buf, start, end);
}

const VENDOR_KEY_MIN = 20;

/** Behind a service's name alone: letters and digits without signs between, long enough to be no name of an account. */
function isKeyOfVendor(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < VENDOR_KEY_MIN) return false;
  let digits = 0;
  for (let k = start; k < end; k++) {
    if ((CLASS[buf[k]!]! & ALNUM) === 0) return false;
    if (buf[k]! < 0x3a) digits++;
  }
  return digits > 2;
}

/** `realm="…"`: a challenge's parameter (RFC 9110 section 11.6.1) and no credentials. */
function isParameter(buf: Uint8Array, start: number, end: number): boolean {
  let p = start;
  while (p < end && (CLASS[buf[p]!]! & IDENT) !== 0) p++;
  return p + 1 < end && buf[p] === 0x3d && (isQuote(buf[p + 1]!) || buf[p + 1] === 0x5c);
}

/** A value whose name says token, secret or API key: random, a long number, or a quoted text that is no prose. */
function judgeMedium(s: Search, start: number, end: number, bits: number, quoted: boolean): void {
  const { buf } = s;
  const length = end - start;
  if (isDummy(buf, start, end)) return;
  if (looksRandom(buf, start, end, 8) && !isPath(buf, start, end)) s.found(namedKind(buf, start, end, bits), start, end, 0.8);
  else if (length >= 15 && length <= 40 && allDigits(buf, start, end)) s.found(PASSWORD_KIND, start, end, 0.6);
  else if (
    (bits & SECRET) !== 0 &&
    quoted &&
    length >= 8 &&
    !hasBlank(buf, start, end) &&
    !isWords(buf, start, end) &&
    !isNumber(buf, start, end)
  ) {
    s.found(PASSWORD_KIND, start, end, 0.6);
  }
}

/** `Authorization: Api-Token 22cb…`: where the scheme ends, when one word and a blank stand before the value. */
function afterScheme(s: Search, start: number, end: number): number {
  let p = start;
  while (p < end && p - start < 16 && ((CLASS[s.buf[p]!]! & ALPHA) !== 0 || s.buf[p] === 0x2d)) p++;
  return p > start && p + 8 < end && s.buf[p] === 0x20 ? p + 1 : start;
}

function namedKind(buf: Uint8Array, start: number, end: number, bits: number): number {
  const length = end - start;
  if (length === 40 && (bits & (CLOUD | SECRET)) !== 0 && (bits & (KEY | QUALIFIER)) !== 0 && isBase64(buf, start, end))
    return (bits & CLOUD) !== 0 || (bits & SECRET) !== 0 ? AWS_SECRET : PASSWORD_KIND;
  if ((length === 88 || length === 86) && (bits & SHARED_ACCESS) !== 0 && isBase64(buf, start, end)) return AZURE_STORAGE;
  if ((bits & SHARED_ACCESS) !== 0 && isBase64(buf, start, end)) return AZURE_CONNECTION;
  return PASSWORD_KIND;
}

/** `private_key_id` of Google's service accounts is 40 hex digits; anything else under a weak name is only random. */
function weakKind(buf: Uint8Array, start: number, end: number, bits: number): number {
  return end - start === 40 && (bits & QUALIFIER) !== 0 && (bits & KEY) !== 0 && isHexOnly(buf, start, end) ? GCP_KEY : HIGH_ENTROPY;
}

/** What is taken for a password after a name that says so. */
function isPassword(buf: Uint8Array, start: number, end: number, quoted: boolean, signs: number): boolean {
  const length = end - start;
  if (length < 3 && !quoted) return false;
  if (isSentence(buf, start, end)) return false;
  // with blanks around the sign and without quotes a bare name is code: `password = input_password`
  if (!quoted && signs > 1 && isName(buf, start, end) && length < 40 && isWords(buf, start, end) && hasUnderscore(buf, start, end))
    return false;
  return true;
}

/** What a form says about passwords: `mindestens 8 Zeichen`, or letters of Chinese, Japanese or Korean, with which nobody types one. */
function isSentence(buf: Uint8Array, start: number, end: number): boolean {
  let letters = true;
  for (let k = start; k < end; k++) {
    if (buf[k]! >= 0xe3 && buf[k]! < 0xf0) return true;
    if ((CLASS[buf[k]!]! & ALPHA) === 0 && buf[k]! < 0x80) letters = false;
  }
  if (!letters || buf[end] !== 0x20) return false;
  let p = end + 1;
  // `не менее 8 символов`: another word may stand between
  while (p - end < 16 && ((CLASS[buf[p] ?? 0]! & ALPHA) !== 0 || (buf[p] ?? 0) >= 0x80)) p++;
  if (p > end + 1) p = buf[p] === 0x20 ? p + 1 : end;
  const number = p;
  while (p - number < 3 && (buf[p] ?? 0) >= 0x30 && buf[p]! <= 0x39) p++;
  return p > number && buf[p] === 0x20;
}

function allDigits(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! < 0x30 || buf[k]! > 0x39) return false;
  return true;
}

function hasBlank(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! <= 0x20) return true;
  return false;
}

function hasUnderscore(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k] === 0x5f) return true;
  return false;
}

/** `getToken()`, `crypto.randomBytes(16)`, `secrets[...]`: an expression of a program. */
function endsInCall(s: Search, start: number, end: number, quoted: boolean): boolean {
  if (quoted) return false;
  const { buf, hi } = s;
  let p = start;
  while (p < end && ((CLASS[buf[p]!]! & IDENT) !== 0 || buf[p] === 0x3a)) p++;
  return p > start && p < hi && (buf[p] === 0x28 || buf[p] === 0x5b) && ((CLASS[buf[start]!]! & ALPHA) !== 0 || buf[start] === 0x5f);
}

function isPath(buf: Uint8Array, start: number, end: number): boolean {
  if (buf[start] === 0x2f || buf[start] === 0x2e || buf[start] === 0x7e) return true;
  for (let k = start; k + 2 < end && k < start + 12; k++) if (buf[k] === 0x3a && buf[k + 1] === 0x2f && buf[k + 2] === 0x2f) return true;
  return false;
}

function isBase64(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & BASE64) === 0 && buf[k] !== 0x3d) return false;
  return true;
}

function isHexOnly(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & HEX) === 0) return false;
  return true;
}

function isUuid(buf: Uint8Array, start: number, end: number): boolean {
  return end - start === 36 && buf[start + 8] === 0x2d && buf[start + 13] === 0x2d && buf[start + 18] === 0x2d && buf[start + 23] === 0x2d;
}

/** `Bearer …` and `Basic …` with their B at `at`, wherever they stand: headers in logs, commands and messages. */
export function authSchemeAt(s: Search, at: number): void {
  const { buf, hi, lo } = s;
  if (at > lo && (CLASS[buf[at - 1]!]! & ALNUM) !== 0) return;
  const bearer = at + 7 < hi && startsWithNoCase(buf, at, BEARER_WORD);
  if (!bearer && !(at + 6 < hi && startsWithNoCase(buf, at, BASIC_WORD))) return;
  const start = at + (bearer ? 7 : 6);
  let end = start;
  const limit = Math.min(hi, start + PLAIN_MAX);
  while (end < limit && ((CLASS[buf[end]!]! & (BASE64 | IDENT)) !== 0 || buf[end] === 0x3d || buf[end] === 0x7e)) end++;
  s.steps += end - at;
  if (buf[end - 1] === 0x2e) end--;
  if (bearer && looksRandom(buf, start, end, 12)) s.found(BEARER, start, end, 0.8);
  else if (!bearer && end - start >= 8 && isBase64(buf, start, end) && isBasicCredentials(buf, start, end)) s.found(BASIC, start, end, 0.8);
}

/** True when the base64 text decodes to printable bytes with a colon: `user:password` (RFC 7617). */
function isBasicCredentials(buf: Uint8Array, start: number, end: number): boolean {
  const text = Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('latin1');
  const decoded = Buffer.from(text, 'base64');
  let colon = false;
  for (const b of decoded) {
    if (b < 0x20 || b === 0x7f) return false;
    if (b === 0x3a) colon = true;
  }
  return colon;
}

/** `App8Q~…`: client secrets of Microsoft Entra have a digit, Q and ~ at the fourth to sixth place. */
export function azureSecretAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  const start = at - 5;
  if (start < lo || buf[at - 1] !== 0x51 || buf[at - 2]! < 0x30 || buf[at - 2]! > 0x39) return;
  if (start > lo && isSecretByte(buf[start - 1]!)) return;
  let end = start;
  while (end < hi && end - start < 41 && isSecretByte(buf[end]!)) end++;
  s.steps += end - start;
  if (end - start >= 37 && end - start <= 40) s.found(AZURE_CLIENT_SECRET, start, end, 0.95);
}

function isSecretByte(b: number): boolean {
  return (CLASS[b]! & ALNUM) !== 0 || b === 0x5f || b === 0x7e || b === 0x2e || b === 0x2d;
}
