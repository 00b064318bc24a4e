/** How the SQL of one product is written, as far as its words have to be told apart. */
export interface Dialect {
  name: string;
  /** grammar of node-sql-parser that is nearest; undefined: it has none */
  grammar: string | undefined;
  /** "…" is a text; a quoted name otherwise */
  double_quoted_texts: boolean;
  /** `…` is a quoted name, which may hold dots that separate */
  backticks: boolean;
  /** […] is a quoted name */
  brackets: boolean;
  /** \ takes the meaning of the next character in a text */
  backslashes: boolean;
  /** '''…''' and """…""" are texts */
  triple_quotes: boolean;
  /** letters before a quote that make it a text of another kind; without backslashes where it is r */
  prefixes: readonly string[];
  /** a raw text ends at its first quote; else a backslash keeps the quote behind it from ending it */
  raw_ends_at_quote: boolean;
  /** $$…$$, with a tag between the signs too */
  dollars: boolean;
  /** how a comment to the end of a line may begin, beside -- */
  line_comments: readonly string[];
  /** -- needs a blank behind */
  dashes_need_blank: boolean;
  /** || means OR */
  bars_are_or: boolean;
  /** a:b reads b out of a */
  colon_paths: boolean;
  /** what its servers may be configured to read otherwise, and the sign without which that makes no difference */
  modes: readonly { sign: string; as: Partial<Dialect> }[];
}

/** The dialect in each combination of its modes that makes a difference to a text; not the one that is usual. */
export function configuredOtherwise(dialect: Dialect, text: string): Dialect[] {
  const modes = dialect.modes.filter(({ sign }) => text.includes(sign));
  const combined = modes.reduce<Dialect[]>((found, { as }) => [...found, ...found.map((one) => ({ ...one, ...as }))], [dialect]);
  return combined.slice(1);
}

const plain: Omit<Dialect, 'name' | 'grammar'> = {
  double_quoted_texts: false,
  backticks: false,
  brackets: false,
  backslashes: false,
  triple_quotes: false,
  prefixes: ['x', 'n', 'b'],
  raw_ends_at_quote: false,
  dollars: false,
  line_comments: [],
  dashes_need_blank: false,
  bars_are_or: false,
  colon_paths: false,
  modes: [],
};
const mysql: Omit<Dialect, 'name' | 'grammar'> = {
  ...plain,
  double_quoted_texts: true,
  backticks: true,
  backslashes: true,
  line_comments: ['#'],
  dashes_need_blank: true,
  bars_are_or: true,
  // sql_mode: NO_BACKSLASH_ESCAPES, ANSI_QUOTES
  modes: [
    { sign: '\\', as: { backslashes: false } },
    { sign: '"', as: { double_quoted_texts: false } },
  ],
};

const all: readonly Dialect[] = [
  {
    ...plain,
    name: 'bigquery',
    grammar: 'bigquery',
    double_quoted_texts: true,
    backticks: true,
    backslashes: true,
    triple_quotes: true,
    prefixes: ['r', 'b', 'rb', 'br'],
    line_comments: ['#'],
  },
  { ...plain, name: 'snowflake', grammar: 'snowflake', backslashes: true, dollars: true, line_comments: ['//'], colon_paths: true },
  {
    ...plain,
    name: 'databricks',
    grammar: 'hive',
    double_quoted_texts: true,
    backticks: true,
    backslashes: true,
    prefixes: ['r', 'x'],
    raw_ends_at_quote: true,
    colon_paths: true,
  },
  { ...plain, name: 'trino', grammar: 'trino' },
  { ...plain, name: 'athena', grammar: 'athena', backticks: true },
  { ...plain, name: 'clickhouse', grammar: undefined, backticks: true, backslashes: true, dollars: true, line_comments: ['#'] },
  { ...plain, name: 'elasticsearch', grammar: undefined },
  { ...mysql, name: 'mysql', grammar: 'mysql' },
  { ...mysql, name: 'mariadb', grammar: 'mariadb' },
  { ...plain, name: 'sqlite', grammar: 'sqlite', backticks: true, brackets: true },
  { ...plain, name: 'transactsql', grammar: 'transactsql', brackets: true },
  { ...plain, name: 'redshift', grammar: 'redshift' },
];

/** Dialects beside PostgreSQL, which has an analyzer of its own. */
export const dialects: ReadonlyMap<string, Dialect> = new Map(all.map((dialect) => [dialect.name, dialect]));
export const dialectNames: readonly string[] = ['postgres', ...dialects.keys()];
