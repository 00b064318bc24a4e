import pg from 'pg';
import { type Postgres, startPostgres, useDatabaseUrl } from '../../extproc/process/postgres.js';

let shared: Promise<Postgres> | undefined;

/**
 * The PostgreSQL of this test run: the one that MIDSTREAM_TEST_DATABASE_URL names, else an embedded one, started on first use
 * and stopped by a root hook when mocha is done. The variable is then set, so that child processes use the same server.
 */
export function sharedPostgres(): Promise<Postgres> {
  shared ??= start();
  return shared;
}

async function start(): Promise<Postgres> {
  const url = process.env['MIDSTREAM_TEST_DATABASE_URL'];
  if (url) return useDatabaseUrl(url);
  const log = (line: string) => process.env['MIDSTREAM_VERBOSE'] && process.stderr.write(`${line}\n`);
  const server = await startPostgres({ log, settings: { max_connections: '700', max_prepared_transactions: '10', wal_level: 'logical' } });
  process.env['MIDSTREAM_TEST_DATABASE_URL'] = server.url;
  stops.push(async () => {
    delete process.env['MIDSTREAM_TEST_DATABASE_URL'];
    shared = undefined;
    await server.stop();
  });
  return server;
}

const stops: (() => Promise<void>)[] = [];

// Registered when this file is loaded, which is while mocha reads its files: that makes it a hook of the root suite.
if (typeof globalThis.after === 'function') {
  after(async function () {
    this.timeout(30_000);
    for (const stop of stops.splice(0)) await stop();
  });
}

export interface ScratchDatabase {
  name: string;
  /** connection string of the database itself, not through any gateway */
  url: string;
  drop(): Promise<void>;
}

let databases = 0;

/** A new empty database on the shared server, so that tests do not see each other's tables. */
export async function scratchDatabase(prefix = 'test'): Promise<ScratchDatabase> {
  const server = await sharedPostgres();
  const name = `${prefix}_${process.pid}_${++databases}`;
  await onServer(server.url, (client) => client.query(`create database ${pg.escapeIdentifier(name)}`));
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    drop: () =>
      onServer(server.url, (client) => client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`)).then(
        () => undefined,
      ),
  };
}

/** Runs something on a connection of its own and closes it. */
export async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // shows in the query's own error
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
