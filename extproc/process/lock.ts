import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { pause } from './child.js';

export interface LockOptions {
  wait_ms_max: number;
  /** called once when another process holds it */
  onWait?: () => void;
  /** aborted while another process holds it: rejects with the signal's reason */
  signal?: AbortSignal | undefined;
}

/**
 * Runs `work` while no other process of this machine does the same. It saves double work and is no safeguard: what is done
 * must be right without it, since a lock whose holder died, or that is held for too long, is passed over.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions): Promise<T> {
  const until = Date.now() + options.wait_ms_max;
  let told = false;
  while (!take(file)) {
    if (holderIsGone(file) || Date.now() > until) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) options.onWait?.();
    told = true;
    options.signal?.throwIfAborted();
    await pause(100);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, String(process.pid));
    closeSync(handle);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderIsGone(file: string): boolean {
  let pid: number;
  try {
    pid = Number(readFileSync(file, 'utf8'));
  } catch {
    return false; // just released
  }
  if (!Number.isInteger(pid) || pid <= 0) return false; // just taken, not yet written
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
