import { createHash } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { base58, bech32 } from '@scure/base';
import { DIGITS, HEX } from '../../property/mask/corpus.js';
import type { Random } from '../../support/random.js';
import { luhnDigit } from './values.js';

/** Values of the kinds that words, keys and neighbours name, and the frames in which people and programs write them; `@` is the place. */
export interface PersonalForm {
  kind: string;
  value: (r: Random) => string;
  places: readonly string[];
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const VIN = 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789';
const two = (n: number): string => String(n).padStart(2, '0');

function visa(r: Random, separators: readonly string[]): string {
  const body = `4${r.chars(DIGITS, 14)}`;
  return (body + luhnDigit(body)).match(/.{4}/g)!.join(r.pick(separators));
}

const expiry = (r: Random): string => `${two(1 + r.int(12))}/${r.pick(['', '20'])}${26 + r.int(10)}`;

function vin(r: Random): string {
  const wmi = r.pick(['1HG', '1FT', '2T1', '3VW', '4T1', '5YJ']);
  const chars = `${wmi}${r.chars(VIN, 5)}0${r.chars('ABCDEFGHJKLMNPRSTVWXY123456789', 1)}${r.chars(VIN, 2)}${r.chars(DIGITS, 5)}`;
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
  const values = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ';
  let sum = 0;
  for (let k = 0; k < 17; k++) sum += (values.indexOf(chars[k]!) % 10) * weights[k]!;
  const rest = sum % 11;
  return `${chars.slice(0, 8)}${rest === 10 ? 'X' : rest}${chars.slice(9)}`;
}

function imei(r: Random): string {
  const body = `35${r.chars(DIGITS, 12)}`;
  return body + luhnDigit(body);
}

function npi(r: Random): string {
  const body = `1${r.chars(DIGITS, 8)}`;
  return body + luhnDigit(`80840${body}`);
}

function nhs(r: Random): string {
  for (;;) {
    const body = r.chars(DIGITS, 9);
    let sum = 0;
    for (let k = 0; k < 9; k++) sum += Number(body[k]) * (10 - k);
    const check = (11 - (sum % 11)) % 11;
    if (check < 10) return r.pick([body + check, `${body.slice(0, 3)} ${body.slice(3, 6)} ${body.slice(6)}${check}`]);
  }
}

function mbi(r: Random): string {
  const letter = (): string => r.chars('ACDEFGHJKMNPQRTUVWXY', 1);
  const digit = (): string => r.chars(DIGITS, 1);
  return `${r.chars('123456789', 1)}${letter()}${digit()}${digit()}-${letter()}${letter()}${digit()}-${letter()}${letter()}${digit()}${digit()}`;
}

const bytes = (r: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => r.int(256));
const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest();

function base58check(r: Random, version: number): string {
  const body = Uint8Array.from([version, ...bytes(r, 20)]);
  return base58.encode(Uint8Array.from([...body, ...sha256(sha256(body)).subarray(0, 4)]));
}

function ethereum(r: Random): string {
  const hex = r.chars(HEX, 40);
  const hash = Buffer.from(keccak_256(Buffer.from(hex))).toString('hex');
  return `0x${[...hex].map((c, k) => (Number.parseInt(hash[k]!, 16) > 7 ? c.toUpperCase() : c)).join('')}`;
}

const wallet = (r: Random): string =>
  r.pick([
    () => base58check(r, 0x00),
    () => base58check(r, 0x05),
    () => base58check(r, 0x30),
    () => base58check(r, 0x41),
    () => bech32.encode(r.pick(['bc', 'ltc']), [0, ...bech32.toWords(bytes(r, 20))]),
    () => ethereum(r),
  ])();

const degrees = (r: Random, most: number): string => `${r.pick(['', '-'])}${r.int(most)}.${r.chars(DIGITS, 4 + r.int(4))}`;
const FIRST = ['Jane', 'Zoë', 'José', 'Mei', 'Olaf', 'Anne-Marie', 'Łukasz', 'Fatima'];
const LAST = ["O'Neil", 'Schmidt', 'van der Berg', 'García', 'Nguyễn', 'Smith', '李'];
const STREETS = ['Main Street', 'Hauptstraße', 'rue de Rivoli', 'Via Roma', 'Elm Ave', 'Kungsgatan'];

export const PERSONAL: readonly PersonalForm[] = [
  {
    kind: 'credit_card',
    value: (r) => visa(r, [' - ', '  ', '.', ' ']),
    places: ['card @ please', 'pay with @.', '{"card":"@"}', 'nr\t@\tok'],
  },
  {
    kind: 'card_cvv',
    value: (r) => r.chars(DIGITS, 3),
    places: ['{"cvv":"@"}', 'cvc=@&x=1', 'CVV: @', '"cvv2": @,', 'card_security_code: @'],
  },
  { kind: 'card_expiry', value: expiry, places: ['{"card_expiry":"@"}', 'card_exp: @', '"cardExpiration": "@"', 'cc_exp=@'] },
  {
    kind: 'card_track',
    value: (r) => {
      const number = visa(r, ['']);
      const rest = `${26 + r.int(10)}${two(1 + r.int(12))}101${r.chars(DIGITS, 8)}`;
      return r.pick([`%B${number}^DOE/JANE^${rest}?`, `;${number}=${rest}?`]);
    },
    places: ['@', 'swipe: @', '{"track":"@"}', 'reader said @ at once'],
  },
  {
    kind: 'email',
    value: (r) => {
      const [at, dot] = r.pick([
        [' [at] ', ' [dot] '],
        ['[at]', '[dot]'],
        ['(at)', '(dot)'],
        [' (at) ', '.'],
        ['(AT)', '(DOT)'],
      ] as const);
      return `${r.pick(['jane', 'j.doe', 'info'])}${r.int(99)}${at}${r.pick(['example', 'mail-host'])}${dot}${r.pick(['org', 'com', 'de'])}`;
    },
    places: ['write to: @', 'mail @, thanks', '@', 'contact <@>'],
  },
  {
    kind: 'bic',
    value: (r) =>
      `${r.chars(UPPER, 4)}${r.pick(['DE', 'FR', 'GB', 'US', 'NL', 'CH'])}${r.chars(UPPER, 2)}${r.pick(['', 'X'.repeat(3), r.chars(DIGITS, 3)])}`,
    places: ['BIC: @', '{"bic":"@"}', 'BIC @ bei der Bank', 'swift_code=@', 'SWIFT: @'],
  },
  {
    kind: 'passport',
    value: (r) => r.pick([r.chars(DIGITS, 9), r.chars(UPPER, 1) + r.chars(DIGITS, 8), r.chars(UPPER, 2) + r.chars(DIGITS, 7)]),
    places: ['Passport No: @', 'passport number @ expires soon', '{"passport":"@"}', 'Reisepass @', 'my passport is @.', 'passport_no=@'],
  },
  {
    kind: 'drivers_license',
    value: (r) =>
      r.pick([
        r.chars(UPPER, 1) + r.chars(DIGITS, 7),
        r.chars(DIGITS, 8),
        `${r.chars(UPPER, 1)}${r.chars(DIGITS, 3)}-${r.chars(DIGITS, 4)}-${r.chars(DIGITS, 4)}`,
      ]),
    places: [
      "driver's license: @",
      'driving licence @ was seen',
      '{"driver_license":"@"}',
      "Driver's License Number @",
      'drivers_license_no=@',
    ],
  },
  { kind: 'imei', value: imei, places: ['IMEI @', '{"imei":"@"}', 'imei: @ (phone)', 'device imei=@'] },
  { kind: 'vin', value: vin, places: ['@', 'VIN @', '{"vin":"@"}', 'sold @ today', 'Vehicle Identification Number: @'] },
  {
    kind: 'gps_coordinates',
    value: (r) => `${degrees(r, 90)}, ${degrees(r, 180)}`,
    places: ['gps: @', 'GPS coordinates @', '{"coordinates":"@"}', 'geo location: @ now'],
  },
  {
    kind: 'gps_coordinates',
    value: (r) => degrees(r, 90),
    places: ['{"latitude":@}', 'lat=@', '"lat": @', 'latitude: @', '"longitude":"@"'],
  },
  {
    kind: 'crypto_wallet',
    value: wallet,
    places: ['@', 'send it to @, please', '{"address":"@"}', 'wallet: @', 'https://chain.example/address/@'],
  },
  { kind: 'medical_id', value: nhs, places: ['NHS number: @', 'NHS no @', '{"nhs_number":"@"}', 'patient (NHS @)'] },
  { kind: 'medical_id', value: mbi, places: ['@', 'MBI: @', 'medicare @ on file', '{"mbi":"@"}'] },
  { kind: 'medical_id', value: npi, places: ['NPI: @', '{"npi":"@"}', 'provider NPI @', 'npi=@'] },
  {
    kind: 'medical_id',
    value: (r) => r.pick([r.chars(DIGITS, 8), `${r.chars(UPPER, 2)}${r.chars(DIGITS, 8)}`]),
    places: ['MRN: @', 'medical record number @', '{"mrn":"@"}', 'health insurance no @', 'patient id: @'],
  },
  {
    kind: 'person_name',
    value: (r) => r.pick([r.pick(FIRST), `${r.pick(FIRST)} ${r.pick(LAST)}`]),
    places: ['{"first_name":"@"}', '"fullName": "@"', '{"patient_name":"@","x":1}', 'surname="@"', 'last_name: "@"'],
  },
  {
    kind: 'postal_address',
    value: (r) => r.pick([`${1 + r.int(200)} ${r.pick(STREETS)}`, `${r.pick(STREETS)} ${1 + r.int(200)}, ${10000 + r.int(80000)} Berlin`]),
    places: ['{"street":"@"}', '"address": "@"', '"shipping_address": "@"', "street_address = '@'", '"address_line1":"@"'],
  },
];
