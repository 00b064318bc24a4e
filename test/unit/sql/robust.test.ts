import assert from 'node:assert/strict';
import { createAnalyzer } from '../../../filters/sql/analyze.js';
import { analyze, loadParser } from './helpers.js';

/** Texts that overflow the parser or the walker: refused, and the next statement must be understood. */
const TOO_MUCH: [string, string][] = [
  ['200,000 terms', `select ${'1+'.repeat(200_000)}1`],
  ['100,000 nested parentheses', `select ${'('.repeat(100_000)}1${')'.repeat(100_000)}`],
  ['20,000 nested calls', `select ${'f('.repeat(20_000)}1${')'.repeat(20_000)}`],
  ['5,000 nested subqueries', `select ${'(select '.repeat(5000)}1${')'.repeat(5000)}`],
  ['50,000 casts', `select 1${'::int'.repeat(50_000)}`],
  ['50,000 joins', `select 1 from a${' join a using (x)'.repeat(50_000)}`],
  ['20,000 NOTs', `select ${'not '.repeat(20_000)}true`],
  ['50,000 signs', `select ${'- '.repeat(50_000)}1`],
  ['20,000 unions', `select 1${' union select 1'.repeat(20_000)}`],
];

/** Large but flat: no reason to refuse. */
const LARGE: [string, string][] = [
  ['20,000 values', `insert into t values ${Array(20_000).fill("(1, 'abc')").join(',')}`],
  ['20,000 in a list', `select 1 from t where id in (${Array(20_000).fill('1').join(',')})`],
  ['5,000 ORs', `select 1 from t where ${Array(5000).fill('id = 1').join(' or ')}`],
  ['3,000 statements', 'select 1 from t;'.repeat(3000)],
  ['1,600 columns', `select ${Array.from({ length: 1600 }, (_, i) => `c${i}`).join(',')} from t`],
  ['100,000 characters of literal', `select '${'x'.repeat(100_000)}'`],
  ['100,000 characters of comment', `select 1 /* ${'x'.repeat(100_000)} */`],
];

/** Instances are made in the background; a moment lets them come up. */
function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

/** Waits until long statements are parsed again. */
async function recovered(): Promise<void> {
  const long = `select '${'x'.repeat(10_000)}'`;
  for (let i = 0; i < 100 && analyze(long).facts.unparsed !== ''; i += 1) await moment();
}

describe('SQL parser under attack', function () {
  this.timeout(120_000);
  before(loadParser);
  for (const [name, text] of TOO_MUCH) {
    it(`${name}: unparsed, and the next statement is understood`, async () => {
      const { facts, top } = analyze(text);
      assert.notEqual(facts.unparsed, '');
      assert.deepEqual(top, []);
      assert.deepEqual(facts.statements, []);
      const next = analyze('delete from t');
      assert.equal(next.facts.unparsed, '');
      assert.equal(next.facts.statements[0]?.filtered, false);
      await recovered();
    });
  }
  it('forty overflows in one turn do not stop short statements', async () => {
    for (let i = 0; i < 40; i += 1) {
      assert.notEqual(analyze(`select ${'1+'.repeat(20_000 + i)}1`).facts.unparsed, '');
      assert.equal(analyze(`select ${i} from t`).facts.unparsed, '');
    }
    await recovered();
    const long = `select '${'x'.repeat(10_000)}'`;
    assert.equal(analyze(long).facts.unparsed, '', 'long statements are parsed again');
  });
  for (const [name, text] of LARGE) {
    it(`${name}: parsed`, async () => {
      assert.equal(analyze(text).facts.unparsed, '');
      await recovered();
    });
  }
  it('common table expressions that double do not explode', () => {
    const ctes = ['a0 as (select salary from people)'];
    for (let i = 1; i < 60; i += 1) ctes.push(`a${i} as (select * from a${i - 1} x, a${i - 1} y)`);
    const { facts, top } = analyze(`with ${ctes.join(', ')} select * from a59`);
    assert.equal(facts.unparsed, '');
    assert.ok((top[0]?.outputs?.length ?? 0) <= 2001);
    assert.ok(top[0]?.outputs?.some((o) => o.sources.some((s) => s.column === 'salary')));
  });
  it('recursive queries within recursive queries are bounded', () => {
    let query = 'select 1 as a';
    for (let i = 0; i < 12; i += 1) query = `with recursive r${i}(a) as (${query} union all select a from r${i}) select a from r${i}`;
    const { facts } = analyze(query);
    assert.equal(facts.unparsed, '');
    assert.equal(facts.statements.length, 13);
  });
  it('DO within EXECUTE within DO … ends as opaque', () => {
    let body = "execute 'drop table x';";
    for (let i = 0; i < 12; i += 1) body = `execute $q${i}$do $b${i}$ begin ${body} end $b${i}$ $q${i}$;`;
    const { facts } = analyze(`do $$ begin ${body} end $$`);
    assert.ok(facts.opaque.includes('SQL within SQL too many levels deep'), JSON.stringify(facts.opaque));
  });
  it('text with NUL or lone surrogates is not parsed', () => {
    assert.equal(analyze('select 1\0; drop table x').facts.unparsed, 'not valid text');
    assert.equal(analyze("select '\ud800'").facts.unparsed, 'not valid text');
  });
  it('longer than the limit in bytes is not parsed', () => {
    const small = createAnalyzer({ cache_entries_max: 10, cache_bytes_max: 10_000, statement_bytes_max: 20 });
    assert.equal(small.analyze("select 'abcdefgh'").facts.unparsed, '');
    assert.notEqual(small.analyze("select 'abcdefghijkl'").facts.unparsed, '');
    assert.notEqual(small.analyze("select 'ééééééé'").facts.unparsed, '');
  });
  it('the reason of a syntax error does not quote the text', () => {
    const { facts } = analyze('select from where 4111111111111111 "secret"');
    assert.equal(facts.unparsed, 'syntax error');
  });
  it('empty texts have no statements and are not unparsed', () => {
    for (const text of ['', ' ', '\n\t', '-- comment', '/* a */', ';', ' ; ; ']) {
      const { facts, top } = analyze(text);
      assert.equal(facts.unparsed, '');
      assert.equal(facts.count, 0);
      assert.deepEqual(top, []);
      assert.deepEqual(facts.statements, []);
    }
  });
});

describe('SQL analysis cache', () => {
  before(loadParser);
  it('gives the very same object for the same text, and forgets the oldest', () => {
    const small = createAnalyzer({ cache_entries_max: 2, cache_bytes_max: 1_000_000, statement_bytes_max: 1000 });
    const a = small.analyze('select a1');
    assert.equal(small.analyze('select a1'), a);
    small.analyze('select a2');
    assert.equal(small.analyze('select a1'), a, 'used again, so it is the youngest now');
    small.analyze('select a3');
    assert.equal(small.analyze('select a1'), a);
    small.analyze('select a4');
    small.analyze('select a5');
    assert.notEqual(small.analyze('select a1'), a);
  });
  it('is bounded by bytes as well', () => {
    const small = createAnalyzer({ cache_entries_max: 1000, cache_bytes_max: 8000, statement_bytes_max: 100_000 });
    const a = small.analyze('select a1');
    assert.equal(small.analyze('select a1'), a);
    for (let i = 0; i < 10; i += 1) small.analyze(`select xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx${i}`);
    assert.notEqual(small.analyze('select a1'), a);
    const large = `select ${'x'.repeat(20_000)}`;
    assert.notEqual(small.analyze(large), small.analyze(large), 'larger than the whole cache');
  });
});
