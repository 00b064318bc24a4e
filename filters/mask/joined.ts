import { mayEscape, throughEscapes } from './readings/through.js';
import { maskText } from './text.js';
import type { ByteTarget, Detector, FindContext, Hit, Kind, MaskAs, Masker } from './types.js';
import { UnionDetector } from './union.js';

/** A detector and what is done with what it finds. */
export interface MaskingRule {
  detector: Detector;
  masker: Masker;
}

/** The name beside a text, with what the detector says of it. */
export interface NamedContext extends FindContext {
  /** undefined: not asked yet */
  sensitive?: boolean | undefined;
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
 * that is one kind's alone is masked by that kind's rule; where there is more, each rule finds what it finds in the text as it came, and
 * the strongest masks what several claim (union.ts).
 */
export class JoinedRules {
  readonly rules: readonly { detector: Detector; masker: Counting }[];
  private readonly ruleByKind: ReadonlyMap<Kind, number>;
  private readonly unions = new Map<Reads, UnionDetector>();

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

  /** A value was masked elsewhere by the rule at this place. */
  counted(rule: number): void {
    this.rules[rule]!.masker.count++;
  }

  /** The strongest rule's masker. */
  get strongest(): Masker {
    return this.rules[0]!.masker;
  }

  /** What all rules find, by detectors as `read` makes them; its hits say what masks them. */
  union(read: Reads = asItIs): UnionDetector {
    let union = this.unions.get(read);
    if (union === undefined) {
      union = new UnionDetector(this.rules.map(({ detector, masker }) => ({ detector: read(detector), masker })));
      this.unions.set(read, union);
    }
    return union;
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
   * buf[start, end) masked by all rules; undefined when none found anything. Where a rule with `null` takes the whole value away it is
   * null when `nullable`, else the kind in brackets. `read` gives what each rule's detector is asked through.
   */
  mask(
    buf: Buffer,
    start: number,
    end: number,
    context: FindContext | undefined,
    nullable: boolean,
    read: Reads = asItIs,
  ): Buffer | null | undefined {
    const union = this.union(read);
    const found = union.find(buf, start, end, context);
    const [first] = found;
    if (first === undefined) return undefined;
    if (nullable && first.masker!.as === 'null' && first.start === start && first.end === end) {
      first.masker!.mask(first.kind, buf, start, end);
      return null;
    }
    return maskText(union, this.strongest, buf, start, end, context, found);
  }

  /** buf[start, end), a whole text, masked by all rules; undefined when none found anything. `undo`: through escapes in it, too. */
  maskWhole(buf: Buffer, start: number, end: number, context: NamedContext, undo = true): Buffer | undefined {
    if (end <= start) return undefined;
    const { detector } = this;
    context.sensitive ??= context.name !== '' && detector.sensitiveName(context.name);
    const escapes = undo && mayEscape(buf, start, end);
    if (!escapes && !context.sensitive && !detector.mayHold(buf, start, end)) return undefined;
    return this.mask(buf, start, end, context, false, escapes ? throughEscapes : asItIs) ?? undefined;
  }

  /** The names of rules that masked something since, each once; `named` are the rules in their order. */
  firedSince(counts: readonly number[], named: readonly { name: string }[]): string[] {
    return named.filter((_, n) => this.rules[n]!.masker.count > counts[n]!).map(({ name }) => name);
  }
}

/** What a detector is asked through. */
type Reads = (detector: Detector) => Detector;
const asItIs: Reads = (detector) => detector;

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

/**
 * One detector for the kinds of all rules. Where their settings differ (regions, a policy's own kinds, what it leaves alone) no search can be the
 * one for all: then it asks the detector of each.
 */
export function joinDetectors(rules: readonly MaskingRule[]): Detector {
  const [first, ...others] = rules.map(({ detector }) => detector);
  if (others.length === 0) return first!;
  return first!.join?.(others) ?? new UnionDetector(rules);
}
