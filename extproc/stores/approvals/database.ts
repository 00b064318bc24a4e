import { closeSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { MidstreamError } from '../../../filters/errors.js';
import { migrate } from './schema.js';

/** Milliseconds that SQLite itself waits for another writer, and with it the whole process; the rest is waited for without blocking. */
const BLOCKING_MS_MAX = 5;
const RETRY_MS_MAX = 40;

/**
 * One SQLite file that several processes write. Each call is one short synchronous transaction; a call that finds the file locked is tried again,
 * between turns of the event loop, for `busy_ms`. Everything that fails fails as `unavailable`: nothing passes then.
 */
export class SharedDatabase {
  private db: Database.Database;
  private statements = new Map<string, Database.Statement>();
  /** device and inode of the open file: a file that was deleted stays writable, and nobody else would see what is written */
  private opened: string;
  private closed = false;

  private constructor(
    readonly file: string,
    private readonly busy_ms: number,
  ) {
    this.db = connect(file, BLOCKING_MS_MAX);
    this.opened = fileId(file);
  }

  /** Opens the file, and makes it (mode 0600) when it is not there. */
  static async open(file: string, busy_ms: number): Promise<SharedDatabase> {
    try {
      if (file !== ':memory:') closeSync(openSync(file, 'a', 0o600));
      return await patiently(busy_ms, () => new SharedDatabase(file, busy_ms));
    } catch (error) {
      if (error instanceof MidstreamError) throw error;
      throw new MidstreamError('unavailable', `the approvals database ${file} cannot be opened`, {
        cause: error,
        hint: 'Is its folder there and writable, and is it a database?',
      });
    }
  }

  /** Runs `work`, which only reads or is one statement. */
  async attempt<T>(work: () => T): Promise<T> {
    try {
      return await patiently(this.busy_ms, () => {
        this.check();
        return work();
      });
    } catch (error) {
      throw unavailable(error);
    }
  }

  /** Runs `work` in one transaction. The write lock is taken first, so that what was read is still so when it is written. */
  async write<T>(work: () => T): Promise<T> {
    return this.attempt(() => {
      this.db.exec('begin immediate');
      try {
        const result = work();
        this.db.exec('commit');
        return result;
      } catch (error) {
        if (this.db.inTransaction) this.db.exec('rollback');
        throw error;
      }
    });
  }

  /** All rows of a query. `all` runs a statement to its end, also an UPDATE … RETURNING. */
  all<Row>(sql: string, ...params: (string | number)[]): Row[] {
    return this.statement(sql).all(...params) as Row[];
  }

  /** Runs a statement; returns how many rows it changed. */
  run(sql: string, ...params: (string | number)[]): number {
    return this.statement(sql).run(...params).changes;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.disconnect();
  }

  /** libsql keeps a closed connection open until its statements are collected, so what is in the log is moved to the file here, as SQLite does on a close. */
  private disconnect(): void {
    try {
      this.db.exec('pragma wal_checkpoint(passive)');
    } catch {
      // Another process is at it, or the file is gone: the log stays and is read by who opens the file next.
    }
    this.statements.clear();
    this.db.close();
  }

  private statement(sql: string): Database.Statement {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.statements.set(sql, statement);
    }
    return statement;
  }

  /** A closed handle of libsql still answers, and so does one whose file was deleted; neither may. */
  private check(): void {
    if (this.closed) throw new MidstreamError('unavailable', 'the approvals database is closed');
    if (this.file === ':memory:') return;
    const now = fileId(this.file);
    if (now === '')
      throw new MidstreamError('unavailable', 'the approvals database is gone', {
        hint: `${this.file} is not there any more; put it back, or start the gateway again.`,
      });
    if (now === this.opened) return;
    // Another file stands in its place, from a backup perhaps. What was held and is not in it is never released.
    this.disconnect();
    this.db = connect(this.file, BLOCKING_MS_MAX);
    this.opened = now;
  }
}

function connect(file: string, busy_ms: number): Database.Database {
  const db = new Database(file);
  try {
    db.exec(`pragma busy_timeout = ${busy_ms}`);
    if (file !== ':memory:') db.exec('pragma journal_mode = wal');
    // A lease's use or a release that was told must not come back after a power cut.
    db.exec('pragma synchronous = full');
    db.exec('pragma trusted_schema = off');
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Empty when there is no such file. */
function fileId(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.dev}:${found.ino}`;
}

/** Runs `work` until the file is not locked, for `busy_ms` at most. The first try is made at once, before this function returns. */
async function patiently<T>(busy_ms: number, work: () => T): Promise<T> {
  const deadline_ms = performance.now() + busy_ms;
  for (let wait_ms = 1; ; wait_ms = Math.min(wait_ms * 2, RETRY_MS_MAX)) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || performance.now() + wait_ms >= deadline_ms) throw error;
    }
    await sleep(wait_ms);
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Database.SqliteError ? error.code : '';
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}

function unavailable(error: unknown): MidstreamError {
  if (error instanceof MidstreamError)
    return error.code === 'config_invalid' ? new MidstreamError('unavailable', error.message, { hint: error.hint }) : error;
  const code = error instanceof Database.SqliteError ? error.code : '';
  const hint = code.startsWith('SQLITE_FULL') ? 'Its disk is full.' : isBusy(error) ? 'Another program holds its lock.' : '';
  return new MidstreamError('unavailable', 'the approvals database cannot be used now', { cause: error, hint });
}
