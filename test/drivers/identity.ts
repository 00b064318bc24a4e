import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
import { Issuer } from '../support/issuer.js';
import { type Counts, countCases, type SuiteContext, USER } from './context.js';
import { suiteFile } from './shell.js';
import { jdbcJar, type Need, needs } from './tools.js';

/** Tokens end after so many seconds, with a second of tolerance; programs open another connection after OUTLIVE_S, which needs the token of then. */
const TOKEN_S = 20;
const OUTLIVE_S = 23;
const READY_MS_MAX = 60_000;
/** The server asks for this role's password (suites/server.sh); no program is told it. */
const ROLE = 'identity_agents';
const PGX = 'v5.12.0';

const tls = (name: string): string => join(packageRoot(), 'test', 'support', 'tls', name);
const ca = tls('ca.pem');
const wanted = `${ROLE} agent-7`;
const who = `select current_user || ' ' || current_setting('application_name') as who`;

/** Drivers as an agent has them: TLS with the certificate checked, a token as password, and no password of the database anywhere. */
export async function identity(context: SuiteContext): Promise<Counts> {
  // Looking for tools keeps everything waiting, the renewal of tokens too, so it is over before there are any.
  const missing = new Map<Need, string | undefined>(
    [needs.psql, needs.psycopgPool, needs.libpq17, needs.go, needs.jdbc].map((need) => [need, need(context.work)]),
  );
  const started = await start(context);
  try {
    const { port, token_file } = started;
    const env = { ...process.env, PGPORT: String(port), CA: ca, TOKEN_FILE: token_file, OUTLIVE_S: String(OUTLIVE_S) };
    const python = join(context.work, 'venv', 'bin', 'python');
    const programs: { name: string; needs: Need[]; run: () => Promise<void> }[] = [
      { name: 'psql', needs: [needs.psql], run: () => psql(port, token_file) },
      {
        name: 'psycopg and its pool',
        needs: [needs.psycopgPool],
        run: () => says([python, suiteFile('identity/agent_pool.py')], env),
      },
      {
        name: 'libpq 17 and newer: each sslmode, sslnegotiation, with and without a certificate',
        needs: [needs.libpq17],
        run: () => says([python, suiteFile('identity/libpq_tls.py')], { ...env, ...started.libpq }),
      },
      { name: 'node-postgres and its pool', needs: [], run: () => nodePool(port, token_file, 'postgres') },
      { name: 'node-postgres, TLS at once', needs: [], run: () => nodePool(port, token_file, 'direct') },
      { name: 'pgx and its pool', needs: [needs.go], run: async () => says([pgxProgram(context.work)], env) },
      {
        name: 'pgjdbc',
        needs: [needs.jdbc],
        run: () => says(['java', '-cp', jdbcJar(context.work)!, suiteFile('identity/Login.java')], env),
      },
    ];
    const able: { name: string; run: () => Promise<void> }[] = [];
    let skipped = 0;
    for (const { needs: tools, ...one } of programs) {
      const why = tools.map((need) => missing.get(need)).find((reason) => reason !== undefined);
      if (why === undefined) able.push(one);
      else {
        skipped++;
        process.stderr.write(`  ${one.name} is skipped: ${why}\n`);
      }
    }
    const counts = await Promise.all(able.map((one) => countCases([one], 300_000)));
    return {
      passed: counts.reduce((sum, one) => sum + one.passed, 0),
      failed: counts.reduce((sum, one) => sum + one.failed, 0),
      skipped,
      failures: counts.flatMap(({ failures }) => failures),
    };
  } finally {
    await started.stop();
  }
}

/** Runs a program that prints who it was to the server. */
async function says([command, ...args]: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(command!, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000, killSignal: 'SIGKILL' });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0 || out.trim() !== wanted) throw new Error(`exit ${code}, ${out.trim()} ${err.trim()}`);
}

const psql = (port: number, token_file: string): Promise<void> =>
  says(['psql', '-XqtA', `host=localhost port=${port} user=whoever dbname=postgres sslmode=verify-full sslrootcert=${ca}`, '-c', who], {
    ...process.env,
    PGPASSWORD: readFileSync(token_file, 'utf8'),
  });

async function nodePool(port: number, token_file: string, sslnegotiation: 'postgres' | 'direct'): Promise<void> {
  const pool = new pg.Pool({
    host: 'localhost',
    port,
    user: 'whoever',
    database: 'postgres',
    max: 4,
    password: () => readFileSync(token_file, 'utf8'),
    ssl: { ca: readFileSync(ca) },
    ...{ sslnegotiation },
  });
  pool.on('error', () => undefined);
  const ask = async (one: pg.PoolClient): Promise<void> => {
    const { rows } = await one.query<{ who: string }>(who);
    if (rows[0]?.who !== wanted) throw new Error(`it is ${rows[0]?.who}`);
  };
  try {
    const first = await pool.connect();
    await ask(first);
    await new Promise((done) => setTimeout(done, OUTLIVE_S * 1000));
    const second = await pool.connect();
    await ask(second);
    await ask(first);
    first.release();
    second.release();
  } finally {
    await pool.end();
  }
}

let built: string | undefined;

/** Built once a run, in the work folder: nothing else goes on meanwhile, so this is before tokens begin to end. */
function pgxProgram(work: string): string {
  if (built !== undefined) return built;
  const folder = join(work, 'src', 'pgx-identity');
  mkdirSync(folder, { recursive: true });
  cpSync(suiteFile('identity/pgx.go'), join(folder, 'main.go'));
  const go = (...args: string[]) => spawnSync('go', args, { cwd: folder, encoding: 'utf8', timeout: 280_000 });
  go('mod', 'init', 'identity');
  for (const args of [
    ['get', `github.com/jackc/pgx/v5@${PGX}`],
    ['mod', 'tidy'],
    ['build', '-o', 'identity', '.'],
  ]) {
    const { status, stderr } = go(...args);
    if (status !== 0) throw new Error(`go ${args[0]}: ${stderr}`);
  }
  built = join(folder, 'identity');
  return built;
}

interface Started {
  /** of the listener that takes agents over TLS alone */
  port: number;
  /** what suites/identity/libpq_tls.py is told */
  libpq: Record<string, string>;
  token_file: string;
  stop(): Promise<void>;
}

/** `midstream serve` and the Envoy that `envoy render` writes for it. */
async function start({ direct, transport, work }: SuiteContext): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-identity-'));
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const one of stops.reverse()) await one();
  };
  try {
    // What is built or fetched is there before tokens begin to end.
    if (needs.go(work) === undefined) pgxProgram(work);
    const password = `role-${process.pid}`;
    const client = new pg.Client({ ...direct, user: USER, database: USER });
    await client.connect();
    await client.query(
      `set password_encryption = 'scram-sha-256'; drop role if exists ${ROLE}; create role ${ROLE} login password '${password}'`,
    );
    await client.end();
    const issuer = await Issuer.start();
    stops.push(() => issuer.stop());
    const token_file = join(folder, 'token');
    const renew = async (): Promise<void> => {
      writeFileSync(`${token_file}.new`, await issuer.token({ jti: String(Math.random()) }, { ends_s: TOKEN_S }));
      renameSync(`${token_file}.new`, token_file);
    };
    await renew();
    const renewing = setInterval(() => void renew(), 1000);
    stops.push(async () => clearInterval(renewing));
    const ports = { required: await freePort(), optional: await freePort(), passing: await freePort() };
    const file = join(folder, 'midstream.yaml');
    writeFileSync(join(folder, 'secret'), password);
    writeFileSync(join(folder, 'policy.yaml'), 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n');
    writeFileSync(file, JSON.stringify(configOf(folder, ports, `${direct.host}:${direct.port}`, transport === 'hop', issuer)));
    let ready = false;
    const serving = await startChild({
      command: process.execPath,
      args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', file, '--json'],
      exitSignal: 'SIGKILL',
      onLine: (line) => (ready ||= line.startsWith('{"ready"')),
    });
    stops.push(() => serving.stop([{ signal: 'SIGTERM', wait_ms: 20_000 }]));
    for (const end = Date.now() + READY_MS_MAX; !ready; ) {
      if (!serving.running || Date.now() > end) throw new Error(`midstream serve is not ready: ${serving.tail()}`);
      await new Promise((done) => setTimeout(done, 100));
    }
    const { path } = await findEnvoy({ log: () => undefined });
    const envoy = await runEnvoy({ path, config: renderBootstrap(renderOptionsOf(await loadConfig(file))) });
    stops.push(() => envoy.stop());
    const libpq = {
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [`PORT_${name.toUpperCase()}`, String(port)])),
      ROLE,
      ROLE_PASSWORD: password,
      WANTED: wanted,
      CLIENT_CERT: tls('client.pem'),
      CLIENT_KEY: join(folder, 'client.key'),
      OTHER_CA: tls('client.pem'),
    };
    // libpq takes no key that others may read.
    writeFileSync(libpq.CLIENT_KEY, readFileSync(tls('client.key')), { mode: 0o600 });
    return { port: ports.required, libpq, token_file, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Ports = Record<'required' | 'optional' | 'passing', number>;

/** required: agents over TLS alone. optional: they may come in clear, where a token is not asked for. passing: the client's own log-in passes through. */
function configOf(folder: string, ports: Ports, upstream: string, hop: boolean, { issuer, jwks_url }: Issuer): object {
  const socket = (name: string): string => `unix:${folder}/${name}.sock`;
  const listener = (name: keyof Ports): object => {
    const starttls = { agents: socket(`${name}-a`), tls: socket(`${name}-t`), server: socket(`${name}-s`), plain: socket(`${name}-p`) };
    const files = { certificate_file: tls('server.pem'), key_file: tls('server.key'), client_ca_file: tls('ca.pem') };
    const logins = [
      { groups: ['agents'], role: ROLE, password_file: 'secret' },
      { identities: ['spiffe://shop.example/**'], role: ROLE, password_file: 'secret' },
    ];
    return {
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream,
      tls: { ...files, client_certificate: 'optional', required: name === 'required' },
      ...(name === 'passing' ? {} : { authentication: { methods: ['certificate', 'token'], logins } }),
      ...(hop ? { transport: 'hop', hop: { gateway: socket(name), back: socket(`${name}-b`), starttls } } : {}),
    };
  };
  return {
    version: 1,
    listeners: [listener('required'), listener('optional'), listener('passing')],
    gateway: { grpc: socket('grpc') },
    policy: 'policy.yaml',
    record: { directory: 'recordings', durability: 'relaxed' },
    identity: { issuers: [{ issuer, audiences: ['midstream'], jwks_url, clock_tolerance: '1s' }] },
  };
}
