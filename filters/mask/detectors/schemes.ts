import { ALNUM, ALPHA, ascii, BASE64, CLASS, IDENT, startsWithNoCase } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { PLAIN_MAX } from './extent.js';
import { isBase64 } from './shapes.js';
import { looksRandom } from './values.js';

const AZURE_CLIENT_SECRET = kindId('azure_client_secret');
const BEARER = kindId('bearer_token');
const BASIC = kindId('basic_auth');

export const BEARER_WORD = ascii('bearer ');
export const BASIC_WORD = ascii('basic ');

/** `Authorization: Api-Token 22cb…`: where the scheme ends, when one word and a blank stand before the value. */
export function afterScheme(s: Search, start: number, end: number): number {
  let p = start;
  while (p < end && p - start < 16 && ((CLASS[s.buf[p]!]! & ALPHA) !== 0 || s.buf[p] === 0x2d)) p++;
  return p > start && p + 8 < end && s.buf[p] === 0x20 ? p + 1 : start;
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
export function isBasicCredentials(buf: Uint8Array, start: number, end: number): boolean {
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
  while (end < hi && end - start < 42 && isSecretByte(buf[end]!)) end++;
  s.steps += end - start;
  // at the end of a sentence
  if (end - start === 41 && buf[end - 1] === 0x2e) end--;
  if (end - start >= 37 && end - start <= 40) s.found(AZURE_CLIENT_SECRET, start, end, 0.95);
}

function isSecretByte(b: number): boolean {
  return (CLASS[b]! & ALNUM) !== 0 || b === 0x5f || b === 0x7e || b === 0x2e || b === 0x2d;
}
