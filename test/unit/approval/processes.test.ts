import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { openApprovals } from '../../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore } from '../../../filters/approval/types.js';
import { by, operation, T0 } from './samples.js';
import { eventually } from './store-suite.js';

const childFile = fileURLToPath(new URL(`./process-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url));

describe('approvals in SQLite, in several processes', function () {
  this.timeout(30_000);
  let folder: string;
  let file: string;
  let store: ApprovalStore;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-approvals-'));
    file = join(folder, 'approvals.db');
    store = await openApprovals({ file, poll_ms: 10 });
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (task: string, name: string): Promise<ChildProcess> => {
    const child = fork(childFile, [file, task, name], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    children.push(child);
    await once(child, 'message');
    return child;
  };
  const together = async (tasks: [string, string][], keys: object): Promise<number[]> => {
    const started = await Promise.all(tasks.map(([task, name]) => start(task, name)));
    const answers = started.map((child) => once(child, 'message'));
    for (const child of started) child.send({ shape: '', digest: '', holds: [], ...keys });
    return (await Promise.all(answers)).map(([answer]) => answer as number);
  };

  it('take a lease exactly as often as it says', async () => {
    const op = operation({ terms: { lease: { same: 'shape', for_ms: 60_000, uses: 60 } } });
    await store.create(op);
    await store.decide(op.hold, by('alice'));
    const taken = await together(
      [
        ['take', 'a'],
        ['take', 'b'],
      ],
      { shape: op.shape, digest: op.digest },
    );
    assert.equal(taken[0]! + taken[1]!, 60, `${taken}`);
    assert.equal(await store.takeLease(op, T0), undefined);
  });

  it('decide once for a quorum of one, and release once or cancel, never both', async () => {
    const ops = Array.from({ length: 40 }, () => operation());
    const holds = ops.map((op) => op.hold);
    for (const op of ops) await store.create(op);
    const told = new Set<string>();
    const stop = store.watchAll((record) => record.status === 'approved' && told.add(record.operation.hold));
    const decided = await together(
      [
        ['decide', 'alice'],
        ['decide', 'bob'],
      ],
      { holds },
    );
    assert.equal(decided[0]! + decided[1]!, 40, `${decided}`);
    for (const hold of holds) assert.equal((await store.get(hold))?.decisions.length, 1);
    const [released, cancelled] = (await together(
      [
        ['release', 'a'],
        ['end', 'b'],
      ],
      { holds },
    )) as [number, number];
    assert.equal(released + cancelled, 40, `${released} released, ${cancelled} cancelled`);
    for (const hold of holds) {
      const record = (await store.get(hold))!;
      assert.equal(record.released_ms !== null, record.status === 'approved');
    }
    await eventually('this process was told of decisions in others', () => told.size > 0);
    stop();
  });

  it('survive a SIGKILL in the middle of a decision: what was acknowledged is there, the file is whole, others go on', async () => {
    for (let round = 0; round < 4; round++) {
      const child = await start('hammer', `${'abcd'[round]}`);
      const acknowledged: string[] = [];
      const enough = new Promise<void>((resolve) => {
        child.on('message', (hold) => {
          acknowledged.push(hold as string);
          if (acknowledged.length >= 5 + 3 * round) resolve();
        });
      });
      child.send({ holds: [] });
      await enough;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      for (const hold of acknowledged) assert.equal((await store.get(hold))?.status, 'approved', hold);
      const op = operation();
      await store.create(op);
      assert.equal((await store.decide(op.hold, by('bob'))).status, 'approved');
      const db = new Database(file);
      assert.deepEqual(db.prepare('pragma integrity_check').all(), [{ integrity_check: 'ok' }]);
      db.close();
    }
  });
});
