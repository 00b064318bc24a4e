import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { formatVerifier, makeVerifier } from '../../filters/postgres/auth/scram.js';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { tlsFile } from '../support/kubernetes.js';
import { count } from '../support/long.js';
import { freePorts } from '../support/ports.js';
import { onServer, type ScratchDatabase, scratchDatabase } from '../support/postgres.js';
import { type Served, startServed } from '../support/served.js';

const transports = ['ext_proc', 'hop'] as const;
/** Connections, half of them by each transport; 10,000 in `npm run test:full`. */
const CONNECTIONS = count(240, 10_000);
const AT_ONCE = 8;
/** What the gateway may hold more after the second half of them than after the first: garbage that was not collected yet. */
const GROWTH_BYTES_MAX = 96 * 1024 * 1024;

describe('many connections whose log-ins the gateway ends', function () {
  this.timeout(Math.max(120_000, CONNECTIONS * 200));
  const folder = mkdtempSync(join(tmpdir(), 'ms-leak-'));
  const role = `leak_role_${process.pid}`;
  const ports = {} as Record<(typeof transports)[number], number>;
  let issuer: Issuer;
  let database: ScratchDatabase;
  let served: Served;

  before(async () => {
    issuer = await Issuer.start();
    database = await scratchDatabase('leak');
    await onServer(database.url, async (client) => void (await client.query(`create role ${role} login password 'the-role'`)));
    const free = await freePorts(2);
    for (const [i, transport] of transports.entries()) ports[transport] = free[i]!;
    writeFileSync(join(folder, 'policy.yaml'), 'version: 1\ndefaults: { unparsed: deny, opaque: allow, allow: true }\n');
    writeFileSync(join(folder, 'secret'), 'the-role');
    const { hostname, port } = new URL(database.url);
    const socket = (name: string): string => `unix:${folder}/${name}.sock`;
    const starttls = { agents: socket('a'), tls: socket('t'), server: socket('s'), plain: socket('p') };
    served = await startServed(folder, {
      version: 1,
      listeners: transports.map((transport) => ({
        name: transport,
        transport,
        listen: `127.0.0.1:${ports[transport]}`,
        upstream: `${hostname}:${port}`,
        tls: { certificate_file: tlsFile('server.pem'), key_file: tlsFile('server.key'), required: true },
        authentication: { methods: ['token', 'scram'], logins: [{ groups: ['agents'], role, password_file: 'secret' }] },
        ...(transport === 'hop' ? { hop: { gateway: socket('hop'), back: socket('back'), starttls } } : {}),
      })),
      gateway: { grpc: socket('grpc') },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: {
        issuers: [{ issuer: issuer.issuer, audiences: ['midstream'], jwks_url: issuer.jwks_url }],
        scram: [{ user: 'scrammer', groups: ['agents'], verifier: formatVerifier(makeVerifier('pass', randomBytes(16))) }],
      },
    });
  });
  after(async () => {
    await served?.stop();
    await issuer?.stop();
    await database?.drop();
    if (database)
      await onServer(database.url, async (client) => void (await client.query(`drop role if exists ${role}`))).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (i: number, password: string, user: string): pg.Client => {
    const client = new pg.Client({
      host: 'localhost',
      port: ports[transports[i % 2]!],
      user,
      password,
      database: database.name,
      ssl: { ca: readFileSync(tlsFile('ca.pem')) },
    });
    client.on('error', () => undefined);
    return client;
  };
  let good = 0;
  let refused = 0;
  /** Most ask and end; of each ten one is refused, one is dropped in the middle, one logs in by SCRAM. */
  const one = async (i: number, token: string): Promise<void> => {
    const kind = Math.floor(i / 2) % 10;
    const client = kind === 0 ? open(i, 'wrong', 'x') : kind === 1 ? open(i, 'pass', 'scrammer') : open(i, token, 'x');
    try {
      await client.connect();
    } catch (error) {
      assert.equal(kind, 0, String(error));
      refused++;
      return;
    }
    await client.query('select 1');
    good++;
    if (kind === 2) (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    else await client.end();
  };
  const half = async (from: number, to: number): Promise<void> => {
    const token = await issuer.token({}, { ends_s: 7200 });
    let next = from;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        while (next < to) await one(next++, token);
      }),
    );
  };
  const files = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
  const resident = (pid: number): number => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024;
  const closed = (): Promise<unknown> =>
    eventually(
      () => served.envoy.stats(/^(listener\..*\.downstream_cx_active|cluster\.(ext_proc|hop)_.*\.upstream_cx_active)$/),
      (stats) => Object.entries(stats).every(([name, active]) => active === 0 || name.includes('admin')),
      'all connections are closed',
      60_000,
    );

  it(`leaves nothing open after ${CONNECTIONS} of them`, async () => {
    await half(0, Math.floor(CONNECTIONS / 2));
    await closed();
    const before = { gateway: files(served.pid), envoy: files(served.envoy.pid), bytes: resident(served.pid) };
    await half(Math.floor(CONNECTIONS / 2), CONNECTIONS);
    await closed();
    const now = await eventually(
      () => ({ gateway: files(served.pid), envoy: files(served.envoy.pid) }),
      // A recording segment, a gRPC connection more or less: not one for each of so many.
      ({ gateway, envoy }) => gateway <= before.gateway + 8 && envoy <= before.envoy + 8,
      `open files: ${JSON.stringify(before)} before`,
    );
    assert.equal(refused, CONNECTIONS / 10, JSON.stringify({ good, refused, now }));
    assert.equal(good + refused, CONNECTIONS);
    const { rows } = await onServer(database.url, (client) =>
      client.query<{ n: number }>('select count(*)::int as n from pg_stat_activity where usename = $1', [role]),
    );
    assert.deepEqual(rows, [{ n: 0 }]);
    assert.ok(resident(served.pid) - before.bytes < GROWTH_BYTES_MAX, `${before.bytes} bytes before, ${resident(served.pid)} now`);
  });
});
