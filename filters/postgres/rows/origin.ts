import type { OutputColumn } from '../../sql/facts.js';
import { alignOutputs } from './align.js';
import type { MaskSet } from './mask-set.js';
import type { ColumnLayout } from './plan.js';
import type { ColumnPattern, ColumnRef } from './rule-match.js';
import { needsLookup, type TypeInfo } from './types.js';

export type { ColumnPattern, ColumnRef } from './rule-match.js';

/** A table, view, materialised view, foreign table or sequence as the catalogue has it. */
export interface Relation {
  oid: number;
  schema: string;
  name: string;
  /** pg_class.relkind: r, p, v, m, f, S, … */
  kind: string;
  /** columns that are not dropped, in order */
  columns: RelationColumn[];
  /** a view: materialized views were made of it, at whatever remove */
  kept?: boolean;
}

export interface RelationColumn {
  attribute: number;
  name: string;
  type: number;
  /** GENERATED … STORED: COPY of the table leaves it out unless it is named */
  generated: boolean;
  /**
   * every base column that goes into it, itself included: a view's through its definition, a generated one's through its
   * expression, and the columns of the same name of parents and children (partitions, inheritance)
   */
  sources: ColumnRef[];
}

export interface FunctionEntry {
  oid: number;
  schema: string;
  name: string;
  /** pg_proc.provolatile: i, s, v */
  volatility: string;
}

/** What is known of a database without asking it. `undefined`: not looked up yet; `unknown`: looked up in vain, or it could not be asked. */
export interface CatalogueView extends TypeInfo {
  relation(oid: number): Relation | undefined | 'unknown';
  /** Relations of this name; in any schema when `schema` is empty. Empty when there is none. */
  byName(schema: string, name: string): readonly Relation[] | undefined | 'unknown';
  functionByOid(oid: number): FunctionEntry | undefined | 'unknown';
  /** Whether the database has a column that this pattern of a rule covers. */
  covers(pattern: ColumnPattern): boolean | undefined | 'unknown';
  /** grows whenever somebody is known to have changed definitions: what was worked out before is not believed any more */
  readonly generation?: number;
}

/** Where an output column comes from. Any of `sources` that a column rule covers makes the rule cover the output. */
export interface ColumnOrigin {
  sources: ColumnRef[];
}

export interface Missing {
  relations: number[];
  names: { schema: string; name: string }[];
  types: number[];
  /** patterns of rules of which must be known whether they cover anything */
  patterns?: ColumnPattern[];
}

/** Nested types are looked up a level at a time; no real one is deeper. */
const TYPE_LEVELS_MAX = 16;

/** What must be looked up before originsOf and buildRowPlan can be exact; all empty when nothing is missing. */
export function missing(layout: ColumnLayout[], outputs: OutputColumn[] | undefined, masks: MaskSet, catalogue: CatalogueView): Missing {
  const found: Missing = { relations: [], names: [], types: missingTypes(layout, catalogue) };
  if (masks.columnRules.length === 0) return found;
  const relations = new Set<number>();
  for (const column of layout)
    if (column.table_oid !== 0 && catalogue.relation(column.table_oid) === undefined) relations.add(column.table_oid);
  found.relations = [...relations];
  found.names = missingNames(outputs ?? [], catalogue);
  return found;
}

/** Relations named by the outputs that are not looked up yet. */
export function missingNames(outputs: readonly OutputColumn[], catalogue: CatalogueView): Missing['names'] {
  const names = new Map<string, { schema: string; name: string }>();
  const want = (schema: string, name: string) => {
    if (name !== '' && catalogue.byName(schema, name) === undefined) names.set(`${schema}\0${name}`, { schema, name });
  };
  for (const output of outputs) {
    for (const source of output.sources) want(source.schema, source.table);
    for (const row of output.whole_rows) want(row.schema, row.table);
    for (const star of output.star) {
      want(star.schema, star.table);
      for (const or of star.or ?? []) want(or.schema, or.table);
    }
  }
  return [...names.values()];
}

/** Types that are neither built in nor looked up yet, those inside known ones too. */
export function missingTypes(layout: readonly { type_oid: number }[], types: TypeInfo): number[] {
  const wanted = new Set<number>();
  const seen = new Set<number>();
  let level = layout.map((column) => column.type_oid);
  for (let depth = 0; depth < TYPE_LEVELS_MAX && level.length > 0; depth++) {
    const next: number[] = [];
    for (const oid of level) {
      if (oid === 0 || seen.has(oid) || !needsLookup(oid)) continue;
      seen.add(oid);
      const entry = types.type(oid);
      if (entry === undefined) wanted.add(oid);
      else if (entry !== 'unknown') next.push(entry.element, entry.base, ...entry.attributes.map((attribute) => attribute.type));
    }
    level = next;
  }
  return [...wanted];
}

/**
 * The base columns that feed each output column, one origin for each column of `layout`.
 * A column that Postgres reports as a table's own is resolved by OID and number; where it is computed, by the statement's
 * lineage. Without a catalogue, or where it does not know, names alone decide and what could match, matches.
 */
export function originsOf(
  layout: ColumnLayout[],
  outputs: OutputColumn[] | undefined,
  catalogue: CatalogueView | undefined,
): ColumnOrigin[] {
  const aligned = outputs === undefined ? undefined : alignOutputs(layout, outputs, catalogue);
  return layout.map((column, i) => ({ sources: sourcesOf(column, aligned?.[i], catalogue) }));
}

/** What goes into a position of the row, as far as the statement tells. */
export interface Lineage {
  sources: ColumnRef[];
  /** the value is that column's, as it is */
  direct?: boolean;
}

function sourcesOf(column: ColumnLayout, lineage: Lineage | undefined, catalogue: CatalogueView | undefined): ColumnRef[] {
  const own = column.table_oid === 0 ? undefined : ownSources(column, catalogue);
  // Postgres gives an OID only where the value is that column itself: never for an arm of a UNION, never for an expression.
  if (own?.exact) return own.sources;
  const sources = [...(own?.sources ?? [])];
  for (const source of lineage?.sources ?? []) {
    // Without any catalogue a table's columns are known by name alone, and those of a star keep theirs (decisions/0041).
    if (catalogue === undefined && source.star && column.table_oid !== 0 && column.name !== '')
      sources.push({ schema: source.schema, table: source.table, column: column.name });
    else sources.push(...resolve(source, catalogue));
  }
  // Nothing is known of where it comes from (a function's column, lineage lost): its name is all there is to go by.
  if (sources.length === 0) sources.push({ schema: '', table: '', column: column.name });
  return sources;
}

/** Sources of a column that Postgres reports as a table's own. Not exact: by the field's name, which may be an alias. */
function ownSources(column: ColumnLayout, catalogue: CatalogueView | undefined): { exact: boolean; sources: ColumnRef[] } {
  const relation = catalogue?.relation(column.table_oid);
  if (relation === undefined || relation === 'unknown') return { exact: false, sources: [{ schema: '', table: '', column: column.name }] };
  // Number 0 is the whole row; system columns (tableoid, ctid, …) hold nothing of the row.
  if (column.attribute < 0) return { exact: true, sources: [{ schema: relation.schema, table: relation.name, column: column.name }] };
  if (column.attribute === 0) return { exact: true, sources: relation.columns.flatMap((c) => c.sources) };
  const found = relation.columns.find((c) => c.attribute === column.attribute);
  if (found !== undefined) return { exact: true, sources: found.sources };
  return { exact: false, sources: [{ schema: relation.schema, table: relation.name, column: '*' }] };
}

/** A column named by the statement, followed to its base columns through the catalogue. */
export function resolve(source: ColumnRef, catalogue: CatalogueView | undefined): ColumnRef[] {
  const relations = catalogue === undefined || source.table === '' ? undefined : catalogue.byName(source.schema, source.table);
  if (relations === undefined || relations === 'unknown' || relations.length === 0) return [source];
  if (source.column === '*') return relations.flatMap((relation) => relation.columns.flatMap((c) => c.sources));
  const found = relations.flatMap((relation) => relation.columns.filter((c) => c.name === source.column));
  if (found.length > 0) return found.flatMap((c) => c.sources);
  // No column of any: a whole row under the table's own name, or a definition that changed since. Any column, then.
  return [source, ...relations.flatMap((relation) => relation.columns.flatMap((c) => c.sources))];
}
