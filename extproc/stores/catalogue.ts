import { createRequire } from 'node:module';
import type pg from 'pg';
import { MidstreamError } from '../../filters/errors.js';
import type { CatalogueView } from '../../filters/postgres/rows/origin.js';
import type { LookupEffect } from '../../filters/postgres/session/effects.js';
import { createAnalyzer, loadParser } from '../../filters/sql/analyze.js';
import type { SqlAnalysis } from '../../filters/sql/facts.js';
import { DatabaseCatalogue } from './catalogue/database.js';

/**
 * Origins of columns, types and functions, read over a connection of the gateway's own: a role that may connect and read the
 * system catalogue is enough. Sessions read what is known without waiting (`view`) and ask for the rest (`load`).
 */
export interface Catalogue {
  view(database: string): CatalogueView;
  /** Rejects with MidstreamError unavailable; what was asked for is then `unknown` for a short time, so that masks go by name. */
  load(database: string, what: LookupEffect): Promise<void>;
  invalidate(database: string): void;
  close(): Promise<void>;
}

export interface CatalogueOptions {
  /** connection string; the database in it is replaced by the session's */
  url: string;
  log?: { warn(fields: object, message: string): void };
  /** reads view definitions; ours by default */
  analyze?: (text: string) => SqlAnalysis;
  now?: () => number;
}

const CONNECTIONS_MAX = 2;
const CONNECT_MS_MAX = 5_000;
const QUERY_MS_MAX = 5_000;
/** A view's definition waits for whoever changes its tables; the session that does may be the very one that asks. */
const LOCK_MS_MAX = 500;
/** DROP DATABASE and CREATE DATABASE wait for 5 s until nobody else is connected (CountOtherDBBackends): a connection that is kept must be gone by then. */
const IDLE_MS_MAX = 2_000;
/** Databases that are kept in mind; a client that names others makes the oldest forgotten. */
const DATABASES_MAX = 64;

interface Opened {
  pool: pg.Pool;
  catalogue: DatabaseCatalogue;
}

/** Makes a catalogue; connects when first asked. Throws MidstreamError config_invalid for a connection string that is none. */
export function openCatalogue(options: CatalogueOptions): Catalogue {
  const urlFor = urlMaker(options.url);
  const analyze =
    options.analyze ??
    createAnalyzer({ cache_entries_max: 500, cache_bytes_max: 4 * 1024 * 1024, statement_bytes_max: 1024 * 1024 }).analyze;
  const now = options.now ?? Date.now;
  const databases = new Map<string, Opened>();

  const open = (database: string): Opened => {
    const known = databases.get(database);
    if (known !== undefined) {
      // The one that was used last is forgotten last: names that nobody can connect to must not push out a database in use.
      databases.delete(database);
      databases.set(database, known);
      return known;
    }
    const pool = openPool(urlFor(database), (error) => options.log?.warn({ error: error.message }, 'the catalogue connection was lost'));
    const opened = { pool, catalogue: new DatabaseCatalogue((sql, values) => ask(pool, sql, values), analyze, now) };
    databases.set(database, opened);
    if (databases.size > DATABASES_MAX) {
      const [name, oldest] = databases.entries().next().value!;
      databases.delete(name);
      oldest.pool.end().catch(() => {});
    }
    return opened;
  };

  return {
    view: (database) => {
      open(database);
      // A session outlives its place here: it must read what was loaded for it, wherever that is now, or it would ask for ever.
      const cache = () => (databases.get(database) ?? open(database)).catalogue.cache;
      return {
        relation: (oid) => cache().relation(oid),
        byName: (schema, name) => cache().byName(schema, name),
        type: (oid) => cache().type(oid),
        functionByOid: (oid) => cache().functionByOid(oid),
        covers: (pattern) => cache().covers(pattern),
        get generation() {
          return cache().generation;
        },
      };
    },
    load: async (database, what) => {
      await loadParser();
      await open(database).catalogue.load(what);
    },
    invalidate: (database) => databases.get(database)?.catalogue.cache.invalidate(),
    close: async () => {
      const pools = [...databases.values()].map(({ pool }) => pool.end());
      databases.clear();
      await Promise.all(pools);
    },
  };
}

function urlMaker(url: string): (database: string) => string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new MidstreamError('config_invalid', "the catalogue's connection string is not a URL", {
      hint: 'Write postgres://user:password@host:port/',
      cause,
    });
  }
  return (database) => {
    const own = new URL(parsed);
    own.pathname = `/${encodeURIComponent(database)}`;
    return own.href;
  };
}

function openPool(connectionString: string, onError: (error: Error) => void): pg.Pool {
  const { Pool } = createRequire(import.meta.url)('pg') as typeof import('pg'); // only where there is a catalogue
  const pool = new Pool({
    connectionString,
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    idleTimeoutMillis: IDLE_MS_MAX,
    query_timeout: QUERY_MS_MAX,
    statement_timeout: QUERY_MS_MAX,
    application_name: 'midstream catalogue',
    // Names in view definitions come qualified, and no object of a user can stand in for one of the catalogue.
    options: `-c search_path= -c default_transaction_read_only=on -c client_encoding=UTF8 -c lock_timeout=${LOCK_MS_MAX}`,
    allowExitOnIdle: true,
  });
  pool.on('error', onError);
  return pool;
}

async function ask<Row>(pool: pg.Pool, sql: string, values: unknown[]): Promise<Row[]> {
  try {
    return (await pool.query(sql, values)).rows as Row[];
  } catch (cause) {
    throw new MidstreamError('unavailable', 'the catalogue of the database could not be read', {
      hint: 'Check the catalogue connection string and the role in it.',
      cause,
    });
  }
}
