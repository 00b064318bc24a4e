import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onStop } from './lifetime.js';

/** Path of a file beside this one: compiled or, through a loader, as TypeScript. */
export function beside(name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
}

/** Runs a program to its end and gives its standard output. Rejects with its last words when it fails; killed when the run stops. */
export async function run(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  started?: (child: ChildProcess) => void,
): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const release = onStop(command, () => void child.kill('SIGKILL'));
  started?.(child);
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${command} failed (${code}): ${errors.trim().split('\n').slice(-3).join(' | ')}`);
    return out;
  } finally {
    await release();
  }
}
