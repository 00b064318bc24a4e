import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket, WebSocketServer } from 'ws';
import { renderBootstrap } from '../../envoy/render.js';
import { renderOptionsOf } from '../../extproc/config/envoy.js';
import { loadConfig } from '../../extproc/config/load.js';
import { type Child, startChild } from '../../extproc/process/child.js';
import type { RunningEnvoy } from '../../extproc/process/envoy.js';
import { packageRoot } from '../../extproc/process/places.js';
import { FrameReader, writeFrame } from '../../filters/http/websocket/frames.js';
import { recordedEvents } from '../faults/support/world.js';
import { startEnvoy } from '../support/envoy.js';
import { eventually } from '../support/gateway.js';
import { freePort } from '../support/ports.js';

const tls = (name: string) => join(packageRoot(), 'test', 'support', 'tls', name);
const client = { ca: readFileSync(tls('ca.pem')), cert: readFileSync(tls('client.pem')), key: readFileSync(tls('client.key')) };
const SPIFFE = 'spiffe://shop.example/agent/reporter';
const EMAIL = 'jane.doe@example.com';
const TEXT = 'the quick brown fox jumps over the lazy dog '.repeat(2000);
const policy = `
version: 1
masks:
  - { name: pii, detect: [pii], as: partial }
`;

/** `midstream serve` beside an Envoy of its own: TLS with certificates towards agents, TLS towards the server. */
describe('WebSocket over TLS, HTTP/1.1 and HTTP/2, before a gateway that runs by itself', function () {
  this.timeout(90_000);
  let folder: string;
  let https: Server;
  let sockets: WebSocketServer;
  let serving: Child;
  let envoy: RunningEnvoy;
  let port: number;
  const seen: { host: string | undefined; headers: Record<string, unknown> }[] = [];
  const start = async () => {
    const lines: string[] = [];
    serving = await startChild({
      command: process.execPath,
      args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', join(folder, 'midstream.yaml'), '--json'],
      exitSignal: 'SIGKILL',
      onLine: (line) => lines.push(line),
    });
    await eventually(
      () => `serve is ready: ${lines.join('\n')}`,
      () => (lines.some((line) => line.startsWith('{"ready"')) ? true : undefined),
      60_000,
    );
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ms-wss-'));
    https = createServer({ cert: readFileSync(tls('server.pem')), key: readFileSync(tls('server.key')) });
    sockets = new WebSocketServer({ server: https });
    sockets.on('connection', (socket, request) => {
      seen.push({ host: request.headers.host, headers: request.headers });
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        const text = data.toString();
        if (text === 'flood') return flood(socket);
        if (text !== 'go') return socket.send(text);
        for (let i = 0; i < 20; i++) socket.send(TEXT);
        socket.send(`last ${EMAIL}`);
        socket.close(1000, 'bye');
      });
    });
    https.listen(0, '127.0.0.1');
    await once(https, 'listening');
    port = await freePort();
    writeFileSync(join(folder, 'policy.yaml'), policy);
    const config = {
      version: 1,
      http: [
        {
          name: 'chat',
          listen: `127.0.0.1:${port}`,
          upstream: `https://localhost:${(https.address() as AddressInfo).port}`,
          upstream_ca_file: tls('ca.pem'),
          tls: { certificate_file: tls('server.pem'), key_file: tls('server.key'), client_ca_file: tls('ca.pem') },
          hop: { gateway: `unix:${folder}/hop-{worker}.sock`, back: `unix:${folder}/back.sock` },
        },
      ],
      gateway: { grpc: `unix:${folder}/grpc-{worker}.sock`, workers: 1 },
      policy: 'policy.yaml',
      record: { directory: 'recordings' },
    };
    writeFileSync(join(folder, 'midstream.yaml'), JSON.stringify(config));
    await start();
    envoy = await startEnvoy(renderBootstrap(renderOptionsOf(await loadConfig(join(folder, 'midstream.yaml')))));
  });
  after(async () => {
    await envoy?.stop();
    await serving?.stop([
      { signal: 'SIGTERM', wait_ms: 10_000 },
      { signal: 'SIGKILL', wait_ms: 5000 },
    ]);
    for (const one of sockets?.clients ?? []) one.terminate();
    https?.closeAllConnections();
    https?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  let sent = 0;
  let flooding = false;
  const FLOOD_MAX = 80 * 1024 * 1024;
  /** Sends until nobody takes any more, or all is sent. */
  function flood(socket: WebSocket): void {
    flooding = true;
    const next = () => {
      if (sent >= FLOOD_MAX || socket.readyState !== WebSocket.OPEN) return;
      sent += TEXT.length;
      socket.send(TEXT, next);
    };
    next();
  }

  const counts = () =>
    eventually('Envoy’s counts go back to 0', async () => {
      const stats = await envoy.stats(/(http\.chat\.downstream_(cx|rq)_active|cluster\.chat_(hop|upstream)\.upstream_(cx|rq)_active)$/);
      return Object.values(stats).every((value) => value === 0) ? true : undefined;
    });
  const opened = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`wss://localhost:${port}/chat`, {
      ...client,
      headers: { 'x-midstream-spiffe': 'spiffe://shop.example/boss', 'x-midstream-source': '1.2.3.4:5' },
    });
    await once(socket, 'open');
    return socket;
  };

  it('the certificate is who it is, whatever the client says of itself, and the server gets its own name', async () => {
    const socket = await opened();
    socket.send(`to ${EMAIL}`);
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.equal(data.toString(), 'to j***@example.com');
    socket.close();
    await once(socket, 'close');
    assert.equal(seen[0]!.host, 'localhost');
    assert.deepEqual(
      Object.keys(seen[0]!.headers).filter((name) => name.startsWith('x-midstream')),
      [],
    );
    const open = await eventually('the recording', async () =>
      (await recordedEvents(join(folder, 'recordings'))).find((event) => event.type === 'session.open'),
    );
    assert.equal((open['identity'] as { id: string }).id, SPIFFE);
    assert.match((open['identity'] as { source: string }).source, /^127\.0\.0\.1:/);
    await counts();
  });

  it('by HTTP/2 too, and nothing is lost that the server says just before it goes', async () => {
    const session = connectHttp2(`https://localhost:${port}`, client);
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    for (let i = 0; i < 3; i++)
      assert.deepEqual(await byHttp2(session), [...Array<number>(20).fill(TEXT.length), 'last j***@example.com'.length, '1000 bye']);
    session.close();
    await counts();
  });

  it('a reader that stops stops the server, and nothing grows', async () => {
    const socket = await opened();
    socket.pause();
    socket.send('flood');
    await eventually('the flood begins', () => (flooding ? true : undefined));
    const settled = await eventually('the server is stopped', async () => {
      const before = sent;
      await new Promise((resolve) => setTimeout(resolve, 500));
      return sent === before ? before : undefined;
    });
    assert.ok(settled < 40 * 1024 * 1024, `${settled} bytes went without a reader`);
    const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${serving.pid}/status`, 'utf8'))![1]) / 1024;
    const before = resident();
    let heard = 0;
    socket.on('message', (data: Buffer) => (heard += data.length));
    socket.resume();
    await eventually('all of it comes', () => (heard >= FLOOD_MAX ? true : undefined), 60_000);
    assert.ok(resident() - before < 150, `the gateway grew by ${Math.round(resident() - before)} MB`);
    socket.terminate();
    await counts();
  });

  it('somebody else at the hop gets nowhere', async () => {
    const at = join(folder, 'hop-1.sock');
    for (const request of [
      'GET /chat HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      'GET /chat HTTP/1.1\r\nhost: x\r\nx-midstream-listener: chat\r\nx-midstream-listener: chat\r\n\r\n',
      `GET / HTTP/1.1\r\nx: ${'a'.repeat(70_000)}\r\n\r\n`,
      '\x16\x03\x01 nonsense \r\n\r\n',
    ]) {
      const socket = connectTcp(at);
      socket.on('error', () => undefined);
      socket.write(request);
      let answer = '';
      socket.on('data', (data) => (answer += data.toString()));
      await once(socket, 'close');
      assert.match(answer, /^HTTP\/1\.1 4(00|31) /);
    }
  });

  it('a gateway that is killed ends its streams, and serves again when it is back', async () => {
    const socket = await opened();
    const closed = once(socket, 'close') as Promise<[number, Buffer]>;
    socket.on('error', () => undefined);
    process.kill(serving.pid, 'SIGKILL');
    await serving.exited;
    assert.equal((await closed)[0], 1006);
    await eventually('the server’s side ends too', () => (sockets.clients.size === 0 ? true : undefined));
    await counts();
    await start();
    const again = await eventually('it serves again', () => opened().catch(() => undefined), 30_000);
    again.send('hello');
    assert.equal(String(((await once(again, 'message')) as [Buffer])[0]), 'hello');
    again.close();
    await once(again, 'close');
    await counts();
  });
});

const KEY = Buffer.from('01020304', 'hex');

/** A WebSocket by extended CONNECT (RFC 8441): lengths of what it heard, and the close. */
async function byHttp2(session: ClientHttp2Session): Promise<(number | string)[]> {
  const stream: ClientHttp2Stream = session.request(
    { ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'https', ':path': '/chat', 'sec-websocket-version': '13' },
    { endStream: false },
  );
  const heard: (number | string)[] = [];
  let pieces: Buffer[] = [];
  let kept: Buffer[] = [];
  let head = { opcode: 0, fin: true };
  const reader = new FrameReader(false, {
    head: (one) => {
      head = one;
      pieces = [];
    },
    payload: (piece, last) => {
      pieces.push(Buffer.from(piece));
      if (!last) return;
      const payload = Buffer.concat(pieces);
      if (head.opcode === 8) {
        heard.push(`${payload.readUInt16BE(0)} ${payload.subarray(2)}`);
        for (const chunk of writeFrame(8, payload, KEY)) stream.write(chunk);
      } else {
        kept.push(payload);
        if (!head.fin) return;
        heard.push(Buffer.concat(kept).length);
        kept = [];
      }
    },
  });
  stream.on('data', (data: Buffer) => reader.push(data));
  stream.on('error', () => undefined);
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  assert.equal(headers[':status'], 200);
  for (const chunk of writeFrame(1, Buffer.from('go'), KEY)) stream.write(chunk);
  await new Promise((resolve) => stream.on('close', resolve));
  return heard;
}
