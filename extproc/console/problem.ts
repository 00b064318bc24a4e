import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { MidstreamError, type ReasonCode } from '../../filters/errors.js';

const statuses: Partial<Record<ReasonCode, ContentfulStatusCode>> = {
  bad_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  limit_exceeded: 413,
  unavailable: 503,
};

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Problem details (RFC 9457). `code` is our reason code, `hint` what can be done about it. */
export function problem(c: Context, status: ContentfulStatusCode, code: ReasonCode, detail: string, hint = ''): Response {
  const body = { type: 'about:blank', title: titles[status] ?? 'Error', status, detail, code, ...(hint === '' ? {} : { hint }) };
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' });
}

/** The problem of an error; of one that is not ours nothing is told. */
export function problemOf(c: Context, error: unknown): Response {
  if (error instanceof MidstreamError) return problem(c, statuses[error.code] ?? 500, error.code, error.message, error.hint);
  return problem(c, 500, 'internal', 'the gateway failed on this request');
}
