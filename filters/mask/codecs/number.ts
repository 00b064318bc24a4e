import { createHash } from 'node:crypto';
import type { Kind, Masker } from '../types.js';

/**
 * A number in place of one that was found, in digits, or `null`: programs that read numbers go on reading numbers. `partial` leaves the
 * last digits that the masker leaves, hash and token give a number of 48 bits (exact in a double) that is the same for the same value.
 */
export function maskedNumber(masker: Masker, kind: Kind, buf: Uint8Array, start: number, end: number): string {
  const masked = masker.mask(kind, buf, start, end)?.toString('latin1');
  if (masked === undefined) return 'null';
  // stand-ins of the same form, and fixed values, are numbers themselves
  if (/^[1-9]\d{0,15}$/.test(masked) && Number.isSafeInteger(Number(masked)) && masker.as !== 'partial') return masked;
  if (masker.as === 'hash' || masker.as === 'token') return String(createHash('sha256').update(masked).digest().readUIntBE(0, 6));
  if (masker.as !== 'partial') return '0';
  const kept = /\d{1,4}$/.exec(masked);
  return kept === null ? '0' : String(Number(kept[0]));
}
