import { missingNames, missingTypes, type Relation } from '../../../filters/postgres/rows/origin.js';
import type { LookupEffect } from '../../../filters/postgres/session/effects.js';
import type { OutputColumn, SqlAnalysis } from '../../../filters/sql/facts.js';
import { CatalogueCache, KNOWN_MS_MAX, nameKey, patternKey, UNKNOWN_MS_MAX } from './cache.js';
import { buildRelations, type RawRelation } from './lineage.js';
import {
  COVERED,
  type CoveredRow,
  DEPENDENCIES,
  type DependencyRow,
  FAMILIES,
  type FamilyRow,
  FUNCTIONS,
  type FunctionRow,
  RELATIONS_BY_NAME,
  RELATIONS_BY_OID,
  RELATIONS_MAX,
  type RelationRow,
  TYPES,
  type TypeRow,
} from './queries.js';

/** Runs one query; rejects when the server can't be asked. */
export type Ask = <Row>(sql: string, values: unknown[]) => Promise<Row[]>;

/** Views on views, and types in types, are followed for so many rounds. */
const ROUNDS_MAX = 32;
/** How often a question is put again because definitions changed meanwhile; where they never rest, the last answer counts for a short time. */
const COVERED_ROUNDS_MAX = 3;

/** Loads what sessions ask for into the cache of one database. */
export class DatabaseCatalogue {
  readonly cache: CatalogueCache;

  constructor(
    private readonly ask: Ask,
    private readonly analyze: (text: string) => SqlAnalysis,
    now: () => number,
    entries_max?: number,
  ) {
    this.cache = new CatalogueCache(now, entries_max);
  }

  /** After it, all that was asked for is known or `unknown`; on failure too, and then it rejects. */
  async load(what: LookupEffect): Promise<void> {
    const { cache } = this;
    if (what.invalidate) cache.invalidate();
    const { generation } = cache;
    try {
      // First: definitions that can't be read just now say nothing about it, and without it everything is masked.
      await this.loadCovered(what.patterns);
      await this.loadRelations(what, generation);
      await this.loadTypes(what.types, generation);
      await this.loadFunctions(what.functions, generation);
    } catch (error) {
      this.markUnknown(what);
      throw error;
    }
    // Definitions changed meanwhile: what came may be older than the change, so it is not kept.
    if (cache.generation !== generation) this.markUnknown(what);
  }

  private markUnknown(what: LookupEffect): void {
    const { cache } = this;
    for (const oid of what.relations) if (cache.relation(oid) === undefined) cache.relations.set(oid, 'unknown');
    for (const { schema, name } of what.names)
      if (cache.byName(schema, name) === undefined) cache.names.set(nameKey(schema, name), 'unknown');
    for (const oid of what.types) if (cache.type(oid) === undefined) cache.types.set(oid, 'unknown');
    for (const oid of what.functions) if (cache.functionByOid(oid) === undefined) cache.functions.set(oid, 'unknown');
    for (const pattern of what.patterns) if (cache.covers(pattern) === undefined) cache.covering.set(patternKey(pattern), 'unknown');
  }

  private async loadRelations(what: LookupEffect, generation: number): Promise<void> {
    if (what.relations.length + what.names.length === 0) return;
    const raw = new Map<number, RawRelation>();
    if (what.relations.length > 0) await this.read(raw, await this.ask<RelationRow>(RELATIONS_BY_OID, [what.relations]));
    const crowded = new Set<string>();
    let wanted = what.names;
    const asked = new Set<string>();
    for (let round = 0; round < ROUNDS_MAX; round++) {
      wanted = wanted.filter(({ schema, name }) => !asked.has(nameKey(schema, name)));
      for (const { schema, name } of wanted) asked.add(nameKey(schema, name));
      if (wanted.length > 0) await this.readNames(raw, wanted, crowded);
      wanted = namesIn(raw);
      if (wanted.every(({ schema, name }) => asked.has(nameKey(schema, name)))) break;
    }
    if (this.cache.generation !== generation) return;
    this.keep(what, buildRelations([...raw.values()]), crowded);
  }

  private keep(what: LookupEffect, built: Map<number, Relation>, crowded: Set<string>): void {
    const { cache } = this;
    // What views are made of was read by name alone, and is kept too: it will be asked for next.
    for (const relation of built.values()) cache.relations.set(relation.oid, relation);
    for (const oid of what.relations) if (!built.has(oid)) cache.relations.set(oid, 'unknown');
    for (const { schema, name } of what.names) {
      const key = nameKey(schema, name);
      const found = [...built.values()].filter((relation) => relation.name === name && (schema === '' || relation.schema === schema));
      cache.names.set(key, crowded.has(key) ? 'unknown' : found);
    }
  }

  private async readNames(raw: Map<number, RawRelation>, wanted: LookupEffect['names'], crowded: Set<string>): Promise<void> {
    const rows = await this.ask<RelationRow>(RELATIONS_BY_NAME, [wanted.map((one) => one.name), wanted.map((one) => one.schema)]);
    if (rows.length > RELATIONS_MAX) {
      // Cut short: no name of this batch is surely complete.
      for (const { schema, name } of wanted) crowded.add(nameKey(schema, name));
      return;
    }
    await this.read(raw, rows);
  }

  private async read(raw: Map<number, RawRelation>, rows: RelationRow[]): Promise<void> {
    const fresh = rows.filter((row) => !raw.has(row.oid));
    if (fresh.length === 0) return;
    const oids = fresh.map((row) => row.oid);
    const [families, dependencies] = [await this.ask<FamilyRow>(FAMILIES, [oids]), await this.ask<DependencyRow>(DEPENDENCIES, [oids])];
    const byRoot = groupBy(families, (row) => row.root);
    const byOid = groupBy(dependencies, (row) => row.oid);
    for (const row of fresh) {
      raw.set(row.oid, {
        ...row,
        family: byRoot.get(row.oid) ?? [],
        dependencies: byOid.get(row.oid) ?? [],
        outputs: this.outputsOf(row.definition),
      });
    }
  }

  private outputsOf(definition: string | null): OutputColumn[] | undefined {
    if (definition === null) return undefined;
    const { facts, top } = this.analyze(definition);
    return facts.unparsed === '' && top.length === 1 ? top[0]!.outputs : undefined;
  }

  private async loadTypes(oids: number[], generation: number): Promise<void> {
    const { cache } = this;
    let wanted = oids;
    for (let round = 0; round < ROUNDS_MAX && wanted.length > 0; round++) {
      const rows = await this.ask<TypeRow>(TYPES, [wanted]);
      if (cache.generation !== generation) return;
      for (const row of rows) {
        cache.types.set(row.oid, {
          ...row,
          base: row.base ?? 0,
          attributes: (row.attributes ?? []).map(([name, type]) => ({ name, type })),
        });
      }
      for (const oid of wanted) if (cache.type(oid) === undefined) cache.types.set(oid, 'unknown');
      wanted = missingTypes(
        oids.map((type_oid) => ({ type_oid })),
        cache,
      );
    }
  }

  private async loadFunctions(oids: number[], generation: number): Promise<void> {
    if (oids.length === 0) return;
    const rows = await this.ask<FunctionRow>(FUNCTIONS, [oids]);
    if (this.cache.generation !== generation) return;
    for (const row of rows) this.cache.functions.set(row.oid, row);
    for (const oid of oids) if (this.cache.functionByOid(oid) === undefined) this.cache.functions.set(oid, 'unknown');
  }

  private async loadCovered(patterns: LookupEffect['patterns']): Promise<void> {
    const { cache } = this;
    if (patterns.length === 0) return;
    const values = [patterns.map((one) => one.schema), patterns.map((one) => one.table), patterns.map((one) => one.column)];
    for (let round = 1; ; round++) {
      const { generation } = cache;
      const rows = await this.ask<CoveredRow>(COVERED, values);
      const sure = cache.generation === generation;
      if (!sure && round < COVERED_ROUNDS_MAX) continue;
      const covered = new Set(rows.map(patternKey));
      const age_ms = sure ? 0 : KNOWN_MS_MAX - UNKNOWN_MS_MAX;
      for (const pattern of patterns) cache.covering.set(patternKey(pattern), covered.has(patternKey(pattern)), age_ms);
      return;
    }
  }
}

/** Relations that the definitions read so far are made of. */
function namesIn(raw: Map<number, RawRelation>): LookupEffect['names'] {
  const known = new Set([...raw.values()].map((relation) => nameKey(relation.schema, relation.name)));
  const never = {
    relation: () => undefined,
    byName: () => undefined,
    type: () => undefined,
    functionByOid: () => undefined,
    covers: () => undefined,
  };
  const names: LookupEffect['names'] = [];
  for (const relation of raw.values()) {
    if (relation.definition === null) continue;
    if (relation.outputs !== undefined) names.push(...missingNames(relation.outputs, never));
    else names.push(...relation.dependencies.map(({ schema, name }) => ({ schema, name })));
  }
  // Catalogue relations stand unqualified in definitions, and under no rule that names a schema of users.
  return names.filter(({ schema, name }) => schema !== '' && !known.has(nameKey(schema, name)));
}

function groupBy<Row>(rows: Row[], keyOf: (row: Row) => number): Map<number, Row[]> {
  const groups = new Map<number, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
