import assert from 'node:assert/strict';
import { sqlReader } from '../../../extproc/sql-grammars.js';
import { readContentType } from '../../../filters/http/content-type.js';
import { readGraphql } from '../../../filters/http/graphql.js';
import { MultipartReader } from '../../../filters/http/multipart.js';
import { readTarget } from '../../../filters/http/path.js';
import { readingsOf } from '../../../filters/http/readings.js';
import { headOf } from '../../../filters/http/request-facts.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { analyzer, loadParser } from '../../unit/sql/helpers.js';

const words = [
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  ':',
  ',',
  '\\',
  '\\u0041',
  'a',
  '1',
  '-',
  'e9',
  'null',
  ' ',
  '\n',
  '\r\n',
  '=',
  '&',
  '%',
  '%41',
  '%zz',
  '\0',
  '\xff',
  'é',
  '\ufeff',
  '--b',
  '--',
  'query',
  'mutation { a }',
  '<?xml encoding="x"?>',
  '_method=DELETE',
  '{"a":1}',
];
const text = (random: Random, pick = words, most = 20): string =>
  Array.from({ length: random.int(most) }, () => random.pick(pick)).join('');
const types = [
  'application/json',
  'text/plain',
  '',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'application/x-ndjson',
  'application/graphql',
  'application/xml',
  'image/png',
  'application/json; charset=latin1',
  'a/b; c="',
  ';',
  'multipart/form-data',
];
const bytesOf = (random: Random, value: string): Buffer => Buffer.from(value, random.pick(['utf8', 'latin1', 'utf16le'] as const));

/** RFC 3986 section 5.2.4 to the letter. Not by URL: that of Node 20 keeps the last segment of `/a/.b/.`. */
function withoutDots(path: string): string {
  let input = path;
  let output = '';
  while (input !== '') {
    if (/^\/\.(\/|$)/.test(input)) input = `/${input.slice(3)}`;
    else if (/^\/\.\.(\/|$)/.test(input)) {
      input = `/${input.slice(4)}`;
      output = output.slice(0, Math.max(0, output.lastIndexOf('/')));
    } else {
      const next = input.indexOf('/', 1);
      output += next < 0 ? input : input.slice(0, next);
      input = next < 0 ? '' : input.slice(next);
    }
  }
  return output;
}

describe('request codecs, at random', function () {
  this.timeout(TEST_MS_MAX);
  before(() => loadParser());

  it('any request has readings, of which none throws and none is undecided', () => {
    forSeeds(count(3000), (random) => {
      const readings = readingsOf(
        headOf([
          [':method', random.pick(['GET', 'POST', 'delete', ''])],
          [':authority', random.pick(['a', 'A:80', '[::1]:1', ''])],
          [':path', `/${text(random, ['a', '%2f', '..', ';', '\\', '?', '&', '=', '%', '%00', '\xff', '#', '_method=PUT', 'A'])}`],
          ['content-type', random.pick(types)],
          ...(random.chance(0.3) ? [['x-http-method-override', text(random, ['PUT', ',', ' ', '1'], 4)] as const] : []),
          ...(random.chance(0.2) ? [['content-encoding', random.pick(['gzip', 'x', 'br, gzip', 'identity'])] as const] : []),
        ]),
        bytesOf(random, text(random)),
      );
      assert.ok(readings.length >= 1 && readings.length <= 64);
      // What can't be had is said: nothing looks like an empty body that is none.
      for (const { http } of readings) if (http.body === undefined) assert.ok(http.unreadable !== '' || http.unparsed !== '');
    });
  });

  it('JSON is a reading of whatever a parser of JSON would take, in each type, or it is not understood', () => {
    forSeeds(count(3000), (random) => {
      const body = text(random, ['{', '}', '"a"', '"b"', ':', ',', '1', '[', ']', ' ', '\n']);
      let value: unknown;
      try {
        value = JSON.parse(body);
      } catch {
        return;
      }
      if (typeof value !== 'object' || value === null) return;
      for (const type of [
        'application/json',
        'text/plain',
        '',
        'application/x-www-form-urlencoded',
        'application/octet-stream',
        'text/html',
      ]) {
        const readings = readingsOf(
          headOf([
            [':method', 'POST'],
            [':path', '/'],
            [':authority', 'a'],
            ['content-type', type],
          ]),
          Buffer.from(body),
        );
        const seen = readings.some(({ http }) => JSON.stringify(http.body) === JSON.stringify(value));
        assert.ok(seen || readings.some(({ http }) => http.unparsed !== ''), `${type} ${body}`);
      }
    });
  });

  it('a multipart form gives the same in any cuts, or fails in all of them', () => {
    const pieces = [
      '--b',
      '\r\n',
      '--',
      'Content-Disposition: form-data; name="a"',
      '; filename="x"',
      '\r\n\r\n',
      'value',
      '--b--',
      '\r\n--b',
      '\n',
      'b',
    ];
    forSeeds(count(3000), (random) => {
      const whole = Buffer.from(
        `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n${text(random, pieces, 12)}${random.chance(0.7) ? '\r\n--b--\r\n' : ''}`,
      );
      const read = (cuts: Buffer[]): string => {
        try {
          const reader = new MultipartReader('b');
          for (const cut of cuts) reader.push(cut);
          const { fields, files } = reader.end();
          return JSON.stringify([fields, files]);
        } catch {
          return 'refused';
        }
      };
      const at = random.int(whole.length);
      const two = at + random.int(whole.length - at);
      assert.equal(read([whole.subarray(0, at), whole.subarray(at, two), whole.subarray(two)]), read([whole]));
    });
  });

  it('content types and GraphQL documents never throw what is not an Error of theirs', () => {
    forSeeds(count(2000), (random) => {
      readContentType(text(random, ['a', '/', ';', ' ', '=', '"', '\\', ',', 'charset', '\t']));
      try {
        readGraphql(
          random.pick(['/graphql', '/x']),
          '',
          {},
          { query: text(random, ['{', '}', 'a', 'query', '...', 'F', 'on', '(', ')', '$', ':', '!', '@x', '"', ' ']) },
        );
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof TypeError), String(error));
      }
    });
  });

  it('a path that is understood decodes to nothing that is not among its readings', () => {
    forSeeds(count(3000), (random) => {
      const target = `/${text(random, ['a', 'b', '/', '%2f', '%5c', '\\', '..', '.', ';', ';x', '%41', '%3b'])}`;
      const { path, others, unparsed } = readTarget(target);
      if (unparsed !== '') return;
      const all = [path, ...others];
      // A reader that decodes once and resolves (RFC 3986) sees one of them, parameters left out or not.
      const seen = withoutDots(decodeURIComponent(target));
      const same = (one: string) => decodeURIComponent(one).replace(/\/+/g, '/');
      assert.ok(
        all.some((one) => same(one) === same(seen)) || seen.includes('//') || /;/.test(seen),
        `${target}: ${seen} is none of ${all.join(' ')}`,
      );
    });
  });

  it('a statement behind anything is seen, or nothing of it is understood', () => {
    const read = sqlReader(analyzer);
    const parts = [
      'select 1',
      "'",
      "''",
      '"',
      '`',
      '\\',
      '/*',
      '*/',
      '--',
      '\n',
      '#',
      '//',
      '$$',
      '"""',
      "r'",
      '[',
      ']',
      ' ',
      'a',
      ';',
      '\r',
      '?',
      '{x:Int8}',
      ':x',
    ];
    forSeeds(count(1500), (random) => {
      const dialect = random.pick(['bigquery', 'snowflake', 'databricks', 'trino', 'clickhouse', 'mysql', 'transactsql', 'sqlite']);
      const before = `select 1 ${text(random, parts, 8)}`;
      const facts = read(dialect, `${before}\n; drop table victim`);
      if (facts.unparsed !== '') return;
      const seen = facts.statements.some(({ kind, objects }) => kind === 'drop' && objects.some(({ name }) => name === 'victim'));
      // Understood without it: then it stands in a text, a name or a comment that was opened before.
      if (!seen) assert.match(before, /['"`[]|\/\*|\$\$/, `${dialect}: ${before}`);
    });
  });
});
