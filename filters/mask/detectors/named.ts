import { CLASS, IDENT } from '../bytes.js';
import { PASSWORD } from '../evidence.js';
import type { Search } from '../search.js';
import { behindBlank, behindComma, behindIndex, inCall, underName } from './behind-name.js';
import { isQuote } from './extent.js';
import { NAME_MAX, NO_SECRET, nameAt, nameStart, strengthOf } from './names.js';
import { beforeName, inAttribute, inElement, sibling } from './siblings.js';
import { isCellSign, tableAt } from './tables.js';

/**
 * Names of secrets whose value stands behind no sign: `ENV DB_PASSWORD x`, `enable secret x`, `setToken("x")`, `PASSWORD 'x'` of SQL, a
 * column of a table, a field that names the value of the next.
 */

/** Words of such names, as the scan stops at them (token-anchors.ts); the name goes on on both sides. */
export const NAME_STEMS: readonly string[] = [
  ...['pass', 'secret', 'token', 'key', 'credential', 'creds', 'auth'].flatMap((word) => [
    word,
    `${word[0]!.toUpperCase()}${word.slice(1)}`,
    word.toUpperCase(),
  ]),
  'PWD',
  'identified by',
  'IDENTIFIED BY',
  // passwords in other languages
  ...'senha|contraseña|hasło|lösenord|şifre|jelszó|parola|heslo|salasana|wachtwoord|adgangskode|lozinka|kata sandi'
    .split('|')
    .flatMap((word) => [word, `${word[0]!.toUpperCase()}${word.slice(1)}`])
    .map((word) => Buffer.from(word, 'utf8').toString('latin1')),
];

/** bytes of a name behind such a word */
const REST_MAX = 16;

/** A name, where it stands and what it says. */
export interface Name {
  start: number;
  end: number;
  bits: number;
  strength: number;
}

/** Where the name ends that such a word, which ends at `stem`, is a part of. */
function nameEndOf(buf: Uint8Array, stem: number, hi: number): number {
  let end = stem;
  while (end < hi && end - stem < REST_MAX && (CLASS[buf[end]!]! & IDENT) !== 0) end++;
  return end;
}

/** A sign follows, perhaps behind a quote, as most names have it: that is assignment.ts. The first stage asks the same. */
function isSigned(buf: Uint8Array, end: number): boolean {
  const next = isQuote(buf[end]!) ? buf[end + 1]! : buf[end]!;
  return next === 0x3a || next === 0x3d;
}

/** `IDENTIFIED BY`, which is no word of names */
function isBy(buf: Uint8Array, end: number): boolean {
  return (buf[end - 1]! | 0x20) === 0x79 && (buf[end - 2]! | 0x20) === 0x62 && buf[end - 3] === 0x20;
}

/** True when a value may follow the name that such a word is a part of. No more is looked at by the gate. */
export function mayBeNamed(buf: Uint8Array, stem: number, hi: number): boolean {
  const end = nameEndOf(buf, stem, hi);
  return !isSigned(buf, end);
}

/** The value that belongs to the name of which the word that ends at `stem` is a part. */
export function namedAt(s: Search, stem: number): void {
  const { buf, lo, hi } = s;
  const end = nameEndOf(buf, stem, hi);
  if (isSigned(buf, end)) return;
  s.steps += NAME_MAX;
  const bits = isBy(buf, end) ? PASSWORD : nameAt(buf, end, lo);
  const strength = strengthOf(bits);
  if (strength === NO_SECRET) return;
  const name: Name = { start: isBy(buf, end) ? end - 2 : nameStart, end, bits, strength };
  if (end + 2 > hi) return sibling(s, name);
  const after = buf[end]!;
  if (after === 0x3c) return inElement(s, name);
  if (after === 0x28 || after === 0x7b) return inCall(s, name);
  if (after === 0x0a || after === 0x0d) underName(s, name);
  if (isQuote(after)) {
    beforeName(s, name);
    behindComma(s, name);
    behindIndex(s, name);
  }
  if (after === 0x3e || isQuote(after) || (after === 0x20 && name.start > lo && buf[name.start - 1] === 0x3c)) inAttribute(s, name);
  tableAt(s, name);
  if (after === 0x20 || after === 9 || isCellSign(after)) behindBlank(s, name);
  if (!(after === 0x20 || after === 9) || buf[end + 1]! <= 0x20 || buf[end + 1] === 0x7b) sibling(s, name);
}
