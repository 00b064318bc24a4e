import { startsWith } from '../bytes.js';
import type { Search } from '../search.js';
import { argument, passwordArgument } from './commands.js';
import { line, words } from './shell.js';

/**
 * Commands that read a password from standard input, by what they have when they do: `echo x | sudo -S ls`, `docker login --password-stdin
 * <<< x`. A search is anchored on one byte of the literal (tokens.ts). From the manual pages of sudo(8), su(1), kinit(1), cryptsetup(8),
 * gpg(1), docker-login(1), gh-auth-login(1), openssl(1), smbpasswd(8).
 */
export const PIPED: readonly string[] = [
  'sudo -S',
  '--password-stdin',
  '--with-token',
  '--passphrase-fd',
  '-pass stdin',
  'passwd -s',
  'vncpasswd -f',
  '| kinit',
  '|kinit',
  '| su ',
  '| cryptsetup',
  '| sudo cryptsetup',
  '| ecryptfs-',
  '| gnome-keyring-daemon',
  'vault login -',
];

const [ECHO, PRINTF, HERE] = words('echo |printf |<<<');

/** What is given to such a command, whose literal stands at [at, end). */
export function pipedAt(s: Search, at: number, end: number): void {
  const { buf, hi } = s;
  let p = end;
  while (p < hi && p - end < 64 && buf[p] !== 0x0a && buf[p] !== 0x7c && !startsWith(buf, p, HERE!)) p++;
  s.steps += p - end;
  if (startsWith(buf, p, HERE!)) {
    const from = argument(s, p + HERE!.length, 0);
    if (from >= 0) passwordArgument(s, from, 0, 0.8);
    return;
  }
  // a pipe stands between, or in the literal
  let pipe = at;
  const floor = line(s, at);
  while (pipe > floor && buf[pipe] !== 0x7c) pipe--;
  if (buf[pipe] === 0x7c) echoedAt(s, pipe, 0);
}

/** What `echo` or `printf` on the line before `at` gives out; `sign` stands before the password when it is not 0. */
export function echoedAt(s: Search, at: number, sign: number): void {
  const { buf } = s;
  const floor = line(s, at);
  for (let k = at; k >= floor; k--) {
    const word = buf[k] === 0x65 ? ECHO! : buf[k] === 0x70 ? PRINTF! : undefined;
    if (word === undefined || !startsWith(buf, k, word)) continue;
    let from = argument(s, k + word.length, 0);
    if (from >= 0 && buf[from] === 0x2d) from = argument(s, from, 1);
    // the form that printf prints by
    if (word === PRINTF && from >= 0 && (buf[from] === 0x25 || buf[from + 1] === 0x25)) from = argument(s, from, 1);
    if (from >= 0 && from < at) passwordArgument(s, from, sign, 0.8);
    break;
  }
  s.steps += at - floor;
}
