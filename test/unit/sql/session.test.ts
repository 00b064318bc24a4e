/** What the session machine needs beside the facts: settings, COPY shapes, prepared statements, cursors. */
import assert from 'node:assert/strict';
import type { CopyShape } from '../../../filters/sql/facts.js';
import { analyze, first, loadParser, words } from './helpers.js';

const TEXT: Omit<CopyShape, 'direction' | 'relation' | 'outputs'> = {
  format: 'text',
  delimiter: '\t',
  null_string: '\\N',
  header: false,
  quote: '"',
  escape: '"',
  encoding: '',
};

function shape(text: string): Omit<CopyShape, 'direction' | 'relation' | 'outputs'> | undefined {
  const copy = analyze(text).top[0]?.copy;
  if (copy === undefined) return undefined;
  const { direction: _direction, relation: _relation, outputs: _outputs, ...rest } = copy;
  return rest;
}

describe('SQL COPY shapes', function () {
  this.timeout(60_000);
  before(loadParser);
  const CASES: [string, Partial<CopyShape> | undefined][] = [
    ['copy t to stdout', {}],
    ['copy t to stdout (format text)', {}],
    ['copy t to stdout (format csv)', { format: 'csv', delimiter: ',', null_string: '' }],
    ['copy t to stdout csv', { format: 'csv', delimiter: ',', null_string: '' }],
    [
      "copy t to stdout with csv header delimiter ';' null 'x' quote '''' escape '/'",
      {
        format: 'csv',
        delimiter: ';',
        null_string: 'x',
        header: true,
        quote: "'",
        escape: '/',
      },
    ],
    [
      "copy t to stdout (format csv, delimiter ';', header true, quote '|')",
      {
        format: 'csv',
        delimiter: ';',
        null_string: '',
        header: true,
        quote: '|',
        escape: '|',
      },
    ],
    ['copy t to stdout (format csv, header off)', { format: 'csv', delimiter: ',', null_string: '' }],
    ['copy t from stdin (format csv, header match)', { format: 'csv', delimiter: ',', null_string: '', header: true }],
    ['copy t to stdout (header)', { header: true }],
    ['copy t to stdout binary', { format: 'binary' }],
    ['copy binary t to stdout', { format: 'binary' }],
    ['copy t to stdout (format BINARY)', { format: 'binary' }],
    ["copy t to stdout (format 'csv')", { format: 'csv', delimiter: ',', null_string: '' }],
    ["copy t to stdout delimiter '|' null ''", { delimiter: '|', null_string: '' }],
    ["copy t to stdout using delimiters '|'", { delimiter: '|' }],
    ["copy t to stdout (encoding 'LATIN1')", { encoding: 'LATIN1' }],
    ["copy t to stdout encoding 'latin1'", { encoding: 'latin1' }],
    ["copy t to '/tmp/x'", undefined],
    ["copy t from program 'x'", undefined],
  ];
  for (const [text, expected] of CASES) {
    it(text, () => {
      assert.deepEqual(shape(text), expected === undefined ? undefined : { ...TEXT, ...expected });
    });
  }
  it('names the relation and its columns, or the outputs of the query', () => {
    assert.deepEqual(analyze('copy s.t (b, a) from stdin').top[0]?.copy?.relation, { schema: 's', table: 't', columns: ['b', 'a'] });
    assert.equal(analyze('copy s.t (b, a) from stdin').top[0]?.copy?.direction, 'in');
    const query = analyze('copy (select a + 1 b from t) to stdout').top[0]?.copy;
    assert.equal(query?.relation, undefined);
    assert.deepEqual(query?.outputs?.map(words), ['b<-t.a']);
    assert.deepEqual(analyze('copy t (b) to stdout').top[0]?.copy?.outputs?.map(words), ['b=t.b']);
  });
  it('says where to and from', () => {
    const target = (text: string): string[] => [first(text).copy_direction, first(text).copy_target];
    assert.deepEqual(target('copy t from stdin'), ['in', 'stdin']);
    assert.deepEqual(target('copy t to stdout'), ['out', 'stdout']);
    assert.deepEqual(target("copy t to '/x'"), ['out', 'file']);
    assert.deepEqual(target("copy t from program 'x'"), ['in', 'program']);
  });
});

describe('SQL settings', function () {
  this.timeout(60_000);
  before(loadParser);
  const CASES: [string, { name: string; value: string | undefined; local: boolean }[] | undefined][] = [
    ["set timezone = 'UTC'", [{ name: 'timezone', value: 'UTC', local: false }]],
    ["set time zone 'UTC'", [{ name: 'timezone', value: 'UTC', local: false }]],
    ['set local work_mem = 64', [{ name: 'work_mem', value: '64', local: true }]],
    ['set search_path = a, "B"', [{ name: 'search_path', value: 'a, B', local: false }]],
    ["set schema 'x'", [{ name: 'search_path', value: 'x', local: false }]],
    ['set a.b to default', [{ name: 'a.b', value: undefined, local: false }]],
    ['reset a.b', [{ name: 'a.b', value: undefined, local: false }]],
    ['reset all', [{ name: '*', value: undefined, local: false }]],
    ['discard all', [{ name: '*', value: undefined, local: false }]],
    ['discard temp', undefined],
    ['set role none', [{ name: 'role', value: 'none', local: false }]],
    ['reset role', [{ name: 'role', value: undefined, local: false }]],
    ['set session characteristics as transaction read only', [{ name: 'default_transaction_read_only', value: '1', local: false }]],
    ['set transaction isolation level serializable', [{ name: 'transaction_isolation', value: 'serializable', local: true }]],
    ["select set_config('a.b', 'c', true)", [{ name: 'a.b', value: 'c', local: true }]],
    ["do $$ begin perform set_config('a.b', 'c', false); end $$", [{ name: 'a.b', value: 'c', local: false }]],
    ["do $$ begin set a.b = 'c'; end $$", [{ name: 'a.b', value: 'c', local: false }]],
    ["with x as (select set_config('a.b', 'c', false)) select * from x", [{ name: 'a.b', value: 'c', local: false }]],
    ["alter role bob set a.b = 'c'", [{ name: 'a.b', value: 'c', local: false }]],
    ['select 1', undefined],
    ['show timezone', undefined],
  ];
  for (const [text, expected] of CASES) {
    it(text, () => {
      assert.deepEqual(analyze(text).top[0]?.sets, expected);
    });
  }
  it('keeps the settings of each statement apart', () => {
    const { top } = analyze('set a.b = 1; select 1; set c.d = 2');
    assert.deepEqual(
      top.map((t) => t.sets?.map((s) => s.name)),
      [['a.b'], undefined, ['c.d']],
    );
  });
});

describe('SQL prepared statements and cursors', function () {
  this.timeout(60_000);
  before(loadParser);
  it('PREPARE carries the analysis of what it prepares', () => {
    const { top } = analyze('select \'é\'; prepare "P" (int, numeric(5, 2)) as select salary as s from people where id = $1');
    const prepares = top[1]?.prepares;
    assert.equal(prepares?.name, 'P');
    assert.deepEqual(prepares?.analysis.top[0]?.outputs?.map(words), ['s=people.salary']);
    assert.equal(prepares?.analysis.facts.parameters, 1);
    assert.equal(prepares?.analysis.facts.statements[0]?.within, 'top');
    assert.equal(prepares?.analysis.facts.normalized, 'select salary as s from people where id = $1');
  });
  it('EXECUTE, DEALLOCATE, DECLARE, FETCH, CLOSE give their names', () => {
    assert.deepEqual(analyze('execute p(1)').top[0]?.executes, { name: 'p' });
    assert.deepEqual(analyze('deallocate p').top[0]?.deallocates, { name: 'p', all: false });
    assert.deepEqual(analyze('deallocate prepare all').top[0]?.deallocates, { name: '', all: true });
    assert.equal(first('deallocate all').name, '*');
    assert.deepEqual(analyze('declare c cursor for select 1').top[0]?.declares, { name: 'c', hold: false });
    assert.deepEqual(analyze('declare c binary cursor with hold for select 1').top[0]?.declares, { name: 'c', hold: true });
    assert.deepEqual(analyze('fetch next from c').top[0]?.fetches, { name: 'c' });
    assert.deepEqual(analyze('close c').top[0]?.fetches, { name: 'c' });
    assert.equal(first('close all').name, '*');
  });
  it('knows the highest parameter', () => {
    assert.equal(analyze('select $2, $7::int from t where a = $3').facts.parameters, 7);
    assert.equal(analyze('select 1').facts.parameters, 0);
  });
  it('knows what changes definitions', () => {
    const ddl = (text: string): boolean[] => analyze(text).top.map((t) => t.ddl);
    assert.deepEqual(ddl('select 1; create table t (a int); delete from t; alter table t add b int'), [false, true, false, true]);
    assert.deepEqual(ddl("do $$ begin execute 'create table x (a int)'; end $$"), [true]);
    assert.deepEqual(ddl('call p()'), [true]);
    assert.deepEqual(ddl('select * into x from y'), [true]);
  });
});

describe('SQL shape', function () {
  this.timeout(60_000);
  before(loadParser);
  const print = (text: string): string => analyze(text).facts.fingerprint;
  it('is the same whatever the constants are', () => {
    assert.equal(print('select * from t where id = 1'), print('SELECT  * FROM t /* x */ WHERE id = 22'));
    assert.equal(print('select 1 from t where id in (1, 2)'), print('select 1 from t where id in (3, 4, 5)'));
    assert.equal(print("insert into t values (1, 'a')"), print("insert into t values (2, 'b'), (3, 'c')"));
    assert.equal(print('select 1 from t where id = 1'), print('select 1 from t where id = $1'));
  });
  it('differs where it matters', () => {
    const different: [string, string][] = [
      ['select a from t', 'select b from t'],
      ['delete from t where id = 1', 'delete from t where id > 1'],
      ['delete from t where false', 'delete from t where true'],
      ["do 'begin delete from t where id = 1; end'", "do 'begin delete from t; end'"],
      ["select pg_read_file('a')", "select pg_read_file('b')"],
      ["select query_to_xml('select 1', true, true, '')", "select query_to_xml('drop table x', true, true, '')"],
      ["copy t to program 'a'", "copy t to program 'b'"],
      ['set a.b = 1', 'set a.b = 2'],
      ["select evil('a')", "select evil('b')"],
      ['execute a', 'execute b'],
      ["create function f() returns int language sql as 'select 1'", "create function f() returns int language sql as 'select 2'"],
      ['select 1; select 2 from t', 'select 1'],
    ];
    for (const [a, b] of different) assert.notEqual(print(a), print(b), `${a} / ${b}`);
  });
  it('normalises literals and comments away', () => {
    const normalized = (text: string): string => analyze(text).facts.normalized;
    assert.equal(
      normalized("select  a ,b from t -- hi\nwhere x='secret' and y = 5.5 and z=$1"),
      'select a, b from t where x = $2 and y = $3 and z = $1',
    );
    assert.equal(normalized("create role bob password 'secret'"), 'create role bob password $1');
    assert.equal(normalized("select E'a\\'b', $x$ y $x$, 'a'\n'b', U&'x', b'1', \"q\"\"r\""), 'select $1, $2, $3, $4, $5, "q""r"');
    assert.equal(normalized('select a<=-1, b::text, c[1], s.t, f(x)'), 'select a <=- $1, b::text, c[$2], s.t, f(x)');
  });
});
