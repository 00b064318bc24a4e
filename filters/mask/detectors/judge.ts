import { ALNUM, ALPHA, ascii, CLASS, IDENT, startsWithNoCase } from '../bytes.js';
import { AUTH, CLOUD, KEY, QUALIFIER, RANDOM, SECRET, SHARED_ACCESS, TOKEN, VENDOR } from '../evidence.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isAlgorithm, isCode, isDummy, isMethod, isTokenText } from './code-values.js';
import { isQuote, valueAt } from './extent.js';
import { MEDIUM, NAMING, STRONG, WEAK } from './names.js';
import { NO_WORD, worldName } from './password-words.js';
import { afterScheme, BASIC_WORD, BEARER_WORD, isBasicCredentials } from './schemes.js';
import { allDigits, hasBlank, isBase64, isHexOnly, isPath, isUuid } from './shapes.js';
import { isName, isNumber, isPlaceholder, isWords, looksRandom } from './values.js';

const PASSWORD_KIND = kindId('password');
const HIGH_ENTROPY = kindId('high_entropy');
const AWS_SECRET = kindId('aws_secret_key');
const AZURE_STORAGE = kindId('azure_storage_key');
const AZURE_CONNECTION = kindId('azure_connection_string');
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

const TOKEN_WORD = ascii('token ');

/** The quoted or plain value at a place, behind what names it. */
export function judgeAt(s: Search, at: number, strength: number, bits: number): void {
  const { from, to, quote } = valueAt(s, at);
  if (to > from) judgeValue(s, from, to, strength, bits, quote !== 0, 0);
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
  if (
    isPlaceholder(buf, from, end) ||
    isMethod(buf, from, end) ||
    endsInCall(s, from, end, quoted) ||
    isCode(buf, from, end, s.hi, quoted, signs > 1)
  )
    return;
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
    (!isUuid(buf, from, end) || ((bits & VENDOR) !== 0 && (bits & (KEY | TOKEN)) !== 0)) &&
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

/** Behind a service's name alone: letters and digits, long enough to be no name of an account, with signs between only in what is random. */
function isKeyOfVendor(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < VENDOR_KEY_MIN) return false;
  let digits = 0;
  let upper = 0;
  let lower = 0;
  let signs = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b < 0x3a && b >= 0x30) digits++;
    else if ((CLASS[b]! & ALPHA) === 0) {
      if (b !== 0x5f && b !== 0x2d) return false;
      signs++;
    } else if (b < 0x61) upper++;
    else lower++;
  }
  return signs === 0 ? digits > 2 || (digits > 0 && upper > 3 && lower > 3) : signs < 3 && digits > 1 && upper > 3 && lower > 3;
}

/** `realm="…"`: a challenge's parameter (RFC 9110 section 11.6.1) and no credentials. */
function isParameter(buf: Uint8Array, start: number, end: number): boolean {
  let p = start;
  while (p < end && (CLASS[buf[p]!]! & IDENT) !== 0) p++;
  return p + 1 < end && buf[p] === 0x3d && (isQuote(buf[p + 1]!) || buf[p + 1] === 0x5c);
}

const SIGNED_MIN = 16;
const SIGNED_MAX = 64;

/** `h}o)p$e]n(b[f>-_$#t`: signs of all kinds among the letters, as a generator of passwords puts them, and no blank. */
function hasManySigns(buf: Uint8Array, start: number, end: number): boolean {
  let signs = 0;
  let letters = 0;
  let kinds = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b <= 0x20 || b >= 0x7f || b === 0x22 || b === 0x2f || b === 0x2c || b === 0x5c) return false;
    if ((CLASS[b]! & ALNUM) !== 0) letters++;
    else {
      signs++;
      kinds |= 1 << (b & 31);
    }
  }
  let different = 0;
  for (; kinds !== 0; kinds &= kinds - 1) different++;
  return signs >= 5 && different >= 5 && letters >= 8;
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
  } else if (quoted && length >= SIGNED_MIN && length <= SIGNED_MAX && hasManySigns(buf, start, end))
    s.found(PASSWORD_KIND, start, end, 0.55);
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

function hasUnderscore(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k] === 0x5f) return true;
  return false;
}

/** `getToken()`, `crypto.randomBytes(16)`, `secrets[...]`, `$_POST['pw']`: an expression of a program. */
function endsInCall(s: Search, start: number, end: number, quoted: boolean): boolean {
  if (quoted) return false;
  const { buf, hi } = s;
  const variable = buf[start] === 0x24;
  let p = variable ? start + 1 : start;
  while (p < end && ((CLASS[buf[p]!]! & IDENT) !== 0 || buf[p] === 0x3a)) p++;
  // a password may have a bracket behind its dollar, but no text in it
  if (variable) return p > start + 1 && p + 1 < hi && buf[p] === 0x5b && (isQuote(buf[p + 1]!) || buf[p + 1] === 0x24);
  return p > start && p < hi && (buf[p] === 0x28 || buf[p] === 0x5b) && ((CLASS[buf[start]!]! & ALPHA) !== 0 || buf[start] === 0x5f);
}
