import { ALNUM, ALPHA, ascii, CLASS, DIGIT, IDENT, startsWith, startsWithNoCase } from '../bytes.js';
import {
  AGAINST,
  AUTH,
  CLOUD,
  COUNT_OF,
  evidenceOf,
  KEY,
  NAMING,
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
import { isQuote } from './extent.js';
import { isWorldName, NO_WORD, PASSWORD_WORD, wordFrom, worldName } from './password-words.js';

/** longest name that is read, in bytes */
export const NAME_MAX = 64;

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

/** where the name that nameBefore read last begins and ends */
export let nameStart = 0;
export let nameEnd = 0;

/** Evidence of the name before the sign at `op`, not before `lo`; 0 when there is no name. */
export function nameBefore(buf: Uint8Array, op: number, lo: number): number {
  // the first half of `.=`, `+=`, `|=`, `!=`
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
  // `-method=userpass username=bob`: two words, unless a blank stands before the sign or a colon between
  const declared = buf[op - 1] === 0x20 || buf[start - 2] === 0x3a || isQuote(buf[start - 2] ?? 0);
  const end = nameEnd;
  const second = wordBefore(buf, start, lo);
  const quoted = nameEnd < start && isQuote(buf[nameEnd]!);
  if ((second & NAMING) !== 0 && nameEnd > nameStart && declared && (!quoted || isValueWord(buf, start, end))) return second;
  nameStart = start;
  nameEnd = end;
  return bits;
}

const VALUE_WORDS = ['value', 'default', 'content', 'val'].map(ascii);

/** `type="password" name="login"`: another attribute says nothing of the value. */
function isValueWord(buf: Uint8Array, start: number, end: number): boolean {
  return VALUE_WORDS.some((word) => word.length === end - start && startsWithNoCase(buf, start, word));
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

const NO_LINKS: readonly Buffer[] = [];
/** the same by their last byte, which few names end with */
const LINKS_BY_LAST = Array.from({ length: 256 }, (_, b): readonly Buffer[] => {
  const words = LINKS.filter((word) => word[word.length - 1] === b);
  return words.length === 0 ? NO_LINKS : words;
});

/** `su contraseña es: …`: where the word begins that links the name to the colon at `op`; -1 when there is none. */
function linkBefore(buf: Uint8Array, op: number, lo: number): number {
  let end = op;
  if (end > lo && buf[end - 1] === 0x20) end--;
  for (const word of LINKS_BY_LAST[buf[end - 1]!] ?? NO_LINKS) {
    const start = end - word.length;
    if (start > lo && startsWith(buf, start, word)) return start;
  }
  return -1;
}

export { NAMING };

function isSignHead(b: number): boolean {
  return b === 0x2e || b === 0x2b || b === 0x7c || b === 0x2d || b === 0x21;
}

/** Evidence of the name that ends at `end`, not before `lo`, with the word before it where that belongs to it (`client secret`). */
export function nameAt(buf: Uint8Array, end: number, lo: number): number {
  const bits = wordBefore(buf, end, lo);
  return nameStart === nameEnd || nameEnd !== end ? 0 : bits;
}

function wordBefore(buf: Uint8Array, op: number, lo: number): number {
  let p = op;
  const gapFloor = Math.max(lo, op - 12);
  // between name and sign: blanks, closing quotes and brackets, the colon of :=, the question mark of ?=
  while (p > gapFloor && isNameGap(buf[p - 1]!)) p--;
  // `password[32]`
  if (p < op && buf[p] === 0x5d) {
    let q = p;
    while (q > gapFloor && (CLASS[buf[q - 1]!]! & DIGIT) !== 0) q--;
    if (q > gapFloor && buf[q - 1] === 0x5b) p = q - 1;
  }
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
  if ((bits & NAMING) !== 0 && isEndOfRandom(buf, p, end, lo)) return 0;
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

/** shortest name that may be the end of random text, bytes */
const RANDOM_MIN = 20;

/** `VtKTn9Mkvsvt/z2HbFeJ/pwTVCy==`: the name ends random text, in base64 the part behind its last slash or plus. */
function isEndOfRandom(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  const sign = start > lo ? buf[start - 1]! : 0;
  const behind = (sign === 0x2f || sign === 0x2b) && buf[end] === 0x3d && buf[end + 1] === 0x3d;
  return behind || (end - start >= RANDOM_MIN && isRandomText(buf, start, end));
}

/** `NyL9mappu2PwYpqX25xuYNzLHLwd`: capitals, small letters and digits change at nearly every second place, as they do in no words. */
function isRandomText(buf: Uint8Array, start: number, end: number): boolean {
  let changes = 0;
  let last = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    const kind = b >= 0x61 ? 1 : b >= 0x41 ? 2 : 3;
    if (b === 0x5f || b === 0x2d || b === 0x2e) return false;
    if (kind !== last) changes++;
    last = kind;
  }
  return changes * 20 > (end - start) * 9;
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

function isNameGap(b: number): boolean {
  return (
    b === 0x20 || b === 0x09 || b === 0x22 || b === 0x27 || b === 0x5d || b === 0x3a || b === 0x3f || b === 0x60 || b === 0x5c || b === 0x2b
  );
}
