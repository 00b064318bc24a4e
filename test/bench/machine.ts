import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Clock ticks of /proc/PID/stat in one second: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** CPU seconds (user and system) that a process has used so far, threads that ended included; NaN where there is no /proc. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and brackets; the fields that follow it do not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return Number.NaN;
  }
}

/** Highest resident set since the last reset, in MiB; NaN where there is no /proc. */
export function peakMib(pid: number): number {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return line ? Number(line[1]) / 1024 : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** Lets the peak begin anew at what is resident now. */
export function resetPeak(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not ours, or no Linux: then the peak is the process's whole life.
  }
}

/** Direct children of a process, by command name. */
export function childrenOf(pid: number): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  let entries: string[] = [];
  try {
    entries = readdirSync('/proc');
  } catch {
    return found;
  }
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      const end = stat.lastIndexOf(')');
      if (Number(stat.slice(end + 2).split(' ')[1]) !== pid) continue;
      found.push({ pid: Number(entry), command: stat.slice(stat.indexOf('(') + 1, end) });
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}

export interface Machine {
  cores: number;
  processor: string;
  memory_gib: number;
  system: string;
  node: string;
  load: string;
  commit: string;
}

/** What the numbers were measured on. `load` is the one-minute average before the run: above 0.5 the machine was not quiet. */
export function describeMachine(root: string): Machine {
  const all = cpus();
  const commit = spawnSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return {
    cores: all.length,
    processor: all[0]?.model.trim() ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    load: loadavg()[0]!.toFixed(2),
    commit: commit.status === 0 ? commit.stdout.trim() : 'unknown',
  };
}

/** First line of `program --version`; undefined when it is not there. */
export function versionOf(program: string): string | undefined {
  try {
    return execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')[0]!
      .trim();
  } catch {
    return undefined;
  }
}
