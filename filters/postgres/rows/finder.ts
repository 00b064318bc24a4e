import { reachesInto } from '../../mask/rewritten.js';
import type { FindContext, Kind, WholeForm } from '../../mask/types.js';
import type { Cover } from './cell.js';
import type { DetectorRule, MaskSet } from './mask-set.js';
import { strengthOf } from './mask-set.js';

interface SetFacts {
  strengths: readonly number[];
  allKinds: ReadonlySet<Kind>;
  shortNumbers: boolean;
}

/** Finders are made for every layout; what they know of their mask set is worked out once. */
const known = new WeakMap<MaskSet, SetFacts>();

function factsOf(masks: MaskSet): SetFacts {
  let facts = known.get(masks);
  if (facts === undefined) {
    facts = {
      strengths: masks.detectors.map((rule) => strengthOf(rule.as)),
      allKinds: new Set(masks.detectors.flatMap((rule) => rule.detector.kinds)),
      shortNumbers: masks.detectors.some((rule) => rule.detector.short_numbers === true),
    };
    known.set(masks, facts);
  }
  return facts;
}

/**
 * Runs all detectors of a mask set over some bytes and joins what they find: ordered, not overlapping, the strongest
 * masker of all that claim a byte. Results stand in arrays that are used again by the next find().
 */
export class Finder {
  count = 0;
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly kinds: Kind[] = [];
  private readonly rules: number[] = [];
  /** of the value that names each, which may be a part of it */
  private readonly lengths: number[] = [];
  private readonly strengths: readonly number[];
  private readonly allKinds: ReadonlySet<Kind>;
  /** numbers of any length are to be looked at */
  readonly shortNumbers: boolean;

  constructor(readonly masks: MaskSet) {
    const { strengths, allKinds, shortNumbers } = factsOf(masks);
    this.shortNumbers = shortNumbers;
    this.strengths = strengths;
    this.allKinds = allKinds;
  }

  get empty(): boolean {
    return this.masks.detectors.length === 0;
  }

  looksFor(kind: Kind): boolean {
    return this.allKinds.has(kind);
  }

  ruleOf(i: number): DetectorRule {
    return this.masks.detectors[this.rules[i]!]!;
  }

  /** False when no detector finds anything in buf[start, end), however the bytes are cut, save under a sensitive name. */
  mayHold(buf: Uint8Array, start: number, end: number): boolean {
    const { quick, detectors } = this.masks;
    if (quick !== undefined) return quick.mayHold(buf, start, end);
    for (const rule of detectors) if (rule.detector.mayHold(buf, start, end)) return true;
    return false;
  }

  sensitiveName(name: string): boolean {
    const { quick, detectors } = this.masks;
    if (quick?.sensitiveName(name)) return true;
    return detectors.some((rule) => rule.detector.sensitiveName(name));
  }

  /** A form of values that all detectors together take for one of this kind; undefined where none is known. */
  wholeForm(kind: Kind, name: string): WholeForm | undefined {
    return this.masks.quick?.wholeForm?.(kind, name);
  }

  /** Fills starts, ends, kinds; returns how many. */
  find(buf: Uint8Array, start: number, end: number, context: FindContext | undefined): number {
    this.count = 0;
    const { detectors } = this.masks;
    for (let r = 0; r < detectors.length; r++) {
      const { detector } = detectors[r]!;
      const count = detector.search(buf, start, end, context);
      if (count === 0) continue;
      if (count === 1) {
        const { only } = detector;
        this.add(only.start, only.end, only.kind, r);
        continue;
      }
      const hits = detector.hits();
      for (let i = 0; i < hits.length; i++) {
        const hit = hits[i]!;
        this.add(hit.start, hit.end, hit.kind, r);
      }
    }
    return this.count;
  }

  /** Adds one find; spans that touch the same bytes become one, with the strongest masker of them. Its rule's longest value names it (union.ts). */
  add(start: number, end: number, kind: Kind, rule: number): void {
    const { starts, ends, kinds, rules, lengths } = this;
    let at = this.count;
    while (at > 0 && starts[at - 1]! > start) at--;
    if (at > 0 && ends[at - 1]! > start) at--;
    let upto = at;
    let winner = rule;
    let winnerKind = kind;
    let length = end - start;
    const own = start;
    while (upto < this.count && starts[upto]! < end && ends[upto]! > start) {
      const other = rules[upto]!;
      const longer = lengths[upto]! - length;
      if (this.isStronger(other, winner) || (other === winner && (longer > 0 || (longer === 0 && starts[upto]! < own)))) {
        winner = other;
        winnerKind = kinds[upto]!;
        length = lengths[upto]!;
      }
      start = Math.min(start, starts[upto]!);
      end = Math.max(end, ends[upto]!);
      upto++;
    }
    const removed = upto - at;
    if (removed !== 1) {
      const shift = 1 - removed;
      if (shift > 0) for (let i = this.count; i > at; i--) this.move(i - 1, i);
      else for (let i = upto; i < this.count; i++) this.move(i, i + shift);
      this.count += shift;
    }
    starts[at] = start;
    ends[at] = end;
    kinds[at] = winnerKind;
    rules[at] = winner;
    lengths[at] = length;
  }

  /** Of two rules of one strength the first is the stronger. */
  private isStronger(rule: number, than: number): boolean {
    const more = this.strengths[rule]! - this.strengths[than]!;
    return more > 0 || (more === 0 && rule < than);
  }

  /** Forgets the finds that reach into one of these ranges, pairs of offsets. */
  leaveOut(ranges: readonly number[]): void {
    if (ranges.length === 0) return;
    let left = 0;
    for (let i = 0; i < this.count; i++) if (!reachesInto(ranges, this.starts[i]!, this.ends[i]!)) this.move(i, left++);
    this.count = left;
  }

  private move(from: number, to: number): void {
    this.starts[to] = this.starts[from]!;
    this.ends[to] = this.ends[from]!;
    this.kinds[to] = this.kinds[from]!;
    this.rules[to] = this.rules[from]!;
    this.lengths[to] = this.lengths[from]!;
  }

  /** Which rule found hit i: for add(), after the hits were kept aside. */
  ruleIndex(i: number): number {
    return this.rules[i]!;
  }

  /** The strongest masker among the hits, for values that are masked as a whole. */
  strongest(): Cover {
    let best = 0;
    for (let i = 1; i < this.count; i++) if (this.strengths[this.rules[i]!]! > this.strengths[this.rules[best]!]!) best = i;
    const rule = this.ruleOf(best);
    return { as: rule.as, masker: rule.masker, kind: this.kinds[best]! };
  }
}
