import { spawnSync } from 'node:child_process';
import pg from 'pg';
import { freePort } from '../../extproc/process/free-port.js';
import { startPostgres } from '../../extproc/process/postgres.js';
import { onStop } from '../bench/lifetime.js';
import { type Address, USER } from './context.js';
import { suiteFile } from './shell.js';
import { needs } from './tools.js';
import { openWorkFolder } from './work-folder.js';

export interface Server extends Address {
  version: string;
  /** true for the one of suites/server.sh */
  own: boolean;
}

/** The suites' PostgreSQL 15 where its programs are, else the embedded one, which is enough for the suites that bring their own client. */
export async function startServer(work: string, say: (line: string) => void): Promise<Server> {
  openWorkFolder(work);
  const missing = needs.server15(work);
  if (missing !== undefined) {
    say(`${missing}: the embedded PostgreSQL takes its place`);
    const server = await startPostgres({
      log: () => undefined,
      auth: 'trust',
      fsync: false,
      settings: { max_connections: '200', max_prepared_transactions: '20', wal_level: 'logical' },
    });
    onStop('PostgreSQL', () => server.stop());
    return { host: server.host, port: server.port, version: server.version, own: false };
  }
  const port = await freePort();
  const control = (verb: string) =>
    spawnSync('bash', [suiteFile('server.sh'), verb], { env: { ...process.env, WORK: work, PORT: String(port) }, encoding: 'utf8' });
  const started = control('start');
  if (started.status !== 0) throw new Error(`PostgreSQL 15 did not start: ${started.stderr.trim() || `look at ${work}/pg/log`}`);
  onStop('PostgreSQL', () => void control('stop'));
  return { host: '127.0.0.1', port, version: await versionOf({ host: '127.0.0.1', port }), own: true };
}

async function versionOf({ host, port }: Address): Promise<string> {
  const client = new pg.Client({ host, port, user: USER, database: USER });
  await client.connect();
  try {
    const { rows } = await client.query('show server_version');
    return String(rows[0].server_version).split(' ')[0]!;
  } finally {
    await client.end();
  }
}
