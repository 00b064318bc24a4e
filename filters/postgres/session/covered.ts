import type { ColumnRule, MaskSet } from '../rows/mask-set.js';
import type { CatalogueView } from '../rows/origin.js';
import { type ColumnRef, strongestRule } from '../rows/rule-match.js';
import type { Session } from './session.js';

/** Whether the database has a column that any rule covers; without a catalogue it may have one. undefined while the catalogue is asked. */
export function anyCovered(s: Session, masks: MaskSet): boolean | undefined {
  const { catalogue } = s;
  if (catalogue === undefined) return true;
  const patterns = masks.columnRules.flatMap((rule) => rule.patterns);
  const open = patterns.filter((pattern) => catalogue.covers(pattern) === undefined);
  if (open.length === 0) return patterns.some((pattern) => catalogue.covers(pattern) !== false);
  s.lookup({ patterns: open });
  return undefined;
}

/** The strongest rule over these columns. Without a catalogue `*` may be any column, so there only rules that name the table count. */
export function coveringRule(masks: MaskSet, refs: readonly ColumnRef[], catalogue: CatalogueView | undefined): ColumnRule | undefined {
  if (catalogue !== undefined) return strongestRule(masks, refs);
  const columnRules = masks.columnRules.map((rule) => ({ ...rule, patterns: rule.patterns.filter(({ table }) => table !== '*') }));
  const stars = refs.filter((ref) => ref.column === '*');
  const named = refs.filter((ref) => ref.column !== '*');
  return strongestRule(masks, named) ?? strongestRule({ ...masks, columnRules }, stars);
}
