import { ALNUM, ALPHA, ascii, CLASS, DIGIT, startsWithNoCase } from '../bytes.js';
import { evidenceOf, PHONE } from '../evidence.js';
import { WordTable } from '../words.js';

/** What stands right beside a telephone number: the word before it, its extension, the word after it. */

const SURE = 1;
const PLACE = 2;
const AFTER = new WordTable(
  [
    [SURE, 'fax mobile cell cellphone phone telephone tel telefon telefax mobil handy movil celular cellulare landline voicemail pager'],
    [PLACE, 'office home work direct main'],
  ],
  128,
);
const AFTER_MAX = 12;

/**
 * `089 72 63 41 office`, `166-684-7899 fax`, `51-16-34-25-Fax`: the word behind a number says that it is one. Words that say only where
 * it rings must end the line, the item or the bracket.
 */
export function namedAfter(buf: Uint8Array, end: number, hi: number): boolean {
  let p = end;
  while (p < hi && p - end < 3 && (buf[p] === 0x20 || buf[p] === 0x2d || buf[p] === 0x28 || buf[p] === 0x2c)) p++;
  if (p === end) return false;
  let q = p;
  while (q < hi && q - p < AFTER_MAX && (CLASS[buf[q]!]! & ALPHA) !== 0) q++;
  if (q - p < 3 || (q < hi && (CLASS[buf[q]!]! & (ALPHA | DIGIT)) !== 0)) return false;
  const bits = AFTER.bitsOf(buf, p, q);
  if ((bits & SURE) !== 0) return buf[q] !== 0x2d && buf[q] !== 0x5f;
  return (bits & PLACE) !== 0 && (q >= hi || buf[q]! < 0x20 || buf[q] === 0x2c || buf[q] === 0x29 || buf[q] === 0x5c || buf[q] === 0x3b);
}

/** how far back from a number the word beside it may begin, in bytes */
const BESIDE_MAX = 24;

/** `Phone: `, `tel. `, `call `, `"phone_number": "`: nothing but signs between the word and the number, or a word such as number. */
export function namedBeside(buf: Uint8Array, at: number, lo: number): boolean {
  const floor = Math.max(lo, at - BESIDE_MAX);
  let p = at;
  while (p > floor && isSign(buf[p - 1]!)) p--;
  let start = p;
  for (let words = 0; words < 2 && start > floor; words++) {
    let q = start;
    while (q > floor && (CLASS[buf[q - 1]!]! & ALPHA) !== 0) q--;
    if (q === start) break;
    start = q;
    if ((evidenceOf(buf, start, p) & PHONE) !== 0) return true;
    if (start > floor && (buf[start - 1] === 0x20 || buf[start - 1] === 0x5f || buf[start - 1] === 0x2d)) start--;
  }
  return false;
}

/** blank, colon, dot, equals, quotes, brackets, hash, greater-than */
function isSign(b: number): boolean {
  return (
    b === 0x20 || b === 0x3a || b === 0x2e || b === 0x3d || b === 0x22 || b === 0x27 || b === 0x28 || b === 0x23 || b === 0x3e || b === 9
  );
}

const EXTENSIONS = ['extension', 'ext.', 'ext', 'x', '#'].map(ascii);
const EXTENSION_DIGITS_MAX = 6;

/** `x123`, ` ext. 123`, `;ext=123` (RFC 3966 section 5.3) behind a number that ends at `end`: where it ends, or `end`. */
export function extensionEnd(buf: Uint8Array, end: number, hi: number): number {
  let p = end;
  while (p < hi && p - end < 2 && (buf[p] === 0x20 || buf[p] === 0x2c || buf[p] === 0x3b)) p++;
  const first = buf[p]! | 0x20;
  if (first !== 0x65 && first !== 0x78 && first !== 0x23) return end;
  for (const word of EXTENSIONS) {
    if (p + word.length >= hi || !startsWithNoCase(buf, p, word)) continue;
    let from = p + word.length;
    if (from < hi && (buf[from] === 0x20 || buf[from] === 0x3d || buf[from] === 0x3a)) from++;
    let q = from;
    while (q < hi && (CLASS[buf[q]!]! & DIGIT) !== 0) q++;
    const digits = q - from;
    return digits > 0 && digits <= EXTENSION_DIGITS_MAX && (q === hi || (CLASS[buf[q]!]! & ALNUM) === 0) ? q : end;
  }
  return end;
}
