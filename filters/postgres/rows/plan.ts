import { Cell } from './cell.js';
import { Finder } from './finder.js';
import type { ColumnRule, MaskSet } from './mask-set.js';
import type { ColumnOrigin } from './origin.js';
import { strongestRule } from './rule-match.js';
import { type TypeInfo, type TypesBy, ValueMaskers } from './types.js';
import type { ValueMasker } from './values/value.js';

export { buildMaskSet, type ColumnRule, type DetectorRule, type MaskSet, type MaskSetOptions } from './mask-set.js';
export type { TypeEntry, TypeInfo } from './types.js';

/** One column as RowDescription gives it. */
export interface ColumnLayout {
  name: string;
  /** 0 when the column is not a table's own */
  table_oid: number;
  /** column number in that table; 0 for a whole row, negative for system columns */
  attribute: number;
  type_oid: number;
  type_modifier: number;
  /** 0 text, 1 binary; a row in any other is refused */
  format: number;
}

export interface PlannedColumn {
  name: string;
  values: ValueMasker;
  /** the column rule that covers every value; undefined: detectors look */
  cover: ColumnRule | undefined;
}

/** How the rows of one layout are masked. Made once per layout, mask set and catalogue; holds nothing of a row. */
export interface RowPlan {
  columns: PlannedColumn[];
  masks: MaskSet;
  /** nothing can be masked: rows may pass as they are */
  clean: boolean;
}

/**
 * Plans the masking of rows: for each column the strongest rule that covers one of its origins, else the detectors where its
 * type can hold text. `origins` are one for each column of `layout` (originsOf); `types` undefined: only built-in types are known.
 */
export function buildRowPlan(
  layout: ColumnLayout[],
  origins: ColumnOrigin[],
  masks: MaskSet,
  types: TypeInfo | undefined,
  by: TypesBy = 'exact',
): RowPlan {
  const maskers = new ValueMaskers(types, by);
  const finder = new Finder(masks);
  const columns = layout.map((column, i) => {
    const cover = strongestRule(masks, origins[i]?.sources ?? [{ schema: '', table: '', column: '*' }]);
    return { name: column.name, values: maskers.of(column.type_oid, column.format), cover };
  });
  const clean = columns.every(
    (column) => column.cover === undefined && (finder.empty || column.values.looks(new Cell(finder, column.name, undefined)) === 'never'),
  );
  return { columns, masks, clean };
}
