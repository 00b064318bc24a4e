import { latin1 } from '../bytes.js';
import { isValid, NAMED, refusesLength } from './national-forms.js';
import { isOwnForm } from './national-own.js';
import { SIFTED_DIGITS_MIN, type Sieve, sieveOf, takeDigits } from './national-sieve.js';

/** A validator of a country's numbers, by the library's names. */
type Validator = readonly [country: string, name: string];

/**
 * Numbers that have letters: A a letter, 9 a digit, ? either, separators left out. Each form is as wide as the library's, so what is of none
 * is not shown to it: it makes an error for every number that it does not take, and 130 of them for each word cost more than all else together.
 */
const LETTERED: readonly (readonly [shape: string, country: string, name: string])[] = [
  ['A999999A', 'AD', 'nrt'],
  ['A99999999A', 'AL', 'nipt'],
  ['999999999AA999', 'AO', 'bi'],
  ['9999999AA', 'BO', 'ci'],
  ['99999999AA', 'BO', 'ci'],
  ['A99999999', 'BY', 'unp'],
  ['AA9999999', 'BY', 'unp'],
  ['9A9999999', 'BY', 'unp'],
  ['????????????99', 'BR', 'cnpj'],
  ['AAA999999999', 'CH', 'uid'],
  ['AAA999999999AAA', 'CH', 'vat'],
  ['9999999A', 'CL', 'rut'],
  ['99999999A', 'CL', 'rut'],
  ['99999999999999999A', 'CN', 'ric'],
  ['99999999A', 'CY', 'vat'],
  ['99999999A999', 'DE', 'svnr'],
  // takes what dni, nie and cif take
  ['A9999999?', 'ES', 'nif'],
  ['99999999A', 'ES', 'nif'],
  ['999999A999?', 'FI', 'hetu'],
  ['99999?999999999', 'FR', 'nir'],
  ['999999?99999999', 'FR', 'nir'],
  ['AA999999A', 'GB', 'nino'],
  ['AA999999', 'GB', 'nino'],
  ['A99????????', 'GH', 'tin'],
  ['A9999999', 'HK', 'hkid'],
  ['AA9999999', 'HK', 'hkid'],
  ['A999999A', 'HK', 'hkid'],
  ['AA999999A', 'HK', 'hkid'],
  ['9999999A', 'IE', 'pps'],
  ['9999999AA', 'IE', 'pps'],
  ['99AAAAA9999A???', 'IN', 'gstin'],
  ['AAAAA9999A', 'IN', 'pan'],
  ['AAAAAA??A??A???A', 'IT', 'codicefiscale'],
  ['A999999999A', 'KE', 'pin'],
  ['??999999999', 'MC', 'tva'],
  ['A999999999999?', 'MU', 'nid'],
  ['AAAA999999AAAAAA?9', 'MX', 'curp'],
  ['AAAA999999???', 'MX', 'rfc'],
  ['AAAA999999', 'MX', 'rfc'],
  ['AAA999999???', 'MX', 'rfc'],
  ['99999999A', 'PE', 'cui'],
  ['999999999??9', 'PT', 'cc'],
  ['A9999999A', 'SG', 'nric'],
  ['99999999A', 'SG', 'uen'],
  ['999999999A', 'SG', 'uen'],
  ['A99AA9999A', 'SG', 'uen'],
  // zeros in front may be left out
  ...['99999', '999999', '9999999'].flatMap((digits) =>
    ['A', 'AAA999'].map((rest) => [digits + rest, 'TN', 'mf'] as [string, string, string]),
  ),
  ['999999999A99', 'NL', 'btw'],
  ['??999999999', 'FR', 'tva'],
  ['A999999999', 'TW', 'natid'],
  ['A999999999', 'VE', 'rif'],
  ...[5, 6, 7, 8, 9, 10, 11].map((digits) => [`${'9'.repeat(digits)}A`, 'GT', 'nit'] as [string, string, string]),
  ['9A999999999', 'DO', 'cedula'],
  ['A9999999999', 'DO', 'cedula'],
];

/** Numbers of value added tax: nine digits are one of somebody's, so they count with the country's letters before them alone. */
const PREFIXED: readonly (readonly [prefix: string, country: string, name: string])[] = [
  ['AT', 'AT', 'uid'],
  ['BE', 'BE', 'vat'],
  ['BG', 'BG', 'vat'],
  ['CZ', 'CZ', 'dic'],
  ['DE', 'DE', 'vat'],
  ['EE', 'EE', 'kmkr'],
  ['EL', 'GR', 'vat'],
  ['FI', 'FI', 'alv'],
  ['FR', 'FR', 'tva'],
  ['GB', 'GB', 'vat'],
  ['IE', 'IE', 'vat'],
  ['LT', 'LT', 'pvm'],
  ['NL', 'NL', 'btw'],
  ['SE', 'SE', 'vat'],
  ['SI', 'SI', 'ddv'],
  ['SK', 'SK', 'dph'],
];

const byLength: (typeof LETTERED)[] = [];
for (const form of LETTERED) byLength[form[0].length] = [...(byLength[form[0].length] ?? []), form];

/** of the forms by their length where they have letters and where digits, a bit for each character */
const masksByLength: Int32Array[] = byLength.map((forms) =>
  Int32Array.from(forms.flatMap(([shape]) => [maskOf(shape, 'A'), maskOf(shape, '9')])),
);

function maskOf(shape: string, sign: string): number {
  return Array.from(shape).reduce((mask, c, k) => (c === sign ? mask | (1 << k) : mask), 0);
}

const byPrefix = new Map<string, Validator[]>();
for (const [country, name] of NAMED) byPrefix.set(country, [...(byPrefix.get(country) ?? []), [country, name]]);
for (const [prefix, country, name] of PREFIXED) byPrefix.set(prefix, [...(byPrefix.get(prefix) ?? []), [country, name]]);

/** Capitals that a country writes before its numbers. */
export function isCountry(first: number, second: number): boolean {
  return byPrefix.has(String.fromCharCode(first, second));
}

type Sifted = readonly [country: string, name: string, sieve: Sieve | undefined];
const byDigits: Sifted[][] = [];

/** Those that may take so many digits: which lengths each takes the library is asked once. */
function ofDigits(digits: number): readonly Sifted[] {
  byDigits[digits] ??= [...NAMED]
    .sort(([a, b], [c, d]) => leniency(c, d) - leniency(a, b))
    .filter(([country, name]) => !KNOWN.has(`${country} ${name}`) && !refusesLength(country, name, digits))
    .map(([country, name]) => [country, name, digits < SIFTED_DIGITS_MIN ? undefined : sieveOf(country, name)]);
  return byDigits[digits]!;
}

const digit = new Uint8Array(32);

/** Does the validator of some country take these digits? */
function isSomeNumber(text: string, digits: number): boolean {
  takeDigits(text, digit);
  if (isTakenByAll(digits, digits === text.length ? 0 : separatorsOf(text))) return true;
  for (const [country, name, sieve] of ofDigits(digits))
    if ((sieve === undefined || sieve(digit, digits)) && isValid(country, name, text)) return true;
  return isSwedes(text, digits) || isOwnForm(digit, digits);
}

/** Takes a validator without check digits the digits in `digit`, so many of them? `separators`: those that stand between, a bit for each. */
function isTakenByAll(digits: number, separators: number): boolean {
  return isLenients(digits, separators) || isGermanTax(digits);
}

const SEPARATORS = ' -./';

/** Validators that take any number of so many digits with these separators, or none. */
export const LENIENT: readonly (readonly [country: string, name: string, min: number, max: number, separators: string])[] = [
  ['PY', 'cedula', 5, 7, ' -.'],
  ['PE', 'cui', 8, 8, ' -'],
  ['EG', 'tn', 9, 9, ' -/'],
  ['DZ', 'nif', 15, 15, ' -'],
];

/** by the number of digits, separators that none of these validators takes, a bit for each; others are not taken at all */
const REFUSED = new Uint8Array(32).fill(0xff);
for (const [, , min, max, separators] of LENIENT)
  for (let digits = min; digits <= max; digits++) REFUSED[digits] = separatorsOf(SEPARATORS) & ~separatorsOf(separators);

function separatorsOf(text: string): number {
  let bits = 0;
  for (let k = 0; k < text.length; k++) bits |= separatorOf(text.charCodeAt(k));
  return bits;
}

/** Its bit; 0 where it is none. */
function separatorOf(code: number): number {
  return code > 0x2f ? 0 : code === 0x20 ? 1 : code === 0x2d ? 2 : code === 0x2e ? 4 : code === 0x2f ? 8 : 0;
}

/** One of LENIENT takes them, or LI peid does: up to 12 digits, zeros in front left out 4 and more, with blanks and dots. */
function isLenients(digits: number, separators: number): boolean {
  const refused = REFUSED[digits]!;
  if (refused !== 0xff && (separators & refused) === 0) return true;
  if (digits > 12 || (separators & DASH_OR_SLASH) !== 0) return false;
  let zeros = 0;
  while (zeros < digits && digit[zeros] === 0) zeros++;
  return digits - zeros >= 4;
}

const DASH_OR_SLASH = separatorsOf('-/');
const times = new Uint8Array(10);

/** The validator DE stnr for numbers of 10 and 11 digits: some digit stands two or three times among the first ten. */
function isGermanTax(digits: number): boolean {
  if (digits !== 10 && digits !== 11) return false;
  times.fill(0);
  for (let k = 0; k < 10; k++) times[digit[k]!]!++;
  for (let k = 0; k < 10; k++) if (times[k] === 2 || times[k] === 3) return true;
  return false;
}

/** Numbers without check digits: asked first, most others need not be asked. */
const FIRST = ['MY nric', 'CR cpf', 'AR dni', 'EG tn', 'US ein', 'DE stnr', 'PK cnic', 'DZ nif', 'PK ntn'];
/** their verdict is known before the library is asked */
const KNOWN = new Set(['LI peid']);

function leniency(country: string, name: string): number {
  return FIRST.indexOf(`${country} ${name}`);
}

/** first letter * 32 + second, of countries whose letters may stand before their numbers */
const PREFIXES = new Uint8Array(32 * 32);
for (const prefix of byPrefix.keys()) PREFIXES[(prefix.charCodeAt(0) & 31) * 32 + (prefix.charCodeAt(1) & 31)] = 1;

/** As isSomeCountrys, for the text buf[start, end) of letters, digits and the separators of identifiers; most is decided before a string is made of it. */
export function areSomeCountrys(buf: Uint8Array, start: number, end: number): boolean {
  if (!mayBeSomeCountrys(buf, start, end)) return false;
  return isTakenWithoutCheck(buf, start, end) || isSomeCountrys(latin1(buf, start, end).toUpperCase());
}

/** Digits and separators alone that a validator without check digits takes. */
function isTakenWithoutCheck(buf: Uint8Array, start: number, end: number): boolean {
  let digits = 0;
  let separators = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    const separator = separatorOf(b);
    separators |= separator;
    if (separator !== 0) continue;
    if (b < 0x30 || b > 0x39 || digits === digit.length) return false;
    digit[digits++] = b - 0x30;
  }
  return digits > 0 && isTakenByAll(digits, separators);
}

/** Whether the bytes of a printed form may be a number of this validator's, by its sums over the digits. */
export function maySift(country: string, name: string, buf: Uint8Array, start: number, end: number): boolean {
  const sieve = sieveOf(country, name);
  if (sieve === undefined) return true;
  let digits = 0;
  for (let k = start; k < end; k++) if (buf[k]! >= 0x30 && buf[k]! <= 0x39 && digits < digit.length) digit[digits++] = buf[k]! - 0x30;
  return digits < SIFTED_DIGITS_MIN || sieve(digit, digits);
}

/**
 * False where isSomeCountrys says no to the same text: by where its letters and digits stand, before a string is made of it. The
 * text is of letters, digits and the separators of identifiers.
 */
function mayBeSomeCountrys(buf: Uint8Array, start: number, end: number): boolean {
  let n = 0;
  let letters = 0;
  let first = 0;
  let second = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b === 0x20 || b === 0x2d || b === 0x2e || b === 0x2f) continue;
    if (b > 0x39) letters |= 1 << n;
    if (n === 0) first = b;
    else if (n === 1) second = b;
    if (++n > 31) return true;
  }
  if (letters === 0) return true;
  if ((letters & 3) === 3 && PREFIXES[(first & 31) * 32 + (second & 31)] === 1) return true;
  const masks = masksByLength[n];
  if (masks !== undefined)
    for (let k = 0; k < masks.length; k += 2) if ((letters & masks[k]!) === masks[k] && (letters & masks[k + 1]!) === 0) return true;
  return false;
}

/** Does some country's validator take it? `text` is in capitals, with the separators that it was printed with; at most some 30 characters. */
export function isSomeCountrys(text: string): boolean {
  const { stackTraceLimit } = Error;
  // the library makes an error for each number that is none; where that was made nobody asks
  Error.stackTraceLimit = 0;
  try {
    const digits = digitsOf(text);
    if (digits > 0) return isSomeNumber(text, digits);
    const compact = text.replace(/[ ./-]/g, '');
    return hasLetteredForm(compact) || isPrefixed(compact);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The library takes Swedish numbers with their dash alone. */
function isSwedes(text: string, digits: number): boolean {
  return (
    (digits === 10 || digits === 12) && text.length === digits && isValid('SE', 'personnummer', `${text.slice(0, -4)}-${text.slice(-4)}`)
  );
}

function hasLetteredForm(compact: string): boolean {
  for (const [shape, country, name] of byLength[compact.length] ?? [])
    if (hasShape(compact, shape) && (country !== 'BR' || hasBrazilianCheck(compact)) && isValid(country, name, compact)) return true;
  return false;
}

/** The first check digit of a CNPJ, whose other characters may be letters and whose form most words with two digits at their end have. */
function hasBrazilianCheck(compact: string): boolean {
  let total = 0;
  for (let k = 0; k < 12; k++) total += (compact.charCodeAt(k) - 0x30) * (((19 - k) % 8) + 2);
  const check = 11 - (total % 11);
  return compact.charCodeAt(12) - 0x30 === (check > 9 ? 0 : check);
}

/** `NL123456782`, `ESX1234567L`: the country's letters, then a number of that country's. */
function isPrefixed(compact: string): boolean {
  const own = byPrefix.get(compact.slice(0, 2));
  if (own === undefined) return false;
  const rest = compact.slice(2);
  const digits = digitsOf(rest);
  return own.some(([country, name]) => {
    if (digits > 0 && refusesDigits(country, name, digits)) return isVat(name) && isValid(country, name, compact);
    if (
      digits === 0 &&
      !isVat(name) &&
      !byLength[rest.length]?.some(([shape, c, n]) => c === country && n === name && hasShape(rest, shape))
    )
      return false;
    return isValid(country, name, rest) || isValid(country, name, compact);
  });
}

function refusesDigits(country: string, name: string, digits: number): boolean {
  return !ofDigits(digits).some(([c, n]) => c === country && n === name);
}

const VAT = new Set(PREFIXED.map(([, , name]) => name));

function isVat(name: string): boolean {
  return VAT.has(name);
}

function hasShape(text: string, shape: string): boolean {
  for (let k = 0; k < shape.length; k++) {
    const want = shape.charCodeAt(k);
    const letter = text.charCodeAt(k) > 0x39;
    if ((want === 0x41 && !letter) || (want === 0x39 && letter)) return false;
  }
  return true;
}

/** How many digits `text` has when it is of digits and the separators of identifiers alone, else 0. */
function digitsOf(text: string): number {
  let digits = 0;
  for (let k = 0; k < text.length; k++) {
    const unit = text.charCodeAt(k);
    if (unit >= 0x30 && unit <= 0x39) digits++;
    else if (unit !== 0x20 && unit !== 0x2d && unit !== 0x2e && unit !== 0x2f) return 0;
  }
  return digits;
}

/** May the library take these digits by what is asked before it? For the test that shows that no sieve is narrower than the library's condition. */
export function passesSieve(country: string, name: string, digits: string): boolean {
  const own = ofDigits(digits.length).find(([c, n]) => c === country && n === name);
  takeDigits(digits, digit);
  return own !== undefined && (own[2] === undefined || own[2](digit, digits.length));
}

/** For the test that shows that lenient validators, and DE stnr, say what is said here in their place. */
export function isTaken(text: string): { lenient: boolean; german: boolean } {
  takeDigits(text, digit);
  const digits = digitsOf(text);
  return { lenient: isLenients(digits, separatorsOf(text)), german: isGermanTax(digits) };
}

/** For the test that shows that no form is narrower than the library's. */
export function hasForm(country: string, name: string, compact: string): boolean {
  const digits = digitsOf(compact);
  if (digits > 0) return !refusesDigits(country, name, digits);
  return (byLength[compact.length] ?? []).some(([shape, c, n]) => c === country && n === name && hasShape(compact, shape));
}
