import type { MaskSet } from './mask-set.js';
import type { CatalogueView, ColumnOrigin } from './origin.js';
import type { ColumnPattern, ColumnRef } from './rule-match.js';

/**
 * The planner's statistics hold values of every column that was analysed ("System Views": pg_stats). Which column a row is about
 * is in the row, so where the database has a covered column, these columns may hold its values.
 */
const values: ReadonlyMap<string, RegExp> = new Map([
  ['pg_statistic', /^stavalues\d$/],
  ['pg_statistic_ext_data', /^stxd(mcv|expr)$/],
  ['pg_stats', /^(most_common_vals|most_common_elems|histogram_bounds|range_bounds_histogram)$/],
  ['pg_stats_ext', /^most_common_vals$/],
  ['pg_stats_ext_exprs', /^(most_common_vals|most_common_elems|histogram_bounds|range_bounds_histogram)$/],
]);

const ANY: ColumnRef = { schema: '', table: '', column: '*' };

function holdsValues({ schema, table, column }: ColumnRef): boolean {
  const names = schema === '' || schema === 'pg_catalog' ? values.get(table) : undefined;
  return names !== undefined && (column === '*' || names.test(column));
}

/** Origins with every column added where statistics are read; the patterns that the catalogue must be asked for first. */
export function withStatistics(
  origins: ColumnOrigin[],
  masks: MaskSet,
  catalogue: CatalogueView | undefined,
): { origins: ColumnOrigin[] } | { patterns: ColumnPattern[] } {
  if (masks.columnRules.length === 0 || !origins.some(({ sources }) => sources.some(holdsValues))) return { origins };
  const patterns = masks.columnRules.flatMap((rule) => rule.patterns);
  if (catalogue !== undefined) {
    const open = patterns.filter((pattern) => catalogue.covers(pattern) === undefined);
    if (open.length > 0) return { patterns: open };
    if (patterns.every((pattern) => catalogue.covers(pattern) === false)) return { origins };
  }
  return { origins: origins.map(({ sources }) => (sources.some(holdsValues) ? { sources: [...sources, ANY] } : { sources })) };
}
