import { ALNUM, ascii, CLASS, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { plainEnd, quotedEnd } from './extent.js';
import { lineFrom } from './lines.js';
import { isNumber, isPlaceholder } from './values.js';

const PASSWORD = kindId('password');
/** how far before its option a command's name may stand, in bytes */
export const SHELL_REACH = 128;

interface Option {
  letter: number;
  /** whether the value follows without a blank (`mysql -pX`), behind one (`redis-cli -a X`), or either */
  joined: boolean;
  apart: boolean;
  /** the value is `user:password` */
  pair: boolean;
  commands: readonly Uint8Array[];
}

/** Texts, with bars between. */
export const words = (list: string): Uint8Array[] => list.split('|').map(ascii);

const option = (letter: string, joined: boolean, apart: boolean, commands: string, pair = false): Option => ({
  letter: letter.charCodeAt(0),
  joined,
  apart,
  pair,
  commands: words(commands),
});

/**
 * Options of one letter that take a password, by the commands that have them, from their manual pages: mysql(1), mariadb(1), sshpass(1),
 * mongosh, redis-cli, ldapsearch(1), sqlcmd, docker-login(1), az-login(1), 7z, rar, mosquitto_pub(1), ipmitool(1), rdesktop(1), httpie. A
 * command's name counts with anything behind it (`mysqldump`).
 */
const OPTIONS: readonly Option[] = [
  option('p', true, false, 'mysql|mariadb|7z|rar|unrar'),
  option('p', true, true, 'sshpass'),
  option(
    'p',
    false,
    true,
    'docker login|podman login|buildah login|skopeo login|nerdctl login|registry login|oc login|az |cf login|argocd login|twine |snowsql |hydra |beeline |ncftp|useradd |usermod |certutil |mongo|xfreerdp|impala-shell|vsql|ksql',
  ),
  option('p', false, true, 'cqlsh|influx|rdesktop|evil-winrm|nxc |netexec|crackmapexec|bloodhound|kubeadm|psexec'),
  option('a', false, true, 'redis-cli|valkey-cli'),
  option('a', false, true, 'http |https ', true),
  option('w', false, true, 'ldap'),
  option('P', true, true, 'sqlcmd|bcp '),
  option('P', false, true, 'zip|unzip|tsql|mosquitto|ipmitool|ipmi-|sybase|isql'),
];

/** first bytes of lists of commands */
const firsts = new WeakMap<readonly Uint8Array[], Uint8Array>();

function firstsOf(commands: readonly Uint8Array[]): Uint8Array {
  let table = firsts.get(commands);
  if (table === undefined) {
    table = new Uint8Array(256);
    for (const [first] of commands) table[first!] = 1;
    firsts.set(commands, table);
  }
  return table;
}

const ALL_COMMANDS: readonly Uint8Array[] = OPTIONS.flatMap(({ commands }) => commands);

/** Words by their first bytes. */
export function byFirst(commands: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  return Array.from({ length: 256 }, (_, b) => commands.filter(([first]) => first === b));
}

const BY_FIRST = byFirst(ALL_COMMANDS);

/** Where the last of the commands begins in [from, to); `last` where none does. */
export function lastCommand(buf: Uint8Array, from: number, to: number, commands: readonly (readonly Uint8Array[])[], last: number): number {
  let found = last;
  for (let k = from; k < to; k++) for (const command of commands[buf[k]!]!) if (startsWith(buf, k, command)) found = k;
  return found;
}

/** `mysql -pX`, `sshpass -p X`, `redis-cli -a X`; `at` is the dash, before which nothing or a blank stands. */
export function shellPasswordAt(s: Search, at: number): void {
  const from = mayHaveCommand(s, at) ? shellPassword(s.buf, at, s.lo, s.hi, false) : -1;
  s.steps += SHELL_REACH;
  if (from < 0) return;
  const { buf } = s;
  const { pair } = told;
  const quote = buf[from]!;
  const quoted = quote === 0x22 || quote === 0x27;
  let start = quoted ? from + 1 : from;
  const end = quoted ? quotedEnd(s, start, quote, false) : plainEnd(s, start);
  if (pair) {
    while (start < end && buf[start] !== 0x3a) start++;
    start++;
  }
  // `docker run -p 80:80 mongo`: ports, and paths of another command's option
  if (!quoted && buf[at + 1] === 0x70 && from === at + 3 && !told.joined && isPortOrPath(buf, start, end)) return;
  if (end > start && (quoted || buf[start] !== 0x2d) && !isPlaceholder(buf, start, end)) s.found(PASSWORD, start, end, 0.8);
}

/** A port, a pair of ports, a path: what `-p` is followed by where it asks for no password. */
function isPortOrPath(buf: Uint8Array, start: number, end: number): boolean {
  return isNumber(buf, start, end) || buf[start] === 0x2f || buf[start] === 0x2e || buf[start] === 0x7e;
}

/** the option that shellPassword saw last */
let told: Option = OPTIONS[0]!;

/** Where the value of such an option begins, -1 when it is none. `glued`: letters before a command's name may be no part of the text. */
export function shellPassword(buf: Uint8Array, at: number, lo: number, hi: number, glued: boolean): number {
  const letter = buf[at + 1];
  if (letter !== 0x70 && letter !== 0x61 && letter !== 0x77 && letter !== 0x50) return -1;
  if (at + 3 >= hi) return -1;
  const apart = buf[at + 2] === 0x20;
  const from = apart ? at + 3 : at + 2;
  if (buf[from]! <= 0x20) return -1;
  for (const one of OPTIONS) {
    if (one.letter !== letter || !(apart ? one.apart : one.joined) || !hasCommand(buf, at, lo, one.commands, glued)) continue;
    told = one;
    return from;
  }
  return -1;
}

/** Where the line begins that `at` stands in, or what of it is in reach. */
export function line(s: Search, at: number): number {
  return lineFrom(s, s.line, at, SHELL_REACH, true);
}

/** Does any of the commands whose options are looked for stand in reach before `at`? Each byte is read for it once, as long as places are asked about in order. */
function mayHaveCommand(s: Search, at: number): boolean {
  s.commandAt = lastCommand(s.buf, Math.max(s.commandsRead, s.lo, at - SHELL_REACH), at, BY_FIRST, s.commandAt);
  const asked = at >= s.commandsRead;
  if (asked) s.commandsRead = at;
  return !asked || s.commandAt >= at - SHELL_REACH;
}

/** One of these commands stands before `at` on its line, and no other command between. */
export function hasCommand(buf: Uint8Array, at: number, lo: number, commands: readonly Uint8Array[], glued: boolean): boolean {
  const floor = Math.max(lo, at - SHELL_REACH);
  const begins = firstsOf(commands);
  for (let k = at - 1; k >= floor; k--) {
    const b = buf[k]!;
    if (b === 0x0a || b === 0) return false;
    if ((b === 0x7c || b === 0x3b || b === 0x26) && buf[k + 1] === 0x20) return false;
    if (begins[b] === 0 || (!glued && k > lo && (CLASS[buf[k - 1]!]! & ALNUM) !== 0)) continue;
    for (const command of commands) if (b === command[0] && k + command.length <= at && startsWith(buf, k, command)) return true;
  }
  return false;
}
