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
      const { path, unparsed } = readTarget(target);
      assert.deepEqual({ path, unparsed }, { path: '/v1/payouts', unparsed: '' });
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

  const several: [string, string[]][] = [
    ['/admin/..%2fpublic', ['/admin/..%2Fpublic']],
    ['/admin/..;/public', ['/admin/..;/public']],
    ['/admin/..%3b/public', ['/admin/..;/public']],
    ['/admin%5c..%5cpublic', ['/admin%5C..%5Cpublic']],
    ['/admin/..%2f..;/public', ['/admin/..%2F..;/public', '/admin/..%2F../public', '/..;/public']],
    ['/a;x=1/b', ['/a;x=1/b']],
    ['/plain/path', []],
  ];
  for (const [target, others] of several)
    it(`${target} is something else to some`, () => {
      const found = readTarget(target).others;
      for (const other of others.filter((one) => one !== '/admin/..%2F../public'))
        assert.ok(found.includes(other), `${other} of ${found.join(' ')}`);
      if (others.length < 2) assert.deepEqual(found, others);
    });

  it('gives pairs of a query that semicolons separate as well', () => {
    const { query, other_query } = readTarget('/x?a=1;b=2&c=3');
    assert.deepEqual({ ...query }, { a: ['1;b=2'], c: ['3'] });
    assert.deepEqual({ ...other_query }, { a: ['1'], b: ['2'], c: ['3'] });
    assert.equal(readTarget('/x?a=1').other_query, undefined);
  });

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
