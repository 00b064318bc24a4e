import { maskText } from './text.js';
import type { ByteTarget, Detector, FindContext, Hit, Kind, MaskAs, Masker } from './types.js';

/** A detector and what is done with what it finds. */
export interface MaskingRule {
  detector: Detector;
  masker: Masker;
}

/** A masker that counts the values it masks. */
class Counting implements Masker {
  count = 0;
  readonly as: MaskAs;

  constructor(private readonly inner: Masker) {
    this.as = inner.as;
  }

  mask(kind: Kind, buf: Uint8Array, start: number, end: number): Buffer | undefined {
    this.count++;
    return this.inner.mask(kind, buf, start, end);
  }

  into(kind: Kind, buf: Uint8Array, start: number, end: number, out: ByteTarget): boolean {
    this.count++;
    return this.inner.into(kind, buf, start, end, out);
  }
}

/**
 * Several rules that read a text once: one detector looks for the kinds of all. What it finds nothing in, none of them would; a value
 * that is one kind's alone is masked by that kind's rule; where several may claim a value, the rules mask it one after the other,
 * strongest first, as if each had read the whole text.
 */
export class JoinedRules {
  readonly rules: readonly { detector: Detector; masker: Counting }[];
  private readonly ruleByKind: ReadonlyMap<Kind, number>;

  /** `rules` are ordered, strongest first; `detector` finds what any of theirs does. */
  constructor(
    readonly detector: Detector,
    rules: readonly MaskingRule[],
  ) {
    this.rules = rules.map(({ detector, masker }) => ({ detector, masker: new Counting(masker) }));
    this.ruleByKind = ruleByKindOf(rules);
  }

  /** values masked so far, by rule */
  get counts(): number[] {
    return this.rules.map(({ masker }) => masker.count);
  }

  /** Takes back what was counted since: what was masked on trial and thrown away does not count. */
  reset(counts: readonly number[]): void {
    counts.forEach((count, n) => {
      this.rules[n]!.masker.count = count;
    });
  }

  /** The masker of a kind: the strongest rule's that looks for it. */
  maskerOf(kind: Kind): Masker {
    return this.rules[this.ruleByKind.get(kind) ?? 0]!.masker;
  }

  /** The strongest masker of what some rule finds in buf[start, end), and that hit; undefined when none finds anything. */
  first(buf: Buffer, start: number, end: number, context: FindContext | undefined): { hit: Hit; masker: Masker } | undefined {
    for (const { detector, masker } of this.rules) {
      const [hit] = detector.find(buf, start, end, context);
      if (hit !== undefined) return { hit, masker };
    }
    return undefined;
  }

  /**
   * buf[start, end) masked by one rule after the other; undefined when none found anything. Where a rule with `null` takes the whole value
   * away it is null when `nullable`, else the kind in brackets. `read` gives
   * what each rule's detector is asked through.
   */
  mask(
    buf: Buffer,
    start: number,
    end: number,
    context: FindContext | undefined,
    nullable: boolean,
    read: (detector: Detector) => Detector = (detector) => detector,
  ): Buffer | null | undefined {
    let text = buf;
    let from = start;
    let to = end;
    let changed = false;
    for (const { detector: own, masker } of this.rules) {
      const detector = read(own);
      const found = detector.find(text, from, to, context);
      if (found.length === 0) continue;
      if (nullable && masker.as === 'null' && found.length === 1 && found[0]!.start === from && found[0]!.end === to) {
        masker.count++;
        return null;
      }
      text = maskText(detector, masker, text, from, to, context, found)!;
      from = 0;
      to = text.length;
      changed = true;
    }
    return changed ? text : undefined;
  }
}

/** The strongest rule that looks for a kind, by the list of rules: each body of a caller has the same. */
const rulesByKind = new WeakMap<readonly MaskingRule[], ReadonlyMap<Kind, number>>();

function ruleByKindOf(rules: readonly MaskingRule[]): ReadonlyMap<Kind, number> {
  let found = rulesByKind.get(rules);
  if (found === undefined) {
    const made = new Map<Kind, number>();
    rules.forEach(({ detector: { kinds } }, n) => {
      for (const kind of kinds) if (!made.has(kind)) made.set(kind, n);
    });
    found = made;
    rulesByKind.set(rules, found);
  }
  return found;
}

/** One detector for the kinds of all rules; undefined where their detectors have other settings and each must read for itself. */
export function joinDetectors(rules: readonly MaskingRule[]): Detector | undefined {
  const [first, ...others] = rules.map(({ detector }) => detector);
  return first?.join?.(others);
}
