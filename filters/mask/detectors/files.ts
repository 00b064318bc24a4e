import { ALNUM, ALPHA, ascii, BASE64, CLASS, DIGIT, DOMAIN, HEX, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { passwdCommandAt } from './commands.js';
import { isQuote } from './extent.js';
import { hasCommand, words } from './shell.js';
import { isChosen, isPlaceholder } from './values.js';

const PASSWORD = kindId('password');
const PRIVATE_KEY = kindId('private_key');

const WORD = ascii('password');
const LOGIN = ascii('login');
const LINKS =
  'is|was|to|is:|are|is now|is set to|was set to|was reset to|was changed to|has been set to|has been reset to|has been changed to|set to|reset to|changed to|will be'
    .split('|')
    .map(ascii);
const PASSWD = ascii('passwd');
/** directives of ldap.conf(5), nslcd.conf(5) and slapd.conf(5), whose value is the rest of the line */
const DIRECTIVES = words('bindpw|rootpw|rootbindpw|rootpwmodpw|adminpw|mgrpw');
const SETTERS = words('nmcli |mysqladmin |mariadb-admin ');
/** how far before its password the login of a .netrc entry may stand, in bytes */
export const NETRC_REACH = 96;
const VALUE_MAX = 128;

export const NO_ENTRY = 0;
export const NETRC = 1;
export const SENTENCE = 2;
/** a command with passwd in its name (commands.ts) */
export const PASSWD_COMMAND = 3;
/** `nmcli … password x`, `mysqladmin … password 'x'` */
export const SET = 4;

/** a directive, or `password 7 x` of a router: the value ends its line */
export const LINE = 5;

/** The w at `at` may end what passwordWord reads: `passw…`, `…pw`, `…pwd`. */
export function isPasswordEnd(buf: Uint8Array, at: number): boolean {
  return (buf[at - 1] === 0x73 && buf[at - 2] === 0x73) || (buf[at - 1] === 0x70 && (buf[at + 1]! <= 0x20 || buf[at + 1] === 0x64));
}

/** where the value begins that passwordWord saw last */
export let valueFrom = 0;

/** What the word `password` with its w at `at` leads into: an entry of .netrc (ftp(1), curl's netrc), or `password is …`. */
export function passwordWord(buf: Uint8Array, at: number, lo: number, hi: number): number {
  if (buf[at - 1] === 0x70) return shortWord(buf, at, lo, hi);
  const start = at - 4;
  if (start >= lo && startsWith(buf, start, PASSWD)) return PASSWD_COMMAND;
  const after = start + WORD.length;
  if (start < lo || after + 2 > hi || buf[at - 1] !== 0x73 || !startsWith(buf, start, WORD)) return NO_ENTRY;
  if (buf[after]! > 0x20 || buf[after + 1]! <= 0x20) return NO_ENTRY;
  const next = after + 1;
  if (hasLogin(buf, start, lo)) {
    valueFrom = next;
    return NETRC;
  }
  if (isLinked(buf, next, hi)) return SENTENCE;
  // `password 7 x`: the digit says how it is hidden (Cisco IOS)
  if (buf[next]! >= 0x30 && buf[next]! <= 0x39 && buf[next + 1] === 0x20) {
    valueFrom = next + 2;
    return LINE;
  }
  valueFrom = next;
  if (hasCommand(buf, start, lo, SETTERS, false)) return SET;
  // `password 'x'`: what is quoted behind the word, with a digit or a sign in it
  return buf[next] === 0x27 || buf[next] === 0x22 ? SENTENCE : NO_ENTRY;
}

/** `password is x`, with the words from `next` on. */
function isLinked(buf: Uint8Array, next: number, hi: number): boolean {
  valueFrom = -1;
  for (const link of LINKS) {
    const end = next + link.length;
    if (end + 1 >= hi || buf[end] !== 0x20 || !startsWith(buf, next, link)) continue;
    valueFrom = Math.max(valueFrom, end + 1);
  }
  return valueFrom > 0;
}

/** `pw is x`, `the pwd was set to x`, `bindpw x` */
function shortWord(buf: Uint8Array, at: number, lo: number, hi: number): number {
  const after = buf[at + 1] === 0x64 ? at + 2 : at + 1;
  if (after + 2 > hi || (buf[after] !== 0x20 && buf[after] !== 0x09)) return NO_ENTRY;
  let start = at - 1;
  while (start > lo && at - start < 12 && (CLASS[buf[start - 1]!]! & ALPHA) !== 0) start--;
  if (start > lo && buf[start - 1]! > 0x20) return NO_ENTRY;
  if (at - start === 1) return isLinked(buf, after + 1, hi) ? SENTENCE : NO_ENTRY;
  if (start > lo && buf[start - 1] !== 0x0a) return NO_ENTRY;
  if (!DIRECTIVES.some((word) => word.length === after - start && startsWith(buf, start, word))) return NO_ENTRY;
  valueFrom = after;
  while (valueFrom < hi && valueFrom - after < 16 && (buf[valueFrom] === 0x20 || buf[valueFrom] === 0x09)) valueFrom++;
  return LINE;
}

function hasLogin(buf: Uint8Array, at: number, lo: number): boolean {
  const floor = Math.max(lo, at - NETRC_REACH);
  for (let k = at - LOGIN.length - 2; k >= floor; k--) {
    if (buf[k] === 0) return false;
    if (buf[k] === 0x6c && buf[k + LOGIN.length]! <= 0x20 && startsWith(buf, k, LOGIN) && (k === lo || buf[k - 1]! <= 0x20)) return true;
  }
  return false;
}

export function passwordWordAt(s: Search, at: number): void {
  const { buf, hi } = s;
  s.steps += NETRC_REACH;
  const what = passwordWord(buf, at, s.lo, hi);
  if (what === NO_ENTRY) return;
  if (what === PASSWD_COMMAND) {
    passwdCommandAt(s, at - 4);
    return;
  }
  let start = valueFrom;
  const quote = buf[start]!;
  if (isQuote(quote)) start++;
  let end = start;
  const limit = Math.min(hi, start + VALUE_MAX);
  while (end < limit && buf[end]! > 0x20 && !(start > valueFrom && buf[end] === quote)) end++;
  s.steps += end - start;
  if (what === SENTENCE) {
    while (end > start && (CLASS[buf[end - 1]!]! & ALNUM) === 0 && buf[end - 1]! < 0x80 && buf[end - 1] !== 0x21) end--;
    if (!isChosen(buf, start, end)) return;
  }
  if (what === LINE) {
    let rest = start > valueFrom ? end + 1 : end;
    while (rest < limit && (buf[rest] === 0x20 || buf[rest] === 0x09)) rest++;
    if (rest < hi && buf[rest] !== 0x0a && buf[rest] !== 0x0d) return;
    if (buf[valueFrom - 1] === 0x20 && buf[at + 1] === 0x6f && !isChosen(buf, start, end)) return;
  }
  if (buf[start] === 0x3d || buf[start] === 0x3a) return;
  if (end > start && !isPlaceholder(buf, start, end)) s.found(PASSWORD, start, end, what === SENTENCE ? 0.6 : 0.85);
}

/** where the password of the entry stands that pgpassEntry saw last */
let pgpassFrom = 0;
let pgpassEnd = 0;

/**
 * An entry of .pgpass, `host:port:database:user:password` (postgresql.org/docs/current/libpq-pgpass.html), whose first colon is at `at`:
 * a port of four or five digits or a star, fields without blanks, nothing behind the password.
 */
export function pgpassEntry(buf: Uint8Array, at: number, hi: number): boolean {
  let p = at + 1;
  if (buf[p] === 0x2a) p++;
  else {
    while (p < hi && p - at < 7 && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
    if (p - at < 5 || p - at > 6) return false;
  }
  for (let field = 0; field < 2; field++) {
    if (p >= hi || buf[p] !== 0x3a) return false;
    const from = ++p;
    while (p < hi && p - from < 64 && buf[p]! > 0x20 && buf[p] !== 0x3a && buf[p] !== 0x22 && buf[p] !== 0x2f) p++;
    if (p === from) return false;
  }
  if (p >= hi || buf[p] !== 0x3a) return false;
  pgpassFrom = ++p;
  while (p < hi && p - pgpassFrom < VALUE_MAX && buf[p]! > 0x20 && buf[p] !== 0x22 && buf[p] !== 0x27) {
    if (buf[p] === 0x3a && buf[p - 1] !== 0x5c) return false;
    p++;
  }
  pgpassEnd = p;
  return p > pgpassFrom;
}

export function pgpassAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  let host = at;
  const floor = Math.max(lo, at - 253);
  let named = false;
  while (host > floor && ((CLASS[buf[host - 1]!]! & DOMAIN) !== 0 || buf[host - 1] === 0x2a)) {
    host--;
    // groups of an address are hex digits
    if ((CLASS[buf[host]!]! & HEX) === 0) named = true;
  }
  s.steps += at - host;
  if (!named || (host > lo && buf[host - 1]! > 0x20 && buf[host - 1] !== 0x22 && buf[host - 1] !== 0x27)) return;
  if (!pgpassEntry(buf, at, hi)) return;
  s.steps += pgpassEnd - at;
  const after = pgpassEnd < hi ? buf[pgpassEnd]! : 0x0a;
  if (after === 0x20 || after === 0x09 || isPlaceholder(buf, pgpassFrom, pgpassEnd)) return;
  s.found(PASSWORD, pgpassFrom, pgpassEnd, 0.8);
}

const LINES = ascii('Private-Lines');
const MAC = ascii('Private-MAC:');

/** True when the header of a PuTTY key's private lines ends at the colon `at` (PuTTY manual, appendix C: PPK file format). */
export function isPuttyHeader(buf: Uint8Array, at: number, lo: number): boolean {
  return at - LINES.length >= lo && buf[at - 1] === 0x73 && buf[at - 5] === 0x4c && startsWith(buf, at - LINES.length, LINES);
}

/** The private lines of a PuTTY key and the MAC behind them, which tells whether a guess of the passphrase is right. */
export function puttyAt(s: Search, at: number): void {
  if (!isPuttyHeader(s.buf, at, s.lo)) return;
  const { buf, hi } = s;
  let p = at + 1;
  while (p < hi && (buf[p]! <= 0x20 || (CLASS[buf[p]!]! & DIGIT) !== 0) && buf[p] !== 0x0a) p++;
  while (p < hi && buf[p]! <= 0x20) p++;
  const start = p;
  let end = start;
  while (p < hi && ((CLASS[buf[p]!]! & BASE64) !== 0 || buf[p] === 0x3d || buf[p] === 0x0a || buf[p] === 0x0d)) {
    if (buf[p]! > 0x20) end = p + 1;
    else if (startsWith(buf, p + 1, MAC)) break;
    p++;
  }
  if (p + 1 + MAC.length <= hi && startsWith(buf, p + 1, MAC)) {
    p += 1 + MAC.length;
    while (p < hi && (buf[p] === 0x20 || (CLASS[buf[p]!]! & ALNUM) !== 0)) p++;
    end = p;
  }
  s.steps += p - at;
  if (end - start >= 16) s.found(PRIVATE_KEY, start, end, 0.97);
}
