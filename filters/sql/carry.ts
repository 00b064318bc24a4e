/** Values that a statement takes elsewhere than into its answer: what masks by column cannot follow. */
import { reachesOf, WRITING_FUNCTIONS } from './catalogue/reach.js';
import type { Carry, OutputColumn } from './facts.js';
import type { Env } from './run.js';
import { isWide, Taint } from './taint.js';

type Place = { schema: string; table: string };

/** What stands in a taint, as sources: a whole row is every column. */
export function sourcesOf(taint: Taint): Carry['sources'] {
  return [...taint.columns.values(), ...[...taint.rows.values()].map((row) => ({ ...row, column: '*' }))];
}

function outputSources(output: OutputColumn): Carry['sources'] {
  const taint = new Taint();
  taint.output(output);
  return sourcesOf(taint);
}

/**
 * The rows of a query into a table. `columns`: the names of the columns they go into, in order; undefined: those that the table has
 * (a lone star then keeps the names that its columns have). `made`: the table comes into being with them.
 */
export function carryRows(
  env: Env,
  by: string,
  into: Place,
  columns: readonly string[] | undefined,
  outputs: OutputColumn[],
  made: boolean,
): void {
  const lone = outputs.length === 1 && isWide(outputs[0]!) && outputs[0]!.star.length === 1;
  let counted = true;
  for (const [i, output] of outputs.entries()) {
    const wide = isWide(output);
    let column = counted && !wide ? (columns?.[i] ?? (made ? output.name : '')) : '';
    if (columns === undefined && ((lone && wide) || (made && wide && output.renamed === undefined))) column = '=';
    if (wide) counted = false;
    env.run.carry({ by, target: { ...into, column, made }, sources: outputSources(output) });
  }
}

/** One value into one column. */
export function carryValue(env: Env, by: string, target: Place & { column: string }, taint: Taint): void {
  env.run.carry({ by, target: { ...target, made: false }, sources: sourcesOf(taint) });
}

/** Values out of reach of any rule: settings, notifications, large objects, files, other databases. */
export function carryAway(env: Env, by: string, taint: Taint): void {
  env.run.carry({ by, target: undefined, sources: sourcesOf(taint) });
}

/** A name that rules may know is another from now on. */
export function carryNames(env: Env, from: Carry['sources'][number], to: Place & { column: string }): void {
  env.run.carry({ by: 'rename', target: { ...to, made: true }, sources: [from] });
}

/** A view is another from now on, and what materialized views took from it until now is known by its old definition alone. */
export function carryKept(env: Env, from: Carry['sources'][number], to: Place & { column: string }): void {
  env.run.carry({ by: 'replace', target: { ...to, made: true }, sources: [from], kept: true });
}

/** Calls after which their arguments are somewhere else too: a setting, a notification, a lock, a large object, a file, another server. */
export function keepsArguments(schema: string, name: string): boolean {
  return WRITING_FUNCTIONS.has(name) || reachesOf(schema, name).some((reach) => reach !== 'catalog' && reach !== 'server');
}
