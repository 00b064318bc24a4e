import assert from 'node:assert/strict';
import { deflateSync, gzipSync } from 'node:zlib';
import { describedReadings } from '../../../filters/http/described.js';
import { type PolicyCase, runCase } from '../../../filters/policy/cases.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { Driver } from './support.js';

const policy = `
version: 1
rules:
  - { name: deletes, on: http, when: 'http.method == "DELETE"', then: deny }
  - { name: admin, on: http, when: 'http.path.startsWith("/admin/")', then: deny }
  - { name: payouts, on: http, when: 'http.path == "/pay" && has(http.body.amount) && http.body.amount > 1000', then: deny }
  - { name: programs, on: http, when: 'http.files.exists(f, f.name.endsWith(".exe"))', then: deny }
`;
const judged = (http: NonNullable<PolicyCase['http']>, text = policy) => {
  const { got } = runCase(compilePolicy(text, 'p.yaml'), { name: '', http, expect: { verdict: 'allow' }, line: 1 }, undefined);
  return `${got.verdict} ${got.rules.join()}`;
};

describe('a request is judged in every way that it can be read', () => {
  const forms = { 'content-type': 'application/x-www-form-urlencoded' };
  const multipart = { 'content-type': 'multipart/form-data; boundary=b' };
  const cases: [string, NonNullable<PolicyCase['http']>, string][] = [
    ['by a header', { method: 'POST', url: '/x', headers: { 'X-HTTP-Method-Override': 'delete' } }, 'deny deletes'],
    ['by a header with an underscore', { method: 'POST', url: '/x', headers: { x_http_method_override: 'DELETE' } }, 'deny deletes'],
    ['by another header', { method: 'POST', url: '/x', headers: { 'X-Method-Override': 'DELETE' } }, 'deny deletes'],
    ['by its query', { method: 'POST', url: '/x?_method=DELETE' }, 'deny deletes'],
    ['by a query with semicolons', { method: 'POST', url: '/x?a=1;_method=DELETE' }, 'deny deletes'],
    ['by a form', { method: 'POST', url: '/x', headers: forms, body: 'a=1&_method=DELETE' }, 'deny deletes'],
    [
      'by a form’s other form',
      {
        method: 'POST',
        url: '/x',
        headers: multipart,
        body: '--b\r\nContent-Disposition: form-data; name="_method"\r\n\r\ndelete\r\n--b--\r\n',
      },
      'deny deletes',
    ],
    ['by JSON', { method: 'POST', url: '/x', body: { _method: 'DELETE' } }, 'deny deletes'],
    ['by no method', { method: 'POST', url: '/x?_method=a+b' }, 'deny default:unparsed'],
    ['by a separator that is none', { url: '/admin/..%2fpublic' }, 'deny admin'],
    ['by parameters', { url: '/admin/..;/public' }, 'deny admin'],
    ['by a header that names another target', { url: '/x', headers: { 'X-Original-URL': '/admin/users' } }, 'deny admin'],
    ['by another such header', { url: '/x', headers: { 'X-Rewrite-Url': 'http://a/x/..%2fadmin/users?a' } }, 'deny admin'],
    ['by capitals', { url: '/Admin/users' }, 'deny admin'],
    ['by a slash at its end', { method: 'POST', url: '/pay/', body: { amount: 5000 } }, 'deny payouts'],
    ['by a slash and capitals', { method: 'POST', url: '/PAY/', body: { amount: 5000 } }, 'deny payouts'],
    ['by an encoded slash', { method: 'POST', url: '/pay%2f', body: { amount: 5000 } }, 'deny payouts'],
    ['as text', { method: 'POST', url: '/pay', headers: { 'content-type': 'text/plain' }, body: '{"amount":5000}' }, 'deny payouts'],
    ['as a form', { method: 'POST', url: '/pay', headers: forms, body: '{"amount":5000,"x":"&a=1"}' }, 'deny payouts'],
    [
      'as text with more behind',
      { method: 'POST', url: '/pay', headers: { 'content-type': 'text/plain' }, body: '{"amount":5000} //' },
      'deny payouts',
    ],
    [
      'as several lines',
      { method: 'POST', url: '/pay', headers: { 'content-type': 'text/plain' }, body: '{"amount":5000}\n{"amount":5}' },
      'deny payouts',
    ],
    [
      'as a file',
      {
        method: 'POST',
        url: '/x',
        headers: multipart,
        body: '--b\r\nContent-Disposition: form-data; name="f"; filename="a.exe"\r\n\r\n\r\n--b--\r\n',
      },
      'deny programs',
    ],
    ['as what it is', { method: 'POST', url: '/pay', body: { amount: 5 } }, 'allow '],
  ];
  for (const [how, http, expected] of cases) it(`${how}: ${http.url}`, () => assert.equal(judged(http), expected));

  it('and must be allowed in each, save those that differ by capitals alone', () => {
    const closed = `
version: 1
rules: [{ name: reads, on: http, when: 'http.method == "GET" && http.path.startsWith("/getThings/")', then: allow }]
defaults: { allow: false }
`;
    assert.equal(judged({ url: '/getThings/x' }, closed), 'allow reads');
    assert.equal(judged({ url: '/admin/..%2fgetThings/x' }, closed), 'deny reads,default:allow');
    assert.equal(judged({ url: '/getThings/x', headers: { 'x-http-method': 'DELETE' } }, closed), 'deny reads,default:allow');
    assert.equal(judged({ url: '/getthings/x' }, closed), 'deny default:allow');
  });

  it('and a packed one as what is in it', () => {
    const send = (bytes: Buffer, encoding: string) => {
      const d = new Driver(`${policy}limits: { held_bytes_max: 100000 }\n`);
      d.step({
        type: 'request_headers',
        headers: [
          [':method', 'POST'],
          [':path', '/pay'],
          [':authority', 'a'],
          ['content-type', 'application/json'],
          ['content-encoding', encoding],
        ],
        end: false,
      });
      d.step({ type: 'request_body', body: bytes, end: true });
      const sent = d.answers.flatMap((one) => (one.part === 'request_body' ? one.chunks : []));
      if (sent.length > 0) assert.ok(Buffer.concat(sent).equals(bytes), 'it goes on as it came');
      return (d.events('decision')[0]!['matches'] as { rule: string }[]).map(({ rule }) => rule);
    };
    const large = Buffer.from('{"amount":5000}');
    const small = Buffer.from('{"amount":5}');
    for (const pack of [gzipSync, deflateSync] as const) {
      const encoding = pack === gzipSync ? 'gzip' : 'deflate';
      assert.deepEqual(send(pack(large), encoding), ['payouts']);
      assert.deepEqual(send(pack(small), encoding), []);
    }
    assert.deepEqual(send(gzipSync(gzipSync(large)), 'gzip, gzip'), ['payouts']);
    assert.deepEqual(send(small, 'identity'), []);
    for (const [bytes, encoding] of [
      [large, 'gzip'],
      [gzipSync(small).subarray(0, 20), 'gzip'],
      [small, 'klingon'],
      [gzipSync(Buffer.alloc(200_000)), 'gzip'],
      [gzipSync(Buffer.from(`{"a":"${'x'.repeat(150_000)}"}`)), 'gzip'],
    ] as [Buffer, string][])
      assert.ok(send(bytes, encoding).includes('default:unparsed'), encoding);
  });

  it('a CONNECT waits for no body, which would not come before its answer', () => {
    const d = new Driver(policy);
    d.step({
      type: 'request_headers',
      headers: [
        [':method', 'CONNECT'],
        [':path', ''],
        [':authority', 'a:80'],
      ],
      end: false,
    });
    assert.deepEqual(
      d.answers.map(({ part }) => part),
      ['request_headers'],
    );
  });

  it('and one with too many is not understood', () => {
    const readings = describedReadings({
      method: 'POST',
      url: '/A%2fb;c%5cd?x=1;_method=DELETE&_method=PUT&_method=PATCH&_method=MOVE',
      headers: { 'content-type': 'text/plain' },
      body: '{"a":1}\n{"a":2}',
    });
    assert.equal(readings.length, 64);
    assert.match(readings[0]!.http.unparsed, /too many ways/);
  });

  it('waits for a form whose body may name a method, and streams one that is too long for that', () => {
    const small = `${policy}limits: { held_bytes_max: 1000 }\n`.replace(/.*(payouts|programs).*\n/g, '');
    const start = (text = small) => {
      const d = new Driver(text);
      d.step({
        type: 'request_headers',
        headers: [
          [':method', 'POST'],
          [':path', '/x'],
          [':authority', 'a'],
          ['content-type', multipart['content-type']],
        ],
        end: false,
      });
      return d;
    };
    const file = Buffer.from(`--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n${'x'.repeat(900)}`);
    const method = Buffer.from('\r\n--b\r\nContent-Disposition: form-data; name="_method"\r\n\r\nDELETE\r\n--b--\r\n');
    const waits = start();
    waits.step({ type: 'request_body', body: file, end: false });
    assert.deepEqual(waits.answers, []);
    waits.step({ type: 'request_body', body: method.subarray(0, 0), end: false });
    waits.step({ type: 'request_body', body: Buffer.from('y'.repeat(200)), end: false });
    assert.deepEqual(
      waits.answers.map(({ part }) => part),
      ['request_headers', 'request_body'],
      'the file streams',
    );
    for (const byte of method) waits.step({ type: 'request_body', body: Buffer.from([byte]), end: false });
    assert.equal(waits.refusal().problem['rule'], 'default:unparsed', 'before the body is whole');
    const ends = start();
    ends.step({ type: 'request_body', body: file, end: false });
    ends.step({ type: 'request_body', body: Buffer.from('y'.repeat(200)), end: false });
    ends.step({ type: 'request_body', body: Buffer.from('\r\n--b--\r\n'), end: true });
    assert.equal(
      Buffer.concat(ends.answers.flatMap((one) => (one.part === 'request_body' ? one.chunks : []))).length,
      file.length + 200 + 9,
    );
    const once = start();
    once.step({ type: 'request_body', body: Buffer.concat([file, Buffer.from(`${'y'.repeat(200)}\r\n--b--\r\n`)]), end: true });
    assert.ok(
      once.answers.some((answer) => answer.part === 'request_body' && answer.end),
      'its end goes on too, where all of it comes at once',
    );
    const broken = start();
    broken.step({ type: 'request_body', body: Buffer.concat([Buffer.from('preamble'), file, file]), end: false });
    assert.equal(broken.refusal().status, 403);
  });
});
