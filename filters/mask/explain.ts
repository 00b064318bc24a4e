import { startsWith } from './bytes.js';
import { checksumHolds } from './detectors/checksums.js';
import { isValid, NAMED } from './detectors/national-forms.js';
import { VENDOR_TOKENS } from './detectors/token-table.js';
import { entropy } from './detectors/values.js';
import * as E from './evidence.js';
import { inAscii, SPELLED_KINDS } from './foreign.js';
import { labelsOf } from './labels.js';
import { isEncoded } from './partial.js';
import { automatonOfCode, IS_CALLING_CODE } from './phone/plans.js';
import type { Detector, Hit } from './types.js';

/** Why a value was found, for people: its form and check digits, the words beside it, and what they changed. */
export interface Explanation {
  /** what the value's own bytes show */
  form: string[];
  /** words of the key, the column or the text before it that counted */
  words: { word: string; says: string; counts: 'for' | 'against' }[];
  /** the score of the value with nothing beside it, 0 where it would not be found */
  alone: number;
  score: number;
}

const SAYS: readonly (readonly [bits: number, says: string])[] = [
  [E.PASSWORD, 'a password'],
  [E.SECRET, 'a secret'],
  [E.TOKEN, 'a token'],
  [E.KEY, 'a key'],
  [E.QUALIFIER, 'what a key is for'],
  [E.AUTH, 'authentication'],
  [E.CLOUD | E.VENDOR, 'a service'],
  [E.CARD, 'a card'],
  [E.PHONE, 'a phone'],
  [E.SSN | E.SOCIAL, 'a social security number'],
  [E.ITIN | E.TAX, 'a taxpayer number'],
  [E.NATIONAL_NAME | E.NATIONAL, 'a national identifier'],
  [E.BIRTH, 'a birth date'],
  [E.BANK, 'a bank account'],
  [E.NETWORK, 'a network address'],
  [E.RANDOM, 'something random'],
  [E.SHARED_ACCESS, 'a shared access key'],
  [E.COOKIE, 'a cookie'],
];
const AGAINST = E.AGAINST | E.COUNT_OF | E.PUBLIC | E.PAGING;

/** Explains one hit of buf[lo, hi). `detector` is asked about the value alone; it must not be in the middle of a search. */
export function explain(detector: Detector, buf: Uint8Array, hit: Hit, lo: number, name = ''): Explanation {
  const value = Buffer.from(buf.subarray(hit.start, hit.end));
  const alone = detector.find(value, 0, value.length).find((one) => one.kind === hit.kind && one.end - one.start === value.length);
  return { form: formOf(hit.kind, value), words: wordsBefore(buf, hit.start, lo, name), alone: alone?.score ?? 0, score: hit.score };
}

const WORD = /[\p{L}\p{M}][\p{L}\p{M}0-9]*/gu;
/** scripts without blanks between words: what stands beside a word of the tables would be shown too */
const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]|[\u2e80-\uffff]/;
const CAMEL = /[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])/g;

function wordsBefore(buf: Uint8Array, at: number, lo: number, name: string): Explanation['words'] {
  const text = Buffer.from(buf.subarray(E.evidenceStart(buf, at, lo), at)).toString('utf8');
  const found = new Map<string, Explanation['words'][number]>();
  for (const whole of `${name} ${text}`.match(WORD) ?? []) {
    if (UNSPACED.test(whole)) continue;
    for (const word of [whole, ...(whole.match(CAMEL) ?? [])]) {
      const bytes = Buffer.from(word, 'utf8');
      const bits = E.evidenceOf(bytes, 0, bytes.length);
      const label = labelsOf(bytes, 0, bytes.length) !== 0 || (bits & E.LABEL) !== 0;
      const says = SAYS.filter(([bit]) => (bits & bit) !== 0).map(([, one]) => one);
      const against = (bits & AGAINST) !== 0 && says.length === 0 && !label;
      if (says.length === 0 && !label && !against) continue;
      const key = word.toLowerCase();
      if (!found.has(key))
        found.set(key, {
          word,
          says: against ? 'a number or a name of another kind' : says.length > 0 ? says.join(', ') : 'what stands behind it',
          counts: against ? 'against' : 'for',
        });
    }
  }
  return [...found.values()];
}

function formOf(kind: string, value: Buffer): string[] {
  if (isEncoded(value, 0, value.length) && PEOPLE.has(kind)) return ['stands inside base64, which was decoded once'];
  const written = SPELLED_KINDS.has(kind) ? inAscii(value, 0, value.length) : undefined;
  const text = Buffer.from(written ?? value).toString('utf8');
  const coded = /%[2-7][0-9A-Fa-f]/.test(text) ? ['percent encoding was decoded once'] : [];
  const spelled = written === undefined ? [] : ['written with digits, blanks or signs beyond ASCII, which were read as those of ASCII'];
  return [...coded, ...spelled, ...own(kind, text, value)];
}

const PEOPLE = new Set([
  'email',
  'credit_card',
  'us_ssn',
  'us_itin',
  'phone',
  'iban',
  'national_id',
  'ip_address',
  'date_of_birth',
  'mac_address',
]);

function own(kind: string, text: string, value: Buffer): string[] {
  const digits = text.replace(/%2[0-9A-Fa-f]/g, '').replace(/\D/g, '');
  switch (kind) {
    case 'credit_card':
      return [`${digits.length} digits${digits === text ? '' : ' in groups'}, ${networkOf(digits)}`, "Luhn's check digit is right"];
    case 'iban':
      return [
        `country ${text.slice(0, 2).toUpperCase()}, ${text.replace(/\s/g, '').length} characters`,
        'the remainder modulo 97 is right (ISO 13616)',
      ];
    case 'us_ssn':
    case 'us_itin':
      return [`${digits.length} digits${digits === text ? ' in one' : ' in groups of 3, 2 and 4'}, of ranges that are given out`];
    case 'phone':
      return phone(text, digits);
    case 'national_id': {
      const holds = NAMED.filter(([country, name]) => isValid(country, name, text) || isValid(country, name, text.toUpperCase()));
      const shown = holds.slice(0, 4).map(([country, name]) => `${country} ${name}`);
      return holds.length === 0
        ? ['its printed form']
        : [`check digits are right for ${shown.join(', ')}${holds.length > 4 ? ` and ${holds.length - 4} more` : ''}`];
    }
    case 'email':
      return ['a local part, an @ and a domain name'];
    case 'ip_address':
      return [text.includes(':') ? 'IPv6 (RFC 4291)' : 'IPv4, four numbers up to 255'];
    case 'password':
    case 'high_entropy':
    case 'bearer_token':
    case 'session_cookie':
    case 'kubernetes_secret':
      return [`${value.length} bytes, ${entropy(value, 0, value.length).toFixed(1)} bits of entropy a byte`];
  }
  return token(kind, value);
}

function token(kind: string, value: Buffer): string[] {
  for (const form of VENDOR_TOKENS) {
    if (form.kind !== kind) continue;
    const at = form.before === undefined ? 0 : value.indexOf(form.prefix);
    const body = at + form.prefix.length;
    if (at < 0 || !startsWith(value, at, Buffer.from(form.prefix)) || value.length - body < form.min || value.length - body > form.max)
      continue;
    const said = [`${at === 0 ? 'begins with' : 'holds'} ${form.prefix}, ${value.length - body} more of ${form.body}`];
    if (form.checksum !== undefined)
      said.push(checksumHolds(form.checksum, value, at, body, value.length) ? 'its checksum is right' : 'its checksum is wrong');
    return said;
  }
  return [];
}

function phone(text: string, digits: string): string[] {
  const national = [`${digits.length} digits, national form`];
  const abroad = /^\(?\+/.test(text) ? digits : digits.startsWith('00') ? digits.slice(2) : '';
  for (let n = 1; n <= 3 && n < abroad.length; n++) {
    const code = Number(abroad.slice(0, n));
    if (IS_CALLING_CODE[code] !== 1) continue;
    const automaton = automatonOfCode(code);
    let state = automaton.start;
    let valid = false;
    for (const d of abroad.slice(n)) {
      state = automaton.next(state, Number(d));
      if (state === 0) break;
      valid = automaton.accepts(state);
    }
    return [`international form, calling code ${code}`, valid ? 'a number of its plan' : 'no number of its plan, written as one'];
  }
  return national;
}

const NETWORKS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/^4/, 'Visa'],
  [/^(5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, 'Mastercard'],
  [/^3[47]/, 'American Express'],
  [/^(35|2131|1800)/, 'JCB'],
  [/^(30|36|38|39)/, 'Diners Club'],
  [/^(6011|65|64[4-9])/, 'Discover'],
  [/^(62|81)/, 'UnionPay'],
  [/^(60|82)/, 'RuPay'],
  [/^220[0-4]/, 'Mir'],
  [/^9792/, 'Troy'],
  [/^(50|5[6-8]|6)/, 'Maestro'],
];

function networkOf(digits: string): string {
  const known = NETWORKS.find(([pattern]) => pattern.test(digits));
  return known === undefined ? 'of no network that is known' : `range of ${known[1]}`;
}

/** The same in sentences. */
export function inWords({ form, words, alone, score }: Explanation): string[] {
  const out = [...form];
  const list = (counts: 'for' | 'against'): string =>
    words
      .filter((one) => one.counts === counts)
      .map(({ word, says }) => `${word} (${says})`)
      .join(', ');
  const same = Math.abs(score - alone) < 0.005;
  if (list('for') !== '') out.push(`${same ? 'beside it, not needed' : 'for it'}: ${list('for')}`);
  if (list('against') !== '') out.push(`${same ? 'beside it, too weak' : 'against it'}: ${list('against')}`);
  const changed = same ? 'the same alone' : alone === 0 ? 'not found alone' : `${alone.toFixed(2)} alone`;
  out.push(`score ${score.toFixed(2)}, ${changed}`);
  return out;
}
