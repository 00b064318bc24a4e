import assert from 'node:assert/strict';
import { sqlReader } from '../../../extproc/sql-grammars.js';
import { analyzer, loadParser } from './helpers.js';

/** `kind object(objects)` of each statement, `!` where it has no bound, and what is wrong with it all. */
function read(dialect: string, text: string): string {
  const facts = sqlReader(analyzer)(dialect, text);
  const said = facts.statements.map((s) => {
    const objects = [
      ...new Set(
        s.objects
          .filter((o) => o.access !== 'read' || !s.objects.some((p) => p.access === 'write' && p.name === o.name))
          .map((o) => `${o.access} ${o.schema === '' ? '' : `${o.schema}.`}${o.name}`),
      ),
    ];
    return `${s.kind}${s.object === '' ? '' : ` ${s.object}`}${s.filtered ? '' : '!'}(${objects.join(', ')})${s.reaches.length > 0 ? ` reaches ${[...s.reaches].sort().join(' ')}` : ''}`;
  });
  const unparsed = facts.unparsed === '' ? '' : ' unparsed';
  return `${said.join('; ')}${facts.opaque.length === 0 ? '' : ' opaque'}${unparsed}`;
}

describe('SQL of other products', function () {
  this.timeout(60_000);
  before(() => loadParser());

  const cases: Record<string, [string, string][]> = {
    bigquery: [
      ['select a, count(*) from ds.t where x = 1 and y in (select z from u) limit 10', 'select(read ds.t, read u)'],
      ['select * from `proj-1.HR.People`', 'select(read hr.people)'],
      ['delete from `p.ds.t` where true', 'delete!(write ds.t)'],
      ['delete from ds.t where id = 1', 'delete(write ds.t)'],
      ['select * except (ssn) from t qualify row_number() over (partition by id) = 1', 'select(read t)'],
      ['select struct((select ssn from hr.people) as a), arr[offset(0)] from t', 'select(read t); select(read hr.people)'],
      ['select struct(arr[offset((select s from secrets))] as q) from t', 'select() unparsed'],
      ['select date_sub(current_date(), interval 1 day)', 'select()'],
      ['select 1; drop table x', 'select(); drop table(define x)'],
      ["select 'a\\'; drop table x; --'", 'select()'],
      ["select r'\\'; drop table x; --'", 'select()'],
      ['select """a"; drop table b; """', 'select()'],
      ['select 1 # ; drop table x\n, 2', 'select()'],
      ['sel/**/ect 1', 'sel() unparsed'],
      ["execute immediate 'drop table x'", 'execute() opaque'],
      ['begin drop table x; end', 'do(); commit() opaque'],
      ['declare x int64; set x = 1', 'do(); set() opaque'],
      ['merge into t using s on t.a = s.a when matched then update set b = 1', 'merge(write t, read s)'],
      ["export data options(uri='gs://x') as select * from t", 'export() unparsed'],
      ["select * from external_query('c', 'select 1')", 'select() reaches databases network'],
      ['select ds.mine(x) from t', 'select(read t) opaque'],
      ['create function f() as ((1))', 'create function() unparsed'],
      ['drop schema s cascade', 'drop schema(define s)'],
    ],
    snowflake: [
      ['delete from t', 'delete!(write t)'],
      ['delete from t where 1 == 1', 'delete!(write t)'],
      ['select src:customer.name::string, src:a[0] from t', 'select(read t)'],
      ['select * from "HR"."PEOPLE"', 'select(read hr.people)'],
      ['select * from t // where\nwhere a = 1', 'select(read t)'],
      ['drop warehouse w', 'drop warehouse() unparsed'],
      ['create or replace transient table z as select * from y', 'create table() unparsed'],
      ['copy into @s from t', 'copy() unparsed'],
      ['put file:///etc/passwd @s', 'put() unparsed'],
      ['select $1 from @stage', 'select() unparsed'],
      ['grant role accountadmin to user x', 'grant() unparsed'],
      ['use role accountadmin', 'use() unparsed'],
      ['execute immediate $$drop table x$$', 'execute() opaque'],
      ['call p(1)', 'call() opaque'],
      ['select system$abort_session(1)', 'select() reaches server sessions'],
      ['select * from table(result_scan(last_query_id()))', 'select() reaches catalog'],
      ['select a from t, lateral flatten(input => t.b) f', 'select(read t)'],
      ['delete from t /* x /* y */ where a = 1 */', 'delete!() unparsed'],
    ],
    databricks: [
      ['select * from `hr`.`people` where a = "x"', 'select(read hr.people)'],
      ['delete from t where 1 <=> 1', 'delete!(write t)'],
      ["select java_method('java.lang.Runtime', 'x')", 'select() reaches code'],
      ['insert overwrite t select * from x', 'insert(write t); select(read x)'],
      ['vacuum t retain 0 hours', 'vacuum() unparsed'],
      ["select r'\\' as a, s from secrets --'", 'select() unparsed'],
      ['select R"\\" as a, s from secrets --"', 'select() unparsed'],
      ["select r'a''b' from t", 'select() unparsed'],
      ["select r'\\d+' from t", 'select(read t)'],
      ['optimize t', 'optimize() unparsed'],
      ['select 1L, 2.5D', 'select()'],
    ],
    trino: [
      ['select "a" from "S"."T"', 'select(read s.t)'],
      ['delete from c.s.t', 'delete!(write s.t)'],
      ["select * from table(pg.system.query(query => 'drop table x'))", 'select() reaches code databases opaque'],
      ['execute p using 1', 'execute() opaque'],
      ['select a from t fetch first 5 rows only', 'select(read t)'],
      ['select `a`', 'select() unparsed'],
      ['drop catalog c', 'drop catalog() unparsed'],
    ],
    clickhouse: [
      ['select * from t final format JSON', 'select(read t)'],
      ["select * from url('http://evil', 'CSV')", 'select() reaches network'],
      ["insert into function file('x') select 1", 'insert() unparsed'],
      ['alter table t delete where 1', 'alter table() unparsed'],
      ['system shutdown', 'system() unparsed'],
      ["select 1 into outfile '/x'", 'select() unparsed'],
      ['select * from {t:Identifier}', 'select() unparsed'],
      ['select * from t where id = {id:UInt32}', 'select(read t)'],
      ['optimize table t final', 'optimize() unparsed'],
    ],
    elasticsearch: [
      ['SELECT author, page_count FROM library ORDER BY page_count DESC LIMIT 5', 'select(read library)'],
      ["SHOW TABLES LIKE 'a%'", 'show() unparsed'],
    ],
    mysql: [
      ['delete from t where a = 1 || 1 = 1', 'delete!(write t)'],
      ['delete from `t` where a = 1', 'delete(write t)'],
      ["select /*!50000 1 into outfile 'x' */", 'select() unparsed'],
      ['select 1 --1', 'select() unparsed'],
      ["select load_file('/etc/passwd')", 'select() reaches files'],
      ["select 'a' into outfile '/x'", 'select() reaches files opaque'],
      ['select a from t limit 5, 10', 'select(read t)'],
      ['select sleep(10)', 'select() reaches sessions'],
    ],
    transactsql: [
      ['select top 5 [a] from [dbo].[T]', 'select(read dbo.t)'],
      ["exec xp_cmdshell 'dir'", 'execute() opaque'],
      ["select * from openrowset('x', 'y', 'z')", 'select() reaches files'],
    ],
    sqlite: [
      ['select [a], `b`, "c" from t', 'select(read t)'],
      ["attach 'x' as y", 'attach() unparsed'],
    ],
  };
  for (const [dialect, all] of Object.entries(cases))
    for (const [text, expected] of all)
      it(`${dialect}: ${text.replaceAll('\n', '\\n')}`, () => assert.equal(read(dialect, text), expected));

  it('whatever a statement that is not understood begins with, it may write', () => {
    const { statements } = sqlReader(analyzer)('clickhouse', "select 1 into outfile '/x'");
    assert.equal(statements[0]!.writes, true);
  });

  it('PostgreSQL’s is read by its own analyzer', () => {
    assert.equal(read('postgres', 'drop table x'), 'drop table(define x)');
    assert.match(sqlReader(analyzer)('klingon', 'select 1').unparsed, /not known/);
  });

  it('has one shape for what differs in constants alone', () => {
    const shape = (text: string) => sqlReader(analyzer)('bigquery', text).fingerprint;
    assert.equal(shape('select struct(1 as a) from t where b = 1'), shape('select struct(2 as a) from t where b = 7'));
    assert.notEqual(shape('select struct(1 as a) from t'), shape('select struct(1 as a) from u'));
    assert.equal(shape('optimize t'), '', 'none for what is not understood');
  });

  it('is not spelled in a way that hides it', () => {
    const hidden = ['drop', 'DROP', 'dRoP/**/', 'drop -- x\n', '/* a */ drop /* b */', '\tdrop\r\n'];
    for (const dialect of ['bigquery', 'snowflake', 'databricks', 'trino', 'clickhouse', 'mysql'])
      for (const word of hidden)
        assert.match(read(dialect, `select 1; ${word} table x`), /; drop table\(define x\)$/, `${dialect} ${word}`);
  });
});
