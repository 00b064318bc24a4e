import assert from 'node:assert/strict';
import type pg from 'pg';
import { type Case, type Connections, failureOf, fieldsOf } from './case.js';

const seeded = `
drop schema if exists cases cascade; create schema cases; set search_path = cases;
create table parents (id int primary key, name text not null check (name <> 'bad'));
create table children (id int primary key, parent int references parents);
create domain even as int check (value % 2 = 0);
create type mood as enum ('fine');
insert into parents values (1, 'one'), (2, 'two');
create function failing(state text) returns int language plpgsql as $f$ begin
  raise exception using errcode = state, message = 'it fails é', detail = 'because', hint = 'do not', column = 'c', constraint = 'k', datatype = 'd', table = 't', schema = 's'; end $f$;
`;

async function prepared(at: Connections): Promise<pg.Client> {
  const client = await at.client();
  await client.query(seeded);
  return client;
}

const failing: [string, unknown[]?][] = [
  ['selec'],
  ['select nope from parents'],
  ['select * from no_such'],
  ['select no_such(1)'],
  ['select $1::int', ['x']],
  ['select 1/$1::int', [0]],
  ["select 'x'::int"],
  ["select '{'::json"],
  ["insert into parents values (1, 'again')"],
  ["insert into parents values (9, 'bad')"],
  ['insert into parents values (9, null)'],
  ['insert into children values (1, $1)', [77]],
  ['delete from parents; '],
  ['select 3::cases.even'],
  ["select 'sad'::cases.mood"],
  ["select cases.failing('P0001')"],
  ["select cases.failing('22012')"],
  ["select cases.failing('57014')"],
  ['do $$ begin perform 1/0; end $$'],
  ["do $$ begin execute 'selec'; end $$"],
  ['create table cases.parents ()'],
  ['drop table cases.parents'],
  ['alter table cases.parents add column id int'],
  ['select 1 as a order by b'],
  ['select (1, 2) = 3'],
  ["select date '2001-02-30'"],
  ['select 1e400::float8'],
  ['select 2147483647 + 1'],
  ["select substring('x' from 1 for -1)"],
  ["select regexp_match('x', '(')"],
  ['set datestyle = nonsense'],
  ['show no_such_setting'],
  ['execute no_such'],
  ['fetch no_such'],
  ['rollback to a'],
  ['select pg_read_file($1)', ['/no/such/file']],
  ["select decode('x', 'hex')"],
  ["select convert_from('\\xff', 'UTF8')"],
  ['vacuum; vacuum'],
  ['select array[1,2][1:2:3]'],
];

/** Transactions, savepoints, and errors with all of their fields. */
export const transactions: Case[] = [
  {
    name: 'errors have all the fields that a direct connection gives, simple and extended',
    run: async (at) => {
      const client = await prepared(at);
      await client.query('insert into children values (5, 1)');
      const seen = [];
      for (const [sql, values] of failing)
        seen.push([
          sql,
          await failureOf(client.query(sql, values)),
          values ? null : await failureOf(client.query({ text: sql, queryMode: 'extended' } as pg.QueryConfig)),
        ]);
      return seen;
    },
  },
  {
    name: 'errors at log-in',
    run: async (at) => [
      await failureOf(at.client({ database: 'no_such_database' })),
      await failureOf(at.client({ user: 'no_such_role' })),
      await failureOf(at.client({ options: '-c no_such_setting=1' })),
    ],
  },
  {
    name: 'notices have all their fields',
    run: async (at) => {
      const client = await prepared(at);
      const notices: unknown[] = [];
      client.on('notice', (notice) => notices.push(fieldsOf(notice)));
      await client.query('drop table if exists no_such');
      await client.query(
        "do $$ begin raise warning using message = 'w', detail = 'd', hint = 'h', errcode = '01234', table = 't', column = 'c', constraint = 'k', datatype = 'y', schema = 's'; raise info 'i'; end $$",
      );
      assert.equal(notices.length, 3);
      return notices;
    },
  },
  {
    name: 'commit, rollback, and what another connection sees',
    run: async (at) => {
      const client = await prepared(at);
      const other = await at.client();
      const count = async () => (await other.query('select count(*)::int as n from cases.parents')).rows[0].n as number;
      const counts = [await count()];
      await client.query('begin');
      await client.query("insert into parents values (3, 'three')");
      counts.push(await count());
      await client.query('commit');
      counts.push(await count());
      await client.query('begin');
      await client.query('delete from parents where id = 3');
      await client.query('rollback');
      counts.push(await count());
      assert.deepEqual(counts, [2, 2, 3, 3]);
    },
  },
  {
    name: 'a failed transaction stays failed until its end; savepoints bring it back',
    run: async (at) => {
      const client = await prepared(at);
      await client.query('begin');
      await failureOf(client.query('select 1/0'));
      const inFailed = await failureOf(client.query('select 1'));
      assert.equal((await client.query('commit')).command, 'ROLLBACK');
      await client.query('begin; savepoint a');
      await failureOf(client.query({ name: 'n', text: "insert into parents values ($1, 'x')", values: [1] }));
      await client.query('rollback to savepoint a');
      await client.query({ name: 'n', text: "insert into parents values ($1, 'x')", values: [10] });
      await client.query('release savepoint a; commit');
      return [inFailed, (await client.query('select * from parents order by id')).rows];
    },
  },
  {
    name: 'a deadlock takes one of two',
    run: async (at) => {
      const first = await prepared(at);
      const second = await at.client();
      await second.query('set search_path = cases');
      for (const client of [first, second]) await client.query("set deadlock_timeout = '100ms'; begin");
      await first.query("update parents set name = 'a' where id = 1");
      await second.query("update parents set name = 'b' where id = 2");
      const settled = await Promise.allSettled(
        [
          first.query("update parents set name = 'a' where id = 2"),
          second.query("update parents set name = 'b' where id = 1").then(
            (done) => done,
            async (error) => {
              await second.query('rollback');
              throw error;
            },
          ),
        ].map((work, i) =>
          i === 0
            ? work.catch(async (error: unknown) => {
                await first.query('rollback');
                throw error;
              })
            : work,
        ),
      );
      const codes = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []));
      assert.deepEqual(codes, ['40P01']);
    },
  },
  {
    name: 'two serializable transactions that cannot both be',
    run: async (at) => {
      const first = await prepared(at);
      const second = await at.client();
      await second.query('set search_path = cases');
      for (const client of [first, second]) await client.query('begin isolation level serializable');
      for (const [client, id] of [
        [first, 21],
        [second, 22],
      ] as const) {
        await client.query('select count(*) from parents');
        await client.query('insert into parents values ($1, $2)', [id, 'x']);
      }
      await first.query('commit');
      assert.equal((await failureOf(second.query('commit')))['code'], '40001');
    },
  },
  {
    name: 'time limits of the server',
    run: async (at) => {
      const client = await at.client({ options: '-c lock_timeout=50ms' });
      await client.query("set statement_timeout = '50ms'");
      const late = await failureOf(client.query('select pg_sleep(30)'));
      await client.query('reset statement_timeout');
      const other = await prepared(at);
      await other.query('begin; lock table parents');
      return [late, await failureOf(client.query('lock table cases.parents'))];
    },
  },
  {
    name: 'two-phase commit and advisory locks',
    run: async (at) => {
      const client = await prepared(at);
      const other = await at.client();
      const name = `two_phase_${at.address.port}`;
      await client.query(`begin; insert into parents values (30, 'x'); prepare transaction '${name}'`);
      await other.query(`commit prepared '${name}'`);
      await client.query('select pg_advisory_lock(4711)');
      const { rows } = await other.query('select pg_try_advisory_lock(4711) as got');
      assert.equal(rows[0].got, false);
      return (await client.query('select count(*)::int as n from parents')).rows;
    },
  },
];
