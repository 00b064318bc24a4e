import assert from 'node:assert/strict';
import { mediaType, readBodies } from '../../../filters/http/body.js';
import { readJson } from '../../../filters/http/json.js';

const readings = (type: string, text: string | Buffer) => readBodies(type, Buffer.from(text));
const read = (type: string, text: string | Buffer) => readings(type, text)[0]!;
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const bodies = (type: string, text: string | Buffer) => readings(type, text).map(({ body }) => plain(body ?? null));

describe('a body', () => {
  it('is read by its type, and JSON by its look', () => {
    assert.deepEqual(read('application/json', '{"a":[1,{"b":null}]}').body, { a: [1, { b: null }] });
    assert.deepEqual(read('application/problem+json', '[1]').body, [1]);
    assert.deepEqual(read('text/plain', ' {"amount": 5000}').body, { amount: 5000 }, 'what says text may be read as JSON by the server');
    assert.deepEqual(read('', '{"amount": 5000}').body, { amount: 5000 });
    assert.deepEqual(read('application/octet-stream', '{"amount": 5000}').body, { amount: 5000 });
    assert.deepEqual(read('text/plain', '\ufeff{"amount": 5000}').body, { amount: 5000 });
    assert.equal(read('text/plain', '{not json').body, '{not json');
    assert.deepEqual(plain(read('application/x-www-form-urlencoded', 'a=1&a=%32&b=%C3%A9').body), { a: ['1', '2'], b: ['é'] });
    assert.equal(read('application/json', '').body, null);
    assert.deepEqual(read('application/x-ndjson', '{"a":1}\n\r\n[2]\n').body, [{ a: 1 }, [2]]);
    assert.equal(read('application/xml', '<?xml version="1.0"?><a/>').body, '<?xml version="1.0"?><a/>');
    assert.equal(mediaType(' Application/JSON; charset="utf-8"'), 'application/json');
  });

  it('that several kinds of readers would take for several things is read as each of them', () => {
    assert.deepEqual(bodies('application/x-www-form-urlencoded', '{"amount":5000}'), [{ amount: 5000 }], 'what curl -d sends');
    assert.deepEqual(bodies('application/x-www-form-urlencoded', '{"a":"&amount=5&"}'), [
      { '{"a":"': [''], amount: ['5'], '"}': [''] },
      { a: '&amount=5&' },
    ]);
    assert.deepEqual(
      bodies('text/plain', '{"amount":5000} and more'),
      ['{"amount":5000} and more', { amount: 5000 }],
      'the first value alone',
    );
    assert.deepEqual(bodies('text/plain', '{"amount":5}\n{"amount":5000}'), [
      '{"amount":5}\n{"amount":5000}',
      { amount: 5 },
      [{ amount: 5 }, { amount: 5000 }],
    ]);
    assert.deepEqual(bodies('', 'a=1&b=2'), ['a=1&b=2', { a: ['1'], b: ['2'] }]);
    assert.deepEqual(bodies('text/plain; charset=iso-8859-1', Buffer.from([0x63, 0xe9])), ['cé']);
    assert.deepEqual(bodies('text/plain; charset=iso-8859-1', 'é'), ['Ã©', 'é']);
  });

  const refused: [string, string | Buffer, RegExp][] = [
    ['application/json', '{"a":1,"a":2}', /a key stands twice/],
    ['application/json', '{"a":1,"b":{"c":1,"\\u0063":2}}', /a key stands twice/],
    ['text/plain', '{"a":1,"a":2}', /a key stands twice/],
    ['application/octet-stream', '{"a":1,"a":2} x', /a key stands twice/],
    ['application/json', '{"a":', /not JSON/],
    ['application/json', '{"a":1}{"a":2}', /not JSON/],
    ['application/json', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    ['application/json', Buffer.from('{"a":1}', 'utf16le'), /NUL bytes/],
    ['text/plain', Buffer.from('\ufeff{"a":1}', 'utf16le'), /NUL bytes/],
    ['text/plain', Buffer.from([0xfe, 0xff, 0x4e, 0x2d]), /UTF-16/],
    ['application/json; charset=utf-7', '{"a":1}', /charset is not read/],
    ['application/json; charset=ibm037', '{"a":1}', /charset is not read/],
    ['application/json; charset=shift_jis', '{"a":1}', /charset is not read/],
    ['application/json; charset=utf-8; charset=utf-16', '{"a":1}', /charset stands twice/],
    ['application/json, text/plain', '{"a":1}', /in several ways/],
    ['application/json; x', '{"a":1}', /in several ways/],
    ['application/json', '['.repeat(101) + ']'.repeat(101), /nested deeper than 100/],
    ['application/x-www-form-urlencoded', 'a=%', /escape that is none/],
    ['application/x-ndjson', '{"a":1}\n{"b":', /not JSON/],
    ['application/xml', '<?xml version="1.0" encoding="utf-7"?><a/>', /another charset/],
  ];
  for (const [type, text, why] of refused)
    it(`that readers may read differently is unparsed: ${type} ${why.source}`, () =>
      assert.match(
        readings(type, text)
          .map(({ unparsed }) => unparsed)
          .join(),
        why,
      ));

  it('of a type that is not read is said to be so', () => {
    assert.match(read('image/png', 'x').unreadable, /image\/png is not read/);
    assert.match(read('image/png', Buffer.from([0, 1, 2])).unreadable, /image\/png is not read/);
    assert.match(read('application/grpc', Buffer.from([0, 0, 0, 0, 5])).unreadable, /grpc is not read/);
  });

  it('JSON behind other white space is what it is to some readers too', () => {
    for (const blank of ['\f', '\v', '\u00a0', ' \ufeff', '\u2028', '\u001e', '\u200b'])
      assert.ok(
        readings('text/plain', `${blank}{"a":1}`).some(({ body }) => JSON.stringify(body) === '{"a":1}'),
        JSON.stringify(blank),
      );
  });

  it('is told of without a word of it', () => {
    for (const [type, text] of refused) assert.doesNotMatch(read(type, text).unparsed, /[{}[\]]/);
  });

  it('keeps equal keys of different objects, and keys that look like others', () => {
    assert.deepEqual(readJson(Buffer.from('[{"a":1},{"a":2},{"b":{"b":1}}]')), [{ a: 1 }, { a: 2 }, { b: { b: 1 } }]);
    assert.deepEqual(readJson(Buffer.from('{"a":"a","b":["a","a"]}')), { a: 'a', b: ['a', 'a'] });
    assert.equal(Object.keys(readJson(Buffer.from('{"__proto__":1,"constructor":2}')) as object).length, 2);
  });
});
