import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { packageRoot } from '../../extproc/process/places.js';
import { type Postgres, startPostgres } from '../../extproc/process/postgres.js';

/** A file of test/support/tls, whole path. */
export const pem = (name: string): string => join(packageRoot(), 'test', 'support', 'tls', name);

export interface TlsServer extends Postgres {
  /** writes a file beside the data; the server does it itself, for its own account */
  put(name: string, from: string): Promise<void>;
  ask(sql: string): Promise<void>;
}

/** PostgreSQL with TLS on, and a role app_ro with the password `the-role`. */
export async function startTlsServer(settings: Record<string, string> = {}): Promise<TlsServer> {
  const server = await startPostgres({ log: () => undefined, settings });
  const within = async (work: (one: pg.Client) => Promise<unknown>): Promise<void> => {
    const one = new pg.Client(server.url);
    await one.connect();
    try {
      await work(one);
    } finally {
      await one.end();
    }
  };
  const put = (name: string, from: string) =>
    within(async (one) => {
      await one.query('create temp table lines (n serial, line text)');
      await one.query('insert into lines (line) select unnest($1::text[])', [readFileSync(from, 'utf8').trimEnd().split('\n')]);
      await one.query(`copy (select line from lines order by n) to program 'umask 077; cat > ${name}'`);
    });
  const ask = (sql: string) => within((one) => one.query(sql));
  await put('server.crt', pem('server.pem'));
  await put('server.key', pem('server.key'));
  await ask('alter system set ssl = on');
  await ask('select pg_reload_conf()');
  await ask(`create role app_ro login password 'the-role'`);
  return { ...server, put, ask };
}
