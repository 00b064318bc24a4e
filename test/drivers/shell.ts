import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { packageRoot } from '../../extproc/process/places.js';
import { onStop } from '../bench/lifetime.js';
import type { Counts, SuiteContext } from './context.js';
import { failuresIn } from './report.js';
import { pgbin } from './tools.js';

const OUTPUT_CHARS_MAX = 200_000;

export const suiteFile = (name: string): string => join(packageRoot(), 'test', 'drivers', 'suites', name);

/**
 * Runs a suite's program, whose last line says "N passed, N failed[, N skipped]" and whose lines with FAILED say what. It runs in a
 * process group of its own that is killed when it takes longer than `wait_ms_max`. Its output is kept in WORK/out.
 */
export async function runProgram(command: readonly string[], context: SuiteContext, wait_ms_max: number, logName: string): Promise<Counts> {
  const { code, output: raw, late } = await collect(command, environment(context), wait_ms_max);
  // Maven sets colours back without ending the line, which would hide the counts behind them.
  const output = stripVTControlCharacters(raw);
  const out = join(context.work, 'out');
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${logName}.txt`), output);
  const said = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  const failures = failuresIn(output);
  if (late) failures.push(`it did not end within ${wait_ms_max / 1000} s`);
  else if (said === undefined) failures.push(`it said no counts (exit ${code}): ${output.trim().split('\n').slice(-3).join(' | ')}`);
  const failed = Number(said?.[2] ?? 0);
  return {
    passed: Number(said?.[1] ?? 0),
    failed: late || said === undefined ? Math.max(1, failed) : failed,
    skipped: Number(said?.[3] ?? 0),
    failures,
  };
}

function environment({ work, through, direct }: SuiteContext): NodeJS.ProcessEnv {
  return {
    ...process.env,
    WORK: work,
    PGBIN: pgbin(),
    PGHOST: through.host,
    PGPORT: String(through.port),
    PGSSLMODE: 'disable',
    DIRECT_HOST: direct.host,
    DIRECT_PORT: String(direct.port),
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

async function collect(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  wait_ms_max: number,
): Promise<{ code: number | null; output: string; late: boolean }> {
  const child = spawn(command[0]!, command.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it has ended
    }
  };
  const release = onStop(command.join(' '), kill);
  let output = '';
  const take = (text: string) => {
    output = (output + text).slice(-OUTPUT_CHARS_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', take);
  child.stderr.setEncoding('utf8').on('data', take);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, wait_ms_max);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, output, late };
  } finally {
    clearTimeout(timer);
    await release();
  }
}
