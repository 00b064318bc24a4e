import { ALNUM, ALPHA, ascii, BASE64, CLASS, DIGIT, DOMAIN, startsWith } from './bytes.js';
import { VENDOR_TOKENS } from './detectors/token-table.js';
import { IS_CALLING_CODE } from './phone/plans.js';
import type { ByteTarget, Kind } from './types.js';

const STAR = 0x2a;
/** stars in place of a secret: its length is nobody's business */
const SECRET_STARS = '********';

const prefixes = new Map<Kind, Uint8Array[]>();
for (const token of VENDOR_TOKENS)
  prefixes.set(
    token.kind,
    [...(prefixes.get(token.kind) ?? []), ascii(token.prefix)].sort((a, b) => b.length - a.length),
  );

/** What tokens of this kind begin with, the longest first. */
export function vendorPrefixes(kind: Kind): readonly Uint8Array[] {
  return prefixes.get(kind) ?? [];
}

/** The value with its middle starred out; what stays is what people tell values apart by and nobody can use. */
export function partial(kind: Kind, buf: Uint8Array, start: number, end: number): Buffer {
  scratch.length = 0;
  partialInto(kind, buf, start, end, scratch);
  return Buffer.from(scratch.buf.subarray(0, scratch.length));
}

const scratch: ByteTarget = {
  buf: Buffer.allocUnsafeSlow(256),
  length: 0,
  reserve(bytes) {
    if (this.length + bytes <= this.buf.length) return;
    const grown = Buffer.allocUnsafeSlow(2 * (this.length + bytes));
    this.buf.copy(grown, 0, 0, this.length);
    this.buf = grown;
  },
};

/** The same, appended to `out`. */
export function partialInto(kind: Kind, buf: Uint8Array, start: number, end: number, out: ByteTarget): void {
  switch (kind) {
    case 'credit_card':
    case 'us_ssn':
    case 'us_itin':
    case 'national_id':
      return keepEnds(buf, start, end, 0, 4, out);
    case 'iban':
      return keepEnds(buf, start, end, 4, 4, out);
    case 'phone':
      return keepEnds(buf, start, end, callingCodeLength(buf, start, end), 2, out);
    case 'mac_address':
      return keepEnds(buf, start, end, 6, 0, out);
    case 'email':
      return email(buf, start, end, out);
    case 'ip_address':
      return ip(buf, start, end, out);
    case 'date_of_birth':
      return keepEnds(buf, start, end, 0, 0, out);
    default:
      return secret(kind, buf, start, end, out);
  }
}

/** shortest value that is taken for base64, in bytes */
const ENCODED_MIN = 16;

/**
 * A value that was found inside base64 (encoded.ts) is all of the encoded text: nothing but its letters, large and small. Percent signs
 * stand for themselves: what they encode are the separators of a value.
 */
export function isEncoded(buf: Uint8Array, start: number, end: number): boolean {
  // the first byte of a text is less than 0x80, which is a letter in base64
  if (end - start < ENCODED_MIN || (CLASS[buf[start]!]! & ALPHA) === 0) return false;
  let upper = 0;
  let lower = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & BASE64) === 0 && b !== 0x3d) return false;
    if (b >= 0x61) lower++;
    else if (b >= 0x41) upper++;
  }
  return upper > 2 && lower > 2;
}

/** What a byte becomes: itself where it may stay, a star otherwise; letters and digits are 0. */
const SIGNS = Uint8Array.from({ length: 256 }, (_, b) => ((CLASS[b]! & ALNUM) !== 0 ? 0 : isPlainSign(b) ? b : STAR));

/**
 * Stars for letters and digits save the first and the last few; of the rest only the separators that need no escape stay.
 * Never more than half of a value stays visible.
 */
function keepEnds(buf: Uint8Array, start: number, end: number, first: number, last: number, target: ByteTarget): void {
  let signs = 0;
  for (let k = start; k < end; k++) if (SIGNS[buf[k]!] === 0) signs++;
  if (first + last > signs / 2) {
    first = Math.min(first, Math.floor(signs / 4));
    last = Math.min(last, Math.floor(signs / 4));
  }
  target.reserve(end - start);
  const out = target.buf;
  let at = target.length;
  target.length += end - start;
  const tail = signs - last;
  let n = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    const sign = SIGNS[b]!;
    if (sign !== 0) out[at++] = sign;
    else {
      out[at++] = n < first || n >= tail ? b : STAR;
      n++;
    }
  }
}

/** space, dash, dot, slash, colon, brackets and plus need no escape anywhere */
export function isPlainSign(b: number): boolean {
  return b === 0x20 || b === 0x2d || b === 0x2e || b === 0x2f || b === 0x3a || b === 0x28 || b === 0x29 || b === 0x2b;
}

/** Digits of the calling code in international form, 0 in national form. */
export function callingCodeLength(buf: Uint8Array, start: number, end: number): number {
  const zeros = buf[start] === 0x30 && buf[start + 1] === 0x30;
  let p = start;
  if (zeros) p += 2;
  else {
    while (p < end && (buf[p] === 0x2b || buf[p] === 0x28)) p++;
    if (p === start || buf[start] !== 0x2b) return 0;
  }
  let code = 0;
  for (let n = 1; n <= 3 && p < end; p++, n++) {
    if ((CLASS[buf[p]!]! & DIGIT) === 0) return 0;
    code = code * 10 + buf[p]! - 0x30;
    if (IS_CALLING_CODE[code] === 1) return n + (zeros ? 2 : 0);
  }
  return 0;
}

function email(buf: Uint8Array, start: number, end: number, target: ByteTarget): void {
  let at = end - 1;
  while (at > start && buf[at] !== 0x40) at--;
  if (buf[at] !== 0x40) return append('***', target);
  const first = (CLASS[buf[start]!]! & ALNUM) !== 0 && at - start > 1 ? 1 : 0;
  target.reserve(first + 3 + end - at);
  const out = target.buf;
  let to = target.length;
  if (first === 1) out[to++] = buf[start]!;
  for (let n = 0; n < 3; n++) out[to++] = STAR;
  for (let k = at; k < end; k++) out[to++] = k === at || (buf[k]! < 0x80 && (CLASS[buf[k]!]! & DOMAIN) !== 0) ? buf[k]! : STAR;
  target.length = to;
}

/** The network half stays, where there is another: `fd00::` has none. */
function ip(buf: Uint8Array, start: number, end: number, target: ByteTarget): void {
  let plain = start;
  while (plain < end && buf[plain] !== 0x2e && buf[plain] !== 0x3a) plain++;
  // its separators are encoded
  if (plain === end) return append('***', target);
  target.reserve(end - start);
  const from = target.length;
  let signs = 0;
  let stars = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    const sign = b === 0x2e || b === 0x3a;
    if (sign) signs++;
    const stays = sign || ((CLASS[b]! & ALNUM) !== 0 && signs < 2);
    if (!stays) stars++;
    target.buf[target.length++] = stays ? b : STAR;
  }
  if (stars > 0) return;
  target.length = from;
  append('***', target);
}

/** Only a vendor's prefix stays: it tells which secret leaked. */
function secret(kind: Kind, buf: Uint8Array, start: number, end: number, target: ByteTarget): void {
  const known = prefixes.get(kind);
  if (known !== undefined) {
    for (const prefix of known) {
      if (end - start > prefix.length && startsWith(buf, start, prefix))
        return append(String.fromCharCode(...prefix) + SECRET_STARS, target);
    }
  }
  append(SECRET_STARS, target);
}

function append(text: string, target: ByteTarget): void {
  target.reserve(text.length);
  const { buf } = target;
  let to = target.length;
  // a call into native code costs more than a few bytes
  for (let k = 0; k < text.length; k++) buf[to++] = text.charCodeAt(k);
  target.length = to;
}
