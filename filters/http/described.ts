import { readBody } from './body.js';
import type { Header } from './effects.js';
import type { HttpFacts } from './facts.js';
import { factsOf } from './request-facts.js';

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

/** The facts of that request, its body read. */
export function describedFacts({ method = 'GET', url, headers = {}, body }: DescribedRequest): HttpFacts {
  const whole = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url);
  const json = body !== undefined && typeof body !== 'string';
  const named = Object.entries(headers).map(([name, value]): Header => [name.toLowerCase(), Buffer.from(value, 'utf8').toString('latin1')]);
  const typed = named.some(([name]) => name === 'content-type');
  const facts = factsOf([
    [':method', method],
    [':authority', whole?.[1] ?? headers['host'] ?? 'localhost'],
    [':path', Buffer.from(whole === null ? url : whole[2] || '/', 'utf8').toString('latin1')],
    ...named,
    ...(json && !typed ? [['content-type', 'application/json'] as const] : []),
  ]);
  const read = readBody(facts.content_type, Buffer.from(body === undefined ? '' : json ? JSON.stringify(body) : (body as string)));
  return { ...facts, ...read, unparsed: facts.unparsed || read.unparsed };
}
