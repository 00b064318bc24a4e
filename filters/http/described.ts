import type { Header } from './effects.js';
import type { HttpReading } from './facts.js';
import { readingsOf } from './readings.js';
import { headOf } from './request-facts.js';
import type { SqlSource } from './sql-places.js';

/** A request as people write it down: in the cases of a policy, on a command line. */
export interface DescribedRequest {
  /** GET where it is not said */
  method?: string;
  /** path and query, or a whole URL */
  url: string;
  headers?: Record<string, string>;
  /** text, or a value that stands for its JSON */
  body?: unknown;
}

/** That request in every way that it can be read; its body too, where `waits` says so of what is known before it. */
export function describedReadings(
  { method = 'GET', url, headers = {}, body }: DescribedRequest,
  sql?: SqlSource,
  waits: (head: HttpReading[]) => boolean = () => true,
): HttpReading[] {
  const whole = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url);
  const json = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body);
  const named = Object.entries(headers).map(([name, value]): Header => [name.toLowerCase(), Buffer.from(value, 'utf8').toString('latin1')]);
  const typed = named.some(([name]) => name === 'content-type');
  const head = headOf([
    [':method', method],
    [':authority', whole?.[1] ?? headers['host'] ?? 'localhost'],
    [':path', Buffer.from(whole === null ? url : whole[2] || '/', 'utf8').toString('latin1')],
    ...named,
    ...(json && !typed ? [['content-type', 'application/json'] as const] : []),
  ]);
  const bytes = describedBytes(body);
  if (bytes.length > 0) {
    const early = readingsOf(head, undefined);
    if (!waits(early)) return early;
  }
  return readingsOf(head, bytes, sql);
}

/** The body as bytes: text and bytes as they are, anything else as JSON. */
export function describedBytes(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
}
