import type { Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { html } from 'hono/html';
import type { Logger } from 'pino';
import { MidstreamError } from '../../../filters/errors.js';
import { refuseHost } from '../guard.js';
import { problem } from '../problem.js';
import { Oidc, type OidcState } from './oidc.js';
import { Saml } from './saml.js';
import { Attempts, type Person, Sessions } from './sessions.js';
import type { PeopleLogin } from './types.js';

/** Longest answer of a SAML provider, bytes: a form with one assertion. */
const FORM_BYTES_MAX = 256 * 1024;

/** Longest form of a log-out, bytes: one token. */
const LOGOUT_BYTES_MAX = 4096;

export interface People {
  sessions: Sessions;
  /** the provider's groups as rules name them */
  groupsOf(person: Person): string[];
}

/** Adds the pages by which people log in: /login, their ways back, /logout. */
export function addLogin(
  app: Hono,
  options: PeopleLogin,
  { hosts, log, now }: { hosts: readonly string[]; log: Pick<Logger, 'info' | 'warn'>; now: () => number },
): People {
  const base = options.url.replace(/\/+$/, '');
  const secure = base.startsWith('https:');
  const sessions = new Sessions(options, secure, now);
  const groupsOf = ({ groups }: Person): string[] =>
    options.groups === undefined ? groups : [...new Set(groups.flatMap((group) => options.groups![group] ?? []))];
  const welcome = (c: Context, person: Person): Response | Promise<Response> => {
    sessions.begin(c, person);
    log.info({ by: person.id, issuer: person.issuer }, 'somebody logged in');
    // Not a redirect: the browser came from another site, and would leave the new cookie out.
    return page(c, html`<meta http-equiv="refresh" content="0; url=/" /><p>Logged in. <a href="/">Go on</a></p>`);
  };
  app.use('/login/*', async (c, next) => {
    refuseHost(c, hosts);
    await next();
  });
  const oidc = options.oidc && new Oidc(options.oidc, `${base}/login/oidc/callback`, now);
  const saml = options.saml && new Saml(options.saml, `${base}/login/saml/acs`);
  if (oidc) addOidc(app, oidc, new Attempts<OidcState>(secure, now), welcome);
  if (saml) addSaml(app, saml, new Attempts<SamlAttempt>(secure, now), welcome);
  app.get('/login', (c) => {
    refuseHost(c, hosts);
    return page(
      c,
      html`<h1>Midstream</h1>
        <p>Approvers log in here.</p>
        <ul>
          ${oidc ? html`<li><a href="/login/oidc">Log in (OpenID Connect)</a></li>` : ''}
          ${saml ? html`<li><a href="/login/saml">Log in (SAML)</a></li>` : ''}
        </ul>`,
    );
  });
  app.get('/', (c) => {
    refuseHost(c, hosts);
    const session = sessions.find(c);
    if (session === undefined) return c.redirect('/login');
    const { person, csrf } = session;
    return page(
      c,
      html`<h1>Midstream</h1>
        <p>Logged in as <strong>${person.id}</strong>, approver for: ${groupsOf(person).join(', ') || 'nothing'}.</p>
        <p>Held operations are at <a href="/v1/approvals">/v1/approvals</a>.</p>
        <form method="post" action="/logout">
          <input type="hidden" name="csrf" value="${csrf}" />
          <button>Log out</button>
        </form>`,
    );
  });
  const small = bodyLimit({ maxSize: LOGOUT_BYTES_MAX, onError: (c) => problem(c, 413, 'limit_exceeded', 'this form is too long') });
  app.post('/logout', small, async (c) => {
    refuseHost(c, hosts);
    const session = sessions.find(c);
    const { csrf } = await c.req.parseBody();
    if (session !== undefined && csrf !== session.csrf)
      throw new MidstreamError('forbidden', 'this did not come from a page of ours', { hint: 'Log out on the page itself.' });
    sessions.end(c);
    return c.redirect('/login', 303);
  });
  return { sessions, groupsOf };
}

type Welcome = (c: Context, person: Person) => Response | Promise<Response>;

function addOidc(app: Hono, oidc: Oidc, attempts: Attempts<OidcState>, welcome: Welcome): void {
  app.get('/login/oidc', async (c) => {
    const state = Oidc.newState();
    const attempt = attempts.begin(c, state);
    return c.redirect(await oidc.begin(attempt, state));
  });
  app.get('/login/oidc/callback', async (c) => {
    const attempt = c.req.query('state') ?? '';
    const state = attempts.take(c, attempt);
    if (state === undefined) throw unknownAttempt();
    return welcome(c, await oidc.finish(new URL(c.req.url).search, attempt, state));
  });
}

interface SamlAttempt {
  /** id of what was asked of the provider */
  request?: string;
  /** who came, once it has answered */
  person?: Person;
}

function addSaml(app: Hono, saml: Saml, attempts: Attempts<SamlAttempt>, welcome: Welcome): void {
  app.get('/login/saml', async (c) => {
    const state: SamlAttempt = {};
    const { url, request } = await saml.begin(attempts.begin(c, state));
    state.request = request;
    return c.redirect(url);
  });
  app.get('/login/saml/metadata', (c) => c.body(saml.metadata(), 200, { 'content-type': 'application/samlmetadata+xml' }));
  app.post('/login/saml/acs', async (c) => {
    if (Number(c.req.header('content-length') ?? FORM_BYTES_MAX + 1) > FORM_BYTES_MAX)
      throw new MidstreamError('limit_exceeded', `a form may have ${FORM_BYTES_MAX} bytes`);
    const { SAMLResponse: response, RelayState: relay } = await c.req.parseBody();
    const attempt = typeof relay === 'string' ? relay : '';
    const state = attempts.peek(attempt);
    if (state?.request === undefined || state.person !== undefined || typeof response !== 'string') throw unknownAttempt();
    state.person = await saml.finish(response, state.request);
    // A form of another site brings no cookie; the next request is our own page's, and shows whether this browser began it.
    const next = `/login/saml/finish?attempt=${encodeURIComponent(attempt)}`;
    return page(c, html`<meta http-equiv="refresh" content="0; url=${next}" /><p><a href="${next}">Go on</a></p>`);
  });
  app.get('/login/saml/finish', (c) => {
    const person = attempts.take(c, c.req.query('attempt') ?? '')?.person;
    if (person === undefined) throw unknownAttempt();
    return welcome(c, person);
  });
}

const unknownAttempt = (): MidstreamError =>
  new MidstreamError('unauthenticated', 'this log-in was not begun here, or took too long', { hint: 'Begin again at /login.' });

function page(c: Context, body: ReturnType<typeof html>): Response | Promise<Response> {
  c.header('content-security-policy', "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
  return c.html(html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Midstream</title>
      </head>
      <body>
        ${body}
      </body>
    </html>`);
}
