/** SQL inside SQL: EXECUTE of constants, bodies in strings, queries in arguments. */

import { unwrap } from './node.js';
import { ParseFailure, parseTree } from './parser.js';
import { AnalysisLimit, type Env, withScope } from './run.js';
import { nestedNode } from './statement.js';
import { Taint } from './taint.js';

/**
 * Parses a text that the statement carries and adds its statements as entries. With `optional` a text that does not
 * parse is passed over (it may be something else than SQL); otherwise it makes the statement opaque.
 * Returns what the statements' rows come from, for functions that give these rows back.
 */
export function analyzeNestedText(text: string, env: Env, within: string, options: { optional?: boolean } = {}): Taint {
  const out = new Taint();
  let stmts: { stmt: unknown }[];
  try {
    stmts = parseTree(text).stmts ?? [];
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    if (error.lost) throw new AnalysisLimit(error.message);
    if (options.optional !== true) env.facts.opaque(`${within.replace('_', ' ')} could not be parsed`);
    return out;
  }
  const inner: Env = { ...withScope(env, undefined), ctes: undefined, source: () => text };
  const done = env.run.nested(() => {
    for (const { stmt } of stmts) {
      if (unwrap(stmt) === undefined) continue;
      const nested = nestedNode(stmt, inner, within);
      if (nested?.facts.facts.writes === true) env.facts.facts.writes = true;
      for (const output of nested?.meaning.outputs ?? []) out.output(output);
    }
  });
  if (!done) env.facts.opaque('SQL within SQL too many levels deep');
  return out;
}
