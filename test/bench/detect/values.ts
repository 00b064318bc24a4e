import { composeIBAN, countrySpecs } from 'ibantools';
import { isValidPhoneNumber } from 'libphonenumber-js/max';
import { ALNUM, DIGITS, HEX } from '../../property/mask/corpus.js';
import type { Random } from '../../support/random.js';

/** Makers of values, each valid by the rules of whoever issues it; none is anybody's. */
const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const BASE64 = `${ALNUM}+/`;
const URLSAFE = `${ALNUM}-_`;

export function luhnDigit(digits: string): string {
  let sum = 0;
  for (let k = 0; k < digits.length; k++) {
    const d = Number(digits[digits.length - 1 - k]) * (k % 2 === 0 ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return String((10 - (sum % 10)) % 10);
}

const NETWORKS: readonly (readonly [prefix: string, length: number])[] = [
  ['4', 16],
  ['4', 13],
  ['4', 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['2500', 16],
  ['34', 15],
  ['37', 15],
  ['36', 14],
  ['300', 14],
  ['6011', 16],
  ['65', 16],
  ['3528', 16],
  ['3589', 16],
  ['62', 16],
  ['62', 19],
  ['2200', 16],
  ['6759', 16],
  ['5018', 16],
  ['6304', 19],
  ['9792', 16],
  ['6521', 16],
];

export function card(r: Random): string {
  const [prefix, length] = r.pick(NETWORKS);
  const body = prefix + r.chars(DIGITS, length - prefix.length - 1);
  const number = body + luhnDigit(body);
  const sep = r.pick(['', '', ' ', '-']);
  if (sep === '') return number;
  if (length === 15) return [number.slice(0, 4), number.slice(4, 10), number.slice(10)].join(sep);
  if (length === 14) return [number.slice(0, 4), number.slice(4, 10), number.slice(10)].join(sep);
  return number.match(/.{1,4}/g)!.join(sep);
}

const FIRST = ['anna', 'john', 'maria', 'wei', 'olga', 'pedro', 'fatima', 'lars', 'chloe', 'hiro', 'jürgen', 'amir'];
const LAST = ['smith', 'garcia', 'mueller', 'rossi', 'novak', 'tanaka', 'okafor', 'silva', 'dubois', 'kim'];
const HOSTS = [
  'example.com',
  'mail.example.org',
  'example.co.uk',
  'corp.example.net',
  'example.io',
  'müller.example.de',
  'sub.dept.example.edu',
  'example.museum',
];

export const email = (r: Random): string =>
  `${r.pick(FIRST)}${r.pick(['.', '_', '-', '', '+news.'])}${r.pick(LAST)}${r.pick(['', String(r.int(100))])}@${r.pick(HOSTS)}`;

export function iban(r: Random): string {
  for (;;) {
    const country = r.pick(Object.keys(countrySpecs));
    const pattern = countrySpecs[country]?.bban_regexp;
    if (pattern === undefined || pattern === null) continue;
    let bban = '';
    for (const [, set, count] of pattern.matchAll(/\[([^\]]+)\]\{(\d+)\}/g))
      bban += r.chars((set!.includes('0-9') ? DIGITS : '') + (set!.includes('A-Z') ? UPPER : ''), Number(count));
    const made = composeIBAN({ countryCode: country, bban });
    if (made === null) continue;
    return r.int(2) === 0 ? made : made.match(/.{1,4}/g)!.join(' ');
  }
}

export function ssn(r: Random): string {
  for (;;) {
    const area = 1 + r.int(899);
    if (area === 666) continue;
    return `${String(area).padStart(3, '0')}-${String(1 + r.int(99)).padStart(2, '0')}-${String(1 + r.int(9999)).padStart(4, '0')}`;
  }
}

export const itin = (r: Random): string =>
  `9${r.chars(DIGITS, 2)}-${r.pick(['50', '65', '70', '77', '88', '92', '94', '99'])}-${r.chars(DIGITS, 4)}`;
export const ipv4 = (r: Random): string => [1 + r.int(254), r.int(256), r.int(256), r.int(256)].join('.');
export const ipv6 = (r: Random): string =>
  r.int(2) === 0
    ? Array.from({ length: 8 }, () => r.chars(HEX, 1 + r.int(4))).join(':')
    : `2001:db8:${r.chars(HEX, 4)}::${r.chars('123456789', 1)}${r.chars(HEX, 2)}`;
export const mac = (r: Random): string => Array.from({ length: 6 }, () => r.chars(HEX, 2)).join(r.pick([':', '-']));

const CODES = [
  '1',
  '44',
  '49',
  '33',
  '34',
  '39',
  '31',
  '46',
  '47',
  '41',
  '43',
  '48',
  '55',
  '52',
  '61',
  '81',
  '82',
  '86',
  '91',
  '27',
  '234',
  '254',
  '351',
  '353',
  '420',
  '971',
  '66',
  '62',
  '90',
  '380',
];

export function phone(r: Random): string {
  for (;;) {
    const code = r.pick(CODES);
    const national = r.chars('123456789', 1) + r.chars(DIGITS, 7 + r.int(4));
    if (!isValidPhoneNumber(`+${code}${national}`)) continue;
    const gap = r.pick(['', ' ', '-']);
    return `+${code}${gap}${gap === '' ? national : national.match(/.{1,3}/g)!.join(gap)}`;
  }
}

export function nanp(r: Random): string {
  for (;;) {
    const n = r.chars('23456789', 1) + r.chars(DIGITS, 2) + r.chars('23456789', 1) + r.chars(DIGITS, 6);
    if (!isValidPhoneNumber(`+1${n}`)) continue;
    const [a, b, c] = [n.slice(0, 3), n.slice(3, 6), n.slice(6)];
    return r.pick([`(${a}) ${b}-${c}`, `${a}-${b}-${c}`, `${a}.${b}.${c}`]);
  }
}

function weighted(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, w, k) => sum + w * Number(digits[k]), 0);
}

export function cpf(r: Random): string {
  let d = r.chars(DIGITS, 9);
  for (const first of [10, 11]) {
    const rest =
      weighted(
        d,
        Array.from({ length: d.length }, (_, k) => first - k),
      ) % 11;
    d += rest < 2 ? '0' : String(11 - rest);
  }
  return `${d.slice(0, 3)}.${d.slice(3, 6)}.${d.slice(6, 9)}-${d.slice(9)}`;
}

export const dni = (r: Random): string => {
  const n = r.chars(DIGITS, 8);
  return n + 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(n) % 23];
};

export function pesel(r: Random): string {
  const d = `${r.chars(DIGITS, 2)}0${r.chars('123456789', 1)}1${r.chars(DIGITS, 1)}${r.chars(DIGITS, 4)}`;
  return d + String((10 - (weighted(d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10);
}

export function bsn(r: Random): string {
  for (;;) {
    const d = r.chars('123456789', 1) + r.chars(DIGITS, 7);
    const rest = weighted(d, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    if (rest < 10) return d + String(rest);
  }
}

export const nino = (r: Random): string => `${r.pick(['AB', 'CE', 'JK', 'PR', 'SX'])}${r.chars(DIGITS, 6)}${r.pick(['A', 'B', 'C', 'D'])}`;
export const birthDate = (r: Random): string => {
  const [y, m, d] = [String(1930 + r.int(80)), String(1 + r.int(12)).padStart(2, '0'), String(1 + r.int(28)).padStart(2, '0')];
  return r.pick([`${y}-${m}-${d}`, `${d}.${m}.${y}`, `${m}/${d}/${y}`, `${Number(d)} ${r.pick(['March', 'Jan', 'October', 'Aug'])} ${y}`]);
};

const token = (r: Random, prefix: string, alphabet: string, length: number): string =>
  `${prefix}${r.chars('123456789', 1)}${r.chars(alphabet, length - 2)}${r.chars('ABCDEF', 1)}`;
export const secrets: Record<string, (r: Random) => string> = {
  aws_access_key: (r) => r.pick(['AKIA', 'ASIA']) + r.chars(`${UPPER}234567`, 16),
  github_token: (r) => token(r, r.pick(['ghp_', 'gho_', 'ghs_']), ALNUM, 36),
  gitlab_token: (r) => token(r, 'glpat-', URLSAFE, 20),
  slack_token: (r) => `xoxb-${r.chars(DIGITS, 12)}-${r.chars(DIGITS, 13)}-${r.chars(ALNUM, 24)}`,
  stripe_key: (r) => token(r, r.pick(['sk_live_', 'rk_live_', 'sk_test_']), ALNUM, 24),
  google_api_key: (r) => token(r, 'AIzaSy', URLSAFE, 33),
  openai_key: (r) => `sk-proj-${r.chars(URLSAFE, 60)}T3BlbkFJ${r.chars(ALNUM, 60)}`,
  anthropic_key: (r) => `sk-ant-api03-${r.chars(URLSAFE, 93)}AA`,
  npm_token: (r) => token(r, 'npm_', ALNUM, 36),
  pypi_token: (r) => `pypi-AgEIcHlwaS5vcmc${r.chars(URLSAFE, 150)}`,
  jwt: (r) => `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI${r.chars(URLSAFE, 40)}.${r.chars(URLSAFE, 42)}X`,
  azure_client_secret: (r) => `${r.chars(ALNUM, 3)}${r.chars(DIGITS, 1)}Q~${r.chars(ALNUM, 34)}`,
  sendgrid_key: (r) => `SG.${r.chars(ALNUM, 22)}.${r.chars(ALNUM, 43)}`,
  private_key: (r) =>
    `-----BEGIN ${r.pick(['RSA ', 'EC ', '', 'OPENSSH '])}PRIVATE KEY-----\n${Array.from({ length: 3 }, () => r.chars(BASE64, 64)).join('\n')}\n-----END PRIVATE KEY-----`,
};
export const aws_secret = (r: Random): string => `${r.chars('123456789', 1)}${r.chars(BASE64, 39)}`;
export const hexSecret = (r: Random): string => r.chars(HEX, 32);
export const password = (r: Random): string =>
  r.pick([
    () => r.chars(`${ALNUM}!#%^*_`, 6 + r.int(14)),
    () => `${r.pick(LAST)}${r.int(9999)}!`,
    () => `${r.pick(['summer', 'Winter', 'dragon', 'letmein'])}${r.int(100)}`,
  ])();
