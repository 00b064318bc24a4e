import assert from 'node:assert/strict';
import type { Header } from '../../../filters/http/effects.js';
import { BodyReader } from '../../../filters/http/upgrade/body-reader.js';
import { FailedUpgrades } from '../../../filters/http/upgrade/failed.js';
import { HeadReader, readRequestHead, readResponseHead, writeHead } from '../../../filters/http/upgrade/head.js';
import { Driver } from './support.js';
import { ACCEPT, KEY } from './websocket-support.js';

const open = 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n';
const right: Header[] = [
  ['connection', 'Upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-accept', ACCEPT],
];

function asked(more: Header[] = [], method = 'GET', upgrade = 'websocket', failedUpgrades = new FailedUpgrades(() => 0)): Driver {
  const driver = new Driver(open, undefined, false, undefined, undefined, { transport: 'hop', failedUpgrades });
  driver.request(`${method} /chat`, [
    ['connection', 'keep-alive, Upgrade'],
    ['upgrade', upgrade],
    ['sec-websocket-key', KEY],
    ['sec-websocket-version', '13'],
    ...more,
  ]);
  return driver;
}

describe('an answer that switches protocols', () => {
  const wrong: [string, Header[], RegExp][] = [
    [
      'to another protocol',
      [
        ['connection', 'Upgrade'],
        ['upgrade', 'h2c'],
        ['sec-websocket-accept', ACCEPT],
      ],
      /another protocol/,
    ],
    [
      'without Connection',
      [
        ['upgrade', 'websocket'],
        ['sec-websocket-accept', ACCEPT],
      ],
      /Connection/,
    ],
    [
      'with the accept of another key',
      [
        ['connection', 'Upgrade'],
        ['upgrade', 'websocket'],
        ['sec-websocket-accept', KEY],
      ],
      /Sec-WebSocket-Accept/,
    ],
    ['with an extension', [...right, ['sec-websocket-extensions', 'permessage-deflate']], /extension/],
    ['with a subprotocol that nobody offered', [...right, ['sec-websocket-protocol', 'b']], /subprotocol/],
  ];
  for (const [name, headers, why] of wrong)
    it(`${name} is a 502, and nothing of it passes`, () => {
      const driver = asked([['sec-websocket-protocol', 'a']]);
      driver.step({ type: 'response_headers', end: false, headers: [[':status', '101'], ...headers] });
      const { status, problem } = driver.refusal();
      assert.equal(status, 502);
      assert.match(String(problem['detail']), why);
      assert.ok(!driver.answers.some(({ part }) => part === 'response_headers'));
    });

  it('is taken where it is right', () => {
    const driver = asked([['sec-websocket-protocol', 'a, b']]);
    driver.step({ type: 'response_headers', end: false, headers: [[':status', '101'], ...right, ['sec-websocket-protocol', 'b']] });
    assert.equal(driver.exchange.phase, 'upgraded');
  });
});

describe('a request for an upgrade', () => {
  for (const [name, driver, status] of [
    ['to HTTP/2', () => asked([], 'GET', 'h2c'), 400],
    ['to SPDY', () => asked([], 'POST', 'SPDY/3.1'), 403],
    ['to several protocols', () => asked([], 'GET', 'websocket, foo'), 400],
    ['by POST', () => asked([], 'POST'), 400],
  ] as [string, () => Driver, number][])
    it(`${name} is refused`, () => assert.equal(driver().refusal().status, status));
});

describe('SPDY after a WebSocket that failed', () => {
  const spdy = (known: FailedUpgrades) => asked([], 'POST', 'SPDY/3.1', known).refusal().problem as { title: string; detail: string };

  it('is refused with what the client read as the reason, once', () => {
    for (const [type, body, said] of [
      ['application/json', '{"kind":"Status","message":"no such pod"}', 'no such pod'],
      ['text/plain; charset=utf-8', '404 page not found\n', '404 page not found'],
      ['application/json', '{', 'The answer gave no reason.'],
    ] as const) {
      const known = new FailedUpgrades(() => 0);
      const driver = asked([], 'GET', 'websocket', known);
      driver.step({
        type: 'response_headers',
        end: false,
        headers: [
          [':status', '404'],
          ['content-type', type],
        ],
      });
      driver.step({ type: 'response_body', end: true, body: Buffer.from(body) });
      const { title, detail } = spdy(known);
      assert.deepEqual([title, detail], ['WebSocket was answered with 404 before', said]);
      assert.equal(spdy(known).title, 'SPDY is not inspected');
    }
  });

  it('is told nothing that is old, or another’s', () => {
    let now = 0;
    const known = new FailedUpgrades(() => now);
    known.failed('a', { status: 403, said: 'x' });
    assert.equal(known.take('b'), undefined);
    now = 60_000;
    assert.equal(known.take('a'), undefined);
  });
});

describe('heads of HTTP/1.1', () => {
  const head = (text: string) => readRequestHead(Buffer.from(text, 'latin1'));
  it('are read, however they are cut', () => {
    const whole = Buffer.from('GET /a?b HTTP/1.1\r\nHost: x\r\nA:  b c\t\r\n\r\nrest');
    for (let at = 1; at < whole.length; at++) {
      const reader = new HeadReader();
      const first = reader.push(whole.subarray(0, at));
      const found = first ?? reader.push(whole.subarray(at));
      assert.deepEqual(readRequestHead(found!.head), {
        method: 'GET',
        target: '/a?b',
        headers: [
          ['host', 'x'],
          ['a', 'b c'],
        ],
      });
    }
  });
  for (const text of [
    'GET  / HTTP/1.1',
    'GET / HTTP/1.0',
    'GET / HTTP/1.1\r\na : b',
    'GET / HTTP/1.1\r\n a: b',
    'GET / HTTP/1.1\r\na: b\r\n c',
    'GET / HTTP/1.1\r\na: b\nc: d',
    'GET / HTTP/1.1\r\na: b\0',
    'GET / HTTP/1.1\r\n: b',
  ])
    it(`refuse ${JSON.stringify(text)}`, () => assert.throws(() => head(text), { code: 'protocol_violation' }));
  it('are bounded', () => {
    assert.throws(() => new HeadReader().push(Buffer.alloc(70_000, 'a')), { code: 'limit_exceeded' });
    assert.throws(() => head(`GET / HTTP/1.1${'\r\na: b'.repeat(201)}`), { code: 'limit_exceeded' });
  });
  it('are written as they would be read', () =>
    assert.throws(() => writeHead('GET / HTTP/1.1', [['a', 'b\r\nc: d']]), { code: 'internal' }));
});

describe('bodies of answers that upgraded nothing', () => {
  const reader = (headers: string) => new BodyReader(readResponseHead(Buffer.from(`HTTP/1.1 403 No\r\n${headers}`, 'latin1')));
  const body = (headers: string, text: string): string => {
    const one = reader(headers);
    const out = [...text].flatMap((c) => one.push(Buffer.from(c)));
    if (!one.done) one.end();
    return Buffer.concat(out).toString();
  };
  it('are read by length, in chunks and to the end', () => {
    assert.equal(body('content-length: 3', 'abcdef'), 'abc');
    assert.equal(body('transfer-encoding: chunked', '3;x=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nt: 1\r\n\r\n'), 'abc0123456789');
    assert.equal(body('x: y', 'abc'), 'abc');
  });
  it('whose length is not clear are refused', () => {
    for (const headers of [
      'content-length: 3\r\ncontent-length: 4',
      'content-length: 3\r\ntransfer-encoding: chunked',
      'transfer-encoding: gzip, chunked',
      'content-length: +3',
    ])
      assert.throws(() => reader(headers), { code: 'protocol_violation' }, headers);
    for (const text of ['3\nabc', '-1\r\n', '3\r\nabcd\r\n', '1\r\na'])
      assert.throws(() => body('transfer-encoding: chunked', text), { code: 'protocol_violation' }, text);
    assert.throws(() => body('content-length: 4', 'abc'), { code: 'protocol_violation' });
  });
});
