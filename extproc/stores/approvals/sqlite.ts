import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync } from 'node:fs';
import Database from 'libsql';
import { begin, decide, end, leaseOf, release } from '../../../filters/approval/life.js';
import type { ApprovalStore, ApproverDecision, HeldOperation, HoldRecord, HoldStatus, Lease } from '../../../filters/approval/types.js';
import { MidstreamError } from '../../../filters/errors.js';
import { Watchers } from './watchers.js';

export interface ApprovalsOptions {
  /** database file, or :memory: */
  file: string;
  /** milliseconds between looks for changes of other processes */
  poll_ms?: number;
  /** milliseconds that a writer waits for another */
  busy_ms?: number;
}

const SCHEMA_VERSION = 1;
const schema = `
create table holds (hold text primary key, status text not null, created_ms integer not null, changed integer not null, record text not null);
create index holds_by_status on holds (status, created_ms);
create index holds_by_change on holds (changed);
create table leases (lease text primary key, key text not null, same text not null, hold text not null, uses_left integer not null, expires_ms integer not null);
create index leases_by_key on leases (key, expires_ms);
create table changes (id integer primary key check (id = 1), last integer not null);
insert into changes values (1, 0);
`;

/** Opens (and makes) the store. Several processes may use one file: gateways, the API, the command line. */
export async function openApprovals(options: ApprovalsOptions): Promise<ApprovalStore> {
  try {
    const fresh = options.file !== ':memory:' && !existsSync(options.file);
    const db = new Database(options.file);
    db.exec(`pragma busy_timeout = ${options.busy_ms ?? 5000}`);
    if (options.file !== ':memory:') db.exec('pragma journal_mode = wal');
    db.exec('pragma synchronous = full');
    if (fresh) chmodSync(options.file, 0o600);
    migrate(db);
    return new SqliteApprovals(db, options.poll_ms ?? 100);
  } catch (error) {
    if (error instanceof MidstreamError) throw error;
    throw new MidstreamError('unavailable', `the approvals database ${options.file} cannot be opened`, { cause: error, hint: 'is its folder there and writable?' });
  }
}

function migrate(db: Database.Database): void {
  db.exec('begin immediate');
  try {
    const version = (db.prepare('pragma user_version').get() as { user_version: number }).user_version;
    if (version > SCHEMA_VERSION) throw new MidstreamError('config_invalid', `the approvals database has version ${version}; this program knows ${SCHEMA_VERSION}`, { hint: 'use a newer midstream' });
    if (version < 1) db.exec(schema);
    db.exec(`pragma user_version = ${SCHEMA_VERSION}`);
    db.exec('commit');
  } catch (error) {
    db.exec('rollback');
    throw error;
  }
}

class SqliteApprovals implements ApprovalStore {
  private readonly watchers: Watchers;
  private closed = false;

  constructor(
    private readonly db: Database.Database,
    poll_ms: number,
  ) {
    this.watchers = new Watchers(poll_ms, {
      last: () => lastChange(this.db),
      since: (change) => (this.db.prepare('select record from holds where changed > ? order by changed').pluck().all(change) as string[]).map(read),
    });
  }

  create(operation: HeldOperation): Promise<void> {
    return this.write(() => {
      const record = begin(operation);
      const inserted = this.db
        .prepare('insert or ignore into holds (hold, status, created_ms, changed, record) values (?, ?, ?, ?, ?)')
        .run(operation.hold, record.status, operation.created_ms, this.nextChange(), JSON.stringify(record));
      if (inserted.changes !== 1) throw new MidstreamError('conflict', 'this hold exists already');
    });
  }

  get(hold: string): Promise<HoldRecord | undefined> {
    return this.read(() => this.find(hold));
  }

  list(filter: { status?: HoldStatus; limit?: number }): Promise<HoldRecord[]> {
    return this.read(() => {
      const limit = Math.min(filter.limit ?? 200, LIST_MAX);
      const rows =
        filter.status === undefined
          ? this.db.prepare('select record from holds order by created_ms desc limit ?').pluck().all(limit)
          : this.db.prepare('select record from holds where status = ? order by created_ms desc limit ?').pluck().all(filter.status, limit);
      return (rows as string[]).map(read);
    });
  }

  decide(hold: string, decision: ApproverDecision): Promise<HoldRecord> {
    return this.write(() => {
      const record = this.find(hold);
      if (record === undefined) throw new MidstreamError('not_found', 'there is no such held operation');
      const after = decide(record, decision);
      this.save(after);
      const lease = leaseOf(after, randomBytes(16).toString('hex'), decision.at_ms);
      if (lease) {
        this.db.prepare('insert into leases (lease, key, same, hold, uses_left, expires_ms) values (?, ?, ?, ?, ?, ?)').run(lease.lease, lease.key, lease.same, lease.hold, lease.uses_left, lease.expires_ms);
      }
      return after;
    });
  }

  end(hold: string, status: 'expired' | 'cancelled', reason: string, _now_ms: number): Promise<HoldRecord | undefined> {
    return this.write(() => {
      const record = this.find(hold);
      const after = record && end(record, status, reason);
      if (after) this.save(after);
      return after ?? record;
    });
  }

  release(hold: string, now_ms: number): Promise<boolean> {
    return this.write(() => {
      const record = this.find(hold);
      const after = record && release(record, now_ms);
      if (after === undefined) return false;
      this.save(after);
      return true;
    });
  }

  takeLease(keys: { shape: string; digest: string }, now_ms: number): Promise<Lease | undefined> {
    return this.write(() => {
      const row = this.db
        .prepare("select * from leases where ((key = ? and same = 'shape') or (key = ? and same = 'text')) and uses_left > 0 and expires_ms > ? order by expires_ms limit 1")
        .get(keys.shape, keys.digest, now_ms) as Lease | undefined;
      if (row === undefined) return undefined;
      this.db.prepare('update leases set uses_left = uses_left - 1 where lease = ?').run(row.lease);
      return { lease: row.lease, key: row.key, same: row.same, hold: row.hold, uses_left: row.uses_left - 1, expires_ms: row.expires_ms };
    });
  }

  watch(hold: string, changed: (record: HoldRecord) => void): () => void {
    const stop = this.watchers.add(hold, changed);
    // What happened between storing the hold and watching it must not be missed.
    void this.get(hold).then(
      (record) => record && record.status !== 'pending' && changed(record),
      () => {},
    );
    return stop;
  }

  watchAll(changed: (record: HoldRecord) => void): () => void {
    return this.watchers.add(undefined, changed);
  }

  close(): Promise<void> {
    this.watchers.close();
    if (!this.closed) this.db.close();
    this.closed = true;
    return Promise.resolve();
  }

  private find(hold: string): HoldRecord | undefined {
    const row = this.db.prepare('select record from holds where hold = ?').get(hold) as { record: string } | undefined;
    return row === undefined ? undefined : read(row.record);
  }

  private save(record: HoldRecord): void {
    this.db.prepare('update holds set status = ?, changed = ?, record = ? where hold = ?').run(record.status, this.nextChange(), JSON.stringify(record), record.operation.hold);
  }

  private nextChange(): number {
    this.db.prepare('update changes set last = last + 1').run();
    return lastChange(this.db);
  }

  private async read<T>(work: () => T): Promise<T> {
    try {
      return work();
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** One transaction; the write lock is taken first, so that what was read is still so when it is written. */
  private async write<T>(work: () => T): Promise<T> {
    let inside = false;
    try {
      this.db.exec('begin immediate');
      inside = true;
      const result = work();
      this.db.exec('commit');
      inside = false;
      this.watchers.look();
      return result;
    } catch (error) {
      if (inside) {
        try {
          this.db.exec('rollback');
        } catch {
          // The transaction ended with the error already.
        }
      }
      throw unavailable(error);
    }
  }
}

const LIST_MAX = 1000;

/** libsql's get() does not know pluck(). */
const lastChange = (db: Database.Database): number => (db.prepare('select last from changes').get() as { last: number }).last;

const read = (text: string): HoldRecord => JSON.parse(text) as HoldRecord;

function unavailable(error: unknown): MidstreamError {
  return error instanceof MidstreamError ? error : new MidstreamError('unavailable', 'the approvals database can not be used now', { cause: error });
}
