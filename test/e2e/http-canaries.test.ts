import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { recordedText } from '../faults/support/world.js';
import { httpWorld } from '../support/http-world.js';
import { freePort } from '../support/ports.js';

const policy = `
version: 1
rules:
  - { name: no, on: http, when: 'http.path.startsWith("/no")', then: deny }
  - { name: body, on: http, when: 'http.path.startsWith("/body") && has(http.body.x) && http.body.x == 1', then: deny }
  - { name: hold, on: http, when: 'http.path.startsWith("/hold")', then: approve, approve: { wait: 1s } }
masks:
  - { name: pii, detect: [credit_card], as: redact }
`;

/** A card number, its check digit right, another one for each n. */
function card(n: number): string {
  const digits = `4${String(111_111_111_111 + n * 977).padStart(14, '0')}`;
  const sum = [...digits].reverse().reduce((all, d, i) => all + (i % 2 === 0 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(d)]! : Number(d)), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

const body = (headers: string, text: string) =>
  `POST /body HTTP/1.1\r\nHost: a\r\n${headers}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
const head = (line: string, headers = '') => `${line} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;

const requests: ((secret: string) => string)[] = [
  (s) => head(`GET /no/${s}?q=${s}&${s}=1`),
  (s) => `GET / HTTP/1.1\r\nHost: ${s}\r\n\r\n`,
  (s) => `GET / HTTP/1.1\r\nHost: x@${s}:999999\r\n\r\n`,
  (s) => head('GET /', `User-Agent: ${s}\r\nX-Request-Id: ${s}\r\nX-${s}: ${s}\r\nX-Forwarded-For: ${s}\r\n`),
  (s) => head('GET /', `Cookie: a=${s}\r\nAuthorization: Bearer ${s}\r\n`),
  (s) => head('GET /', `X-Original-URL: /no/${s}\r\n`),
  (s) => head('GET /', `X-HTTP-Method-Override: ${s} x\r\n`),
  (s) => head('GET /', `Upgrade: ${s}\r\nConnection: Upgrade\r\n`),
  (s) => head('GET /', `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${s}\r\n`),
  (s) => body(`Content-Type: ${s}/x; charset=${s}`, '{}'),
  (s) => body(`Content-Type: a/b; ${s}=1; ${s}=2`, '{}'),
  (s) => body('Content-Type: application/json', `{"${s}":1,"${s}":`),
  (s) => body('Content-Type: application/json', `{"${s}":1,"${s}":1}`),
  (s) => body(`Content-Type: multipart/form-data; boundary=${s}`, `--${s}\r\n${s}: 1\r\n${s}: 1\r\n\r\nx\r\n--${s}--\r\n`),
  (s) => body(`Content-Encoding: ${s}`, 'abc'),
  (s) => body(`Content-Type: application/graphql`, `mutation { a(b: "${s}"`),
  (s) => head(`GET /hold/${s}`, `X-Q: ${s}\r\n`),
  (s) => head(`GET /.midstream/held/1-${s}${s}`),
  (s) => `${s} ${s} ${s}\r\n\r\n`,
  (s) => head(`GET /%zz/${s}`),
  (s) => head(`GET /x%252f/${s}`),
];

const answers: ((secret: string) => string)[] = [
  (s) => `HTTP/1.1 200 ${s}\r\nX-${s}: 1\r\nX: ${s}\r\nContent-Length: 16\r\n\r\n${s}`,
  (s) => `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=${s}\r\nContent-Length: 1\r\n\r\nx`,
  (s) => `HTTP/1.1 200 OK\r\nContent-Encoding: ${s}\r\nContent-Length: 1\r\n\r\nx`,
  (s) => `HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed; boundary=${s}\r\nContent-Length: 1\r\n\r\nx`,
  (s) => `HTTP/1.1 101 S\r\nUpgrade: ${s}\r\nConnection: upgrade\r\nSec-WebSocket-Protocol: ${s}\r\n\r\n`,
  (s) => `HTTP/1.1 ${s}\r\n${s}\r\n\r\n`,
  (s) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=${s}\r\nx\r\n0\r\n${s}: 1\r\nT: ${s}\r\n\r\n`,
];

describe('card numbers in every place of requests and answers, through Envoy', function () {
  this.timeout(120_000);

  it('are in no recording, log, metric, hold and refusal of the gateway', async () => {
    let answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.write(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const logged: string[] = [];
    const write = (chunk: Buffer, _encoding: string, done: () => void) => {
      logged.push(chunk.toString());
      done();
    };
    const log = pino({ level: 'trace' }, new Writable({ write }));
    const metricsPort = await freePort();
    const metrics = { host: '127.0.0.1', port: metricsPort };
    const world = await httpWorld(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, policy, { log, metrics });
    const ask = async (text: string): Promise<string> => {
      const socket = connect(world.port, '127.0.0.1');
      let got = '';
      socket.on('data', (data) => {
        got += data.toString('latin1');
      });
      socket.on('error', () => undefined);
      const closed = once(socket, 'close');
      socket.end(text);
      await closed;
      return got;
    };
    const sent = new Map<string, string>();
    const told: string[] = [];
    const next = (what: string): string => {
      const secret = card(sent.size);
      sent.set(secret, what);
      return secret;
    };
    try {
      for (const [i, make] of requests.entries()) {
        const made = make(next(`request ${i}`));
        told.push(await ask(made));
      }
      for (const [i, make] of answers.entries()) {
        answer = make(next(`answer ${i}`));
        told.push(await ask(head('GET /y', 'Connection: close\r\n')));
      }
      told.push(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
      const headers = { authorization: `Bearer ${world.up.operatorToken}` };
      told.push(await (await fetch(`${world.up.api}/v1/approvals?limit=1000`, { headers })).text());
      await world.up.runtime.recordings.rotate();
      const folder = join(world.recordings, '..');
      const stored = readdirSync(folder).filter((name) => name.includes('.db'));
      const places = {
        recording: await recordedText(world.recordings),
        approvals: stored.map((name) => readFileSync(join(folder, name), 'latin1')).join(),
        log: logged.join('\n'),
        told: told.join('\n'),
      };
      assert.ok(stored.length > 0 && places.recording.includes('/hold/[credit_card]'), 'they were recorded');
      const found = [...sent].flatMap(([secret, what]) =>
        Object.entries(places).flatMap(([place, text]) => {
          const at = text.indexOf(secret);
          return at < 0 ? [] : [`${what} in the ${place}: ${text.slice(Math.max(0, at - 60), at + 40)}`];
        }),
      );
      assert.deepEqual(found, []);
    } finally {
      await world.stop();
      server.close();
    }
  });
});
