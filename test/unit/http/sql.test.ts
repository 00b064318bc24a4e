import assert from 'node:assert/strict';
import { sqlReader } from '../../../extproc/sql-grammars.js';
import { type PolicyCase, runCase } from '../../../filters/policy/cases.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { analyzer, loadParser } from '../sql/helpers.js';
import { Driver } from './support.js';

const policy = `
version: 1
sql:
  - api: bigquery
  - api: snowflake
  - api: databricks
  - api: trino
  - { api: clickhouse, resource: click* }
  - api: elasticsearch
  - { path: /reports/*, methods: [POST], at: { json: /query/text }, parameters: { json: /query/args }, dialect: postgres }
  - { path: /many, at: { json: /statements/*/sql }, dialect: snowflake }
  - { path: /run, at: { query: q }, dialect: mysql }
  - { path: /form, at: { form: sql }, dialect: mysql }
  - { path: /raw, at: body, dialect: databricks }
  - { path: /head, at: { header: X-Sql }, dialect: trino }
rules:
  - { name: no-drops, on: http, when: 'sql.statements.exists(s, s.kind == "drop")', then: deny }
  - { name: unbounded, on: http, when: 'sql.statements.exists(s, s.kind == "delete" && !s.filtered)', then: approve, approve: { lease: { same: shape, for: 1h } } }
  - { name: secrets, on: http, when: 'sql.statements.exists(s, s.objects.exists(o, o.name == "secrets"))', then: deny }
  - { name: vip, on: http, when: 'params.exists(p, p != null && p == "vip")', then: deny }
defaults: { opaque: allow }
`;
const compiled = compilePolicy(policy, 'p.yaml');
const judged = (http: NonNullable<PolicyCase['http']>, resource = 'api') => {
  const { got } = runCase(compiled, { name: '', http, resource, expect: { verdict: 'allow' }, line: 1 }, undefined, sqlReader(analyzer));
  return `${got.verdict} ${got.rules.join()}`;
};
const post = (url: string, body: unknown, headers: Record<string, string> = {}) => ({ method: 'POST', url, body, headers });

describe('SQL in HTTP requests', function () {
  this.timeout(60_000);
  before(() => loadParser());

  it('is judged as servers that are configured otherwise read it, as far as they run it', () => {
    const run = (sql: string) => judged({ url: `/run?q=${encodeURIComponent(sql)}` });
    const texts: [sql: string, verdict: string][] = [
      // NO_BACKSLASH_ESCAPES
      ["select '\\'; drop table t; -- '", 'deny no-drops'],
      ["select '\\' union select a from secrets -- '", 'deny secrets'],
      ["select '\\'; drop table t; what is this '", 'deny no-drops'],
      ["select '\\'; drop tables t u v ; -- '", 'deny no-drops'],
      // ANSI_QUOTES
      ['select * from "secrets"', 'deny secrets'],
      ['select 1 from t where a = "secrets"', 'allow '],
      ['delete from t where id = "x"', 'allow '],
      ['delete from t where "id" = id', 'approve unbounded'],
      // both
      [`select "\\"; drop table t; -- "`, 'deny no-drops'],
      // errors there
      ["select 'It\\'s Bob\\'s' from t", 'allow '],
      ["insert into t values ('It\\'s', 'Bob\\'s')", 'allow '],
      ["delete from t where name = 'It\\'s Bob\\'s'", 'allow '],
      ["select 'It\\'s' from t", 'allow '],
      ["select 'a\\nb\\\\' from t", 'allow '],
    ];
    for (const [sql, verdict] of texts) assert.equal(run(sql), verdict, sql);
    const many = 'select 1';
    for (const other of ["select '\\'; drop table t; -- '", 'select 1'])
      assert.equal(judged({ url: `/run?q=${many}&q=${encodeURIComponent(other)}` }), other === many ? 'allow ' : 'deny no-drops');
  });

  const places: [string, (sql: string) => NonNullable<PolicyCase['http']>, string?][] = [
    ['BigQuery', (query) => post('/bigquery/v2/projects/p/queries', { query, useLegacySql: false })],
    ['a job of BigQuery', (query) => post('/bigquery/v2/projects/p/jobs', { configuration: { query: { query } } })],
    ['Snowflake', (statement) => post('/api/v2/statements?async=true', { statement })],
    ['a driver of Snowflake', (sqlText) => post('/queries/v1/query-request?requestId=1', { sqlText })],
    ['Databricks', (statement) => post('/api/2.0/sql/statements/', { statement, warehouse_id: 'w' })],
    ['Trino', (sql) => post('/v1/statement', sql, { 'content-type': 'text/plain' })],
    ['Trino, by curl', (sql) => post('/v1/statement', sql, { 'content-type': 'application/x-www-form-urlencoded' })],
    [
      'a statement that a Trino client keeps',
      (sql) => post('/v1/statement', 'select 1', { 'X-Trino-Prepared-Statement': `a=select+2,b=${encodeURIComponent(sql)}` }),
    ],
    ['ClickHouse', (sql) => ({ url: `/?query=${encodeURIComponent(sql)}` }), 'clicks'],
    ['ClickHouse, its body', (sql) => post('/?database=x', sql), 'clicks'],
    ['ClickHouse, both', (sql) => post(`/?query=${encodeURIComponent(sql.split(' ')[0]!)}`, sql.split(' ').slice(1).join(' ')), 'clicks'],
    ['Elasticsearch', (query) => post('/_sql?format=json', { query })],
    ['Elasticsearch, by GET', (query) => ({ method: 'GET', url: '/_sql', body: { query } })],
    ['a pointer', (text) => post('/reports/7', { query: { text } })],
    ['every element of a list', (sql) => post('/many', { statements: [{ sql: 'select 1' }, { sql }] })],
    ['a parameter of the query', (sql) => ({ url: `/run?q=select+1&q=${encodeURIComponent(sql)}` })],
    ['a form', (sql) => post('/form', `sql=${encodeURIComponent(sql)}`, { 'content-type': 'application/x-www-form-urlencoded' })],
    ['a body', (sql) => post('/raw', sql)],
    ['a header', (sql) => ({ url: '/head', headers: { 'x-sql': sql } })],
    ['a key in other capitals', (statement) => post('/api/v2/statements', { Statement: statement })],
    [
      'JSON that says it is text',
      (statement) => post('/api/v2/statements', JSON.stringify({ statement }), { 'content-type': 'text/plain' }),
    ],
    ['a path in other capitals', (statement) => post('/API/v2//statements', { statement })],
  ];
  for (const [url, set] of [
    ['/run?q=', "set sql_mode = 'NO_BACKSLASH_ESCAPES'"],
    ['/run?q=', "set session sql_mode = 'ANSI_QUOTES'"],
    ['/?query=', "set dialect = 'kusto'"],
    ['/raw?', 'set spark.sql.ansi.doubleQuotedIdentifiers = true'],
    ['/raw?', 'set `spark.sql.parser.escapedStringLiterals` = true'],
    ['/reports/1?', 'set standard_conforming_strings = off'],
  ] as const)
    it(`may not change how the next one is read: ${set}`, () => {
      const body = url.startsWith('/raw') ? set : { query: { text: set } };
      const http = url.endsWith('=') ? { url: `${url}${encodeURIComponent(set)}` } : post(url, body);
      const said = judged(http, url.startsWith('/?') ? 'clicks' : 'api');
      assert.equal(said, 'deny default:grammar');
    });

  it('is not understood where a parameter of ClickHouse makes it another language', () => {
    const query = encodeURIComponent('select a from t');
    assert.equal(judged({ url: `/?query=${query}` }, 'clicks'), 'allow ');
    assert.equal(judged({ url: `/?dialect=kusto&query=${query}` }, 'clicks'), 'deny default:unparsed');
  });

  it('may set what changes nothing of it', () => {
    assert.equal(judged({ url: `/run?q=${encodeURIComponent('set time_zone = "UTC"')}` }), 'allow ');
    assert.equal(judged({ url: `/run?q=${encodeURIComponent("set sql_mode = ''")}` }), 'allow ');
  });

  for (const [where, at, resource] of places)
    it(`is found in ${where}`, () => {
      const all = (sql: string) => judged(at(sql), resource);
      assert.equal(all('select a from t'), 'allow ');
      assert.equal(all('drop table x'), 'deny no-drops');
      assert.equal(all('/**/DROP table x'), 'deny no-drops');
      assert.equal(all('select * from secrets'), 'deny secrets');
      if (where !== 'Elasticsearch') assert.equal(all('delete from t'), 'approve unbounded');
      assert.equal(all('gibberish it is'), 'deny default:unparsed');
    });

  it('is unparsed where it should stand and is none, and nothing where there is none', () => {
    assert.equal(judged(post('/api/v2/statements', { statement: 7 })), 'deny default:unparsed');
    assert.equal(
      judged(post('/api/v2/statements', '{"statement":"select 1","statement":"drop table x"}', { 'content-type': 'application/json' })),
      'deny default:unparsed',
    );
    assert.equal(judged(post('/api/v2/statements', 'x', { 'content-type': 'application/octet-stream' })), 'deny default:unparsed');
    assert.equal(judged(post('/bigquery/v2/projects/p/jobs', { configuration: { load: {} } })), 'allow ');
    assert.equal(judged(post('/raw', Buffer.from('x').toString(), { 'content-encoding': 'gzip' })), 'deny default:unparsed');
    assert.equal(judged({ url: '/_sql?source={}&source_content_type=application/json' }), 'deny default:unparsed');
    assert.equal(judged(post('/?decompress=1', 'x'), 'clicks'), 'deny default:unparsed');
    assert.equal(judged({ url: '/?query=drop+table+x' }), 'allow ', 'not of this resource');
    assert.equal(judged({ method: 'GET', url: '/api/v2/statements/01b' }), 'allow ');
    assert.equal(judged(post('/elsewhere', { statement: 'drop table x' })), 'allow ');
  });

  it('has the values that are bound to it', () => {
    const bound: [string, unknown][] = [
      ['/api/v2/statements', { statement: 'select * from t where a = ?', bindings: { 1: { type: 'TEXT', value: 'vip' } } }],
      ['/api/2.0/sql/statements', { statement: 'select :a', parameters: [{ name: 'a', value: 'vip' }] }],
      [
        '/bigquery/v2/projects/p/queries',
        { query: 'select @a', queryParameters: [{ name: 'a', parameterType: { type: 'STRING' }, parameterValue: { value: 'vip' } }] },
      ],
      ['/_sql', { query: 'select ?', params: ['vip'] }],
      ['/reports/1', { query: { text: 'select $1', args: [1, null, 'vip'] } }],
    ];
    for (const [url, body] of bound) {
      assert.equal(judged(post(url, body)), 'deny vip', url);
      assert.equal(judged(post(url, JSON.parse(JSON.stringify(body).replace('"vip"', '"x"')))), 'allow ', url);
    }
    assert.equal(judged({ url: '/?query=select+{a:String}&param_a=vip' }, 'clicks'), 'deny vip');
  });

  it('makes a request wait for its body, is part of its shape, and is told in its record', () => {
    const json: [string, string][] = [['content-type', 'application/json']];
    const shapes = ['delete from t', 'delete  from t /* again */', 'delete from u'].map((statement) => {
      const d = new Driver(policy);
      d.request('POST /api/v2/statements', json, JSON.stringify({ statement }));
      const [request] = d.events('request');
      assert.equal(request!['operation'], 'delete');
      assert.equal((request!['facts'] as { sql: { statements: { kind: string }[] } }).sql.statements[0]!.kind, 'delete');
      return d.last.holds[0]!.shape;
    });
    assert.equal(shapes[0], shapes[1]);
    assert.notEqual(shapes[0], shapes[2]);
    const streams = new Driver(policy);
    streams.step({
      type: 'request_headers',
      headers: [
        [':method', 'POST'],
        [':path', '/other'],
        [':authority', 'a'],
      ],
      end: false,
    });
    assert.equal(streams.answers.length, 1, 'others stream');
  });

  it('mistakes in the policy are told', () => {
    const wrong: [string, RegExp][] = [
      ['{ api: oracle }', /can't be the text "oracle"/],
      ['{ path: /x, at: body }', /the place has no dialect/],
      ['{ api: trino, at: body }', /the api "trino" is known, and so is its at/],
      ['{ path: /x, at: { json: a }, dialect: mysql }', /write body, json/],
      ['{ path: x, at: body, dialect: mysql }', /write a path/],
    ];
    for (const [place, why] of wrong) assert.throws(() => compilePolicy(`version: 1\nsql:\n  - ${place}\n`, 'p.yaml'), why, place);
  });
});
