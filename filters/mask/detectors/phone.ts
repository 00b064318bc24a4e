import { besideUuidPart } from '../bytes.js';
import { AGAINST, PHONE } from '../evidence.js';
import { GAP_MIXED, type Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import { automatonOfCode, IS_CALLING_CODE, planOfRegion, type RegionPlan } from '../phone/plans.js';
import type { Search } from '../search.js';
import { isDate, isFraction } from './dates.js';
import { isOctet } from './ip.js';
import { extensionEnd, namedAfter, namedBeside } from './phone-near.js';

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
  if (!mayStand(s.buf, groups)) {
    if (groups.first < groups.last && groups.end[groups.first]! - groups.start[groups.first]! <= PHONE_DIGITS_MAX + 2)
      byRegionOrContext(s, groups, groups.first);
    return;
  }
  let g = groups.first;
  while (g < groups.last) {
    const end = national(s, groups, g);
    g = end > g ? end : g + 1;
  }
}

/** Some group begins with 00, or groups are of the sizes that North America prints: what tells a number without words. */
function mayStand(buf: Uint8Array, { start, end, count }: Groups): boolean {
  let before = 0;
  let before2 = 0;
  for (let g = 0; g < count; g++) {
    const size = end[g]! - start[g]!;
    if (size === 4 && before === 3 && before2 === 3) return true;
    if (size > 1 && buf[start[g]!] === 0x30 && buf[start[g]! + 1] === 0x30) return true;
    before2 = before;
    before = size;
  }
  return false;
}

/** How sure 00 makes a number: numbers that are filled up with zeros begin alike, so in one run it takes a word, and none may be part of a longer name. */
function abroad(s: Search, groups: Groups, g: number): number {
  const start = groups.start[g]!;
  const length = groups.end[g]! - start;
  const before = start > s.lo ? s.buf[start - 1]! : 0;
  if (before === 0x2d || before === 0x2f || before === 0x5f || besideUuidPart(s.buf, start, groups.until, s.lo, s.hi)) return 0.2;
  if (groups.count - g > 1 && length < 10) return 0.7;
  return length < 12 || before === 0x22 || before === 0x3a || before === 0x3d ? 0.4 : 0.55;
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
    const end = international(s, groups, g, 2, start, abroad(s, groups, g));
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
  let touched = -1;
  const limit = Math.min(digits, PHONE_DIGITS_MAX + 2);
  for (; at < limit; at++) {
    state = automaton.next(state, digit[at]!);
    if (state === 0) break;
    const lastOfGroup = at + 1 === digits || groupOf[at + 1] !== groupOf[at];
    if (!lastOfGroup || !automaton.accepts(state)) continue;
    if (endsGroup(groups, groupOf[at]!)) best = groupOf[at]!;
    else touched = groupOf[at]!;
  }
  if (best >= 0) best = Math.max(best, touched);
  if (best < 0 || digits < (skip === 2 ? 8 : 6)) {
    if (skip === 0) unassigned(s, groups, start);
    return g;
  }
  if (score < 0.9) {
    const bits = s.name | s.before(start);
    if ((bits & PHONE) !== 0) score += 0.3;
    else if ((bits & AGAINST) !== 0) score -= 0.3;
  }
  s.found(PHONE_KIND, start, endOf(s, groups, best), score);
  return skip >= 0 ? best + 1 : g;
}

/** fewest digits behind a plus that no plan has, in groups and in one */
const UNASSIGNED_MIN = 9;
const UNASSIGNED_BARE_MIN = 11;
const UNASSIGNED_BARE_MAX = 13;

/**
 * A plus and a calling code before a number that no plan has: of a country whose plan is newer than the metadata, or mistyped. It is taken
 * where it is written as numbers are, or named as one; `start` is the plus. A plus that begins a line is as often the sign of a diff.
 */
function unassigned(s: Search, groups: Groups, start: number): void {
  let total = 0;
  let last = -1;
  let short = 0;
  for (let g = 0; g < groups.count; g++) {
    const length = groups.end[g]! - groups.start[g]!;
    total += length;
    if (total > PHONE_DIGITS_MAX || (g > 0 && groups.gap[g - 1] === 0x2f)) break;
    if (g > 0 && length === 1 && groups.gap[g] !== 0x29) short++;
    if (endsGroup(groups, g) || last >= 0) last = g;
  }
  if (last < 0 || isDate(s.buf, groups, 0) || isDate(s.buf, groups, 1) || isFraction(s.buf, groups, 0, s.lo)) return;
  const reach = Math.min(total, digits);
  const end = endOf(s, groups, last);
  const bits = s.name | s.before(start);
  if (reach >= PHONE_DIGITS_MIN && ((bits & PHONE) !== 0 || end > groups.end[last]! || namedAfter(s.buf, end, s.hi))) {
    s.found(PHONE_KIND, start, end, 0.75);
    return;
  }
  if ((bits & AGAINST) !== 0 || short > 1 || (start > s.lo && s.buf[start - 1] === 0x0a)) return;
  const formed = last > 0 ? reach >= UNASSIGNED_MIN : reach >= UNASSIGNED_BARE_MIN && reach <= UNASSIGNED_BARE_MAX;
  if (formed) s.found(PHONE_KIND, start, end, 0.55);
}

/** Where a number ends whose last group is `g`: behind its extension, when it has one. */
function endOf(s: Search, groups: Groups, g: number): number {
  const end = groups.end[g]!;
  return g === groups.count - 1 && !groups.more ? extensionEnd(s.buf, end, s.hi) : end;
}

/**
 * A group that a letter touches is part of a word and can't end a number, except before an extension (`x123`). Where the groups before it
 * are a number already it belongs to that: `+1 212 555 0123x` is not `+1 212 555` and four digits that stay.
 */
function endsGroup(groups: Groups, g: number): boolean {
  return g < groups.last || groups.extension;
}

/** `415-555-2671`, `(415) 555-2671`, `1.415.555.2671`, `001-415-…`: written as numbers of North America are; one that no plan has takes more. */
function northAmerican(s: Search, groups: Groups, g: number): number {
  const { start, end, gap } = groups;
  const lead = leadOf(s.buf, start[g]!, end[g]!);
  const area = g + (lead === 0 ? 0 : 1);
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
  const from = start[g]! - (bracket && lead === 0 ? 1 : 0);
  const until = endOf(s, groups, area + 2);
  const bits = s.name | s.before(from);
  let score = bracket ? 0.8 : gap1 === 0x20 ? 0.55 : 0.7;
  // area codes and exchanges begin with 2 and more
  if (!automaton.accepts(state)) score -= bracket && s.buf[start[area]!]! > 0x31 && s.buf[start[area + 1]!]! > 0x31 ? 0.15 : 0.4;
  if ((bits & PHONE) !== 0) score += 0.3;
  else if ((bits & AGAINST) !== 0) score -= 0.3;
  if (until > end[area + 2]! || namedAfter(s.buf, until, s.hi)) score += 0.3;
  if (lead === 3) score += 0.25;
  s.found(PHONE_KIND, from, until, score);
  return score >= 0.5 ? area + 3 : g;
}

/** How many digits the group has that are dialled before an area code: `1`, or `001` from abroad; else 0. */
function leadOf(buf: Uint8Array, start: number, end: number): number {
  if (end - start === 1) return buf[start] === 0x31 ? 1 : 0;
  return end - start === 3 && buf[start] === 0x30 && buf[start + 1] === 0x30 && buf[start + 2] === 0x31 ? 3 : 0;
}

function byRegionOrContext(s: Search, groups: Groups, g: number): number {
  const start = groups.start[g]!;
  const from = start - (start > s.lo && s.buf[start - 1] === 0x28 ? 1 : 0);
  const bits = s.name | s.before(from);
  const before = (bits & PHONE) !== 0;
  const after = !before && namedAfter(s.buf, endOf(s, groups, groups.count - 1), s.hi);
  const context = before || after;
  if (!context && s.regions.length === 0) return g;
  if (holdsDate(s.buf, groups, g) || isFraction(s.buf, groups, g, s.lo) || isPlaceOfNet(s, groups, g)) return g;
  take(s, groups, g, 0);
  const bare = groups.count - g === 1 || groups.end[g]! - start >= PHONE_DIGITS_MIN;
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
    best = contextual(groups, g, (s.name & PHONE) !== 0 || (before && namedBeside(s.buf, from, s.lo)));
    if (after && best !== groups.count - 1) best = -1;
    score = 0.55;
  }
  if (best < 0) return g;
  if (context) score += 0.2;
  else if ((bits & AGAINST) !== 0) score -= 0.3;
  s.found(PHONE_KIND, from, endOf(s, groups, best), score);
  return score >= 0.5 ? best + 1 : g;
}

/** The group with which the longest number valid in this region ends, or -1. */
function longestNational(plan: RegionPlan, groups: Groups): number {
  let best = -1;
  let touched = -1;
  const trunk = plan.trunkPrefix;
  let skip = trunk.length;
  for (let k = 0; k < trunk.length; k++) if (digit[k] !== trunk.charCodeAt(k) - 0x30) skip = 0;
  for (let from = 0; from <= skip; from += skip === 0 ? 1 : skip) {
    let state = plan.valid.start;
    for (let at = from; at < digits; at++) {
      state = plan.valid.next(state, digit[at]!);
      if (state === 0) break;
      if (at + 1 >= PHONE_DIGITS_MIN && (at + 1 === digits || groupOf[at + 1] !== groupOf[at]) && plan.valid.accepts(state)) {
        if (endsGroup(groups, groupOf[at]!)) best = Math.max(best, groupOf[at]!);
        else touched = groupOf[at]!;
      }
    }
  }
  return best < 0 ? best : Math.max(best, touched);
}

/** `2.8.0 (2015-10-05)`: one of the groups begins a date. */
function holdsDate(buf: Uint8Array, groups: Groups, g: number): boolean {
  for (let k = g; k + 2 < groups.count; k++) if (isDate(buf, groups, k)) return true;
  return false;
}

/** `dial tcp 10.0.0.1:443`, as programs in Go say it: an IPv4 address with a port. */
function isPlaceOfNet({ buf, hi }: Search, { start, end, gap, count }: Groups, g: number): boolean {
  if (count - g !== 4 || end[count - 1]! + 1 >= hi) return false;
  for (let k = g; k < count; k++) if (!isOctet(buf, start[k]!, end[k]!) || (k + 1 < count && gap[k] !== 0x2e)) return false;
  const port = buf[end[count - 1]! + 1]!;
  return buf[end[count - 1]!] === 0x3a && port >= 0x30 && port <= 0x39;
}

/** fewest digits in groups behind the word that names them: `tel. 33 93 31` */
const BESIDE_DIGITS_MIN = 6;

/** With a word such as "phone" before it any run of 7 to 15 digits is taken, whatever country it is from. `named`: the word is its own. */
function contextual(groups: Groups, g: number, named: boolean): number {
  let total = 0;
  let best = -1;
  const alone = groups.end[g]! - groups.start[g]!;
  // seven or eight digits in one are as often an amount
  if (!named && alone >= PHONE_DIGITS_MIN && alone < 9) return -1;
  for (let k = g; k < groups.count; k++) {
    total += groups.end[k]! - groups.start[k]!;
    if (total > PHONE_DIGITS_MAX) break;
    if (total >= (named && k > g ? BESIDE_DIGITS_MIN : PHONE_DIGITS_MIN) && (best >= 0 || endsGroup(groups, k))) best = k;
    // `03833/54154635`; another slash is between two numbers
    if (groups.gap[k] === 0x2f && (k > g || alone > 6 || alone < 2)) break;
  }
  return best;
}
