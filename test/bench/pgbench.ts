import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from './program.js';
import { percentile } from './statistics.js';

export interface PgbenchRun {
  script: string;
  protocol: 'simple' | 'extended' | 'prepared';
  clients: number;
  seconds: number;
  /** a new connection for each transaction */
  connect: boolean;
  /** TLS; disable without it */
  sslmode?: 'disable' | 'require';
}

export interface PgbenchResult {
  transactions: number;
  tps: number;
  /** milliseconds */
  p50_ms: number;
  p95_ms: number;
  p99_ms: number;
  /** milliseconds; NaN unless each transaction connected */
  connection_ms: number;
}

/** pgbench on PATH, or the newest one of a distribution's folders; undefined when there is none. */
export function findPgbench(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const versions = '/usr/lib/postgresql';
  try {
    folders.push(
      ...readdirSync(versions)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(versions, version, 'bin')),
    );
  } catch {
    // No such distribution.
  }
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, 'pgbench'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** One run of pgbench with a script of its own; latencies come from its transaction log, so they are exact. */
export async function pgbench(program: string, url: string, work: PgbenchRun): Promise<PgbenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-bench-'));
  try {
    const script = join(folder, 'script.sql');
    writeFileSync(script, work.script);
    const to = new URL(url);
    const args = ['-n', '-M', work.protocol, '-c', String(work.clients), '-j', '1', '-T', String(work.seconds), '-f', script];
    if (work.connect) args.push('-C');
    args.push(
      '-l',
      `--log-prefix=${join(folder, 'log')}`,
      '-h',
      to.hostname,
      '-p',
      to.port || '5432',
      '-U',
      decodeURIComponent(to.username),
    );
    args.push(decodeURIComponent(to.pathname.slice(1)) || 'postgres');
    const env = {
      ...process.env,
      PGPASSWORD: decodeURIComponent(to.password),
      PGSSLMODE: work.sslmode ?? 'disable',
      PGGSSENCMODE: 'disable',
    };
    const out = await run(program, args, env);
    return { ...latencies(folder), ...summary(out) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary(out: string): Pick<PgbenchResult, 'transactions' | 'tps' | 'connection_ms'> {
  const number = (pattern: RegExp): number => Number(pattern.exec(out)?.[1] ?? Number.NaN);
  const failed = number(/number of failed transactions: (\d+)/);
  const transactions = number(/number of transactions actually processed: (\d+)/);
  if (failed > 0 || !(transactions > 0)) throw new Error(`pgbench: ${failed} transactions failed, ${transactions} were processed`);
  return { transactions, tps: number(/^tps = ([\d.]+)/m), connection_ms: number(/average connection time = ([\d.]+) ms/) };
}

/** Third field of each line of the log: microseconds of one transaction. */
function latencies(folder: string): Pick<PgbenchResult, 'p50_ms' | 'p95_ms' | 'p99_ms'> {
  const all: number[] = [];
  for (const name of readdirSync(folder).filter((file) => file.startsWith('log.'))) {
    for (const line of readFileSync(join(folder, name), 'utf8').split('\n')) if (line) all.push(Number(line.split(' ', 3)[2]));
  }
  const sorted = Float64Array.from(all).sort();
  return { p50_ms: percentile(sorted, 0.5) / 1000, p95_ms: percentile(sorted, 0.95) / 1000, p99_ms: percentile(sorted, 0.99) / 1000 };
}
