import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderBootstrap, renderSecrets } from '../../envoy/render.js';
import { renderOptionsOf } from '../../extproc/config/envoy.js';
import { loadConfig } from '../../extproc/config/load.js';
import { type Child, startChild } from '../../extproc/process/child.js';
import type { RunningEnvoy } from '../../extproc/process/envoy.js';
import { packageRoot } from '../../extproc/process/places.js';
import { eventually, startEnvoy } from './envoy.js';

/** `midstream serve` as a user runs it, and a real Envoy with what `midstream envoy render` gives for the same file. */
export interface Served {
  envoy: RunningEnvoy;
  /** of serve */
  pid: number;
  /** what serve has printed */
  said(): string;
  stop(): Promise<void>;
}

/** @param config midstream.yaml as a value; `secrets`: certificates are read from files in the folder (SDS) */
export async function startServed(folder: string, config: object, options: { secrets?: boolean } = {}): Promise<Served> {
  const file = join(folder, 'midstream.yaml');
  writeFileSync(file, JSON.stringify(config));
  const lines: string[] = [];
  const serving: Child = await startChild({
    command: process.execPath,
    args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', file, '--json'],
    exitSignal: 'SIGKILL',
    onLine: (line) => lines.push(line),
  });
  await eventually(() => lines.some((one) => one.startsWith('{"ready"')) || !serving.running, Boolean, 'serve did not get ready', 60_000);
  assert.ok(serving.running, lines.join('\n'));
  const rendered = { ...renderOptionsOf(await loadConfig(file)), ...(options.secrets ? { secrets_directory: folder } : {}) };
  for (const { name, text } of renderSecrets(rendered)) writeFileSync(join(folder, name), text);
  const envoy = await startEnvoy(renderBootstrap(rendered), { concurrency: 2 });
  return {
    envoy,
    pid: serving.pid,
    said: () => [...lines, serving.tail()].join('\n'),
    stop: async () => {
      await envoy.stop();
      await serving.stop([{ signal: 'SIGTERM', wait_ms: 20_000 }]);
    },
  };
}
