import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { groupFiles, lockName } from './names.js';
import { type RecordingFs, replaceFile, writeAllSync } from './world.js';

/**
 * Who writes a log. The name carries a generation: a log is taken over from a dead writer by linking the next generation into place, which only
 * one process can do. The content says which process it is, so that a pid used again (every container has a pid 1) is not taken for the old one.
 */
interface Owner {
  host: string;
  pid: number;
  /** when the kernel started that process, in its own ticks, and in which boot; empty where the system does not tell */
  born: string;
}

/** In place of a pid: its owner lives, but has given the log up without bringing it into order. */
const GIVEN_UP = 0;

function bornOf(fs: RecordingFs, pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The command's name stands in parentheses and may hold anything; field 22 is counted from behind it.
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
}

function alive(fs: RecordingFs, owner: Owner): boolean {
  if (owner.pid === GIVEN_UP) return false;
  if (owner.host !== hostname()) return true; // another machine's process can't be asked: it counts as alive
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return owner.born === '' || owner.born === bornOf(fs, owner.pid);
}

export type LockState = 'none' | 'stale' | 'alive';

/** Whether somebody writes this log now. What can't be read counts as alive. */
export function lockState(fs: RecordingFs, directory: string, log: string, generations: readonly number[]): LockState {
  let state: LockState = 'none';
  for (const generation of generations) {
    try {
      const owner = JSON.parse(fs.readFileSync(join(directory, lockName(log, generation)), 'utf8')) as Owner;
      if (alive(fs, owner)) return 'alive';
      state = 'stale';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return 'alive';
    }
  }
  return state;
}

export interface Lock {
  /** The log is in order and free. */
  release(): void;
  /** The log is free, and whoever takes it next recovers it. */
  giveUp(): void;
}

const generationsOf = (fs: RecordingFs, directory: string, log: string): number[] =>
  groupFiles(fs.readdirSync(directory)).find((files) => files.log === log)?.locks ?? [];

/** Takes the log; undefined when a living process has it. */
export function takeLock(fs: RecordingFs, directory: string, log: string): Lock | undefined {
  const before = generationsOf(fs, directory, log);
  if (lockState(fs, directory, log, before) === 'alive') return undefined;
  const own = Math.max(0, ...before) + 1;
  const path = join(directory, lockName(log, own));
  // Linked into place with its content, so that nobody sees a lock that is still empty.
  const temporary = join(directory, `.lock-${randomBytes(8).toString('hex')}`);
  const owner: Owner = { host: hostname(), pid: process.pid, born: bornOf(fs, process.pid) };
  const fd = fs.openSync(temporary, 'wx', 0o600);
  try {
    writeAllSync(fs, fd, Buffer.from(JSON.stringify(owner)), 0);
    fs.linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    fs.closeSync(fd);
    fs.unlinkSync(temporary);
  }
  const release = () => {
    try {
      fs.unlinkSync(path);
    } catch {
      // Whoever removed it has ended our claim already.
    }
  };
  // Two that looked at different moments may both have linked: then each sees the other here, and both step back.
  const others = generationsOf(fs, directory, log).filter((generation) => generation !== own);
  if (lockState(fs, directory, log, others) === 'alive') {
    release();
    return undefined;
  }
  for (const stale of others) {
    try {
      fs.unlinkSync(join(directory, lockName(log, stale)));
    } catch {
      // Gone already.
    }
  }
  const giveUp = () => {
    try {
      replaceFile(fs, directory, path, Buffer.from(JSON.stringify({ ...owner, pid: GIVEN_UP })));
    } catch {
      // The disk does not let it: then the log is free when this process has ended.
    }
  };
  return { release, giveUp };
}
