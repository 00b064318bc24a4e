import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import pino from 'pino';
import { startUp, type UpBeforePostgres, type UpOptions } from '../../extproc/up.js';
import { type ScratchDatabase, scratchDatabase } from './postgres.js';

/** The policy of most end-to-end tests: something of everything. */
export const testPolicy = `
version: 1
rules:
  - name: no-dropped-databases
    on: postgres
    when: sql.statements.exists(s, s.kind == "drop" && s.object == "database")
    then: deny
    message: Databases are dropped by the platform team only.
    hint: Ask in the platform channel.
  - name: unbounded-writes
    on: postgres
    when: sql.statements.exists(s, s.kind in ["update", "delete"] && !s.filtered)
    then: approve
    approve: { by: [dba], quorum: 1, wait: 20s }
masks:
  - name: people
    detect: [credit_card, us_ssn, email, phone]
    as: partial
  - name: keys
    detect: [secrets]
    as: redact
  - name: salaries
    columns: ["*.employees.salary"]
    as: "null"
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

export const allowAll = `
version: 1
defaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }
`;

export interface TestGateway extends UpBeforePostgres {
  database: ScratchDatabase;
  directory: string;
  /** connection settings through the gateway */
  through: pg.ClientConfig;
  /** connection settings straight to the server */
  direct: pg.ClientConfig;
  policyFile: string;
  client(): Promise<pg.Client>;
  finish(): Promise<void>;
}

/** A real Envoy and a gateway before a database of its own on the shared server. */
export async function testGateway(
  options: Partial<UpOptions> & { transport: 'ext_proc' | 'hop'; policy?: string; seed?: string; catalogue?: boolean },
): Promise<TestGateway> {
  const database = await scratchDatabase('e2e');
  const url = new URL(database.url);
  const directory = mkdtempSync(join(tmpdir(), 'midstream-test-'));
  const policyFile = join(directory, 'policy.yaml');
  writeFileSync(policyFile, options.policy ?? testPolicy);
  const direct: pg.ClientConfig = {
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: database.name,
  };
  if (options.seed) {
    const client = new pg.Client(direct);
    await client.connect();
    await client.query(options.seed);
    await client.end();
  }
  const up = await startUp({
    version: 'test',
    postgres: { host: url.hostname, port: Number(url.port) },
    listen: { host: '127.0.0.1', port: 0 },
    policyFile,
    recordDirectory: join(directory, 'recordings'),
    durability: 'relaxed',
    catalogueUrl: options.catalogue === false ? undefined : database.url,
    log: pino({ level: process.env['MIDSTREAM_VERBOSE'] ? 'info' : 'silent' }, pino.destination(2)),
    progress: () => {},
    envoyConcurrency: 2,
    ...options,
  });
  const through = { ...direct, host: up.postgres.host, port: up.postgres.port };
  return {
    ...up,
    database,
    directory,
    through,
    direct,
    policyFile,
    client: async () => {
      const client = new pg.Client(through);
      client.on('error', () => {});
      await client.connect();
      return client;
    },
    finish: async () => {
      await up.stop();
      await database.drop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Waits until `look` gives something; fails with `what` after `wait_ms`. */
export async function eventually<T>(
  what: string | (() => string),
  look: () => Promise<T | undefined> | T | undefined,
  wait_ms = 10_000,
): Promise<T> {
  const end = Date.now() + wait_ms;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Envoy's connection counts and the gateway's are back at zero. */
export async function nothingLeft(gateway: Pick<TestGateway, 'envoy' | 'runtime' | 'postgres'>): Promise<void> {
  let open: unknown;
  const left = () =>
    `(agents connect to ${gateway.postgres.port}) connections at Envoy go back to 0; open: ${JSON.stringify(open)}, at the gateway: ${[...gateway.runtime.gateway.registry.connections].map((c) => `${c.session.phase} ${c.session.stall}`)}`;
  await eventually(left, async () => {
    const stats = await gateway.envoy.stats(/(listener\..*downstream_cx_active|cluster\.postgres_upstream\.upstream_cx_active)$/);
    const busy = Object.entries(stats).filter(([name, value]) => value > 0 && !name.includes('admin'));
    open = busy;
    return busy.length === 0 ? true : undefined;
  });
  await eventually("the gateway's connections go back to 0", () =>
    gateway.runtime.gateway.registry.connections.size === 0 ? true : undefined,
  );
}

/** The server has no backend for an agent any more. */
export async function noBackendLeft(gateway: TestGateway): Promise<void> {
  await eventually("the server's backends go back to 0", async () => {
    const client = new pg.Client(gateway.direct);
    await client.connect();
    const { rows } = await client.query<{ n: number }>(agentsBackends).finally(() => client.end());
    return rows[0]!.n === 0 ? true : undefined;
  });
}

/** Backends of the database, without the gateway's own (its catalogue's) and the one that asks. */
const agentsBackends = `select count(*)::int as n from pg_stat_activity where datname = current_database()
  and backend_type = 'client backend' and application_name not like 'midstream%' and pid <> pg_backend_pid()`;
