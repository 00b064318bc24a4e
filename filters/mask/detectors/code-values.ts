import { ALPHA, ascii, BASE64, CLASS, DIGIT, IDENT, startsWithNoCase } from '../bytes.js';
import { evidenceOf, KEY, PASSWORD, SECRET, TOKEN } from '../evidence.js';

/** longest expression that is read as one, in bytes */
const EXPRESSION_MAX = 128;
const NAMING = PASSWORD | SECRET | TOKEN | KEY;

/**
 * True when buf[start, end) beside a secret's name is code or a label, and no secret: `(password`, `e||t`, `opts.password`,
 * `password: TArg<…`, `secretKey: Uint8Array`, `"New password"`, a sentence. `spaced`: a blank stands between sign and value.
 */
export function isCode(buf: Uint8Array, start: number, end: number, hi: number, quoted: boolean, spaced: boolean): boolean {
  if (end - start > EXPRESSION_MAX) return false;
  if (quoted) return isLabel(buf, start, end) || isPattern(buf, start, end);
  if (buf[start] === 0x28 || hasOperator(buf, start, end) || isMemberType(buf, start, end)) return true;
  const shape = shapeOf(buf, start, end);
  if (shape === NO_NAME) return false;
  // a name that is called like a secret holds one and is none: `password = user_password`
  if ((shape & DIGITS) === 0 && (evidenceOf(buf, start, end) & NAMING) !== 0) return true;
  const after = end < hi ? buf[end]! : 0;
  if ((shape & DOTTED) !== 0)
    return (shape & CAMEL) !== 0 || (spaced && (isStatementEnd(after) || isAssigned(buf, end, hi) || buf[start] === 0x5f));
  if (!spaced) return false;
  if ((shape & CAPITAL) !== 0 && (shape & CAMEL) !== 0 && (isStatementEnd(after) || isTypeEnd(buf, end, hi))) return true;
  return (shape & DIGITS) === 0 && (isStatementEnd(after) || (after === 0x2c && end + 1 < hi && buf[end + 1] === 0x0a));
}

/** Letters and the usual signs between words: with a secret's name among them, or as many words as a sentence has. */
function isLabel(buf: Uint8Array, start: number, end: number): boolean {
  let blanks = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b === 0x20) blanks++;
    else if ((CLASS[b]! & ALPHA) === 0 && b !== 0x5f && b !== 0x2d && b !== 0x2e && b !== 0x2f && b !== 0x2c && b !== 0x27 && b !== 0x23)
      return false;
  }
  return blanks >= 4 || (evidenceOf(buf, start, end) & NAMING) !== 0;
}

/** `||`, `&&`, `=>`, `?.`, `++`: no value without quotes has them. */
function hasOperator(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start + 1; k < end; k++) {
    const b = buf[k]!;
    const before = buf[k - 1]!;
    if (((b === 0x7c || b === 0x26) && before === b) || (b === 0x3e && before === 0x3d) || (b === 0x2e && before === 0x3f)) return true;
  }
  return false;
}

const SOURCES = new Set(
  'java kt kts scala groovy clj py pyx js mjs cjs jsx ts mts tsx vue go rb php cs fs vb c cc cpp cxx h hpp rs swift m mm ex exs erl dart lua pl pm sh ps1 sql'.split(
    ' ',
  ),
);

/** `PasswordEncoder.java:592`: the name of a file of sources ends at the colon `at`, and the number of a line follows. */
export function isLineOfSource(buf: Uint8Array, from: number, at: number, hi: number): boolean {
  let dot = at - 1;
  while (dot > from && at - dot < 8 && buf[dot] !== 0x2e) dot--;
  if (buf[dot] !== 0x2e || dot === from) return false;
  let p = at + 1;
  while (p < hi && p - at < 8 && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
  if (p === at + 1 || (p < hi && (CLASS[buf[p]!]! & IDENT) !== 0)) return false;
  return SOURCES.has(String.fromCharCode(...buf.subarray(dot + 1, at)));
}

const NO_NAME = 0;
const NAME = 1;
const DOTTED = 2;
const CAMEL = 4;
const CAPITAL = 8;
const DIGITS = 16;

/** What an identifier or a path of members looks like; NO_NAME when it can't be one or its digits are many. */
function shapeOf(buf: Uint8Array, start: number, end: number): number {
  const first = buf[start]!;
  if ((CLASS[first]! & ALPHA) === 0 && first !== 0x5f) return NO_NAME;
  let shape = NAME;
  if (first >= 0x41 && first <= 0x5a) shape |= CAPITAL;
  let digits = 0;
  for (let k = start + 1; k < end; k++) {
    const b = buf[k]!;
    const before = buf[k - 1]!;
    if (b === 0x2e) {
      if (before === 0x2e || k + 1 === end || (CLASS[buf[k + 1]!]! & DIGIT) !== 0) return NO_NAME;
      shape |= DOTTED;
    } else if ((CLASS[b]! & DIGIT) !== 0) {
      digits++;
    } else if ((CLASS[b]! & ALPHA) === 0) {
      if (b !== 0x5f) return NO_NAME;
      if ((shape & DOTTED) !== 0 || (before >= 0x41 && before <= 0x5a)) shape |= CAMEL;
    } else if (b <= 0x5a && before >= 0x61) shape |= CAMEL;
    else if (b >= 0x61 && k > start + 1 && before <= 0x5a && before >= 0x41) shape |= CAMEL;
  }
  // `Uint8Array`, `OAuth2Client`, `lib.X509_FLAG`: a digit or two inside a word; a password has them at its end
  if (digits > 0) shape |= DIGITS;
  const last = (CLASS[buf[end - 1]!]! & DIGIT) !== 0;
  return (shape & DOTTED) !== 0 ? (digits > 3 ? NO_NAME : shape) : digits > 2 || last ? NO_NAME : shape;
}

/** `;` and `)` end what was an expression. */
function isStatementEnd(b: number): boolean {
  return b === 0x3b || b === 0x29;
}

/** What follows the name of a type: `<`, `[`, `,`, ` |`, ` =`, ` &`. */
function isTypeEnd(buf: Uint8Array, end: number, hi: number): boolean {
  if (end >= hi) return false;
  const b = buf[end]!;
  if (b === 0x3c || b === 0x5b || b === 0x2c || b === 0x7c || b === 0x3e) return true;
  const next = b === 0x20 && end + 1 < hi ? buf[end + 1]! : 0;
  return next === 0x7c || next === 0x3d || next === 0x26 || next === 0x7b;
}

/** What random values are made of: letters, digits and the signs of base64, hex with colons, tokens with dots. */
export function isTokenText(buf: Uint8Array, start: number, end: number): boolean {
  let upper = 0;
  let under = 0;
  let lower = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & (BASE64 | IDENT)) === 0 && b !== 0x3d && b !== 0x7e && b !== 0x3a && b !== 0x25) return false;
    if (b >= 0x61) lower++;
    else if (b >= 0x41 && b <= 0x5a) upper++;
    if (b === 0x5f) under++;
  }
  // `SHA-256_SSWU_RO_NUL_`: the name of a constant
  return under < 2 || lower > 0 || upper === 0;
}

/** `target.password = target.search = …`: another sign behind the value. */
function isAssigned(buf: Uint8Array, end: number, hi: number): boolean {
  return end + 2 < hi && buf[end] === 0x20 && buf[end + 1] === 0x3d && buf[end + 2] === 0x20;
}

/** `ed25519.Ed25519PrivateKey`: a type of a module. */
function isMemberType(buf: Uint8Array, start: number, end: number): boolean {
  let dot = -1;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b === 0x2e) dot = k;
    else if ((CLASS[b]! & IDENT) === 0 || b === 0x2d) return false;
  }
  if (dot < 0 || dot + 4 > end || buf[dot + 1]! < 0x41 || buf[dot + 1]! > 0x5a || buf[dot + 2]! < 0x61) return false;
  return (evidenceOf(buf, dot + 1, end) & NAMING) !== 0;
}

/** `(?:…)`, `^…$`: a regular expression. */
function isPattern(buf: Uint8Array, start: number, end: number): boolean {
  return (buf[start] === 0x28 && buf[start + 1] === 0x3f) || (buf[start] === 0x5e && buf[end - 1] === 0x24);
}

/**
 * A word behind a name that is part of a sentence or of code around it: `First pass: determine …`, `user, password = split`,
 * `:type passphrase: :py:data:`. buf[from, to) is the name, buf[start, end) the value without quotes.
 */
export function standsInProse(buf: Uint8Array, from: number, to: number, start: number, end: number, hi: number): boolean {
  if (end < hi && buf[end] === 0x60 && buf[end - 1] === 0x3a) return true;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALPHA) === 0 && buf[k] !== 0x5f) return false;
  // several names on the left of a sign: `user, password = …`
  if (from >= 2 && buf[from - 1] === 0x20 && buf[from - 2] === 0x2c && buf[to] === 0x20) return true;
  const goesOn = end + 1 < hi && buf[end] === 0x20 && buf[end + 1]! >= 0x61 && buf[end + 1]! <= 0x7a;
  return goesOn && (isVerbPass(buf, from, to) || (isCapitalised(buf, start, end) && end - start > 1));
}

function isCapitalised(buf: Uint8Array, start: number, end: number): boolean {
  if (buf[start]! < 0x41 || buf[start]! > 0x5a) return false;
  for (let k = start + 1; k < end; k++) if (buf[k]! < 0x61 || buf[k]! > 0x7a) return false;
  return true;
}

/** `pass` as in passing through: not the first letters of password, passwd, passphrase, passcode. */
export function isVerbPass(buf: Uint8Array, from: number, to: number): boolean {
  for (let k = from; k + 4 <= to; k++) {
    if ((buf[k]! | 0x20) !== 0x70 || (buf[k + 1]! | 0x20) !== 0x61 || (buf[k + 2]! | 0x20) !== 0x73 || (buf[k + 3]! | 0x20) !== 0x73)
      continue;
    const next = k + 4 < to ? buf[k + 4]! | 0x20 : 0;
    return next !== 0x77 && next !== 0x70 && next !== 0x63;
  }
  return false;
}

const PWD = ascii('pwd');

/** `PWD=/home/jane`: the working directory of a shell. */
export function isFolder(buf: Uint8Array, from: number, to: number, start: number): boolean {
  // `pwd=/srv/app`: two slashes, for a password may begin with one
  if (to - from === 3 && buf[start] === 0x2f && startsWithNoCase(buf, from, PWD))
    for (let k = start + 1; buf[k]! > 0x20 && k - start < 64; k++) if (buf[k] === 0x2f) return true;
  if (buf[start] !== 0x2f && buf[start + 1] !== 0x3a) return false;
  const p = to - 3;
  return p >= from && buf[p] === 0x50 && buf[p + 1] === 0x57 && buf[p + 2] === 0x44 && (p === from || buf[p - 1] === 0x44);
}

/** digits behind the words of a dummy */
const DUMMY_DIGITS_MAX = 4;

/** `MYTOKEN1`, `my-secret-key-123`: the word for a secret itself, with words around it and hardly a digit. */
export function isDummy(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start > 48) return false;
  let digits = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & DIGIT) !== 0) {
      if (++digits > DUMMY_DIGITS_MAX) return false;
    } else if ((CLASS[b]! & ALPHA) === 0 && b !== 0x5f && b !== 0x2d) return false;
  }
  let letters = end;
  while (letters > start && (CLASS[buf[letters - 1]!]! & DIGIT) !== 0) letters--;
  return (evidenceOf(buf, start, letters) & NAMING) !== 0 || NAMES.some((name) => holdsWord(buf, start, letters, name));
}

const NAMES = ['token', 'secret', 'passwor', 'passwd', 'apikey'].map(ascii);

function holdsWord(buf: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  for (let k = start; k + word.length <= end; k++) if (startsWithNoCase(buf, k, word)) return true;
  return false;
}

const ALGORITHMS = [
  'sha',
  'rsa',
  'ecdsa',
  'dsa',
  'hmac',
  'md5',
  'ed25519',
  'ed448',
  'aes',
  'pbe',
  'base64',
  'urlsafe',
  'x-amz',
  'aws:',
].map(ascii);

/** `sha224WithRSAEncryption`, `hmac-sha2-256`: beside words such as signature and key the name of a method. */
export function isAlgorithm(buf: Uint8Array, start: number, end: number): boolean {
  return end - start < 40 && ALGORITHMS.some((name) => startsWithNoCase(buf, start, name));
}

const METHODS = new Set(
  'sha hmac md scram bcrypt scrypt argon argon2 argon2i argon2d argon2id pbkdf pbkdf2 crypt yescrypt aes des rsa dsa ecdsa eddsa rc gcm cbc cfb ctr ecb ccm ssha plus sasl ntlm kerberos gssapi plain login oauthbearer xoauth id i d'.split(
    ' ',
  ),
);

/** `scram-sha-256`, `AES-256-GCM`, `md5`: how passwords are kept or sent, and no password. */
export function isMethod(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start > 40 || end - start < 3) return false;
  let words = 0;
  let p = start;
  while (p < end) {
    if ((CLASS[buf[p]!]! & ALPHA) === 0) {
      const b = buf[p++]!;
      if ((CLASS[b]! & DIGIT) === 0 && b !== 0x2d && b !== 0x5f && b !== 0x2f) return false;
      continue;
    }
    const from = p;
    while (p < end && (CLASS[buf[p]!]! & ALPHA) !== 0) p++;
    if (p - from > 12 || !METHODS.has(String.fromCharCode(...buf.subarray(from, p)).toLowerCase())) return false;
    if (words++ === 0 && p - from < 2) return false;
  }
  return words > 0;
}
