import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request } from 'node:https';
import { isName } from './names.js';
import type { TokenReviewConfig, Verified } from './types.js';

/** How long an answer counts, milliseconds, and how many are remembered. */
const ANSWER_MS_MAX = 60_000;
const ANSWERS_MAX = 10_000;
const ASK_MS_MAX = 5_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

interface Review {
  status?: { authenticated?: boolean; user?: { username?: string; uid?: string; groups?: string[] }; audiences?: string[] };
}

/** `authentication.k8s.io/v1 TokenReview`: the API server says whose token it is, and knows also of those that were taken back. */
export function createTokenReview(config: TokenReviewConfig, now: () => number = Date.now) {
  const answers = new Map<string, { until: number; answer: Verified }>();
  return async (token: string, source: string): Promise<Verified> => {
    const name = createHash('sha256').update(token).digest('base64');
    const known = answers.get(name);
    if (known !== undefined && known.until > now()) return withSource(known.answer, source);
    let review: Review;
    try {
      review = await ask(config, token);
    } catch {
      return { ok: false, reason: 'the keys of the token’s issuer can’t be had', unavailable: true };
    }
    const answer = verified(review, config);
    if (answers.size >= ANSWERS_MAX) answers.delete(answers.keys().next().value!);
    answers.set(name, { until: now() + ANSWER_MS_MAX, answer });
    return withSource(answer, source);
  };
}

const withSource = (answer: Verified, source: string): Verified =>
  answer.ok ? { ...answer, identity: { ...answer.identity, source } } : answer;

function verified({ status }: Review, { api, audiences }: TokenReviewConfig): Verified {
  const username = status?.user?.username;
  if (status?.authenticated !== true || !isName(username)) return { ok: false, reason: 'not a token that is known here' };
  // A server that does not know audiences leaves them out, and would let any of them in.
  if (audiences.length > 0 && !(status.audiences ?? []).some((one) => audiences.includes(one)))
    return { ok: false, reason: 'the token is for somebody else' };
  const groups = (status.user?.groups ?? []).filter(isName);
  const kind = username.startsWith('system:serviceaccount:') ? 'service-account' : 'jwt';
  return { ok: true, identity: { id: username, kind, issuer: api, groups, claims: {}, source: '', proof: 'token' }, expires_s: undefined };
}

async function ask({ api, ca_file, token_file, audiences }: TokenReviewConfig, token: string): Promise<Review> {
  const [ca, own] = await Promise.all([ca_file === undefined ? undefined : readFile(ca_file), readFile(token_file, 'utf8')]);
  const url = new URL('/apis/authentication.k8s.io/v1/tokenreviews', api);
  const body = JSON.stringify({
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audiences.length > 0 ? { audiences } : {}) },
  });
  const headers = { authorization: `Bearer ${own.trim()}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return await new Promise<Review>((resolve, reject) => {
    const send = url.protocol === 'http:' ? httpRequest : request;
    const call = send(url, { method: 'POST', headers, ca, timeout: ASK_MS_MAX }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX) call.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        try {
          if (response.statusCode !== 200 && response.statusCode !== 201) throw new Error(`status ${response.statusCode}`);
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Review);
        } catch (error) {
          reject(error);
        }
      });
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('no answer in time')));
    call.on('error', reject);
    call.end(body);
  });
}
