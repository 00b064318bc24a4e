import assert from 'node:assert/strict';
import { mediaType, readBody } from '../../../filters/http/body.js';
import { readJson } from '../../../filters/http/json.js';

const read = (type: string, text: string | Buffer) => readBody(type, Buffer.from(text));

describe('a body', () => {
  it('is read by its type, and JSON by its look', () => {
    assert.deepEqual(read('application/json', '{"a":[1,{"b":null}]}').body, { a: [1, { b: null }] });
    assert.deepEqual(read('application/problem+json', '[1]').body, [1]);
    assert.deepEqual(read('text/plain', ' {"amount": 5000}').body, { amount: 5000 }, 'what says text may be read as JSON by the server');
    assert.deepEqual(read('', '{"amount": 5000}').body, { amount: 5000 });
    assert.deepEqual(read('application/octet-stream', '{"amount": 5000}').body, { amount: 5000 });
    assert.equal(read('text/plain', '{not json').body, '{not json');
    assert.deepEqual(JSON.parse(JSON.stringify(read('application/x-www-form-urlencoded', 'a=1&a=%32').body)), { a: ['1', '2'] });
    assert.equal(read('application/json', '').body, null);
    assert.equal(mediaType(' Application/JSON; charset="utf-8"'), 'application/json');
  });

  const refused: [string, string | Buffer, RegExp][] = [
    ['application/json', '{"a":1,"a":2}', /a key stands twice/],
    ['application/json', '{"a":1,"b":{"c":1,"\\u0063":2}}', /a key stands twice/],
    ['application/json', '{"a":', /not JSON/],
    ['application/json', '{"a":1}{"a":2}', /not JSON/],
    ['application/json', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    ['application/json', '['.repeat(101) + ']'.repeat(101), /nested deeper than 100/],
    ['application/x-www-form-urlencoded', 'a=%', /escape that is none/],
  ];
  for (const [type, text, why] of refused)
    it(`that readers may read differently is unparsed: ${why.source}`, () => assert.match(read(type, text).unparsed, why));

  it('of a type that is not read is said to be so', () => {
    assert.match(read('image/png', 'x').unreadable, /image\/png is not read/);
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
