import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FoundEnvoy, findEnvoy, type RunEnvoyOptions, type RunningEnvoy, runEnvoy } from '../../extproc/process/envoy.js';

let found: Promise<FoundEnvoy> | undefined;

/** The Envoy that tests run against, found (or fetched) once a run. */
export function sharedEnvoy(): Promise<FoundEnvoy> {
  found ??= findEnvoy({ log: (line) => process.env['MIDSTREAM_VERBOSE'] && process.stderr.write(`${line}\n`) });
  return found;
}

/** Runs Envoy for a test, on one worker thread unless the test says otherwise. Whoever starts it stops it. */
export async function startEnvoy(config: string, options: Partial<RunEnvoyOptions> = {}): Promise<RunningEnvoy> {
  const { path } = await sharedEnvoy();
  return runEnvoy({ path, config, concurrency: 1, ...options });
}

/** What `envoy --mode validate` says of a configuration: undefined when it is right, else Envoy's own words. */
export async function envoyObjection(config: string): Promise<string | undefined> {
  const { path } = await sharedEnvoy();
  const folder = mkdtempSync(join(tmpdir(), 'midstream-validate-'));
  try {
    const file = join(folder, 'envoy.yaml');
    writeFileSync(file, config);
    const result = spawnSync(path, ['--mode', 'validate', '--config-path', file, '--log-level', 'error'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return result.status === 0 ? undefined : `${result.stdout}${result.stderr}`.trim() || `exit code ${result.status}, without a word`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asks again until the condition holds; throws with the last answer when it does not in time. A bound for broken runs only. */
export async function eventually<T>(ask: () => Promise<T> | T, holds: (answer: T) => boolean, what: string, wait_ms = 15_000): Promise<T> {
  const until = Date.now() + wait_ms;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() > until) throw new Error(`${what}; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Nobody failed since the load began, and it goes on: five more came through. */
export async function goesOn(count: () => number, failures: readonly unknown[], what: string): Promise<void> {
  const before = count();
  await eventually(count, (now) => now > before + 4 || failures.length > 0, what, 30_000);
  assert.deepEqual(failures, []);
}
