import { GAP_MIXED, type Groups } from '../groups.js';

/** Runs of digits that are dates, times and fractions, and nobody's number. */

/** `2024-03-17`, `17.03.2024`, `03/17/2024`, and the date that a time follows. */
export function isDate(buf: Uint8Array, groups: Groups, g: number): boolean {
  if (groups.count - g < 3) return false;
  const a = groups.end[g]! - groups.start[g]!;
  const b = groups.end[g + 1]! - groups.start[g + 1]!;
  const c = groups.end[g + 2]! - groups.start[g + 2]!;
  const gap = groups.gap[g];
  if (gap !== groups.gap[g + 1] || gap === 0x20 || gap === GAP_MIXED) return false;
  if (a === 4 && b <= 2 && c === 2) {
    const century = buf[groups.start[g]!]! * 256 + buf[groups.start[g]! + 1]!;
    return century === 0x3139 || century === 0x3230;
  }
  if (a > 2 || b > 2 || (c !== 4 && c !== 2) || groups.count - g > 4) return false;
  const first = twoDigits(buf, groups.start[g]!, groups.end[g]!);
  const second = twoDigits(buf, groups.start[g + 1]!, groups.end[g + 1]!);
  return first > 0 && second > 0 && (first <= 12 || second <= 12) && first <= 31 && second <= 31;
}

function twoDigits(buf: Uint8Array, start: number, end: number): number {
  return end - start === 1 ? buf[start]! - 0x30 : (buf[start]! - 0x30) * 10 + buf[start + 1]! - 0x30;
}

/** `52.5200066`, and the seconds of `03:04:08.123`: one dot makes a decimal number, digits after a colon and a digit are a time. */
export function isFraction(buf: Uint8Array, groups: Groups, g: number, lo: number): boolean {
  const from = groups.start[g]!;
  if (from - 2 >= lo && buf[from - 1] === 0x3a && buf[from - 2]! >= 0x30 && buf[from - 2]! <= 0x39) return true;
  return groups.count - g === 2 && groups.gap[g] === 0x2e;
}
