/** Identifiers that the library does not know, by their makers' descriptions. `digits` is of digits alone. */

/** Indonesia's NIK: province, regency, district, the date of birth (its day 40 more for women), a number. It has no check digit. */
function isNik(digits: string): boolean {
  if (digits.length !== 16) return false;
  const province = Number(digits.slice(0, 2));
  const day = Number(digits.slice(6, 8)) % 40;
  const month = Number(digits.slice(8, 10));
  return province >= 11 && province <= 96 && day >= 1 && day <= 31 && month >= 1 && month <= 12 && digits.slice(12) !== '0000';
}

/** Moldova's IDNP and IDNO: the last digit is the sum of the others by the weights 7, 3, 1, modulo 10. */
function isIdnp(digits: string): boolean {
  if (digits.length !== 13) return false;
  let sum = 0;
  for (let k = 0; k < 12; k++) sum += Number(digits[k]) * [7, 3, 1][k % 3]!;
  return sum % 10 === Number(digits[12]);
}

/** Japan's individual number: weights 2 to 7 from the right, modulo 11 (ordinance 85 of 2014 of the Ministry of Internal Affairs). */
function isIndividualNumber(digits: string): boolean {
  if (digits.length !== 12) return false;
  let sum = 0;
  for (let k = 0; k < 11; k++) sum += Number(digits[k]) * (k < 5 ? 6 - k : 12 - k);
  const rest = sum % 11;
  return (rest <= 1 ? 0 : 11 - rest) === Number(digits[11]);
}

export function isOwnForm(digits: string): boolean {
  return isNik(digits) || isIdnp(digits) || isIndividualNumber(digits);
}
