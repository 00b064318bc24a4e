import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { renderBootstrap } from '../../envoy/render.js';
import { renderOptionsOf } from '../../extproc/config/envoy.js';
import { loadConfig } from '../../extproc/config/load.js';
import { startChild } from '../../extproc/process/child.js';
import { findEnvoy, runEnvoy } from '../../extproc/process/envoy.js';
import { freePort } from '../../extproc/process/free-port.js';
import { packageRoot } from '../../extproc/process/places.js';
import { formatVerifier, makeVerifier } from '../../filters/postgres/auth/scram.js';
import { Issuer } from '../support/issuer.js';
import { pem, startTlsServer } from '../support/tls-server.js';
import { onStop } from './lifetime.js';
import type { TargetName } from './options.js';
import type { Target } from './targets.js';

const READY_MS_MAX = 60_000;
const ROLE = 'bench_agent';
const AGENT = 'bench-scram';
const passwords = { role: 'the-role-at-the-server', agent: 'an-agents-own-password' };

/**
 * How a client logs in. pass: its own log-in passes through the gateway, with the server's password. jwt-tls: to the gateway over TLS, beyond it and
 * directly in clear. jwt-tls-both: all over TLS, also directly.
 */
export const logins = ['pass', 'scram', 'jwt', 'jwt-tls', 'jwt-tls-both'] as const;
export type Login = (typeof logins)[number];

/** A server that asks for SCRAM, and a gateway before it that ends log-ins: for all workloads about connection set-up. */
interface World {
  server: { host: string; port: number };
  ports: Map<string, number>;
  gateway: number;
  envoy: number;
  token: string;
}

let world: Promise<World> | undefined;

/** The way that the workloads compare, for one target, as this log-in needs it. Without a gateway every log-in is SCRAM at the server. */
export async function loginTarget(name: TargetName, login: Login): Promise<Target & { sslmode: 'disable' | 'require' }> {
  world ??= start();
  const { server, ports, gateway, envoy, token } = await world;
  const direct = name === 'direct';
  const user = login === 'scram' && !direct ? AGENT : ROLE;
  const password = direct || login === 'pass' ? passwords.role : login === 'scram' ? passwords.agent : token;
  const url = new URL(
    `postgres://${server.host}:${direct ? server.port : ports.get(`${name.includes('hop') ? 'hop' : 'ext_proc'}_${login}`)}/postgres`,
  );
  url.username = user;
  url.password = password;
  return {
    name,
    url: url.href,
    gateway: direct ? undefined : gateway,
    envoy: direct ? undefined : envoy,
    masks: false,
    sslmode: login === 'jwt-tls-both' || (login === 'jwt-tls' && !direct) ? 'require' : 'disable',
    stop: async () => undefined,
  };
}

async function start(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-bench-login-'));
  onStop(folder, () => rmSync(folder, { recursive: true, force: true }));
  const server = await startTlsServer({ max_connections: '300' });
  onStop('PostgreSQL with SCRAM', () => server.stop());
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await client.query(`create role ${ROLE} login password '${passwords.role}'`);
  await client.end();
  const issuer = await Issuer.start();
  onStop('issuer', () => issuer.stop());
  const ports = new Map<string, number>();
  for (const transport of ['ext_proc', 'hop']) for (const login of logins) ports.set(`${transport}_${login}`, await freePort());
  const file = join(folder, 'midstream.yaml');
  writeFileSync(join(folder, 'secret'), passwords.role);
  writeFileSync(join(folder, 'policy.yaml'), 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n');
  const listeners = [...ports].map(([name, port]) => listenerOf(folder, name, port, `${server.host}:${server.port}`));
  writeFileSync(
    file,
    JSON.stringify({
      version: 1,
      listeners,
      gateway: { grpc: `unix:${folder}/grpc.sock` },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: {
        issuers: [{ issuer: issuer.issuer, audiences: ['midstream'], jwks_url: issuer.jwks_url }],
        scram: [{ user: AGENT, groups: ['agents'], verifier: formatVerifier(makeVerifier(passwords.agent, randomBytes(16))) }],
      },
    }),
  );
  const { gateway, envoy } = await startGateway(file);
  return { server, ports, gateway, envoy, token: await issuer.token({}, { ends_s: 3600 }) };
}

function listenerOf(folder: string, name: string, port: number, upstream: string): object {
  const socket = (what: string): string => `unix:${folder}/${name}-${what}.sock`;
  const tls = name.includes('tls');
  const starttls = { agents: socket('a'), tls: socket('t'), server: socket('s'), plain: socket('p') };
  return {
    name,
    listen: `127.0.0.1:${port}`,
    upstream,
    ...(tls ? { tls: { certificate_file: pem('server.pem'), key_file: pem('server.key'), required: true } } : {}),
    ...(name.endsWith('both') ? { upstream_tls: { ca_file: pem('ca.pem'), server_name: 'localhost' } } : {}),
    ...(name.endsWith('pass')
      ? {}
      : {
          authentication: {
            methods: [name.endsWith('scram') ? 'scram' : 'token'],
            cleartext: 'any',
            logins: [{ groups: ['agents'], role: ROLE, password_file: 'secret' }],
          },
        }),
    ...(name.startsWith('hop') ? { transport: 'hop', hop: { gateway: socket('g'), back: socket('b'), ...(tls ? { starttls } : {}) } } : {}),
  };
}

async function startGateway(file: string): Promise<{ gateway: number; envoy: number }> {
  let ready = false;
  const serving = await startChild({
    command: process.execPath,
    args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', file, '--json'],
    exitSignal: 'SIGKILL',
    onLine: (line) => {
      ready ||= line.startsWith('{"ready"');
    },
  });
  onStop('midstream serve', () => serving.stop([{ signal: 'SIGTERM', wait_ms: 20_000 }]).then(() => undefined));
  for (const end = Date.now() + READY_MS_MAX; !ready; ) {
    if (!serving.running || Date.now() > end) throw new Error(`midstream serve is not ready: ${serving.tail()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const { path } = await findEnvoy({ log: () => undefined });
  const envoy = await runEnvoy({ path, config: renderBootstrap(renderOptionsOf(await loadConfig(file))) });
  onStop('Envoy before it', () => envoy.stop().then(() => undefined));
  return { gateway: serving.pid, envoy: envoy.pid };
}
