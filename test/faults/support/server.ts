import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '../../../extproc/process/postgres.js';

let shared: Promise<Postgres> | undefined;

/**
 * A PostgreSQL of the fault tests' own: it asks for no password, so that scripted peers can log in, and it writes every
 * statement that reaches it into a log, so that what passed can be held against what was recorded.
 */
export function loggingPostgres(): Promise<Postgres> {
  shared ??= startLogging();
  return shared;
}

/** The same for one test alone, which may kill it. */
export function startLogging(): Promise<Postgres> {
  return startPostgres({
    log: () => undefined,
    auth: 'trust',
    settings: {
      max_connections: '200',
      logging_collector: 'on',
      log_directory: 'log',
      log_filename: 'statements.log',
      log_rotation_age: '0',
      log_rotation_size: '0',
      log_statement: 'all',
    },
  });
}

/** Everything that the server has logged so far. */
export function serverLog(server: Postgres): string {
  const folder = join(server.directory, 'log');
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'latin1'))
    .join('');
}

// Registered when this file is loaded, which is while mocha reads its files: that makes it a hook of the root suite.
if (typeof globalThis.after === 'function') {
  after(async function () {
    this.timeout(30_000);
    await (await shared)?.stop();
    shared = undefined;
  });
}
