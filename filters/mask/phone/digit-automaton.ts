import { type Node, PackedNodes } from './packed-nodes.js';

const STATES_MAX = 20000;

/** The state that follows by state * 10 + digit, as in the automaton: `unknown` where it was not asked for yet, with `accepting` where it accepts. */
export interface Mirror {
  table: Uint16Array;
  unknown: number;
  accepting: number;
}

/**
 * Patterns over digits, as in the metadata of libphonenumber (`[2-9]\d{9}|3\d{6}`, with groups and counts), as automata:
 * one table lookup a digit, whatever the pattern, so nothing can be made slow and no string is made of the digits.
 * Grammar: alternatives `|`, groups `(?:…)`, classes `[0-35]`, `\d`, digits, counts `{n}`, `{n,m}`, and `?`.
 */
export class DigitAutomaton {
  private readonly nodes: PackedNodes;
  private readonly accept = 0;
  private readonly starts: number[];
  /** next state by state * 10 + digit: -1 not computed, 0 dead */
  private table = new Int32Array(0);
  private accepting = new Uint8Array(0);
  private sets: number[][] = [];
  private known = new Map<string, number>();
  /** a table elsewhere that is told what becomes known here */
  private mirror: Mirror | undefined;

  /** A union of patterns; each must match whole. Throws RangeError on a pattern outside the grammar. */
  constructor(patterns: readonly string[]) {
    const nodes: Node[] = [{ digits: 0, to: [] }];
    this.starts = patterns.map((p) => new PatternParser(p, nodes).parse(this.accept));
    this.nodes = new PackedNodes(nodes);
    this.reset();
  }

  /** State to begin with. */
  readonly start = 1;

  /** The state after a digit (0 to 9); 0 when nothing can match any more. */
  next(state: number, digit: number): number {
    const known = this.table[state * 10 + digit]!;
    return known >= 0 ? known : this.compute(state, digit);
  }

  /** True when the digits read so far are a whole match. */
  accepts(state: number): boolean {
    return this.accepting[state] === 1;
  }

  /** Writes what is known, and what will be, of the first states into `mirror`. */
  reflect(mirror: Mirror): void {
    this.mirror = mirror;
    mirror.table.fill(mirror.unknown);
    for (let at = 0; at < Math.min(this.sets.length * 10, mirror.table.length); at++) this.tell(at, this.table[at]!);
  }

  private tell(at: number, next: number): void {
    const { mirror } = this;
    if (mirror === undefined || at >= mirror.table.length || next < 0 || next * 10 >= mirror.table.length) return;
    mirror.table[at] = next | (this.accepts(next) ? mirror.accepting : 0);
  }

  private reset(): void {
    this.sets = [[]];
    this.known = new Map();
    this.table = new Int32Array(640).fill(-1);
    this.accepting = new Uint8Array(64);
    this.table.fill(0, 0, 10);
    this.add(this.starts);
    if (this.mirror !== undefined) this.reflect(this.mirror);
  }

  private add(from: readonly number[]): number {
    const closed = this.close(from);
    if (closed.length === 0) return 0;
    const name = closed.join();
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const state = this.sets.length;
    this.sets.push(closed);
    this.known.set(name, state);
    if ((state + 1) * 10 > this.table.length) {
      const table = new Int32Array(this.table.length * 2).fill(-1);
      table.set(this.table);
      this.table = table;
      const accepting = new Uint8Array(this.accepting.length * 2);
      accepting.set(this.accepting);
      this.accepting = accepting;
    }
    this.accepting[state] = closed.includes(this.accept) ? 1 : 0;
    return state;
  }

  private close(from: readonly number[]): number[] {
    const seen = new Set<number>();
    const stack = [...from];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      if (seen.has(n)) continue;
      seen.add(n);
      if (this.nodes.digits[n] === 0) this.nodes.follow(n, stack);
    }
    return [...seen].filter((n) => n === this.accept || this.nodes.digits[n] !== 0).sort((a, b) => a - b);
  }

  private compute(state: number, digit: number): number {
    const to: number[] = [];
    for (const n of this.sets[state]!) if ((this.nodes.digits[n]! & (1 << digit)) !== 0) this.nodes.follow(n, to);
    // memory stays bounded: a full table is forgotten and grows again from the states in use
    if (this.sets.length > STATES_MAX) {
      this.reset();
      return this.add(to);
    }
    const next = this.add(to);
    this.table[state * 10 + digit] = next;
    this.tell(state * 10 + digit, next);
    return next;
  }
}

const ALL_DIGITS = 0x3ff;

/** Builds nodes from the pattern's end to its start: a part is compiled with the node that follows it. */
class PatternParser {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly nodes: Node[],
  ) {}

  private make(digits: number): number {
    this.nodes.push({ digits, to: [] });
    return this.nodes.length - 1;
  }

  parse(accept: number): number {
    const tree = this.alternatives();
    if (this.at !== this.text.length) throw new RangeError(`phone pattern not understood at ${this.at}: ${this.text}`);
    return tree(accept);
  }

  private alternatives(): Part {
    const parts = [this.sequence()];
    while (this.text[this.at] === '|') {
      this.at++;
      parts.push(this.sequence());
    }
    if (parts.length === 1) return parts[0]!;
    return (next) => this.fork(parts.map((p) => p(next)));
  }

  private sequence(): Part {
    const parts: Part[] = [];
    while (this.at < this.text.length && this.text[this.at] !== '|' && this.text[this.at] !== ')') parts.push(this.counted());
    return (next) => parts.reduceRight((after, part) => part(after), next);
  }

  private counted(): Part {
    const part = this.atom();
    const [min, max] = this.count();
    if (min === 1 && max === 1) return part;
    return (next) => {
      let after = next;
      for (let k = max; k > 0; k--) after = k > min ? this.fork([part(after), next]) : part(after);
      return after;
    };
  }

  private count(): [number, number] {
    if (this.text[this.at] === '?') {
      this.at++;
      return [0, 1];
    }
    if (this.text[this.at] !== '{') return [1, 1];
    const close = this.text.indexOf('}', this.at);
    const [min, max] = this.text
      .slice(this.at + 1, close)
      .split(',')
      .map(Number);
    this.at = close + 1;
    return [min!, max ?? min!];
  }

  private atom(): Part {
    const c = this.text[this.at]!;
    if (c === '(') {
      this.at += this.text.startsWith('(?:', this.at) ? 3 : 1;
      const inside = this.alternatives();
      if (this.text[this.at] !== ')') throw new RangeError(`phone pattern without its bracket: ${this.text}`);
      this.at++;
      return inside;
    }
    return this.digits(this.digitSet(c));
  }

  private digitSet(c: string): number {
    if (c === '\\' && this.text[this.at + 1] === 'd') {
      this.at += 2;
      return ALL_DIGITS;
    }
    if (c >= '0' && c <= '9') {
      this.at++;
      return 1 << Number(c);
    }
    if (c !== '[') throw new RangeError(`phone pattern not understood at ${this.at}: ${this.text}`);
    const close = this.text.indexOf(']', this.at);
    const body = this.text.slice(this.at + 1, close);
    this.at = close + 1;
    let set = 0;
    for (let k = 0; k < body.length; k++) {
      const from = Number(body[k]);
      const to = body[k + 1] === '-' ? Number(body[k + 2]) : from;
      if (body[k + 1] === '-') k += 2;
      for (let d = from; d <= to; d++) set |= 1 << d;
    }
    return set;
  }

  private digits(set: number): Part {
    return (next) => {
      const node = this.make(set);
      this.nodes[node]!.to.push(next);
      return node;
    };
  }

  private fork(to: number[]): number {
    const node = this.make(0);
    this.nodes[node]!.to.push(...to);
    return node;
  }
}

type Part = (next: number) => number;
