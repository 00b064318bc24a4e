import assert from 'node:assert/strict';
import { isBinary } from '../../../filters/http/binary.js';
import { readingsOf } from '../../../filters/http/readings.js';
import { headOf } from '../../../filters/http/request-facts.js';
import { Driver } from './support.js';

const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), Buffer.alloc(64, 0xfe)]);
const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((one) => Buffer.from(one as string)));
const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const utf16be = (text: string) => utf16(text).swap16();

describe('bodies that are no text', () => {
  const table: [name: string, body: Buffer, binary: boolean][] = [
    ['PNG', PNG, true],
    ['JPEG', bytes([0xff, 0xd8, 0xff, 0xe0], 'JFIF', [0x80]), true],
    ['gzip', bytes([0x1f, 0x8b, 8, 0, 0, 0, 0, 0], '{[', [0xb2]), true],
    ['MP4', bytes([0, 0, 0, 0x20], 'ftypisom', [0, 0, 2, 0], 'isom', [0xb0, 0xff], 'moov'), true],
    ['PDF', bytes('%PDF-1.7\n%', [0xe2, 0xe3, 0xcf, 0xd3], '\n'), true],
    ['text', bytes('hello'), false],
    ['nothing', Buffer.alloc(0), false],
    ['half of a character', bytes('hello ', [0xd0]), false],
    ['NUL bytes alone', Buffer.alloc(20), false],
    // Node and Go read what is not UTF-8 as U+FFFD, and JSON around it.
    ['JSON with a byte that is no text', bytes('{"query":"mutation{wipe}","x":"', [0xff], '"}'), false],
    ['the same behind blanks', bytes(' \r\n\u00a0[1,"', [0xff], '"]'), false],
    ['JSON behind a mark', bytes([0xef, 0xbb, 0xbf], '{"x":"', [0xff], '"}'), false],
    ['a form', bytes('file.name=', [0xff]), false],
    ['UTF-16 of other letters', utf16('{"ключ":"\ud83d\ude00"}'), false],
    ['UTF-16, the other way round', utf16be('{"ключ":"\ud83d\ude00\udbff"}'), false],
    ['UTF-16 with its mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('ключ')]), false],
    ['UTF-32', bytes([0x7b, 0, 0, 0, 0x22, 0, 0, 0, 0xff, 0xff, 0, 0]), false],
  ];
  for (const [name, body, binary] of table) it(`${name}: ${binary}`, () => assert.equal(isBinary(body), binary));

  const facts = (type: string, body: Buffer, path = '/up') =>
    readingsOf(
      headOf([[':method', 'POST'], [':authority', 'a'], [':path', path], ...(type === '' ? [] : [['content-type', type] as const])]),
      body,
    );

  it('hold no files of a form and no GraphQL, and say nothing of what they are', () => {
    for (const type of ['image/png', 'application/octet-stream', '']) {
      const [one, ...more] = facts(type, PNG);
      assert.equal(more.length, 0);
      assert.deepEqual([one!.http.files, one!.http.graphql, one!.http.body, one!.http.unparsed], [[], [], undefined, ''], type);
      assert.match(one!.http.unreadable, /is not read$/);
    }
    assert.deepEqual(
      facts('image/png', PNG, '/up?query=mutation{wipe}')[0]!.http.graphql!.map(({ root }) => root),
      [['wipe']],
    );
  });

  it('are none where a server may find more in them', () => {
    assert.equal(facts('image/png', PNG, '/graphql')[0]!.http.graphql, undefined);
    for (const type of ['application/grpc', 'multipart/mixed; boundary=x', 'image/png; charset=latin2'])
      assert.equal(facts(type, PNG)[0]!.http.graphql, undefined, type);
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
      assert.notEqual(facts(type, PNG)[0]!.http.unparsed, '', type);
  });

  const policy = `
version: 1
rules:
  - { name: programs, on: http, when: 'http.files.exists(f, f.name.endsWith(".exe"))', then: deny }
  - { name: wipes, on: http, when: 'http.graphql.exists(o, "wipe" in o.root)', then: deny }
  - { name: ids, on: http, when: 'http.path == "/ids" && http.body.id == 1', then: deny }
limits: { held_bytes_max: 1000 }
`;
  const begun = (path: string, headers: [string, string][], ...chunks: (Buffer | string)[]) => {
    const d = new Driver(policy);
    d.step({ type: 'request_headers', headers: [[':method', 'PUT'], [':authority', 'a'], [':path', path], ...headers], end: false });
    for (const chunk of chunks) d.step({ type: 'request_body', body: Buffer.from(chunk), end: false });
    return d;
  };
  const image: [string, string][] = [['content-type', 'image/png']];

  it('go on as they come once that is known, of any length', () => {
    const d = begun('/up', image, PNG.subarray(0, 3), PNG.subarray(3));
    assert.equal(d.exchange.phase, 'passing');
    for (let i = 0; i < 10; i++) d.step({ type: 'request_body', body: Buffer.alloc(500, 0xfe), end: i === 9 });
    const sent = Buffer.concat(d.answers.flatMap((one) => (one.part === 'request_body' ? one.chunks : [])));
    assert.equal(sent.length, PNG.length + 5000);
    assert.equal(d.events('decision')[0]!['verdict'], 'allow');
    assert.equal(d.events('request.body').length, 1);
  });

  it('wait where it is not, and are refused where a rule asks what they say', () => {
    assert.equal(begun('/up', image, 'text', ' that goes on').exchange.phase, 'collecting');
    assert.equal(begun('/up', image, PNG.subarray(0, 3)).exchange.phase, 'collecting');
    assert.equal(begun('/up', [...image, ['content-encoding', 'gzip']], PNG).exchange.phase, 'collecting');
    assert.equal(begun('/up', [['content-type', 'application/json']], PNG).exchange.phase, 'collecting');
    assert.equal(begun('/ids', image, PNG).refusal().problem['rule'], 'ids');
    assert.equal(begun('/up?query=mutation{wipe}', image, PNG).refusal().problem['rule'], 'wipes');
  });
});
