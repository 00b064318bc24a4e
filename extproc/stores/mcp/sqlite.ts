import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import Database from 'libsql';
import { MidstreamError } from '../../../filters/errors.js';
import type { McpMemory, ToolSeen, ToolState } from '../../../filters/mcp/tools.js';

/** A tool as it is remembered. */
export interface KnownTool {
  server: string;
  tool: string;
  /** SHA-256 of what was accepted of it, and of what the server said last; hex */
  accepted: string;
  seen: string;
  /** ISO 8601 */
  first_seen: string;
  last_changed: string;
  /** who accepted it; empty for the first one seen */
  accepted_by: string;
}

export interface McpStore extends McpMemory {
  list(): KnownTool[];
  /** Takes what the servers say now for right; gives the tools of which it was another. An empty tool means all of the server. */
  accept(server: string, tool: string, by: string): KnownTool[];
  close(): void;
}

/** Milliseconds that a call waits for another process's write, and with it this one. */
const BUSY_MS_MAX = 250;
/** Sessions that are remembered; the oldest go first. */
const SESSIONS_MAX = 100_000;
const PRUNE_EVERY = 1000;
const OWNERS_CACHED_MAX = 10_000;

const schema = `
create table if not exists tools (
  server text not null, tool text not null, accepted text not null, seen text not null,
  first_seen text not null, last_changed text not null, accepted_by text not null, primary key (server, tool));
create table if not exists sessions (
  server text not null, session text not null, owner text not null, opened integer not null, primary key (server, session));
create index if not exists sessions_by_age on sessions (opened);
`;

/** Opens (and makes, mode 0600) the file. Workers of one gateway and the command line share it. Throws `unavailable`; `not_found` where it must be there. */
export function openMcpStore(file: string, options: { create?: boolean; now?: () => number } = {}): McpStore {
  if (file !== ':memory:') {
    if (options.create === false && !existsSync(file))
      throw new MidstreamError('not_found', `there is no ${file}`, {
        hint: 'A gateway before an MCP server makes it beside its folder of recordings (./mcp.db with --record ./recordings): name it with --store.',
      });
    guarded(() => closeSync(openSync(file, 'a', 0o600)));
  }
  return new SqliteMcpStore(
    guarded(() => {
      const db = new Database(file);
      db.exec(`pragma busy_timeout = ${BUSY_MS_MAX}`);
      if (file !== ':memory:') db.exec('pragma journal_mode = wal');
      db.exec('pragma trusted_schema = off');
      db.exec(schema);
      return db;
    }),
    options.now ?? Date.now,
  );
}

class SqliteMcpStore implements McpStore {
  private readonly owners = new Map<string, string>();
  private readonly statements = new Map<string, Database.Statement>();
  private bound = 0;

  constructor(
    private readonly db: Database.Database,
    private readonly now: () => number,
  ) {}

  sawTools(server: string, tools: readonly ToolSeen[]): ToolState[] {
    return guarded(() =>
      tools.map(({ name, hash }) => {
        const at = new Date(this.now()).toISOString();
        const known = this.get<{ accepted: string; seen: string }>(
          'select accepted, seen from tools where server = ? and tool = ?',
          server,
          name,
        );
        if (known === undefined) {
          // Another worker may have been first; then what it saw counts.
          const made = this.run("insert or ignore into tools values (?, ?, ?, ?, ?, ?, '')", ...[server, name, hash, hash, at, at]);
          if (made === 1) return 'new';
          return this.sawTools(server, [{ name, hash }])[0]!;
        }
        if (known.seen !== hash)
          this.run('update tools set seen = ?, last_changed = ? where server = ? and tool = ?', hash, at, server, name);
        return known.accepted === hash ? 'same' : 'changed';
      }),
    );
  }

  toolChanged(server: string, tool: string): boolean {
    return guarded(() => this.get('select 1 from tools where server = ? and tool = ? and accepted <> seen', server, tool) !== undefined);
  }

  ownerOf(server: string, session: string): string | undefined {
    const key = keyOf(server, session);
    const cached = this.owners.get(key);
    if (cached !== undefined) return cached;
    const found = guarded(() => this.get<{ owner: string }>('select owner from sessions where server = ? and session = ?', server, key));
    if (found !== undefined) this.remember(key, found.owner);
    return found?.owner;
  }

  bind(server: string, session: string, owner: string): void {
    const key = keyOf(server, session);
    if (this.owners.has(key)) return;
    guarded(() => {
      this.run('insert or ignore into sessions values (?, ?, ?, ?)', server, key, owner, this.now());
      if (++this.bound % PRUNE_EVERY === 0)
        this.run('delete from sessions where opened < (select opened from sessions order by opened desc limit 1 offset ?)', SESSIONS_MAX);
    });
    this.ownerOf(server, session);
  }

  unbind(server: string, session: string): void {
    const key = keyOf(server, session);
    this.owners.delete(key);
    guarded(() => this.run('delete from sessions where server = ? and session = ?', server, key));
  }

  list(): KnownTool[] {
    return guarded(() => this.statement('select * from tools order by server, tool').all() as KnownTool[]);
  }

  accept(server: string, tool: string, by: string): KnownTool[] {
    return guarded(() =>
      this.statement(
        "update tools set accepted = seen, accepted_by = ? where server = ? and (? = '' or tool = ?) and accepted <> seen returning *",
      ).all(by, server, tool, tool),
    ) as KnownTool[];
  }

  close(): void {
    this.statements.clear();
    this.db.close();
  }

  private remember(key: string, owner: string): void {
    if (this.owners.size >= OWNERS_CACHED_MAX) this.owners.delete(this.owners.keys().next().value!);
    this.owners.set(key, owner);
  }

  private get<Row>(sql: string, ...params: (string | number)[]): Row | undefined {
    return this.statement(sql).get(...params) as Row | undefined;
  }

  private run(sql: string, ...params: (string | number)[]): number {
    return this.statement(sql).run(...params).changes;
  }

  private statement(sql: string): Database.Statement {
    const known = this.statements.get(sql);
    if (known !== undefined) return known;
    const made = this.db.prepare(sql);
    this.statements.set(sql, made);
    return made;
  }
}

/** A session id is a credential: the file holds none. */
const keyOf = (server: string, session: string): string => createHash('sha256').update(`${server}\0${session}`).digest('base64url');

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MidstreamError) throw error;
    throw new MidstreamError('unavailable', 'the memory of MCP servers cannot be used now', { cause: error });
  }
}
