import { CLASS, DIGIT } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { argument, passwordArgument } from './commands.js';
import { valueAt } from './extent.js';
import { SHELL_REACH } from './shell.js';
import { isChosen, isPlaceholder } from './values.js';

/** Passwords of commands whose arguments have an order of their own (commands.ts); each is read from behind its literal. */

const PASSWORD = kindId('password');
const ARGUMENTS_MAX = 8;
/** bytes of a target that are read */
const TARGET_MAX = 192;

/** `message-digest-key 1 md5 x`, `message-digest-key 1 md5 7 0822455D0A16`: the digit is the type of what follows. */
export function digestKeyAt(s: Search, from: number): void {
  const { buf } = s;
  const at = argument(s, from, 2);
  if (at < 0) return;
  const typed = (CLASS[buf[at]!]! & DIGIT) !== 0 && buf[at + 1] === 0x20 ? argument(s, at, 1) : -1;
  passwordArgument(s, typed < 0 ? at : typed, 0, 0.8);
}

/** `AUTH x`, `AUTH bob x` (redis.io/docs/latest/commands/auth) */
export function authAt(s: Search, from: number): void {
  const first = argument(s, from, 0);
  if (first < 0) return;
  const second = argument(s, from, 1);
  const at = second >= 0 && isChosenAt(s, second) ? second : first;
  // what is said of it in a sentence has neither digits nor signs
  if (isChosenAt(s, at)) passwordArgument(s, at, 0, 0.8);
}

function isChosenAt(s: Search, at: number): boolean {
  const { from, to } = valueAt(s, at);
  return isChosen(s.buf, from, to);
}

/** `ACL SETUSER bob on >x ~* +@all` (redis.io/docs/latest/commands/acl-setuser) */
export function userRulesAt(s: Search, from: number): void {
  let at = argument(s, from, 1);
  for (let n = 0; n < ARGUMENTS_MAX && at >= 0 && at - from < SHELL_REACH; n++) {
    if (s.buf[at] === 0x3e) passwordArgument(s, at + 1, 0, 0.8);
    at = argument(s, at, 1);
  }
}

/** `net use Z: \\\\srv\\share x /user:bob` (learn.microsoft.com/windows-server/administration/windows-commands/net-use) */
export function shareAt(s: Search, from: number): void {
  const { buf } = s;
  let shared = false;
  let at = argument(s, from, 0);
  for (let n = 0; n < ARGUMENTS_MAX && at >= 0 && at - from < SHELL_REACH; n++) {
    const first = buf[at] === 0x22 ? buf[at + 1]! : buf[at]!;
    if (first === 0x5c) shared = true;
    // `/user:bob` may stand before it; a drive has a colon, and `*` asks
    else if (first !== 0x2f && buf[at + 1] !== 0x3a && first !== 0x2a) {
      if (shared) passwordArgument(s, at, 0, 0.8);
      return;
    }
    at = argument(s, at, 1);
  }
}

/** `secretsdump.py -just-dc DOM/bob:x@host` of Impacket: the target is `[[domain/]username[:password]@]<address>`. */
export function targetAt(s: Search, from: number): void {
  const { buf } = s;
  let at = argument(s, from, 0);
  for (let n = 0; n < ARGUMENTS_MAX && at >= 0 && at - from < SHELL_REACH; n++) {
    const { from: start, to: end } = valueAt(s, at);
    const to = Math.min(end, start + TARGET_MAX);
    let colon = start;
    while (colon < to && buf[colon] !== 0x3a && buf[colon] !== 0x40) colon++;
    let host = to;
    while (host > colon && buf[host] !== 0x40) host--;
    s.steps += to - start;
    // an address of the web has its own reader
    if (colon > start && host > colon + 1 && buf[colon] === 0x3a && buf[colon + 1] !== 0x2f) {
      if (!isPlaceholder(buf, colon + 1, host)) s.found(PASSWORD, colon + 1, host, 0.8);
      return;
    }
    at = argument(s, at, 1);
  }
}
