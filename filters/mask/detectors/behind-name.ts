import { ascii, startsWith } from '../bytes.js';
import { PASSWORD } from '../evidence.js';
import type { Search } from '../search.js';
import { isTokenText } from './code-values.js';
import { isQuote, plainEnd, quotedEnd } from './extent.js';
import { judgeValue } from './judge.js';
import type { Name } from './named.js';
import { MEDIUM, STRONG, WEAK } from './names.js';
import { hasCommand, line, words } from './shell.js';
import { isCellSign } from './tables.js';
import { isChosen, looksRandom } from './values.js';

/** what stands before a name that a value follows, blanks between */
const COMMANDS = words('ENV |ARG |etx |etenv | set | -gx | -x |:set |put |add |create |\nset ');
const HERE = ascii('<<< ');
const OPTIONS = words('--value|--body|--secret-string|--data');
const FOR = ascii('FOR ');
/** commands of routers and switches (Cisco IOS, Junos, FortiOS) on whose lines a name is followed by its value, perhaps with the digit of a type between */
const ROUTERS = words(
  'enable |username |neighbor |tacacs|radius|crypto |ip ospf |key-string|ppp |standby |vrrp |snmp-server |aaa |server-private |line |wpa-psk |ntp |isis |area |host ',
);
const SET = words('set ');
/** how far behind the name a value's own command or sign may begin, bytes */
const REACH = 40;
const FOR_REACH = 160;

/** Texts of any script, with bars between. */
function bytesOf(list: string): Uint8Array[] {
  return list.split('|').map((word) => Buffer.from(word, 'utf8'));
}

/** words between a name and its value in a sentence or a program, a blank before and behind each */
const LINKS = bytesOf(
  'is|was|are|is now|is set to|was set to|was reset to|was changed to|has been set to|set to|reset to|changed to|will be|to be|<<<|->|-->|=>|<-|-|–|—|to|ist|lautet|est|es|jest|je|on|este',
);

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
  for (let k = 0; k < word.length; k++) if ((buf[at + k]! | 0x20) !== word[k]) return false;
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
  if (cell) return random(s, p, name);
  if (declared(s, p, name)) return;
  const option = buf[p] === 0x2d && OPTIONS.some((word) => startsWith(buf, p, word));
  if (option || COMMANDS.some((word) => start - word.length >= lo && startsWith(buf, start - word.length, word)))
    return commanded(s, p, name, option);
  const link = linkEnd(buf, p, hi);
  if (link > 0) return linked(s, link, name);
  if (routed(s, p, name) || onLine(s, p, name)) return;
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
  judgeAt(s, p, strength, bits, 0);
}

function judgeAt(s: Search, p: number, strength: number, bits: number, signs: number): void {
  const { buf } = s;
  const quote = isQuote(buf[p] ?? 0) ? buf[p]! : 0;
  const from = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (to > from) judgeValue(s, from, to, strength, bits, quote !== 0, signs);
}

/** In a table or a sentence it is a value only where it can be nothing else. */
function random(s: Search, p: number, { bits, strength }: Name): void {
  const { buf } = s;
  const quote = isQuote(buf[p]!) ? buf[p]! : 0;
  const from = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (looksRandom(buf, from, to, 20) && isTokenText(buf, from, to) && to - from <= 512)
    judgeValue(s, from, to, strength, bits, quote !== 0, 0);
}

/** Where the word ends that links a name to its value, with the blank behind it; 0 where there is none. */
function linkEnd(buf: Uint8Array, from: number, hi: number): number {
  let end = 0;
  for (const word of LINKS) {
    const to = from + word.length;
    if (to + 1 < hi && buf[to] === 0x20 && to + 1 > end && startsWith(buf, from, word)) end = to + 1;
  }
  return end;
}

/** `the token is x`, `password -> x`: what was chosen as a password, or is random. */
function linked(s: Search, p: number, { bits, strength }: Name): void {
  const { buf } = s;
  const quote = isQuote(buf[p]!) ? buf[p]! : 0;
  const from = quote === 0 ? p : p + 1;
  let to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (quote === 0 && (buf[to - 1] === 0x2e || buf[to - 1] === 0x3f)) to--;
  const sure = strength === STRONG ? isChosen(buf, from, to) : looksRandom(buf, from, to, strength === WEAK ? 20 : 16);
  if (sure && isTokenTextOrQuoted(buf, from, to, quote !== 0 || strength === STRONG))
    judgeValue(s, from, to, strength, bits, quote !== 0, 0);
}

function isTokenTextOrQuoted(buf: Uint8Array, from: number, to: number, free: boolean): boolean {
  return free || isTokenText(buf, from, to);
}

/** `enable secret 0 x`, `radius-server host h key x`: the value is the last of its line, or what is quoted. */
function routed(s: Search, at: number, { start, bits, strength }: Name): boolean {
  const { buf, lo, hi } = s;
  const set = hasCommand(buf, start, lo, SET, false);
  if (!set && !hasCommand(buf, start, lo, ROUTERS, false)) return false;
  let p = at;
  if (buf[p]! >= 0x30 && buf[p]! <= 0x39 && buf[p + 1] === 0x20) p += 2;
  else for (const word of KINDS_OF_TEXT) if (startsWith(buf, p, word)) p += word.length;
  const quote = isQuote(buf[p] ?? 0) ? buf[p]! : 0;
  const from = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, from) : quotedEnd(s, from, quote, false);
  if (to <= from || !(p > at || quote !== 0 || endsLine(buf, to, hi) || looksChosen(buf, from, to))) return false;
  const weak = quote === 0 && p === at && !looksChosen(buf, from, to);
  // `enable secret cisco` is the whole line; a word in the middle of a longer one is a word
  if (weak && (strength < MEDIUM || line(buf, start, lo) + 24 < start)) return false;
  if ((set || strength === WEAK) && !looksChosen(buf, from, to)) return false;
  judgeValue(s, from, to, STRONG, bits | PASSWORD, quote !== 0, 0);
  return true;
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
  const quote = isQuote(buf[p]!) ? buf[p]! : 0;
  const first = quote === 0 ? p : p + 1;
  const to = quote === 0 ? plainEnd(s, first) : quotedEnd(s, first, quote, false);
  if (to <= first || !endsLine(buf, quote === 0 ? to : to + 1, hi)) return false;
  if (strength === STRONG ? !isChosen(buf, first, to) : !looksRandom(buf, first, to, strength === WEAK ? 16 : 12)) return false;
  judgeValue(s, first, to, strength, bits, quote !== 0, 0);
  return true;
}

/** `#define API_KEY "x"`, `(setq password "x")`, `PASSWORD 'x'` of SQL; without quotes only what is random. */
function quotedBehind(s: Search, p: number, name: Name): void {
  const { buf } = s;
  const { start, end, bits, strength } = name;
  if (!isQuote(buf[p]!)) return random(s, p, name);
  const to = quotedEnd(s, p + 1, buf[p]!, false);
  if (buf[to] !== buf[p]) return;
  const sql = strength === STRONG && isUpper(buf, start, end);
  if (sql || (strength === STRONG ? isChosen(buf, p + 1, to) : looksRandom(buf, p + 1, to, 12)))
    judgeValue(s, p + 1, to, strength, bits, true, 0);
}

function isUpper(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! >= 0x61) return false;
  return true;
}

/** `'String' , 'API_KEY' , '"x"'`: blanks before the comma, and quotes within quotes. One without them is assignment.ts. */
export function behindComma(s: Search, { end, bits, strength }: Name): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, end + REACH);
  let p = end + 1;
  while (p < limit && buf[p] === 0x20) p++;
  if (p >= limit || buf[p] !== 0x2c) return;
  const quoted = p;
  p++;
  while (p < limit && (buf[p] === 0x20 || isQuote(buf[p]!) || buf[p] === 0x5c)) p++;
  if (p >= limit || p === quoted + 1 || !isQuote(buf[p - 1]!)) return;
  const to = quotedEnd(s, p, buf[p - 1]!, buf[p - 2] === 0x5c);
  if (looksRandom(buf, p, to, 16) && isTokenText(buf, p, to)) judgeValue(s, p, to, strength, bits, true, 0);
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
