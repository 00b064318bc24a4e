import { AGAINST, ITIN as ITIN_NAME, SSN as SSN_NAME, TAX } from '../evidence.js';
import type { Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const US_SSN = kindId('us_ssn');
const US_ITIN = kindId('us_itin');

/**
 * US social security and taxpayer numbers: three, two and four digits with the same separator, or nine digits that the words
 * before them name. Rules of the Social Security Administration (no area 000, 666, 9xx, no group 00, no serial 0000) and of the IRS for ITINs.
 */
export function ssnAt(s: Search, groups: Groups, g: number): void {
  const { start, end, gap } = groups;
  const length = end[g]! - start[g]!;
  if (length === 9) {
    bare(s, start[g]!, end[g]!);
    return;
  }
  if (length !== 3 || g + 3 > groups.last) return;
  const sep = gap[g]!;
  if (gap[g + 1] !== sep || (sep !== 0x2d && sep !== 0x20 && sep !== 0x2e)) return;
  if (end[g + 1]! - start[g + 1]! !== 2 || end[g + 2]! - start[g + 2]! !== 4) return;
  if (sep !== 0x20 && ((g > 0 && gap[g - 1] === sep) || (g + 3 < groups.count && gap[g + 2] === sep))) return;
  const area = value(s.buf, start[g]!, end[g]!);
  const group = value(s.buf, start[g + 1]!, end[g + 1]!);
  const serial = value(s.buf, start[g + 2]!, end[g + 2]!);
  const bits = s.name | s.before(start[g]!);
  let score = sep === 0x2d ? 0.85 : isWhole(s, start[g]!, end[g + 2]!) ? 0.6 : 0.35;
  if ((bits & (SSN_NAME | TAX | ITIN_NAME)) !== 0) score += 0.3;
  else if ((bits & AGAINST) !== 0) score -= 0.25;
  note(s, area, group, serial, start[g]!, end[g + 2]!, score);
}

/** With blanks or dots the shape alone is too common inside a text; as a whole cell it is not. */
function isWhole(s: Search, start: number, end: number): boolean {
  return start === s.lo && end === s.hi;
}

function bare(s: Search, start: number, end: number): void {
  const bits = s.name | s.before(start);
  if ((bits & (SSN_NAME | ITIN_NAME)) === 0) return;
  const number = value(s.buf, start, end);
  note(s, Math.floor(number / 1e6), Math.floor(number / 1e4) % 100, number % 1e4, start, end, 0.85);
}

function note(s: Search, area: number, group: number, serial: number, start: number, end: number, score: number): void {
  if (area >= 900 && isItinGroup(group)) {
    s.found(US_ITIN, start, end, score);
    return;
  }
  if (area === 0 || area === 666 || area >= 900 || group === 0 || serial === 0) return;
  // two numbers that were printed on advertisements and withdrawn
  if ((area === 78 && group === 5 && serial === 1120) || (area === 219 && group === 9 && serial === 9999)) return;
  s.found(US_SSN, start, end, score);
}

function isItinGroup(group: number): boolean {
  return (group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group <= 92) || (group >= 94 && group <= 99);
}

function value(buf: Uint8Array, start: number, end: number): number {
  let n = 0;
  for (let k = start; k < end; k++) n = n * 10 + buf[k]! - 0x30;
  return n;
}
