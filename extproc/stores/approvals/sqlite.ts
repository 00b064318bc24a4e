import { randomBytes } from 'node:crypto';
import { begin, checkGroups, decide, end, expire, isOpen, leaseOf, release } from '../../../filters/approval/life.js';
import type {
  ApprovalStore,
  ApproverDecision,
  GrantedLease,
  HeldOperation,
  HoldRecord,
  HoldStatus,
  Lease,
} from '../../../filters/approval/types.js';
import { MidstreamError } from '../../../filters/errors.js';
import { SharedDatabase } from './database.js';
import { Watchers } from './watchers.js';

export interface ApprovalsOptions {
  /** database file, or :memory: */
  file: string;
  /** milliseconds between looks for changes of other processes */
  poll_ms?: number;
  /** milliseconds that a call waits for a file that others have locked */
  busy_ms?: number;
  /** ended holds that are kept, the newest; the recordings have all of them */
  ended_max?: number;
}

const POLL_MS = 100;
const BUSY_MS = 5000;
const ENDED_MAX = 50_000;
const LIST_DEFAULT = 200;
const LIST_MAX = 1000;
/** Holds that one call of expireOverdue ends at most, so that a call stays short. */
const EXPIRE_MAX = 500;
/** Ended holds beyond ended_max are deleted after this many new ones. */
const PRUNE_EVERY = 256;

/** Opens (and makes) the store. Several processes may use one file: gateways, the API, tests. Rejects with `unavailable`, or `config_invalid` for a newer file. */
export async function openApprovals(options: ApprovalsOptions): Promise<ApprovalStore> {
  const db = await SharedDatabase.open(options.file, options.busy_ms ?? BUSY_MS);
  return new SqliteApprovals(db, options.poll_ms ?? POLL_MS, options.ended_max ?? ENDED_MAX);
}

class SqliteApprovals implements ApprovalStore {
  private readonly watchers: Watchers;
  private created = 0;

  constructor(
    private readonly db: SharedDatabase,
    poll_ms: number,
    private readonly ended_max: number,
  ) {
    this.watchers = new Watchers(poll_ms, {
      last: () => db.attempt(() => this.lastChange()),
      since: (change) =>
        db.attempt(() => ({
          last: this.lastChange(),
          records: this.records('select record from holds where changed > ? order by changed', change),
        })),
      get: (hold) => this.get(hold),
    });
  }

  create(operation: HeldOperation): Promise<void> {
    return this.write(() => {
      const record = begin(operation);
      const { hold, created_ms, expires_ms } = operation;
      const inserted = this.db.run(
        'insert or ignore into holds (hold, status, created_ms, expires_ms, is_open, changed, record) values (?, ?, ?, ?, 1, ?, ?)',
        ...[hold, record.status, created_ms, expires_ms, this.nextChange(), JSON.stringify(record)],
      );
      if (inserted !== 1) throw new MidstreamError('conflict', 'this hold exists already');
      if (++this.created % PRUNE_EVERY === 0) this.prune();
    });
  }

  get(hold: string): Promise<HoldRecord | undefined> {
    return this.db.attempt(() => this.find(hold));
  }

  list(filter: { status?: HoldStatus; limit?: number }): Promise<HoldRecord[]> {
    const limit = Math.max(0, Math.min(filter.limit ?? LIST_DEFAULT, LIST_MAX));
    return this.db.attempt(() =>
      filter.status === undefined
        ? this.records('select record from holds order by created_ms desc, hold limit ?', limit)
        : this.records('select record from holds where status = ? order by created_ms desc, hold limit ?', filter.status, limit),
    );
  }

  decide(hold: string, decision: ApproverDecision): Promise<HoldRecord> {
    return this.write(() => {
      const record = this.find(hold);
      if (record === undefined) throw new MidstreamError('not_found', 'there is no such held operation');
      const after = decide(record, decision);
      this.save(after);
      const lease = leaseOf(after, randomBytes(16).toString('hex'), decision.at_ms);
      if (lease) this.grant(lease, decision.at_ms);
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
      if (after) this.save(after);
      return after !== undefined;
    });
  }

  async expireOverdue(now_ms: number): Promise<number> {
    // Most of the time there is nothing to do, and then nobody else is kept waiting for the write lock.
    const overdue = 'select record from holds where is_open = 1 and expires_ms <= ? order by expires_ms limit ?';
    const any = await this.db.attempt(() => this.records(overdue, now_ms, 1).length > 0);
    if (!any) return 0;
    return this.write(() => {
      const ended = this.records(overdue, now_ms, EXPIRE_MAX).flatMap((record) => expire(record, now_ms) ?? []);
      for (const record of ended) this.save(record);
      return ended.length;
    });
  }

  abandon(sessions: readonly string[], reason: string): Promise<number> {
    const gone = new Set(sessions);
    return this.write(() => {
      const ended = this.records('select record from holds where is_open = 1').flatMap((record) =>
        gone.has(record.operation.session) ? (end(record, 'cancelled', reason) ?? []) : [],
      );
      for (const record of ended) this.save(record);
      return ended.length;
    });
  }

  async takeLease(keys: { shape: string; digest: string }, now_ms: number): Promise<Lease | undefined> {
    // In a transaction, so that a lock is met at its beginning: an UPDATE … RETURNING that met it would stay in progress, and nothing
    // could be committed beside it. Where no lease matches, nothing is written and nothing waits for the disk.
    const [lease] = await this.db.write(() =>
      this.db.all<Lease>(
        `update leases set uses_left = uses_left - 1 where lease =
           (select lease from leases where ((key = ? and same = 'shape') or (key = ? and same = 'text')) and uses_left > 0 and expires_ms > ? order by expires_ms, lease limit 1)
         returning lease, key, same, hold, uses_left, expires_ms`,
        ...[keys.shape, keys.digest, now_ms],
      ),
    );
    return lease;
  }

  leases(now_ms: number): Promise<GrantedLease[]> {
    return this.db.attempt(() =>
      this.db
        .all<Lease & { record: string | null }>(
          `select lease, key, same, l.hold as hold, uses_left, l.expires_ms as expires_ms, record from leases l left join holds h on h.hold = l.hold
           where uses_left > 0 and l.expires_ms > ? order by l.expires_ms, lease limit ?`,
          ...[now_ms, LIST_MAX],
        )
        .flatMap(({ record, ...lease }) => {
          const { operation, decisions } = (record === null ? {} : JSON.parse(record)) as Partial<HoldRecord>;
          return operation && decisions ? [{ ...lease, operation, decisions }] : [];
        }),
    );
  }

  revokeLease(lease: string, groups: readonly string[], now_ms: number): Promise<void> {
    return this.write(() => {
      const [found] = this.db.all<{ hold: string }>(
        'select hold from leases where lease = ? and uses_left > 0 and expires_ms > ?',
        lease,
        now_ms,
      );
      if (found === undefined)
        throw new MidstreamError('not_found', 'there is no such lease', { hint: 'It was used up, has ended or was revoked.' });
      const record = this.find(found.hold);
      if (record !== undefined) checkGroups(record.operation, groups);
      this.db.run('delete from leases where lease = ?', lease);
    });
  }

  watch(hold: string, changed: (record: HoldRecord) => void): () => void {
    let stopped = false;
    const stop = this.watchers.add(hold, changed);
    // What happened between storing the hold and watching it must not be missed.
    this.get(hold).then(
      (record) => {
        if (!stopped && record !== undefined && record.status !== 'pending') changed(record);
      },
      () => {}, // The store is away; the next look that succeeds tells.
    );
    return () => {
      stopped = true;
      stop();
    };
  }

  watchAll(changed: (record: HoldRecord) => void): () => void {
    return this.watchers.add(undefined, changed);
  }

  async close(): Promise<void> {
    this.watchers.close();
    this.db.close();
  }

  private records(sql: string, ...params: (string | number)[]): HoldRecord[] {
    return this.db.all<{ record: string }>(sql, ...params).map((row) => JSON.parse(row.record) as HoldRecord);
  }

  private find(hold: string): HoldRecord | undefined {
    return this.records('select record from holds where hold = ?', hold)[0];
  }

  private save(record: HoldRecord): void {
    this.db.run(
      'update holds set status = ?, is_open = ?, changed = ?, record = ? where hold = ?',
      ...[record.status, isOpen(record) ? 1 : 0, this.nextChange(), JSON.stringify(record), record.operation.hold],
    );
  }

  private grant(lease: Lease, now_ms: number): void {
    this.db.run('delete from leases where expires_ms <= ? or uses_left <= 0', now_ms);
    const { key, same, hold, uses_left, expires_ms } = lease;
    this.db.run(
      'insert into leases (lease, key, same, hold, uses_left, expires_ms) values (?, ?, ?, ?, ?, ?)',
      ...[lease.lease, key, same, hold, uses_left, expires_ms],
    );
  }

  /** An agent can be held and give up without end; what ended does not fill the disk. */
  private prune(): void {
    this.db.run(
      'delete from holds where hold in (select hold from holds where is_open = 0 and hold not in (select hold from leases) order by created_ms desc limit -1 offset ?)',
      this.ended_max,
    );
  }

  private nextChange(): number {
    return this.db.all<{ last: number }>('update changes set last = last + 1 returning last')[0]!.last;
  }

  private lastChange(): number {
    return this.db.all<{ last: number }>('select last from changes')[0]!.last;
  }

  private async write<T>(work: () => T): Promise<T> {
    const result = await this.db.write(work);
    this.watchers.look();
    return result;
  }
}
