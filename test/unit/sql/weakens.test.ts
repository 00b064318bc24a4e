import assert from 'node:assert/strict';
import { analyze, loadParser } from './helpers.js';

/** Statement, and the protections that it takes off, wherever it stands. */
const CASES: [string, string[]][] = [
  ['alter table t disable trigger x', ['triggers']],
  ['alter table t disable trigger all', ['triggers']],
  ['ALTER TABLE "t" DISABLE/**/TRIGGER USER', ['triggers']],
  ['alter table t enable replica trigger x', ['triggers']],
  ['alter table t enable trigger x', []],
  ['alter table t enable always trigger x', []],
  ['drop trigger x on t', ['triggers']],
  ['alter event trigger e disable', ['triggers']],
  ['alter event trigger e enable replica', ['triggers']],
  ['alter event trigger e enable', []],
  ['drop event trigger e', ['triggers']],
  ['alter table t disable rule r', ['rules']],
  ['alter table t enable replica rule r', ['rules']],
  ['drop rule r on t', ['rules']],
  ['alter table t disable row level security', ['row_security']],
  ['alter table t no force row level security', ['row_security']],
  ['alter table t enable row level security, force row level security', []],
  ['drop policy p on t', ['row_security']],
  ['alter table t drop constraint c', ['constraints']],
  ['alter table t alter a drop not null', ['constraints']],
  ['alter table t alter constraint c not enforced', ['constraints']],
  ['alter table t alter constraint c enforced', []],
  ['alter table t alter constraint c deferrable', []],
  ['alter table t add column disable boolean', []],
  ["create function f() returns int language sql security definer as 'select 1'", ['security_definer']],
  ["create procedure p() language sql external security definer as 'select 1'", ['security_definer']],
  ["create function f() returns int language sql security invoker as 'select 1'", []],
  ["create function definer() returns int language sql as 'select 1'", []],
  ['alter function f() security definer', ['security_definer']],
  ['alter routine f() external security definer', ['security_definer']],
  ['alter function f() security invoker', []],
  ["security label for anon on column people.name is 'MASKED WITH VALUE NULL'", ['security_labels']],
  ['security label on table people is null', ['security_labels']],
  ['create role r superuser', ['superuser']],
  ['alter role r bypassrls', ['row_security']],
  ['alter user r nosuperuser nobypassrls', []],
  ['set session_replication_role = replica', ['triggers']],
  ["SET LOCAL Session_Replication_Role TO 'REPLICA'", ['triggers']],
  ['set session_replication_role = origin', []],
  ["set session_replication_role to 'local'", []],
  ['set session_replication_role to default', ['triggers']],
  ['reset session_replication_role', []],
  ['show session_replication_role', []],
  ["select set_config('session_replication_role', 'replica', false)", ['triggers']],
  ["select set_config('session_' || 'replication_role', 'replica', false)", ['triggers']],
  ["select set_config('session_replication_role', x, false) from t", ['triggers']],
  ["select set_config('session_replication_role', 'origin', false)", []],
  ['alter role app set session_replication_role = replica', ['triggers']],
  ['alter system set session_replication_role = replica', ['triggers']],
  ['create function f() returns int language sql set session_replication_role = replica as $$select 1$$', ['triggers']],
  ['do $$ begin alter table t disable trigger all; end $$', ['triggers']],
  ["do $$ begin execute 'alter table t disable row level security'; end $$", ['row_security']],
  ['select disable_trigger from t', []],
];

describe('protections that a statement takes off', () => {
  before(loadParser);
  for (const [text, expected] of CASES) {
    it(text, () => {
      const { facts } = analyze(text);
      assert.equal(facts.unparsed, '');
      assert.deepEqual([...new Set(facts.statements.flatMap((s) => s.weakens))], expected);
    });
  }
});
