import { ascii, startsWith, startsWithNoCase } from '../bytes.js';
import { PASSWORD } from '../evidence.js';
import type { Search } from '../search.js';
import { isTokenText, isVerbPass } from './code-values.js';
import { isQuote, plainEnd, quotedEnd, valueAt } from './extent.js';
import { judgeAt, judgeValue } from './judge.js';
import type { Name } from './named.js';
import { MEDIUM, STRONG, WEAK } from './names.js';
import { forWhom, linkEnd, linked } from './sentences.js';
import { byFirst, hasCommand, lastCommand, line, SHELL_REACH, words } from './shell.js';
import { isCellSign } from './tables.js';
import { isChosen, looksRandom } from './values.js';

/** what stands before a name that a value follows; each ends with a blank */
const COMMANDS = words('ENV |ARG |etx |etenv | set | -gx | -x |:set |put |add |create |\nset ');
const HERE = ascii('<<< ');
const OPTIONS = words('--value|--body|--secret-string|--data');
const FOR = ascii('FOR ');
/** commands of routers and switches (Cisco IOS, Junos, FortiOS) on whose lines a name is followed by its value, perhaps with the digit of a type between */
const ROUTERS = words(
  'enable |username |neighbor |tacacs|radius|crypto |ip ospf |key-string|ppp |standby |vrrp |snmp-server |aaa |server-private |line |wpa-psk |ntp |isis |area |host ',
);
const SET = ascii('set ');
/** how far behind the name a value's own command or sign may begin, bytes */
const REACH = 40;
const FOR_REACH = 160;

/** `setPassword("x")`, `PASSWORD('x')` of SQL, `password.equals("x")`, `std::string password{"x"}` */
export function inCall(s: Search, { start, end, bits, strength }: Name): void {
  const { buf, hi } = s;
  const quote = buf[end + 1]!;
  if (!isQuote(quote)) return;
  const from = end + 2;
  const to = quotedEnd(s, from, quote, false);
  const after = to + 1 < hi ? buf[to + 1]! : 0x29;
  if (buf[to] !== quote || !(after === 0x29 || after === 0x7d || after === 0x2c || after === 0x2e)) return;
  if (isReader(buf, start, end)) return;
  const sql = strength === STRONG && isUpper(buf, start, end);
  if (!sql && !((bits & PASSWORD) !== 0 ? isChosen(buf, from, to) : looksRandom(buf, from, to, 16))) return;
  judgeValue(s, from, to, Math.max(strength, MEDIUM), bits, true, 0);
}

const READERS = words('get|find|fetch|read|load|ask|prompt|by|has|is|need|require|remove|delete|create|use|input|validate|label');

/** `getPassword("db")`: what is in the brackets says which one. */
function isReader(buf: Uint8Array, start: number, end: number): boolean {
  let from = end;
  while (from > start && buf[from - 1] !== 0x2e) from--;
  return READERS.some((word) => from + word.length < end && isWordAt(buf, from, word));
}

function isWordAt(buf: Uint8Array, at: number, word: Uint8Array): boolean {
  if (!startsWithNoCase(buf, at, word)) return false;
  const next = buf[at + word.length]!;
  return next < 0x61 || next > 0x7a;
}

/** `SET PASSWORD FOR 'u'@'%' = 'x'`, `… = PASSWORD('x')`, `… TO 'x'`; `from` is behind FOR. */
function forUser(s: Search, from: number, bits: number): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + FOR_REACH);
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

/** A value with blanks, or what parts cells, between it and its name. */
export function behindBlank(s: Search, name: Name): void {
  const { buf, lo, hi } = s;
  const { start, end, bits, strength } = name;
  if (strength === STRONG && startsWith(buf, end + 1, FOR) && isUpper(buf, start, end)) {
    forUser(s, end + 1 + FOR.length, bits);
    return;
  }
  let p = end + 1;
  while (p < hi && p - end < 16 && (buf[p] === 0x20 || buf[p] === 9)) p++;
  const cell = isCellSign(buf[end]!) || buf[p] === 0x7c;
  if (buf[p] === 0x7c)
    do p++;
    while (p < hi && p - end < 20 && buf[p] === 0x20);
  if (p >= hi || buf[p]! <= 0x20) return;
  // `Key | errors.$Issue4`: a union of types
  if (cell) return strength < MEDIUM ? undefined : random(s, p, name);
  if (declared(s, p, name)) return;
  const option = buf[p] === 0x2d && OPTIONS.some((word) => startsWith(buf, p, word));
  if (
    option ||
    (buf[start - 1] === 0x20 && COMMANDS.some((word) => start - word.length >= lo && startsWith(buf, start - word.length, word)))
  )
    return commanded(s, p, name, option);
  // `read -r PASS <<< "x"`
  if (startsWith(buf, p, HERE) && isUpper(buf, start, end)) return linked(s, p + HERE.length, name);
  const link = linkEnd(buf, p, hi);
  if (link > 0) return linked(s, link, name);
  if (forWhom(s, p, name) || routed(s, p, name) || onLine(s, p, name)) return;
  // `create user bob identified by x;`
  if (end - start === 2 && isChosen(buf, p, plainEnd(s, p))) return judgeAt(s, p, strength, bits);
  quotedBehind(s, p, name);
}

/** `Dim password As String = "x"`, `string Password { get; set; } = "x"` */
function declared(s: Search, from: number, { bits, strength }: Name): boolean {
  const { buf, hi } = s;
  if (!((buf[from] === 0x41 && buf[from + 1] === 0x73 && buf[from + 2] === 0x20) || (buf[from] === 0x7b && buf[from + 1] === 0x20)))
    return false;
  const limit = Math.min(hi, from + REACH);
  let p = from;
  while (p < limit && buf[p] !== 0x3d && buf[p] !== 0x0a && !isQuote(buf[p]!)) p++;
  s.steps += p - from;
  if (buf[p] !== 0x3d) return false;
  p++;
  while (p < limit && buf[p] === 0x20) p++;
  if (p >= limit || !isQuote(buf[p]!)) return false;
  judgeValue(s, p + 1, quotedEnd(s, p + 1, buf[p]!, false), strength, bits, true, 1);
  return true;
}

/** `ENV NAME x`, `gh secret set NAME --body "x"`, `vercel env add NAME production <<< "x"` */
function commanded(s: Search, from: number, { bits, strength }: Name, option: boolean): void {
  const { buf, hi } = s;
  let p = from;
  if (option) {
    while (p < hi && p - from < 32 && buf[p]! > 0x20 && buf[p] !== 0x3d) p++;
    p++;
  } else {
    let here = p;
    while (here < hi && here - p < REACH && buf[here] !== 0x0a && !startsWith(buf, here, HERE)) here++;
    if (here < hi && startsWith(buf, here, HERE)) p = here + HERE.length;
  }
  judgeAt(s, p, strength, bits);
}

/** In a table or a sentence it is a value only where it can be nothing else. */
function random(s: Search, p: number, { bits, strength }: Name): void {
  const { buf } = s;
  const { from, to, quote } = valueAt(s, p);
  if (looksRandom(buf, from, to, 20) && isTokenText(buf, from, to) && to - from <= 512)
    judgeValue(s, from, to, strength, bits, quote !== 0, 0);
}

/** `enable secret 0 x`, `radius-server host h key x`: the value is the last of its line, or what is quoted. */
function routed(s: Search, at: number, { start, bits, strength }: Name): boolean {
  const { buf, lo, hi } = s;
  const set = beginsLine(s, start, SET);
  if (!set && !(mayBeRouter(s, start) && hasCommand(buf, start, lo, ROUTERS, false))) return false;
  let p = at;
  if (buf[p]! >= 0x30 && buf[p]! <= 0x39 && buf[p + 1] === 0x20) p += 2;
  else for (const word of KINDS_OF_TEXT) if (startsWith(buf, p, word)) p += word.length;
  const { from, to, quote } = valueAt(s, p);
  if (to <= from || !(p > at || quote !== 0 || endsLine(buf, to, hi) || looksChosen(buf, from, to))) return false;
  const weak = quote === 0 && p === at && !looksChosen(buf, from, to);
  // `enable secret cisco` is the whole line; a word in the middle of a longer one is a word
  if (weak && (strength < MEDIUM || line(s, start) + 24 < start)) return false;
  if ((set || strength === WEAK) && !looksChosen(buf, from, to)) return false;
  judgeValue(s, from, to, STRONG, bits | PASSWORD, quote !== 0, 0);
  return true;
}

/** The line that `at` stands in begins with the word, blanks before it perhaps. */
function beginsLine(s: Search, at: number, word: Uint8Array): boolean {
  const { buf } = s;
  let p = line(s, at);
  while (p < at && (buf[p] === 0x20 || buf[p] === 9)) p++;
  return startsWith(buf, p, word);
}

const ROUTERS_BY_FIRST = byFirst(ROUTERS);

/** Does a router's command stand in reach before `at`? Each byte is read for it once, as long as places are asked about in order. */
function mayBeRouter(s: Search, at: number): boolean {
  if (at < s.routersRead) return true;
  const from = Math.max(s.routersRead, s.lo, at - SHELL_REACH);
  s.routerAt = lastCommand(s.buf, from, at, ROUTERS_BY_FIRST, s.routerAt);
  s.routersRead = at;
  return s.routerAt >= at - SHELL_REACH;
}

const KINDS_OF_TEXT = words('ascii-text |ENC |encrypted |hash |clear |md5 |sha ');

function looksChosen(buf: Uint8Array, from: number, to: number): boolean {
  return isChosen(buf, from, to) || looksRandom(buf, from, to, 8);
}

function endsLine(buf: Uint8Array, at: number, hi: number): boolean {
  return at >= hi || buf[at] === 0x0a || buf[at] === 0x0d;
}

/** `masterauth x`, ` password x` of a configuration: a name and its value are all that the line has. */
function onLine(s: Search, p: number, { start, bits, strength }: Name): boolean {
  const { buf, lo, hi } = s;
  let from = start;
  while (from > lo && (buf[from - 1] === 0x20 || buf[from - 1] === 9) && start - from < 32) from--;
  if (from > lo && buf[from - 1] !== 0x0a) return false;
  const { from: first, to, quote } = valueAt(s, p);
  if (to <= first || !endsLine(buf, quote === 0 ? to : to + 1, hi)) return false;
  if (strength === STRONG ? !isChosen(buf, first, to) : !looksRandom(buf, first, to, strength === WEAK ? 16 : 12)) return false;
  judgeValue(s, first, to, strength, bits, quote !== 0, 0);
  return true;
}

/** `#define API_KEY "x"`, `(setq password "x")`, `PASSWORD 'x'` of SQL; without quotes only what is random. */
function quotedBehind(s: Search, p: number, name: Name): void {
  const { buf } = s;
  const { start, end, bits, strength } = name;
  if (!isQuote(buf[p]!)) {
    const to = plainEnd(s, p);
    if (strength === STRONG && isVerbPass(buf, start, end)) return;
    if (strength === STRONG && isMixed(buf, p, to)) judgeAt(s, p, strength, bits);
    else random(s, p, name);
    return;
  }
  const to = quotedEnd(s, p + 1, buf[p]!, false);
  if (buf[to] !== buf[p]) return;
  const sql = strength === STRONG && isUpper(buf, start, end);
  if (sql || (strength === STRONG ? isChosen(buf, p + 1, to) : looksRandom(buf, p + 1, to, 12)))
    judgeValue(s, p + 1, to, strength, bits, true, 0);
}

const MIXED_MIN = 8;

/** Capitals, small letters and digits, or a sign that no word has: behind the word password in a sentence it is one. */
function isMixed(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < MIXED_MIN || !isChosen(buf, start, end)) return false;
  let kinds = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b === 0x2e || b === 0x3a || b >= 0x7f) return false;
    kinds |= b >= 0x61 && b <= 0x7a ? 1 : b >= 0x41 && b <= 0x5a ? 2 : b >= 0x30 && b <= 0x39 ? 4 : 8;
  }
  return (kinds & 7) === 7 || ((kinds & 8) !== 0 && (kinds & 3) !== 0 && (kinds & 4) !== 0);
}

function isUpper(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! >= 0x61) return false;
  return true;
}

/** what may stand between a text that ends with a name and the next: ` , `, `).type(`, `, with: `, `" with "` */
const BETWEEN_MAX = 24;

/**
 * `'String' , 'API_KEY' , '"x"'`, `fill('#password', 'x')`, `get('#password').type('x')`, `fill_in "Password", with: "x"`: the text behind one
 * that ends with a name. Two texts with a comma between alone, the first of which is the name, are assignment.ts.
 */
export function behindComma(s: Search, { end, bits, strength }: Name): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, end + BETWEEN_MAX);
  let p = end + 1;
  while (p < limit && isBetween(buf[p]!)) p++;
  s.steps += p - end;
  const sign = buf[end + 1]!;
  if (
    p >= limit ||
    p === end + 1 ||
    !isQuote(buf[p]!) ||
    !(sign === 0x2c || sign === 0x29 || sign === 0x5d || (sign === 0x20 && leadsOn(buf, end + 2)))
  )
    return;
  const quote = buf[p++]!;
  // quotes within quotes
  while (p < limit && (isQuote(buf[p]!) || buf[p] === 0x5c)) p++;
  const to = quotedEnd(s, p, buf[p - 1]!, buf[p - 2] === 0x5c);
  if (quote !== buf[p - 1] && buf[to] !== buf[p - 1]) return;
  const sure = strength === STRONG ? isChosen(buf, p, to) : looksRandom(buf, p, to, 16) && isTokenText(buf, p, to);
  if (sure) judgeValue(s, p, to, strength, bits, true, 0);
}

const WITH = ascii('with ');

/** `, `, `with `: behind a blank */
function leadsOn(buf: Uint8Array, at: number): boolean {
  return buf[at] === 0x2c || startsWith(buf, at, WITH);
}

function isBetween(b: number): boolean {
  return (
    (b >= 0x61 && b <= 0x7a) ||
    (b >= 0x41 && b <= 0x5a) ||
    b === 0x20 ||
    b === 0x2c ||
    b === 0x2e ||
    b === 0x28 ||
    b === 0x29 ||
    b === 0x3a ||
    b === 0x5d ||
    b === 0x3d ||
    b === 0x3e ||
    b === 0x5f
  );
}

/** `API Key` on a line and what is random on the next, alone. */
export function underName(s: Search, { end, bits, strength }: Name): void {
  const { buf, hi } = s;
  let p = buf[end] === 0x0d ? end + 2 : end + 1;
  const limit = Math.min(hi, end + REACH);
  while (p < limit && (buf[p] === 0x20 || buf[p] === 9)) p++;
  if (p >= limit) return;
  const to = plainEnd(s, p);
  if (endsLine(buf, to, hi) && to - p <= 512 && looksRandom(buf, p, to, 20) && isTokenText(buf, p, to))
    judgeValue(s, p, to, Math.max(strength, MEDIUM), bits, false, 0);
}

/** `process.env['DB_PASSWORD'] || 'x'`: what stands in where the one of this name is not set. */
export function behindIndex(s: Search, { end, bits, strength }: Name): void {
  const { buf, hi } = s;
  let p = end + 1;
  if (buf[p] !== 0x5d || buf[p + 1] !== 0x20 || p + 6 >= hi) return;
  p += 2;
  if (buf[p] !== buf[p + 1] || (buf[p] !== 0x7c && buf[p] !== 0x3f) || buf[p + 2] !== 0x20 || !isQuote(buf[p + 3]!)) return;
  judgeValue(s, p + 4, quotedEnd(s, p + 4, buf[p + 3]!, false), strength, bits, true, 1);
}
