import { allPlaces, type JsonPlaces } from './anchors/places.js';
import { ByFind } from './by-find.js';
import { openFrom } from './stream/open-end.js';
import type { Detector, FindContext, Hit, Kind, Masker } from './types.js';

const NONE: readonly Hit[] = Object.freeze([]);

/**
 * What several rules find in one text, each in the text as it came: no rule sees what another makes of it. Spans that overlap are one,
 * which the strongest of their rules masks; the longest value of that rule names it. Each hit says what masks it.
 */
export class UnionDetector extends ByFind {
  readonly kinds: readonly Kind[];
  readonly anchors: JsonPlaces | undefined;

  /** `rules` are ordered, strongest first. */
  constructor(private readonly rules: readonly { detector: Detector; masker: Masker }[]) {
    super();
    this.kinds = [...new Set(rules.flatMap(({ detector }) => detector.kinds))].sort();
    const looks = rules.flatMap(({ detector: { anchors } }) => anchors ?? []);
    this.anchors = looks.length === rules.length ? allPlaces(looks) : undefined;
  }

  find(buf: Buffer, start: number, end: number, context?: FindContext): readonly Hit[] {
    const all: { hit: Hit; rule: number }[] = [];
    this.rules.forEach(({ detector }, rule) => {
      for (const hit of detector.find(buf, start, end, context)) all.push({ hit, rule });
    });
    return all.length === 0 ? NONE : this.apart(all);
  }

  private apart(all: { hit: Hit; rule: number }[]): Hit[] {
    all.sort((a, b) => a.hit.start - b.hit.start || b.hit.end - a.hit.end || a.rule - b.rule);
    const out: Hit[] = [];
    let strongest = 0;
    let longest = 0;
    for (const { hit, rule } of all) {
      const last = out[out.length - 1];
      const length = hit.end - hit.start;
      const { masker } = this.rules[rule]!;
      if (last === undefined || hit.start >= last.end) {
        out.push({ ...hit, masker });
        strongest = rule;
        longest = length;
        continue;
      }
      const end = Math.max(last.end, hit.end);
      if (rule < strongest || (rule === strongest && length > longest)) {
        out[out.length - 1] = { ...spanning(hit, last.start, end), masker };
        strongest = rule;
        longest = length;
      } else if (end > last.end) out[out.length - 1] = spanning(last, last.start, end);
    }
    return out;
  }

  mayHold(buf: Buffer, start: number, end: number): boolean {
    return this.rules.some(({ detector }) => detector.mayHold(buf, start, end));
  }

  sensitiveName(name: string): boolean {
    return this.rules.some(({ detector }) => detector.sensitiveName(name));
  }

  get held_max(): number {
    return this.most((detector) => detector.held_max);
  }

  get touches_max(): number {
    return this.most((detector) => detector.touches_max);
  }

  get short_numbers(): boolean {
    return this.rules.some(({ detector }) => detector.short_numbers === true);
  }

  begun(buf: Buffer, from: number, to: number): number {
    return this.most((detector) => detector.begun?.(buf, from, to) ?? detector.held_max);
  }

  openFrom(buf: Buffer, lo: number, hi: number): number {
    return Math.min(...this.rules.map(({ detector }) => detector.openFrom?.(buf, lo, hi) ?? openFrom(buf, lo, hi)));
  }

  private most(of: (detector: Detector) => number | undefined): number {
    return this.rules.reduce((most, { detector }) => Math.max(most, of(detector) ?? 0), 0);
  }
}

/** The hit over a longer range. What it was known to stand for is no more than a part of that. */
function spanning(hit: Hit, start: number, end: number): Hit {
  if (hit.start === start && hit.end === end) return hit;
  const { says: _says, rest: _rest, ...bare } = hit;
  return { ...bare, start, end };
}
