import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { renderBootstrap } from '../../envoy/render.js';
import { renderOptionsOf } from '../../extproc/config/envoy.js';
import { loadConfig } from '../../extproc/config/load.js';
import { hashToken } from '../../extproc/console/tokens.js';
import { type Child, startChild } from '../../extproc/process/child.js';
import type { RunningEnvoy } from '../../extproc/process/envoy.js';
import { packageRoot } from '../../extproc/process/places.js';
import { encodeStartupPacket } from '../../filters/postgres/wire/index.js';
import { eventually, startEnvoy } from '../support/envoy.js';
import { testPolicy } from '../support/gateway.js';
import { freePorts } from '../support/ports.js';
import { type ScratchDatabase, scratchDatabase } from '../support/postgres.js';

const token = 'mst_an-approver-of-this-test';
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const listeners = ['stream', 'hopped'] as const;
type Listener = (typeof listeners)[number];

interface Ready {
  ready: boolean;
  grpc: string[];
  hop: { listener: string; address: string }[];
  api: string;
  metrics: string[];
}

interface World {
  folder: string;
  config: string;
  database: ScratchDatabase;
  ports: Record<Listener | 'closed', number>;
  serving: Child;
  lines: string[];
  ready: Ready;
  envoy: RunningEnvoy;
}

const ended = [
  { signal: 'SIGTERM', wait_ms: 20_000 },
  { signal: 'SIGKILL', wait_ms: 5000 },
] as const;

/** Three listeners: one by each transport, and one that nobody may use. */
async function writeConfig(folder: string, upstream: string, catalogue: string): Promise<{ file: string; ports: World['ports'] }> {
  const [stream = 0, hopped = 0, closed = 0, back = 0, api = 0] = await freePorts(5);
  const metrics = await neighbours();
  writeFileSync(join(folder, 'policy.yaml'), testPolicy);
  const file = join(folder, 'midstream.yaml');
  const listener = (name: string, port: number, rest: object) => ({
    name,
    listen: `127.0.0.1:${port}`,
    upstream,
    catalogue: { url: catalogue },
    ...rest,
  });
  const config = {
    version: 1,
    listeners: [
      listener('stream', stream, {}),
      listener('hopped', hopped, { transport: 'hop', hop: { gateway: `unix:${folder}/hop-{worker}.sock`, back: `127.0.0.1:${back}` } }),
      listener('closed', closed, {}),
    ],
    gateway: { grpc: `unix:${folder}/grpc-{worker}.sock`, workers: 2 },
    policy: 'policy.yaml',
    record: { directory: 'recordings', durability: 'relaxed' },
    approvals: { api: { listen: `127.0.0.1:${api}`, tokens: [{ id: 'ada', groups: ['dba'], hash: hashToken(token) }] } },
    access: [
      { resource: 'stream', sources: ['127.0.0.1'] },
      { resource: 'hopped', sources: ['127.0.0.0/8'] },
      { resource: 'closed', sources: ['10.0.0.0/8'] },
    ],
    metrics: { listen: `127.0.0.1:${metrics}` },
    log: { level: 'info' },
  };
  writeFileSync(file, JSON.stringify(config));
  return { file, ports: { stream, hopped, closed } };
}

/** The first of two ports in a row that are free. */
async function neighbours(): Promise<number> {
  for (;;) {
    const [port, next] = await freePorts(2);
    if (next === port! + 1) return port!;
  }
}

/** `midstream serve` as a user runs it. */
async function startServe(file: string, ...more: string[]): Promise<{ serving: Child; lines: string[] }> {
  const lines: string[] = [];
  const serving = await startChild({
    command: process.execPath,
    args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', file, '--json', ...more],
    exitSignal: 'SIGKILL',
    onLine: (line) => lines.push(line),
  });
  return { serving, lines };
}

async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'ms-serve-'));
  const database = await scratchDatabase('serve');
  const url = new URL(database.url);
  const { file, ports } = await writeConfig(folder, `${url.hostname}:${url.port}`, database.url);
  const { serving, lines } = await startServe(file);
  const line = await eventually(
    () => lines.find((one) => one.startsWith('{"ready"')) ?? (serving.running ? undefined : 'ended'),
    (one) => one !== undefined,
    'serve did not get ready',
    60_000,
  );
  assert.notEqual(line, 'ended', lines.join('\n'));
  const envoy = await startEnvoy(renderBootstrap(renderOptionsOf(await loadConfig(file))), { concurrency: 2 });
  await eventually(
    () => envoy.stats(/^cluster\.midstream\.membership_healthy$/),
    (stats) => Object.values(stats)[0] === 2,
    'both workers are healthy',
  );
  return { folder, config: file, database, ports, serving, lines, ready: JSON.parse(line!) as Ready, envoy };
}

describe('midstream serve, two workers behind a real Envoy', function () {
  this.timeout(60_000);
  let world: World;
  const clients: pg.Client[] = [];

  before(async function () {
    this.timeout(120_000);
    world = await startWorld();
  });
  after(async () => {
    await world?.envoy.stop();
    await world?.serving.stop(ended);
    await world?.database.drop();
    if (world) rmSync(world.folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
  });

  const open = async (listener: Listener | 'closed'): Promise<pg.Client> => {
    const url = new URL(world.database.url);
    const client = new pg.Client({
      host: '127.0.0.1',
      port: world.ports[listener],
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      database: world.database.name,
    });
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  const pending = async () => {
    const answer = (await (await fetch(`${world.ready.api}/v1/approvals?status=pending`, { headers })).json()) as {
      approvals: { operation: { hold: string } }[];
    };
    return answer.approvals.map((one) => one.operation.hold);
  };
  /** As libpq does it: on a connection of its own, read until the other side closes. */
  const cancel = async (client: pg.Client, listener: Listener) => {
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
    const key = Buffer.alloc(4);
    key.writeInt32BE(secretKey);
    const socket = connect(world.ports[listener], '127.0.0.1');
    socket.on('error', () => {});
    socket.write(encodeStartupPacket({ kind: 'cancel', process_id: processID, key }));
    socket.resume();
    await once(socket, 'close');
  };
  const logged = () =>
    world.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { msg?: string; worker?: number; pid?: number });
  /** Pids of the workers, by what the kernel says of the parent's children. */
  const workers = () => readFileSync(`/proc/${world.serving.pid}/task/${world.serving.pid}/children`, 'utf8').trim().split(' ').map(Number);
  const scrape = async () =>
    (await Promise.all(world.ready.metrics.map(async (url) => (await fetch(url)).text()))).map((text) =>
      Number(/^midstream_connections (\d+)/m.exec(text)?.[1]),
    );

  it('says where it listens', () => {
    assert.deepEqual(
      world.ready.grpc,
      [1, 2].map((n) => `unix:${world.folder}/grpc-${n}.sock`),
    );
    assert.deepEqual(
      world.ready.hop,
      [1, 2].map((n) => ({ listener: 'hopped', address: `unix:${world.folder}/hop-${n}.sock` })),
    );
    assert.equal(workers().length, 2);
  });

  for (const listener of listeners) {
    it(`serves, masks and balances connections of ${listener}`, async () => {
      const opened = await Promise.all(Array.from({ length: 4 }, () => open(listener)));
      const answers = await Promise.all(opened.map((client) => client.query("select '4111 1111 1111 1111' as card")));
      for (const { rows } of answers) assert.equal(rows[0].card, '**** **** **** 1111');
      assert.ok(
        (await scrape()).every((count) => count > 0),
        'both workers have connections',
      );
    });

    it(`holds on ${listener} until it is approved over the API, whichever worker holds it`, async () => {
      const opened = await Promise.all([open(listener), open(listener)]);
      await opened[0]!.query('create table if not exists things (id int); insert into things values (1), (2)');
      for (const client of opened) {
        const held = client.query('delete from things');
        const [hold] = await eventually(pending, (holds) => holds.length === 1, 'the operation is held');
        const answer = await fetch(`${world.ready.api}/v1/approvals/${hold}/approve`, { method: 'POST', headers, body: '{}' });
        assert.equal(answer.status, 200, await answer.text());
        await held;
      }
    });

    it(`cancels what is held on ${listener}, whichever worker the request comes to`, async () => {
      const client = await open(listener);
      await client.query('create table if not exists kept (id int); insert into kept values (1)');
      // Requests go round the workers, so that of several in a row both get some.
      for (let i = 0; i < 4; i++) {
        const held = client.query('delete from kept').then(
          () => undefined,
          (error: pg.DatabaseError) => error.code,
        );
        await eventually(pending, (holds) => holds.length === 1, 'the operation is held');
        await cancel(client, listener);
        assert.equal(await held, '57014');
        await eventually(pending, (holds) => holds.length === 0, 'the hold has ended');
      }
      assert.notEqual((await client.query('select 1 from kept')).rows.length, 0, 'it never ran');
    });

    it(`cancels what runs at the server, too (${listener})`, async () => {
      const client = await open(listener);
      for (let i = 0; i < 2; i++) {
        const slow = client.query('select pg_sleep(30)').then(
          () => undefined,
          (error: pg.DatabaseError) => error.code,
        );
        await eventually(
          async () =>
            (
              await (
                await open(listener)
              ).query("select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()")
            ).rows[0].n,
          (n) => n === 1,
          'the statement runs',
        );
        await cancel(client, listener);
        assert.equal(await slow, '57014');
      }
    });
  }

  it('lets nobody in whom no access rule lets', async () => {
    await assert.rejects(open('closed'));
    const stats = await world.envoy.stats(/ext_authz\.closed\.(denied|ok)$/);
    assert.deepEqual(Object.values(stats).sort(), [0, 1], JSON.stringify(stats));
  });

  it('counts decisions in the metrics of each worker', async () => {
    for (const url of world.ready.metrics) assert.match(await (await fetch(url)).text(), /^midstream_decisions_total\{.*\} [1-9]/m);
  });

  it('reads the policy again on SIGHUP in every worker, and keeps the last good one', async () => {
    const file = join(world.folder, 'policy.yaml');
    writeFileSync(file, testPolicy.replace('"drop" && s.object == "database"', '"drop" && s.object == "table"'));
    process.kill(world.serving.pid, 'SIGHUP');
    const said = (msg: string) =>
      eventually(
        () =>
          new Set(
            logged()
              .filter((one) => one.msg === msg)
              .map((one) => one.worker),
          ),
        (who) => who.size === 2,
        `every worker says: ${msg}`,
      );
    await said('a new policy is in force');
    writeFileSync(file, 'version: 1\nrules: [');
    process.kill(world.serving.pid, 'SIGHUP');
    await said('the policy was not loaded; the last good one stays in force');
    for (const listener of listeners)
      for (let i = 0; i < 2; i++) await assert.rejects((await open(listener)).query('drop table things'), { code: '42501' });
    writeFileSync(file, testPolicy);
    process.kill(world.serving.pid, 'SIGHUP');
    for (const listener of listeners)
      await eventually(
        async () => (await (await open(listener)).query('drop table if exists none')).command,
        (command) => command === 'DROP',
        'the old policy is back',
      );
  });

  it('closes the connections of a worker that is killed under load, passes nothing uninspected, serves the approvals API elsewhere, and starts it again', async () => {
    const opened = [
      ...(await Promise.all(Array.from({ length: 8 }, () => open('stream')))),
      ...(await Promise.all(Array.from({ length: 8 }, () => open('hopped')))),
    ];
    const seen: string[] = [];
    let stop = false;
    const outcomes = opened.map(async (client) => {
      for (;;) {
        try {
          const { rows } = await client.query("select '4111 1111 1111 1111' as card from generate_series(1, 20)");
          for (const row of rows as { card: string }[]) seen.push(row.card);
        } catch {
          return 'closed';
        }
        if (stop) return 'alive';
      }
    });
    await eventually(
      () => seen.length,
      (n) => n > 500,
      'there is load',
    );
    // The first one, which serves the approvals API as well.
    const [first, other] = workers().sort((a, b) => a - b) as [number, number];
    process.kill(first, 'SIGKILL');
    const after = await eventually(workers, (now) => now.length === 2 && !now.includes(first), 'the worker is started again');
    assert.ok(after.includes(other), 'the other one was left alone');
    await eventually(
      () => pending().catch(() => undefined),
      (holds) => holds !== undefined,
      'another worker serves the API',
    );
    await eventually(
      () => logged().some((one) => one.msg === 'the worker is back'),
      (back) => back,
      'the log says so',
    );
    stop = true;
    const count = (await Promise.all(outcomes)).filter((one) => one === 'closed').length;
    assert.ok(count > 0 && count < opened.length, `${count} of ${opened.length} connections were closed`);
    assert.deepEqual([...new Set(seen)], ['**** **** **** 1111']);
    await eventually(
      () => world.envoy.stats(/^cluster\.midstream\.membership_healthy$/),
      (stats) => Object.values(stats)[0] === 2,
      'both workers are healthy',
    );
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => {})));
    // Both serve again, the hop included, whose socket the dead one had left behind.
    await eventually(
      async () => {
        const more = await Promise.all(listeners.flatMap((listener) => [open(listener), open(listener)]));
        await Promise.all(more.map((client) => client.query('select 1')));
        return scrape();
      },
      (counts) => counts.every((n) => n > 0),
      'both workers have connections',
    );
  });

  it('stops on SIGTERM: what is held is refused, clients hear 57P01, and no stream ends before its connection', async () => {
    const idle = await Promise.all(listeners.map(open));
    const told = idle.map(
      (client) => new Promise<string | undefined>((resolve) => client.once('error', (error: pg.DatabaseError) => resolve(error.code))),
    );
    const holder = await open('stream');
    await holder.query('create table if not exists precious (id int); insert into precious values (1)');
    const held = holder.query('delete from precious').then(
      () => 'it ran',
      (error: Error) => error.message,
    );
    await eventually(pending, (holds) => holds.length === 1, 'the operation is held');
    process.kill(world.serving.pid, 'SIGTERM');
    assert.deepEqual(await Promise.all(told), ['57P01', '57P01']);
    assert.match(await held, /stopping/);
    assert.deepEqual(await world.serving.exited, { code: 0, signal: null }, world.lines.slice(-5).join('\n'));
    const stats = await world.envoy.stats(/streams_grpc_close$/);
    assert.ok(Object.keys(stats).length > 0);
    for (const [name, count] of Object.entries(stats)) assert.equal(count, 0, name);
    await assert.rejects(open('stream'), 'nobody gets in without a gateway');
    const direct = new pg.Client(world.database.url);
    await direct.connect();
    assert.equal((await direct.query('select 1 from precious')).rows.length, 1);
    await direct.end();
  });

  it('says file and line of a mistake in the configuration, and what is in the way when a worker cannot start', async () => {
    const broken = join(world.folder, 'broken.yaml');
    writeFileSync(broken, readFileSync(world.config, 'utf8').replace('"durability":"relaxed"', '"durability":"sometimes"'));
    const first = await startServe(broken);
    assert.equal((await first.serving.exited).code, 78);
    assert.match(first.lines.join('\n'), /broken\.yaml:1:\d+: /);
    writeFileSync(join(world.folder, 'grpc-2.sock'), 'no socket');
    const second = await startServe(world.config);
    assert.equal((await second.serving.exited).code, 69, second.lines.join('\n'));
    assert.match(second.lines.join('\n'), /grpc-2\.sock: something that is no socket/);
    rmSync(join(world.folder, 'grpc-2.sock'));
  });
});
