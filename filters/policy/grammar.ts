import type { SqlFacts, StatementFacts } from '../sql/facts.js';

/**
 * Settings that change how the server reads SQL, so that the parser and the server would see different statements
 * (design/postgres.md, "Where the grammar alone is fooled"). Only values that the parser assumes may be set.
 */

/** Encodings whose multi-byte characters may end in a byte of ASCII, a backslash for example. The server allows them for clients only. Names as Postgres cleans them: letters and digits, lower case. */
const unsafeEncodings = new Set([
  'sjis',
  'shiftjis',
  'mskanji',
  'win932',
  'windows932', // SJIS
  'shiftjis2004', // SHIFT_JIS_2004
  'big5',
  'win950',
  'windows950', // BIG5
  'gbk',
  'win936',
  'windows936', // GBK
  'uhc',
  'win949',
  'windows949', // UHC
  'gb18030',
  'johab',
]);

const truths = new Set(['on', 'true', 'yes', '1', 't', 'y', 'tr', 'tru', 'ye']);

const cleaned = (value: string) => value.toLowerCase().replace(/[^a-z0-9]/g, '');
const unquoted = (value: string) =>
  value
    .trim()
    .replace(/^'(.*)'$/s, '$1')
    .trim()
    .toLowerCase();

/** Whether a value of a pinned setting leaves the grammar as the parser assumes it. */
const harmless: Record<string, (value: string) => boolean> = {
  standard_conforming_strings: (value) => truths.has(unquoted(value)),
  client_encoding: (value) => cleaned(value) !== '' && !unsafeEncodings.has(cleaned(value)),
  backslash_quote: (value) => unquoted(value) === 'safe_encoding',
};

/** Whether this setting with this value makes the server read SQL otherwise than the parser does. Names as the client wrote them. */
export function isGrammarSetting(name: string, value: string): boolean {
  const allowed = harmlessValue(name);
  return allowed !== undefined && !allowed(value);
}

/** Whether this setting is one that must not change, whatever its value may turn out to be. */
export const isPinned = (name: string): boolean => harmlessValue(name) !== undefined;

function harmlessValue(name: string): ((value: string) => boolean) | undefined {
  const setting = name.toLowerCase().replaceAll('-', '_');
  return Object.hasOwn(harmless, setting) ? harmless[setting] : undefined;
}

/**
 * Settings of other products that do the same, and outlive the request where an API keeps sessions: MySQL's modes (NO_BACKSLASH_ESCAPES, ANSI_QUOTES), ClickHouse's
 * language, how Spark reads quotes, escapes and variables, T-SQL's quotes.
 */
const OF_OTHERS = /^(sql_mode|dialect|quoted_identifier|spark\.sql\.(ansi|parser|legacy|variable)\..+)$/;

/** Kinds of statements that name a setting without changing it, or put it back to what it was at the start of the session, where the gateway has checked it. */
const harmlessKinds = new Set(['show', 'reset', 'discard']);

/** The analysis writes a setting that is not known in advance (or all of them) as *. */
const UNKNOWN = '*';

function changesGrammar(statement: StatementFacts): string {
  if (harmlessKinds.has(statement.kind)) return '';
  const setting = statement.setting.toLowerCase();
  const byFunction = statement.functions.some((f) => f.name === 'set_config');
  const byView = statement.objects.some((o) => o.name === 'pg_settings' && o.access === 'write');
  if (byView) return 'a write to pg_settings';
  if (byFunction && (setting === '' || setting === UNKNOWN)) return 'set_config of a setting that is not known in advance';
  if (OF_OTHERS.test(setting) && statement.setting_value !== '') return setting;
  const allowed = Object.hasOwn(harmless, setting) ? harmless[setting] : undefined;
  if (allowed === undefined) return '';
  // SET … TO DEFAULT and ALTER ROLE … RESET have no value, and go back to one that is checked when a session starts. In set_config no value means an unknown one.
  if (statement.setting_value === '' && !byFunction) return '';
  return allowed(statement.setting_value) ? '' : setting;
}

/** Which setting a statement would change so that SQL is read otherwise than the parser does; empty when none. */
export function grammarChange(facts: SqlFacts): string {
  for (const statement of facts.statements) {
    const change = changesGrammar(statement);
    if (change !== '') return change;
  }
  return '';
}
