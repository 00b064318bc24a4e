import { createRequire } from 'node:module';
import type { Analyzer } from '../filters/sql/analyze.js';
import { createSqlReader, type Grammar, type SqlReader } from '../filters/sql/dialects/analyze.js';

const require = createRequire(import.meta.url);
const loaded = new Map<string, Grammar | undefined>();

/** node-sql-parser's grammar of a dialect, loaded when it is asked for first: each costs some 30 ms and 2 MB. */
export function sqlGrammar(name: string): Grammar | undefined {
  if (!loaded.has(name)) loaded.set(name, load(name));
  return loaded.get(name);
}

/** Texts that keep their facts. */
const READ_ENTRIES_MAX = 2000;
/** Longest text of another dialect than PostgreSQL's that is read, UTF-16 units. */
const READ_UNITS_MAX = 1024 * 1024;

/** Reads SQL of any dialect; PostgreSQL's by the analyzer that is given. */
export const sqlReader = (postgres: Analyzer): SqlReader =>
  createSqlReader({ postgres, grammar: sqlGrammar, cache_entries_max: READ_ENTRIES_MAX, text_units_max: READ_UNITS_MAX });

function load(name: string): Grammar | undefined {
  if (!/^[a-z0-9]+$/.test(name)) return undefined;
  const { Parser } = require(`node-sql-parser/build/${name}`) as { Parser: new () => Grammar };
  return new Parser();
}
