import { type Condition, compileCondition } from '../cel.js';
import type { Scope } from '../fact-table.js';
import { type Problem, position, quoted } from '../problems.js';
import type { PolicySource } from '../source.js';
import { parseBytes, parseDuration } from '../units.js';

/** Longest time that a policy may give, milliseconds: 7 days. */
const DURATION_MS_MAX = 7 * 86_400_000;
const SIZE_BYTES_MAX = 1024 ** 3;

/** Reads the parts of a policy that are a language of their own, and gathers what is wrong in the file with where it stands. */
export class Mistakes {
  readonly found: Problem[] = [];

  constructor(
    private readonly text: string,
    private readonly source: PolicySource,
  ) {}

  /** A mistake in the value that a JSON pointer leads to. */
  inValue(pointer: string, what: string, fix: string): void {
    this.found.push({ offset: this.source.valueAt(pointer), what, fix });
  }

  /** A key that should not be there, or not with its neighbours. */
  inKey(pointer: string, what: string, fix: string): void {
    this.found.push({ offset: this.source.keyAt(pointer), what, fix });
  }

  /** Where a value stands in the file, from 1. */
  lineOf(pointer: string): number {
    return position(this.text, this.source.valueAt(pointer)).line;
  }

  condition(given: string | boolean, pointer: string, scope: Scope): Condition | undefined {
    const expression = String(given);
    const result = compileCondition(expression, scope);
    if ('condition' in result) return result.condition;
    for (const { index, what, fix } of result.problems) {
      const offset = typeof given === 'string' ? this.source.within(pointer, index, expression) : this.source.valueAt(pointer);
      this.found.push({ offset, what, fix });
    }
    return undefined;
  }

  /** Milliseconds. */
  duration(given: string | undefined, pointer: string, fallback: number): number {
    const parsed = given === undefined ? fallback : parseDuration(given);
    if (parsed === undefined || parsed <= 0 || parsed > DURATION_MS_MAX)
      this.inValue(pointer, `the duration ${quoted(given)} is not between 1ms and 7d`, 'write a duration, for example 30s, 15m or 1h30m');
    return parsed ?? fallback;
  }

  bytes(given: number | string | undefined, pointer: string, fallback: number): number {
    const parsed = given === undefined ? fallback : parseBytes(given);
    if (parsed === undefined || parsed < 1 || parsed > SIZE_BYTES_MAX)
      this.inValue(pointer, `the size ${quoted(given)} is not between 1 byte and 1GiB`, 'write a size, for example 65536 or 1MiB');
    return parsed ?? fallback;
  }

  /** Decisions and events name rules and masks, so each has a name of its own. */
  unique(list: readonly { name: string }[], at: string, what: string): void {
    const seen = new Map<string, number>();
    list.forEach(({ name }, i) => {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, this.lineOf(`${at}/${i}/name`));
      else this.inValue(`${at}/${i}/name`, `a ${what} named ${quoted(name)} stands in line ${first} already`, 'give each its own name');
    });
  }
}
