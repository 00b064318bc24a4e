import * as nodeFs from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock, RecordingFs } from '../../../extproc/stores/recordings/index.js';
import { openRecordings, type Recordings, type RecordingsOptions } from '../../../extproc/stores/recordings/index.js';

/** A directory of its own for each test, removed after it. */
export function temporaryDirectory(): { path: () => string } {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'midstream-record-'));
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));
  return { path: () => join(base, 'recordings') };
}

/** A clock that goes only where it is sent: 1 ms a look, unless moved. */
export function testClock(): Clock & { jump(wall_ms: number): void; advance(ms: number): void } {
  let wall = Date.parse('2026-01-02T03:04:05.000Z');
  let mono = 0;
  return {
    wall_ms: () => wall,
    monotonic_ns: () => {
      mono += 1_000_000;
      return mono;
    },
    jump: (ms) => {
      wall += ms;
    },
    advance: (ms) => {
      mono += ms * 1e6;
    },
  };
}

export const open = (directory: string, more: Partial<RecordingsOptions> = {}): Promise<Recordings> =>
  openRecordings({ directory, durability: 'strict', worker: 1, linger_ms: 0, ...more });

/** node:fs with some calls replaced. */
export const faultyFs = (replace: Partial<RecordingFs>): RecordingFs => ({ ...nodeFs, ...replace });

/** Leaves a directory as a SIGKILL would: the process is told dead by a lock of a pid that can't be. */
export function pretendDead(directory: string): void {
  for (const file of nodeFs.readdirSync(directory)) {
    if (!file.includes('.lock.')) continue;
    const path = join(directory, file);
    const owner = JSON.parse(nodeFs.readFileSync(path, 'utf8')) as { pid: number };
    nodeFs.writeFileSync(path, JSON.stringify({ ...owner, pid: 0x3fffffff }));
  }
}

export function events(recordings: Recordings, sessions: number, each: number, prefix = 's'): void {
  const all = Array.from({ length: sessions }, (_, i) => recordings.begin(`${prefix}${i}`));
  for (let e = 0; e < each; e++) {
    for (const [i, session] of all.entries()) {
      if (e === 0) session.appendLine('session.open', `,"start":"2026-01-02T03:04:05Z","resource":"shop","identity":{"id":"agent-${i}"}`);
      else if (e === each - 1) session.appendLine('session.close', ',"reason":"client terminated"');
      else
        session.appendLine('request', `,"request":"r${e}","operation":"query","text":"select ${e} from t${i}","fingerprint":"","bytes":20`);
    }
  }
}
