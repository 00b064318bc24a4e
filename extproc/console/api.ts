import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamSSE } from 'hono/streaming';
import type { Logger } from 'pino';
import type { ApprovalStore, HoldStatus } from '../../filters/approval/types.js';
import { MidstreamError } from '../../filters/errors.js';
import { problem, problemOf } from './problem.js';
import { type ApproverToken, findToken } from './tokens.js';

export type { ApproverToken } from './tokens.js';

export interface ApiOptions {
  store: ApprovalStore;
  tokens: readonly ApproverToken[];
  now?: () => number;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

type Env = { Variables: { approver: ApproverToken } };

const BODY_BYTES_MAX = 16 * 1024;
const COMMENT_UNITS_MAX = 2000;
const FAILURES_MAX = 20;
const FAILURES_WINDOW_MS = 60_000;
const HOLD_ID = /^[0-9a-f]{32}$/;
const statuses: readonly HoldStatus[] = ['pending', 'approved', 'denied', 'expired', 'cancelled'];

/** The API of approvers: JSON in and out, bearer tokens, problem details for every error. The web console will stand on it. */
export function createApi(options: ApiOptions): Hono<Env> {
  const now = options.now ?? Date.now;
  const failures = new Failures(now);
  const app = new Hono<Env>();
  app.onError((error, c) => {
    if (!(error instanceof MidstreamError)) options.log.error({ error: error.name }, 'the approvals API failed on a request');
    return problemOf(c, error);
  });
  app.notFound((c) => problem(c, 404, 'not_found', 'there is nothing here', 'GET /v1/approvals lists held operations'));
  app.use('*', async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
    c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
  });
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.use('/v1/*', async (c, next) => {
    fromBrowser(c);
    if (failures.tooMany()) return problem(c, 429, 'forbidden', 'too many wrong tokens; wait a minute');
    const [scheme, presented] = (c.req.header('authorization') ?? '').split(' ');
    const approver = scheme?.toLowerCase() === 'bearer' && presented ? findToken(options.tokens, presented, now()) : undefined;
    if (approver === undefined) {
      failures.count();
      c.header('www-authenticate', 'Bearer');
      return problem(c, 401, 'unauthenticated', 'a valid token is needed', 'send Authorization: Bearer …; tokens are made by `midstream approvals token`');
    }
    c.set('approver', approver);
    return next();
  });
  app.use('/v1/*', bodyLimit({ maxSize: BODY_BYTES_MAX, onError: (c) => problem(c, 413, 'limit_exceeded', `a body may have ${BODY_BYTES_MAX} bytes`) }));

  app.get('/v1/approvals', async (c) => {
    const status = c.req.query('status');
    const known = statuses.find((one) => one === status);
    if (status !== undefined && known === undefined) throw new MidstreamError('bad_input', `status ${status.slice(0, 40)} is not known`, { hint: `use one of ${statuses.join(', ')}` });
    return c.json({ approvals: await options.store.list(known === undefined ? {} : { status: known }) });
  });
  app.get('/v1/approvals/events', (c) =>
    streamSSE(c, async (stream) => {
      const stop = options.store.watchAll((record) => void stream.writeSSE({ event: 'approval', data: JSON.stringify(record) }));
      const alive = setInterval(() => void stream.writeSSE({ event: 'alive', data: '' }), 15_000);
      await stream.writeSSE({ event: 'alive', data: '' });
      await new Promise<void>((done) => stream.onAbort(done));
      clearInterval(alive);
      stop();
    }),
  );
  app.get('/v1/approvals/:hold', async (c) => {
    const record = await options.store.get(holdId(c));
    if (record === undefined) throw new MidstreamError('not_found', 'there is no such held operation');
    return c.json(record);
  });
  for (const verdict of ['approve', 'deny'] as const) {
    app.post(`/v1/approvals/:hold/${verdict}`, async (c) => {
      const hold = holdId(c);
      const { id, groups } = c.get('approver');
      const comment = await readComment(c);
      const record = await options.store.decide(hold, { by: id, groups, verdict, comment, at_ms: now(), from: 'api' });
      options.log.info({ hold, by: id, verdict, status: record.status }, 'a held operation was decided on');
      return c.json(record);
    });
  }
  return app;
}

function holdId(c: Context): string {
  const hold = c.req.param('hold') ?? '';
  if (!HOLD_ID.test(hold)) throw new MidstreamError('not_found', 'there is no such held operation', { hint: 'ids are 32 hexadecimal digits' });
  return hold;
}

async function readComment(c: Context): Promise<string> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new MidstreamError('bad_input', 'the body must be application/json', { hint: 'send {} or {"comment": "…"}' });
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch {
    throw new MidstreamError('bad_input', 'the body is not valid JSON');
  }
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new MidstreamError('bad_input', 'the body must be an object');
  const unknown = Object.keys(body).find((key) => key !== 'comment');
  if (unknown !== undefined) throw new MidstreamError('bad_input', `the field ${unknown.slice(0, 40)} is not known`, { hint: 'only comment may be given' });
  const comment = (body as { comment?: unknown }).comment ?? '';
  if (typeof comment !== 'string' || comment.length > COMMENT_UNITS_MAX) throw new MidstreamError('bad_input', `comment must be text of at most ${COMMENT_UNITS_MAX} characters`);
  return comment;
}

/** A page of another origin can't make a browser act here: tokens are never sent by themselves, and foreign origins and host names are turned away. */
function fromBrowser(c: Context): void {
  const host = (c.req.header('host') ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const origin = c.req.header('origin');
  const local = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);
  if (!local) throw new MidstreamError('forbidden', `this API is not served under the name ${host.slice(0, 80)}`);
  if (origin !== undefined && origin !== `http://${c.req.header('host')}`) throw new MidstreamError('forbidden', 'requests of other origins are not taken');
  if (c.req.header('sec-fetch-site') === 'cross-site') throw new MidstreamError('forbidden', 'requests of other origins are not taken');
}

/** Wrong tokens, all callers together: guessing 192 bits is hopeless anyway, this keeps the log readable. */
class Failures {
  private at: number[] = [];
  constructor(private readonly now: () => number) {}

  count(): void {
    this.at.push(this.now());
  }

  tooMany(): boolean {
    const since = this.now() - FAILURES_WINDOW_MS;
    this.at = this.at.filter((time) => time > since);
    return this.at.length >= FAILURES_MAX;
  }
}

export interface RunningApi {
  url: string;
  close(): Promise<void>;
}

/** Serves the API; loopback unless the operator says otherwise. */
export async function serveApi(options: ApiOptions & { host: string; port: number }): Promise<RunningApi> {
  const app = createApi(options);
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: options.host, port: options.port }, (info) => {
      const host = options.host.includes(':') ? `[${options.host}]` : options.host;
      resolve({
        url: `http://${host}:${info.port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            if ('closeAllConnections' in server) server.closeAllConnections();
          }),
      });
    });
    server.on('error', (error: Error) => reject(new MidstreamError('unavailable', `cannot serve the approvals API on ${options.host}:${options.port}: ${error.message}`)));
  });
}
