import { alignOutputs } from '../../../filters/postgres/rows/align.js';
import { type CatalogueView, type ColumnRef, type Relation, resolve } from '../../../filters/postgres/rows/origin.js';
import type { OutputColumn } from '../../../filters/sql/facts.js';
import { type DependencyRow, FAMILY_MAX, type FamilyRow, type RelationRow } from './queries.js';

/** A relation as it was read, before its columns are followed to their base columns. */
export interface RawRelation extends RelationRow {
  family: FamilyRow[];
  dependencies: DependencyRow[];
  /** outputs of a view's definition; undefined where it is no view, or its definition was not understood */
  outputs: OutputColumn[] | undefined;
}

/** Views on views: deeper is taken as using every column it depends on by name. */
const DEPTH_MAX = 32;

/**
 * Follows every column to the base columns that go into it. `raw` holds the relations asked for and those that they are made
 * of; what is not in it is left as a name.
 */
export function buildRelations(raw: readonly RawRelation[]): Map<number, Relation> {
  const byOid = new Map(raw.map((relation) => [relation.oid, relation]));
  const byName = new Map(raw.map((relation) => [`${relation.schema}\0${relation.name}`, relation]));
  const done = new Map<number, Relation>();
  const open = new Set<number>();

  const build = (relation: RawRelation, depth: number): Relation => {
    const known = done.get(relation.oid);
    if (known !== undefined) return known;
    const made: Relation = {
      oid: relation.oid,
      schema: relation.schema,
      name: relation.name,
      kind: relation.kind,
      kept: relation.kept,
      columns: (relation.columns ?? []).map(([attribute, name, type, generated]) => ({
        attribute,
        name,
        type,
        generated,
        sources: ownSources(relation, name),
      })),
    };
    // A definition that leads back to itself (a rule on a table) ends here with its own names.
    if (open.has(relation.oid) || depth > DEPTH_MAX) return made;
    open.add(relation.oid);
    const view = viewOf((schema, name) => {
      const found = byName.get(`${schema}\0${name}`);
      return found === undefined ? undefined : [build(found, depth + 1)];
    });
    addBases(made, relation, view);
    open.delete(relation.oid);
    done.set(relation.oid, made);
    return made;
  };
  for (const relation of byOid.values()) build(relation, 0);
  return done;
}

/** The column itself, and those of its name in parents and children: a rule on one of them covers all. */
function ownSources(relation: RawRelation, column: string): ColumnRef[] {
  const own = { schema: relation.schema, table: relation.name, column };
  if (relation.family.length === 0) return [own];
  if (relation.family.length > FAMILY_MAX) return [own, { schema: '', table: '', column }];
  return [own, ...relation.family.map((member) => ({ schema: member.schema, table: member.name, column }))];
}

function addBases(made: Relation, relation: RawRelation, view: CatalogueView): void {
  if (relation.definition !== null) {
    const bases = viewBases(made, relation, view);
    for (const [i, column] of made.columns.entries()) addAll(column.sources, bases[i] ?? []);
    return;
  }
  for (const { attribute, schema, name, column } of relation.dependencies) {
    const target = made.columns.find((one) => one.attribute === attribute);
    if (target !== undefined) addAll(target.sources, ownColumn(made, schema, name, column));
  }
}

/** A generated column is made of columns of the same table, whose own sources may have a family. */
function ownColumn(made: Relation, schema: string, table: string, column: string | null): ColumnRef[] {
  const found = made.columns.find((one) => one.name === column);
  return found === undefined ? [{ schema, table, column: column ?? '*' }] : found.sources;
}

function viewBases(made: Relation, relation: RawRelation, view: CatalogueView): ColumnRef[][] {
  const layout = made.columns.map((column) => ({
    name: column.name,
    table_oid: 0,
    attribute: 0,
    type_oid: column.type,
    type_modifier: -1,
    format: 0 as const,
  }));
  if (relation.outputs !== undefined)
    return alignOutputs(layout, relation.outputs, view).map((lineage) => lineage.sources.flatMap((source) => resolve(source, view)));
  // Not understood: every column may hold all that the definition depends on.
  const all = relation.dependencies.flatMap(({ schema, name, column }) => resolve({ schema, table: name, column: column ?? '*' }, view));
  return made.columns.map(() => all);
}

function addAll(sources: ColumnRef[], more: readonly ColumnRef[]): void {
  const seen = new Set(sources.map(keyOf));
  for (const source of more) {
    const key = keyOf(source);
    if (!seen.has(key)) sources.push(source);
    seen.add(key);
  }
}

const keyOf = (source: ColumnRef): string => `${source.schema}\0${source.table}\0${source.column}`;

function viewOf(byName: (schema: string, name: string) => Relation[] | undefined): CatalogueView {
  return {
    relation: () => 'unknown',
    byName: (schema, name) => byName(schema, name) ?? 'unknown',
    type: () => 'unknown',
    functionByOid: () => 'unknown',
    covers: () => 'unknown',
  };
}
