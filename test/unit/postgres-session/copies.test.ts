import assert from 'node:assert/strict';
import type { Policy } from '../../../filters/policy/types.js';
import type { Relation } from '../../../filters/postgres/rows/origin.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, query, ready, sync } from '../../support/session-driver.js';
import { catalogueOf, masksOf } from '../postgres-rows/support.js';

const masks = masksOf(['*.people.salary', 'redact'], ['hr.people.code', 'null']);
const tables = {
  'hr.people': ['id', 'name', 'salary', 'code'],
  'old.people': ['id', 'name', 'salary', 'code'],
  'hr.pay': ['id', 'amount'],
  'public.plain': ['id', 'note'],
};
const CODE = { schema: 'hr', table: 'people', column: 'code' };
const column = (name: string, ...sources: (typeof CODE)[]) => ({ attribute: 1, name, type: 25, generated: false, sources });
/** A partition, a generated column, views of which a materialized view was made, and was not. */
const derived: Relation[] = [
  { oid: 1, schema: 'hr', name: 'people_2025', kind: 'r', columns: [column('code', CODE)] },
  { oid: 2, schema: 'hr', name: 'marked', kind: 'r', columns: [column('made', CODE)] },
  { oid: 3, schema: 'hr', name: 'shown', kind: 'v', kept: true, columns: [column('c', CODE)] },
  { oid: 4, schema: 'hr', name: 'unkept', kind: 'v', kept: false, columns: [column('c', CODE)] },
];
const plainTables = catalogueOf(tables);
const catalogue: typeof plainTables = {
  ...plainTables,
  byName: (schema, name) => {
    const found = derived.filter((one) => one.name === name && (schema === '' || schema === one.schema));
    return found.length > 0 ? found : plainTables.byName(schema, name);
  },
};
const strict: Partial<Policy> = {
  decide: (facts) => {
    const opaque = facts.on === 'postgres' ? facts.sql.opaque : [];
    const verdict = opaque.length > 0 ? 'deny' : 'allow';
    return { verdict, matches: [], rule: verdict === 'deny' ? 'default:opaque' : '', message: opaque.join(), hint: '' };
  },
};
const driver = (more: object = {}) => new Driver({ masks, catalogue, policy: strict, ...more }).login();

/** Whether the server received the statement itself. */
function goesOn(text: string, more: object = {}): boolean {
  const [sent = ''] = driver(more).client(query(text)).sent();
  return sent === `Query ${text}`;
}

/** Masked values end up where no rule covers them. */
const LOST = [
  'create table t as select salary from hr.people',
  'create temp table people as select salary, code from hr.people',
  'create table t (a) as select salary from hr.people',
  'select code as c into t from hr.people',
  'create table t as table hr.people',
  'insert into plain (note) select code from hr.people',
  'insert into plain select id, code from hr.people',
  'insert into plain (note) values ((select code from hr.people limit 1))',
  'insert into hr.people (name) select code from hr.people',
  'insert into hr.people (id, name, salary) select id, code, 1 from hr.people',
  'insert into plain (id) values (1) on conflict (id) do update set note = (select salary::text from hr.people limit 1)',
  'update plain set note = code from hr.people p where p.id = plain.id',
  'update hr.people set name = code where id = 1',
  'update plain set (id, note) = (select id, code from hr.people limit 1) where id = 1',
  'merge into plain t using hr.people p on t.id = p.id when matched then update set note = p.code',
  'merge into plain t using hr.people p on t.id = p.id when not matched then insert (id, note) values (p.id, p.code)',
  'with c as (select upper(code) u from hr.people) insert into plain (note) select u from c',
  'with c as (insert into plain (note) select code from hr.people returning 1) select * from c',
  'insert into old.people (id, code) select id, code from hr.people',
  'explain analyze create table t as select code from hr.people',
  'prepare p as insert into plain (note) select code from hr.people',
  'prepare p as select code from hr.people; create table t as execute p',
  "select set_config('a.b', code, false) from hr.people",
  "select pg_notify('c', salary::text) from hr.people",
  "select setval('s', salary) from hr.people",
  'select lo_from_bytea(0, code::bytea) from hr.people',
  'select pg_advisory_lock(salary) from hr.people',
  "copy hr.people to '/tmp/x'",
  "copy (select code from hr.people) to program 'cat'",
  'alter table hr.people rename column salary to pay',
  'alter table hr.people rename to folk',
  'alter table hr.people set schema public',
  'alter schema hr rename to hr2',
  'alter table hr.people alter column name type text using code',
  'alter table hr.people_2025 no inherit hr.people',
  'alter table hr.people detach partition hr.people_2025 concurrently',
  'alter table hr.marked alter column made drop expression',
  'alter table hr.marked alter column made set expression as (id)',
  'create or replace view hr.shown as select id from hr.people',
  'do $$ declare v text; begin select code into v from hr.people; insert into plain (note) values (v); end $$',
  "do $$ declare r record; begin for r in select salary from hr.people loop perform set_config('a.b', r.salary, false); end loop; end $$",
  "do $$ declare v text; begin execute 'select code from hr.people' into v; update plain set note = v where id = 1; end $$",
];

/** They stay under a rule, or none is taken along. */
const KEPT = [
  'select code, salary from hr.people',
  'insert into plain (note) select name from hr.people',
  'insert into plain (note) select name from hr.people where salary > 5 order by code',
  "insert into hr.people (name, salary, code) values ('a', 1, 'b') returning *",
  'update hr.people set salary = salary * 2 where id = 1 returning salary',
  'update hr.people set code = upper(code), name = lower(name) where id = 1',
  'insert into hr.people (salary) select salary from hr.people where id = 1',
  'insert into old.people (salary) select salary from hr.people',
  'insert into hr.people select * from hr.people where false',
  'create table old.people as select id, salary from hr.people',
  'create table t as select id, name from hr.people',
  'create table t as select count(*) from hr.people where salary > 5',
  "select set_config('a.b', name, false) from hr.people",
  'alter table hr.people rename column name to full_name',
  'alter table plain rename to dull',
  'alter table plain no inherit hr.pay',
  'alter table hr.people detach partition plain',
  'alter table plain alter column note drop expression',
  'create or replace view hr.unkept as select id from hr.people',
  'create or replace view hr.fresh as select code from hr.people',
  'alter table hr.people alter column salary type bigint using salary::bigint',
  'do $$ begin update hr.people set salary = salary + 1 where id = 1; end $$',
  'copy hr.people to stdout',
  'prepare p as select code from hr.people; execute p',
];

describe('masked values that are copied', () => {
  before(loadParser);

  for (const text of LOST)
    it(`are lost, so the policy’s word on what is opaque holds: ${text}`, () => {
      assert.equal(goesOn(text), false);
    });

  for (const text of KEPT)
    it(`are not: ${text}`, () => {
      assert.equal(goesOn(text), true);
    });

  it('do not matter without column rules, and where the database has no column that a rule covers', () => {
    const text = 'create table t as select code from hr.people';
    assert.equal(goesOn(text, { masks: masksOf(['email', 'redact']) }), true);
    assert.equal(goesOn(text, { masks: masksOf(['*.nobody.secret', 'redact']) }), true);
  });

  it('are told by name where there is no catalogue', () => {
    assert.equal(goesOn('create table t as select code from hr.people', { catalogue: undefined }), false);
    assert.equal(goesOn('create table t as select * from plain', { catalogue: undefined }), true);
  });

  it('are refused in the extended protocol too, at Parse and at an Execute of what SQL prepared', () => {
    const text = 'insert into plain (note) select code from hr.people';
    const parsed = driver().client(parse('', text), bind(''), execute(), sync);
    assert.ok(!parsed.sent().join().includes(text));
    const d = driver();
    d.client(query('prepare p as select code from hr.people')).server(complete('PREPARE'), ready);
    d.sent();
    d.client(parse('', 'create table t as execute p'), sync).server({ name: 'ParseComplete', value: {} }, ready);
    assert.match(d.sent()[0]!, /create table t as execute p|__midstream/);
    d.client(bind(''), execute(), sync);
    assert.ok(!d.sent().some((one) => one.startsWith('Execute')));
  });

  it('wait for the catalogue, and are judged once it has answered', () => {
    const known = { names: false };
    const asking = { ...catalogue, byName: (schema: string, name: string) => (known.names ? catalogue.byName(schema, name) : undefined) };
    const d = driver({ catalogue: asking });
    d.client(query('create table t as select s from pay_view'));
    assert.deepEqual(d.last.lookup?.names[0], { schema: '', name: 'pay_view' });
    assert.deepEqual(d.sent(), []);
    known.names = true;
    d.input({ type: 'catalogue' });
    assert.deepEqual(d.sent(), ['Query create table t as select s from pay_view']);
  });
});
