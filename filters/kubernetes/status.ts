import { type Refusal, sentenceOf } from '../http/problem.js';

/** Reasons of metav1.Status by HTTP status; kubectl prints `Error from server (Forbidden): …`. */
const REASONS: Record<number, string> = {
  400: 'BadRequest',
  403: 'Forbidden',
  413: 'RequestEntityTooLarge',
  422: 'Invalid',
  502: 'BadGateway',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A refusal as the clients of a Kubernetes API read it. Nothing of the request is in it. */
export function statusOf(refusal: Refusal, session: string): { headers: [string, string][]; body: Buffer } {
  const { status, detail, rule } = refusal;
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: sentenceOf(refusal, session),
    reason: REASONS[status] ?? 'InternalError',
    details: { causes: [{ reason: 'Midstream', message: rule === '' ? detail : `${rule}: ${detail}` }] },
    code: status,
  };
  return {
    headers: [
      ['content-type', 'application/json'],
      ['cache-control', 'no-store'],
    ],
    body: Buffer.from(`${JSON.stringify(body)}\n`),
  };
}
