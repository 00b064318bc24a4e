import { getCountries, getExampleNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import type { Random } from './random.js';

export const digits = (random: Random, count: number): string => Array.from({ length: count }, () => random.int(10)).join('');
const letters = (random: Random, count: number): string =>
  Array.from({ length: count }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz'])).join('');

/** A number that Luhn's check holds for, of a network more often than not. */
export function card(random: Random): string {
  const length = random.pick([16, 16, 16, 15, 19, 14]);
  const made = random.pick(['4', '51', '2221', '34', '37', '35', '6011', '62', '9792', '1', '5018', '0']) + digits(random, 20);
  // in fours, 00 before a group dials abroad
  const zeros = random.pick([undefined, undefined, undefined, undefined, 4, 8]);
  const body = (zeros === undefined ? made : `${made.slice(0, zeros)}00${made.slice(zeros + 2)}`).slice(0, length - 1);
  let sum = 0;
  for (let k = 0; k < body.length; k++) {
    const doubled = Number(body[body.length - 1 - k]) * (k % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return body + ((10 - (sum % 10)) % 10);
}

export const inFours = (number: string, gap: string): string => number.replace(/(.{4})(?=.)/g, `$1${gap}`);

const numbers = getCountries().map((country) => getExampleNumber(country, examples)!);

export function phone(random: Random): string {
  const number = random.pick(numbers);
  const text = random.chance(0.5) ? number.formatInternational() : number.number;
  // other numbers of that plan; most of them are valid as well
  const varied = random.chance(0.5) ? text.replace(/\d{1,4}$/, (tail) => digits(random, tail.length)) : text;
  return random.chance(0.2) ? varied.replaceAll(' ', '-') : varied;
}

/** Groups of digits of any sizes behind a plus: what looks like a telephone number and may be anything. */
export const grouped = (random: Random): string =>
  `+${Array.from({ length: 1 + random.int(6) }, () => digits(random, 1 + random.int(5))).join(random.pick([' ', '-', '.']))}`;

const words = [
  'jane',
  'doe',
  'passwd',
  'password',
  'birth',
  'born',
  'token',
  'basic',
  'bearer',
  'ghp',
  'akia',
  'sk',
  'xoxb',
  'dapi',
  'git',
  'machine',
  'login',
  'net',
  'com',
  'js',
  'png',
  'xn',
];

export function address(random: Random): string {
  const word = () => (random.chance(0.4) ? letters(random, 1 + random.int(21)) : random.pick(words));
  const local = Array.from({ length: 1 + random.int(3) }, () => word() + (random.chance(0.3) ? digits(random, 1 + random.int(6)) : ''));
  const domain = Array.from({ length: 1 + random.int(3) }, word);
  return `${local.join(random.pick(['.', '.', '', '-', '..']))}@${domain.join(random.pick(['.', '-', '.']))}.${random.pick(['com', 'de', 'js', 'io', 'png', 'museum', 'x'])}`;
}

/** One byte changed, taken away or put in. */
export function nearly(random: Random, text: string): string {
  const at = random.int(text.length + 1);
  const put = random.pick([...' -.+@()/:x0149azA\0é']);
  return text.slice(0, at) + (random.chance(0.7) ? put : '') + text.slice(at + (random.chance(0.5) ? 1 : 0));
}
