/** Shared by the SQL tests: one analyzer, and short ways to say what a statement's facts should hold. */
import { createAnalyzer, loadParser } from '../../../filters/sql/analyze.js';
import type { OutputColumn, SqlAnalysis, StatementFacts } from '../../../filters/sql/facts.js';

export const analyzer = createAnalyzer({ cache_entries_max: 0, cache_bytes_max: 0, statement_bytes_max: 4_000_000 });
export { loadParser };

export function analyze(text: string): SqlAnalysis {
  return analyzer.analyze(text);
}

/** Facts of the first statement. */
export function first(text: string): StatementFacts {
  const { facts } = analyze(text);
  if (facts.unparsed !== '') throw new Error(`unparsed (${facts.unparsed}): ${text}`);
  const statement = facts.statements[0];
  if (statement === undefined) throw new Error(`no statement: ${text}`);
  return statement;
}

/** All reaches of all statements. */
export function reaches(text: string): string[] {
  return [...new Set(analyze(text).facts.statements.flatMap((s) => s.reaches))].sort();
}

/** `kind object within` of every statement, the object left out when there is none. */
export function kinds(text: string): string[] {
  return analyze(text).facts.statements.map((s) => [s.kind, s.object, s.within].filter((part) => part !== '').join(' '));
}

/** `access type schema.name` of every object of every statement, sorted. */
export function objects(text: string): string[] {
  const all = analyze(text).facts.statements.flatMap((s) => s.objects);
  return [...new Set(all.map((o) => `${o.access} ${o.type} ${o.schema === '' ? '' : `${o.schema}.`}${o.name}`))].sort();
}

/** `use table.column` of every statement, sorted. */
export function columns(text: string): string[] {
  const all = analyze(text).facts.statements.flatMap((s) => s.columns);
  return [...new Set(all.map((c) => `${c.use} ${c.schema === '' ? '' : `${c.schema}.`}${c.table}.${c.column}`))].sort();
}

/** Names of the functions that are called anywhere. */
export function functions(text: string): string[] {
  return analyze(text).facts.statements.flatMap((s) => s.functions.map((f) => (f.schema === '' ? f.name : `${f.schema}.${f.name}`)));
}

/** One output column in words: `name<-a.b,c.d`, `=` for direct, `t.*` for stars, `t!` for whole rows, `…` for an unknown number. */
export function words(output: OutputColumn): string {
  const from = [
    ...output.sources.map((s) => `${s.schema === '' ? '' : `${s.schema}.`}${s.table}.${s.column}`),
    ...output.star.map((s) => {
      const except = s.except === undefined ? '' : `-${s.except.join('-')}`;
      const or = s.or === undefined ? '' : s.or.map((o) => `|${o.table}.*`).join('');
      return `${s.schema === '' ? '' : `${s.schema}.`}${s.table}.*${except}${or}`;
    }),
    ...output.whole_rows.map((s) => `${s.table}!`),
  ];
  return `${output.name}${output.direct ? '=' : '<-'}${from.sort().join(',')}${output.many === true ? '…' : ''}`;
}

/** The output columns of the last top-level statement, in words. */
export function lineage(text: string): string[] | undefined {
  const { top } = analyze(text);
  return top[top.length - 1]?.outputs?.map(words);
}

/** Every base column (or whole row) that reaches the client, at any position. */
export function leaks(text: string): string[] {
  const { top } = analyze(text);
  const out = new Set<string>();
  for (const { outputs } of top) {
    for (const output of outputs ?? []) {
      for (const s of output.sources) out.add(`${s.table}.${s.column}`);
      for (const s of [...output.star, ...output.whole_rows]) out.add(`${s.table}.*`);
      for (const s of output.star) for (const o of s.or ?? []) out.add(`${o.table}.*`);
    }
  }
  return [...out].sort();
}
