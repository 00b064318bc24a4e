import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../extproc/process/places.js';
import { createAnalyzer, loadParser } from '../../../filters/sql/analyze.js';
import { tokenize } from '../../../filters/sql/lexer.js';
import { literalsOf } from '../../../filters/sql/literals.js';
import { count, counted } from '../../support/long.js';
import { Random } from '../../support/random.js';
import { SAID } from '../../support/seed.js';

/** Every text of the unit tests that may be SQL: attacks, kinds, lineage, writes with and without a bound. */
function corpus(): string[] {
  const found = new Set<string>();
  for (const folder of ['unit', 'property'])
    for (const file of readdirSync(join(packageRoot(), 'test', folder, 'sql'))) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(join(packageRoot(), 'test', folder, 'sql', file), 'utf8');
      for (const [, double, single, back] of source.matchAll(/"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\$]|\\.)*)`/g)) {
        const text = (double ?? single ?? back ?? '').replace(/\\n/g, '\n').replace(/\\(.)/g, '$1');
        if (/^\s*[a-z]+\b.*\s/is.test(text) && text.length < 4000) found.add(text);
      }
    }
  return [...found];
}

const NUMBERS = '0 1 2 3 5 7 10 42 007 100 999999999 2147483647 2147483648 99999999999 1e5 0x10 1_000 1.5 .5'.split(' ');
const WORDS = [
  '',
  'x',
  't',
  'f',
  'true',
  'off',
  'on',
  'random',
  'pg_read_file',
  'people',
  'salary',
  '{1,2}',
  '%',
  '%%',
  '1',
  '0',
  '5',
  '1 day',
  '$1',
  '--',
  '/*',
  'select 1; drop table t',
  'sql',
  'plpgsql',
  'utf8',
  'a.b',
  '^.*$',
];
const STRINGS = [
  ...WORDS.map((word) => `'${word}'`),
  "'a''b'",
  "'a' \n 'b'",
  "E'\\n'",
  "E'x'",
  "U&'\\0061'",
  "N'x'",
  "'é'",
  "'back\\slash'",
  '$$x$$',
  "B'1'",
];

/** Other constants in the same places. */
function otherConstants(text: string, random: Random): string {
  let out = '';
  let last = 0;
  for (const { type, start, end } of tokenize(text)) {
    const number = type === 'other' && /^[0-9]/.test(text.slice(start, end));
    if ((!number && type !== 'string') || random.chance(0.3)) continue;
    const [same, other] = number ? [NUMBERS, STRINGS] : [STRINGS, NUMBERS];
    out += text.slice(last, start) + random.pick(random.chance(0.95) ? same : other);
    last = end;
  }
  return out + text.slice(last);
}

describe('SQL facts of texts that differ in constants', function () {
  this.timeout(300_000);
  before(loadParser);

  it('are those of a full analysis, whatever was seen before', () => {
    const random = new Random();
    const options = { cache_bytes_max: 1 << 26, statement_bytes_max: 1 << 20 };
    const shared = createAnalyzer({ ...options, cache_entries_max: 5000 });
    const full = createAnalyzer({ ...options, cache_entries_max: 0 });
    const texts = corpus();
    assert.ok(texts.length > 500, `only ${texts.length} texts were found`);
    const seen = new Set<unknown>();
    let again = 0;
    let compared = 0;
    for (let round = 0; round < count(6); round += 1) {
      for (const text of texts) {
        const other = round === 0 ? text : otherConstants(text, random);
        const analysis = shared.analyze(other);
        if (seen.has(analysis)) again += 1;
        seen.add(analysis);
        compared += 1;
        assert.deepEqual(analysis, full.analyze(other), `${SAID}: ${JSON.stringify(other)}`);
      }
    }
    if (!counted) assert.ok(again > compared / 20, `of ${compared} texts only ${again} had an analysis that was there`);
  });

  it('are shared where the constants are only data', () => {
    const analyzer = createAnalyzer({ cache_entries_max: 100, cache_bytes_max: 1 << 20, statement_bytes_max: 1 << 20 });
    for (const [one, two] of [
      ['select a from t where id = 5;', 'select a from t where id = 48213;'],
      ["update t set a = a + 1, b = 'x' where id = 5", "update t set a = a + 22, b = 'y z' where id = 6"],
      ["insert into t values (1, 'a', 0), (2, 'b', 1)", "insert into t values (7, '', 3), (8, 'c', 0)"],
      [
        "select * from t where d > '2020-01-01'::date and e in (1, 2) limit 10",
        "select * from t where d > '2021-12-31'::date and e in (3, 4) limit 10",
      ],
    ])
      assert.equal(analyzer.analyze(one!), analyzer.analyze(two!), one);
  });

  it('are not shared where a constant says what happens', () => {
    const analyzer = createAnalyzer({ cache_entries_max: 1000, cache_bytes_max: 1 << 20, statement_bytes_max: 1 << 20 });
    for (const [one, two] of [
      ['delete from t where 1 = 2', 'delete from t where 1 = 1'],
      ['delete from t where id = 5 or 1 = 2', 'delete from t where id = 5 or 1 = 1'],
      ["delete from t where name like 'a'", "delete from t where name like '%'"],
      ['select * from t limit 10', 'select * from t limit 100000'],
      ["select set_config('role', 'a', false)", "select set_config('work_mem', 'a', false)"],
      ["select nextval('a')", "select pg_read_file('/etc/passwd')"],
      ["copy t to '/tmp/a'", "copy t to '/tmp/b'"],
      ["do 'begin end'", "do 'begin drop table t; end'"],
      ["set role 'a'", "set role 'b'"],
      ["select query_to_xml('select 1', true, true, '')", "select query_to_xml('drop table t', true, true, '')"],
    ])
      assert.notEqual(analyzer.analyze(one!), analyzer.analyze(two!), one);
  });

  it('are taken out of texts only where no doubt can be', () => {
    const shape = (text: string) => literalsOf(text)?.shape.replaceAll('\u0001', '#').replaceAll('\u0002', '@');
    for (const [text, expected] of [
      ["select 5, 'x'", 'select #, @'],
      ['select a5 from t where x=7', 'select a5 from t where x=#'],
      ['select "5", 6', 'select "5", #'],
      ['select "a""5", 6', 'select "a""5", #'],
      ['select 1.5, 1e5, 0x10, 1_000, 5', 'select 1.5, 1e5, 0x10, 1_000, #'],
      ['select 9999999999, 5', 'select 9999999999, #'],
      ['select -5, 6', 'select -5, #'],
      ["select 'x'::int", 'select @::int'],
    ] as const)
      assert.equal(shape(text), expected, text);
    for (const text of [
      'select 5 -- 6',
      'select /* 5 */ 6',
      "select E'\\n', 5",
      "select U&'x', 5",
      "select N'x', 5",
      "select 'a''b', 5",
      "select 'a'\n'b'",
      "select 'a' 'b'",
      'select $1, 5',
      'select $$5$$',
      "select 'é', 5",
      'select é, 5',
      "select 'a\nb', 5",
      "select '5",
      'select "5',
      'select U&"x", 5',
      "select '\\', 5",
      'select now()',
    ])
      assert.equal(shape(text), undefined, text);
  });
});
