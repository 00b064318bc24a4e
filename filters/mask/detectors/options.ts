import { ascii, CLASS, IDENT, startsWith } from '../bytes.js';
import { evidenceOf } from '../evidence.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { valueAfter } from './assignment.js';
import { valueAt } from './extent.js';
import { MEDIUM, NAME_MAX, strengthOf } from './names.js';
import { hasCommand, SHELL_REACH, shellPasswordAt, words } from './shell.js';
import { isPlaceholder, looksRandom } from './values.js';

const BASIC = kindId('basic_auth');
const PASSWORD = kindId('password');

const LFTP = words('lftp ');
const USER_SHORT = ascii('-u ');
const STDIN = ascii('-stdin');
const CURL = words('curl ');
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
  if (buf[at + 1] === 0x75 && buf[at + 2]! > 0x20 && hasCommand(buf, at, lo, CURL, false)) {
    userOption(s, at + 2);
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
  // `--password-stdin`: it comes another way
  if (startsWith(buf, end - STDIN.length, STDIN)) return;
  const bits = evidenceOf(buf, at + 1, end);
  const strength = strengthOf(bits);
  if (strength >= MEDIUM && buf[end + 1] !== 0x2d) valueAfter(s, end, strength, bits);
}

function userOption(s: Search, from: number): void {
  const { buf, hi } = s;
  const { from: start, to: end } = valueAt(s, from);
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

const WINDOWS = words('freerdp|cmdkey|rdesktop|mstsc|runas|sharprdp');

/** True when `/p` stands before the colon at `at`. */
export function isWindowsOption(buf: Uint8Array, at: number, lo: number): boolean {
  return at - 2 >= lo && buf[at - 1] === 0x70 && buf[at - 2] === 0x2f;
}

/** `xfreerdp /v:host /u:bob /p:x`: elsewhere `/p:` sets a property. */
export function windowsPasswordAt(s: Search, at: number): void {
  const { buf, lo } = s;
  if (!isWindowsOption(buf, at, lo) || !hasCommand(buf, at - 2, lo, WINDOWS, true)) return;
  s.steps += SHELL_REACH;
  const { from, to, quote } = valueAt(s, at + 1);
  if (to > from && !isPlaceholder(buf, from, to)) s.found(PASSWORD, from, to, 0.8);
}
