import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino from 'pino';
import { renderBootstrap } from '../../envoy/render.js';
import { accessDecider } from '../../extproc/config/access.js';
import { hashToken } from '../../extproc/console/tokens.js';
import { startRuntime } from '../../extproc/runtime.js';
import { startEnvoy } from '../support/envoy.js';
import { allowAll } from '../support/gateway.js';
import { serveScript } from '../support/pg-peer.js';
import { freePort } from '../support/ports.js';
import { startup, tell } from './support/raw.js';

interface Place {
  folder: string;
  policy: string;
  listen: number;
  /** a port that somebody listens on */
  taken: number;
  args: string[];
}

/** The real command; it must end by itself, before a single byte reached the server. */
async function refusesToStart(change: (place: Place) => void): Promise<{ code: number | null; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-wrong-'));
  const server = await serveScript(async (peer) => {
    await peer.receive();
    throw new Error('a byte reached the server');
  });
  const place: Place = { folder, policy: join(folder, 'policy.yaml'), listen: await freePort(), taken: server.port, args: [] };
  writeFileSync(place.policy, allowAll);
  const flags: Record<string, string> = {
    '--postgres': `127.0.0.1:${server.port}`,
    '--listen': String(place.listen),
    '--policy': place.policy,
    '--record': join(folder, 'recordings'),
  };
  change(place);
  for (let i = 0; i < place.args.length; i += 2) flags[place.args[i]!] = place.args[i + 1]!;
  const child = spawn(process.execPath, [resolve('extproc/cli/bin.mjs'), 'up', ...Object.entries(flags).flat(), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(server.connections(), 0);
  await assert.rejects(once(net.connect(place.listen, '127.0.0.1'), 'connect'), 'nobody listens');
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  return { code, said };
}

describe('A gateway that is misconfigured does not start, says why, and passes no byte', function () {
  this.timeout(120_000);

  const cases: [string, (place: Place) => void, RegExp][] = [
    ['no policy file', (place) => rmSync(place.policy), /no policy file at/],
    [
      'a policy that does not load',
      (place) => writeFileSync(place.policy, 'version: 1\nrules: [{ name: a, on: postgres, when: "1 +", then: deny }]\n'),
      /policy\.yaml:2:\d+/,
    ],
    ['an empty policy', (place) => writeFileSync(place.policy, ''), /policy\.yaml:1:1/],
    ['a transport that is unknown', (place) => place.args.push('--transport', 'carrier-pigeon'), /carrier-pigeon is not known/],
    ['a server that is no address', (place) => place.args.push('--postgres', '127.0.0.1:port'), /is no address/],
    ['a log level that is unknown', (place) => place.args.push('--log-level', 'loud'), /--log-level loud is not known/],
    [
      'a file in place of recordings',
      (place) => place.args.push('--record', place.policy),
      /recordings .*policy\.yaml cannot be made.*--record/s,
    ],
    [
      'metrics where somebody listens',
      (place) => place.args.push('--metrics-port', String(place.taken)),
      /is taken by another process.*--metrics-port/s,
    ],
    [
      'metrics on an address of another machine',
      (place) => place.args.push('--metrics-port', `192.0.2.1:${place.taken}`),
      /192\.0\.2\.1:\d+ is no address of this machine.*--metrics-port/s,
    ],
    ['recordings that cannot be written', (place) => place.args.push('--record', join(place.policy, 'recordings')), /recordings|ENOTDIR/],
  ];
  for (const [what, change, expected] of cases) {
    it(what, async () => {
      const { code, said } = await refusesToStart(change);
      assert.notEqual(code, 0, said);
      assert.match(said, expected);
      assert.doesNotMatch(said, /"ready":true/);
    });
  }
});

describe('midstream serve that is misconfigured does not start and says what is in the way', function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-wrong-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const wrong: [string, (taken: string, free: string[]) => object, RegExp][] = [
    ['the gRPC address is taken', (taken) => ({ gateway: { grpc: taken } }), /cannot listen on ADDRESS/],
    ["the hop's address is taken", (taken, [back]) => ({ hop: { gateway: taken, back } }), /cannot listen on ADDRESS/],
    [
      "the approvals API's address is taken",
      (taken) => ({ approvals: { api: { listen: taken, tokens: [{ id: 'ada', groups: ['dba'], hash: hashToken('mst_of-this-test') }] } } }),
      /ADDRESS/,
    ],
    ["the metrics' address is taken", (taken) => ({ metrics: { listen: taken } }), /ADDRESS/],
    ['a signing key that is none', () => ({ record: { directory: 'recordings', signing_key_file: 'policy.yaml' } }), /policy\.yaml/],
    ['a mask key that is none', () => ({ masks: { key_file: 'policy.yaml' } }), /policy\.yaml/],
    ['recipients that are none', () => ({ record: { directory: 'recordings', recipients: ['age1nonsense'] } }), /age1nonsense|recipient/],
    ['an approvals database that is none', () => ({ approvals: { database: 'policy.yaml' } }), /policy\.yaml/],
  ];
  for (const [what, change, expected] of wrong) {
    // Several workers have a Unix socket each, so an address of gRPC or the hop is taken for one process alone.
    for (const workers of /gRPC|hop/.test(what) ? [1] : [1, 2]) {
      it(`${what} (${workers} ${workers === 1 ? 'process' : 'workers'})`, async () => {
        const occupant = net.createServer();
        occupant.listen(0, '127.0.0.1');
        await once(occupant, 'listening');
        const taken = `127.0.0.1:${(occupant.address() as net.AddressInfo).port}`;
        const free = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
        const { hop, gateway, ...rest } = change(taken, free) as { hop?: object; gateway?: object };
        writeFileSync(join(folder, 'policy.yaml'), allowAll);
        const config = {
          version: 1,
          listeners: [{ name: 'shop', listen: free[1], upstream: '127.0.0.1:1', ...(hop ? { transport: 'hop', hop } : {}) }],
          gateway: { grpc: workers > 1 ? `unix:${folder}/grpc-{worker}.sock` : `unix:${folder}/grpc.sock`, workers, ...gateway },
          policy: 'policy.yaml',
          record: { directory: 'recordings' },
          ...rest,
        };
        writeFileSync(join(folder, 'midstream.yaml'), JSON.stringify(config));
        const child = spawn(
          process.execPath,
          [resolve('extproc/cli/bin.mjs'), 'serve', '--config', join(folder, 'midstream.yaml'), '--json'],
          {
            stdio: ['ignore', 'pipe', 'pipe'],
          },
        );
        let said = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
        const [code] = (await once(child, 'close')) as [number | null];
        occupant.close();
        assert.ok(code !== 0 && code !== null, said);
        assert.match(said, new RegExp(expected.source.replace('ADDRESS', taken.replaceAll('.', '\\.'))));
        assert.doesNotMatch(said, /"ready":true/);
        assert.doesNotMatch(said, /^\s+at /m, 'no stack');
      });
    }
  }
});

describe('midstream up whose address is taken', function () {
  this.timeout(120_000);

  it('says so before anything is started, and leaves what another one wrote for approvers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'midstream-wrong-'));
    const occupant = net.createServer();
    occupant.listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const taken = `127.0.0.1:${(occupant.address() as net.AddressInfo).port}`;
    writeFileSync(join(folder, 'policy.yaml'), allowAll);
    mkdirSync(join(folder, '.midstream'));
    writeFileSync(join(folder, '.midstream', 'api.json'), 'of another one');
    const args = ['up', '--postgres', '127.0.0.1:1', '--listen', taken, '--policy', 'policy.yaml', '--json'];
    const child = spawn(process.execPath, [resolve('extproc/cli/bin.mjs'), ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    occupant.close();
    const found = readFileSync(join(folder, '.midstream', 'api.json'), 'utf8');
    rmSync(folder, { recursive: true, force: true });
    assert.equal(code, 69, said);
    const { error } = JSON.parse(said) as { error: { message: string; hint: string } };
    assert.equal(error.message, `${taken} is taken by another process`);
    assert.match(error.hint, /--listen/);
    assert.equal(found, 'of another one');
  });
});

describe('An Envoy whose listener the gateway does not know', function () {
  this.timeout(60_000);

  for (const authorize of [true, false]) {
    it(`passes no byte (${authorize ? 'with' : 'without'} ext_authz before it)`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'midstream-wrong-'));
      let came = '';
      const server = net.createServer((socket) => socket.on('data', (bytes) => (came += bytes)));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      writeFileSync(join(folder, 'policy.yaml'), allowAll);
      const runtime = await startRuntime({
        version: 'test',
        grpc: '127.0.0.1:0',
        resources: [{ listener: 'shop', resource: 'shop', catalogue: undefined }],
        policyFile: join(folder, 'policy.yaml'),
        record: { directory: join(folder, 'recordings'), durability: 'strict', worker: 1 },
        approvals: { database: join(folder, 'approvals.db'), api: undefined },
        metrics: undefined,
        mayConnect: accessDecider({ http: [], listeners: [{ name: 'shop', resource: 'shop' }] as never, access: undefined }),
        log: pino({ level: 'silent' }),
      });
      const listen = `127.0.0.1:${await freePort()}`;
      const envoy = await startEnvoy(
        renderBootstrap({
          listeners: [
            { name: 'store', transport: 'ext_proc', listen, upstream: `127.0.0.1:${(server.address() as net.AddressInfo).port}` },
          ],
          gateway: { grpc: [runtime.gateway.grpc], authorize },
        }),
      );
      try {
        const { raw } = await tell(Number(listen.split(':')[1]), [startup({ user: 'agent', database: 'shop' })]);
        assert.equal(raw.length, 0);
        assert.equal(came, '');
      } finally {
        await envoy.stop();
        await runtime.stop('done');
        server.close();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
