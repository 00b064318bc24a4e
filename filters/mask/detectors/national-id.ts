import { stdnum } from 'stdnum';
import { ALPHA, CLASS, latin1 } from '../bytes.js';
import { AGAINST, NATIONAL_NAME } from '../evidence.js';
import type { Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isDate } from './phone.js';

const NATIONAL_ID = kindId('national_id');

interface Validator {
  validate(value: string): { isValid: boolean };
}

const library = stdnum as unknown as Record<string, Record<string, Validator>>;

/** The library's verdict; it throws on some input, which is a no. */
function isValid(country: string, name: string, value: string): boolean {
  try {
    return library[country]?.[name]?.validate(value).isValid === true;
  } catch {
    return false;
  }
}

/** A number printed in its own way: group sizes, separators, and how sure that makes it once the check digits agree. */
interface Printed {
  sizes: readonly number[];
  gaps: string;
  checks: readonly (readonly [country: string, name: string])[];
  score: number;
}

const FORMS: readonly Printed[] = [
  { sizes: [3, 3, 3, 2], gaps: '..-', checks: [['BR', 'cpf']], score: 0.95 },
  { sizes: [2, 3, 3, 4, 2], gaps: '../-', checks: [['BR', 'cnpj']], score: 0.95 },
  { sizes: [2, 3, 3, 1], gaps: '..-', checks: [['CL', 'rut']], score: 0.85 },
  { sizes: [1, 3, 3, 1], gaps: '..-', checks: [['CL', 'rut']], score: 0.85 },
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
  { sizes: [6, 5], gaps: '-', checks: [['LV', 'pvm']], score: 0.7 },
  { sizes: [6, 5], gaps: ' ', checks: [['NO', 'fodselsnummer']], score: 0.75 },
  { sizes: [3, 3, 3, 2], gaps: '-- ', checks: [['RU', 'inn']], score: 0.6 },
  { sizes: [2, 3, 3, 3], gaps: '   ', checks: [['AU', 'abn']], score: 0.8 },
];

/** the forms by the size of their first group */
const PRINTED: readonly (readonly Printed[])[] = Array.from({ length: 9 }, (_, size) => FORMS.filter((form) => form.sizes[0] === size));
const NO_FORMS: readonly Printed[] = [];

function formsFor(groups: Groups, g: number): readonly Printed[] {
  return PRINTED[groups.end[g]! - groups.start[g]!] ?? NO_FORMS;
}

/** Numbers without separators that hold a date and strong check digits need no context. */
const BARE: readonly (readonly [length: number, country: string, name: string, score: number])[] = [[18, 'CN', 'ric', 0.9]];

/** Everything a word such as "national id" or "CPF" before a number can mean. */
const NAMED: readonly (readonly [country: string, name: string])[] = [
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
  ['LV', 'pvm'],
  ['MD', 'idno'],
  ['ME', 'jmbg'],
  ['MK', 'edb'],
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
  ['SG', 'uen'],
  ['SI', 'emso'],
  ['SK', 'rc'],
  ['TH', 'idnr'],
  ['TR', 'tckimlik'],
  ['TW', 'natid'],
  ['UA', 'rntrc'],
  ['US', 'ein'],
  ['UY', 'cedula'],
  ['VE', 'rif'],
  ['VN', 'mst'],
  ['ZA', 'idnr'],
  ['ZA', 'tin'],
];

/** Words of letters and digits whose shape and check letter are enough. */
interface Worded {
  /** A a letter, 9 a digit, ? either */
  shape: string;
  country: string;
  name: string;
  score: number;
}

const WORDED: readonly Worded[] = [
  { shape: '99999999A', country: 'ES', name: 'dni', score: 0.8 },
  { shape: 'A9999999A', country: 'ES', name: 'nie', score: 0.8 },
  { shape: 'AAAAAA99A99A999A', country: 'IT', name: 'codicefiscale', score: 0.95 },
  { shape: 'AAAA999999AAAAAA?9', country: 'MX', name: 'curp', score: 0.95 },
  { shape: 'AAAAA9999A', country: 'IN', name: 'pan', score: 0.6 },
  { shape: 'AA999999A', country: 'GB', name: 'nino', score: 0.6 },
  { shape: '99999999999999999A', country: 'CN', name: 'ric', score: 0.95 },
  { shape: 'A999999999', country: 'TW', name: 'natid', score: 0.55 },
];

const TEXT_MAX = 24;

/** Numbers of countries in a run of digits. */
export function nationalIdIn(s: Search, groups: Groups): void {
  for (let g = groups.first; g < groups.last; g++) {
    const length = groups.end[g]! - groups.start[g]!;
    if (g === groups.first || groups.gap[g - 1] === 0x20 || groups.gap[g - 1]! > 0xff) {
      if (groups.gap[g] !== 0 && length <= 8) printed(s, groups, g);
      if ((length >= 6 || g === groups.first) && !isDate(s.buf, groups, g)) named(s, groups, g);
    }
    for (const [digits, country, name, score] of BARE) {
      if (digits === length && isValid(country, name, latin1(s.buf, groups.start[g]!, groups.end[g]!)))
        s.found(NATIONAL_ID, groups.start[g]!, groups.end[g]!, score);
    }
  }
}

function printed(s: Search, groups: Groups, g: number): void {
  const { start, end, gap } = groups;
  for (const form of formsFor(groups, g)) {
    if (!fits(form, groups, g, groups.last)) continue;
    const lastGap = gap[g + form.sizes.length - 1];
    if (lastGap !== 0 && lastGap === gap[g]) continue;
    const until = end[g + form.sizes.length - 1]!;
    const text = latin1(s.buf, start[g]!, until);
    s.steps += until - start[g]!;
    if (!form.checks.some(([country, name]) => isValid(country, name, text))) continue;
    const bits = s.name | s.before(start[g]!);
    s.found(NATIONAL_ID, start[g]!, until, form.score + ((bits & NATIONAL_NAME) !== 0 ? 0.2 : (bits & AGAINST) !== 0 ? -0.2 : 0));
  }
}

function fits(form: Printed, groups: Groups, g: number, last: number): boolean {
  const { sizes, gaps } = form;
  if (g + sizes.length > last) return false;
  for (let k = 0; k < sizes.length; k++) {
    if (groups.end[g + k]! - groups.start[g + k]! !== sizes[k]) return false;
    if (k + 1 < sizes.length && groups.gap[g + k] !== gaps.charCodeAt(k)) return false;
  }
  return true;
}

/** The run from g on, when the words before it call it an identifier and some country's check digits agree. */
function named(s: Search, groups: Groups, g: number): void {
  const bits = s.name | s.before(groups.start[g]!);
  if ((bits & NATIONAL_NAME) === 0) return;
  const from = groups.start[g]!;
  for (let last = groups.last - 1; last >= g; last--) {
    const until = groups.end[last]!;
    if (until - from > TEXT_MAX) continue;
    if (until - from < 6) return;
    const text = latin1(s.buf, from, until);
    s.steps += (until - from) * 4;
    if (NAMED.some(([country, name]) => isValid(country, name, text))) {
      s.found(NATIONAL_ID, from, until, 0.8);
      return;
    }
  }
}

/** A word of letters and digits. */
export function nationalIdWord(s: Search, start: number, end: number): void {
  const length = end - start;
  if (length < 6 || length > TEXT_MAX) return;
  const bits = s.name | s.before(start);
  const context = (bits & NATIONAL_NAME) !== 0;
  let text = '';
  for (const form of WORDED) {
    if (form.shape.length !== length || !hasShape(s.buf, start, form.shape)) continue;
    text = latin1(s.buf, start, end).toUpperCase();
    if (isValid(form.country, form.name, text)) {
      s.found(NATIONAL_ID, start, end, form.score + (context ? 0.2 : (bits & AGAINST) !== 0 ? -0.2 : 0));
      return;
    }
  }
  if (!context) return;
  s.steps += length * 4;
  text = latin1(s.buf, start, end).toUpperCase();
  if (NAMED.some(([country, name]) => isValid(country, name, text))) s.found(NATIONAL_ID, start, end, 0.8);
}

function hasShape(buf: Uint8Array, start: number, shape: string): boolean {
  for (let k = 0; k < shape.length; k++) {
    const want = shape.charCodeAt(k);
    const letter = (CLASS[buf[start + k]!]! & ALPHA) !== 0;
    if ((want === 0x41 && !letter) || (want === 0x39 && letter)) return false;
  }
  return true;
}

/** True when some printed form has its sizes and separators in the run, check digits unseen: for the gate. */
export function mayBePrinted(groups: Groups): boolean {
  for (let g = 0; g < groups.count; g++) {
    if (groups.gap[g] === 0) return false;
    for (const form of formsFor(groups, g)) {
      const after = groups.gap[g + form.sizes.length - 1];
      if (fits(form, groups, g, groups.count) && (after === 0 || after !== groups.gap[g])) return true;
    }
  }
  return false;
}

/** True when a word is an identifier by its letters and digits, check letter unseen. */
export function mayBeNationalWord(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < 9) return false;
  for (const form of WORDED) if (form.shape.length === end - start && hasShape(buf, start, form.shape)) return true;
  return false;
}
