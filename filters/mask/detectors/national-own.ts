/** Identifiers that the library does not know, by their makers' descriptions. */

/** Indonesia's NIK: province, regency, district, the date of birth (its day 40 more for women), a number. It has no check digit. */
function isNik(d: Uint8Array): boolean {
  const province = d[0]! * 10 + d[1]!;
  const day = (d[6]! * 10 + d[7]!) % 40;
  const month = d[8]! * 10 + d[9]!;
  return (
    province >= 11 && province <= 96 && day >= 1 && day <= 31 && month >= 1 && month <= 12 && (d[12]! | d[13]! | d[14]! | d[15]!) !== 0
  );
}

/** Moldova's IDNP and IDNO: the last digit is the sum of the others by the weights 7, 3, 1, modulo 10. */
function isIdnp(d: Uint8Array): boolean {
  let sum = 0;
  for (let k = 0; k < 12; k += 3) sum += d[k]! * 7 + d[k + 1]! * 3 + d[k + 2]!;
  return sum % 10 === d[12];
}

/** Japan's individual number: weights 2 to 7 from the right, modulo 11 (ordinance 85 of 2014 of the Ministry of Internal Affairs). */
function isIndividualNumber(d: Uint8Array): boolean {
  let sum = 0;
  for (let k = 0; k < 11; k++) sum += d[k]! * (k < 5 ? 6 - k : 12 - k);
  const rest = sum % 11;
  return (rest <= 1 ? 0 : 11 - rest) === d[11];
}

/** The first `n` of `digits`, numbers of 0 to 9. */
export function isOwnForm(digits: Uint8Array, n: number): boolean {
  return (n === 16 && isNik(digits)) || (n === 13 && isIdnp(digits)) || (n === 12 && isIndividualNumber(digits));
}
