import { ALNUM, ALPHA, ascii, CLASS, DOMAIN, HEX, LOCAL, startsWithNoCase } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const EMAIL = kindId('email');
/** RFC 5321 section 4.5.3.1 */
const LOCAL_MAX = 64;
const DOMAIN_MAX = 255;
/** what stands after the last dot of file names and of nothing that has a mail server */
export const FILE_ENDINGS = [
  'png',
  'jpg',
  'jpeg',
  'gif',
  'svg',
  'webp',
  'css',
  'js',
  'mjs',
  'json',
  'html',
  'htm',
  'php',
  'tsx',
  'jsx',
  'scss',
  'pdf',
  'xml',
  'yml',
  'yaml',
  'txt',
  'log',
  'exe',
  'dll',
  'jar',
  'gz',
  'woff',
  'ttf',
  'tgz',
];
/** the endings as numbers: up to five bytes in base 256 */
const FILE_ENDING_NUMBERS = new Set(FILE_ENDINGS.map((e) => packed(ascii(e), 0, e.length)));

function packed(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let k = start; k < end; k++) n = n * 256 + (buf[k]! | 0x20);
  return n;
}

/** An address around the @ at `at`. */
export function emailAt(s: Search, at: number): void {
  const end = domainEnd(s, at + 1);
  if (end < 0) return;
  const start = localStart(s, at);
  if (start === at || isRemoteName(s, start, at, end)) return;
  s.steps += end - start;
  s.found(EMAIL, start, end, 0.95);
}

function localStart(s: Search, at: number): number {
  const { buf, lo } = s;
  const floor = Math.max(lo, at - LOCAL_MAX);
  if (at > lo && buf[at - 1] === 0x22) return quotedStart(s, at - 1, floor);
  let start = at;
  while (start > floor && (CLASS[buf[start - 1]!]! & LOCAL) !== 0) start--;
  s.steps += at - start;
  // punctuation that only touches the address: `='`, `(`, a path or a query
  for (let k = at - 1; k >= start; k--) {
    const b = buf[k]!;
    if (b === 0x27 && isApostrophe(buf, k, start)) continue;
    if (b === 0x3d || b === 0x2f || b === 0x3f || b === 0x26 || b === 0x27 || b === 0x60 || b === 0x7c || b === 0x7b || b === 0x7d) {
      start = k + 1;
      break;
    }
  }
  for (let k = at - 3; k >= start; k--) if (isWideSign(buf, k)) start = k + 3;
  while (start < at && (CLASS[buf[start]!]! & ALNUM) === 0 && buf[start]! < 0x80 && buf[start] !== 0x5f) start++;
  if (start < at && buf[at - 1] === 0x2e) return at;
  return start;
}

/** `o'neil`, `maria.d'angelo`: behind a letter that names have alone and that no language writes before a quote, as in `N'…'` and `u'…'`. */
function isApostrophe(buf: Uint8Array, at: number, start: number): boolean {
  const letter = buf[at - 1]! | 0x20;
  if (at - 1 < start || (letter !== 0x6f && letter !== 0x64 && letter !== 0x6c)) return false;
  return (CLASS[buf[at + 1]!]! & ALPHA) !== 0 && (at - 2 < start || (CLASS[buf[at - 2]!]! & ALNUM) === 0);
}

/** Signs of East Asian writing, which stand beside addresses without a blank: U+3000 to U+303F but 々, and `！` to `／`, `：` to `＠`. */
function isWideSign(buf: Uint8Array, at: number): boolean {
  const first = buf[at]!;
  if (first === 0xe3) return buf[at + 1] === 0x80 && buf[at + 2] !== 0x85;
  if (first !== 0xef || buf[at + 1] !== 0xbc) return false;
  const last = buf[at + 2]!;
  return last <= 0x8f || (last >= 0x9a && last <= 0xa0);
}

/** `"john doe"@example.com`: only letters, digits, dots and spaces inside, or it is the end of some other quote. */
function quotedStart(s: Search, quote: number, floor: number): number {
  const { buf } = s;
  let k = quote - 1;
  while (k >= floor && buf[k] !== 0x22 && ((CLASS[buf[k]!]! & LOCAL) !== 0 || buf[k] === 0x20)) k--;
  s.steps += quote - k;
  return k >= floor && buf[k] === 0x22 && quote - k > 1 ? k : quote + 1;
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3): one past the bracket, -1 when it is none. */
function literalEnd(s: Search, from: number): number {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + LITERAL_MAX);
  let signs = 0;
  let p = from + 1;
  for (; p < limit && buf[p] !== 0x5d; p++) {
    const b = buf[p]!;
    if (b === 0x2e || b === 0x3a) signs++;
    else if ((CLASS[b]! & HEX) === 0 && !(p - from < 6 && (CLASS[b]! & ALPHA) !== 0)) return -1;
  }
  s.steps += p - from;
  return p < limit && signs > 2 && (CLASS[buf[p - 1]!]! & HEX) !== 0 ? p + 1 : -1;
}

const LITERAL_MAX = 52;

/** One past the domain that begins at `from`; -1 when what stands there is none. */
function domainEnd(s: Search, from: number): number {
  const { buf, hi } = s;
  if (buf[from] === 0x5b) return literalEnd(s, from);
  const limit = Math.min(hi, from + DOMAIN_MAX);
  let p = from;
  let dot = -1;
  while (p < limit && (CLASS[buf[p]!]! & DOMAIN) !== 0) {
    if (dot >= 0 && isWideSign(buf, p)) break;
    if (buf[p] === 0x2e) {
      if (p === from || buf[p - 1] === 0x2e || buf[p - 1] === 0x2d) break;
      dot = p;
    }
    p++;
  }
  s.steps += p - from;
  // what ends a sentence is not part of it
  while (p > from && (buf[p - 1] === 0x2e || buf[p - 1] === 0x2d)) p--;
  if (dot >= p) {
    dot = p - 1;
    while (dot > from && buf[dot] !== 0x2e) dot--;
  }
  if (dot <= from || p - dot < 3) return -1;
  return isTopLevel(buf, dot + 1, p) ? p : -1;
}

/** What stands in buf[start, end) may be the last label of a domain: letters or punycode, and no file's ending. */
export function isTopLevel(buf: Uint8Array, start: number, end: number): boolean {
  const punycode = (buf[start]! | 0x20) === 0x78 && (buf[start + 1]! | 0x20) === 0x6e && buf[start + 2] === 0x2d;
  if (!punycode) for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALPHA) === 0 && buf[k]! < 0x80) return false;
  return end - start > 5 || !FILE_ENDING_NUMBERS.has(packed(buf, start, end));
}

const GIT = ascii('git');

/** `git@host:path` names a repository, and `user:secret@host` in a URL is the work of connection_string. */
function isRemoteName(s: Search, start: number, at: number, end: number): boolean {
  const { buf, lo, hi } = s;
  if (at - start === 3 && startsWithNoCase(buf, start, GIT) && end < hi && (buf[end] === 0x3a || buf[end] === 0x2f)) return true;
  const floor = Math.max(lo, start - LOCAL_MAX);
  if (start === lo || (buf[start - 1] !== 0x3a && buf[start - 1] !== 0x2f)) return false;
  for (let k = start - 1; k > floor && buf[k]! > 0x20; k--) if (buf[k] === 0x2f && buf[k - 1] === 0x2f) return true;
  return false;
}

/** `[at]`, `(at)`, `[@]`, blanks inside allowed; one past the closing bracket, 0 when it is none. */
function bracketed(buf: Uint8Array, open: number, hi: number, word: string): number {
  let p = open + 1;
  if (buf[p] === 0x20) p++;
  if (buf[p] === (word === 'at' ? 0x40 : 0x2e)) p++;
  else
    for (let k = 0; k < word.length; k++, p++) {
      if ((buf[p]! | 0x20) !== word.charCodeAt(k)) return 0;
    }
  if (buf[p] === 0x20) p++;
  const close = buf[open] === 0x5b ? 0x5d : 0x29;
  return p < hi && buf[p] === close ? p + 1 : 0;
}

/** True when the bracket at `at` spells the sign of an address: for the gate. */
export function isSpelledAt(buf: Uint8Array, at: number, hi: number): boolean {
  const b = buf[at + 1]! | 0x20;
  return (b === 0x61 || b === 0x60 || b === 0x20) && bracketed(buf, at, hi, 'at') > 0;
}

/** `jane [at] example [dot] org`, as people hide addresses from harvesters; `at` is the first bracket. */
export function spelledEmailAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  if (!isSpelledAt(buf, at, hi)) return;
  let local = at;
  if (local > lo && buf[local - 1] === 0x20) local--;
  const localEnd = local;
  const floor = Math.max(lo, at - LOCAL_MAX);
  while (local > floor && isSpelledLocal(buf[local - 1]!)) local--;
  if (local === localEnd) return;
  const limit = Math.min(hi, at + SPELLED_MAX);
  let p = bracketed(buf, at, hi, 'at');
  if (buf[p] === 0x20) p++;
  let label = p;
  let end = 0;
  while (p < limit) {
    if ((CLASS[buf[p]!]! & DOMAIN) !== 0 && buf[p] !== 0x2e) {
      p++;
      continue;
    }
    if (p === label) break;
    const next = dotEnd(buf, p, limit);
    // what stands behind the last dot ends the address
    if (end !== 0 || next === 0) end = isTopLevel(buf, label, p) && p - label > 1 && label !== first(buf, at, hi) ? p : end;
    if (next === 0) break;
    p = label = next;
  }
  if (p >= limit && p > label + 1 && label !== first(buf, at, hi) && isTopLevel(buf, label, p)) end = p;
  s.steps += p - local;
  if (end > 0) s.found(EMAIL, local, end, 0.85);
}

/** longest that is read of an address with spelled signs, bytes */
const SPELLED_MAX = 160;

/** Where the domain begins. */
function first(buf: Uint8Array, at: number, hi: number): number {
  const p = bracketed(buf, at, hi, 'at');
  return buf[p] === 0x20 ? p + 1 : p;
}

/** One past a dot, spelled or not, with a label's first letter behind it; 0 when there is none. */
function dotEnd(buf: Uint8Array, at: number, hi: number): number {
  let p = at;
  if (buf[p] === 0x2e) p++;
  else {
    if (buf[p] === 0x20) p++;
    const b = buf[p];
    if (b !== 0x5b && b !== 0x28) return 0;
    p = bracketed(buf, p, hi, 'dot');
    if (p === 0) return 0;
    if (buf[p] === 0x20) p++;
  }
  return p < hi && (CLASS[buf[p]!]! & ALNUM) !== 0 ? p : 0;
}

function isSpelledLocal(b: number): boolean {
  return (CLASS[b]! & ALNUM) !== 0 || b === 0x2e || b === 0x5f || b === 0x2d || b === 0x2b || b >= 0x80;
}
