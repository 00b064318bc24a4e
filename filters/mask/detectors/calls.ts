import { PASSWORD, TOKEN } from '../evidence.js';
import type { Search } from '../search.js';
import { isQuote, quotedEnd } from './extent.js';
import { judgeValue } from './judge.js';
import { MEDIUM, STRONG } from './names.js';
import { SHELL_REACH } from './shell.js';
import { looksRandom } from './values.js';

/**
 * Passwords and keys that a call of a library takes by their place, as quoted texts: `SetBasicAuth("bob", "x")`. A search is anchored on one
 * byte of the literal (tokens.ts), so clean text pays for them only where it stands.
 */
export interface Call {
  literal: string;
  /** arguments before the password */
  skip: number;
  /** a token, which is random; else a password, which anything may be */
  token?: true;
}

const TOKEN_MIN = 20;

const calls = (skip: number, ...literals: string[]): Call[] => literals.map((literal) => ({ literal, skip }));
const tokens = (...literals: string[]): Call[] => literals.map((literal) => ({ literal, skip: 0, token: true }));

/** From the documentation of Go's net/http, Python's smtplib and requests, JDBC, JavaMail, .NET, PHP, python-ldap, paramiko, discord.js, jsonwebtoken, Node's crypto. */
export const CALLS: readonly Call[] = [
  ...calls(0, 'setPassword(', 'setApiKey(', 'setSecret(', 'setSecretKey(', 'setClientSecret(', 'ssh.Password('),
  ...calls(1, 'BasicAuth(', 'NetworkCredential(', 'PasswordCredentials(', 'PasswordAuthentication(', 'AuthenticationToken('),
  ...calls(1, '.login(', '.auth(', 'jwt.sign(', 'jwt.verify(', 'createHmac(', 'createCipheriv(', 'AWSCredentials(', 'AmazonS3Client('),
  ...calls(1, 'simple_bind_s(', 'oci_connect(', 'cx_Oracle.connect('),
  ...calls(2, 'mysqli(', 'pymysql.connect(', 'ftp_login(', 'ldap_bind(', 'odbc_connect(', 'imap_open(', 'ssh2_auth_password('),
  ...calls(3, 'ssh.connect('),
  ...tokens('client.login(', 'bot.login(', 'client.run(', 'bot.run('),
  ...calls(
    2,
    'Manager.getConnection(',
    'mysqli_connect(',
    'mysql_connect(',
    'mysql.connect(',
    'MySQLdb.connect(',
    '.FTP(',
    'PDO(',
    'ClientSecretCredential(',
    'PlainAuth(',
  ),
];

/** The password among the arguments that begin at `from`, on one line; nothing where it is no quoted text. */
export function callAt(s: Search, { skip, token }: Call, from: number): void {
  const { buf } = s;
  const limit = Math.min(s.hi, from + SHELL_REACH);
  let depth = 0;
  let left = skip;
  let p = from;
  for (; p < limit && left > 0; p++) {
    const b = buf[p]!;
    if (b === 0x0a) break;
    if (isQuote(b)) p = quotedEnd(s, p + 1, b, false);
    else if (b === 0x28 || b === 0x5b || b === 0x7b) depth++;
    else if (b === 0x29 || b === 0x5d || b === 0x7d) {
      if (--depth < 0) break;
    } else if (b === 0x2c && depth === 0) left--;
  }
  while (p < limit && buf[p] === 0x20) p++;
  s.steps += p - from;
  if (left > 0 || p >= limit || !isQuote(buf[p]!)) return;
  const end = quotedEnd(s, p + 1, buf[p]!, false);
  // what is put together of texts is none: `setPassword("a" + b)`
  const after = buf[end + 1];
  if (buf[end] !== buf[p] || !(after === 0x29 || after === 0x2c || after === 0x2e)) return;
  if (!token) judgeValue(s, p + 1, end, STRONG, PASSWORD, true, 0);
  else if (looksRandom(buf, p + 1, end, TOKEN_MIN)) judgeValue(s, p + 1, end, MEDIUM, TOKEN, true, 0);
}
