import { strictness } from '../../policy/decide.js';
import type { Decision } from '../../policy/types.js';
import { Collector } from '../../sql/collector.js';
import type { ObjectAccessKind, SqlFacts, StatementFacts } from '../../sql/facts.js';
import { FrameReader } from '../wire/frame-reader.js';
import { frontend } from '../wire/types.js';
import { decisionFields } from './judge.js';
import type { Session } from './session.js';
import { judgeText } from './text.js';

/**
 * What Envoy's postgres_proxy filter (contrib build) read in the statements of this connection: its metadata maps `table.database`
 * to operations (select, insert, update, delete, create, drop, alter). Envoy merges it over the life of a connection, so an entry may
 * be of an earlier statement; what this gateway's own facts explain is no disagreement, whenever it was.
 */
export class SecondOpinion {
  private doubts: { table: string; operation: string }[] = [];
  private readonly explained = new Set<string>();
  private pairs: { table: string; operation: string }[] = [];
  private seen = '';

  /** `metadata`: the namespace envoy.filters.network.postgres_proxy, as JSON. */
  take(metadata: object, database: string): void {
    const text = JSON.stringify(metadata);
    if (text === this.seen) return;
    this.seen = text;
    this.pairs = [];
    const suffix = `.${database}`;
    for (const [key, operations] of Object.entries(metadata)) {
      const table = key.endsWith(suffix) ? key.slice(0, -suffix.length) : key;
      if (!Array.isArray(operations)) continue;
      for (const operation of operations)
        if (typeof operation === 'string') this.pairs.push({ table: table.toLowerCase(), operation: operation.toLowerCase() });
    }
    this.weigh();
  }

  /** What the gateway itself understood; the same tables need no second look. */
  explain(facts: SqlFacts): void {
    if (this.explained.size > EXPLAINED_MAX) this.explained.clear();
    for (const { kind, objects } of facts.statements) {
      for (const { schema, name } of objects) {
        // A statement that writes a table may read it too, and Envoy's parser lists both.
        for (const operation of [kind, 'select'])
          for (const table of schema === '' ? [name] : [name, `${schema}.${name}`])
            this.explained.add(`${operation} ${table.toLowerCase()}`);
      }
    }
    this.weigh();
  }

  private weigh(): void {
    this.doubts = this.pairs.filter(({ table, operation }) => operation !== 'show' && !this.explained.has(`${operation} ${table}`));
  }

  get disagrees(): boolean {
    return this.doubts.length > 0;
  }

  /** For the recording. */
  describe(): string {
    const all = this.doubts.map(({ table, operation }) => `${operation} ${table}`);
    return `postgres_proxy: ${all.slice(0, SHOWN_MAX).join(', ')}${all.length > SHOWN_MAX ? `, ${all.length - SHOWN_MAX} more` : ''}`;
  }

  /** What it read and the gateway did not, as facts of the strictest kind that fit. */
  statements(): StatementFacts[] {
    return this.doubts.map(({ table, operation }) => {
      const dot = table.lastIndexOf('.');
      const [schema, name] = dot < 0 ? ['', table] : [table.slice(0, dot), table.slice(dot + 1)];
      const defines = definitions.has(operation);
      const access: ObjectAccessKind = defines ? 'define' : operation === 'select' ? 'read' : 'write';
      return {
        ...new Collector(operation, 'second_opinion').facts,
        object: defines ? 'table' : '',
        objects: [{ type: 'table', schema, name, access }],
        columns: defines ? [] : [{ schema, table: name, column: '*', use: access === 'read' ? 'output' : 'write' }],
        writes: access !== 'read',
        filtered: operation !== 'update' && operation !== 'delete',
      };
    });
  }
}

const definitions = new Set(['create', 'drop', 'alter']);
const EXPLAINED_MAX = 10_000;
const SHOWN_MAX = 10;

/**
 * Takes a chunk's metadata. One chunk may hold several messages, whose tables all stand in it already: so all of them are understood
 * before the first is judged.
 */
export function takeOpinion(s: Session, metadata: object): void {
  s.second ??= new SecondOpinion();
  s.second.take(metadata, s.database);
  if (!s.second.disagrees) return;
  const limits = { message_bytes_max: s.options.limits.message_bytes_max, stream_bytes_max: 0x3fffffff };
  const ahead = new FrameReader('frontend', limits, { stream: (type) => type === frontend.CopyData });
  ahead.push(s.front.peekRest());
  try {
    for (let f = ahead.next(); f !== undefined; f = ahead.next()) {
      const text = f.type === frontend.Query ? f.body : f.type === frontend.Parse ? f.buf.indexOf(0, f.body) + 1 : -1;
      const end = text < 0 ? -1 : f.buf.indexOf(0, text);
      if (end >= text && end < f.end && text >= 0) s.second.explain(judgeText(s, f.buf, text, end).analysis.facts);
    }
  } catch {
    // What is broken here will be refused when its turn comes.
  }
}

/**
 * The stricter of two decisions: the one on our own facts, and the one on these with what only Envoy read. `fields` are those of the
 * decision event.
 */
export function withOpinion(
  s: Session,
  facts: SqlFacts,
  params: (string | null | undefined)[] | undefined,
  decision: Decision,
  fields: string,
): { decision: Decision; fields: string } {
  const { second } = s;
  if (second === undefined) return { decision, fields };
  second.explain(facts);
  if (!second.disagrees) return { decision, fields };
  const { judge, maskText, policy } = s.rules!;
  const other = judge.again({ ...facts, statements: [...facts.statements, ...second.statements()] }, params);
  const stricter = strictness[other.verdict] > strictness[decision.verdict] ? other : decision;
  return {
    decision: stricter,
    fields: `${decisionFields(stricter, policy.version)},"disagreement":${JSON.stringify(maskText(second.describe()))}`,
  };
}
