import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { atRest, type HttpWorld, httpWorld } from '../support/http-world.js';

const CARD = '4111111111111111';
const EMAIL = 'jane.doe@corp-mail.com';
const POLICY = `
version: 1
rules:
  - { name: inner, on: http, when: 'http.host == "inner.example"', then: deny }
  - { name: large, on: http, when: 'http.path == "/pay" && has(http.body.amount) && http.body.amount > 1000', then: deny }
masks:
  - { name: pii, detect: [pii], as: redact }
`;

/** A client and a server that write bytes which no library would. */
describe('HTTP against hostile clients and servers, through a real Envoy', function () {
  this.timeout(60_000);
  let answer = '';
  let seen: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      seen.push(data.toString('latin1'));
      socket.write(Buffer.from(answer, 'latin1'));
    });
  });
  let world: HttpWorld;

  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    world = await httpWorld(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, POLICY);
  });
  after(async () => {
    await world?.stop();
    server.close();
  });
  beforeEach(() => {
    seen = [];
  });
  afterEach(() => atRest(world));

  const ask = async (head: string, body = ''): Promise<string> => {
    const socket = connect(world.port, '127.0.0.1');
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.write(Buffer.from(`${head}Connection: close\r\n\r\n${body}`, 'latin1'));
    await once(socket, 'close');
    return text;
  };

  it('masks every header and trailer of an answer, whatever it is for and however it is written', async () => {
    const names = ['Server', 'Allow', 'Vary', 'Cache-Control', 'Content-Language', 'Expires', 'Age', 'Strict-Transport-Security', 'ETag'];
    const values = [EMAIL, EMAIL.replace('@', '\\u0040'), EMAIL.replace('@', '%2540'), Buffer.from(EMAIL).toString('base64')];
    const lines = [
      ...names.map((name) => `${name}: ${CARD}`),
      ...values.map((value, n) => `X-${n}: "${value}"`),
      `X-${CARD}: 1`,
      `Content-Type: text/plain; note=${CARD}`,
      `X-Envoy-Upstream-Service-Time: ${CARD}`,
      `X-Midstream-Content-Length: ${CARD}`,
    ];
    const trailers = ['Server', 'Upgrade', 'Connection', 'Content-Length', 'X-Envoy-Degraded'].map((name) => `${name}: ${CARD}`);
    answer = `HTTP/1.1 200 ${CARD}\r\n${lines.join('\r\n')}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n${trailers.join('\r\n')}\r\nX-T: ${values[1]}\r\n\r\n`;
    const got = await ask('GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n');
    assert.match(got, /^HTTP\/1\.1 200 OK\r\n/);
    for (const text of [CARD, ...values]) assert.ok(!got.includes(text), got);
    for (const name of names) assert.match(got, new RegExp(`^${name.toLowerCase()}: `, 'm'));
    assert.doesNotMatch(got, /^content-length: /m, 'its length is nothing that a server may tell by another header');
  });

  for (const host of ['Host: a\r\nHost: inner.example', 'Host: inner.example\r\nHost: a', 'Host: x@inner.example', 'Host: a:80:90'])
    it(`refuses a request whose host is none or two: ${JSON.stringify(host)}`, async () => {
      answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
      const got = await ask(`GET / HTTP/1.1\r\n${host}\r\n`);
      assert.match(got, /^HTTP\/1\.1 403 /);
      assert.match(got, /the host is no name and no address/);
      assert.deepEqual(seen, []);
    });

  for (const host of ['inner.example', 'INNER.example:80', 'inner.example.', 'inner.example.:8080'])
    it(`knows a host however it is written: ${host}`, async () => {
      assert.match(await ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n`), /inner/);
      assert.deepEqual(seen, []);
    });

  for (const body of ['{"Amount":5000}', '{"amount":5,"AMOUNT":5000}', '{"amount":5,"\\u0041mount":5000}'])
    it(`refuses a body that some servers read otherwise by the spelling of its keys: ${body}`, async () => {
      const got = await ask(`POST /pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`, body);
      assert.match(got, /"rule":"large"/);
      assert.deepEqual(seen, []);
    });
});
