import { ALPHA, ascii, CLASS, HEX, startsWith, startsWithNoCase } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isPlaceholder, looksRandom } from './values.js';

const SESSION_COOKIE = kindId('session_cookie');
const DIGEST = kindId('digest_auth');

const COOKIE = ascii('cookie');
/** cookies of one header that are read, in bytes */
const COOKIES_MAX = 4096;
const RESPONSE = ascii('response');
const DIGEST_WORD = ascii('digest ');
/** how far before its response the word Digest may stand, in bytes */
const DIGEST_REACH = 1024;

/** True when the colon at `at` ends the name Cookie or Set-Cookie (RFC 6265), quoted or not. */
export function isCookieHeader(buf: Uint8Array, at: number, lo: number): boolean {
  const end = at > lo && (buf[at - 1] === 0x22 || buf[at - 1] === 0x27) ? at - 1 : at;
  return end - COOKIE.length >= lo && (buf[end - 1]! | 0x20) === 0x65 && startsWithNoCase(buf, end - COOKIE.length, COOKIE);
}

/** The random values in a header of cookies. */
export function cookiesAt(s: Search, at: number): void {
  if (s.wanted[SESSION_COOKIE] === 0 || at < s.noCookiesUntil || !isCookieHeader(s.buf, at, s.lo)) return;
  let p = at + 1;
  while (p < s.hi && (s.buf[p] === 0x20 || s.buf[p] === 0x22 || s.buf[p] === 0x27)) p++;
  s.noCookiesUntil = cookiePairs(s, p, Math.min(s.hi, p + COOKIES_MAX));
}

/** `name=value; name=value`: gives where it ended. */
export function cookiePairs(s: Search, from: number, to: number): number {
  const { buf } = s;
  let p = from;
  while (p < to) {
    const start = p;
    while (p < to && !isEnd(buf[p]!) && buf[p] !== 0x3d) p++;
    if (p >= to || buf[p] !== 0x3d) {
      if (p < to && buf[p] === 0x3b) {
        p = next(buf, p, to);
        continue;
      }
      break;
    }
    const value = ++p;
    while (p < to && !isEnd(buf[p]!)) p++;
    if (isSession(buf, value, p)) s.found(SESSION_COOKIE, value, p, 0.75);
    if (p >= to || buf[p] !== 0x3b || p === start) break;
    p = next(buf, p, to);
  }
  s.steps += p - from;
  return p;
}

function next(buf: Uint8Array, semicolon: number, to: number): number {
  let p = semicolon + 1;
  while (p < to && buf[p] === 0x20) p++;
  return p;
}

/** A cookie's value ends at white space, a quote, a semicolon (RFC 6265 section 4.1.1). */
function isEnd(b: number): boolean {
  return b <= 0x20 || b === 0x3b || b === 0x22 || b === 0x27;
}

/** Random and with letters: counters and times of visits are digits. */
function isSession(buf: Uint8Array, start: number, end: number): boolean {
  if (!looksRandom(buf, start, end, 16) || isPlaceholder(buf, start, end)) return false;
  let letters = 0;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALPHA) !== 0 && ++letters === 4) return true;
  return false;
}

/** True when `response="` of 32 hex digits or more has its sign at `op`. */
export function isDigestResponse(buf: Uint8Array, op: number, lo: number, hi: number): boolean {
  if (op - RESPONSE.length < lo || buf[op - 1] !== 0x65 || !startsWith(buf, op - RESPONSE.length, RESPONSE)) return false;
  const from = responseStart(buf, op, hi);
  return from + 32 <= hi && (CLASS[buf[from]!]! & HEX) !== 0 && (CLASS[buf[from + 31]!]! & HEX) !== 0;
}

function responseStart(buf: Uint8Array, op: number, hi: number): number {
  let p = op + 1;
  while (p < hi && p - op < 3 && (buf[p] === 0x5c || buf[p] === 0x22)) p++;
  return p;
}

/** The response of HTTP digest authentication (RFC 7616), behind the word Digest: passwords can be tried against it. */
export function digestAt(s: Search, op: number): void {
  const { buf, lo, hi } = s;
  if (!isDigestResponse(buf, op, lo, hi)) return;
  const start = responseStart(buf, op, hi);
  let end = start;
  while (end < hi && end - start < 129 && (CLASS[buf[end]!]! & HEX) !== 0) end++;
  s.steps += DIGEST_REACH;
  if (end - start !== 32 && end - start !== 64) return;
  const floor = Math.max(lo, op - DIGEST_REACH);
  for (let k = op - DIGEST_WORD.length; k >= floor; k--) {
    if (buf[k] === 0x0a) return;
    if ((buf[k]! | 0x20) === 0x64 && startsWithNoCase(buf, k, DIGEST_WORD)) {
      s.found(DIGEST, start, end, 0.85);
      return;
    }
  }
}
