import { type BodyReading, MULTIPART, readBodies, unparsed } from './body.js';
import { readText } from './charset.js';
import { readContentType } from './content-type.js';
import type { HttpFacts, HttpReading } from './facts.js';
import { isGraphqlPlace, readGraphql } from './graphql.js';
import { type RequestHead, readOverrides } from './request-facts.js';
import { type RawText, type SqlSource, sqlOf } from './sql-places.js';
import { type UnpackLimits, unpackWhole } from './unpack/index.js';

/** Readings that one request may have; one with more is judged as not understood. */
const READINGS_MAX = 64;

/**
 * A request in every way that a server may read it: with the methods that it asks to be taken for, the paths that readers differ on, each kind
 * of reader of its body, and a path in small letters and without the slash at its end for servers that do not tell them apart. The first is the usual one. A policy judges all
 * of them, and the strictest verdict counts.
 * @param body as it came; undefined: not read
 */
export function readingsOf(head: RequestHead, body: Buffer | undefined, source?: SqlSource, limits = UNPACK_LIMITS): HttpReading[] {
  const plain = unpacked(head, body, limits);
  const readings = plainReadings(head, plain);
  if (source === undefined || source.places.length === 0) return readings;
  const raw = rawText(head, plain);
  return readings.flatMap((reading) => withSql(reading, sqlOf(source, reading.http, raw)));
}

/** A statement that servers of its product may be configured to read otherwise makes several readings. */
function withSql(reading: HttpReading, asked: ReturnType<typeof sqlOf>): HttpReading[] {
  if (asked === undefined) return [reading];
  const { sql, params } = asked;
  const { otherwise = [], ...usual } = sql;
  return [usual, ...otherwise].map((one) => ({ ...reading, sql: one, params }));
}

/** Where nobody says how long a body may be when it is unpacked. */
const UNPACK_LIMITS: UnpackLimits = { unpacked_bytes_max: 16 * 1024 * 1024, unpacked_ratio_max: 200 };

/** A body that could not be unpacked. */
interface StillPacked {
  packed: string;
}

/** The body without its Content-Encoding. A server that does not undo it reads bytes of no meaning. */
function unpacked(head: RequestHead, body: Buffer | undefined, limits: UnpackLimits): Buffer | StillPacked | undefined {
  if (body === undefined || body.length === 0) return body;
  try {
    return unpackWhole(head.content_encoding, body, limits);
  } catch (error) {
    return { packed: `its body can’t be unpacked: ${(error as Error).message}` };
  }
}

function rawText(head: RequestHead, body: Buffer | StillPacked | undefined): RawText {
  if (body === undefined) return undefined;
  if ('packed' in body) return { broken: body.packed };
  const { type, parameters, broken } = readContentType(head.content_type);
  if (type === MULTIPART || broken !== '') return { broken: broken || 'the body is no text' };
  const { texts, broken: why } = readText(body, parameters.get('charset') ?? '');
  return texts.length === 1 ? { text: texts[0]! } : { broken: why || 'the body is several texts' };
}

function bodiesOf(head: RequestHead, body: Buffer | StillPacked | undefined): (BodyReading | undefined)[] {
  if (body === undefined) return [undefined];
  return 'packed' in body ? [unparsed(body.packed)] : readBodies(head.content_type, body);
}

function plainReadings(head: RequestHead, body: Buffer | StillPacked | undefined): HttpReading[] {
  const bodies = bodiesOf(head, body);
  // Most requests can be read in one way only.
  if (bodies.length === 1 && head.queries.length === 0 && head.paths.length === 0) {
    const facts = withBody(head.facts, head.facts.query, bodies[0]);
    if (facts.overrides.length === 0) return cases(facts);
  }
  const readings: HttpReading[] = [];
  for (const query of [head.facts.query, ...head.queries])
    for (const one of bodies) {
      const facts = { ...withBody(head.facts, query, one), query };
      for (const path of [facts.path, ...head.paths])
        for (const method of [facts.method, ...facts.overrides]) readings.push(...cases({ ...facts, path, method }));
    }
  if (readings.length <= READINGS_MAX) return readings;
  const why = readings[0]!.http.unparsed || 'it can be read in too many ways';
  return [{ http: { ...readings[0]!.http, unparsed: why }, lowered: false }, ...readings.slice(1, READINGS_MAX)];
}

/** What a request may reach, for whoever decides by method, host and path alone: it is let through when all of it may be. */
export interface Reach {
  asked: { method: string; host: string; path: string }[];
  /** why it could be something else to somebody; empty when it can't */
  unparsed: string;
}

export function reachOf(head: RequestHead): Reach {
  const seen = new Map<string, { method: string; host: string; path: string }>();
  for (const { http, lowered } of readingsOf(head, undefined)) {
    const { method, host, path } = http;
    if (!lowered) seen.set(`${method} ${path}`, { method, host, path });
  }
  return { asked: [...seen.values()], unparsed: head.facts.unparsed };
}

/** For servers that do not tell apart small and capital letters, or a path with a slash at its end and without (Express, and others). */
function cases(http: HttpFacts): HttpReading[] {
  const { path } = http;
  const lower = path.toLowerCase();
  if (lower === path && (path === '/' || !path.endsWith('/'))) return [{ http, lowered: false }];
  const others = new Set([lower, path, lower].map((one, i) => (i === 0 || one === '/' ? one : one.replace(/\/$/, ''))));
  others.delete(path);
  return [{ http, lowered: false }, ...[...others].map((one) => ({ http: { ...http, path: one }, lowered: true }))];
}

function withBody(facts: HttpFacts, query: Record<string, string[]>, read: BodyReading | undefined): HttpFacts {
  if (read === undefined) return facts;
  const { body, files, unreadable, binary = false } = read;
  const named = methodsIn(body);
  const none = named.length === 0 && facts.overrides.length === 0;
  const { overrides, broken } = none ? NO_OVERRIDES : readOverrides([...facts.overrides, ...named]);
  const more = { ...facts, body, files, unreadable, overrides: overrides.filter((one) => one !== facts.method) };
  const unparsed = facts.unparsed || read.unparsed || broken;
  if (read.body === undefined && !(binary && !isGraphqlPlace(facts.path, facts.content_type))) return { ...more, unparsed };
  try {
    return { ...more, unparsed, graphql: readGraphql(facts.path, facts.content_type, query, read.body ?? null) };
  } catch (error) {
    return { ...more, unparsed: unparsed || (error as Error).message };
  }
}

const NO_OVERRIDES = { overrides: [] as string[], broken: '' };

/** `_method` of a form or an object. */
function methodsIn(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  const given = (body as Record<string, unknown>)['_method'];
  return (Array.isArray(given) ? given : [given]).filter((one): one is string => typeof one === 'string');
}
