import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type EnvoyListener, type RenderOptions, renderBootstrap } from '../../envoy/render.js';
import { scenarios } from '../../envoy/scenarios.js';
import type { RunningEnvoy } from '../../extproc/process/envoy.js';
import { packageRoot } from '../../extproc/process/places.js';
import { envoyObjection, eventually, startEnvoy } from '../support/envoy.js';
import { type GatewayDouble, startGatewayDouble } from '../support/gateway-double.js';
import { freePorts } from '../support/ports.js';

const tls = (name: string) => join(packageRoot(), 'test', 'support', 'tls', name);
const tlsOptions = {
  certificate_file: tls('server.pem'),
  key_file: tls('server.key'),
  client_ca_file: tls('ca.pem'),
  negotiation: 'direct' as const,
};
const SPIFFE = 'spiffe://shop.example/agent/reporter';

describe('a real Envoy takes what is rendered', function () {
  this.timeout(180_000);
  const plain = scenarios['postgres']!.listeners[0]!;
  const hop = scenarios['postgres-hop']!.listeners[0]!;
  const variants: Record<string, RenderOptions> = {
    ...scenarios,
    'both transports, workers, Unix sockets and names': {
      admin: 'unix:/tmp/midstream-admin.sock',
      gateway: { grpc: ['unix:/tmp/midstream-1.sock', 'unix:/tmp/midstream-2.sock'] },
      listeners: [
        { ...plain, upstream: 'localhost:5432' },
        {
          ...hop,
          name: 'second',
          listen: '127.0.0.1:6433',
          hop: { gateway: ['unix:/tmp/hop-1.sock', 'unix:/tmp/hop-2.sock'], back: 'unix:/tmp/back.sock' },
        },
      ],
    },
    'gateway by name': { ...scenarios['postgres']!, gateway: { grpc: ['localhost:50051'], health_check: false } },
    'nothing but the inspection': {
      ...scenarios['postgres']!,
      gateway: { grpc: ['127.0.0.1:50051'], authorize: false, access_log: false, health_check: false },
    },
    'HTTP over TLS both ways, beside a database': {
      ...scenarios['postgres']!,
      http: [
        { name: 'api', listen: '127.0.0.1:8080', upstream: 'https://api.example.com', upstream_ca_file: tls('ca.pem'), tls: tlsOptions },
        { name: 'local', listen: '127.0.0.1:8081', upstream: 'http://[::1]:3000' },
        {
          name: 'aws',
          listen: '127.0.0.1:8082',
          upstream: 'https://b.s3.example.com',
          aws: { service: 's3', region: 'eu-central-1', file: undefined, sign_body: false },
        },
      ],
    },
    'TLS from the first byte on': { ...scenarios['postgres']!, listeners: [{ ...plain, tls: tlsOptions }] },
  };
  /** Files of a scenario that this machine does not have. */
  const onThisMachine = (text: string): string =>
    text.replace(/\/etc\/midstream\/tls\/([\w.-]+)/g, (_, file: string) =>
      tls({ 'tls.crt': 'server.pem', 'tls.key': 'server.key' }[file] ?? 'ca.pem'),
    );
  for (const [name, options] of Object.entries(variants)) {
    it(name, async () => assert.equal(await envoyObjection(onThisMachine(renderBootstrap(options))), undefined));
  }
  it('and refuses what is not: the check itself can fail', async () => {
    const broken = renderBootstrap(scenarios['postgres']!).replace('failure_mode_allow', 'failure_mode_alow');
    assert.match((await envoyObjection(broken)) ?? '', /failure_mode_alow/);
  });
});

for (const transport of ['ext_proc', 'hop'] as const) {
  describe(`Envoy as rendered, before a gateway that passes everything (${transport})`, function () {
    this.timeout(60_000);
    let world: World;
    before(async () => {
      world = await startWorld(transport);
    });
    after(() => world.stop());
    beforeEach(() => world.reset());

    it('carries bytes both ways, and tells the gateway who connected', async () => {
      const answer = await exchange(await world.connect(), 'hello\n');
      assert.equal(answer, 'server got: hello\n');
      const peer =
        transport === 'hop' ? world.gateway.hops[0]! : { ...world.gateway.peers[0]!.facts, listener: world.gateway.peers[0]!.listener };
      assert.match(peer.source, /^127\.0\.0\.1:\d+$/);
      assert.match(peer.connectionId, /^\d+$/);
      assert.equal(peer.tls['uri_san_peer_certificate'], SPIFFE);
      assert.match(peer.tls['subject_peer_certificate'] ?? '', /test client/);
      assert.equal(peer.tls['tls_version'], 'TLSv1.3');
      assert.equal(peer.tls['requested_server_name'], 'localhost');
      if ('listener' in peer) assert.equal(peer.listener, 'postgres');
    });

    it('asks ext_authz with the peer that TLS proved', async () => {
      await exchange(await world.connect(), 'hello\n');
      assert.equal(world.gateway.questions.length, 1);
      const { principal, address, sni } = world.gateway.questions[0]!;
      assert.deepEqual({ principal, address, sni }, { principal: SPIFFE, address: '127.0.0.1', sni: 'localhost' });
    });

    it('logs the connection to the gateway, joined by session or connection id', async () => {
      await exchange(await world.connect(), 'hello\n');
      const { connectionId } = transport === 'hop' ? world.gateway.hops[0]! : world.gateway.peers[0]!.facts;
      const entry = await eventually(
        () => world.gateway.access.find((one) => one.connectionId === connectionId),
        (one) => one !== undefined,
        'no access log came',
      );
      assert.equal(entry!.entry['upstream_cluster'], transport === 'hop' ? 'postgres_hop' : 'postgres_upstream');
      if (transport === 'ext_proc') assert.equal(entry!.session, 'session-1');
      assert.equal(Number(entry!.entry['received_bytes']), 'hello\n'.length);
    });

    it('closes the connection of somebody whom ext_authz refuses, and passes no byte', async () => {
      world.gateway.allow = false;
      assert.equal(await exchange(await world.connect(), 'hello\n'), '');
      assert.equal(world.received(), '');
    });

    it('waits for a gateway that is busy', async () => {
      world.gateway.slow_ms = 700;
      assert.equal(await exchange(await world.connect(), 'hello\n'), 'server got: hello\n');
      assert.equal(world.gateway.questions.length, 1, 'it was asked once');
    });

    it('passes no byte when the gateway is gone', async () => {
      await world.gateway.stop();
      assert.equal(await exchange(await world.connect(), 'hello\n'), '');
      assert.equal(world.received(), '');
      const stats = await world.envoy.stats(/streams_grpc_close/);
      for (const [name, count] of Object.entries(stats)) assert.equal(count, 0, name);
    });

    it('has no connection left when all clients have gone, those too that never said a word', async () => {
      for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
        const silent = await Promise.all(Array.from({ length: 10 }, () => world.connect()));
        for (const socket of silent) socket[leave]();
        for (let i = 0; i < 10; i++)
          connectTcp(world.port, '127.0.0.1', function (this: Socket) {
            this[leave]();
          }).on('error', () => undefined);
      }
      await eventually(
        () => world.envoy.stats(/^(listener\.127.*downstream_cx_active|cluster\.postgres.*upstream_cx_active)$/),
        (stats) => Object.keys(stats).length > 0 && Object.values(stats).every((count) => count === 0),
        'connections are left',
      );
    });
  });
}

for (const transport of ['ext_proc', 'hop'] as const) {
  it(`goes to the gateway that is there, while nobody has noticed yet that the other is not (${transport})`, async function () {
    this.timeout(60_000);
    const world = await startWorld(transport, true);
    try {
      for (let i = 0; i < 12; i++) assert.equal(await exchange(await world.connect(), 'hello\n'), 'server got: hello\n', `connection ${i}`);
    } finally {
      await world.stop();
    }
  });
}

interface World {
  envoy: RunningEnvoy;
  /** where agents connect */
  port: number;
  gateway: GatewayDouble;
  /** what the server got since the last reset */
  received(): string;
  reset(): Promise<void>;
  connect(): Promise<Socket>;
  stop(): Promise<void>;
}

/**
 * A server that says what it got, Envoy with mTLS before it, and a gateway that passes everything. With `deadOne`, Envoy is told of
 * a second gateway, which is not there, and does not ask after their health.
 */
async function startWorld(transport: EnvoyListener['transport'], deadOne = false): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-e2e-'));
  const [agents = 0, hopPort = 0, back = 0, upstream = 0, nobody = 0] = await freePorts(5);
  const dead = deadOne ? [`127.0.0.1:${nobody}`] : [];
  let received = '';
  const server: Server = createServer((socket) => {
    let line = '';
    socket.on('data', (bytes) => {
      line += bytes.toString();
      received += bytes.toString();
      if (line.endsWith('\n')) socket.end(`server got: ${line}`);
    });
    socket.on('error', () => undefined);
  });
  server.listen(upstream, '127.0.0.1');
  await once(server, 'listening');
  const grpc = `unix:${join(folder, 'grpc.sock')}`;
  const startDouble = () => {
    rmSync(join(folder, 'grpc.sock'), { force: true });
    return startGatewayDouble({
      grpc,
      ...(transport === 'hop' ? { hop: { port: hopPort, upstream: { host: '127.0.0.1', port: back } } } : {}),
    });
  };
  let gateway = await startDouble();
  const listener: EnvoyListener = {
    name: 'postgres',
    transport,
    listen: `127.0.0.1:${agents}`,
    upstream: `127.0.0.1:${upstream}`,
    tls: tlsOptions,
    ...(transport === 'hop' ? { hop: { gateway: [`127.0.0.1:${hopPort}`, ...dead], back: `127.0.0.1:${back}` } } : {}),
  };
  const envoy = await startEnvoy(renderBootstrap({ gateway: { grpc: [grpc, ...dead], health_check: !deadOne }, listeners: [listener] }));
  return {
    envoy,
    port: agents,
    get gateway() {
      return gateway;
    },
    received: () => received,
    reset: async () => {
      await gateway.stop();
      gateway = await startDouble();
      received = '';
      await eventually(
        () => envoy.stats(/^cluster\.midstream\.membership_healthy$/),
        (stats) => Object.values(stats)[0] === 1,
        'the gateway did not become healthy',
      );
    },
    connect: async () => {
      const credentials = { ca: readFileSync(tls('ca.pem')), cert: readFileSync(tls('client.pem')), key: readFileSync(tls('client.key')) };
      const raw = connectTcp(agents, '127.0.0.1');
      const socket = connectTls({ socket: raw, servername: 'localhost', ALPNProtocols: ['postgresql'], ...credentials });
      // A connection that is cut off before TLS stands is one that passes nothing, too.
      await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => undefined);
      socket.resetAndDestroy = () => raw.resetAndDestroy() && socket;
      return socket;
    },
    stop: async () => {
      await envoy.stop();
      await gateway.stop();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Sends a line and reads until the other side closes; a connection that is cut off answers what came before. */
async function exchange(socket: Socket, text: string): Promise<string> {
  let answer = '';
  if (socket.destroyed) return answer;
  socket.on('data', (bytes) => {
    answer += bytes.toString();
  });
  socket.on('error', () => undefined);
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}
