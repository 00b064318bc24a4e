import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { MidstreamError } from '../../filters/errors.js';
import { type Child, type Exit, exitText, pause, startChild, within } from './child.js';
import { type AdminAddress, askAdmin, readStats } from './envoy-admin.js';
import { scratchFolder } from './scratch.js';

export type EnvoyLogLevel = 'trace' | 'debug' | 'info' | 'warning' | 'error' | 'critical' | 'off';

export interface RunEnvoyOptions {
  /** the binary, from findEnvoy */
  path: string;
  /** the bootstrap, YAML or JSON; its `admin` is replaced */
  config: string;
  /** where the admin interface shall listen; a Unix socket in a folder of its own otherwise */
  admin?: AdminAddress;
  /** `warning` otherwise */
  logLevel?: EnvoyLogLevel;
  /** each line of Envoy's log */
  onLog?: (line: string) => void;
  /** worker threads; as many as the machine has cores otherwise */
  concurrency?: number;
  /** milliseconds until it must be ready; 30 s otherwise */
  ready_ms_max?: number;
  /** aborted before Envoy is ready, it ends Envoy: rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

export interface RunningEnvoy {
  readonly pid: number;
  readonly admin: AdminAddress;
  readonly running: boolean;
  /** settles when Envoy has ended, whoever ended it; never rejects */
  readonly exited: Promise<Exit>;
  /** the last lines of its log */
  log(): string;
  /** counters and gauges whose names match, like `{'cluster.postgres.upstream_cx_active': 0}` */
  stats(filter?: RegExp): Promise<Record<string, number>>;
  /** one call of the admin interface, like `POST /reset_counters` */
  ask(method: 'GET' | 'POST', path: string): Promise<{ status: number; text: string }>;
  /**
   * Ends Envoy. With `drain_ms` it first stops listening and waits so long for its connections to end by themselves;
   * then SIGTERM, which closes what is left, then SIGKILL.
   */
  stop(options?: { drain_ms?: number }): Promise<Exit>;
}

const READY_MS_MAX = 30_000;
const TERM_MS_MAX = 5_000;
const KILL_MS_MAX = 5_000;

/**
 * Runs Envoy and waits until it serves. Rejects with `unavailable`, with Envoy's own last words, when it does not come up.
 * It ends with this process, also when that is killed.
 */
export async function runEnvoy(options: RunEnvoyOptions): Promise<RunningEnvoy> {
  // Nobody else reads the configuration or reaches the admin socket there.
  const { path: folder, remove: cleanUp } = scratchFolder('midstream-envoy-');
  try {
    const admin = options.admin ?? { path: join(folder, 'admin.sock') };
    const file = join(folder, 'envoy.yaml');
    writeFileSync(file, withAdmin(options.config, admin), { mode: 0o600 });
    const args = ['--config-path', file, '--disable-hot-restart', '--log-level', options.logLevel ?? 'warning'];
    if (options.concurrency !== undefined) args.push('--concurrency', String(options.concurrency));
    const child = await startChild({
      command: options.path,
      args,
      cwd: folder,
      onLine: options.onLog,
      exitSignal: 'SIGTERM',
      guarded: true,
    });
    void child.exited.then(cleanUp);
    await ready(child, admin, options.ready_ms_max ?? READY_MS_MAX, options.signal);
    return {
      pid: child.pid,
      admin,
      get running() {
        return child.running;
      },
      exited: child.exited,
      log: child.tail,
      stats: (filter) => readStats(admin, filter),
      ask: (method, path) => askAdmin(admin, method, path),
      stop: async ({ drain_ms = 0 } = {}) => {
        if (drain_ms > 0 && child.running) await drain(admin, child.exited, drain_ms);
        return child.stop(endSteps);
      },
    };
  } catch (error) {
    cleanUp();
    throw error;
  }
}

const endSteps = [
  { signal: 'SIGTERM', wait_ms: TERM_MS_MAX },
  { signal: 'SIGKILL', wait_ms: KILL_MS_MAX },
] as const;

/** The bootstrap with its admin interface where we want it. */
function withAdmin(config: string, admin: AdminAddress): string {
  const document = parseDocument(config);
  if (document.errors.length > 0)
    throw new MidstreamError('config_invalid', `Envoy's configuration is no YAML: ${document.errors[0]!.message}`);
  const address =
    'path' in admin ? { pipe: { path: admin.path, mode: 0o600 } } : { socket_address: { address: admin.host, port_value: admin.port } };
  document.set('admin', document.createNode({ address }));
  return document.toString({ lineWidth: 0 });
}

async function ready(child: Child, admin: AdminAddress, wait_ms: number, signal: AbortSignal | undefined): Promise<void> {
  const until = Date.now() + wait_ms;
  while (child.running) {
    if (signal?.aborted) {
      await child.stop(endSteps);
      throw signal.reason;
    }
    const answer = await askAdmin(admin, 'GET', '/ready').catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > until) {
      await child.stop(endSteps);
      throw new MidstreamError('unavailable', `Envoy was not ready after ${wait_ms} ms: ${lastWords(child.tail())}`);
    }
    await within(child.exited, 25);
  }
  throw new MidstreamError('unavailable', `Envoy ended before it was ready (${exitText(await child.exited)}): ${lastWords(child.tail())}`);
}

/** What Envoy says of a failure is in its critical lines. */
function lastWords(output: string): string {
  const lines = output.split('\n').filter(Boolean);
  const critical = lines.filter((line) => /\[(critical|error)\]/.test(line));
  return (critical.length > 0 ? critical : lines).slice(-3).join('\n').slice(0, 2000) || 'it said nothing';
}

async function drain(admin: AdminAddress, exited: Promise<Exit>, drain_ms: number): Promise<void> {
  const until = Date.now() + drain_ms;
  try {
    await askAdmin(admin, 'POST', '/drain_listeners');
    while (Date.now() < until) {
      const open = await readStats(admin, /^listener\..*\.downstream_cx_active$/);
      // The admin's own listener counts the very connection that asks.
      const busy = Object.entries(open).some(([name, count]) => count > 0 && !name.startsWith('listener.admin.'));
      if (!busy || (await within(exited, 50))) return;
      await pause(0);
    }
  } catch {
    // An Envoy that does not answer is ended by signal.
  }
}
