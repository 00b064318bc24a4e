/** From the text of a message to its facts. */
import { LruCache } from './cache.js';
import type { SqlAnalysis, SqlFacts } from './facts.js';
import { tokenize } from './lexer.js';
import { type Literals, literalsOf, Watched } from './literals.js';
import { unwrap } from './node.js';
import { STATEMENT_NODES } from './nodes.js';
import { ParseFailure, parseTree, type RawStatement } from './parser.js';
import { AnalysisLimit, type Env, Run, type Top } from './run.js';
import { exactFingerprintOf, fingerprintOf, normalizeText } from './shape.js';
import { Shapes } from './shapes.js';
import { type Meaning, nestedStatement } from './statement.js';

export { loadParser } from './parser.js';

export interface Analyzer {
  /** Synchronous and cached by text; never throws: what can't be understood has facts.unparsed set. */
  analyze(text: string): SqlAnalysis;
}

/** Makes an analyzer. `loadParser` must have resolved before the first call of `analyze`, else all is unparsed. */
export function createAnalyzer(options: { cache_entries_max: number; cache_bytes_max: number; statement_bytes_max: number }): Analyzer {
  const cache = new LruCache<SqlAnalysis>(options.cache_entries_max, options.cache_bytes_max);
  const shapes = new Shapes(options.cache_entries_max, options.cache_bytes_max);
  return {
    analyze(text) {
      const cached = cache.get(text);
      if (cached !== undefined) return cached;
      const literals = text.length <= SHAPED_CHARS_MAX && text.length <= options.statement_bytes_max ? literalsOf(text) : undefined;
      const same = literals && shapes.find(literals);
      if (same !== undefined) return same;
      const watched: Watching | undefined = literals && { literals, read: undefined };
      const { analysis, keep } = analyzeText(text, options.statement_bytes_max, watched);
      if (keep && watched?.read !== undefined && watched.read.size < literals!.at.length) {
        shapes.keep(literals!, watched.read, analysis, text.length * 2 + weigh(analysis));
        return analysis;
      }
      // Two bytes a character for the key; the analysis is weighed by its size as JSON, which is near enough.
      if (keep) cache.set(text, analysis, text.length * 2 + weigh(analysis));
      return analysis;
    },
  };
}

function weigh(analysis: SqlAnalysis): number {
  const { facts } = analysis;
  let bytes = 1024 + facts.normalized.length * 2;
  for (const s of facts.statements) bytes += 600 + 150 * (s.objects.length + s.columns.length + s.functions.length);
  for (const top of analysis.top) {
    bytes += 300;
    for (const output of top.outputs ?? []) bytes += 200 + 120 * (output.sources.length + output.star.length + output.whole_rows.length);
    for (const carry of top.carries ?? []) bytes += 200 + 120 * carry.sources.length;
    if (top.prepares !== undefined) bytes += weigh(top.prepares.analysis);
  }
  return bytes;
}

/** What a text means when it could not be read. */
function unparsed(reason: string): SqlAnalysis {
  const facts: SqlFacts = {
    statements: [],
    count: 0,
    unparsed: reason,
    opaque: [],
    fingerprint: '',
    normalized: '',
    parameters: 0,
  };
  return { facts, top: [] };
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/** `keep` is false for what may go better the next time. */
function analyzeText(text: string, bytes_max: number, watching?: Watching): { analysis: SqlAnalysis; keep: boolean } {
  if (text.length > bytes_max || Buffer.byteLength(text) > bytes_max) {
    return { analysis: unparsed('longer than the limit of what is parsed'), keep: false };
  }
  // The C side reads up to the first NUL and would miss what follows; lone surrogates have no UTF-8.
  if (text.includes('\0') || LONE_SURROGATE.test(text)) return { analysis: unparsed('not valid text'), keep: true };
  try {
    return { analysis: analyzeParsed(text, 0, watching), keep: true };
  } catch (error) {
    if (error instanceof ParseFailure) return { analysis: unparsed(error.message), keep: !error.lost };
    if (error instanceof AnalysisLimit) return { analysis: unparsed(error.message), keep: false };
    // A RangeError of the walker's own recursion, or a tree that is not as expected: not understood, so not passed.
    return { analysis: unparsed(error instanceof RangeError ? 'too deeply nested' : 'could not be analysed'), keep: false };
  }
}

/** Longer texts are found by themselves alone. */
const SHAPED_CHARS_MAX = 16_384;

const EMPTY_FINGERPRINT = 'empty';

/** Which constants an analysis has read; `read` stays undefined where that can't be known. */
interface Watching {
  literals: Literals;
  read: ReadonlySet<number> | undefined;
}

function analyzeParsed(text: string, depth: number, watching?: Watching): SqlAnalysis {
  const stmts = text.trim() === '' ? [] : (parseTree(text).stmts ?? []);
  const watched = new Watched();
  // Of several statements each has a text of its own, and their places count from the beginning of all.
  let watchable = watching !== undefined && stmts.length === 1 && watched.watch(stmts, watching.literals.at);
  const sourceRead = () => {
    watchable = false;
  };
  const run = new Run();
  const top: Top[] = [];
  // Locations are in bytes of UTF-8.
  const bytes = stmts.length > 1 ? Buffer.from(text) : undefined;
  for (const raw of stmts) {
    const wrapped = unwrap(raw.stmt);
    if (wrapped === undefined || !STATEMENT_NODES.has(wrapped[0])) throw new AnalysisLimit('unknown statement');
    run.sets = [];
    run.executes = undefined;
    run.carries = [];
    run.ddl = false;
    const source = bytes === undefined ? text : sourceOf(bytes, raw);
    const env: Env = {
      run,
      facts: undefined as never,
      scope: undefined,
      ctes: undefined,
      source: () => {
        sourceRead();
        return source;
      },
    };
    const { meaning, facts } = nestedStatement(wrapped[0], wrapped[1], env, 'top');
    if (meaning.prepares !== undefined) sourceRead();
    top.push(topOf(facts.facts.kind, meaning, run, source, depth));
  }
  const opaque = new Set<string>();
  for (const statement of run.statements) for (const reason of statement.opaque) opaque.add(reason);
  const facts: SqlFacts = {
    statements: run.statements,
    count: stmts.length,
    unparsed: '',
    opaque: [...opaque],
    fingerprint: stmts.length === 0 ? EMPTY_FINGERPRINT : fingerprintOf(stmts) + fingerprintSuffix(run, stmts),
    normalized: stmts.length === 0 ? '' : normalizeText(text, run.parameters),
    parameters: run.parameters,
  };
  if (watchable) watching!.read = watched.read;
  return { facts, top };
}

/** Kinds whose shape says all: their constants are only data. */
const PLAIN_KINDS = new Set(
  'select insert update delete merge begin commit rollback savepoint release rollback_to close fetch show'.split(' '),
);

/** A lease by shape must not cover another body, another file or another bound than the one that was approved. */
function fingerprintSuffix(run: Run, tree: unknown): string {
  let plain = true;
  let bounded = true;
  for (const s of run.statements) {
    if (!PLAIN_KINDS.has(s.kind) || s.reaches.length > 0 || s.opaque.length > 0 || s.within === 'dynamic') plain = false;
    if (!s.filtered) bounded = false;
  }
  const hash = plain ? '' : `-${exactFingerprintOf(tree)}`;
  return `${bounded ? '' : '-all'}${hash}`;
}

/** The text of one of several statements. */
function sourceOf(bytes: Buffer, raw: RawStatement): string {
  const start = raw.stmt_location ?? 0;
  const length = raw.stmt_len ?? 0;
  return bytes.subarray(start, length === 0 ? bytes.length : start + length).toString();
}

function topOf(kind: string, meaning: Meaning, run: Run, source: string, depth: number): Top {
  const top: Top = { kind, outputs: meaning.outputs, ddl: run.ddl };
  if (meaning.prepares !== undefined) top.prepares = { name: meaning.prepares.name, analysis: analyzePrepared(source, depth) };
  if (run.executes !== undefined) top.executes = { name: run.executes };
  if (meaning.deallocates !== undefined) top.deallocates = meaning.deallocates;
  if (meaning.declares !== undefined) top.declares = meaning.declares;
  if (meaning.fetches !== undefined) top.fetches = meaning.fetches;
  if (meaning.copy !== undefined) top.copy = meaning.copy;
  if (run.sets.length > 0) top.sets = run.sets;
  if (run.carries.length > 0) top.carries = run.carries;
  return top;
}

/** PREPARE name (types) AS statement: the statement's own analysis. */
function analyzePrepared(source: string, depth: number): SqlAnalysis {
  if (depth > 4) return unparsed('PREPARE within PREPARE');
  let nesting = 0;
  for (const token of tokenize(source)) {
    const part = source.slice(token.start, token.end);
    if (part === '(') nesting += 1;
    else if (part === ')') nesting -= 1;
    else if (token.type === 'word' && nesting === 0 && part.toLowerCase() === 'as')
      return analyzeParsed(source.slice(token.end), depth + 1);
  }
  return unparsed('PREPARE could not be read');
}
