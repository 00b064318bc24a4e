import { joinFacts, nothing, type SqlReader } from '../sql/dialects/analyze.js';
import type { SqlReading } from '../sql/facts.js';
import type { HttpFacts } from './facts.js';

/** Where a value stands in a request. */
export type Place = 'body' | { json: string } | { query: string } | { form: string } | { header: string };

/** Where statements come to a server over HTTP. */
export interface SqlPlace {
  /** in capitals; undefined: any */
  methods: readonly string[] | undefined;
  path: RegExp;
  /** undefined: any */
  resource: RegExp | undefined;
  dialect: string;
  statement: Place;
  /** values bound to it */
  parameters: Place | undefined;
  /** the API puts statements together in a way of its own */
  special: 'clickhouse' | 'trino' | 'elasticsearch' | undefined;
}

export interface SqlPlaceDocument {
  api?: string;
  methods?: string[];
  path?: string;
  resource?: string;
  at?: Place;
  parameters?: Exclude<Place, 'body'>;
  dialect?: string;
}

interface Preset {
  dialect: string;
  special?: SqlPlace['special'];
  at: { methods: string[]; path: string; statement: Place; parameters?: Place }[];
}

/** The SQL of known APIs, by their own reference documentation. */
export const sqlApis: Readonly<Record<string, Preset>> = {
  bigquery: {
    dialect: 'bigquery',
    at: ['', '/resumable/upload', '/upload'].flatMap((prefix) => [
      {
        methods: ['POST'],
        path: `${prefix}/bigquery/v2/projects/*/queries`,
        statement: { json: '/query' },
        parameters: { json: '/queryParameters' },
      },
      {
        methods: ['POST'],
        path: `${prefix}/bigquery/v2/projects/*/jobs`,
        statement: { json: '/configuration/query/query' },
        parameters: { json: '/configuration/query/queryParameters' },
      },
    ]),
  },
  snowflake: {
    dialect: 'snowflake',
    at: [
      { methods: ['POST'], path: '/api/v2/statements', statement: { json: '/statement' }, parameters: { json: '/bindings' } },
      // What its drivers use.
      { methods: ['POST'], path: '/queries/v1/query-request', statement: { json: '/sqlText' }, parameters: { json: '/bindings' } },
    ],
  },
  databricks: {
    dialect: 'databricks',
    at: [{ methods: ['POST'], path: '/api/2.?/sql/statements', statement: { json: '/statement' }, parameters: { json: '/parameters' } }],
  },
  trino: { dialect: 'trino', special: 'trino', at: [{ methods: ['POST'], path: '/v1/statement', statement: 'body' }] },
  clickhouse: { dialect: 'clickhouse', special: 'clickhouse', at: [{ methods: [], path: '/', statement: { query: 'query' } }] },
  elasticsearch: {
    dialect: 'elasticsearch',
    special: 'elasticsearch',
    at: ['/_sql', '/_sql/translate', '/_xpack/sql', '/_xpack/sql/translate', '/_plugins/_sql', '/_opendistro/_sql'].map((path) => ({
      methods: ['GET', 'POST'],
      path,
      statement: { json: '/query' },
      parameters: { json: '/params' },
    })),
  },
};

/** `*` stands for one part of a path, `**` for any rest, `?` for one character; a slash at the end makes no difference. */
function pathPattern(glob: string): RegExp {
  const parts = glob.replace(/(?<=.)\/$/, '').split(/(\*+|\?)/);
  const text = parts.map((part) => {
    if (part === '?') return '[^/]';
    if (part.startsWith('*')) return part.length > 1 ? '.*' : '[^/]*';
    return part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${text.join('')}/?$`, 'is');
}

/** Places of a policy, in which their structure was found to be right. */
export function compilePlaces(documents: readonly SqlPlaceDocument[]): SqlPlace[] {
  return documents.flatMap(({ api, methods, path, resource, at, parameters, dialect }): SqlPlace[] => {
    const only = resource === undefined ? undefined : pathPattern(resource);
    if (api === undefined)
      return [
        {
          methods,
          path: pathPattern(path ?? '/**'),
          resource: only,
          dialect: dialect ?? 'postgres',
          statement: at ?? 'body',
          parameters,
          special: undefined,
        },
      ];
    const preset = sqlApis[api]!;
    return preset.at.map((one) => ({
      methods: one.methods.length === 0 ? undefined : one.methods,
      path: pathPattern(path ?? one.path),
      resource: only,
      dialect: preset.dialect,
      statement: one.statement,
      parameters: one.parameters,
      special: preset.special,
    }));
  });
}

/** What reads the SQL of requests to one resource. */
export interface SqlSource {
  places: readonly SqlPlace[];
  read: SqlReader;
}

export const placesOf = (places: readonly SqlPlace[], resource: string): readonly SqlPlace[] =>
  places.filter((place) => place.resource === undefined || place.resource.test(resource));

const applies = (place: SqlPlace, { method, path }: HttpFacts): boolean =>
  (place.methods === undefined || place.methods.includes(method)) && place.path.test(path);

/** True when a statement may stand in this request, as it is read here. */
export const holdsSql = (places: readonly SqlPlace[], facts: HttpFacts): boolean => places.some((place) => applies(place, facts));

/** A body as one text, or why it is none; undefined: not read. */
export type RawText = { text: string } | { broken: string } | undefined;

/**
 * The SQL of a request and the values bound to it; undefined where none of the places applies. What should be a statement and is none, or can't
 * be had, is unparsed.
 */
export function sqlOf(
  source: SqlSource,
  facts: HttpFacts,
  raw: RawText,
): { sql: SqlReading; params: (string | null | undefined)[] } | undefined {
  const found = source.places.filter((place) => applies(place, facts));
  if (found.length === 0) return undefined;
  const parts: SqlReading[] = [];
  const params: (string | null | undefined)[] = [];
  for (const place of found) {
    try {
      for (const text of statementsAt(place, facts, raw)) parts.push(source.read(place.dialect, text));
      if (place.parameters !== undefined) params.push(...valuesAt(place.parameters, facts));
      if (place.special === 'clickhouse')
        for (const [name, values] of Object.entries(facts.query)) if (name.startsWith('param_')) params.push(...values);
    } catch (error) {
      parts.push(nothing((error as Error).message));
    }
  }
  return { sql: joinFacts(parts), params };
}

function statementsAt(place: SqlPlace, facts: HttpFacts, raw: RawText): string[] {
  if (place.special === 'clickhouse') return clickhouse(facts, raw);
  if (place.special === 'elasticsearch' && ('source' in facts.query || 'source_content_type' in facts.query))
    throw new Error('the statement stands in its query');
  const texts = stringsAt(place.statement, facts, raw);
  if (place.special === 'trino') texts.push(...prepared(facts.headers));
  return texts;
}

/** Statements that a Trino client keeps for its server, each with its text (X-Trino-Prepared-Statement: name=text, percent-encoded). */
function prepared(headers: Record<string, string>): string[] {
  return ['x-trino-prepared-statement', 'x-presto-prepared-statement'].flatMap((name) =>
    (headers[name] ?? '')
      .split(',')
      .filter((one) => one.includes('='))
      .map((one) =>
        decodeURIComponent(
          one
            .slice(one.indexOf('=') + 1)
            .trim()
            .replaceAll('+', ' '),
        ),
      ),
  );
}

/** The statement is what the parameter `query` holds with the body behind it; of an INSERT the body is rows. */
function clickhouse({ query }: HttpFacts, raw: RawText): string[] {
  if ('decompress' in query) throw new Error('its body is packed');
  // Parameters are settings, and this one is another language (PRQL, Kusto).
  if ('dialect' in query) throw new Error('it says in which language its statement is');
  if (raw !== undefined && 'broken' in raw) throw new Error(raw.broken);
  const body = raw?.text ?? '';
  const given = query['query'] ?? [];
  if (given.length > 1) throw new Error('the parameter query stands twice');
  const text = given[0] ?? '';
  if (/^\s*insert\b/i.test(text) || body === '') return text === '' ? [] : [text];
  return [text === '' ? body : `${text}\n${body}`];
}

/** All texts at a place; throws Error where something else stands there. */
function stringsAt(place: Place, facts: HttpFacts, raw: RawText): string[] {
  if (place === 'body') {
    if (raw === undefined) return [];
    if ('broken' in raw) throw new Error(raw.broken);
    return raw.text === '' ? [] : [raw.text];
  }
  return at(place, facts).flatMap((value) => {
    if (typeof value === 'string') return [value];
    if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value;
    throw new Error('what should be a statement is no text');
  });
}

function at(place: Exclude<Place, 'body'>, facts: HttpFacts): unknown[] {
  if ('query' in place) return facts.query[place.query] ?? [];
  if ('header' in place) return place.header.toLowerCase() in facts.headers ? [facts.headers[place.header.toLowerCase()]] : [];
  if (facts.body === undefined) throw new Error(facts.unreadable || 'the body was not read');
  if ('form' in place) {
    const pairs = facts.body;
    const values =
      typeof pairs === 'object' && pairs !== null && !Array.isArray(pairs) ? (pairs as Record<string, unknown>)[place.form] : undefined;
    return Array.isArray(values) ? values : [];
  }
  return pointed(
    facts.body,
    place.json
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
  );
}

/** Values at a JSON pointer (RFC 6901); some servers do not tell capitals of keys, so every key that may be meant is followed. */
function pointed(value: unknown, path: readonly string[]): unknown[] {
  const [key, ...rest] = path;
  if (key === undefined) return value === null || value === undefined ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value))
    return key === '-' || key === '*' ? value.flatMap((one) => pointed(one, rest)) : pointed(value[Number(key)], rest);
  return Object.keys(value)
    .filter((name) => name.toLowerCase() === key.toLowerCase())
    .flatMap((name) => pointed((value as Record<string, unknown>)[name], rest));
}

function valuesAt(place: Place, facts: HttpFacts): (string | null | undefined)[] {
  if (place === 'body') return [];
  return at(place, facts).flatMap((value) => scalars(value, 0));
}

/** Values that APIs bind: alone, in lists, or under `value` beside their type. */
function scalars(value: unknown, level: number): (string | null | undefined)[] {
  if (value === null) return [null];
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  if (typeof value !== 'object' || level > 6) return [undefined];
  if (Array.isArray(value)) return value.flatMap((one) => scalars(one, level + 1));
  const fields = value as Record<string, unknown>;
  for (const name of ['parameterValue', 'value', 'arrayValues', 'structValues'])
    if (name in fields) return scalars(fields[name], level + 1);
  if ('type' in fields || 'parameterType' in fields) return [null];
  return Object.values(fields).flatMap((one) => scalars(one, level + 1));
}
