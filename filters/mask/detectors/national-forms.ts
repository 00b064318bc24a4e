import { stdnum } from 'stdnum';

interface Validator {
  validate(value: string): { isValid: boolean };
}

const library = stdnum as unknown as Record<string, Record<string, Validator>>;

/** Chile and Uruguay, whose modules refuse the dots that everybody writes. */
const DOTLESS = new Set(['CL', 'UY']);

/** The library's verdict; it throws on some input, which is a no. */
export function isValid(country: string, name: string, value: string): boolean {
  if (country === 'SG' && name === 'nric') return isNric(value);
  // the library takes any year, and letters beside the check digit's place
  if (country === 'CN' && name === 'ric' && !isResident(value)) return false;
  // it makes an error for each number that is none; where that was made nobody asks, and finding it out takes most of the time
  const { stackTraceLimit } = Error;
  if (stackTraceLimit !== 0) Error.stackTraceLimit = 0;
  try {
    return library[country]?.[name]?.validate(DOTLESS.has(country) ? value.replace(/\./g, '') : value).isValid === true;
  } catch {
    return false;
  } finally {
    if (stackTraceLimit !== 0) Error.stackTraceLimit = stackTraceLimit;
  }
}

/** A number printed in its own way: group sizes, separators, and how sure that makes it once the check digits agree. */
export interface Printed {
  sizes: readonly number[];
  gaps: string;
  checks: readonly (readonly [country: string, name: string])[];
  score: number;
}

export const FORMS: readonly Printed[] = [
  { sizes: [3, 3, 3, 2], gaps: '..-', checks: [['BR', 'cpf']], score: 0.95 },
  { sizes: [2, 3, 3, 4, 2], gaps: '../-', checks: [['BR', 'cnpj']], score: 0.95 },
  { sizes: [2, 3, 3, 1], gaps: '..-', checks: [['CL', 'rut']], score: 0.85 },
  {
    sizes: [1, 3, 3, 1],
    gaps: '..-',
    checks: [
      ['CL', 'rut'],
      ['UY', 'cedula'],
    ],
    score: 0.85,
  },
  { sizes: [3, 4, 4, 2], gaps: '...', checks: [['CH', 'ssn']], score: 0.95 },
  {
    sizes: [2, 2, 2, 3, 2],
    gaps: '..-.',
    checks: [
      ['BE', 'nn'],
      ['BE', 'insz'],
    ],
    score: 0.95,
  },
  {
    sizes: [6, 4],
    gaps: '-',
    checks: [
      ['SE', 'personnummer'],
      ['IS', 'kennitala'],
      ['DK', 'cpr'],
    ],
    score: 0.7,
  },
  { sizes: [8, 4], gaps: '-', checks: [['SE', 'personnummer']], score: 0.8 },
  {
    sizes: [6, 4],
    gaps: '/',
    checks: [
      ['CZ', 'rc'],
      ['SK', 'rc'],
    ],
    score: 0.85,
  },
  { sizes: [6, 7], gaps: '-', checks: [['KR', 'rrn']], score: 0.9 },
  { sizes: [6, 2, 4], gaps: '--', checks: [['MY', 'nric']], score: 0.8 },
  { sizes: [4, 4, 4], gaps: '  ', checks: [['IN', 'aadhaar']], score: 0.75 },
  { sizes: [1, 2, 2, 2, 3, 3, 2], gaps: '      ', checks: [['FR', 'nir']], score: 0.95 },
  {
    sizes: [1, 4, 5, 2, 1],
    gaps: '----',
    checks: [
      ['TH', 'idnr'],
      ['TH', 'tin'],
    ],
    score: 0.95,
  },
  { sizes: [2, 8, 1], gaps: '--', checks: [['AR', 'cuit']], score: 0.85 },
  { sizes: [5, 7, 1], gaps: '--', checks: [['PK', 'cnic']], score: 0.85 },
  { sizes: [3, 7, 1], gaps: '--', checks: [['DO', 'cedula']], score: 0.85 },
  { sizes: [3, 3, 3], gaps: '--', checks: [['CA', 'sin']], score: 0.6 },
  { sizes: [6, 5], gaps: '-', checks: [['LV', 'pvn']], score: 0.7 },
  { sizes: [6, 5], gaps: ' ', checks: [['NO', 'fodselsnummer']], score: 0.75 },
  { sizes: [3, 3, 3, 2], gaps: '-- ', checks: [['RU', 'inn']], score: 0.6 },
  { sizes: [2, 3, 3, 3], gaps: '   ', checks: [['AU', 'abn']], score: 0.8 },
  { sizes: [3, 3, 2, 2], gaps: '---', checks: [['PL', 'nip']], score: 0.7 },
  { sizes: [3, 3, 3, 1], gaps: '..-', checks: [['CO', 'nit']], score: 0.8 },
  { sizes: [8, 1, 2], gaps: '--', checks: [['HU', 'anum']], score: 0.75 },
];

/** Numbers without separators that hold a date and strong check digits need no context. */
export const BARE: readonly (readonly [length: number, country: string, name: string, score: number])[] = [[18, 'CN', 'ric', 0.9]];

/** Everything a word such as "national id" or "CPF" before a number can mean. */
export const NAMED: readonly (readonly [country: string, name: string])[] = [
  ['AL', 'nipt'],
  ['AR', 'cuit'],
  ['AR', 'dni'],
  ['AT', 'vnr'],
  ['AU', 'tfn'],
  ['AU', 'abn'],
  ['AZ', 'tin'],
  ['BA', 'jmbg'],
  ['BE', 'nn'],
  ['BE', 'insz'],
  ['BG', 'egn'],
  ['BG', 'pnf'],
  ['BR', 'cpf'],
  ['BR', 'cnpj'],
  ['CA', 'sin'],
  ['CH', 'ssn'],
  ['CL', 'rut'],
  ['CN', 'ric'],
  ['CO', 'nit'],
  ['CR', 'cpf'],
  ['CU', 'ni'],
  ['CZ', 'rc'],
  ['DE', 'idnr'],
  ['DK', 'cpr'],
  ['DO', 'cedula'],
  ['EC', 'ci'],
  ['EE', 'ik'],
  ['ES', 'dni'],
  ['ES', 'nie'],
  ['ES', 'nif'],
  ['ES', 'nss'],
  ['FI', 'hetu'],
  ['FR', 'nir'],
  ['FR', 'nif'],
  ['GB', 'nino'],
  ['GB', 'utr'],
  ['GR', 'amka'],
  ['GR', 'vat'],
  ['HK', 'hkid'],
  ['HR', 'oib'],
  ['HU', 'anum'],
  ['ID', 'npwp'],
  ['IE', 'pps'],
  ['IL', 'idnr'],
  ['IN', 'aadhaar'],
  ['IN', 'pan'],
  ['IS', 'kennitala'],
  ['IT', 'codicefiscale'],
  ['JP', 'cn'],
  ['KE', 'pin'],
  ['KR', 'rrn'],
  ['LT', 'asmens'],
  ['LV', 'pvn'],
  ['MD', 'idno'],
  ['ME', 'jmbg'],
  ['MK', 'jmbg'],
  ['MU', 'nid'],
  ['MX', 'curp'],
  ['MX', 'rfc'],
  ['MY', 'nric'],
  ['NL', 'bsn'],
  ['NO', 'fodselsnummer'],
  ['NZ', 'ird'],
  ['PE', 'cui'],
  ['PE', 'ruc'],
  ['PK', 'cnic'],
  ['PL', 'pesel'],
  ['PL', 'nip'],
  ['PT', 'nif'],
  ['PT', 'cc'],
  ['PY', 'ruc'],
  ['RO', 'cnp'],
  ['RS', 'jmbg'],
  ['RU', 'inn'],
  ['SE', 'personnummer'],
  ['SG', 'nric'],
  ['SG', 'uen'],
  ['SM', 'coe'],
  ['SV', 'nit'],
  ['SI', 'emso'],
  ['SK', 'rc'],
  ['TH', 'idnr'],
  ['TH', 'tin'],
  ['TR', 'tckimlik'],
  ['TW', 'natid'],
  ['UA', 'rntrc'],
  ['US', 'ein'],
  ['UY', 'cedula'],
  ['VE', 'rif'],
  ['VN', 'mst'],
  ['TR', 'vkn'],
  ['UY', 'rut'],
  ['PY', 'cedula'],
  ['PT', 'nipc'],
  ['NL', 'onderwijsnummer'],
  ['MZ', 'nuit'],
  ['GT', 'cui'],
  ['GT', 'nit'],
  ['EG', 'tn'],
  ['DZ', 'nif'],
  ['BY', 'unp'],
  ['BE', 'bis'],
  ['AD', 'nrt'],
  ['AO', 'bi'],
  ['BO', 'ci'],
  ['CY', 'vat'],
  ['DE', 'svnr'],
  ['DE', 'stnr'],
  ['FO', 'vn'],
  ['GH', 'tin'],
  ['IT', 'iva'],
  ['LI', 'peid'],
  ['LU', 'tva'],
  ['MC', 'tva'],
  ['MT', 'vat'],
  ['TN', 'mf'],
  ['ZA', 'idnr'],
  ['ZA', 'tin'],
  ['PL', 'regon'],
  ['RO', 'cui'],
  ['CH', 'uid'],
  ['RS', 'pib'],
  ['MA', 'ice'],
  ['KR', 'brn'],
  ['MK', 'edb'],
  ['ES', 'cif'],
  ['EC', 'ruc'],
  ['FR', 'siren'],
  ['FR', 'siret'],
  ['FI', 'ytunnus'],
  ['DK', 'cvr'],
  ['IN', 'gstin'],
  ['SE', 'orgnr'],
  ['NO', 'orgnr'],
  ['TW', 'ubn'],
  ['PK', 'ntn'],
];

/** It says of every number of this length that its length is wrong, before it looks at anything else. */
export function refusesLength(country: string, name: string, digits: number): boolean {
  return ['0', '1', '2', '5', '7', '9', '1234567890'].every((pattern) => {
    try {
      const found = library[country]?.[name]?.validate(pattern.repeat(digits).slice(0, digits)) as
        | { error?: { name?: string } }
        | undefined;
      return found?.error?.name === 'InvalidLength';
    } catch {
      return false;
    }
  });
}

/** Words of letters and digits whose shape and check letter are enough. */
export interface Worded {
  /** A a letter, 9 a digit, ? either */
  shape: string;
  country: string;
  name: string;
  score: number;
  /** capitals that it begins with */
  begins?: string;
}

export const WORDED: readonly Worded[] = [
  { shape: '99999999A', country: 'ES', name: 'dni', score: 0.8 },
  { shape: 'A9999999A', country: 'ES', name: 'nie', score: 0.8 },
  { shape: 'AAAAAA99A99A999A', country: 'IT', name: 'codicefiscale', score: 0.95 },
  { shape: 'AAAA999999AAAAAA?9', country: 'MX', name: 'curp', score: 0.95 },
  { shape: 'AAAA999999???', country: 'MX', name: 'rfc', score: 0.6 },
  { shape: 'AAA999999???', country: 'MX', name: 'rfc', score: 0.55 },
  { shape: 'AAAAA9999A', country: 'IN', name: 'pan', score: 0.6 },
  { shape: 'AA999999A', country: 'GB', name: 'nino', score: 0.6 },
  { shape: '99999999999999999A', country: 'CN', name: 'ric', score: 0.95 },
  { shape: 'A999999999', country: 'TW', name: 'natid', score: 0.55 },
  { shape: '999999A999?', country: 'FI', name: 'hetu', score: 0.75 },
  { shape: 'A9999999A', country: 'SG', name: 'nric', score: 0.65 },
  { shape: 'AAA999999999', country: 'CH', name: 'uid', score: 0.7, begins: 'CHE' },
  // numbers of value added tax with their country: eight digits behind two letters are order numbers as often, so longer ones alone
  { shape: 'AAA99999999', country: 'AT', name: 'uid', score: 0.65, begins: 'ATU' },
  { shape: 'AA999999999', country: 'DE', name: 'vat', score: 0.6, begins: 'DE' },
  { shape: 'AA999999999', country: 'EE', name: 'kmkr', score: 0.55, begins: 'EE' },
  { shape: 'AA999999999', country: 'GR', name: 'vat', score: 0.55, begins: 'EL' },
  { shape: 'AA999999999', country: 'PT', name: 'nif', score: 0.55, begins: 'PT' },
  { shape: 'AA9999999999', country: 'BE', name: 'vat', score: 0.6, begins: 'BE' },
  { shape: 'AA9999999999', country: 'PL', name: 'nip', score: 0.6, begins: 'PL' },
  { shape: 'AA9999999999', country: 'SK', name: 'dph', score: 0.55, begins: 'SK' },
  { shape: 'AA99999999999', country: 'HR', name: 'oib', score: 0.6, begins: 'HR' },
  { shape: 'AA99999999999', country: 'IT', name: 'iva', score: 0.6, begins: 'IT' },
  { shape: 'AA99999999999', country: 'LV', name: 'pvn', score: 0.6, begins: 'LV' },
  { shape: 'AA99999999999', country: 'FR', name: 'tva', score: 0.6, begins: 'FR' },
  { shape: 'AA999999999A99', country: 'NL', name: 'btw', score: 0.7, begins: 'NL' },
  { shape: 'AA999999999999', country: 'SE', name: 'vat', score: 0.6, begins: 'SE' },
];

const NRIC_WEIGHTS = [2, 7, 6, 5, 4, 3, 2];
/** check letters by the remainder: citizens (S, T), foreigners (F, G) and since 2022 (M) */
const NRIC_LETTERS: Record<string, [add: number, letters: string]> = {
  S: [0, 'JZIHGFEDCBA'],
  T: [4, 'JZIHGFEDCBA'],
  F: [0, 'XWUTRQPNMLK'],
  G: [4, 'XWUTRQPNMLK'],
  M: [3, 'XWUTRQPNJLK'],
};

/** Singapore's identity cards, which the library does not know: the last letter by the weighted sum modulo 11. */
function isNric(value: string): boolean {
  const series = NRIC_LETTERS[value[0]!];
  if (value.length !== 9 || series === undefined) return false;
  let sum = series[0];
  for (let k = 0; k < 7; k++) {
    const digit = value.charCodeAt(k + 1) - 0x30;
    if (digit < 0 || digit > 9) return false;
    sum += digit * NRIC_WEIGHTS[k]!;
  }
  const at = value[0] === 'M' ? 10 - (sum % 11) : sum % 11;
  return series[1][at] === value[8];
}

/** GB 11643: a province (GB/T 2260), then the date of birth at the seventh digit. */
function isResident(value: string): boolean {
  const year = Number(value.slice(6, 10));
  return year >= 1900 && year < 2040 && PROVINCES.has(value.slice(0, 2));
}

const PROVINCES = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83'.split(' '),
);
