/** A UUID in small letters (RFC 9562 section 4), whole. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

const UUID_UNITS = 36;

export const isUuid = (text: string): boolean => text.length === UUID_UNITS && text[8] === '-' && UUID.test(text);

/** Digits in a row, hyphens between them not counted, that a number of any kind has at least: phone numbers are the shortest without a word before them. */
const NUMBER_DIGITS_MIN = 7;

/**
 * A UUID in which no detector of the engine finds anything when it is a text of its own: it has no row of digits that could be a number, and
 * what it is in base64 holds no sign of an address and no row of digits either. What a name makes of it is another question, and so are kinds of a policy's own.
 */
export function isPlainUuid(text: string): boolean {
  if (!isUuid(text)) return false;
  let digits = 0;
  for (let i = 0; i < UUID_UNITS; i++) {
    const unit = text.charCodeAt(i);
    if (unit === HYPHEN) continue;
    if (unit >= LETTER_A) digits = 0;
    else if (++digits >= NUMBER_DIGITS_MIN) return false;
  }
  return true;
}

const HYPHEN = 0x2d;
const LETTER_A = 0x61;
