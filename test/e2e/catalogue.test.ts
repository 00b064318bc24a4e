import assert from 'node:assert/strict';
import pg from 'pg';
import { type Catalogue, openCatalogue } from '../../extproc/stores/catalogue.js';
import { MidstreamError } from '../../filters/errors.js';
import type { ColumnRef, Relation } from '../../filters/postgres/rows/origin.js';
import { parsePattern } from '../../filters/postgres/rows/rule-match.js';
import type { LookupEffect } from '../../filters/postgres/session/effects.js';
import { sharedPostgres } from '../support/postgres.js';

const nothing: LookupEffect = { relations: [], names: [], types: [], functions: [], patterns: [], invalidate: false };
const SCHEMA = 'catalogue_test';

/** Definitions with everything that origins are followed through. */
const definitions = `
drop schema if exists ${SCHEMA} cascade;
create schema ${SCHEMA};
set search_path = ${SCHEMA};
create table people (id int primary key, dropped text, "Salary" numeric, email text, email_lower text generated always as (lower(email)) stored);
alter table people drop column dropped;
create view staff as select id, "Salary" as pay, email || '!' as shout, 1 as one from people;
create view staff_again as select s.pay * 2 as double, t.* from staff s join people t using (id);
create materialized view staff_copy as select max("Salary") as top from people group by id;
create table events (at date, secret text) partition by range (at);
create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
create view joined as select coalesce(p.email, e.secret) as any_text from people p full join events e on true;
create type mood as enum ('sad', 'fine');
create domain email_address as text check (value like '%@%');
create type pair as (a int, b email_address, c mood[]);
create type span as range (subtype = text);
create function secret_of(int) returns text language sql stable as 'select null::text';
`;

describe('the catalogue, on a real server', () => {
  let url: string;
  let client: pg.Client;
  let catalogue: Catalogue;
  let database: string;

  before(async function () {
    this.timeout(60_000);
    ({ url } = await sharedPostgres());
    client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(definitions);
    database = (await client.query('select current_database() as name')).rows[0].name;
    catalogue = openCatalogue({ url });
  });

  after(async () => {
    await catalogue?.close();
    await client?.query(`drop schema if exists ${SCHEMA} cascade`);
    await client?.end();
  });

  const oidOf = async (what: string, text: string): Promise<number> =>
    (await client.query(`select $1::${what}::oid as oid`, [text])).rows[0].oid;

  async function relation(name: string): Promise<Relation> {
    const oid = await oidOf('regclass', `${SCHEMA}.${name}`);
    await catalogue.load(database, { ...nothing, relations: [oid] });
    const found = catalogue.view(database).relation(oid);
    assert.ok(found !== undefined && found !== 'unknown', `${name} was not found`);
    return found;
  }

  const sourcesOf = (found: Relation, column: string): string[] =>
    found.columns
      .find((one) => one.name === column)!
      .sources.map((s: ColumnRef) => `${s.table}.${s.column}`)
      .sort();

  it('numbers columns as the server does and leaves dropped ones out', async () => {
    const people = await relation('people');
    assert.deepEqual(
      people.columns.map((c) => [c.attribute, c.name, c.generated]),
      [
        [1, 'id', false],
        [3, 'Salary', false],
        [4, 'email', false],
        [5, 'email_lower', true],
      ],
    );
    assert.equal(people.schema, SCHEMA);
    assert.equal(people.kind, 'r');
  });

  it('follows a generated column to what it is made of', async () => {
    assert.deepEqual(sourcesOf(await relation('people'), 'email_lower'), ['people.email', 'people.email_lower']);
  });

  it('follows the columns of a view, and of a view on a view', async () => {
    const staff = await relation('staff');
    assert.deepEqual(sourcesOf(staff, 'pay'), ['people.Salary', 'staff.pay']);
    assert.deepEqual(sourcesOf(staff, 'shout'), ['people.email', 'staff.shout']);
    assert.deepEqual(sourcesOf(staff, 'one'), ['staff.one']);
    const again = await relation('staff_again');
    assert.deepEqual(sourcesOf(again, 'double'), ['people.Salary', 'staff.pay', 'staff_again.double']);
    assert.deepEqual(sourcesOf(again, 'email'), ['people.email', 'staff_again.email']);
    assert.deepEqual(sourcesOf(await relation('staff_copy'), 'top'), ['people.Salary', 'staff_copy.top']);
    assert.deepEqual(sourcesOf(await relation('joined'), 'any_text'), [
      'events.secret',
      'events_2024.secret',
      'events_2025.secret',
      'joined.any_text',
      'people.email',
    ]);
  });

  it('falls back to what a view depends on when its definition is not understood', async () => {
    const other = openCatalogue({ url, analyze: () => ({ facts: { unparsed: 'no' }, top: [] }) as never });
    try {
      const oid = await oidOf('regclass', `${SCHEMA}.staff`);
      await other.load(database, { ...nothing, relations: [oid] });
      const staff = other.view(database).relation(oid) as Relation;
      assert.deepEqual(sourcesOf(staff, 'one'), ['people.Salary', 'people.email', 'people.id', 'staff.one']);
    } finally {
      await other.close();
    }
  });

  it('lets a partition share the rules of its parent, and the parent those of its partitions, but not siblings', async () => {
    assert.deepEqual(sourcesOf(await relation('events_2024'), 'secret'), ['events.secret', 'events_2024.secret']);
    assert.deepEqual(sourcesOf(await relation('events'), 'secret'), ['events.secret', 'events_2024.secret', 'events_2025.secret']);
  });

  it('finds by name, with a schema and without, and says where there is none', async () => {
    const names = [
      { schema: SCHEMA, name: 'people' },
      { schema: '', name: 'people' },
      { schema: SCHEMA, name: 'nobody' },
      { schema: 'nowhere', name: 'people' },
    ];
    await catalogue.load(database, { ...nothing, names });
    const view = catalogue.view(database);
    assert.equal((view.byName(SCHEMA, 'people') as Relation[]).length, 1);
    assert.ok((view.byName('', 'people') as Relation[]).some((one) => one.schema === SCHEMA));
    assert.deepEqual(view.byName(SCHEMA, 'nobody'), []);
    assert.deepEqual(view.byName('nowhere', 'people'), []);
    assert.equal(view.byName(SCHEMA, 'never asked'), undefined);
  });

  it('reads types with all that is inside them', async () => {
    const pair = await oidOf('regtype', `${SCHEMA}.pair`);
    const span = await oidOf('regtype', `${SCHEMA}.span`);
    const spans = await oidOf('regtype', `${SCHEMA}.span_multirange`).catch(() => oidOf('regtype', `${SCHEMA}.multispan`));
    await catalogue.load(database, { ...nothing, types: [pair, span, spans] });
    const view = catalogue.view(database);
    const entry = view.type(pair);
    assert.ok(entry !== undefined && entry !== 'unknown');
    assert.deepEqual(
      entry.attributes.map((a) => a.name),
      ['a', 'b', 'c'],
    );
    const [, domain, moods] = entry.attributes.map((a) => view.type(a.type));
    assert.deepEqual([(domain as { kind: string; base: number }).kind, (domain as { base: number }).base], ['d', 25]);
    assert.equal((moods as { category: string }).category, 'A');
    const mood = view.type((moods as { element: number }).element);
    assert.equal((mood as { kind: string }).kind, 'e');
    assert.deepEqual([(view.type(span) as { kind: string; base: number }).kind, (view.type(span) as { base: number }).base], ['r', 25]);
    assert.deepEqual([(view.type(spans) as { kind: string; base: number }).kind, (view.type(spans) as { base: number }).base], ['m', span]);
  });

  it('names functions', async () => {
    const oid = await oidOf('regprocedure', `${SCHEMA}.secret_of(int)`);
    await catalogue.load(database, { ...nothing, functions: [oid, 4_000_000_000] });
    assert.deepEqual(catalogue.view(database).functionByOid(oid), { oid, schema: SCHEMA, name: 'secret_of', volatility: 's' });
    assert.equal(catalogue.view(database).functionByOid(4_000_000_000), 'unknown');
  });

  it('tells which patterns of column rules cover a column, dropped ones apart', async () => {
    const patterns = [
      `${SCHEMA}.people.Salary`,
      `${SCHEMA}.people.salary`,
      `${SCHEMA}.people.dropped`,
      `*.staff_again.*`,
      `${SCHEMA}.*.ctid`,
      `${SCHEMA}.nobody.*`,
    ];
    const parsed = patterns.map((one) => parsePattern(one));
    await catalogue.load(database, { ...nothing, patterns: parsed });
    assert.deepEqual(
      parsed.map((one) => catalogue.view(database).covers(one)),
      [true, false, false, true, true, false],
    );
  });

  it('waits for no lock longer than it must: the session it asks for may hold it', async () => {
    await client.query(`begin; alter table ${SCHEMA}.people add column fresh int`);
    try {
      const oid = await oidOf('regclass', `${SCHEMA}.staff`);
      await assert.rejects(catalogue.load(database, { ...nothing, relations: [oid], invalidate: true }), /could not be read/);
      assert.equal(catalogue.view(database).relation(oid), 'unknown');
    } finally {
      await client.query('rollback');
    }
  });

  it('forgets on invalidate and reads what is there now', async () => {
    const oid = await oidOf('regclass', `${SCHEMA}.staff`);
    await relation('staff');
    await client.query(
      `create or replace view ${SCHEMA}.staff as select id, "Salary" as pay, email as shout, 1 as one from ${SCHEMA}.people`,
    );
    await client.query(`alter table ${SCHEMA}.people rename email to mail`);
    await catalogue.load(database, { ...nothing, relations: [oid], invalidate: true });
    assert.deepEqual(sourcesOf(catalogue.view(database).relation(oid) as Relation, 'shout'), ['people.mail', 'staff.shout']);
    await client.query(`alter table ${SCHEMA}.people rename mail to email`);
    catalogue.invalidate(database);
    assert.equal(catalogue.view(database).relation(oid), undefined);
  });

  it('a server that refuses: unavailable, and what was asked for is unknown', async () => {
    const other = openCatalogue({ url });
    try {
      await assert.rejects(
        other.load('no such database', {
          ...nothing,
          relations: [1259],
          names: [{ schema: 'a', name: 'b' }],
          types: [99_999],
          functions: [5],
        }),
        (error) => error instanceof MidstreamError && error.code === 'unavailable',
      );
      const view = other.view('no such database');
      assert.deepEqual(
        [view.relation(1259), view.byName('a', 'b'), view.type(99_999), view.functionByOid(5)],
        ['unknown', 'unknown', 'unknown', 'unknown'],
      );
    } finally {
      await other.close();
    }
  });
});
