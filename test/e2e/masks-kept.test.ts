import assert from 'node:assert/strict';
import type { DatabaseError } from 'pg';
import { type TestGateway, testGateway } from '../support/gateway.js';

const SECRET = 'qwertyasdf';
const policy = `
version: 1
masks:
  - { name: codes, columns: ["public.people.code", "public.words.word"], as: redact }
defaults: { unparsed: deny, opaque: deny, grammar: pin, allow: true }
`;
const seed = `
create table people (id int primary key, name text not null, code text check (code <> ''));
insert into people values (1, 'Ada', '${SECRET}'), (2, 'Bob', 'zxcvbnmlkj');
create table plain (id int, note text);
create view v as select id, code as c from people;
analyze people;
create table child () inherits (people);
insert into child values (5, 'Kim', 'childsecret');
alter table people add column made text generated always as (code) stored;
create view inner_view as select code as c from people;
create materialized view kept as select c from inner_view;
create domain worded as text;
create table words (word worded);
insert into words values ('${SECRET}');
`;

for (const transport of ['ext_proc', 'hop'] as const) {
  describe(`values under a column rule by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: TestGateway;
    before(async () => {
      gateway = await testGateway({ transport, policy, seed, catalogue: true });
    });
    after(() => gateway?.finish());

    it('stand in no error and no notice of the server', async () => {
      const client = await gateway.client();
      const notices: string[] = [];
      client.on('notice', (notice) => notices.push(JSON.stringify(notice)));
      for (const sql of [
        'select code::int from people',
        'select c::date from v',
        'select code::regclass from people',
        'select 1 from people where code::int > 5',
        "select to_date(code, 'YYYY') from people",
        'update people set name = null where id = 1',
        'select code::regtype from people',
        'alter domain worded add check (value::int > 0)',
        'begin; declare c cursor with hold for select code::int from people; commit',
        'create statistics numbers on (code::int), name from people; analyze people',
        // The place in the message is one in the value.
        "select (code || ' asdf')::regtype from people",
      ]) {
        const error = await client.query(sql).then(
          () => assert.fail(sql),
          (reason: DatabaseError) => reason,
        );
        assert.ok(!JSON.stringify({ ...error, message: error.message }).includes(SECRET), `${sql}: ${error.message} ${error.detail}`);
        assert.notEqual(error.code, '42501', sql);
      }
      await client.query("do $$ begin raise notice '%', (select code from people where id = 1); end $$");
      assert.equal(notices.length, 1);
      assert.ok(!notices.join().includes(SECRET));
      // What is about the client's own text stays readable.
      await assert.rejects(client.query('select coed from people'), /column "coed" does not exist/);
      await client.end();
    });

    it('are masked by the definitions in force, whoever changed them, and in a cursor by none that came later', async () => {
      const [one, two] = [await gateway.client(), await gateway.client()];
      const shown = async (client: typeof one, sql: string) => JSON.stringify((await client.query(sql)).rows);
      await one.query('create view changing as select name as x from people');
      assert.match(await shown(two, 'select x from changing'), /Ada/);
      await one.query('create or replace view changing as select code as x from people');
      assert.ok(!(await shown(two, 'select x from changing')).includes(SECRET));
      await two.query('declare c cursor with hold for select x from changing');
      await one.query('create or replace view changing as select name as x from people');
      assert.ok(!(await shown(two, 'fetch all c')).includes(SECRET));
      assert.match(await shown(two, 'select x from changing'), /Ada/);
      await one.query('drop view changing');
      await Promise.all([one.end(), two.end()]);
    });

    it('are not copied to where no mask covers them', async () => {
      const client = await gateway.client();
      for (const sql of [
        'create temp table t as select code from people',
        'insert into plain (note) select c from v',
        'update people set name = code where id = 1',
        'alter table child no inherit people',
        'alter table people alter column made drop expression',
        'create or replace view inner_view as select name as c from people',
        "select set_config('a.b', code, false) from people",
        "select pg_notify('c', code) from people",
        'alter table people rename column code to kode',
        'do $$ declare x text; begin select code into x from people limit 1; insert into plain (note) values (x); end $$',
        'create rule r as on insert to plain do instead update people set name = name where id = 1 returning id, code || name',
        'create rule r as on insert to plain do also select upper(code) from people',
      ])
        for (const values of [undefined, []])
          await assert.rejects(
            values === undefined ? client.query(sql) : client.query({ text: sql, values, name: sql.slice(0, 20) }),
            (error: DatabaseError) => {
              assert.equal(error.code, '42501', `${sql}: ${error.message}`);
              return /masked values/.test(error.message);
            },
          );
      const { rows } = await client.query("insert into people values (3, 'Eve', 'new') returning code");
      assert.deepEqual(rows, [{ code: '[column]' }]);
      await client.query('update people set code = upper(code) where id = 3');
      await client.query('create temp table names as select id, name from people');
      await client.end();
    });

    it('stand in none of the planner’s statistics', async () => {
      const client = await gateway.client();
      for (const sql of [
        "select * from pg_stats where tablename = 'people'",
        "select histogram_bounds::text as x from pg_stats where tablename = 'people'",
        'select stavalues1, stavalues2 from pg_statistic',
        'select s from pg_stats s',
        'select string_agg(histogram_bounds::text, $$ $$) from pg_stats',
      ])
        assert.ok(!JSON.stringify((await client.query(sql)).rows).includes(SECRET), sql);
      await client.end();
    });
  });
}
