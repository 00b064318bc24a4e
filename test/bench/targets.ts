import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap, type RenderOptions } from '../../envoy/render.js';
import { findEnvoy, runEnvoy } from '../../extproc/process/envoy.js';
import { freePort } from '../../extproc/process/free-port.js';
import { onStop } from './lifetime.js';
import { startMidstream } from './midstream.js';
import type { TargetName } from './options.js';
import { beside } from './program.js';

/** One way to the database. */
export interface Target {
  name: TargetName;
  url: string;
  /** of what stands in the way; undefined where there is none */
  gateway: number | undefined;
  envoy: number | undefined;
  masks: boolean;
  stop(): Promise<void>;
}

export interface TargetOptions {
  database: string;
  policy: string;
  /** folder for the gateway's CPU profile */
  profile: string | undefined;
  log: (line: string) => void;
}

/** Brings one target up, in processes of its own. */
export async function startTarget(name: TargetName, options: TargetOptions): Promise<Target> {
  switch (name) {
    case 'direct':
      return { name, url: options.database, gateway: undefined, envoy: undefined, masks: false, stop: async () => undefined };
    case 'envoy':
      return behindEnvoy(name, options, (config) => withoutProcessing(config));
    case 'echo-ext_proc':
    case 'echo-grpc-js':
    case 'echo-hop':
      return behindEnvoy(name, options, (config) => config);
    default:
      return startMidstream(name, options);
  }
}

/** An Envoy with the very configuration that the gateway is run with, before an echo or (without its ext_proc filter) before nothing. */
async function behindEnvoy(name: TargetName, options: TargetOptions, change: (config: object) => object): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-bench-'));
  const removed = onStop(folder, () => rmSync(folder, { recursive: true, force: true }));
  const listen = await freePort();
  const to = new URL(options.database);
  const [address, back] = ['echo.sock', 'back.sock'].map((name) => `unix:${join(folder, name)}`) as [string, string];
  const hop = name === 'echo-hop';
  const echo =
    name === 'envoy'
      ? undefined
      : await startEcho(
          hop ? ['hop', address, back] : [name === 'echo-grpc-js' ? 'grpc-js' : 'ext_proc', address],
          profilingArguments(name, options.profile),
        );
  const config: RenderOptions = {
    listeners: [
      {
        name: 'postgres',
        transport: hop ? 'hop' : 'ext_proc',
        listen: `127.0.0.1:${listen}`,
        upstream: `${to.hostname}:${to.port || 5432}`,
        ...(hop ? { hop: { gateway: [address], back } } : {}),
      },
    ],
    // An echo answers nothing but bytes: it has no say in who connects, takes no logs and tells no health.
    gateway: { grpc: [address], authorize: false, access_log: false, health_check: false },
  };
  const found = await findEnvoy({ log: options.log });
  const envoy = await runEnvoy({ path: found.path, config: JSON.stringify(change(bootstrap(config))) });
  const stopEnvoy = onStop(`Envoy of ${name}`, () => envoy.stop().then(() => undefined));
  return {
    name,
    url: throughPort(options.database, listen),
    gateway: echo?.pid,
    envoy: envoy.pid,
    masks: false,
    stop: async () => {
      await stopEnvoy();
      await echo?.stop();
      await removed();
    },
  };
}

/** The same listener with nothing but tcp_proxy: what Envoy alone costs. */
function withoutProcessing(config: object): object {
  const { static_resources } = config as { static_resources: { listeners: { filter_chains: { filters: { name: string }[] }[] }[] } };
  for (const listener of static_resources.listeners)
    for (const chain of listener.filter_chains)
      chain.filters = chain.filters.filter((filter) => filter.name === 'envoy.filters.network.tcp_proxy');
  return config;
}

async function startEcho(args: string[], profiling: readonly string[]): Promise<{ pid: number; stop: () => Promise<void> }> {
  const child = fork(beside('echo'), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...profiling],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = onStop('echo', async () => {
    child.kill('SIGTERM');
    await exited;
  });
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error('the echo ended before it was ready')));
  });
  return { pid: child.pid!, stop };
}

/** Arguments of Node that make a process write a profile when it ends. */
export function profilingArguments(name: string, folder: string | undefined): string[] {
  if (folder === undefined) return [];
  // Node names the files itself, one for each thread.
  return ['--cpu-prof', `--cpu-prof-dir=${join(folder, name)}`];
}

/** The database's url, by way of a port of this machine. */
export function throughPort(database: string, port: number): string {
  const url = new URL(database);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return url.href;
}
