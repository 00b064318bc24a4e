import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bootstrap } from '../../../envoy/render.js';
import { findEnvoy, runEnvoy } from '../../../extproc/process/envoy.js';
import { freePort } from '../../../extproc/process/free-port.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { onStop } from '../lifetime.js';
import { childrenOf } from '../machine.js';
import { profilingArguments } from '../targets.js';

export const httpTargets = ['direct', 'envoy', 'echo', 'midstream'] as const;
export type HttpTargetName = (typeof httpTargets)[number];

export interface HttpTarget {
  name: HttpTargetName;
  port: number;
  /** processes in the way; undefined where there is none */
  gateway: number | undefined;
  envoy: number | undefined;
  /** where held requests are approved */
  api?: { url: string; token: string };
  stop(): Promise<void>;
}

const beside = (name: string): string => fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
const policy = (): string => join(packageRoot(), 'test', 'bench', 'http', 'policy.yaml');

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await exited;
}

export async function startServer(): Promise<{ port: number; stop: () => Promise<void> }> {
  const child = fork(beside('server'), { execArgv: process.execArgv });
  const port = await new Promise<number>((resolve, reject) => child.once('message', (port: number) => resolve(port)).once('exit', reject));
  return { port, stop: onStop('the server', () => ended(child)) };
}

export async function startHttpTarget(name: HttpTargetName, server: number, profile: string | undefined): Promise<HttpTarget> {
  if (name === 'direct') return { name, port: server, gateway: undefined, envoy: undefined, stop: async () => undefined };
  return name === 'midstream' ? startMidstream(server, profile) : behindEnvoy(name, server, profile);
}

/** The configuration that the gateway is run with, before an echo, or without its ext_proc. */
async function behindEnvoy(name: 'envoy' | 'echo', server: number, profile: string | undefined): Promise<HttpTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-bench-'));
  const address = `unix:${join(folder, 'echo.sock')}`;
  const port = await freePort();
  const child =
    name === 'echo'
      ? fork(beside('echo'), [address], { execArgv: [...process.execArgv, ...profilingArguments(name, profile)] })
      : undefined;
  if (child !== undefined) await new Promise((resolve, reject) => child.once('message', resolve).once('exit', reject));
  const config = bootstrap({
    listeners: [],
    http: [{ name: 'http', listen: `127.0.0.1:${port}`, upstream: `http://127.0.0.1:${server}` }],
    gateway: { grpc: [address], authorize: false, access_log: false, health_check: false },
  });
  const text = JSON.stringify(name === 'envoy' ? withoutProcessing(config) : config);
  const envoy = await runEnvoy({ path: (await findEnvoy({ log: () => undefined })).path, config: text });
  const stop = onStop(name, async () => {
    await envoy.stop();
    if (child !== undefined) await ended(child);
    rmSync(folder, { recursive: true, force: true });
  });
  return { name, port, gateway: child?.pid, envoy: envoy.pid, stop };
}

function withoutProcessing(config: object): object {
  return JSON.parse(JSON.stringify(config), (_key, value: unknown) =>
    Array.isArray(value) ? value.filter((one) => (one as { name?: string } | null)?.name !== 'envoy.filters.http.ext_proc') : value,
  ) as object;
}

/** `midstream up` as a user runs it: rules, masks and recording on. */
async function startMidstream(server: number, profile: string | undefined): Promise<HttpTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-bench-'));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      ...profilingArguments('midstream', profile),
      join(packageRoot(), 'extproc', 'cli', 'bin.mjs'),
      ...['up', '--http', `http://127.0.0.1:${server}`, '--http-listen', String(port), '--policy', policy()],
      ...['--record', join(folder, 'recordings'), '--durability', 'relaxed', '--json'],
    ],
    { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  );
  const stop = onStop('midstream', async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  });
  const ready = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.includes('"ready":true') && resolve(line));
    child.once('exit', (code) => reject(new Error(`midstream up ended (${code})`)));
  });
  const envoy = childrenOf(child.pid!).find(({ command }) => command.startsWith('envoy'))?.pid;
  const { api, token_file } = JSON.parse(ready) as { api: string; token_file: string };
  return { name: 'midstream', port, gateway: child.pid, envoy, api: { url: api, token: readFileSync(token_file, 'utf8').trim() }, stop };
}
