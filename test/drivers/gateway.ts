import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../extproc/process/places.js';
import { onStop } from '../bench/lifetime.js';
import { type Address, USER } from './context.js';
import type { Transport } from './options.js';

const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;

/** Nothing is refused, held or masked: nothing may change on the wire. */
const transparent = `version: 1
defaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }
`;

/** The paths that mask are walked for every row, but no table here is called nobody: nothing may change either. */
const maskingNothing = `version: 1
masks:
  - name: nobody
    columns: ["*.nobody.secret"]
    as: redact
defaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }
`;

export interface Gateway extends Address {
  pid: number;
  /** undefined while it runs, else how it ended and its last words */
  ended(): string | undefined;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  transport: Transport;
  masks: boolean;
  server: Address;
}

/** `midstream up`, as a user would run it, before the server. Rejects with its last words when it does not come up. */
export async function startGateway({ transport, masks, server }: GatewayOptions): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-drivers-'));
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, masks ? maskingNothing : transparent);
  mkdirSync(join(folder, 'record'));
  const args = [
    join(packageRoot(), 'extproc', 'cli', 'bin.mjs'),
    'up',
    ...['--postgres', `${server.host}:${server.port}`, '--listen', '0', '--policy', policy],
    ...['--record', join(folder, 'record'), '--transport', transport, '--durability', 'relaxed', '--json'],
  ];
  const env = masks ? { ...process.env, MIDSTREAM_CATALOGUE_URL: `postgres://${USER}@${server.host}:${server.port}/${USER}` } : process.env;
  // detached: Ctrl-C reaches this process alone, which stops everything in order.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env });
  let errors = '';
  let ended: string | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  const exited = new Promise<void>((resolve) =>
    child.once('exit', (code, signal) => {
      ended = `midstream up ended (${signal ?? code}): ${errors.trim().split('\n').slice(-4).join(' | ')}`;
      resolve();
    }),
  );
  const stop = onStop(`midstream up (${transport})`, async () => {
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await exited;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  });
  const ready = new Promise<Address>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('midstream up was not ready in time')), READY_MS_MAX);
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"ready":true')) return;
      clearTimeout(late);
      const { postgres } = JSON.parse(line) as { postgres: string };
      const at = postgres.lastIndexOf(':');
      resolve({ host: postgres.slice(0, at), port: Number(postgres.slice(at + 1)) });
    });
    void exited.then(() => {
      clearTimeout(late);
      reject(new Error(ended));
    });
  });
  try {
    const address = await ready;
    return { ...address, pid: child.pid!, ended: () => ended, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
