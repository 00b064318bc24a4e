import assert from 'node:assert/strict';
import { AgingMap, KNOWN_MS_MAX, UNKNOWN_MS_MAX } from '../../../extproc/stores/catalogue/cache.js';
import { type Ask, DatabaseCatalogue } from '../../../extproc/stores/catalogue/database.js';
import { buildRelations, type RawRelation } from '../../../extproc/stores/catalogue/lineage.js';
import {
  COVERED,
  DEPENDENCIES,
  FAMILIES,
  FAMILY_MAX,
  FUNCTIONS,
  RELATIONS_BY_NAME,
  RELATIONS_BY_OID,
  RELATIONS_MAX,
  TYPES,
} from '../../../extproc/stores/catalogue/queries.js';
import { openCatalogue } from '../../../extproc/stores/catalogue.js';
import { MidstreamError } from '../../../filters/errors.js';
import type { Relation } from '../../../filters/postgres/rows/origin.js';
import type { LookupEffect } from '../../../filters/postgres/session/effects.js';
import type { OutputColumn, SqlAnalysis } from '../../../filters/sql/facts.js';
import { output } from '../postgres-rows/support.js';

const nothing: LookupEffect = { relations: [], names: [], types: [], functions: [], patterns: [], invalidate: false };

const table = (oid: number, schema: string, name: string, ...columns: string[]) => ({
  oid,
  schema,
  name,
  kind: 'r',
  definition: null as string | null,
  kept: false,
  columns: columns.map((one, i): [number, string, number, boolean] => [i + 1, one, 25, false]),
});
const raw = (row: ReturnType<typeof table>, rest: Partial<RawRelation> = {}): RawRelation => ({
  ...row,
  family: [],
  dependencies: [],
  outputs: undefined,
  ...rest,
});
const view = (row: ReturnType<typeof table>, outputs: OutputColumn[] | undefined, rest: Partial<RawRelation> = {}) =>
  raw({ ...row, kind: 'v', definition: 'select' }, { outputs, ...rest });
const names = (relation: Relation, column: string) =>
  relation.columns.find((one) => one.name === column)!.sources.map((s) => `${s.schema}.${s.table}.${s.column}`);
const from = (t: string, c: string) => output(c, { sources: [{ schema: 's', table: t, column: c }], direct: true });

describe('AgingMap', () => {
  it('forgets with time, what was not there sooner, and under a clock that goes back', () => {
    let now = 1000;
    const map = new AgingMap<string, number>(() => now);
    map.set('a', 1);
    map.set('b', 'unknown');
    now += UNKNOWN_MS_MAX + 1;
    assert.deepEqual([map.get('a'), map.get('b')], [1, undefined]);
    now += KNOWN_MS_MAX;
    assert.equal(map.get('a'), undefined);
    map.set('a', 2);
    now -= 10;
    assert.equal(map.get('a'), undefined);
  });

  it('is bounded, but keeps what has just come', () => {
    let now = 0;
    const map = new AgingMap<number, number>(() => now, 3);
    for (let i = 0; i < 10; i++) map.set(i, i);
    assert.equal(map.size, 10, 'whoever asked for ten must find ten');
    now += 2000;
    map.set(10, 10);
    assert.equal(map.size, 3);
    assert.equal(map.get(10), 10);
  });
});

describe('lineage of views', () => {
  it('goes through views on views, whatever order they come in', () => {
    const built = buildRelations([
      view(table(3, 's', 'v2', 'x'), [from('v1', 'b')]),
      view(table(2, 's', 'v1', 'a', 'b'), [from('t', 'a'), from('t', 'b')]),
      raw(table(1, 's', 't', 'a', 'b')),
    ]);
    assert.deepEqual(names(built.get(3)!, 'x'), ['s.v2.x', 's.v1.b', 's.t.b']);
    assert.deepEqual(names(built.get(2)!, 'a'), ['s.v1.a', 's.t.a']);
  });

  it('ends where definitions lead back to themselves', () => {
    const built = buildRelations([view(table(1, 's', 'v1', 'a'), [from('v2', 'a')]), view(table(2, 's', 'v2', 'a'), [from('v1', 'a')])]);
    assert.ok(names(built.get(1)!, 'a').includes('s.v2.a'));
  });

  it('without a definition that is understood takes all that the view depends on', () => {
    const dependencies = [
      { oid: 2, attribute: 0, schema: 's', name: 't', column: 'a' },
      { oid: 2, attribute: 0, schema: 's', name: 'u', column: null },
    ];
    const built = buildRelations([raw(table(1, 's', 't', 'a', 'b')), view(table(2, 's', 'v', 'x', 'y'), undefined, { dependencies })]);
    for (const column of ['x', 'y']) assert.deepEqual(names(built.get(2)!, column), [`s.v.${column}`, 's.t.a', 's.u.*']);
  });

  it('of a family too large to be kept goes by the column’s name', () => {
    const family = Array.from({ length: FAMILY_MAX + 1 }, (_, i) => ({ root: 1, schema: 's', name: `p${i}` }));
    assert.deepEqual(names(buildRelations([raw(table(1, 's', 't', 'a'), { family })]).get(1)!, 'a'), ['s.t.a', '..a']);
  });
});

describe('DatabaseCatalogue', () => {
  const noSql = (): SqlAnalysis => ({ facts: { unparsed: 'not here' }, top: [] }) as unknown as SqlAnalysis;
  const server = (answers: Partial<Record<string, (values: unknown[]) => unknown[]>>): { ask: Ask; asked: string[] } => {
    const asked: string[] = [];
    return {
      asked,
      ask: async <Row>(sql: string, values: unknown[]) => {
        asked.push(sql);
        return (answers[sql]?.(values) ?? []) as Row[];
      },
    };
  };

  it('keeps what it read, and what was not there as unknown', async () => {
    const { ask, asked } = server({
      [RELATIONS_BY_OID]: () => [table(1, 's', 't', 'a')],
      [FUNCTIONS]: () => [{ oid: 7, schema: 's', name: 'f', volatility: 'v' }],
    });
    const catalogue = new DatabaseCatalogue(ask, noSql, () => 0);
    await catalogue.load({ ...nothing, relations: [1, 2], types: [30_000], functions: [7, 8] });
    const { cache } = catalogue;
    assert.equal((cache.relation(1) as Relation).name, 't');
    assert.deepEqual([cache.relation(2), cache.type(30_000), cache.functionByOid(8)], ['unknown', 'unknown', 'unknown']);
    assert.equal((cache.functionByOid(7) as { name: string }).name, 'f');
    assert.deepEqual(asked, [RELATIONS_BY_OID, FAMILIES, DEPENDENCIES, TYPES, FUNCTIONS]);
  });

  it('leaves a name that stands for too many relations unknown', async () => {
    const { ask } = server({
      [RELATIONS_BY_NAME]: () => Array.from({ length: RELATIONS_MAX + 1 }, (_, i) => table(i + 1, `s${i}`, 't', 'a')),
    });
    const catalogue = new DatabaseCatalogue(ask, noSql, () => 0);
    await catalogue.load({ ...nothing, names: [{ schema: '', name: 't' }] });
    assert.equal(catalogue.cache.byName('', 't'), 'unknown');
  });

  it('after a failure knows that it knows nothing, so that nobody waits or asks for ever', async () => {
    const catalogue = new DatabaseCatalogue(
      async () => Promise.reject(new MidstreamError('unavailable', 'gone')),
      noSql,
      () => 0,
    );
    await assert.rejects(
      catalogue.load({ ...nothing, relations: [1], names: [{ schema: 's', name: 't' }], types: [30_000], functions: [2] }),
      MidstreamError,
    );
    const { cache } = catalogue;
    assert.deepEqual(
      [cache.relation(1), cache.byName('s', 't'), cache.type(30_000), cache.functionByOid(2)],
      ['unknown', 'unknown', 'unknown', 'unknown'],
    );
  });

  it('tells which patterns of rules cover a column, even where something else cannot be read', async () => {
    const catalogue = new DatabaseCatalogue(
      async <Row>(sql: string, values: unknown[]) => {
        if (sql !== COVERED) throw new MidstreamError('unavailable', 'a view is locked');
        assert.deepEqual(values, [
          ['*', 'hr'],
          ['nobody', 'people'],
          ['secret', '*'],
        ]);
        return [{ schema: 'hr', table: 'people', column: '*' }] as Row[];
      },
      noSql,
      () => 0,
    );
    const patterns = [
      { schema: '*', table: 'nobody', column: 'secret' },
      { schema: 'hr', table: 'people', column: '*' },
    ];
    const { cache } = catalogue;
    assert.equal(cache.covers(patterns[0]!), undefined);
    await assert.rejects(catalogue.load({ ...nothing, patterns, relations: [1] }), MidstreamError);
    assert.deepEqual(
      patterns.map((one) => cache.covers(one)),
      [false, true],
    );
    cache.invalidate();
    assert.equal(cache.covers(patterns[0]!), undefined);
  });

  it('believes for a short time only what was read while definitions kept changing', async () => {
    let now = 0;
    let asked = 0;
    const catalogue: DatabaseCatalogue = new DatabaseCatalogue(
      async <Row>() => {
        asked++;
        catalogue.cache.invalidate();
        return [] as Row[];
      },
      noSql,
      () => now,
    );
    const pattern = { schema: '*', table: 'nobody', column: 'secret' };
    await catalogue.load({ ...nothing, patterns: [pattern] });
    assert.ok(asked > 1, 'it asks again');
    assert.equal(catalogue.cache.covers(pattern), false);
    now = UNKNOWN_MS_MAX + 1;
    assert.equal(catalogue.cache.covers(pattern), undefined);
  });

  it('does not keep what was asked before definitions changed', async () => {
    let release: () => void = () => undefined;
    const waits = new Promise<void>((resolve) => {
      release = resolve;
    });
    const catalogue = new DatabaseCatalogue(
      async <Row>(sql: string) => {
        await waits;
        return (sql === RELATIONS_BY_OID ? [table(1, 's', 'old', 'a')] : []) as Row[];
      },
      noSql,
      () => 0,
    );
    const loading = catalogue.load({ ...nothing, relations: [1] });
    catalogue.cache.invalidate();
    release();
    await loading;
    assert.equal(catalogue.cache.relation(1), 'unknown');
  });

  it('refuses a connection string that is none', () => {
    assert.throws(
      () => openCatalogue({ url: 'not a url' }),
      (error) => error instanceof MidstreamError && error.code === 'config_invalid',
    );
  });
});
