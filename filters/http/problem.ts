/** A refusal as an HTTP client reads it: problem details (RFC 9457), or a gRPC status where the call is one. */
export interface Refusal {
  status: number;
  /** word of the problem's type: denied, expired, late, too_large, unreadable, unavailable */
  kind: string;
  title: string;
  detail: string;
  rule: string;
  hint: string;
}

/** gRPC status codes (grpc/doc/statuscodes.md). */
const GRPC_STATUS: Record<number, number> = { 401: 16, 403: 7, 408: 4, 413: 8, 502: 13, 503: 14, 504: 4 };

/** Nothing of the request is in it, so it may go to logs and recordings too. */
export function problemOf(refusal: Refusal, session: string): { headers: [string, string][]; body: Buffer } {
  const { status, kind, title, detail, rule, hint } = refusal;
  const body = {
    type: `urn:midstream:problem:${kind}`,
    title,
    status,
    detail,
    instance: `urn:midstream:request:${session}`,
    ...(rule === '' ? {} : { rule }),
    ...(hint === '' ? {} : { hint }),
  };
  return {
    headers: [
      ['content-type', 'application/problem+json'],
      ['cache-control', 'no-store'],
      // RFC 6750, section 3.
      ...(status === 401 ? ([['www-authenticate', 'Bearer realm="midstream", error="invalid_token"']] as [string, string][]) : []),
    ],
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** The same in one sentence, for protocols whose clients print a text. */
export function sentenceOf({ title, detail, rule, hint }: Refusal, session: string): string {
  const who = rule === '' ? `request ${session}` : `rule ${rule}, request ${session}`;
  const sentence = detail === '' || /[.!?]$/.test(detail) ? detail : `${detail}.`;
  const said = [`${title}:`, hint === '' ? detail : sentence, hint].filter((part) => part !== '').join(' ');
  return `${said} (${who})`;
}

export const grpcStatusOf = (status: number): number => GRPC_STATUS[status] ?? 2;
