import { createHmac } from 'node:crypto';
import { FF1 } from '@noble/ciphers/ff1.js';
import { ALNUM, CLASS, startsWith } from './bytes.js';
import { callingCodeLength, isEncoded, isPlainSign, vendorPrefixes } from './partial.js';
import type { Kind } from './types.js';

/**
 * Stand-ins of the same form, by FF1 (NIST SP 800-38G rev. 1): the same value gives the same stand-in, different values different ones,
 * and who holds the key can turn them back.
 */
export type CheckDigit = 'valid' | 'invalid';

const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const LOCAL = 'abcdefghijklmnopqrstuvwxyz0123456789';
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const LETTERS = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOCAL}`;
/** SP 800-38G rev. 1, 5.1: at least a million values, or they can be tried out */
const DOMAIN_MIN = 1_000_000;
/** A longer value is no card, name or key whose form anybody relies on; big numbers take time that grows with the square, characters. */
const LENGTH_MAX = 128;

/** A stand-in of the same form, or undefined where the value has no form of its own or is too short or too long for one. */
export class FormatTokens {
  private readonly key: Uint8Array;
  private readonly ciphers = new Map<string, ReturnType<typeof FF1>>();

  /** `key` has 32 bytes; the one of the cipher is derived from it. */
  constructor(
    key: Uint8Array,
    private readonly check: CheckDigit,
  ) {
    this.key = createHmac('sha256', key).update('midstream format-preserving tokens, AES-256').digest();
  }

  token(kind: Kind, buf: Uint8Array, start: number, end: number): string | undefined {
    if (end - start > LENGTH_MAX || (vendorPrefixes(kind).length === 0 && isEncoded(buf, start, end))) return undefined;
    const text = Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('latin1');
    const made = this.standIn(kind, text, buf, start, end);
    // of every cipher over few values some stand for themselves
    return made === text ? undefined : made;
  }

  private standIn(kind: Kind, text: string, buf: Uint8Array, start: number, end: number): string | undefined {
    switch (kind) {
      case 'credit_card':
        return this.card(text);
      case 'us_ssn':
      case 'us_itin':
        return this.replaced(kind, text, DIGITS, 0);
      case 'national_id':
        return /[A-Za-z]/.test(text) ? this.lettersToo(kind, text) : this.replaced(kind, text, DIGITS, 0);
      case 'phone':
        return this.replaced(kind, text, DIGITS, callingCodeLength(buf, start, end));
      case 'iban':
        return this.iban(text);
      case 'mac_address':
        return this.replaced(kind, text.toLowerCase(), HEX, 6);
      case 'email':
        return this.email(text);
      case 'ip_address':
        return this.ipv4(text);
      default:
        return this.secret(kind, buf, start, end, text);
    }
  }

  /** All digits but the check digit, which is made to be right, or wrong so that nobody takes the stand-in for a card. */
  private card(text: string): string | undefined {
    const digits = text.replace(/\D/g, '');
    const body = this.encrypt('credit_card', digits.slice(0, -1), DIGITS);
    if (body === undefined) return undefined;
    const right = luhn(body);
    return fill(text, /\d/, `${body}${this.check === 'valid' ? right : (right + 5) % 10}`);
  }

  /** Country and letters stay; check digits by ISO 7064 MOD 97-10. */
  private iban(text: string): string | undefined {
    const compact = text.replace(/[^A-Za-z0-9]/g, '').toUpperCase();
    const account = compact.slice(4);
    const digits = this.encrypt(`iban ${compact.slice(0, 2)}`, account.replace(/\D/g, ''), DIGITS);
    if (digits === undefined) return undefined;
    const body = fill(account, /\d/, digits);
    let rest = 0;
    for (const c of `${body}${compact.slice(0, 2)}00`) rest = (c >= 'A' ? rest * 100 + c.charCodeAt(0) - 55 : rest * 10 + Number(c)) % 97;
    const right = 98 - rest;
    const check = this.check === 'valid' ? right : right === 98 ? 2 : right + 1;
    return fill(text, /[A-Za-z0-9]/, `${compact.slice(0, 2)}${String(check).padStart(2, '0')}${body}`);
  }

  /** The domain stays; case means nothing in addresses. Signs that can't be written in place would make two addresses one. */
  private email(text: string): string | undefined {
    if (!/^[A-Za-z0-9@_.+-]+$/.test(text)) return undefined;
    const at = text.lastIndexOf('@');
    const local = this.replaced('email', text.slice(0, at).toLowerCase(), LOCAL, 0);
    return at < 1 || local === undefined ? undefined : local + cleaned(text.slice(at));
  }

  private ipv4(text: string): string | undefined {
    const parts = text.split('.').map(Number);
    if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part < 256))) return undefined;
    return this.cipher('ip_address', 256).encrypt(parts).join('.');
  }

  /** Vendors' prefixes stay, so that tools which look at them go on. */
  private secret(kind: Kind, buf: Uint8Array, start: number, end: number, text: string): string | undefined {
    const prefix = vendorPrefixes(kind).find((one) => end - start > one.length && startsWith(buf, start, one));
    if (prefix === undefined) return undefined;
    const head = text.slice(0, prefix.length);
    // what has capitals and digits alone, as keys of AWS, goes on having no others
    const alphabet = /[a-z]/.test(text.slice(prefix.length)) ? LETTERS : CAPITALS;
    const body = this.replaced(kind, text.slice(prefix.length), alphabet, 0);
    return body === undefined ? undefined : head + body;
  }

  /** The characters of the alphabet behind the first `kept` of them are replaced, all others stay. */
  private replaced(kind: string, text: string, alphabet: string, kept: number): string | undefined {
    const own: string[] = [];
    for (const c of text) if (alphabet.includes(c)) own.push(c);
    const said = this.encrypt(kind, own.slice(kept).join(''), alphabet);
    if (said === undefined) return undefined;
    let n = 0;
    let out = '';
    for (const c of text) out += !alphabet.includes(c) ? cleaned(c) : n < kept ? own[n++] : said[n++ - kept];
    return out;
  }

  /**
   * Digits become digits and letters letters, as one number of so many values: letters alone would be too few. A stand-in that is none of them is
   * encrypted again until it is one ("cycle walking", Black and Rogaway, CT-RSA 2002).
   */
  private lettersToo(kind: string, text: string): string | undefined {
    const sizes = Array.from(text, (c) => (/\d/.test(c) ? 10n : /[A-Za-z]/.test(c) ? 26n : 1n));
    const values = sizes.reduce<bigint>((all, size) => all * size, 1n);
    if (values < DOMAIN_MIN) return undefined;
    const bits = (values - 1n).toString(2).length;
    const cipher = this.cipher(`${kind} of letters`, 2);
    let number = 0n;
    for (const [n, c] of [...text].entries()) {
      const size = sizes[n]!;
      if (size > 1n) number = number * size + BigInt(size === 10n ? Number(c) : c.toUpperCase().charCodeAt(0) - 65);
    }
    do number = BigInt(`0b${cipher.encrypt(Array.from(number.toString(2).padStart(bits, '0'), Number)).join('')}`);
    while (number >= values);
    let out = '';
    for (let n = text.length - 1; n >= 0; n--) {
      const size = sizes[n]!;
      const c = text[n]!;
      const rest = Number(number % size);
      number /= size;
      if (size === 1n) out = cleaned(c) + out;
      else if (size === 10n) out = rest + out;
      else out = String.fromCharCode(rest + (c >= 'a' ? 97 : 65)) + out;
    }
    return out;
  }

  private encrypt(tweak: string, text: string, alphabet: string): string | undefined {
    if (alphabet.length ** text.length < DOMAIN_MIN || text.length < 2) return undefined;
    const numbers = Array.from(text, (c) => alphabet.indexOf(c));
    return this.cipher(tweak, alphabet.length)
      .encrypt(numbers)
      .map((n) => alphabet[n])
      .join('');
  }

  private cipher(tweak: string, radix: number): ReturnType<typeof FF1> {
    const name = `${tweak} ${radix}`;
    let cipher = this.ciphers.get(name);
    if (cipher === undefined) {
      cipher = FF1(radix, this.key, Buffer.from(tweak, 'latin1'));
      this.ciphers.set(name, cipher);
    }
    return cipher;
  }
}

/** The digit that makes `body` and it pass ISO/IEC 7812-1, annex B. */
function luhn(body: string): number {
  let sum = 0;
  for (let k = body.length - 1, double = true; k >= 0; k--, double = !double) {
    const digit = Number(body[k]) * (double ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return (10 - (sum % 10)) % 10;
}

/** `text` with what `sign` matches replaced by the characters of `by`, one after the other. */
function fill(text: string, sign: RegExp, by: string): string {
  let n = 0;
  let out = '';
  for (const c of text) out += sign.test(c) ? by[n++]! : cleaned(c);
  return out;
}

/** What needs escaping somewhere becomes a star, as everywhere in masked values. */
function cleaned(text: string): string {
  let out = '';
  for (const c of text) {
    const b = c.charCodeAt(0);
    out += (CLASS[b]! & ALNUM) !== 0 || isPlainSign(b) || b === 0x40 || b === 0x5f ? c : '*';
  }
  return out;
}
