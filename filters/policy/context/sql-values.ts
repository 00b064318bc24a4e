import type { SqlFacts } from '../../sql/facts.js';
import { factClass } from '../fact-class.js';

export interface ConvertedSql {
  value: object;
  statements: number;
  statement: number;
  longest: number;
  /** there is a SQL-level EXECUTE: its values stand in the text, not in `params` */
  executes: boolean;
}

// Facts are values: whoever makes them does not change them afterwards. Those of one text are judged again and again
// (each Execute, each session that shares the cache), so their form is kept beside them.
const convertedSql = new WeakMap<SqlFacts, ConvertedSql>();

export function convertSql(facts: SqlFacts): ConvertedSql {
  let found = convertedSql.get(facts);
  if (found === undefined) {
    let longest = 0;
    let total = 0;
    for (const s of facts.statements) {
      const own = Math.max(s.objects.length, s.columns.length, s.functions.length, s.reaches.length, s.opaque.length);
      longest = Math.max(longest, own);
      total += own;
    }
    found = {
      value: new (factClass('Sql'))(facts as unknown as Record<string, unknown>),
      statements: facts.statements.length,
      statement: total / Math.max(1, facts.statements.length),
      longest,
      executes: facts.statements.some((s) => s.kind === 'execute'),
    };
    convertedSql.set(facts, found);
  }
  return found;
}

/** A value that could not be read must not look like one that was: touching it is an error, in a loop and by index alike. */
export function convertParams(params: readonly (string | null | undefined)[]): unknown[] {
  if (!params.includes(undefined)) return params as unknown[];
  const guarded: unknown[] = [...params];
  params.forEach((value, i) => {
    if (value !== undefined) return;
    Object.defineProperty(guarded, i, {
      enumerable: true,
      get: () => {
        throw new Error(`parameter $${i + 1} could not be read`);
      },
    });
  });
  return guarded;
}
