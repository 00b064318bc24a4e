import assert from 'node:assert/strict';
import type { CatalogueView } from '../../../filters/postgres/rows/origin.js';
import { type BackendMessage, encodeBackend } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { complete, Driver, query } from '../../support/session-driver.js';
import { bytesOf } from '../../support/session-harness.js';
import { catalogueOf, masksOf } from '../postgres-rows/support.js';

const masks = masksOf(['*.people.salary', 'redact']);
const withSalaries = catalogueOf({ 'hr.people': ['name', 'salary'], 'hr.plain': ['name'] });
const without = catalogueOf({ 'hr.plain': ['name'] });
const ready = (status: 'idle' | 'in_transaction'): BackendMessage => ({ name: 'ReadyForQuery', value: { status } });

/** One row with one text column, as Postgres sends it. */
function answer(name: string, table_oid: number, value: string): Buffer {
  const column = { name: Buffer.from(name), table_oid, attribute: table_oid === 0 ? 0 : 1, type_oid: 25, type_size: -1, type_modifier: -1 };
  return Buffer.concat([
    encodeBackend({ name: 'RowDescription', value: { columns: [{ ...column, format: 0 }] } }),
    encodeBackend({ name: 'DataRow', value: { values: [Buffer.from(value)] } }),
  ]);
}

/** Whether `select name from hr.plain` shows its value after this statement of a transaction that is still open. */
function shownAfter(statement: string, catalogue: CatalogueView | undefined): boolean {
  const driver = new Driver({ masks, catalogue }).login();
  driver.client(query('begin')).server(complete('BEGIN'), ready('in_transaction'));
  driver.client(query(statement)).server(complete('DONE'), ready('in_transaction'));
  driver.client(query('select name from hr.plain')).session.step({ type: 'catalogue' });
  const effects = driver.session.step({ type: 'upstream', bytes: answer('name', withSalaries.oid('hr.plain'), 'Ada'), end: false });
  const out = bytesOf(effects, 'downstream').toString('latin1');
  assert.ok(out.startsWith('T'), 'the row is not held back');
  return out.includes('Ada');
}

describe('origins of columns in a transaction that redefines them', () => {
  before(loadParser);

  it('are in doubt after views, rules, renames and whatever could not be parsed: every column is masked', () => {
    for (const statement of [
      'create view v as select salary as x from hr.people',
      'create or replace view v as select 1 as x',
      'create rule "_RETURN" as on select to t do instead select * from hr.people',
      'alter table hr.people rename to dull',
      'alter table hr.plain attach partition hr.people default',
      'alter index hr.people rename to dull',
      'alter schema hr rename to dull',
      'alter extension something update',
      'do $$ begin create view v as select * from hr.people; end $$',
      "set standard_conforming_strings = off; select 'it\\'s'",
    ])
      assert.equal(shownAfter(statement, withSalaries), false, statement);
  });

  it('stay known after an ALTER that makes no column another', () => {
    for (const statement of [
      'alter type colour rename value $$red$$ to $$green$$',
      'alter role r set x = 1',
      'alter sequence s restart',
      'alter function f() stable',
      'alter domain d drop not null',
      'create table t (a int)',
    ])
      assert.equal(shownAfter(statement, withSalaries), true, statement);
  });

  it('do not matter where the database has no column that a rule covers', () => {
    for (const statement of ['create view v as select name as x from hr.plain', 'alter table hr.plain rename to other'])
      assert.equal(shownAfter(statement, without), true, statement);
  });

  it('are in doubt where that cannot be told', () => {
    for (const catalogue of [undefined, { ...without, covers: () => 'unknown' as const }])
      assert.equal(shownAfter('create view v as select 1 as x', catalogue), false);
  });

  it('wait for the catalogue, which is asked once which patterns cover a column', () => {
    let known: boolean | undefined;
    const driver = new Driver({ masks, catalogue: { ...without, covers: () => known } }).login();
    driver.client(query('begin')).server(complete('BEGIN'), ready('in_transaction'));
    driver.client(query('create view v as select 1 as x')).server(complete('CREATE VIEW'), ready('in_transaction'));
    driver.received();
    driver.client(query('select name from hr.plain')).server(answer('name', withSalaries.oid('hr.plain'), 'Ada'));
    assert.deepEqual(driver.last.lookup?.patterns, [{ schema: '*', table: 'people', column: 'salary' }]);
    assert.deepEqual(driver.received(), []);
    known = false;
    driver.input({ type: 'catalogue' });
    assert.deepEqual(driver.received(), ['RowDescription', 'DataRow']);
  });
});
