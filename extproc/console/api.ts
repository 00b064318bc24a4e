import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import type { ApprovalStore, HeldOperation, HoldStatus } from '../../filters/approval/types.js';
import { MidstreamError } from '../../filters/errors.js';
import { readComment } from './body.js';
import { approvalEvents } from './events.js';
import { bearer, Failures, refuseBrowsers } from './guard.js';
import { listItem } from './list-item.js';
import { addLogin, type People } from './login/routes.js';
import type { PeopleLogin } from './login/types.js';
import { problem, problemOf } from './problem.js';
import { type ApproverToken, findToken, hasEnded } from './tokens.js';

export { type RunningApi, serveApi } from './serve.js';
export type { ApproverToken } from './tokens.js';

export interface ApiOptions {
  store: ApprovalStore;
  tokens: readonly ApproverToken[];
  /** names, beside those of this machine, that the API is served under: what a Host header may say, without the port */
  hosts?: readonly string[];
  /** people log in at an identity provider too; undefined: tokens alone */
  login?: PeopleLogin | undefined;
  now?: () => number;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Whose request it is, by a token or a session; `over` when neither holds any more. */
interface Approver {
  id: string;
  /** what the same person is called elsewhere */
  names: readonly string[];
  groups: readonly string[];
  /** is in whatever group an operation is for */
  everyGroup: boolean;
  over: () => boolean;
}

type Env = { Variables: { approver: Approver }; Bindings: { incoming?: { socket: { remoteAddress?: string } } } };

const BODY_BYTES_MAX = 16 * 1024;
const STREAMS_MAX = 100;
const HOLD_ID = /^[0-9a-f]{32}$/;
const statuses: readonly HoldStatus[] = ['pending', 'approved', 'denied', 'expired', 'cancelled'];

/** The API of approvers: JSON in and out, bearer tokens, problem details for every error. The web console will stand on it. */
export function createApi(options: ApiOptions): Hono<Env> {
  const app = new Hono<Env>();
  app.onError((error, c) => {
    const known = error instanceof MidstreamError;
    if (!known || error.code === 'unavailable')
      options.log.error({ error: error.name, code: causeCode(error) }, 'the approvals API failed on a request');
    return problemOf(c, error);
  });
  app.notFound((c) => problem(c, 404, 'not_found', 'there is nothing here', 'GET /v1/approvals lists held operations.'));
  app.use('*', async (c, next) => {
    await next();
    c.header('cache-control', 'no-store');
    if (!c.res.headers.has('content-security-policy')) c.header('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
    c.header('cross-origin-resource-policy', 'same-origin');
    c.header('x-content-type-options', 'nosniff');
    c.header('referrer-policy', 'no-referrer');
  });
  app.get('/healthz', (c) => c.json({ ok: true }));
  const hosts = hostsOf(options);
  const people =
    options.login && addLogin(app as unknown as Hono, options.login, { hosts, log: options.log, now: options.now ?? Date.now });
  app.use('/v1/*', authenticate(options, hosts, people));
  app.get('/v1/me', (c) => {
    const { id, groups } = c.get('approver');
    return c.json({ id, groups });
  });
  app.use(
    '/v1/*',
    bodyLimit({ maxSize: BODY_BYTES_MAX, onError: (c) => problem(c, 413, 'limit_exceeded', `a body may have ${BODY_BYTES_MAX} bytes`) }),
  );
  readRoutes(app, options);
  decideRoutes(app, options);
  leaseRoutes(app, options);
  return app;
}

/** Names that the API is served under, that of the pages among them. */
function hostsOf({ hosts = [], login }: ApiOptions): string[] {
  return [...hosts, ...(login === undefined ? [] : [new URL(login.url).hostname])].map((host) => host.toLowerCase());
}

/** Finds out whose request it is; without a valid token nothing goes on. */
function authenticate(options: ApiOptions, hosts: readonly string[], people: People | undefined) {
  const now = options.now ?? Date.now;
  const failures = new Failures(now);
  return async (c: Context<Env>, next: () => Promise<void>): Promise<Response | undefined> => {
    refuseBrowsers(c, hosts);
    const session = c.req.header('authorization') === undefined ? people?.sessions.find(c) : undefined;
    if (session !== undefined) {
      // A page of another site can't read the token, and a form can't send a header.
      if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && c.req.header('x-csrf-token') !== session.csrf)
        throw new MidstreamError('forbidden', 'the header x-csrf-token is missing or wrong', {
          hint: 'Every answer to a session has it in x-midstream-csrf.',
        });
      c.set('approver', {
        id: session.person.id,
        names: session.person.names,
        groups: people!.groupsOf(session.person),
        everyGroup: false,
        over: session.over,
      });
      c.header('x-midstream-csrf', session.csrf);
      await next();
      return undefined;
    }
    const presented = bearer(c);
    const token = presented === undefined ? undefined : findToken(options.tokens, presented);
    if (token !== undefined && !hasEnded(token, now())) {
      c.set('approver', {
        id: token.id,
        names: token.also ?? [],
        groups: token.groups,
        everyGroup: token.every_group === true,
        over: () => hasEnded(token, now()),
      });
      await next();
      return undefined;
    }
    const count = failures.add();
    if (count > Failures.max) {
      c.header('retry-after', String(Failures.window_s));
      return problem(c, 429, 'unauthenticated', 'too many requests without a valid token', 'Wait a minute.');
    }
    options.log.warn(
      { from: address(c), id: token?.id, count },
      token ? 'a token that has ended was presented' : 'a request without a valid token',
    );
    c.header('www-authenticate', 'Bearer realm="midstream"');
    const hint = 'Send Authorization: Bearer TOKEN; tokens are made by `midstream approvals token`.';
    return problem(
      c,
      401,
      'unauthenticated',
      token ? 'this token has ended' : presented === undefined ? 'a token is needed' : 'this token is not known',
      hint,
    );
  };
}

function readRoutes(app: Hono<Env>, options: ApiOptions): void {
  const now = options.now ?? Date.now;
  let streams = 0;
  app.get('/v1/approvals', async (c) => c.json({ now_ms: now(), approvals: (await options.store.list(listFilter(c))).map(listItem) }));
  app.get('/v1/approvals/events', (c) => {
    c.header('content-type', 'text/event-stream');
    if (c.req.method === 'HEAD') return c.body(null);
    if (streams >= STREAMS_MAX) throw new MidstreamError('unavailable', `${STREAMS_MAX} streams are open already`);
    const approver = c.get('approver');
    streams += 1;
    const ended = () => {
      streams -= 1;
    };
    return c.body(approvalEvents(options.store, () => !approver.over(), ended));
  });
  app.get('/v1/approvals/:hold', async (c) => {
    const record = await options.store.get(holdId(c));
    if (record === undefined) throw noSuchHold();
    return c.json({ now_ms: now(), ...record });
  });
  app.get('/v1/leases', async (c) => c.json({ now_ms: now(), leases: await options.store.leases(now()) }));
  for (const path of ['/v1/leases', '/v1/approvals', '/v1/approvals/events', '/v1/approvals/:hold'])
    app.all(path, (c) => wrongMethod(c, 'GET, HEAD'));
}

function decideRoutes(app: Hono<Env>, options: ApiOptions): void {
  const now = options.now ?? Date.now;
  for (const verdict of ['approve', 'deny'] as const) {
    const path = `/v1/approvals/:hold/${verdict}`;
    app.post(path, async (c) => {
      const hold = holdId(c);
      const approver = c.get('approver');
      const { id, names } = approver;
      const comment = await readComment(c);
      const asked = approver.everyGroup ? await options.store.get(hold) : undefined;
      const record = await options.store.decide(hold, {
        by: id,
        ...(names.length === 0 ? {} : { names: [...names] }),
        groups: groupsFor(approver, asked?.operation),
        verdict,
        comment,
        at_ms: now(),
        from: `api ${address(c)}`.trim(),
      });
      options.log.info({ hold, by: id, verdict, status: record.status }, 'a held operation was decided on');
      return c.json({ now_ms: now(), ...record });
    });
    app.all(path, (c) => wrongMethod(c, 'POST'));
  }
}

function leaseRoutes(app: Hono<Env>, options: ApiOptions): void {
  const now = options.now ?? Date.now;
  app.post('/v1/leases/:lease/revoke', async (c) => {
    const lease = c.req.param('lease');
    if (!HOLD_ID.test(lease))
      throw new MidstreamError('not_found', 'there is no such lease', {
        hint: '`midstream approvals leases` lists them, as GET /v1/leases does.',
      });
    const approver = c.get('approver');
    const left = approver.everyGroup ? (await options.store.leases(now())).find((one) => one.lease === lease) : undefined;
    await options.store.revokeLease(lease, groupsFor(approver, left?.operation), now());
    options.log.info({ lease, by: approver.id }, 'a lease was revoked');
    return c.json({ now_ms: now(), lease, revoked: true });
  });
  app.all('/v1/leases/:lease/revoke', (c) => wrongMethod(c, 'POST'));
}

/** What an operation is for does not change once it is held, so that asking for it before deciding on it is safe. */
function groupsFor({ groups, everyGroup }: Approver, operation: HeldOperation | undefined): string[] {
  return everyGroup && operation !== undefined ? [...new Set([...groups, ...operation.terms.by])] : [...groups];
}

function listFilter(c: Context): { status?: HoldStatus; limit?: number } {
  const query = c.req.query();
  const unknown = Object.keys(query).find((key) => key !== 'status' && key !== 'limit');
  if (unknown !== undefined)
    throw new MidstreamError('bad_input', `the parameter ${JSON.stringify(unknown.slice(0, 40))} is not known`, {
      hint: 'There are status and limit.',
    });
  const status = statuses.find((one) => one === query.status);
  if (query.status !== undefined && status === undefined)
    throw new MidstreamError('bad_input', 'this status is not known', { hint: `Use one of ${statuses.join(', ')}.` });
  const limit = query.limit;
  if (limit !== undefined && !/^([1-9]\d{0,2}|1000)$/.test(limit))
    throw new MidstreamError('bad_input', 'limit must be a number from 1 to 1000');
  return { ...(status === undefined ? {} : { status }), ...(limit === undefined ? {} : { limit: Number(limit) }) };
}

function holdId(c: Context): string {
  const hold = c.req.param('hold') ?? '';
  if (!HOLD_ID.test(hold)) throw noSuchHold(LINK_ID.test(hold));
  return hold;
}

/** The last part of the link that a 202 names (filters/http/accepted.ts). */
const LINK_ID = /^\d{1,3}-[0-9a-f]{32}$/;

const noSuchHold = (link = false) =>
  new MidstreamError('not_found', `there is no such held operation${link ? ': this is the id of a link' : ''}`, {
    hint: link
      ? 'By a link a client asks for its answer. What is approved has an id of its own: `hold` in the answer with the link, and in `midstream approvals list`.'
      : 'Ids are 32 hexadecimal digits; `midstream approvals list` shows them, as GET /v1/approvals does.',
  });

function wrongMethod(c: Context, allow: string): Response {
  c.header('allow', allow);
  return problem(c, 405, 'bad_input', `this takes ${allow}`);
}

const address = (c: Context<Env>): string => c.env?.incoming?.socket.remoteAddress ?? '';

/** The code of what is behind an error (SQLITE_FULL, EACCES); messages may name files, codes hold nothing. */
function causeCode(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
