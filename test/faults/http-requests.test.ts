import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import pino from 'pino';
import { renderBootstrap } from '../../envoy/render.js';
import { accessDecider } from '../../extproc/config/access.js';
import { readStats } from '../../extproc/process/envoy-admin.js';
import { startRuntime } from '../../extproc/runtime.js';
import { startEnvoy } from '../support/envoy.js';
import { eventually } from '../support/gateway.js';
import { atRest, servedHttp } from '../support/http-world.js';
import { freePort } from '../support/ports.js';

const policy = `
version: 1
rules:
  - { name: drops, on: http, when: 'has(http.body.type) && http.body.type == "drop"', then: deny }
masks:
  - { name: pii, detect: [pii], as: redact }
`;

const post = (port: number, path: string, headers: Record<string, string> = {}): ClientRequest =>
  request({ host: '127.0.0.1', port, path, method: 'POST', agent: false, headers: { 'content-type': 'application/json', ...headers } });

/** Status and body of an answer; status 0 where the connection breaks off. */
async function answerTo(asking: ClientRequest): Promise<{ status: number; text: string }> {
  try {
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += (chunk as Buffer).toString();
    return { status: response.statusCode!, text };
  } catch {
    return { status: 0, text: '' };
  }
}

describe('Requests that go wrong, through Envoy', function () {
  this.timeout(60_000);
  const served = servedHttp(policy);
  const { backend } = served;
  beforeEach(() => {
    backend.seen.length = 0;
    backend.answer = (_request, response) => response.end('ok');
  });
  afterEach(() => atRest(served.world));

  it('a body that comes byte by byte is judged when it is whole', async () => {
    for (const [type, status, seen] of [
      ['keep', 200, 1],
      ['drop', 403, 0],
    ] as const) {
      backend.seen.length = 0;
      const asking = post(served.world.port, '/slow');
      const answer = answerTo(asking);
      for (const byte of JSON.stringify({ type })) {
        asking.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(backend.seen.length, 0, 'it went on before it was whole');
      }
      asking.end();
      assert.equal((await answer).status, status);
      assert.equal(backend.seen.length, seen);
    }
  });

  it('a client that goes in the middle of its body: the server never hears of it', async () => {
    let connections = 0;
    backend.server.on('request', () => connections++);
    const told = async () =>
      (await readStats(served.world.up.envoy.admin, /ext_proc.http.stream_msgs_sent/))['http.http.ext_proc.http.stream_msgs_sent'] ?? 0;
    for (let n = 0; n < 5; n++) {
      const before = await told();
      const asking = post(served.world.port, '/cut', { 'content-length': '1000' });
      asking.on('error', () => undefined).write('{"type":"keep",');
      // its headers, and what there is of its body
      await eventually('the request is at the gateway', async () => ((await told()) >= before + 2 ? true : undefined));
      asking.destroy();
      await atRest(served.world);
    }
    assert.equal(connections, 0);
  });

  it('a bomb is refused, and the server never hears of it', async () => {
    const asking = post(served.world.port, '/bomb', { 'content-encoding': 'gzip' });
    const answer = answerTo(asking);
    asking.end(gzipSync(Buffer.alloc(64 * 1024 * 1024, ' ')));
    const { status, text } = await answer;
    assert.equal(status, 403, text);
    assert.match(text, /problem:denied.*its body can’t be unpacked: the body is .*default:unparsed/);
    assert.equal(backend.seen.length, 0);
  });

  it('a server that goes while the body is on its way to it: an error, and no word of the server', async () => {
    backend.server.once('request', (incoming: IncomingMessage) => incoming.once('data', () => incoming.destroy()));
    const asking = post(served.world.port, '/gone');
    const answer = answerTo(asking);
    asking.on('error', () => undefined).end(JSON.stringify({ type: 'keep', text: 'x'.repeat(200_000) }));
    const { status } = await answer;
    assert.ok(status >= 500 || status === 0, `status ${status}`);
  });
});

describe('An Envoy with an HTTP listener that the gateway does not serve', function () {
  this.timeout(60_000);

  const gateways: [string, string | undefined][] = [
    ['has no HTTP listener at all, and answers UNIMPLEMENTED', undefined],
    ['has another HTTP listener', 'other'],
  ];
  for (const [what, listener] of gateways)
    for (const authorize of [false, true])
      it(`passes no byte where the gateway ${what} (${authorize ? 'with' : 'without'} ext_authz)`, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'midstream-wrong-'));
        let came = '';
        const server = net.createServer((socket) => socket.on('data', (bytes) => (came += bytes)));
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        writeFileSync(join(folder, 'policy.yaml'), 'version: 1\n');
        const known = listener === undefined ? [] : [{ name: listener, resource: 'api' }];
        const runtime = await startRuntime({
          version: 'test',
          grpc: '127.0.0.1:0',
          resources: [{ listener: 'shop', resource: 'shop', catalogue: undefined }],
          ...(listener === undefined ? {} : { http: [{ listener, resource: 'api' }] }),
          policyFile: join(folder, 'policy.yaml'),
          record: { directory: join(folder, 'recordings'), durability: 'strict', worker: 1 },
          approvals: { database: join(folder, 'approvals.db'), api: undefined },
          metrics: undefined,
          mayConnect: accessDecider({ http: known, listeners: [], access: undefined }),
          log: pino({ level: 'silent' }),
        });
        const port = await freePort();
        const upstream = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
        const envoy = await startEnvoy(
          renderBootstrap({
            listeners: [],
            http: [{ name: 'http', listen: `127.0.0.1:${port}`, upstream, authorize }],
            gateway: { grpc: [runtime.gateway.grpc] },
          }),
        );
        try {
          for (const body of ['', '{"a":1}', 'x'.repeat(300_000)]) {
            const asking = post(port, '/any');
            const answer = answerTo(asking);
            asking.on('error', () => undefined).end(body);
            const { status } = await answer;
            // Envoy's own refusal; where a body is still on its way it may break off
            assert.ok(status >= 500 || (status === 0 && body.length > 1000), `status ${status} for ${body.length} bytes`);
          }
          assert.equal(came, '');
        } finally {
          await envoy.stop();
          await runtime.stop('done');
          server.close();
          rmSync(folder, { recursive: true, force: true });
        }
      });
});
