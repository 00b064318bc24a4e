import { ascii, CLASS, IDENT, startsWith } from '../bytes.js';
import { evidenceOf } from '../evidence.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { valueAfter } from './assignment.js';
import { isQuote, plainEnd, quotedEnd } from './extent.js';
import { MEDIUM, NAME_MAX, strengthOf } from './names.js';
import { hasCommand, shellPasswordAt, words } from './shell.js';
import { isPlaceholder, looksRandom } from './values.js';

const BASIC = kindId('basic_auth');

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
