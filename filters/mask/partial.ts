import { ALNUM, ascii, CLASS, DIGIT, DOMAIN, startsWith } from './bytes.js';
import { VENDOR_TOKENS } from './detectors/token-table.js';
import { IS_CALLING_CODE } from './phone/plans.js';
import type { Kind } from './types.js';

const STAR = 0x2a;
/** stars in place of a secret: its length is nobody's business */
const SECRET_STARS = '********';

const prefixes = new Map<Kind, Uint8Array[]>();
for (const token of VENDOR_TOKENS)
  prefixes.set(
    token.kind,
    [...(prefixes.get(token.kind) ?? []), ascii(token.prefix)].sort((a, b) => b.length - a.length),
  );

/** The value with its middle starred out; what stays is what people tell values apart by and nobody can use. */
export function partial(kind: Kind, buf: Uint8Array, start: number, end: number): Buffer {
  switch (kind) {
    case 'credit_card':
    case 'us_ssn':
    case 'us_itin':
    case 'national_id':
      return keepEnds(buf, start, end, 0, 4);
    case 'iban':
      return keepEnds(buf, start, end, 4, 4);
    case 'phone':
      return keepEnds(buf, start, end, callingCodeLength(buf, start, end), 2);
    case 'mac_address':
      return keepEnds(buf, start, end, 6, 0);
    case 'email':
      return email(buf, start, end);
    case 'ip_address':
      return ip(buf, start, end);
    case 'date_of_birth':
      return keepEnds(buf, start, end, 0, 0);
    default:
      return secret(kind, buf, start, end);
  }
}

/**
 * Stars for letters and digits save the first and the last few; of the rest only the separators that need no escape stay.
 * Never more than half of a value stays visible.
 */
function keepEnds(buf: Uint8Array, start: number, end: number, first: number, last: number): Buffer {
  let signs = 0;
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & ALNUM) !== 0) signs++;
  if (first + last > signs / 2) {
    first = Math.min(first, Math.floor(signs / 4));
    last = Math.min(last, Math.floor(signs / 4));
  }
  const out = Buffer.allocUnsafe(end - start);
  let n = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & ALNUM) !== 0) {
      out[k - start] = n < first || n >= signs - last ? b : STAR;
      n++;
    } else out[k - start] = isPlainSign(b) ? b : STAR;
  }
  return out;
}

/** space, dash, dot, slash, colon, brackets and plus need no escape anywhere */
function isPlainSign(b: number): boolean {
  return b === 0x20 || b === 0x2d || b === 0x2e || b === 0x2f || b === 0x3a || b === 0x28 || b === 0x29 || b === 0x2b;
}

/** Digits of the calling code in international form, 0 in national form. */
function callingCodeLength(buf: Uint8Array, start: number, end: number): number {
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

function email(buf: Uint8Array, start: number, end: number): Buffer {
  let at = end - 1;
  while (at > start && buf[at] !== 0x40) at--;
  if (buf[at] !== 0x40) return Buffer.from('***', 'latin1');
  const first = (CLASS[buf[start]!]! & ALNUM) !== 0 && at - start > 1 ? 1 : 0;
  const out = Buffer.allocUnsafe(first + 3 + end - at);
  out[0] = buf[start]!;
  out.fill(STAR, first, first + 3);
  for (let k = at, n = first + 3; k < end; k++, n++)
    out[n] = k === at || (buf[k]! < 0x80 && (CLASS[buf[k]!]! & DOMAIN) !== 0) ? buf[k]! : STAR;
  return out;
}

/** The network half stays. */
function ip(buf: Uint8Array, start: number, end: number): Buffer {
  let text = '';
  let signs = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    const sign = b === 0x2e || b === 0x3a;
    if (sign) signs++;
    text += sign || ((CLASS[b]! & ALNUM) !== 0 && signs < 2) ? String.fromCharCode(b) : '*';
  }
  return Buffer.from(text, 'latin1');
}

/** Only a vendor's prefix stays: it tells which secret leaked. */
function secret(kind: Kind, buf: Uint8Array, start: number, end: number): Buffer {
  for (const prefix of prefixes.get(kind) ?? []) {
    if (end - start > prefix.length && startsWith(buf, start, prefix))
      return Buffer.from(String.fromCharCode(...prefix) + SECRET_STARS, 'latin1');
  }
  return Buffer.from(SECRET_STARS, 'latin1');
}
