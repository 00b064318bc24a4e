import { CLASS, IDENT, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { authAt, digestKeyAt, shareAt, targetAt, userRulesAt } from './command-forms.js';
import { isQuote, quotedEnd, valueAt } from './extent.js';
import { echoedAt } from './piped.js';
import { hasCommand, SHELL_REACH, words } from './shell.js';
import { isPlaceholder } from './values.js';

/**
 * Passwords that a command takes behind an option of its own, or by their place alone. A search is anchored on one byte of the literal
 * (tokens.ts), so clean text pays for them only where it stands.
 */
export interface Command {
  literal: string;
  /** one of these stands before it on the line; empty: the literal says enough */
  commands: readonly Uint8Array[];
  /** arguments between the literal and the password */
  skip: number;
  /** of `user%password` and `user/password@host`: what stands between; 0 where the password stands alone */
  sign: number;
  /** reads what is behind the literal in place of all that */
  read?: (s: Search, from: number) => void;
}

const PASSWORD = kindId('password');

const command = (literal: string, commands = '', skip = 0, sign = ''): Command => ({
  literal,
  commands: commands === '' ? [] : words(commands),
  skip,
  sign: sign === '' ? 0 : sign.charCodeAt(0),
});

const reading = (read: (s: Search, from: number) => void, literal: string, commands = ''): Command => ({
  ...command(literal, commands),
  read,
});

/** From the manual pages of keytool(1), jarsigner(1), openssl(1), snmpcmd(1), smbclient(1), rabbitmqctl(8), wpa_passphrase(8), mosquitto.conf(5), ncat(1), of PowerShell, MySQL, Oracle, Junos, IOS, Windows, Redis, Impacket and PHP. */
export const COMMANDS: readonly Command[] = [
  ...['storepass', 'keypass', 'srcstorepass', 'deststorepass', 'srckeypass', 'destkeypass', 'passphrase', 'password', 'passwd', 'pass'].map(
    (word) => command(` -${word} `),
  ),
  command(' -A ', 'snmp'),
  command(' -X ', 'snmp'),
  command(' -k ', 'openssl enc|nuget push'),
  command(' -N ', 'ssh-keygen'),
  command(' -P ', 'ssh-keygen'),
  ...[' priv aes 128 ', ' priv aes 192 ', ' priv aes 256 ', ' priv des ', ' priv des56 ', ' priv 3des '].map((word) =>
    command(word, 'snmp-server user'),
  ),
  reading(digestKeyAt, 'message-digest-key ', 'ip ospf|area '),
  reading(authAt, 'AUTH ', 'redis|valkey|6379>'),
  reading(userRulesAt, 'ACL SETUSER '),
  reading(shareAt, 'net use '),
  ...['exec.py ', 'dump.py ', 'client.py ', 'SPNs.py ', 'NPUsers.py ', 'lookupsid.py ', 'impacket-'].map((word) => reading(targetAt, word)),
  command(' -U ', 'smbclient|rpcclient|net rpc|smbget|wmic|winexe', 0, '%'),
  command('add_user ', 'rabbitmqctl', 1),
  command('change_password ', 'rabbitmqctl', 1),
  command('wpa_passphrase ', '', 1),
  command('requirepass '),
  command('snmp-server community '),
  command('plain-text-password-value '),
  command('remote_password '),
  command('native_password BY '),
  command('sha2_password BY '),
  command('IDENTIFIED BY '),
  command('--proxy-auth ', '', 0, ':'),
  command('CURLOPT_USERPWD, ', '', 0, ':'),
  command('sqlplus ', '', 0, '/'),
  command('operator unseal '),
  command('rclone obscure '),
  command('encrypt_string '),
  command('user-secrets set ', '', 1),
  command('setapikey '),
  command('setApiKey '),
  command('isql ', '', 2),
  command(' /rp ', 'schtasks'),
  command(
    ' /p ',
    'schtasks|signtool|taskkill|tasklist|systeminfo|driverquery|typeperf|logman|openfiles|getmac|eventcreate|tscon|pskill|pslist',
  ),
  command('net user ', '', 1),
  command('oracle:thin:', '', 0, '/'),
  command('To-SecureString '),
  command('To-SecureString -String '),
];

/** where openssl(1) and others take a password from, in place of it */
const SOURCES = words('env:|file:|fd:|stdin|pass:');

/** The password of the command or option whose literal stands at [at, end). */
export function commandAt(s: Search, { commands, skip, sign, read }: Command, at: number, end: number): void {
  const { buf } = s;
  s.steps += SHELL_REACH;
  if (commands.length > 0 && !hasCommand(buf, at, s.lo, commands, false)) return;
  if (read !== undefined) return read(s, end);
  const start = argument(s, end, skip);
  if (start < 0) return;
  passwordArgument(s, start, sign, 0.8);
}

/** Where the argument begins that stands `skip` further on the line; -1 when there is none. */
export function argument(s: Search, from: number, skip: number): number {
  const { buf, hi } = s;
  let p = from;
  for (let n = 0; ; n++) {
    while (p < hi && buf[p] === 0x20) p++;
    if (p >= hi || buf[p]! <= 0x20 || buf[p] === 0x7c || buf[p] === 0x3b) return -1;
    if (n === skip) return p;
    p = wordEnd(s, p);
  }
}

function wordEnd(s: Search, from: number): number {
  const { buf, hi } = s;
  let p = from;
  if (isQuote(buf[p]!)) return quotedEnd(s, p + 1, buf[p]!, false) + 1;
  while (p < hi && buf[p]! > 0x20 && p - from < SHELL_REACH) p++;
  s.steps += p - from;
  return p;
}

/** The password in the argument at `from`; `sign` stands before it when it is not 0. */
export function passwordArgument(s: Search, from: number, sign: number, score: number): void {
  const { buf } = s;
  const value = valueAt(s, from);
  const { quote } = value;
  let { from: start, to: end } = value;
  // an option, `<password>`, `/add` and the star of Windows, which asks
  if (quote === 0 && (buf[start] === 0x2d || buf[start] === 0x3c || buf[start] === 0x2f || buf[start] === 0x2a)) return;
  if (sign !== 0) {
    const user = start;
    while (start < end && buf[start] !== sign) start++;
    if (start++ === user) return;
    // `user/password@host`
    if (sign === 0x2f) for (let k = start; k < end; k++) if (buf[k] === 0x40) end = k;
  }
  if (end <= start || isPlaceholder(buf, start, end)) return;
  for (const source of SOURCES) if (startsWith(buf, start, source)) return;
  // a word in capitals is what a manual calls the value
  if (quote === 0 && isCapitals(buf, start, end)) return;
  s.found(PASSWORD, start, end, score);
}

function isCapitals(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (!((buf[k]! >= 0x41 && buf[k]! <= 0x5a) || buf[k] === 0x5f || buf[k] === 0x2d)) return false;
  return true;
}

const [HT, MOSQUITTO, CH, OPENSSL, HERE] = words('ht|mosquitto_|ch|openssl |<<<');
const STDIN = words(' --stdin');

/**
 * `htpasswd -b FILE USER X`, `mosquitto_passwd -b FILE USER X`, `echo user:X | chpasswd`, `chpasswd <<< user:X`, `echo X | passwd --stdin`;
 * the word passwd begins at `start`. True when it is one of them.
 */
export function passwdCommandAt(s: Search, start: number): boolean {
  const { buf, lo, hi } = s;
  const end = start + 6;
  const after = end < hi ? buf[end]! : 0x0a;
  if (after > 0x20) return false;
  if (before(buf, start, lo, HT!) || before(buf, start, lo, MOSQUITTO!)) {
    let p = end;
    let batch = false;
    let unnamed = false;
    for (;;) {
      p = argument(s, p, 0);
      if (p < 0) return true;
      if (buf[p] !== 0x2d) break;
      const to = wordEnd(s, p);
      for (let k = p; k < to; k++) {
        if (buf[k] === 0x62) batch = true;
        if (buf[k] === 0x6e) unnamed = true;
      }
      p = to;
    }
    const at = batch ? argument(s, p, unnamed ? 1 : 2) : -1;
    if (at >= 0) passwordArgument(s, at, 0, 0.8);
    return true;
  }
  if (before(buf, start, lo, OPENSSL!)) {
    const at = afterOptions(s, end);
    if (at >= 0) passwordArgument(s, at, 0, 0.8);
    return true;
  }
  const change = before(buf, start, lo, CH!);
  const stdin = !change && STDIN.some((word) => startsWith(buf, end, word));
  if (!change && !stdin) return false;
  const sign = change ? 0x3a : 0;
  const here = argument(s, end, 0);
  if (here >= 0 && startsWith(buf, here, HERE!)) {
    const at = argument(s, here + HERE!.length, 0);
    if (at >= 0) passwordArgument(s, at, sign, 0.8);
    return true;
  }
  echoedAt(s, start, sign);
  return true;
}

const SALT = words('-salt |-in |-table');

/** The first argument that is no option; `-salt x` is one. */
function afterOptions(s: Search, from: number): number {
  let p = argument(s, from, 0);
  for (let n = 0; n < 8 && p >= 0 && s.buf[p] === 0x2d; n++) p = argument(s, p, SALT.some((word) => startsWith(s.buf, p, word)) ? 2 : 1);
  return p >= 0 && s.buf[p] === 0x2d ? -1 : p;
}

function before(buf: Uint8Array, at: number, lo: number, word: Uint8Array): boolean {
  const from = at - word.length;
  return from >= lo && startsWith(buf, from, word) && (from === lo || (CLASS[buf[from - 1]!]! & IDENT) === 0);
}
