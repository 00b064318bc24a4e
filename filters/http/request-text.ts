import { createHash } from 'node:crypto';
import { Memo } from '../memo.js';
import type { RecordingMaskers } from '../record/shown-identity.js';
import type { SqlFacts } from '../sql/facts.js';
import type { HttpFacts, HttpReading } from './facts.js';
import { shownHeader, shownLine } from './shown-headers.js';

/** An exchange has one request. */
export const REQUEST = 'r1';

/** UTF-16 units of a body that approvers are shown; a longer one can't be approved. */
const SHOWN_UNITS_MAX = 65_536;

/** Statements of a request that are told in its record. */
const SHOWN_STATEMENTS_MAX = 50;

/** Parts of a path that are one of many: numbers, UUIDs, long hex and base64 words. */
const VARIABLE = /^(\d+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}|[\w-]{24,})$/i;

/** IPv4 or IPv6, with a port or without. */
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\])(:\d{1,5})?$/i;

/** A request as recordings and approvers see it, masked. */
export class RequestText {
  /** method, host and target as they came */
  readonly line: string;
  /** same shape, same value: method, host and the path without what is one of many */
  fingerprint: string;
  private operations: readonly string[] = [];
  private more: Record<string, unknown> = {};
  private sql: SqlFacts | undefined;
  private kept: Buffer[] = [];
  private kept_bytes = 0;
  private bytes = 0;

  constructor(
    private facts: HttpFacts,
    private readonly maskers: RecordingMaskers,
    private readonly body_bytes_max: number,
  ) {
    this.line = `${facts.method} ${facts.host}${facts.target}`;
    const names = Object.keys(facts.query).sort().join('&');
    this.fingerprint = fingerprintOf(`${facts.method} ${facts.host} ${shapes.get(facts.path, shapeOf)} ${names}`);
  }

  /** The facts of its body are known now. What it asks of a GraphQL server is part of its shape, like a path. */
  tellFacts({ http, sql }: HttpReading): void {
    this.facts = http;
    const asked = (http.graphql ?? []).map(({ type, root }) => `${type} ${root.join(' ')}`);
    if (sql !== undefined && sql.count > 0) {
      this.sql = sql;
      asked.push(...sql.statements.filter(({ within }) => within === 'top').map(({ kind, object }) => `${kind} ${object}`.trim()));
      // The shape of the statements is the request's, so that a lease on one is none on another; one without a shape has only itself.
      this.fingerprint = shape(this.fingerprint, [sql.fingerprint || JSON.stringify(http.body ?? http.query)]);
    }
    if (asked.length > 0) this.tellOperations(asked);
  }

  /** Why its body is not understood by the protocol that it is to carry. */
  tellUnparsed(why: string): void {
    this.facts = { ...this.facts, unparsed: this.facts.unparsed || why };
  }

  /** What another protocol over HTTP makes of it, by the protocol's name; texts in it are masked. */
  tellMore(protocol: string, facts: Record<string, unknown>): void {
    const shown = (value: unknown): unknown =>
      typeof value === 'string' ? this.maskers.maskText(value) : Array.isArray(value) ? value.map(shown) : value;
    const masked = Object.entries(facts).map(([name, value]) => [name, shown(value)]);
    this.more = { ...this.more, [protocol]: Object.fromEntries(masked) };
  }

  /** What its messages ask for is part of its shape: a lease on one tool is none on another. */
  tellOperations(operations: readonly string[]): void {
    this.operations = operations;
    this.fingerprint = shape(this.fingerprint, operations);
  }

  keep(body: Buffer): void {
    this.bytes += body.length;
    const room = this.body_bytes_max - this.kept_bytes;
    if (room <= 0 || body.length === 0) return;
    const part = body.subarray(0, room);
    this.kept.push(Buffer.from(part));
    this.kept_bytes += part.length;
  }

  get shownWhole(): boolean {
    return this.bytes === this.kept_bytes && this.kept_bytes <= SHOWN_UNITS_MAX;
  }

  /** What an approver reads. */
  shown(): string {
    const body = this.body();
    return body === '' ? this.maskedLine() : `${this.maskedLine()}\n\n${body}`;
  }

  /** Written out: every request has it, and objects of all of this cost more than the rest. */
  requestFields(): string {
    const { maskText } = this.maskers;
    const method = maskText(this.facts.method);
    const { overrides, host, path, content_type, files, unparsed } = this.facts;
    const facts = {
      method,
      overrides: overrides.length === 0 ? undefined : overrides.map((one) => maskText(one)),
      host: this.shownHost(host),
      path: maskText(path),
      content_type: maskText(content_type),
      files:
        files === undefined || files.length === 0
          ? undefined
          : files.map((file) => ({ ...file, field: maskText(file.field), name: maskText(file.name) })),
      unparsed,
      sql: this.sql && this.shownSql(this.sql),
      ...this.more,
    };
    const operation = this.operations.length === 0 ? method : maskText(this.operations.join(', '));
    const body = this.kept_bytes > 0 ? `,"body":${JSON.stringify(this.body())}` : '';
    return (
      `,"request":"${REQUEST}","operation":${JSON.stringify(operation)},"text":${JSON.stringify(this.maskedLine())},"headers":${this.headersJson()}${body}` +
      `,"facts":${JSON.stringify(facts)},"fingerprint":"${this.fingerprint}","bytes":${this.bytes}`
    );
  }

  private headersJson(): string {
    const { headers } = this.facts;
    let fields = '';
    for (const name in headers) {
      const line = shownLine(name, headers[name]!, this.maskers);
      // Names may have become one, or a number, which JSON has first.
      if (line.name !== name) return this.maskedHeadersJson();
      fields += fields === '' ? line.field : `,${line.field}`;
    }
    return `{${fields}}`;
  }

  private maskedHeadersJson(): string {
    const headers: Record<string, string> = {};
    for (const name in this.facts.headers) {
      const [shown, value] = shownHeader(name, this.facts.headers[name]!, this.maskers);
      // the one name that would not become a property of its own
      if (shown === '__proto__') Object.defineProperty(headers, shown, { value, enumerable: true });
      else headers[shown] = value;
    }
    return JSON.stringify(headers);
  }

  /** The body of a request that was let through before it came. */
  bodyFields(): string {
    return json({ request: REQUEST, body: this.body(), bytes: this.bytes, left_out: this.bytes - this.kept_bytes });
  }

  /** What a reader of the recording looks for: kinds and objects. */
  private shownSql({ statements, count, unparsed, opaque }: SqlFacts): object {
    const name = (text: string) => this.maskers.maskText(text);
    return {
      count,
      unparsed,
      opaque,
      statements: statements.slice(0, SHOWN_STATEMENTS_MAX).map(({ kind, object, within, objects, writes, filtered }) => ({
        kind,
        object,
        within,
        writes,
        filtered,
        objects: objects.map((one) => ({ ...one, schema: name(one.schema), name: name(one.name) })),
      })),
    };
  }

  private maskedLine(): string {
    const { method, host, path, query } = this.facts;
    const { maskText } = this.maskers;
    const pairs = Object.entries(query).flatMap(([name, values]) => maskedWords(values, maskText).map((value) => `${name}=${value}`));
    return `${this.maskers.maskText(method)} ${this.shownHost(host)}${this.maskers.maskText(`${path}${pairs.length > 0 ? `?${pairs.join('&')}` : ''}`)}`;
  }

  /** An address in the place of the server's name is the server's, and nobody's secret; a name is text of the client's like any other. */
  private shownHost(host: string): string {
    return ADDRESS.test(host) ? host : this.maskers.maskText(host);
  }

  /** JSON is shown without its \u escapes, which would hide values from the masks. */
  private body(): string {
    const text = Buffer.concat(this.kept).toString('utf8');
    return this.maskers.maskText(
      text.replace(/\\u([0-9a-fA-F]{4})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    );
  }
}

/**
 * Words that say something together: an option of a command and its value, which a query has one behind the other. Where the masks find something in
 * the line that they make, that line stands for them.
 */
export function maskedWords(words: readonly string[], maskText: (text: string) => string): readonly string[] {
  if (words.length < 2) return words;
  const line = words.join(' ');
  const masked = maskText(line);
  return masked === line ? words : [masked];
}

const shape = (before: string, more: readonly string[]): string =>
  createHash('sha256')
    .update([before, ...more].join('\0'))
    .digest('hex')
    .slice(0, 16);

/** Paths come again and again. */
const shapes = new Memo<string>(1000, 256);

const shapeOf = (path: string): string =>
  path
    .split('/')
    .map((part) => (VARIABLE.test(part) ? '*' : part))
    .join('/');

/** Requests of few shapes come again and again. */
const fingerprints = new Memo<string>(1000, 256);

const fingerprintOf = (shape: string): string => fingerprints.get(shape, fingerprint);

const fingerprint = (shape: string): string => createHash('sha256').update(shape).digest('hex').slice(0, 16);

const json = (event: object): string => `,${JSON.stringify(event).slice(1, -1)}`;
