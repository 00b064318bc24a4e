import { holds, type Instruction, isWord, programOf } from '../../policy/pattern.js';
import { type PatternNode, parsePattern } from '../../policy/pattern-parse.js';

/** A match goes on as long as it likes, but what is read behind its last possible end, or before its first, is bounded, bytes. */
export const MATCH_READ_MAX = 256;
/** A pattern that fewer characters match finds something in every text. */
const CHARACTERS_MIN = 3;
/** States that are kept; beyond it they are made anew */
const STATES_MAX = 2000;
const END = 128;
const UNKNOWN = -2;
const DEAD = -1;

interface State {
  /** instructions to go on from */
  entries: readonly number[];
  /** the character before, as far as assertions ask for it: one that is like it */
  before: number;
  /** by next byte below 128, and END: the next state (DEAD for none) twice, plus one where a match ends here */
  next: Int32Array;
}

/**
 * A pattern in RE2's syntax as a deterministic automaton over UTF-8, built as it is needed. The longest match at a place is found by
 * reading each byte once; no pattern makes it read more than MATCH_READ_MAX bytes that are no part of a match.
 */
export class Automaton {
  /** bytes read; tests prove with it that work grows with the input */
  steps = 0;
  private readonly program: readonly Instruction[];
  private readonly start: number;
  private readonly marks: Int32Array;
  private mark = 0;
  private states: State[] = [];
  private readonly known = new Map<string, number>();
  /** bytes that a match may begin with */
  private readonly first = new Uint8Array(256);

  /** `relaxed` takes every assertion as true: it finds at least what the pattern finds, whatever stands around. Throws RangeError. */
  constructor(
    source: string,
    private readonly relaxed: boolean,
  ) {
    const node = parsePattern(source);
    if (shortest(node) < CHARACTERS_MIN) throw new RangeError(`the pattern matches texts of fewer than ${CHARACTERS_MIN} characters`);
    if (shortest(node) > MATCH_READ_MAX)
      throw new RangeError(`the pattern matches only texts of more than ${MATCH_READ_MAX} characters, of which no more are read`);
    if (asksForEnds(node)) throw new RangeError('^, $, \\A and \\z depend on where a text is cut; use \\b, or (?m) for lines');
    const { program, start } = programOf(node);
    this.program = program;
    this.start = start;
    this.marks = new Int32Array(program.length).fill(-1);
    const { ready } = this.closure([start], -1, -1, true);
    for (let code = 0; code < 128; code++) if (ready.some((at) => this.takes(at, code))) this.first[code] = 1;
    // lead bytes of UTF-8, and what is no UTF-8, begin whatever character the pattern asks for
    for (let b = 0x80; b < 256; b++) this.first[b] = b >= 0xc0 ? 1 : 0;
  }

  /** Whether a match can begin with this byte. */
  begins(b: number): boolean {
    return this.first[b] === 1;
  }

  /** Where the longest match that begins at `at` ends, not behind `hi`; -1 when none does. Bytes before `lo` are not read. */
  longest(buf: Uint8Array, at: number, lo: number, hi: number): number {
    let state = this.stateOf([this.start], at > lo ? likeByte(buf[at - 1]!) : -1);
    let p = at;
    let last = -1;
    for (;;) {
      const b = p < hi ? buf[p]! : -1;
      let width = 1;
      let step: number;
      if (b < 128) {
        const of = this.states[state]!;
        const key = b < 0 ? END : b;
        step = of.next[key]!;
        if (step === UNKNOWN) {
          step = this.move(of, b);
          of.next[key] = step;
        }
      } else {
        const code = codeAt(buf, p, hi);
        width = code > 0xffff ? 4 : code > 0x7ff && code !== BROKEN ? 3 : code === BROKEN ? 1 : 2;
        step = this.move(this.states[state]!, code);
      }
      if ((step & 1) === 1) last = p;
      const next = step >> 1;
      this.steps++;
      if (next === DEAD || b < 0) return last;
      state = next;
      p += width;
      if (p - (last < 0 ? at : last) > MATCH_READ_MAX) return last;
    }
  }

  private move(from: State, code: number): number {
    const { ready, matched } = this.closure(from.entries, from.before, code, this.relaxed);
    const entries: number[] = [];
    if (code >= 0) {
      for (const at of ready) {
        const one = this.program[at]!;
        if (one.op === 'set' && one.test(code)) entries.push(one.next);
      }
    }
    const next = entries.length === 0 ? DEAD : this.stateOf(entries, like(code));
    return next * 2 + (matched ? 1 : 0);
  }

  private takes(at: number, code: number): boolean {
    const one = this.program[at]!;
    return one.op === 'set' && one.test(code);
  }

  private closure(entries: readonly number[], before: number, after: number, relaxed: boolean): { ready: number[]; matched: boolean } {
    const ready: number[] = [];
    let matched = false;
    this.mark++;
    const stack = [...entries];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (this.marks[top] === this.mark) continue;
      this.marks[top] = this.mark;
      const one = this.program[top]!;
      if (one.op === 'match') matched = true;
      else if (one.op === 'set') ready.push(top);
      else if (one.op === 'split') stack.push(one.b, one.a);
      else if (relaxed || holds(one.what, before, after)) stack.push(one.next);
    }
    return { ready, matched };
  }

  private stateOf(entries: number[], before: number): number {
    const sorted = [...new Set(entries)].sort((a, b) => a - b);
    const name = `${before} ${sorted.join()}`;
    const known = this.known.get(name);
    if (known !== undefined) return known;
    if (this.states.length >= STATES_MAX) {
      this.known.clear();
      this.states = [];
    }
    this.states.push({ entries: sorted, before, next: new Int32Array(END + 1).fill(UNKNOWN) });
    this.known.set(name, this.states.length - 1);
    return this.states.length - 1;
  }
}

/** what stands for bytes that are no UTF-8 */
const BROKEN = 0xfffd;

/** One character for all that assertions can't tell apart. */
function like(code: number): number {
  return code < 0 ? -1 : isWord(code) ? 0x61 : code === 10 ? 10 : 0x20;
}

const likeByte = (b: number): number => like(b < 128 ? b : BROKEN);

function codeAt(buf: Uint8Array, at: number, hi: number): number {
  const b = buf[at]!;
  const width = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0xc2 ? 2 : 1;
  if (width === 1 || at + width > hi || b > 0xf4) return BROKEN;
  let code = b & (0xff >> (width + 1));
  for (let k = 1; k < width; k++) {
    if ((buf[at + k]! & 0xc0) !== 0x80) return BROKEN;
    code = (code << 6) | (buf[at + k]! & 0x3f);
  }
  const long = width === 2 || (width === 3 ? code > 0x7ff : code > 0xffff && code <= 0x10ffff);
  return long && code !== BROKEN ? code : BROKEN;
}

/** The fewest characters that match. */
function shortest(node: PatternNode): number {
  switch (node.type) {
    case 'set':
      return 1;
    case 'sequence':
      return node.items.reduce((sum, item) => sum + shortest(item), 0);
    case 'choice':
      return Math.min(...node.items.map(shortest));
    case 'repeat':
      return node.min * shortest(node.item);
    default:
      return 0;
  }
}

function asksForEnds(node: PatternNode): boolean {
  if (node.type === 'assert') return node.what === 'begin' || node.what === 'end';
  if (node.type === 'sequence' || node.type === 'choice') return node.items.some(asksForEnds);
  return node.type === 'repeat' && asksForEnds(node.item);
}
