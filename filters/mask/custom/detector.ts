import { allPlaces, type JsonPlaces, stringPlaces } from '../anchors/places.js';
import { ByFind } from '../by-find.js';
import { createDetector } from '../detector.js';
import { expandKind } from '../kinds.js';
import type { Detector, DetectorOptions, FindContext, Hit, Kind } from '../types.js';
import { AllowFilter, type AllowRule } from './allow.js';
import { Automaton, MATCH_READ_MAX } from './automaton.js';
import { Dictionary } from './dictionary.js';
import { evidenceWords } from './words.js';

/** A kind of one's own: words or a pattern. */
export interface CustomKind {
  kind: Kind;
  words: readonly string[];
  /** RE2's syntax; undefined for a kind of words */
  pattern: string | undefined;
  ignore_case: boolean;
  /** words are found within longer ones too */
  inside?: boolean;
  /** words of which one must stand before the value, or in its key; none: no word is needed */
  context: readonly string[];
  score: number;
}

/** What a policy says about detection. */
export interface Detection {
  kinds: readonly CustomKind[];
  allow: readonly AllowRule[];
  /** lowest score by kind; hits below it are not masked */
  score_min: ReadonlyMap<Kind, number>;
}

interface Matcher extends Pick<CustomKind, 'kind' | 'score'> {
  context: ReadonlySet<string>;
  find(buf: Uint8Array, lo: number, hi: number, told: (start: number, end: number) => void): void;
  may(buf: Uint8Array, lo: number, hi: number): boolean;
  steps(): number;
  held: number;
  begun(buf: Uint8Array, lo: number, hi: number): number;
}

/** A detector for these kinds with a policy's own kinds, allow lists and scores. Throws what createDetector throws. */
export function createPolicyDetector(options: DetectorOptions & { detection?: Detection | undefined }): Detector {
  const { detection, detect, ...rest } = options;
  if (detection === undefined) return createDetector({ detect: detect.filter((kind) => kind !== 'custom'), ...rest });
  const own = new Set(detection.kinds.map(({ kind }) => kind));
  const wanted = detect.includes('all') || detect.includes('custom') ? own : new Set(detect.filter((kind) => own.has(kind)));
  const base = createDetector({ detect: detect.filter((kind) => kind !== 'custom' && !own.has(kind)), ...rest });
  return new PolicyDetector(
    base,
    detection,
    detection.kinds.filter(({ kind }) => wanted.has(kind)),
    (kind) => createDetector({ detect: base.kinds.filter((one) => one !== kind), ...rest }),
  );
}

type Counted = Detector & { steps: number };

class PolicyDetector extends ByFind {
  readonly kinds: readonly Kind[];
  readonly held_max: number;
  readonly short_numbers: boolean;
  private readonly matchers: readonly Matcher[];
  private readonly allow: AllowFilter;
  private readonly scores: ReadonlyMap<Kind, number>;
  private readonly without = new Map<Kind, Counted>();
  readonly anchors: JsonPlaces | undefined;

  constructor(
    private readonly base: Counted,
    private readonly detection: Detection,
    private readonly own: readonly CustomKind[],
    /** the base without one of its kinds */
    private readonly others: (kind: Kind) => Counted,
  ) {
    super();
    this.kinds = [...base.kinds, ...own.map(({ kind }) => kind)].sort();
    this.matchers = own.map(matcherOf);
    this.held_max = Math.max(0, ...this.matchers.map(({ held }) => held));
    this.short_numbers = own.some(({ pattern, words }) => pattern !== undefined || words.some((word) => /^[-\d.]+$/.test(word)));
    this.allow = new AllowFilter(detection.allow);
    this.scores = detection.score_min;
    this.anchors = this.places();
  }

  /** What a pattern finds may be a number, or reach over what parts strings; words with a letter are looked for string by string. */
  private places(): JsonPlaces | undefined {
    const { base, matchers, own } = this;
    if (matchers.length === 0) return base.anchors;
    if (own.some(({ pattern, words }) => pattern !== undefined || words.some((word) => /^[-+\d.eE]+$/.test(word)))) return undefined;
    const words = stringPlaces((buf, start, end) => matchers.some(({ may }) => may(buf, start, end)));
    if (base.kinds.length === 0) return words;
    return base.anchors && allPlaces([base.anchors, words]);
  }

  get steps(): number {
    const base = [...this.without.values()].reduce((sum, { steps }) => sum + steps, this.base.steps);
    return this.matchers.reduce((sum, matcher) => sum + matcher.steps(), base);
  }

  find(buf: Uint8Array, start: number, end: number, context?: FindContext): readonly Hit[] {
    const found = this.base.find(buf, start, end, context);
    const hits: Hit[] = [];
    const allowed = found.filter((hit) => this.take(hit, buf, hits) === ALLOWED);
    if (allowed.length > 0) this.within(allowed, buf, start, end, context, hits);
    const base = hits.length;
    for (const { kind, score, context: words, find } of this.matchers) {
      find(buf, start, end, (from, to) => {
        if (words.size === 0 || evidenceWords(buf, from, start, context?.name ?? '').some((word) => words.has(word)))
          this.take({ kind, start: from, end: to, score }, buf, hits);
      });
    }
    return hits.length === base && allowed.length === 0 ? hits : joined(hits);
  }

  mayHold(buf: Uint8Array, start: number, end: number): boolean {
    return this.base.mayHold(buf, start, end) || this.matchers.some(({ may }) => may(buf, start, end));
  }

  begun(buf: Uint8Array, start: number, end: number): number {
    return Math.max(0, ...this.matchers.map(({ begun }) => begun(buf, start, end)));
  }

  join(joining: readonly Detector[]): Detector | undefined {
    const bases: Detector[] = [];
    const own = new Set(this.own);
    for (const other of joining) {
      if (!(other instanceof PolicyDetector) || other.detection !== this.detection) return undefined;
      bases.push(other.base);
      for (const kind of other.own) own.add(kind);
    }
    const base = this.base.join?.(bases) as Counted | undefined;
    if (base === undefined) return undefined;
    const others = (kind: Kind): Counted => {
      const [first, ...more] = [this, ...(joining as PolicyDetector[])].map((one) => one.withoutKind(kind));
      return (first!.join?.(more) as Counted | undefined) ?? first!;
    };
    return new PolicyDetector(base, this.detection, [...own], others);
  }

  sensitiveName(name: string): boolean {
    return this.base.sensitiveName(name);
  }

  private take(hit: Hit, buf: Uint8Array, hits: Hit[]): number {
    if (hit.score < (this.scores.get(hit.kind) ?? 0)) return LEFT;
    if (this.allow.allows(hit, buf)) return ALLOWED;
    hits.push(hit);
    return TAKEN;
  }

  /**
   * What is left alone may be, or hold, what is not: `password=hunter22@corp.example` is an address of one's own to him who wrote it so, and so is a card
   * number before such a domain. So it is searched once more for all other kinds, and what stands before the sign for all.
   */
  private within(
    allowed: readonly Hit[],
    buf: Uint8Array,
    start: number,
    end: number,
    context: FindContext | undefined,
    hits: Hit[],
  ): void {
    for (const kind of new Set(allowed.map((hit) => hit.kind))) {
      let next = 0;
      for (const hit of this.withoutKind(kind).find(buf, start, end, context)) {
        while (next < allowed.length && allowed[next]!.end <= hit.start) next++;
        if (next < allowed.length && allowed[next]!.start < hit.end) this.take(hit, buf, hits);
      }
    }
    for (const { kind, start: from, end: to } of allowed) {
      const at = kind === 'email' ? buf.subarray(from, to).lastIndexOf(AT) : -1;
      if (at > 0) for (const hit of this.base.find(buf, from, from + at)) this.take(hit, buf, hits);
    }
  }

  private withoutKind(kind: Kind): Counted {
    let other = this.without.get(kind);
    if (other === undefined) {
      other = this.others(kind);
      this.without.set(kind, other);
    }
    return other;
  }
}

const AT = 0x40;
/** what becomes of a hit */
const TAKEN = 0;
const LEFT = 1;
const ALLOWED = 2;

function matcherOf({ kind, words, pattern, ignore_case, inside = false, context, score }: CustomKind): Matcher {
  const common = { kind, score, context: new Set(context.map((word) => word.toLowerCase())) };
  if (pattern === undefined) {
    const dictionary = new Dictionary(words, ignore_case);
    return {
      ...common,
      find: (buf, lo, hi, told) => {
        dictionary.find(buf, lo, hi, inside, (start, end) => {
          told(start, end);
          return false;
        });
      },
      may: (buf, lo, hi) => dictionary.find(buf, lo, hi, true, () => true),
      steps: () => dictionary.steps,
      held: dictionary.longest,
      begun: (buf, lo, hi) => dictionary.begun(buf, lo, hi),
    };
  }
  const source = ignore_case ? `(?i)${pattern}` : pattern;
  const exact = new Automaton(source, false);
  const relaxed = new Automaton(source, true);
  return {
    ...common,
    find: (buf, lo, hi, told) => {
      for (let at = lo; at < hi; ) {
        const end = exact.begins(buf[at]!) ? exact.longest(buf, at, lo, hi) : -1;
        if (end > at) told(at, end);
        at = end > at ? end : at + 1;
      }
    },
    may: (buf, lo, hi) => {
      for (let at = lo; at < hi; at++) if (relaxed.begins(buf[at]!) && relaxed.longest(buf, at, lo, hi) > at) return true;
      return false;
    },
    steps: () => exact.steps + relaxed.steps,
    held: MATCH_READ_MAX,
    begun: () => MATCH_READ_MAX,
  };
}

/** In order, without overlaps: the longer names the union (search.ts). */
function joined(hits: Hit[]): Hit[] {
  hits.sort((a, b) => a.start - b.start || b.end - a.end);
  const out: Hit[] = [];
  let named = 0;
  for (const hit of hits) {
    const last = out[out.length - 1];
    const length = hit.end - hit.start;
    if (last === undefined || hit.start >= last.end) {
      out.push({ ...hit });
      named = length;
      continue;
    }
    if (length > named || (length === named && hit.score > last.score)) {
      last.kind = hit.kind;
      last.score = hit.score;
      named = length;
    }
    last.end = Math.max(last.end, hit.end);
  }
  return out;
}

/** What `detect` may name when a policy has these kinds of its own. */
export function expandWith(name: string, own: readonly Kind[]): Kind[] | undefined {
  if (name === 'custom') return [...own];
  if (own.includes(name)) return [name];
  const known = expandKind(name);
  return name === 'all' && known !== undefined ? [...known, ...own] : known;
}
