import { list, text } from '../foreign-json.js';
import type { StoredEvent } from './chain.js';
import { recordedRows } from './pg-rows.js';

/** Fields that hold no text for people. */
const OPAQUE = new Set(['v', 'session', 'prev', 'wire', 'sealed', 'type']);

/** Every piece of text in an event, rows included, with where it stands (`text`, `facts.statements.0.kind`, `row 3`). */
export function* textsOf(event: StoredEvent): Generator<{ where: string; text: string }> {
  const packed = event.type === 'response' && typeof event['body'] === 'string';
  for (const [field, value] of Object.entries(event))
    if (
      !OPAQUE.has(field) &&
      !(packed && field === 'body') &&
      !(field === 'data' && (event.type === 'terminal' || event.type === 'message'))
    )
      yield* strings(field, value);
  if (event.type === 'terminal' && typeof event['data'] === 'string')
    yield { where: String(event['stream']), text: Buffer.from(event['data'], 'base64').toString('utf8') };
  if (packed) yield { where: 'body', text: Buffer.from(event['body'] as string, 'base64').toString('utf8') };
  if (typeof event['wire'] !== 'string') return;
  let row = 0;
  for (const { rows } of recordedRows(event['wire']).results) {
    for (const cells of rows) {
      row += 1;
      for (const cell of cells) if (cell !== null) yield { where: `row ${row}`, text: cell };
    }
  }
}

function* strings(where: string, value: unknown): Generator<{ where: string; text: string }> {
  if (typeof value === 'string') yield { where, text: value };
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* strings(`${where}.${key}`, inner);
}

/** What a list shows of a session. */
export interface SessionSummary {
  session: string;
  /** ISO 8601; empty when the session has no open event */
  start: string;
  duration_ms: number;
  identity: string;
  resource: string;
  database: string;
  user: string;
  application: string;
  events: number;
  requests: number;
  allowed: number;
  denied: number;
  held: number;
  rows: number;
  rules: string[];
  /** schema.table, or the bare name where the statement gave no schema */
  tables: string[];
  /** reason of its close; empty while it is open */
  closed: string;
}

export interface SessionFilter {
  /** milliseconds since the epoch */
  since_ms?: number;
  until_ms?: number;
  /** parts of the id, any case */
  identity?: string;
  resource?: string;
  rule?: string;
  /** schema.table or table */
  table?: string;
  verdict?: string;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

export function emptySummary(session: string): SessionSummary {
  return {
    session,
    start: '',
    duration_ms: 0,
    identity: '',
    resource: '',
    database: '',
    user: '',
    application: '',
    events: 0,
    requests: 0,
    allowed: 0,
    denied: 0,
    held: 0,
    rows: 0,
    rules: [],
    tables: [],
    closed: '',
  };
}

/** Cancel requests and connections that say nothing: Envoy's own entry is all there is, and it comes when they are over. */
const ACCESS_ALONE = 'without a log-in';

/** Adds one event to its session's summary. */
export function summarise(summary: SessionSummary, event: StoredEvent): void {
  summary.events += 1;
  summary.duration_ms = Math.max(summary.duration_ms, Math.round(event.t / 1e6));
  switch (event.type) {
    case 'session.open':
      summary.start = text(event['start']);
      if (summary.closed === ACCESS_ALONE) summary.closed = '';
      summary.identity = text(field(event['identity'], 'id'));
      for (const name of ['resource', 'database', 'user', 'application'] as const) summary[name] = text(event[name]);
      break;
    case 'request':
      summary.requests += 1;
      for (const statement of list(field(event['facts'], 'statements')))
        for (const object of list(field(statement, 'objects'))) addTable(summary, object);
      break;
    case 'decision':
      summary[event['verdict'] === 'deny' ? 'denied' : event['verdict'] === 'approve' ? 'held' : 'allowed'] += 1;
      for (const rule of [event['rule'], ...list(event['matches']).map((match) => field(match, 'rule'))]) add(summary.rules, text(rule));
      break;
    case 'response':
      summary.rows += Number(event['rows']) || 0;
      break;
    case 'access':
      if (summary.start === '' && summary.closed === '') summary.closed = ACCESS_ALONE;
      break;
    case 'session.close':
      summary.closed = text(event['reason']) || 'closed';
      break;
  }
}

function addTable(summary: SessionSummary, object: unknown): void {
  if (!/table|view/.test(text(field(object, 'type')))) return;
  const schema = text(field(object, 'schema'));
  add(summary.tables, schema === '' ? text(field(object, 'name')) : `${schema}.${text(field(object, 'name'))}`);
}

function add(to: string[], value: string): void {
  if (value !== '' && !to.includes(value)) to.push(value);
}

const has = (whole: string, part: string): boolean => whole.toLowerCase().includes(part.toLowerCase());

/** Whether a session is one of those asked for. */
export function matches(summary: SessionSummary, filter: SessionFilter): boolean {
  const start = Date.parse(summary.start);
  if (filter.since_ms !== undefined && !(start >= filter.since_ms)) return false;
  if (filter.until_ms !== undefined && !(start <= filter.until_ms)) return false;
  if (filter.identity !== undefined && !has(summary.identity, filter.identity)) return false;
  if (filter.resource !== undefined && !has(summary.resource, filter.resource)) return false;
  if (filter.rule !== undefined && !summary.rules.includes(filter.rule)) return false;
  if (filter.table !== undefined && !summary.tables.some((table) => table === filter.table || table.endsWith(`.${filter.table}`)))
    return false;
  if (filter.verdict === undefined) return true;
  return filter.verdict === 'deny'
    ? summary.denied > 0
    : filter.verdict === 'approve'
      ? summary.held > 0
      : filter.verdict === 'allow' && summary.allowed > 0;
}
