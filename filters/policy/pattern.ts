import { type PatternNode, parsePattern } from './pattern-parse.js';

/**
 * Regular expressions for `matches()`, in RE2's sense (CEL's own), decided in time linear in the text.
 * The library's own matches() is the backtracking RegExp of JavaScript: see decisions/0051.
 */

/** Instructions of a compiled pattern. A bound on them bounds the work per character. */
const PROGRAM_MAX = 2000;

export type Instruction =
  | { op: 'set'; test: (code: number) => boolean; next: number }
  | { op: 'split'; a: number; b: number }
  | { op: 'assert'; what: 'begin' | 'end' | 'line-begin' | 'line-end' | 'word' | 'not-word'; next: number }
  | { op: 'match' };

/** Steps that one evaluation may still take; shared by every pattern and glob of a condition. */
export interface Budget {
  left: number;
}

export class BudgetExceeded extends Error {
  constructor() {
    super('the text is too long for this pattern');
  }
}

class Compiler {
  readonly program: Instruction[] = [];
  /** Nodes compiled, copies of repetitions included: repetitions of nothing emit nothing, so instructions alone would not bound the work. */
  private compiled = 0;

  private push(instruction: Instruction): number {
    if (this.program.length >= PROGRAM_MAX) throw new RangeError('the pattern is too large');
    return this.program.push(instruction) - 1;
  }

  /** Emits code that runs `node` and goes on at `next`; returns its entry. Built from the end to the beginning. */
  compile(node: PatternNode, next: number): number {
    if (++this.compiled > 2 * PROGRAM_MAX) throw new RangeError('the pattern is too large');
    switch (node.type) {
      case 'empty':
        return next;
      case 'set':
        return this.push({ op: 'set', test: node.test, next });
      case 'assert':
        return this.push({ op: 'assert', what: node.what, next });
      case 'sequence':
        return node.items.reduceRight((after, item) => this.compile(item, after), next);
      case 'choice':
        return node.items.map((item) => this.compile(item, next)).reduceRight((b, a) => this.push({ op: 'split', a, b }));
      case 'repeat':
        return this.repeat(node, next);
    }
  }

  private repeat(node: Extract<PatternNode, { type: 'repeat' }>, next: number): number {
    let entry = next;
    if (node.max === Number.POSITIVE_INFINITY) {
      const loop = this.push({ op: 'split', a: next, b: next });
      const body = this.compile(node.item, loop);
      this.program[loop] = { op: 'split', a: body, b: next };
      entry = loop;
    } else {
      for (let i = node.min; i < node.max; i++) entry = this.push({ op: 'split', a: this.compile(node.item, entry), b: next });
    }
    for (let i = 0; i < node.min; i++) entry = this.compile(node.item, entry);
    return entry;
  }

  finish(): number {
    return this.push({ op: 'match' });
  }
}

export const isWord = (code: number) =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);

export function holds(what: Extract<Instruction, { op: 'assert' }>['what'], before: number, after: number): boolean {
  switch (what) {
    case 'begin':
      return before < 0;
    case 'end':
      return after < 0;
    case 'line-begin':
      return before < 0 || before === 10;
    case 'line-end':
      return after < 0 || after === 10;
    case 'word':
      return isWord(before) !== isWord(after);
    case 'not-word':
      return isWord(before) === isWord(after);
  }
}

/** The automaton of a pattern and where it begins. Throws RangeError with the reason when there is none. */
export function programOf(node: PatternNode): { program: readonly Instruction[]; start: number } {
  const compiler = new Compiler();
  const end = compiler.finish();
  const start = compiler.compile(node, end);
  return { program: compiler.program, start };
}

/** A pattern, compiled once at load. */
export class Pattern {
  private readonly program: readonly Instruction[];
  private readonly start: number;

  /** Throws RangeError with the reason when the pattern is not one, or uses what can't be decided in linear time. */
  constructor(readonly source: string) {
    const { program, start } = programOf(parsePattern(source));
    this.program = program;
    this.start = start;
  }

  /** Whether the pattern is found anywhere in the text. Throws BudgetExceeded. */
  test(text: string, budget: Budget): boolean {
    const marks = new Int32Array(this.program.length).fill(-1);
    let now: number[] = [];
    let before = -1;
    for (let at = 0; ; ) {
      const code = at < text.length ? (text.codePointAt(at) ?? -1) : -1;
      const ready: number[] = [];
      // The search is unanchored: a new attempt starts at every character.
      for (const state of now) if (this.follow(state, at, before, code, marks, ready, budget)) return true;
      if (this.follow(this.start, at, before, code, marks, ready, budget)) return true;
      if (code < 0) return false;
      const after: number[] = [];
      for (const state of ready) {
        const instruction = this.program[state];
        if (instruction?.op === 'set' && instruction.test(code)) after.push(instruction.next);
      }
      now = after;
      before = code;
      at += code > 0xffff ? 2 : 1;
    }
  }

  /** Follows splits and assertions from a state; true when the match is reached. */
  private follow(state: number, at: number, before: number, code: number, marks: Int32Array, ready: number[], budget: Budget): boolean {
    const stack = [state];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (marks[top] === at) continue;
      marks[top] = at;
      if (--budget.left < 0) throw new BudgetExceeded();
      const instruction = this.program[top];
      if (instruction === undefined) continue;
      if (instruction.op === 'match') return true;
      if (instruction.op === 'set') ready.push(top);
      else if (instruction.op === 'split') stack.push(instruction.b, instruction.a);
      else if (holds(instruction.what, before, code)) stack.push(instruction.next);
    }
    return false;
  }
}

/** `*` any run of characters, `?` one; everything else means itself. Time is the product of both lengths at worst, within the budget. */
export function glob(text: string, pattern: string, budget: Budget): boolean {
  let at = 0;
  let p = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (--budget.left < 0) throw new BudgetExceeded();
    if (pattern[p] === '*') {
      star = p++;
      resume = at;
    } else if (pattern[p] === '?' || pattern[p] === text[at]) {
      p++;
      at++;
    } else if (star >= 0) {
      p = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
