import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../extproc/process/free-port.js';
import { packageRoot } from '../../extproc/process/places.js';
import { onStop } from './lifetime.js';
import { childrenOf } from './machine.js';
import type { TargetName } from './options.js';
import { profilingArguments, type Target, type TargetOptions, throughPort } from './targets.js';

const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;

/** `midstream up`, as a user would run it, with guard, masks and recording on. */
export async function startMidstream(name: TargetName, options: TargetOptions): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-bench-'));
  const removed = onStop(folder, () => rmSync(folder, { recursive: true, force: true }));
  const to = new URL(options.database);
  const port = await freePort();
  const args = [
    ...profilingArguments(name, options.profile),
    join(packageRoot(), 'extproc', 'cli', 'bin.mjs'),
    'up',
    ...['--postgres', `${to.hostname}:${to.port || 5432}`, '--listen', String(port), '--policy', options.policy],
    ...['--record', join(folder, 'recordings'), '--transport', name.includes('hop') ? 'hop' : 'ext_proc'],
    ...['--durability', name.endsWith('-strict') ? 'strict' : 'relaxed', '--json'],
  ];
  // detached: Ctrl-C reaches this process alone, which stops everything in order.
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    // By the environment, so that a password does not stand in the process list.
    env: { ...process.env, MIDSTREAM_CATALOGUE_URL: options.database },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = onStop(`midstream up (${name})`, async () => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await exited;
    clearTimeout(late);
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('midstream up was not ready in time')), READY_MS_MAX);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"ready":true')) return;
      clearTimeout(late);
      resolve();
    });
    child.once('exit', (code) => {
      clearTimeout(late);
      reject(new Error(`midstream up ended (${code}): ${errors.trim().split('\n').slice(-4).join(' | ')}`));
    });
  });
  return {
    name,
    url: throughPort(options.database, port),
    gateway: child.pid,
    envoy: childrenOf(child.pid!).find(({ command }) => command.startsWith('envoy'))?.pid,
    masks: true,
    stop: async () => {
      await stop();
      await removed();
    },
  };
}
