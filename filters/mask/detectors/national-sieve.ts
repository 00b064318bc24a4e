/**
 * What digits alone say before the library is asked, for numbers of 11 digits and more. The library makes strings, arrays and an error for each
 * number that it does not take, some microseconds for each of 25 validators; these sums take a hundredth. Each is as wide as the library's
 * own condition or wider, which a property test holds it to, and the library still decides on what is left.
 */
export type Sieve = (d: Uint8Array, n: number) => boolean;

/** The digits from `from` on, as many as there are weights, each times its weight. */
function sum(d: Uint8Array, weights: readonly number[], from = 0): number {
  let total = 0;
  for (let k = 0; k < weights.length; k++) total += d[from + k]! * weights[k]!;
  return total;
}

/** The last digit is `digit` of the sum of those before it. */
function check(weights: readonly number[], digit: (sum: number) => number, at = weights.length): Sieve {
  return (d) => d[at] === digit(sum(d, weights));
}

const never: Sieve = () => false;
const eleven: Sieve = (_, n) => n === 11;

function isMonth(d: Uint8Array, at: number): boolean {
  const month = d[at]! * 10 + d[at + 1]!;
  return month > 0 && month < 13;
}

function isDay(d: Uint8Array, at: number): boolean {
  const day = d[at]! * 10 + d[at + 1]!;
  return day > 0 && day < 32;
}

function luhn(d: Uint8Array, n: number): boolean {
  let total = 0;
  for (let k = 0; k < n; k++) {
    const twice = (n - k) % 2 === 0 ? d[k]! * 2 : d[k]!;
    total += twice > 9 ? twice - 9 : twice;
  }
  return total % 10 === 0;
}

const COLOMBIA = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71];
const COLOMBIA_DIGITS = [0, 1, 9, 8, 7, 6, 5, 4, 3, 2, 1];
const colombia: Sieve = (d, n) => {
  let total = 0;
  for (let k = 0; k < n - 1; k++) total += d[n - 2 - k]! * COLOMBIA[k]!;
  return d[n - 1] === COLOMBIA_DIGITS[total % 11];
};

const yugoslavia: Sieve = (d, n) =>
  n === 13 && isDay(d, 0) && isMonth(d, 2) && d[12] === ((11 - (sum(d, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10;

const siret: Sieve = (d, n) => luhn(d, n) || (d[0] === 3 && d[1] === 5 && d[2] === 6);

const romania = check([2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9], (total) => (total % 11 === 10 ? 1 : total % 11));
const thailand = check([13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], (total) => (11 - (total % 11)) % 10);

const salvadorOld = check([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2], (total) => (total % 11) % 10);
const salvador = check([2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], (total) => (11 - (total % 11)) % 10);

/** The check is K where the remainder is 10. */
const guatemala: Sieve = (d, n) => {
  let total = 0;
  for (let k = 0; k < n - 1; k++) total += d[n - 2 - k]! * (k + 2);
  return d[n - 1] === (11 - (total % 11)) % 11;
};

const russia = (d: Uint8Array): boolean =>
  d[10] === (sum(d, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 && d[11] === (sum(d, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10;

/** The two check digits of a number of Brazil, each of the digits before it with weights that go from 2 upwards, at most to `top`. */
function brazil(n: number, top: number): Sieve {
  const digitAt = (d: Uint8Array, at: number): number => {
    let total = 0;
    for (let k = 0; k < at; k++) total += d[k]! * (2 + ((at - 1 - k) % (top - 1)));
    return total % 11 < 2 ? 0 : 11 - (total % 11);
  };
  return (d) => d[n - 2] === digitAt(d, n - 2) && d[n - 1] === digitAt(d, n - 1);
}

/** by the library's names; those that are missing are asked about every number of their length */
const SIEVES: Readonly<Record<string, Sieve>> = {
  'GT nit': guatemala,
  'RU inn': (d, n) => n !== 12 || russia(d),
  'UY rut': (d) => d[8] === 0 && d[9] === 0 && d[10] === 1,
  'IN aadhaar': (d) => d[0]! > 1,
  'MY nric': (d) => isMonth(d, 2) && isDay(d, 4),
  'ES nss': (d) => sum(d, [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1]) % 97 === d[10]! * 10 + d[11]!,
  // letters are part of these
  'DE svnr': never,
  'CH uid': (_, n) => n !== 12,
  'SG nric': never,
  'MX rfc': never,
  'MU nid': never,
  'AO bi': never,
  'TN mf': never,
  'BE nn': eleven,
  'BE insz': eleven,
  'BE bis': eleven,
  'CO nit': colombia,
  'CH ssn': (d) => d[0] === 7 && d[1] === 5 && d[2] === 6,
  'FR nif': (d) => d[0]! < 4 && sum(d, [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 100, 10, 1]) % 511 === sum(d, [100, 10, 1], 10),
  'JP cn': (d) => d[0] === 9 - (sum(d, [2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1], 1) % 9),
  'KR rrn': check([2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5], (total) => (11 - (total % 11)) % 10),
  'MD idno': check([7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1], (total) => total % 10),
  'BA jmbg': yugoslavia,
  'ME jmbg': yugoslavia,
  'MK jmbg': yugoslavia,
  'RS jmbg': yugoslavia,
  'SI emso': yugoslavia,
  'PK cnic': (d, n) => n === 13 && d[0]! > 0 && d[0]! < 8 && d[12] !== 0,
  'RO cnp': (d, n) => isMonth(d, 3) && isDay(d, 5) && romania(d, n),
  'TH idnr': thailand,
  'TH tin': thailand,
  // a dash is part of it
  'SE personnummer': never,
  'IT codicefiscale': never,
  'VN mst': check([31, 29, 23, 19, 17, 13, 7, 5, 3], (total) => 10 - (total % 11)),
  'GT cui': check([2, 3, 4, 5, 6, 7, 8, 9], (total) => (total % 11) % 10),
  'ZA idnr': (d, n) => d[10]! < 2 && isMonth(d, 2) && isDay(d, 4) && luhn(d, n),
  'MK edb': check([7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], (total) => ((11 - (total % 11)) % 11) % 10),
  // of provinces up to 24, of Ecuadorians abroad (30), of foreigners (50)
  'DE stnr': (d, n) => n !== 13 || d[4] === 0,
  'EC ruc': (d) => d[2] !== 7 && d[2] !== 8 && (d[0]! * 10 + d[1]! < 25 || ((d[0] === 3 || d[0] === 5) && d[1] === 0)),
  'BR cnpj': brazil(14, 9),
  'BR cpf': brazil(11, 11),
  'FR siret': siret,
  'PL regon': check([8, 9, 2, 3, 4, 5, 6, 7], (total) => (total % 11) % 10),
  'SV nit': (d) =>
    (d[0] === 0 || d[0] === 1 || d[0] === 9) && (d[10] === 1 && d[11] === 0 && d[12] === 0 ? salvadorOld(d, 14) : salvador(d, 14)),
};

/** The sieve before a validator, undefined where there is none. */
export function sieveOf(country: string, name: string): Sieve | undefined {
  return SIEVES[`${country} ${name}`];
}

/** fewest digits that are sifted: fewer are nearly all somebody's, and the library says so at once */
export const SIFTED_DIGITS_MIN = 11;

/** Writes the digits of `text` into `into`, as many as have room. */
export function takeDigits(text: string, into: Uint8Array): void {
  let n = 0;
  for (let k = 0; k < text.length && n < into.length; k++) {
    const digit = text.charCodeAt(k) - 0x30;
    if (digit >= 0 && digit <= 9) into[n++] = digit;
  }
}
