import { list, record, text } from '../../foreign-json.js';
import { mayBeBinary } from '../../http/body.js';
import type { DescribedRequest } from '../../http/described.js';
import type { StoredEvent } from '../../record/chain.js';
import { emptyStatement } from '../../sql/empty-statement.js';
import type { SqlFacts } from '../../sql/facts.js';
import type { Identity, Verdict } from '../types.js';

/** Who asks, as a session's first event has it. */
export interface RecordedCaller {
  protocol: 'postgres' | 'http' | 'mcp' | 'kubernetes';
  identity: Identity;
  resource: string;
  database: string;
  user: string;
  application: string;
  /** ISO 8601 */
  start: string;
}

const KINDS: readonly string[] = ['spiffe', 'jwt', 'service-account', 'token', 'password', 'claimed'] satisfies Identity['kind'][];
const PROTOCOLS: readonly string[] = ['postgres', 'http', 'mcp', 'kubernetes'] satisfies RecordedCaller['protocol'][];

/** undefined for a protocol that this version does not know. */
export function callerOf(open: StoredEvent): RecordedCaller | undefined {
  const protocol = text(open['protocol']);
  if (!PROTOCOLS.includes(protocol)) return undefined;
  const identity = record(open['identity']);
  const kind = text(identity['kind']);
  const age_s = identity['age_s'];
  return {
    protocol: protocol as RecordedCaller['protocol'],
    identity: {
      id: text(identity['id']),
      kind: KINDS.includes(kind) ? (kind as Identity['kind']) : 'claimed',
      issuer: text(identity['issuer']),
      groups: list(identity['groups']).filter((group) => typeof group === 'string'),
      claims: record(identity['claims']),
      source: text(identity['source']),
      proof: text(identity['proof']),
      ...(typeof age_s === 'number' ? { age_s } : {}),
    },
    resource: text(open['resource']),
    database: text(open['database']),
    user: text(open['user']),
    application: text(open['application']),
    start: text(open['start']),
  };
}

const STATEMENT_FIELDS = Object.entries(emptyStatement('', '')).map(([name, value]) => [name, typeof value] as const);

/** The facts of a statement; undefined where some that this version knows are not among them. */
export function sqlFactsOf(value: unknown): SqlFacts | undefined {
  const facts = record(value);
  if (!Array.isArray(facts['statements']) || typeof facts['unparsed'] !== 'string' || !Array.isArray(facts['opaque'])) return undefined;
  const whole = facts['statements'].every((one) => STATEMENT_FIELDS.every(([name, type]) => typeof record(one)[name] === type));
  return whole ? (value as SqlFacts) : undefined;
}

/** Values bound to a statement, as they were recorded; undefined where none were. */
export function paramsOf(event: StoredEvent): (string | null)[] | undefined {
  const params = event['params'];
  return Array.isArray(params) ? params.map((value) => (typeof value === 'string' ? value : null)) : undefined;
}

/**
 * The request as people would write it down. Recordings have the path and the query as servers read them, so both are encoded again.
 * `body` is what a later event tells of it, if one does.
 */
export function requestOf(event: StoredEvent, body: unknown = event['body']): DescribedRequest {
  const facts = record(event['facts']);
  const method = text(facts['method']) || 'GET';
  const host = text(facts['host']);
  const target = text(event['text']).slice(`${method} ${host}`.length);
  const query = target.indexOf('?', text(facts['path']).length);
  const path = query < 0 ? target : target.slice(0, query);
  const pairs =
    query < 0
      ? ''
      : `?${target
          .slice(query + 1)
          .split('&')
          .map(encodedPair)
          .join('&')}`;
  const headers = Object.entries(record(event['headers'])).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return {
    method,
    url: `${encodeURI(wellFormed(path)).replace(/[?#]/g, encodeURIComponent)}${pairs}`,
    headers: { ...Object.fromEntries(headers), host },
    ...(typeof body === 'string' ? { body: asItCame(text(facts['content_type']), body) } : {}),
  };
}

/** A recording has a mark for each byte that is no text. Where a body may be such bytes, some that are none stand for them. */
function asItCame(type: string, body: string): string | Buffer {
  if (!body.includes('\ufffd') || !mayBeBinary(type)) return body;
  return Buffer.concat(body.split('\ufffd').flatMap((part, i) => (i === 0 ? [Buffer.from(part)] : [NO_TEXT, Buffer.from(part)])));
}

const NO_TEXT = Buffer.from([0xff]);

/** Halves of surrogate pairs, which can't be encoded, become U+FFFD. */
const wellFormed = (part: string): string => Buffer.from(part).toString();

function encodedPair(pair: string): string {
  const equals = pair.indexOf('=');
  const encoded = (part: string): string => encodeURIComponent(wellFormed(part));
  return equals < 0 ? encoded(pair) : `${encoded(pair.slice(0, equals))}=${encoded(pair.slice(equals + 1))}`;
}

/** Bytes of the body that the recording lacks, cut at the recorder's limit. */
export function bodyLeftOut(event: StoredEvent, body: unknown): boolean {
  const bytes = Number(event['bytes']) || 0;
  return Number(event['left_out']) > 0 || (bytes > 0 && typeof body !== 'string');
}

/** What was decided, and by which rules. */
export interface Judged {
  verdict: Verdict;
  /** the rule that settled it; empty for a plain allow */
  rule: string;
  /** every rule that matched, observed ones too */
  rules: string[];
}

export function judgedOf(decision: StoredEvent): Judged | undefined {
  const verdict = text(decision['verdict']);
  if (verdict !== 'allow' && verdict !== 'approve' && verdict !== 'deny') return undefined;
  const rules = list(decision['matches']).map((match) => text(record(match)['rule']));
  return { verdict, rule: text(decision['rule']), rules };
}
