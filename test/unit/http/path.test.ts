import assert from 'node:assert/strict';
import { readTarget } from '../../../filters/http/path.js';

describe('a request target', () => {
  const same = [
    '/v1/payouts',
    '//v1//payouts',
    '/v1/./payouts',
    '/v1/x/../payouts',
    '/v1/x/%2e%2e/payouts',
    '/v1/x/..%2fpayouts',
    '/v1%2fpayouts',
    '/v1%2Fpayouts',
    '/%761/payouts',
    '/v1;a=1/payouts;jsessionid=2',
    '/v1\\payouts',
    '/v1%5cpayouts',
    '/../../v1/payouts',
  ];
  for (const target of same)
    it(`${target} is /v1/payouts`, () => {
      assert.deepEqual({ ...readTarget(target), query: {} }, { path: '/v1/payouts', query: {}, unparsed: '' });
    });

  const unparsed: [string, RegExp][] = [
    ['/v1/%2570ayouts', /encoded twice/],
    ['/v1/%252e%252e/admin', /encoded twice/],
    ['/v1/%zz', /escape that is none/],
    ['/v1/%', /escape that is none/],
    ['/v1/%ff', /escape that is none/],
    ['/v1/%c0%ae%c0%ae/admin', /escape that is none/],
    ['/v1/\xff', /escape that is none/],
    ['/v1/%00', /control character/],
    ['/v1/a%0d%0aX: y', /control character/],
    ['/v1?a=%zz', /query has an escape/],
  ];
  for (const [target, why] of unparsed)
    it(`${JSON.stringify(target)} is unparsed: ${why.source}`, () => assert.match(readTarget(target).unparsed, why));

  it('keeps the slash at the end, capitals, and UTF-8', () => {
    assert.equal(readTarget('/a/').path, '/a/');
    assert.equal(readTarget('/').path, '/');
    assert.equal(readTarget('/A/b').path, '/A/b');
    assert.equal(readTarget('/caf%C3%A9').path, '/café');
    assert.equal(readTarget('/a/..').path, '/');
    assert.equal(readTarget('/a/b/.').path, '/a/b/');
  });

  it('reads a query name by name, every value of it', () => {
    const { query } = readTarget('/x?a=1&a=2&b&c=%26+d&__proto__=e&=f');
    assert.deepEqual(Object.entries(query), [
      ['a', ['1', '2']],
      ['b', ['']],
      ['c', ['& d']],
      ['__proto__', ['e']],
      ['', ['f']],
    ]);
  });
});
