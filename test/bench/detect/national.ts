import { stdnum } from 'stdnum';
import { DIGITS } from '../../property/mask/corpus.js';
import type { Random } from '../../support/random.js';

/** Identifiers of countries: a form, filled at random until the country's own check accepts it. None is anybody's on purpose. */
export interface NationalForm {
  country: string;
  name: string;
  /** # a digit, @ a letter, d a day, m a month, y two digits of a year, c all four; all else stands for itself */
  form: string;
  /** what people call it */
  label: string;
  /** found without the label too */
  alone?: boolean;
}

export const NATIONAL: readonly NationalForm[] = [
  { country: 'AR', name: 'cuit', form: '20-########-#', label: 'CUIT', alone: true },
  { country: 'AT', name: 'vnr', form: '####dmy', label: 'national insurance id' },
  { country: 'AU', name: 'tfn', form: '### ### ###', label: 'TFN' },
  { country: 'AU', name: 'abn', form: '## ### ### ###', label: 'ABN', alone: true },
  { country: 'BA', name: 'jmbg', form: 'dm9881#####', label: 'JMBG' },
  { country: 'BE', name: 'nn', form: 'y.m.d-###.##', label: 'rijksregisternummer', alone: true },
  { country: 'BG', name: 'egn', form: 'ymd####', label: 'EGN' },
  { country: 'BR', name: 'cpf', form: '###.###.###-##', label: 'CPF', alone: true },
  { country: 'BR', name: 'cnpj', form: '##.###.###/0001-##', label: 'CNPJ', alone: true },
  { country: 'CA', name: 'sin', form: '###-###-###', label: 'SIN' },
  { country: 'CH', name: 'ssn', form: '756.####.####.##', label: 'AHV', alone: true },
  { country: 'CL', name: 'rut', form: '1#.###.###-#', label: 'RUT', alone: true },
  { country: 'CN', name: 'ric', form: '110105cmd####', label: 'national id', alone: true },
  { country: 'CO', name: 'nit', form: '###.###.###-#', label: 'NIT', alone: true },
  { country: 'CZ', name: 'rc', form: 'ymd/####', label: 'personal number', alone: true },
  { country: 'DE', name: 'idnr', form: '###########', label: 'Steuer-ID' },
  { country: 'DK', name: 'cpr', form: 'dmy-####', label: 'CPR', alone: true },
  { country: 'DO', name: 'cedula', form: '001-#######-#', label: 'cedula', alone: true },
  { country: 'EC', name: 'ci', form: '17########', label: 'national id' },
  { country: 'EE', name: 'ik', form: '3ymd####', label: 'isikukood' },
  { country: 'ES', name: 'dni', form: '########@', label: 'DNI', alone: true },
  { country: 'ES', name: 'nie', form: 'X#######@', label: 'NIE', alone: true },
  { country: 'FI', name: 'hetu', form: 'dmy-###@', label: 'hetu', alone: true },
  { country: 'FR', name: 'nir', form: '1 y m 75 ### ### ##', label: 'INSEE', alone: true },
  { country: 'GB', name: 'nino', form: 'AB######C', label: 'NINO', alone: true },
  { country: 'GB', name: 'utr', form: '##########', label: 'UTR' },
  { country: 'GR', name: 'amka', form: 'dmy#####', label: 'AMKA' },
  { country: 'HR', name: 'oib', form: '###########', label: 'OIB' },
  { country: 'HU', name: 'anum', form: '########', label: 'tax number' },
  { country: 'IE', name: 'pps', form: '#######@', label: 'PPSN' },
  { country: 'IL', name: 'idnr', form: '#########', label: 'national id' },
  { country: 'IN', name: 'aadhaar', form: '#### #### ####', label: 'Aadhaar', alone: true },
  { country: 'IN', name: 'pan', form: '@@@P@####@', label: 'tax id' },
  { country: 'IS', name: 'kennitala', form: 'dmy-####', label: 'kennitala', alone: true },
  { country: 'IT', name: 'codicefiscale', form: 'RSSMRA85T10A###@', label: 'codice fiscale', alone: true },
  { country: 'KR', name: 'rrn', form: 'ymd-1######', label: 'RRN', alone: true },
  { country: 'LT', name: 'asmens', form: '3ymd####', label: 'asmens kodas' },
  { country: 'LV', name: 'pvn', form: 'dmy-1####', label: 'personal number' },
  { country: 'MK', name: 'jmbg', form: 'dm98841####', label: 'EMBG' },
  { country: 'MX', name: 'curp', form: 'BOXW310820HNERXN##', label: 'CURP', alone: true },
  { country: 'MY', name: 'nric', form: 'ymd-14-####', label: 'NRIC', alone: true },
  { country: 'NL', name: 'bsn', form: '#########', label: 'BSN' },
  { country: 'NO', name: 'fodselsnummer', form: 'dmy #####', label: 'fodselsnummer', alone: true },
  { country: 'NZ', name: 'ird', form: '49-###-###', label: 'IRD number' },
  { country: 'PE', name: 'ruc', form: '20#########', label: 'RUC' },
  { country: 'PL', name: 'pesel', form: 'ymd#####', label: 'PESEL' },
  { country: 'PL', name: 'nip', form: '###-###-##-##', label: 'NIP', alone: true },
  { country: 'PT', name: 'nif', form: '2########', label: 'NIF' },
  { country: 'RO', name: 'cnp', form: '1ymd40####', label: 'CNP' },
  { country: 'RS', name: 'jmbg', form: 'dm98871####', label: 'JMBG' },
  { country: 'RU', name: 'inn', form: '7700########', label: 'INN' },
  { country: 'SE', name: 'personnummer', form: 'ymd-####', label: 'personnummer', alone: true },
  { country: 'SI', name: 'emso', form: 'dm98850####', label: 'EMSO' },
  { country: 'SK', name: 'rc', form: 'ymd/####', label: 'personal number', alone: true },
  { country: 'TH', name: 'idnr', form: '1-####-#####-##-#', label: 'national id', alone: true },
  { country: 'TR', name: 'tckimlik', form: '1##########', label: 'TC kimlik no' },
  { country: 'TW', name: 'natid', form: 'A1########', label: 'national id' },
  { country: 'UA', name: 'rntrc', form: '##########', label: 'RNOKPP' },
  { country: 'UY', name: 'cedula', form: '1.###.###-#', label: 'cedula', alone: true },
  { country: 'ZA', name: 'idnr', form: 'ymd5###08#', label: 'national id' },
];

const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ';
const two = (n: number): string => String(n).padStart(2, '0');

function filled(r: Random, form: string): string {
  let text = '';
  for (const c of form) {
    if (c === '#') text += r.chars(DIGITS, 1);
    else if (c === '@') text += r.chars(LETTERS, 1);
    else if (c === 'd') text += two(1 + r.int(28));
    else if (c === 'm') text += two(1 + r.int(12));
    else if (c === 'y') text += two(50 + r.int(49));
    else if (c === 'c') text += 1950 + r.int(49);
    else text += c;
  }
  return text;
}

const TRIES = 50_000;
const library = stdnum as unknown as Record<string, Record<string, { validate(value: string): { isValid: boolean } }>>;

/** Throws where the form never passes the check: then the form is wrong. */
export function nationalId(r: Random, { country, name, form }: NationalForm): string {
  const check = library[country]![name]!;
  for (let n = 0; n < TRIES; n++) {
    const value = filled(r, form);
    try {
      // some modules refuse the separators that everybody writes
      if (check.validate(value).isValid || check.validate(value.replace(/\./g, '')).isValid) return value;
    } catch {
      // some input makes the library throw
    }
  }
  throw new Error(`no ${country} ${name} by ${form}`);
}
