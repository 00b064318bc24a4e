import { ALNUM, ALPHA, ascii, CLASS, DIGIT, HEX } from '../bytes.js';
import { evidenceOf, KEY, PASSWORD, SECRET, TOKEN } from '../evidence.js';

/** Words that stand where a secret would, in code, schemas and documentation. */
const NO_VALUES = new Set<string>();
for (const w of 'null nil none undefined true false string str text varchar char int integer number boolean bool bytes object any unknown required optional yes no on off empty hidden masked redacted removed omitted filtered secret password passwd token foobared changeme change-me change_me changeit change-it change_it foobar foo bar baz qux xyz abc dummy example sample placeholder todo tbd fixme insert replace replaceme replace_me replace-me here pwd default value input type self this key the a is was has be in for to and or not of reset hash field env process.env os.environ pass function async await new typeof lambda return symbol buffer mypassword my-password my_password test-password yourpassword obligatoria obligatorio requerida requerido requis obligatoire erforderlich pflichtfeld verplicht obbligatoria obbligatorio wymagane compat files sss winbind'.split(
  ' ',
))
  NO_VALUES.add(w);

const CALLS = [
  '$(',
  '<%',
  '%(',
  '#{',
  '@{',
  '$env',
  'process.env',
  'os.env',
  'env.',
  'env[',
  'getenv',
  'config.',
  'settings.',
  'req.',
  'request.',
  'self.',
  'this.',
  'params',
  'args.',
  'options.',
  'var.',
  'data.',
  'local.',
  'module.',
  'secrets.',
  'vault:',
  'encrypted',
  'ENC[',
  'input(',
  'options[',
  'credentials.',
  'user.',
  'arn:aws',
].map(ascii);

/**
 * True when buf[start, end) stands for a value instead of being one: a reference (`${X}`, `$1`, `%s`, `<password>`), a mask
 * (`****`, `[password]`), a word of the language (`null`, `string`), nothing but blanks.
 */
export function isPlaceholder(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length <= 0) return true;
  const b = buf[start]!;
  const last = buf[end - 1]!;
  if (
    b === 0x5b ||
    (b === 0x3c && (last === 0x3e || length < 3)) ||
    b === 0x3f ||
    (b === 0x7b && length < 40 && isReference(buf, start, end))
  )
    return true;
  // one blank or two; more are of one byte, below
  if (b === 0x20 && last === 0x20 && length < 3) return true;
  if (b === 0x25 && length <= 3) return true;
  // `!vault |`, `!Ref Name`: a tag of YAML
  if (b === 0x21 && length < 16 && length > 3 && isWords(buf, start + 1, end) && buf[end] === 0x20) return true;
  if (b === 0x24 && (length <= 3 || isUpperName(buf, start + 1, end) || isSecretName(buf, start + 1, end))) return true;
  if (((b === 0x24 && buf[start + 1] === 0x7b) || (b === 0x7b && buf[start + 1] === 0x7b)) && isReference(buf, start, end)) return true;
  // `%PASSWORD%` of Windows
  if (b === 0x25 && last === 0x25 && isName(buf, start + 1, end - 1)) return true;
  // cut short by whoever wrote it
  if (last === 0x2e && buf[end - 2] === 0x2e) return true;
  if (length < 80 && asksForValue(buf, start, end)) return true;
  if (b === 0x3a && length > 1 && (CLASS[buf[start + 1]!]! & ALPHA) !== 0 && isName(buf, start + 1, end)) return true;
  for (const call of CALLS) if (length >= call.length && startsWithNoCaseAny(buf, start, call)) return true;
  if (sameBytes(buf, start, end)) return true;
  if (length > 13) return false;
  let text = '';
  for (let k = start; k < end; k++) text += String.fromCharCode(buf[k]!);
  return NO_VALUES.has(text.toLowerCase());
}

function startsWithNoCaseAny(buf: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let k = 0; k < text.length; k++) {
    const b = buf[at + k]!;
    if (b !== text[k] && (b | 0x20) !== text[k]) return false;
  }
  return true;
}

/** bytes of a reference that are read */
const REFERENCE_MAX = 128;

/** `{{ name }}`, `${NAME:-x}`, `{name}`, from a brace or a dollar on: names, blanks and what joins them up to the brace that closes. */
function isReference(buf: Uint8Array, start: number, end: number): boolean {
  const double = buf[start] === 0x7b && buf[start + 1] === 0x7b;
  let p = start;
  while (p < end && (buf[p] === 0x24 || buf[p] === 0x7b)) p++;
  let open = 0;
  for (const limit = Math.min(end, p + REFERENCE_MAX); p < limit; p++) {
    const b = buf[p]!;
    if (b === 0x7d && (!double || buf[p + 1] === 0x7d)) return true;
    if (b === 0x28 || b === 0x5b) open++;
    // no name has these, and no expression closes what it did not open
    else if (b === 0x5e || b === 0x23 || ((b === 0x29 || b === 0x5d) && open-- === 0)) return false;
  }
  return true;
}

/** `$password`, `$db_pass`: the variable of a script. */
function isSecretName(buf: Uint8Array, start: number, end: number): boolean {
  return isName(buf, start, end) && (evidenceOf(buf, start, end) & (PASSWORD | SECRET | TOKEN | KEY)) !== 0;
}

const YOUR = ascii('your');
const INNER = [ascii('${'), ascii('{{'), ascii('xxxxx')];

/** `your-api-key`, `PUT_YOUR_TOKEN_HERE`, `prefix-${X}`, `sk_xxxxxx`: text that asks for a value. */
function asksForValue(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((b | 0x20) === 0x79) {
      const next = buf[k + 4]!;
      if (
        k + 5 < end &&
        (CLASS[next]! & ALNUM) === 0 &&
        (k === start || (CLASS[buf[k - 1]!]! & ALNUM) === 0) &&
        startsWithNoCaseAny(buf, k, YOUR)
      )
        return true;
    } else if (b === 0x24 || b === 0x7b || (b | 0x20) === 0x78) {
      for (const text of INNER)
        if (k + text.length <= end && startsWithNoCaseAny(buf, k, text) && (text[0] === 0x78 || isReference(buf, k, end))) return true;
    }
  }
  return false;
}

/** `****`, `xxxxxx`, `......`; three and more of one byte, or bullets */
function sameBytes(buf: Uint8Array, start: number, end: number): boolean {
  const b = buf[start]!;
  if (b === 0xe2 || end - start < 3) return b === 0xe2 && buf[start + 1] === 0x80 && buf[start + 2] === 0xa2;
  if (b === 0x2a && buf[start + 1] === 0x2a) return true;
  for (let k = start + 1; k < end; k++) if (buf[k] !== b) return false;
  return true;
}

function isUpperName(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (!((b >= 0x41 && b <= 0x5a) || b === 0x5f || (b >= 0x30 && b <= 0x39))) return false;
  }
  return true;
}

/** Letters, digits and underscores beginning with a letter: what a variable could be called. */
export function isName(buf: Uint8Array, start: number, end: number): boolean {
  if ((CLASS[buf[start]!]! & DIGIT) !== 0) return false;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALNUM) === 0 && buf[k] !== 0x5f) return false;
  return true;
}

/** Letters only, perhaps with dots, dashes and underscores: words and not random. */
export function isWords(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & ALPHA) === 0 && b !== 0x5f && b !== 0x2d && b !== 0x2e && b !== 0x20 && b !== 0x2f) return false;
  }
  return true;
}

export function isNumber(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++)
    if ((CLASS[buf[k]!]! & DIGIT) === 0 && buf[k] !== 0x2e && buf[k] !== 0x2d && buf[k] !== 0x3a && buf[k] !== 0x20) return false;
  return true;
}

const counts = new Uint8Array(256);
const N_LOG_N = Float64Array.from({ length: 129 }, (_, n) => (n === 0 ? 0 : n * Math.log2(n)));

/** Shannon entropy of the first 128 bytes, in bits a byte. */
export function entropy(buf: Uint8Array, start: number, end: number): number {
  const stop = Math.min(end, start + 128);
  const length = stop - start;
  if (length <= 0) return 0;
  for (let k = start; k < stop; k++) counts[buf[k]!]!++;
  let sum = 0;
  for (let k = start; k < stop; k++) {
    const n = counts[buf[k]!]!;
    if (n > 0) sum += N_LOG_N[n]!;
    counts[buf[k]!] = 0;
  }
  return Math.log2(length) - sum / length;
}

/** Letters whose case changes at two of five places and more: words in camel case have it at one of three and less. */
function changesCase(buf: Uint8Array, start: number, end: number): boolean {
  const stop = Math.min(end, start + 128);
  let changes = 0;
  for (let k = start + 1; k < stop; k++) {
    if ((CLASS[buf[k]!]! & ALPHA) === 0) return false;
    if (((buf[k]! ^ buf[k - 1]!) & 0x20) !== 0) changes++;
  }
  return changes * 5 >= (stop - start) * 2;
}

/** Random enough for a token: digits and letters mixed, or long, and varied. */
export function looksRandom(buf: Uint8Array, start: number, end: number, lengthMin: number): boolean {
  const length = end - start;
  if (length < lengthMin) return false;
  let digits = 0;
  let upper = 0;
  let lower = 0;
  let hex = 0;
  for (let k = start; k < end && k < start + 128; k++) {
    const b = buf[k]!;
    // no token has blanks or brackets; a bracket is where something was masked already
    if (b <= 0x20 || b === 0x5b || b === 0x5d) return false;
    if ((CLASS[b]! & DIGIT) !== 0) digits++;
    else if (b >= 0x41 && b <= 0x5a) upper++;
    else if (b >= 0x61 && b <= 0x7a) lower++;
    if ((CLASS[b]! & HEX) !== 0) hex++;
  }
  if (digits === 0) {
    if (upper < 3 || lower < 3) return false;
    const bits = entropy(buf, start, end);
    return (length >= 20 && bits >= 3.7 && !isWords(buf, start, end)) || (length >= 16 && bits >= 3.2 && changesCase(buf, start, end));
  }
  if (upper + lower === 0) return false;
  return entropy(buf, start, end) >= (hex === length ? 2.6 : length < 16 ? 2.7 : 3);
}

/** Letters with a digit or a sign among them, six bytes and more, no path and no unit: what someone chose as a password. */
export function isChosen(buf: Uint8Array, start: number, end: number): boolean {
  if (end - start < 6 || buf[start] === 0x2f) return false;
  let letters = 0;
  let digits = 0;
  let signs = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & ALPHA) !== 0) letters++;
    else if ((CLASS[b]! & DIGIT) !== 0) digits++;
    else if (b === 0x21 || b === 0x23 || b === 0x24 || b === 0x25 || b === 0x40 || b === 0x5e || b === 0x26 || b === 0x2a) signs++;
    else if (b === 0x2f || b === 0x28 || b === 0x5b) return false;
  }
  return letters >= 3 && (digits > 0 || signs > 0);
}
