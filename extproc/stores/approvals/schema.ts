import type Database from 'libsql';
import { MidstreamError } from '../../../filters/errors.js';

/**
 * The approvals database, version by version; a file of an older version is brought up to date when it is opened, in one transaction.
 * The whole record is kept as JSON beside the columns that are searched: the state machine reads and writes records, not columns.
 */
const migrations: readonly string[] = [
  `
create table holds (hold text primary key, status text not null, created_ms integer not null, changed integer not null, record text not null);
create index holds_by_status on holds (status, created_ms);
create index holds_by_change on holds (changed);
create table leases (lease text primary key, key text not null, same text not null, hold text not null, uses_left integer not null, expires_ms integer not null);
create index leases_by_key on leases (key, expires_ms);
create table changes (id integer primary key check (id = 1), last integer not null);
insert into changes values (1, 0);
`,
  `
alter table holds add column expires_ms integer not null default 0;
alter table holds add column is_open integer not null default 0;
update holds set
  expires_ms = json_extract(record, '$.operation.expires_ms'),
  is_open = status = 'pending' or (status = 'approved' and json_extract(record, '$.released_ms') is null);
create index holds_open on holds (expires_ms) where is_open = 1;
create index holds_ended on holds (created_ms) where is_open = 0;
create index holds_by_creation on holds (created_ms);
`,
];

export const SCHEMA_VERSION = migrations.length;

/** Brings the file up to SCHEMA_VERSION. Throws `config_invalid` for a file of a newer program, which is left as it is. */
export function migrate(db: Database.Database): void {
  if (versionOf(db) === SCHEMA_VERSION) return;
  db.exec('begin immediate');
  try {
    // Another process may have done it while this one waited for the lock.
    const version = versionOf(db);
    if (version > SCHEMA_VERSION) {
      throw new MidstreamError('config_invalid', `the approvals database has version ${version}; this program knows ${SCHEMA_VERSION}`, {
        hint: 'Use a newer midstream.',
      });
    }
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`pragma user_version = ${SCHEMA_VERSION}`);
    db.exec('commit');
  } catch (error) {
    if (db.inTransaction) db.exec('rollback');
    throw error;
  }
}

function versionOf(db: Database.Database): number {
  return (db.prepare('pragma user_version').get() as { user_version: number }).user_version;
}
