import { ALNUM, ascii, CLASS, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { plainEnd, quotedEnd } from './extent.js';
import { isPlaceholder } from './values.js';

const PASSWORD = kindId('password');
/** how far before its option a command's name may stand, in bytes */
export const SHELL_REACH = 128;

interface Option {
  letter: number;
  /** whether the value follows without a blank (`mysql -pX`), behind one (`redis-cli -a X`), or either */
  joined: boolean;
  apart: boolean;
  commands: readonly Uint8Array[];
}

const option = (letter: string, joined: boolean, apart: boolean, commands: string): Option => ({
  letter: letter.charCodeAt(0),
  joined,
  apart,
  commands: commands.split(' ').map(ascii),
});

/**
 * Options of one letter that take a password, by the commands that have them, from their manual pages: mysql(1), mariadb(1), sshpass(1),
 * mongosh, redis-cli, ldapsearch(1), sqlcmd, docker-login(1), 7z. A command's name counts with anything behind it (`mysqldump`).
 */
const OPTIONS: readonly Option[] = [
  option('p', true, false, 'mysql mariadb 7z 7za'),
  option('p', true, true, 'sshpass'),
  option('p', false, true, 'mongo docker podman buildah skopeo nerdctl helm oc cqlsh influx'),
  option('a', false, true, 'redis-cli valkey-cli'),
  option('w', false, true, 'ldap'),
  option('P', false, true, 'sqlcmd bcp zip unzip tsql'),
];

/** `mysql -pX`, `sshpass -p X`, `redis-cli -a X`; `at` is the dash, before which nothing or a blank stands. */
export function shellPasswordAt(s: Search, at: number): void {
  const from = shellPassword(s.buf, at, s.lo, s.hi, false);
  s.steps += SHELL_REACH;
  if (from < 0) return;
  const quote = s.buf[from]!;
  const quoted = quote === 0x22 || quote === 0x27;
  const start = quoted ? from + 1 : from;
  const end = quoted ? quotedEnd(s, start, quote, false) : plainEnd(s, start);
  if (end > start && (quoted || s.buf[start] !== 0x2d) && !isPlaceholder(s.buf, start, end)) s.found(PASSWORD, start, end, 0.8);
}

/** Where the value of such an option begins, -1 when it is none. `glued`: letters before a command's name may be no part of the text. */
export function shellPassword(buf: Uint8Array, at: number, lo: number, hi: number, glued: boolean): number {
  const letter = buf[at + 1];
  if (letter !== 0x70 && letter !== 0x61 && letter !== 0x77 && letter !== 0x50) return -1;
  if (at + 3 >= hi) return -1;
  const apart = buf[at + 2] === 0x20;
  const from = apart ? at + 3 : at + 2;
  if (buf[from]! <= 0x20) return -1;
  for (const { letter: own, joined, apart: mayBeApart, commands } of OPTIONS)
    if (own === letter && (apart ? mayBeApart : joined) && hasCommand(buf, at, lo, commands, glued)) return from;
  return -1;
}

function hasCommand(buf: Uint8Array, at: number, lo: number, commands: readonly Uint8Array[], glued: boolean): boolean {
  const floor = Math.max(lo, at - SHELL_REACH);
  for (let k = at - 1; k >= floor; k--) {
    const b = buf[k]!;
    if (b === 0x0a || b === 0) return false;
    if (!glued && k > lo && (CLASS[buf[k - 1]!]! & ALNUM) !== 0) continue;
    for (const command of commands) if (b === command[0] && k + command.length <= at && startsWith(buf, k, command)) return true;
  }
  return false;
}
