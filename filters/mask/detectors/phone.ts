import { AGAINST, PHONE } from '../evidence.js';
import { GAP_MIXED, type Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import { automatonOfCode, IS_CALLING_CODE, planOfRegion, type RegionPlan } from '../phone/plans.js';
import type { Search } from '../search.js';

/** more digits than the groups of a telephone number have */
const FRACTION_MIN = 8;
const PHONE_KIND = kindId('phone');
/** ITU-T E.164: at most 15 digits with the calling code */
export const PHONE_DIGITS_MAX = 15;
export const PHONE_DIGITS_MIN = 7;

const digit = new Uint8Array(40);
/** group that the digit belongs to, counted from the first */
const groupOf = new Uint8Array(40);
let digits = 0;

/**
 * Looks for numbers in a run of digits. `plus` is true when a + stands before the run; the international form is then found
 * whatever is around it. Without: 00 and a calling code; the shape of North American numbers; national form by region or context.
 */
export function phoneIn(s: Search, groups: Groups, plus: boolean): void {
  if (plus) {
    take(s, groups, 0, 0);
    international(s, groups, 0, 0, groups.start[0]! - plusWidth(s.buf, groups.start[0]!), 0.95);
    return;
  }
  let g = groups.first;
  while (g < groups.last) {
    const end = national(s, groups, g);
    g = end > g ? end : g + 1;
  }
}

/** How many bytes the + and an opening bracket take before the first digit. */
function plusWidth(buf: Uint8Array, at: number): number {
  return buf[at - 1] === 0x2b ? 1 : 2;
}

/** One past the last group of a number that begins with group g, or g when none does. */
function national(s: Search, groups: Groups, g: number): number {
  const start = groups.start[g]!;
  const length = groups.end[g]! - start;
  if (length > PHONE_DIGITS_MAX + 2) return g;
  // `794.0088249742985` is a number, and what stands behind its dot no call abroad
  const fraction = g > 0 && groups.gap[g - 1] === 0x2e && length >= FRACTION_MIN;
  if (s.buf[start] === 0x30 && s.buf[start + 1] === 0x30 && length >= 2 && !fraction) {
    take(s, groups, g, 2);
    const end = international(s, groups, g, 2, start, groups.end[g]! - start >= 12 ? 0.55 : 0.7);
    if (end > g) return end;
  }
  const shaped = northAmerican(s, groups, g);
  if (shaped > g) return shaped;
  // other national forms are only tried where a run begins: the middle of one is an amount, a date or a street number
  if (g !== groups.first) return g;
  return byRegionOrContext(s, groups, g);
}

/** Digits of the groups from g on, without the first `skip`; a group `(0)` is left out, it is not dialled from abroad. */
function take(s: Search, groups: Groups, g: number, skip: number): void {
  digits = 0;
  for (let k = g; k < groups.count && digits <= PHONE_DIGITS_MAX + 1; k++) {
    const start = groups.start[k]! + (k === g ? skip : 0);
    const end = groups.end[k]!;
    if (skip === 2 || k > g) {
      if (end - start === 1 && s.buf[start] === 0x30 && s.buf[start - 1] === 0x28 && s.buf[end] === 0x29) continue;
    }
    for (let p = start; p < end && digits < 18; p++) {
      digit[digits] = s.buf[p]! - 0x30;
      groupOf[digits++] = k;
    }
  }
  s.steps += digits;
}

/** Reads the digits taken as calling code and number; notes the longest valid one that ends with a group. */
function international(s: Search, groups: Groups, g: number, skip: number, start: number, score: number): number {
  let code = 0;
  let at = 0;
  while (at < 3 && at < digits) {
    code = code * 10 + digit[at++]!;
    if (code === 0) return g;
    if (IS_CALLING_CODE[code] === 1) break;
  }
  if (IS_CALLING_CODE[code] === 0) return g;
  const automaton = automatonOfCode(code);
  let state = automaton.start;
  let best = -1;
  const limit = Math.min(digits, PHONE_DIGITS_MAX + 2);
  for (; at < limit; at++) {
    state = automaton.next(state, digit[at]!);
    if (state === 0) break;
    const lastOfGroup = at + 1 === digits || groupOf[at + 1] !== groupOf[at];
    if (lastOfGroup && automaton.accepts(state) && endsGroup(groups, groupOf[at]!)) best = groupOf[at]!;
  }
  if (best < 0 || digits < (skip === 2 ? 8 : 6)) return g;
  if (score < 0.9) {
    const bits = s.name | s.before(start);
    if ((bits & PHONE) !== 0) score += 0.3;
    else if ((bits & AGAINST) !== 0) score -= 0.3;
  }
  s.found(PHONE_KIND, start, groups.end[best]!, score);
  return skip >= 0 ? best + 1 : g;
}

/** A group that a letter touches is part of a word and can't end a number, except before an extension (`x123`). */
function endsGroup(groups: Groups, g: number): boolean {
  return g < groups.last || groups.extension;
}

/** `415-555-2671`, `(415) 555-2671`, `1.415.555.2671`: written as numbers of North America are, and valid there. */
function northAmerican(s: Search, groups: Groups, g: number): number {
  const { start, end, gap } = groups;
  const lead = end[g]! - start[g]! === 1 && s.buf[start[g]!] === 0x31 ? 1 : 0;
  const area = g + lead;
  if (area + 3 > groups.last && !(area + 3 === groups.count && groups.extension)) return g;
  if (end[area]! - start[area]! !== 3 || end[area + 1]! - start[area + 1]! !== 3 || end[area + 2]! - start[area + 2]! !== 4) return g;
  const bracket = start[area]! > s.lo && s.buf[start[area]! - 1] === 0x28 && s.buf[end[area]!] === 0x29;
  const gap1 = gap[area]!;
  const gap2 = gap[area + 1]!;
  if (!bracket && (gap1 !== gap2 || gap1 === GAP_MIXED || gap1 === 0x2f)) return g;
  if (area + 3 < groups.count && gap[area + 2] === gap2 && gap2 !== 0x20) return g;
  if (area > 0 && lead === 0 && gap[area - 1] === gap1 && gap1 !== 0x20) return g;
  const automaton = automatonOfCode(1);
  let state = automaton.start;
  for (let k = area; k < area + 3; k++) for (let p = start[k]!; p < end[k]!; p++) state = automaton.next(state, s.buf[p]! - 0x30);
  s.steps += 10;
  const bits = s.name | s.before(start[g]!);
  let score = bracket ? 0.8 : gap1 === 0x20 ? 0.55 : 0.7;
  if (!automaton.accepts(state)) score -= 0.4;
  if ((bits & PHONE) !== 0) score += 0.3;
  else if ((bits & AGAINST) !== 0) score -= 0.3;
  s.found(PHONE_KIND, start[g]! - (bracket && lead === 0 ? 1 : 0), end[area + 2]!, score);
  return score >= 0.5 ? area + 3 : g;
}

function byRegionOrContext(s: Search, groups: Groups, g: number): number {
  const bits = s.name | s.before(groups.start[g]!);
  const context = (bits & PHONE) !== 0;
  if (!context && s.regions.length === 0) return g;
  if (isDate(s.buf, groups, g) || isFraction(s.buf, groups, g, s.lo)) return g;
  take(s, groups, g, 0);
  const bare = groups.count - g === 1 || groups.end[g]! - groups.start[g]! >= PHONE_DIGITS_MIN;
  let best = -1;
  for (const region of s.regions) {
    const plan = planOfRegion(region);
    if (plan === undefined) continue;
    const trunk = digits > 0 && plan.trunkPrefix === '0' && digit[0] === 0;
    // digits without gaps and without the trunk prefix are an id as often as a number
    if (bare && !trunk && !context) continue;
    best = Math.max(best, longestNational(plan, groups));
  }
  let score = 0.6;
  if (best < 0 && context) {
    best = contextual(groups, g, (s.name & PHONE) !== 0);
    score = 0.55;
  }
  if (best < 0) return g;
  if (context) score += 0.2;
  else if ((bits & AGAINST) !== 0) score -= 0.3;
  const from = groups.start[g]! - (s.buf[groups.start[g]! - 1] === 0x28 && groups.start[g]! > s.lo ? 1 : 0);
  s.found(PHONE_KIND, from, groups.end[best]!, score);
  return score >= 0.5 ? best + 1 : g;
}

/** The group with which the longest number valid in this region ends, or -1. */
function longestNational(plan: RegionPlan, groups: Groups): number {
  let best = -1;
  const trunk = plan.trunkPrefix;
  let skip = trunk.length;
  for (let k = 0; k < trunk.length; k++) if (digit[k] !== trunk.charCodeAt(k) - 0x30) skip = 0;
  for (let from = 0; from <= skip; from += skip === 0 ? 1 : skip) {
    let state = plan.valid.start;
    for (let at = from; at < digits; at++) {
      state = plan.valid.next(state, digit[at]!);
      if (state === 0) break;
      if (
        at + 1 >= PHONE_DIGITS_MIN &&
        (at + 1 === digits || groupOf[at + 1] !== groupOf[at]) &&
        plan.valid.accepts(state) &&
        endsGroup(groups, groupOf[at]!)
      )
        best = Math.max(best, groupOf[at]!);
    }
  }
  return best;
}

/** With a word such as "phone" before it any run of 7 to 15 digits is taken, whatever country it is from. */
function contextual(groups: Groups, g: number, named: boolean): number {
  let total = 0;
  let best = -1;
  const alone = groups.end[g]! - groups.start[g]!;
  // seven or eight digits in one are as often an amount
  if (!named && alone >= PHONE_DIGITS_MIN && alone < 9) return -1;
  for (let k = g; k < groups.count; k++) {
    total += groups.end[k]! - groups.start[k]!;
    if (total > PHONE_DIGITS_MAX) break;
    if (total >= PHONE_DIGITS_MIN && endsGroup(groups, k)) best = k;
    if (groups.gap[k] === 0x2f) break;
  }
  return best;
}

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
  return a <= 2 && b <= 2 && (c === 4 || c === 2) && groups.count - g <= 4;
}

/** `52.5200066`, and the seconds of `03:04:08.123`: one dot makes a decimal number, digits after a colon and a digit are a time. */
export function isFraction(buf: Uint8Array, groups: Groups, g: number, lo: number): boolean {
  const from = groups.start[g]!;
  if (from - 2 >= lo && buf[from - 1] === 0x3a && buf[from - 2]! >= 0x30 && buf[from - 2]! <= 0x39) return true;
  return groups.count - g === 2 && groups.gap[g] === 0x2e;
}
