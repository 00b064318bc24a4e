import type { CopyShape } from '../../sql/facts.js';
import { alignOutputs } from './align.js';
import type { MaskSet } from './mask-set.js';
import {
  type CatalogueView,
  type Lineage,
  type Missing,
  missing,
  missingNames,
  missingTypes,
  originsOf,
  type Relation,
  type RelationColumn,
} from './origin.js';
import { buildRowPlan, type ColumnLayout, type RowPlan } from './plan.js';
import { withStatistics } from './statistics.js';

/**
 * CopyOutResponse tells the number of columns and nothing of their types or tables, so the layout of a COPY is put together
 * from the statement and the catalogue. What is not known stays 0: its origin goes by name, its type as unknown.
 */
export function planCopy(
  shape: CopyShape,
  count: number,
  masks: MaskSet,
  catalogue: CatalogueView | undefined,
  typesInDoubt = false,
): RowPlan | Missing {
  const format = shape.format === 'binary' ? 1 : 0;
  if (catalogue !== undefined) {
    const wanted = missing([], shape.outputs, masks, catalogue);
    // Types go by names too, so those are asked for even where no column rule stands.
    if (masks.columnRules.length === 0) wanted.names = missingNames(shape.outputs ?? [], catalogue);
    const { relation } = shape;
    if (relation !== undefined && catalogue.byName(relation.schema, relation.table) === undefined)
      wanted.names.push({ schema: relation.schema, name: relation.table });
    if (wanted.names.length > 0) return wanted;
  }
  const layout =
    shape.relation === undefined ? queryLayout(shape, count, format, catalogue) : tableLayout(shape.relation, count, format, catalogue);
  if (typesInDoubt) for (const column of layout) column.type_oid = 0;
  if (catalogue !== undefined) {
    const types = missingTypes(layout, catalogue);
    if (types.length > 0) return { relations: [], names: [], types };
  }
  const outputs = shape.relation === undefined ? shape.outputs : tableOutputs(shape.relation, layout);
  const found = withStatistics(originsOf(layout, outputs, catalogue), masks, catalogue);
  if ('patterns' in found) return { relations: [], names: [], types: [], patterns: found.patterns };
  return buildRowPlan(layout, found.origins, masks, catalogue, 'statement');
}

const blank = (name: string, type_oid: number, format: 0 | 1): ColumnLayout => ({
  name,
  table_oid: 0,
  attribute: 0,
  type_oid,
  type_modifier: -1,
  format,
});

function queryLayout(shape: CopyShape, count: number, format: 0 | 1, catalogue: CatalogueView | undefined): ColumnLayout[] {
  const outputs = shape.outputs ?? [];
  const known = outputs.length === count && outputs.every((output) => output.star.length === 0 && output.many !== true);
  const layout = Array.from({ length: count }, (_, i) => blank(known ? outputs[i]!.name : '', 0, format));
  for (const [i, lineage] of alignOutputs(layout, outputs, catalogue).entries()) layout[i]!.type_oid = typeOf(lineage, catalogue);
  return layout;
}

/** The type of a column that goes out as it is; 0 where that is not known for certain. */
function typeOf({ sources, direct }: Lineage, catalogue: CatalogueView | undefined): number {
  const [source] = sources;
  if (direct !== true || sources.length !== 1 || source === undefined || source.table === '' || catalogue === undefined) return 0;
  const relations = catalogue.byName(source.schema, source.table);
  if (relations === undefined || relations === 'unknown') return 0;
  const types = new Set(relations.map((relation) => relation.columns.find((column) => column.name === source.column)?.type ?? 0));
  return types.size === 1 ? [...types][0]! : 0;
}

/** The columns that a COPY of this table sends: those listed, or all that are not generated. */
function columnsOf(relation: Relation, listed: readonly string[]): RelationColumn[] | undefined {
  if (listed.length === 0) return relation.columns.filter((column) => !column.generated);
  const found = listed.map((name) => relation.columns.find((column) => column.name === name));
  return found.every((column) => column !== undefined) ? found : undefined;
}

function tableLayout(
  relation: NonNullable<CopyShape['relation']>,
  count: number,
  format: 0 | 1,
  catalogue: CatalogueView | undefined,
): ColumnLayout[] {
  const found = catalogue?.byName(relation.schema, relation.table);
  const candidates =
    found === undefined || found === 'unknown'
      ? []
      : found.map((one) => columnsOf(one, relation.columns)).filter((columns) => columns?.length === count);
  return Array.from({ length: count }, (_, i) => {
    const names = new Set(candidates.map((columns) => columns![i]!.name));
    const types = new Set(candidates.map((columns) => columns![i]!.type));
    const name = relation.columns.length === count ? relation.columns[i]! : names.size === 1 ? [...names][0]! : '';
    // Tables of one name in several schemas may differ: then the type is not known.
    return blank(name, types.size === 1 ? [...types][0]! : 0, format);
  });
}

/** One output a column; where its name is not known, any column of the table. */
function tableOutputs(relation: NonNullable<CopyShape['relation']>, layout: ColumnLayout[]) {
  return layout.map((column) => ({
    name: column.name,
    sources: [{ schema: relation.schema, table: relation.table, column: column.name || '*' }],
    star: [],
    direct: true,
    whole_rows: [],
  }));
}
