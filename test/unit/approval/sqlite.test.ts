import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { SCHEMA_VERSION } from '../../../extproc/stores/approvals/schema.js';
import { openApprovals } from '../../../extproc/stores/approvals/sqlite.js';
import { begin, decide, release } from '../../../filters/approval/life.js';
import type { ApprovalStore } from '../../../filters/approval/types.js';
import { by, operation, T0 } from './samples.js';
import { approvalStoreSuite, eventually } from './store-suite.js';

const unavailable = (error: unknown) => {
  assert.equal((error as { code?: string }).code, 'unavailable', String(error));
  return true;
};

approvalStoreSuite('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-approvals-'));
  const open = () => openApprovals({ file: join(folder, 'approvals.db'), poll_ms: 5 });
  const handles = [await open()];
  return {
    store: handles[0]!,
    another: async () => {
      const one = await open();
      handles.push(one);
      return one;
    },
    finish: async () => {
      for (const one of handles) await one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

describe('approvals in SQLite', () => {
  let folder: string;
  let file: string;
  let handles: ApprovalStore[];
  const open = async (options: Partial<Parameters<typeof openApprovals>[0]> = {}) => {
    const store = await openApprovals({ file, poll_ms: 5, busy_ms: 60, ...options });
    handles.push(store);
    return store;
  };
  const every = (store: ApprovalStore, hold: string) => [
    () => store.create(operation()),
    () => store.get(hold),
    () => store.list({}),
    () => store.decide(hold, by('alice')),
    () => store.end(hold, 'cancelled', '', T0),
    () => store.release(hold, T0),
    () => store.takeLease({ shape: 's', digest: 'd' }, T0),
    () => store.expireOverdue(T0 + 10_000_000),
  ];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-approvals-'));
    file = join(folder, 'approvals.db');
    handles = [];
  });
  afterEach(async () => {
    for (const store of handles) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('can be read by its owner alone, and so can its companions', async () => {
    await (await open()).create(operation());
    for (const name of [file, `${file}-wal`, `${file}-shm`]) assert.equal((statSync(name).mode & 0o777).toString(8), '600', name);
  });

  it('survives a restart: holds, decisions, leases', async () => {
    const op = operation({ terms: { quorum: 2, lease: { same: 'text', for_ms: 60_000, uses: 2 } } });
    const first = await open();
    await first.create(op);
    await first.decide(op.hold, by('alice'));
    await first.close();
    const second = await open();
    assert.equal((await second.decide(op.hold, by('bob'))).status, 'approved');
    assert.equal((await second.takeLease(op, T0))?.uses_left, 1);
    await second.close();
    const third = await open();
    assert.equal((await third.takeLease(op, T0))?.uses_left, 0);
    assert.equal(await third.takeLease(op, T0), undefined);
    assert.equal(await third.release(op.hold, T0 + 2), true);
  });

  it('works in memory', async () => {
    const store = await open({ file: ':memory:' });
    const op = operation();
    await store.create(op);
    assert.equal((await store.decide(op.hold, by('alice'))).status, 'approved');
    assert.equal(existsSync(':memory:'), false);
  });

  it('brings a file of version 1 up to date', async () => {
    const [pending, released] = [operation({ expires_ms: T0 + 10 }), operation({ expires_ms: T0 + 10_000 })];
    const db = new Database(file);
    db.exec(`create table holds (hold text primary key, status text not null, created_ms integer not null, changed integer not null, record text not null);
      create index holds_by_status on holds (status, created_ms); create index holds_by_change on holds (changed);
      create table leases (lease text primary key, key text not null, same text not null, hold text not null, uses_left integer not null, expires_ms integer not null);
      create index leases_by_key on leases (key, expires_ms);
      create table changes (id integer primary key check (id = 1), last integer not null); insert into changes values (1, 7); pragma user_version = 1`);
    const insert = db.prepare('insert into holds values (?, ?, ?, ?, ?)');
    insert.run(pending.hold, 'pending', T0, 6, JSON.stringify(begin(pending)));
    const done = release(decide(begin(released), by('alice')), T0 + 2000)!;
    insert.run(released.hold, 'approved', T0, 7, JSON.stringify(done));
    db.close();
    const store = await open();
    assert.deepEqual(await store.get(released.hold), done);
    assert.equal(await store.expireOverdue(T0 + 100_000), 1, 'the released one is not open');
    assert.equal((await store.get(pending.hold))?.status, 'expired');
  });

  it('leaves the file of a newer program alone', async () => {
    await (await open()).close();
    const db = new Database(file);
    db.exec(`pragma user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    await assert.rejects(
      open(),
      (error: { code: string; message: string }) => error.code === 'config_invalid' && /version/.test(error.message),
    );
  });

  it('keeps the newest of what ended, and all that is open', async () => {
    const store = await open({ file: ':memory:', ended_max: 10 });
    const open_ones = [operation({ created_ms: T0 - 5 }), operation({ created_ms: T0 - 4 })];
    for (const op of open_ones) await store.create(op);
    for (let i = 0; i < 300; i++) {
      const op = operation({ created_ms: T0 + i });
      await store.create(op);
      await store.end(op.hold, 'cancelled', 'gone', T0);
    }
    const left = await store.list({ limit: 1000 });
    assert.ok(left.length < 100, `${left.length} are left`);
    assert.equal(left[0]?.operation.created_ms, T0 + 299);
    assert.deepEqual(
      left
        .filter((record) => record.status === 'pending')
        .map((record) => record.operation.hold)
        .sort(),
      open_ones.map((op) => op.hold).sort(),
    );
  });

  it('uses an index for each question of the hot path', async () => {
    await (await open()).create(operation());
    const db = new Database(file);
    const plan = (sql: string) =>
      (db.prepare(`explain query plan ${sql}`).all() as { detail: string }[]).map((row) => row.detail).join('; ');
    const lease = plan(
      "select lease from leases where ((key = 'a' and same = 'shape') or (key = 'b' and same = 'text')) and uses_left > 0 and expires_ms > 1 order by expires_ms, lease limit 1",
    );
    assert.doesNotMatch(lease, /SCAN/);
    assert.doesNotMatch(
      plan('select record from holds where is_open = 1 and expires_ms <= 5 order by expires_ms limit 1'),
      /SCAN holds(?! USING)/,
    );
    assert.doesNotMatch(plan('select record from holds where changed > 5 order by changed'), /SCAN/);
    db.close();
  });

  describe('is unavailable, and nothing passes,', () => {
    it('when the file was deleted while it was open', async () => {
      const store = await open();
      const op = operation();
      await store.create(op);
      await store.decide(op.hold, by('alice'));
      for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix);
      for (const call of every(store, op.hold)) await assert.rejects(call(), unavailable);
      assert.equal(existsSync(file), false, 'it is not made anew behind the back of who deleted it');
    });

    it('when another program holds the lock; the event loop goes on meanwhile', async () => {
      const store = await open({ busy_ms: 200 });
      const op = operation();
      await store.create(op);
      const other = new Database(file);
      other.exec('begin immediate');
      let turns = 0;
      const counter = setInterval(() => turns++, 5);
      await assert.rejects(
        store.decide(op.hold, by('alice')),
        (error: { code: string; hint: string }) => error.code === 'unavailable' && /lock/.test(error.hint),
      );
      await assert.rejects(store.takeLease(op, 1), unavailable);
      await assert.rejects(store.create(operation()), unavailable);
      clearInterval(counter);
      assert.ok(turns > 3, `${turns} turns of the loop`);
      const later = store.decide(op.hold, by('alice'));
      setTimeout(() => other.exec('rollback'), 30);
      assert.equal((await later).status, 'approved', 'a lock that goes away in time is waited for');
      other.close();
    });

    it('for those who write; those who read are not in the way of the strictest lock that another program can take', async () => {
      const store = await open();
      const op = operation();
      await store.create(op);
      const alone = new Database(file);
      assert.throws(() => alone.exec('pragma locking_mode = exclusive; begin exclusive'), /locked/, 'nobody can have the open file alone');
      alone.close();
      const other = new Database(file);
      other.exec('begin exclusive');
      assert.equal((await store.get(op.hold))?.status, 'pending');
      assert.equal((await store.list({ status: 'pending' })).length, 1);
      await assert.rejects(store.decide(op.hold, by('alice')), unavailable);
      other.exec('rollback');
      other.close();
      assert.equal((await store.decide(op.hold, by('alice'))).status, 'approved');
    });

    it('when the folder is not there, or it is no database', async () => {
      await assert.rejects(openApprovals({ file: join(folder, 'nope', 'a.db') }), unavailable);
      await assert.rejects(openApprovals({ file: folder }), unavailable);
      writeFileSync(file, 'this is not a database, and it is long enough to have a header: '.repeat(40));
      await assert.rejects(openApprovals({ file }), unavailable);
    });

    it('when the file becomes garbage', async () => {
      const store = await open();
      const op = operation();
      await store.create(op);
      const db = new Database(file);
      db.exec('drop table leases; alter table holds rename to gone;');
      db.close();
      for (const call of every(store, op.hold)) await assert.rejects(call(), unavailable);
    });
  });

  it('says so when its disk is full, keeps what it had, and goes on when there is space again', async () => {
    const store = await open();
    const op = operation();
    await store.create(op);
    await store.close();
    const db = new Database(file);
    const pages = (db.prepare('pragma page_count').get() as { page_count: number }).page_count;
    db.close();
    // A page limit is what SQLite answers SQLITE_FULL for, the same as a disk that is full; the limit is the connection's, so it is set on the store's own.
    const full = await open();
    const inner = (full as unknown as { db: { db: Database.Database } }).db.db;
    inner.prepare(`pragma max_page_count = ${pages}`).all();
    const big = operation({ text: 'x'.repeat(100_000) });
    await assert.rejects(
      full.create(big),
      (error: { code: string; hint: string }) => error.code === 'unavailable' && /full/.test(error.hint),
    );
    assert.equal((await full.get(op.hold))?.status, 'pending');
    assert.equal(await full.get(big.hold), undefined);
    inner.prepare('pragma max_page_count = 100000').all();
    await full.create(big);
  });

  it('takes up a file that was put in its place, and tells watchers what stands in it', async () => {
    const store = await open();
    const op = operation();
    await store.create(op);
    await store.close();
    const backup = join(folder, 'backup.db');
    copyFileSync(file, backup);
    const running = await open();
    const told: string[] = [];
    const stop = running.watch(op.hold, (record) => told.push(record.status));
    // The open file is ahead of the backup, so that the numbers of changes alone would not tell.
    for (let i = 0; i < 5; i++) await running.create(operation());
    const elsewhere = await openApprovals({ file: backup });
    await elsewhere.decide(op.hold, by('alice'));
    await elsewhere.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    await assert.rejects(running.get(op.hold), unavailable);
    await new Promise((resolve) => setTimeout(resolve, 30));
    renameSync(backup, file);
    await eventually('the decision in the new file is told', () => told.includes('approved'));
    stop();
    assert.equal(await running.release(op.hold, T0 + 2000), true);
    assert.equal(await running.release(op.hold, T0 + 2000), false);
  });

  it('tells the other watchers when one of them throws', async () => {
    const store = await open();
    const thrown: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    try {
      let told = 0;
      const stops = [
        store.watchAll(() => {
          throw new Error('mine');
        }),
        store.watchAll(() => told++),
      ];
      await eventually('the second is told', async () => {
        await store.create(operation());
        return told > 0 && thrown.length > 0;
      });
      for (const stop of stops) stop();
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of before) process.on('uncaughtException', listener);
    }
  });
});
