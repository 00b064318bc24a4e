import type { ColumnRule, MaskSet } from './mask-set.js';
import { strengthOf } from './mask-set.js';

/** One `schema.table.column` of a column rule; * stands for any. */
export interface ColumnPattern {
  schema: string;
  table: string;
  column: string;
}

/** A base column that feeds an output. Empty schema or table: not known, so any. Column `*`: any of the table's. */
export interface ColumnRef {
  schema: string;
  table: string;
  column: string;
  /** `column` is `*` because it came of a star over this one table: a field that Postgres says is a table's own has its name from there */
  star?: true;
}

/** The policy's schema lets no name with a dot, a quote or a blank in, so a plain split reads every pattern. */
export function parsePattern(text: string): ColumnPattern {
  const [schema = '*', table = '*', ...column] = text.split('.');
  return { schema, table, column: column.join('.') || '*' };
}

/** Names are compared as the catalogue writes them: case counts. What is not known matches. */
export function matches(pattern: ColumnPattern, ref: ColumnRef): boolean {
  return (
    (pattern.column === '*' || ref.column === '*' || pattern.column === ref.column) &&
    (pattern.table === '*' || ref.table === '' || pattern.table === ref.table) &&
    (pattern.schema === '*' || ref.schema === '' || pattern.schema === ref.schema)
  );
}

/** The strongest column rule that covers one of `refs`; undefined when none does. */
export function strongestRule(masks: MaskSet, refs: readonly ColumnRef[]): ColumnRule | undefined {
  let best: ColumnRule | undefined;
  for (const rule of masks.columnRules) {
    if (best !== undefined && strengthOf(rule.as) <= strengthOf(best.as)) continue;
    if (rule.patterns.some((pattern) => refs.some((ref) => matches(pattern, ref)))) best = rule;
  }
  return best;
}

/**
 * The strongest rule that a column of this name could fall under, wherever it comes from: for columns of which nothing else
 * is known. A rule for any column (`hr.people.*`) says nothing about names, so it could be any and counts.
 */
export function strongestByName(masks: MaskSet, name: string): ColumnRule | undefined {
  return strongestRule(masks, [{ schema: '', table: '', column: name }]);
}
