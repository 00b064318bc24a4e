import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { MidstreamError } from '../../filters/errors.js';
import { isPostgresUrl, POSTGRES_URL_HINT } from '../../filters/postgres/connection-url.js';
import { type Account, temporaryFolderOf, unprivilegedAccount } from './account.js';
import { type Child, exitText, startChild, within } from './child.js';
import { freePort } from './free-port.js';
import { type PostgresBinaries, postgresBinaries } from './postgres-binaries.js';
import { scratchFolder } from './scratch.js';

export interface StartPostgresOptions {
  /** told in one line each what is being done */
  log: (line: string) => void;
  /** where the data lies and stays; a temporary folder that goes with the server otherwise */
  directory?: string;
  /** a free one otherwise */
  port?: number;
  /** scram (a random password, in the url) unless said otherwise; trust lets every account of this machine in */
  auth?: 'scram' | 'trust';
  /** false: no fsync, for data that may be lost. Data in a temporary folder is never synced. */
  fsync?: boolean;
  /** postgresql.conf by name, like `{ max_connections: '600' }` */
  settings?: Record<string, string>;
  /** for a directory that exists already and was made with scram: its superuser's password */
  password?: string;
  /** aborted before the server answers, it ends what was started: rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

export interface Postgres {
  /** postgres://user:password@127.0.0.1:port/postgres */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** of the data; empty for a database that is not ours */
  readonly directory: string;
  /** of the postmaster; 0 for a database that is not ours */
  readonly pid: number;
  /** the version that the server tells, like 18.4 */
  readonly version: string;
  /** the last lines of its log; empty for a database that is not ours */
  log(): string;
  /** ends it: fast shutdown, then immediate, then SIGKILL; a database that is not ours is left alone */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const SUPERUSER = 'postgres';
const READY_MS_MAX = 60_000;
const INITDB_MS_MAX = 120_000;
const PORT_TRIES_MAX = 5;
const stopSteps = [
  { signal: 'SIGINT', wait_ms: 10_000 }, // fast: clients are cut off, data is written
  { signal: 'SIGQUIT', wait_ms: 5_000 }, // immediate: recovery at the next start
  { signal: 'SIGKILL', wait_ms: 5_000 },
] as const;

/**
 * Starts a PostgreSQL of our own on loopback and waits until it answers. As root it runs under another account.
 * Rejects with `unavailable`, with the server's own last words, when it does not come up.
 */
export async function startPostgres(options: StartPostgresOptions): Promise<Postgres> {
  const account = unprivilegedAccount();
  const binaries = postgresBinaries(account, options.log);
  const { path: scratch, remove: cleanUp } = scratchFolder('midstream-postgres-', temporaryFolderOf(account));
  try {
    own(scratch, account);
    const directory = options.directory ?? join(scratch, 'data');
    const password = options.password ?? randomBytes(18).toString('base64url');
    if (!existsSync(join(directory, 'PG_VERSION'))) await initialise({ binaries, account, directory, scratch, password, options });
    const started = await startOnFreePort({ binaries, account, directory, scratch, password, options });
    void started.child.exited.then(cleanUp);
    options.log(`PostgreSQL ${started.version}: ${HOST}:${started.port}${account ? ` (as ${account.name})` : ''}`);
    return {
      url: started.url,
      host: HOST,
      port: started.port,
      directory,
      pid: started.child.pid,
      version: started.version,
      log: started.child.tail,
      stop: async () => {
        await started.child.stop(stopSteps);
        cleanUp();
      },
    };
  } catch (error) {
    cleanUp();
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** A database that is there already, as the embedded one looks to those who use it. Rejects when it can't be reached. */
export async function useDatabaseUrl(url: string): Promise<Postgres> {
  if (!isPostgresUrl(url) || !URL.canParse(url) || new URL(url).hostname === '')
    throw new MidstreamError('bad_input', 'the database url is not one of PostgreSQL', { hint: POSTGRES_URL_HINT });
  const parsed = new URL(url);
  const version = await versionOf({ connectionString: url }).catch((cause: unknown) => {
    throw new MidstreamError(
      'unavailable',
      `the database at ${parsed.host} can't be used: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  });
  return {
    url,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: Number(parsed.port || 5432),
    directory: '',
    pid: 0,
    version,
    log: () => '',
    stop: async () => undefined,
  };
}

interface Work {
  binaries: PostgresBinaries;
  account: Account | undefined;
  directory: string;
  /** socket and password file; the account may enter it, others may not */
  scratch: string;
  password: string;
  options: StartPostgresOptions;
}

function own(path: string, account: Account | undefined): void {
  if (account) chownSync(path, account.uid, account.gid);
  chmodSync(path, 0o700);
}

/** initdb, with the same collation on every machine: PostgreSQL's built-in C.UTF-8. */
async function initialise({ binaries, account, directory, scratch, password, options }: Work): Promise<void> {
  options.log('making a new PostgreSQL database');
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 });
  own(directory, account);
  const passwordFile = join(scratch, 'password');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  own(passwordFile, account);
  const auth = options.auth === 'trust' ? 'trust' : 'scram-sha-256';
  const args = ['-D', directory, '-U', SUPERUSER, `--pwfile=${passwordFile}`, `--auth=${auth}`, '--encoding=UTF8', '--locale=C'];
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions');
  if (!synced(options)) args.push('--no-sync');
  const child = await startChild({
    command: binaries.initdb,
    args,
    cwd: scratch,
    account,
    env: environment(),
    exitSignal: 'SIGKILL',
    signal: options.signal,
  });
  if (!(await within(child.exited, INITDB_MS_MAX))) await child.stop([{ signal: 'SIGKILL', wait_ms: 5000 }]);
  const exit = await child.exited;
  rmSync(passwordFile, { force: true });
  if (exit.code !== 0) {
    throw new MidstreamError('unavailable', `initdb failed (${exitText(exit)}): ${lastWords(child.tail())}`, {
      hint: account
        ? `It runs as ${account.name}, who must be able to enter and write ${directory}.`
        : `It must be able to write ${directory}.`,
    });
  }
}

const synced = (options: StartPostgresOptions): boolean => options.fsync ?? options.directory !== undefined;

/** Nothing of the caller's own settings (PGDATA, PGHOST, LD_PRELOAD, …) reaches the server. */
const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' });

/** Another process may take the free port first: then the next one is tried. */
async function startOnFreePort(work: Work): Promise<{ child: Child; port: number; url: string; version: string }> {
  const { binaries, account, directory, scratch, options } = work;
  for (let tries = 1; ; tries++) {
    const port = options.port ?? (await freePort(HOST));
    const settings: Record<string, string> = {
      listen_addresses: HOST,
      port: String(port),
      unix_socket_directories: scratch,
      unix_socket_permissions: '0700',
      ...(synced(options) ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
      ...options.settings,
    };
    const args = ['-D', directory, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const child = await startChild({
      command: binaries.postgres,
      args,
      cwd: scratch,
      account,
      env: environment(),
      exitSignal: 'SIGQUIT',
      guarded: true,
    });
    const url = `postgres://${SUPERUSER}:${encodeURIComponent(work.password)}@${HOST}:${port}/postgres`;
    // Over the socket in our own folder: on the port another server may answer, and this one fail to take it.
    const version = await ready(child, options.signal, {
      host: scratch,
      port,
      user: SUPERUSER,
      password: work.password,
      database: 'postgres',
    });
    if (version !== undefined) return { child, port, url, version };
    const exit = await child.exited;
    const taken = /address already in use/i.test(child.tail());
    if (options.port === undefined && taken && tries < PORT_TRIES_MAX) continue;
    throw new MidstreamError('unavailable', `PostgreSQL did not start (${exitText(exit)}): ${lastWords(child.tail())}`);
  }
}

/** The server's version once it answers; undefined when it ended instead. */
async function ready(child: Child, signal: AbortSignal | undefined, where: pg.ClientConfig): Promise<string | undefined> {
  const until = Date.now() + READY_MS_MAX;
  let last: unknown;
  while (child.running) {
    if (signal?.aborted) {
      await child.stop(stopSteps);
      throw signal.reason;
    }
    try {
      return await versionOf(where);
    } catch (error) {
      last = error;
      // A wrong password stays wrong; everything else may be a server that still starts.
      if ((error as { code?: string }).code === '28P01' || Date.now() > until) {
        await child.stop(stopSteps);
        throw new MidstreamError(
          'unavailable',
          `PostgreSQL started but does not answer: ${last instanceof Error ? last.message : String(last)}`,
          { cause: last },
        );
      }
    }
    await within(child.exited, 25);
  }
  return undefined;
}

async function versionOf(where: pg.ClientConfig): Promise<string> {
  const client = new pg.Client({ ...where, connectionTimeoutMillis: 10_000, application_name: 'midstream' });
  client.on('error', () => undefined); // a server that goes away in between shows in the query's own error
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? '';
  } finally {
    await client.end().catch(() => undefined);
  }
}

function lastWords(output: string): string {
  const lines = output.split('\n').filter(Boolean);
  const errors = lines.filter((line) => /error|fatal|panic|could not|hint/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-5).join('\n').slice(0, 2000) || 'it said nothing';
}
