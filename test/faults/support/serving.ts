import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBootstrap } from '../../../envoy/render.js';
import { renderOptionsOf } from '../../../extproc/config/envoy.js';
import { loadConfig } from '../../../extproc/config/load.js';
import { hashToken } from '../../../extproc/console/tokens.js';
import { type Child, startChild } from '../../../extproc/process/child.js';
import type { RunningEnvoy } from '../../../extproc/process/envoy.js';
import { packageRoot } from '../../../extproc/process/places.js';
import type { Postgres } from '../../../extproc/process/postgres.js';
import { startEnvoy } from '../../support/envoy.js';
import { testPolicy } from '../../support/gateway.js';
import { freePort } from '../../support/ports.js';
import { eventually, ownDatabase, type TransportName, transports } from './world.js';

const token = 'mst_an-approver-of-this-test';
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

export interface Approval {
  status: string;
  reason: string;
  operation: { hold: string; session: string };
}

/** `midstream serve` with two workers as a user runs it, a listener for each transport, and a real Envoy before it. */
export interface Serving {
  folder: string;
  recordings: string;
  database: string;
  url: string;
  ports: Record<TransportName, number>;
  envoy: RunningEnvoy;
  /** process ids by what the kernel says */
  parent(): number;
  workers(): number[];
  lines: string[];
  approvals(): Promise<Approval[]>;
  decide(hold: string, verdict: 'approve' | 'deny'): Promise<number>;
  /** starts it (again); settles when all workers listen */
  start(): Promise<void>;
  ended: () => Promise<unknown>;
  finish(): Promise<void>;
}

export async function startServing(server: Postgres, seed: string): Promise<Serving> {
  const folder = mkdtempSync(join(tmpdir(), 'ms-fault-'));
  const database = await ownDatabase(server, seed);
  const ports = { ext_proc: await freePort(), hop: await freePort() };
  const [back, api] = [await freePort(), await freePort()];
  const file = join(folder, 'midstream.yaml');
  writeFileSync(join(folder, 'policy.yaml'), testPolicy);
  const listener = (name: TransportName) => ({
    name,
    transport: name,
    listen: `127.0.0.1:${ports[name]}`,
    upstream: `${server.host}:${server.port}`,
    catalogue: { url: database.url },
    ...(name === 'hop' ? { hop: { gateway: `unix:${folder}/hop-{worker}.sock`, back: `127.0.0.1:${back}` } } : {}),
  });
  const config = {
    version: 1,
    listeners: transports.map(listener),
    gateway: { grpc: `unix:${folder}/grpc-{worker}.sock`, workers: 2 },
    policy: 'policy.yaml',
    record: { directory: 'recordings', durability: 'strict' },
    approvals: { api: { listen: `127.0.0.1:${api}`, tokens: [{ id: 'ada', groups: ['dba'], hash: hashToken(token) }] } },
    access: transports.map((resource) => ({ resource, sources: ['127.0.0.1'] })),
  };
  writeFileSync(file, JSON.stringify(config));
  let serving: Child;
  const lines: string[] = [];
  const start = async () => {
    lines.length = 0;
    serving = await startChild({
      command: process.execPath,
      args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', file, '--json'],
      exitSignal: 'SIGKILL',
      onLine: (line) => lines.push(line),
    });
    await eventually(
      () => `serve is ready: ${lines.join('\n')}`,
      () => (lines.some((line) => line.startsWith('{"ready"')) || !serving.running ? true : undefined),
      60_000,
    );
    if (!serving.running) throw new Error(lines.join('\n'));
  };
  await start();
  const envoy = await startEnvoy(renderBootstrap(renderOptionsOf(await loadConfig(file))), { concurrency: 2 });
  const at = `http://127.0.0.1:${api}/v1/approvals`;
  return {
    folder,
    recordings: join(folder, 'recordings'),
    database: database.config.database!,
    url: database.url,
    ports,
    envoy,
    parent: () => serving.pid,
    workers: () => readFileSync(`/proc/${serving.pid}/task/${serving.pid}/children`, 'utf8').trim().split(' ').map(Number),
    lines,
    approvals: async () => ((await (await fetch(at, { headers })).json()) as { approvals: Approval[] }).approvals,
    decide: async (hold, verdict) => (await fetch(`${at}/${hold}/${verdict}`, { method: 'POST', headers, body: '{}' })).status,
    start,
    ended: () => serving.exited,
    finish: async () => {
      await envoy.stop();
      await serving.stop([
        { signal: 'SIGTERM', wait_ms: 20_000 },
        { signal: 'SIGKILL', wait_ms: 5000 },
      ]);
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
