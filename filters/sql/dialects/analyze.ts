import { createHash } from 'node:crypto';
import type { Analyzer } from '../analyze.js';
import { LruCache } from '../cache.js';
import { emptyStatement } from '../empty-statement.js';
import type { Reach, SqlFacts, SqlReading, StatementFacts } from '../facts.js';
import { configuredOtherwise, type Dialect, dialects } from './dialect.js';
import { reachesOf } from './functions.js';
import { type Head, headOf } from './heads.js';
import { neutral } from './neutral.js';
import { type Token, TokenFailure, tokensBefore, tokensOf } from './tokens.js';
import { factsOfTree, TreeFailure } from './tree.js';

/** A parser of node-sql-parser for one dialect. Throws for what it can't read. */
export interface Grammar {
  astify(text: string): unknown;
}

/** Facts of SQL in any dialect. Never throws. */
export type SqlReader = (dialect: string, text: string) => SqlReading;

export interface SqlReaderOptions {
  postgres: Analyzer;
  /** node-sql-parser's grammar by its name; undefined where it can't be had */
  grammar: (name: string) => Grammar | undefined;
  cache_entries_max: number;
  /** longest text that is read, UTF-16 units */
  text_units_max: number;
}

/** Longest statement that node-sql-parser is given, UTF-16 units. */
const TREE_UNITS_MAX = 64 * 1024;
const STATEMENTS_MAX = 500;

/**
 * Texts are cut into tokens by the rules of their dialect, so that comments, quotes and semicolons are where its servers see them. Each statement is
 * then read by PostgreSQL's grammar, whose facts are the richest, or else by node-sql-parser's for the dialect; where both read it they must agree
 * on its kind. What neither reads is unparsed, and still tells by its first words what kind of statement it is.
 */
export function createSqlReader(options: SqlReaderOptions): SqlReader {
  const cache = new LruCache<SqlReading>(options.cache_entries_max, options.cache_entries_max * 4096);
  return (name, text) => {
    if (name === 'postgres') return options.postgres.analyze(text).facts;
    const dialect = dialects.get(name);
    if (dialect === undefined) return nothing('its dialect is not known');
    if (text.length > options.text_units_max) return nothing('longer than the limit of what is parsed');
    const key = `${name}\0${text}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const facts = readByAll(text, dialect, options);
    cache.set(key, facts, key.length * 2 + JSON.stringify(facts).length);
    return facts;
  };
}

export const nothing = (unparsed: string): SqlFacts => ({
  statements: [],
  count: 0,
  unparsed,
  opaque: [],
  fingerprint: '',
  normalized: '',
  parameters: 0,
});

/** By the usual configuration of servers, and beside it by the others that read another statement. */
function readByAll(text: string, dialect: Dialect, options: SqlReaderOptions): SqlReading {
  const usual = read(text, dialect, options);
  const seen = new Set([JSON.stringify(usual)]);
  const otherwise = configuredOtherwise(dialect, text)
    .flatMap((one) => ran(text, one, options))
    .filter((facts) => seen.size < seen.add(JSON.stringify(facts)).size);
  return otherwise.length === 0 ? usual : { ...usual, otherwise };
}

/** What such a server runs of a text: all statements before one that is none there, which is an error, and that one as far as it is known; none where it is the first. */
function ran(text: string, dialect: Dialect, options: SqlReaderOptions): SqlFacts[] {
  const cut = statementsOf(tokensBefore(text, dialect));
  if (cut.length > STATEMENTS_MAX) return [];
  const parts = cut.map((part) => readOne(part, dialect, options));
  const broken = parts.findIndex(({ unparsed }) => unparsed !== '');
  if (broken === 0 || parts.length === 0) return [];
  return [{ ...joined(broken < 0 ? parts : parts.slice(0, broken + 1)), unparsed: '' }];
}

function read(text: string, dialect: Dialect, options: SqlReaderOptions): SqlFacts {
  const cut = cutUp(text, dialect);
  // Its first words tell something all the same.
  if ('broken' in cut) return joined([unread(headOf(wordsOf(text)), cut.broken)]);
  if (cut.parts.length > STATEMENTS_MAX) return nothing(`more than ${STATEMENTS_MAX} statements`);
  return joined(cut.parts.map((part) => readOne(dialect.name === 'clickhouse' ? withoutFormat(part) : part, dialect, options)));
}

/** The tokens of each statement, or why they can't be told. */
function cutUp(text: string, dialect: Dialect): { parts: Token[][] } | { broken: string } {
  try {
    if (/\p{Surrogate}/u.test(text)) throw new TokenFailure('not valid text');
    return { parts: statementsOf(tokensOf(text, dialect)) };
  } catch (error) {
    if (error instanceof TokenFailure) return { broken: error.message };
    throw error;
  }
}

interface ReadStatement {
  statements: StatementFacts[];
  unparsed: string;
  fingerprint: string;
  normalized: string;
  parameters: number;
}

function statementsOf(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'semicolon') parts.push([]);
    else parts[parts.length - 1]!.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** ClickHouse: `FORMAT name` at the end says how the answer is written. */
function withoutFormat(tokens: Token[]): Token[] {
  const [format, name] = tokens.slice(-2);
  return name?.kind === 'word' && format?.kind === 'word' && format.value.toLowerCase() === 'format' ? tokens.slice(0, -2) : tokens;
}

function readOne(tokens: Token[], dialect: Dialect, options: SqlReaderOptions): ReadStatement {
  const head = headOf(tokens);
  if (head.opaque.length > 0) return { ...unread(head, ''), unparsed: '' };
  const text = neutral(tokens, dialect, 'postgres');
  const { facts } = options.postgres.analyze(text);
  const tree = treeOf(tokens, dialect, options);
  if (facts.unparsed === '' && facts.count === 1) {
    if (tree !== undefined && tree[0]!.kind !== facts.statements[0]!.kind && QUERY.test(tree[0]!.kind + facts.statements[0]!.kind))
      return unread(head, 'two grammars read two statements in it');
    return {
      statements: facts.statements.map((one) => inDialect(lowered(one))),
      unparsed: '',
      fingerprint: facts.fingerprint,
      normalized: facts.normalized,
      parameters: facts.parameters,
    };
  }
  if (tree === undefined) return unread(head, `its statement ${head.kind.toUpperCase().slice(0, 20)} could not be parsed`);
  return {
    statements: tree.map(inDialect),
    unparsed: '',
    fingerprint: shapeOf(tokens),
    normalized: '',
    parameters: tokens.filter(({ kind }) => kind === 'parameter').length,
  };
}

const QUERY = /select|insert|update|delete/;

function treeOf(tokens: Token[], dialect: Dialect, options: SqlReaderOptions): StatementFacts[] | undefined {
  const grammar = dialect.grammar === undefined ? undefined : options.grammar(dialect.grammar);
  if (grammar === undefined) return undefined;
  const text = neutral(tokens, dialect, 'own');
  if (text.length > TREE_UNITS_MAX) return undefined;
  try {
    const tree = grammar.astify(text);
    const list = Array.isArray(tree) ? tree : [tree];
    return list.length === 1 ? factsOfTree(list[0]) : undefined;
  } catch (error) {
    if (error instanceof TreeFailure || error instanceof Error) return undefined;
    throw error;
  }
}

/** A statement that no grammar reads. */
function unread(head: Head, why: string): ReadStatement {
  const { kind, object, writes, opaque } = head;
  // What could not be read may write whatever it begins with.
  const facts = {
    ...emptyStatement(kind, 'top'),
    object,
    writes: writes || why !== '',
    opaque: [...opaque],
    filtered: !['update', 'delete', 'merge'].includes(kind),
  };
  return { statements: [facts], unparsed: why, fingerprint: '', normalized: '', parameters: 0 };
}

/** Names are in small letters whatever the dialect makes of them. */
function lowered(facts: StatementFacts): StatementFacts {
  return {
    ...facts,
    objects: facts.objects.map((one) => ({ ...one, schema: one.schema.toLowerCase(), name: one.name.toLowerCase() })),
    columns: facts.columns.map((one) => ({
      ...one,
      schema: one.schema.toLowerCase(),
      table: one.table.toLowerCase(),
      column: one.column.toLowerCase(),
    })),
  };
}

/** Functions are the dialect's, not PostgreSQL's: those of its own are known, and reach what they reach there. */
function inDialect(facts: StatementFacts): StatementFacts {
  const functions = facts.functions.map((one) => {
    const reaches = reachesOf(one.schema, one.name);
    if (reaches === undefined) return one;
    return { ...one, origin: one.schema === '' ? ('builtin' as const) : ('unknown' as const), reaches: union(one.reaches, reaches) };
  });
  const unknown = functions
    .filter(({ origin }) => origin === 'unknown')
    .map(({ schema, name }) => `unknown function ${schema === '' ? name : `${schema}.${name}`}`);
  const opaque = [...facts.opaque.filter((why) => !why.startsWith('unknown function ')), ...new Set(unknown)];
  return {
    ...facts,
    functions,
    opaque,
    reaches: union(
      facts.reaches,
      functions.flatMap(({ reaches }) => reaches),
    ),
  };
}

const union = (a: readonly Reach[], b: readonly Reach[]): Reach[] => [...new Set([...a, ...b])];

function joined(parts: readonly ReadStatement[]): SqlFacts {
  const statements = parts.flatMap((part) => part.statements);
  const shapes = parts.map((part) => part.fingerprint);
  return {
    statements,
    count: parts.length,
    unparsed: parts.find((part) => part.unparsed !== '')?.unparsed ?? '',
    opaque: [...new Set(statements.flatMap((one) => one.opaque))],
    fingerprint: shapes.length === 1 ? shapes[0]! : shapes.includes('') ? '' : hash(shapes.join(' ')),
    normalized: parts.map((part) => part.normalized).join('; '),
    parameters: Math.max(0, ...parts.map((part) => part.parameters)),
  };
}

/** The facts of several texts of one request. */
export function joinFacts(parts: readonly SqlReading[]): SqlReading {
  if (parts.length === 1) return parts[0]!;
  const facts = joinOnce(parts);
  const ways = Math.max(0, ...parts.map(({ otherwise = [] }) => otherwise.length));
  if (ways === 0) return facts;
  const otherwise = Array.from({ length: ways }, (_none, i) =>
    joinOnce(parts.map((one) => one.otherwise?.[i] ?? one.otherwise?.[0] ?? one)),
  );
  return { ...facts, otherwise };
}

function joinOnce(parts: readonly SqlFacts[]): SqlFacts {
  const shapes = parts.map(({ fingerprint }) => fingerprint);
  return {
    statements: parts.flatMap(({ statements }) => statements),
    count: parts.reduce((sum, { count }) => sum + count, 0),
    unparsed: parts.find(({ unparsed }) => unparsed !== '')?.unparsed ?? '',
    opaque: [...new Set(parts.flatMap(({ opaque }) => opaque))],
    fingerprint: shapes.length === 0 || shapes.includes('') ? '' : hash(shapes.join(' ')),
    normalized: parts.map(({ normalized }) => normalized).join('; '),
    parameters: Math.max(0, ...parts.map(({ parameters }) => parameters)),
  };
}

/** The statement without its constants. */
const shapeOf = (tokens: readonly Token[]): string =>
  hash(
    tokens.map(({ kind, value }) => (kind === 'text' || kind === 'number' || kind === 'parameter' ? '?' : value.toLowerCase())).join(' '),
  );

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** The words at the beginning of a text that can't be cut into tokens, comments left out. */
function wordsOf(text: string): Token[] {
  const plain = text
    .slice(0, 4000)
    .replace(/\/\*.*?\*\//gs, ' ')
    .replace(/--[^\n]*/g, ' ');
  return [...plain.matchAll(/[A-Za-z_]\w*|\(/g)]
    .slice(0, 12)
    .map(([value]): Token => ({ kind: value === '(' ? 'sign' : 'word', value, spaced: true }));
}
