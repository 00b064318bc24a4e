import type { HeldOperation } from '../approval/types.js';
import type { Answer, Header } from './effects.js';
import { problemOf, type Refusal } from './problem.js';

/** Where a client asks about a request that waits without it. Never a path of the server behind. */
const LINK = /^\/\.midstream\/held\/(\d{1,3}-[0-9a-f]{32})\/?(?:\?.*)?$/;
export const linkOf = (id: string): string => `/.midstream/held/${id}`;
/** What links begin with for requests that this worker holds: Envoy brings the questions to it. */
export const linksOfWorker = (worker: number): string => linkOf(`${worker}-`);

/** The id in the path of such a question; undefined for every other request. */
export const askedId = (headers: readonly Header[]): string | undefined =>
  LINK.exec(headers.find(([name]) => name === ':path')?.[1] ?? '')?.[1];

/** Seconds after which a client may ask again. */
const RETRY_SECONDS = 2;

export type Immediate = Extract<Answer, { part: 'immediate' }>;

/** pending: nobody has decided; running: somebody else's question carries it now. */
export type WaitingState = 'pending' | 'running';

/** 202 (RFC 9110 section 15.3.3): the request waits for a person, and here is where to ask about it. */
export function acceptedAnswer({ hold, rule, message, session, expires_ms }: HeldOperation, id: string, state: WaitingState): Immediate {
  const link = linkOf(id);
  const body = {
    type: 'urn:midstream:problem:held',
    title: 'Waiting for approval',
    status: 202,
    state,
    detail: message,
    instance: `urn:midstream:request:${session}`,
    rule,
    // What approvers decide by (`midstream approvals approve HOLD`): the link is for the client alone.
    hold,
    link,
    expires: new Date(expires_ms).toISOString(),
    hint: 'Ask at the link with the same identity. After the approval the request runs once, and the answer to it is the answer there.',
  };
  return {
    part: 'immediate',
    status: 202,
    headers: [
      ['content-type', 'application/json'],
      ['location', link],
      ['retry-after', String(RETRY_SECONDS)],
      ['cache-control', 'no-store'],
    ],
    body: Buffer.from(JSON.stringify(body)),
    details: 'midstream_accepted',
  };
}

/** A refusal in answer to a question, not to the request itself. */
export const askedInVain = (refusal: Pick<Refusal, 'status' | 'kind' | 'title' | 'detail'>, session: string): Immediate => ({
  part: 'immediate',
  status: refusal.status,
  ...problemOf({ ...refusal, rule: '', hint: '' }, session),
  details: `midstream_${refusal.kind}`,
});

/** Whoever asks about what is not theirs learns as much as who asks about what never was. */
export const unknownLink = (): Immediate =>
  askedInVain(
    {
      status: 404,
      kind: 'unknown',
      title: 'Nothing waits here',
      detail: 'There is no such request, or not for this caller, or its time is over.',
    },
    'none',
  );

/** The headers that leave for a client, of those that came from the server. */
export function changedHeaders(
  headers: readonly Header[],
  { set = [], append = [], remove = [] }: { set?: readonly Header[]; append?: readonly Header[]; remove?: readonly string[] },
): Header[] {
  const gone = new Set([...remove, ...set.map(([name]) => name)]);
  return [...headers.filter(([name]) => !gone.has(name)), ...set, ...append];
}

/** Headers of a connection or of Envoy, which the one that carries a request has of its own. */
const OF_THE_CARRIER = new Set([':scheme', 'connection', 'transfer-encoding', 'te', 'x-forwarded-proto']);

/**
 * A question turned into the request that waited: its method, target and headers in place of the question's own, its body as it was
 * approved. `to` is what the exchange says of its request.
 */
export function carriedRequest(
  question: readonly Header[],
  request: readonly Header[],
  to: Extract<Answer, { part: 'request_headers' | 'response_headers' }>,
  body: Buffer,
): Answer {
  const wanted = changedHeaders(request, to).filter(([name]) => !OF_THE_CARRIER.has(name));
  const names = new Set(wanted.map(([name]) => name));
  const first = new Set<string>();
  const set: Header[] = [];
  const append: Header[] = [];
  for (const header of wanted) {
    if (first.has(header[0])) append.push(header);
    else {
      first.add(header[0]);
      set.push(header);
    }
  }
  const remove = [...new Set(question.map(([name]) => name))].filter(
    (name) => !name.startsWith(':') && !names.has(name) && !OF_THE_CARRIER.has(name),
  );
  return { part: 'request_headers', set, append, remove, ...(body.length > 0 ? { body } : {}) };
}
