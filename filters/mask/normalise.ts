import { ALNUM, CLASS, DIGIT } from './bytes.js';
import { inAscii } from './foreign.js';
import type { Kind } from './types.js';

/** Kinds whose separators carry nothing: digits and capital letters are the value. */
const COMPACT = new Set<Kind>([
  'credit_card',
  'us_ssn',
  'us_itin',
  'iban',
  'national_id',
  'mac_address',
  'imei',
  'vin',
  'passport',
  'drivers_license',
  'medical_id',
  'bic',
]);

/** The bytes that mean the same value whatever its spelling: separators gone, letters of one case where case means nothing. */
export function normalise(kind: Kind, buf: Uint8Array, start: number, end: number): Uint8Array {
  if (kind === 'email') return Buffer.from(Buffer.from(buf.subarray(start, end)).toString('utf8').toLowerCase(), 'utf8');
  const phone = kind === 'phone';
  if (!phone && !COMPACT.has(kind)) return buf.subarray(start, end);
  const written = inAscii(buf, start, end);
  if (written !== undefined) return compact(written, 0, written.length, phone);
  return compact(buf, start, end, phone);
}

function compact(buf: Uint8Array, start: number, end: number, phone: boolean): Uint8Array {
  const out = Buffer.alloc(end - start);
  let n = 0;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & (phone ? DIGIT : ALNUM)) !== 0) out[n++] = b >= 0x61 && b <= 0x7a ? b - 0x20 : b;
  }
  // 0049 … and +49 … are one number
  const from = phone && buf[start] === 0x30 && buf[start + 1] === 0x30 ? 2 : 0;
  return out.subarray(from, n);
}
