import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningApi, serveApi } from '../../extproc/console/api.js';
import { hashToken, newToken } from '../../extproc/console/tokens.js';
import { openApprovals } from '../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore } from '../../filters/approval/types.js';
import { Browser, fieldsOf } from '../support/identity/browser.js';
import { oidcLogin, startOidc } from '../support/identity/oidc.js';
import { samlLogin, startSaml } from '../support/identity/saml.js';
import { freePort } from '../support/ports.js';
import { operation } from '../unit/approval/samples.js';

const token = newToken();
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('people who approve log in at an identity provider', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-people-'));
  let store: ApprovalStore;
  let api: RunningApi;
  let oidc: Awaited<ReturnType<typeof startOidc>>;
  let saml: Awaited<ReturnType<typeof startSaml>>;
  let base = '';
  let now = () => Date.now();

  before(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    oidc = await startOidc(`${base}/login/oidc/callback`);
    saml = await startSaml(`${base}/login/saml/acs`);
    writeFileSync(join(folder, 'secret'), 'client-secret\n');
    store = await openApprovals({ file: join(folder, 'approvals.db') });
    api = await serveApi({
      store,
      tokens: [{ id: 'cli', also: ['ada@shop.example'], groups: ['dba'], hash: hashToken(token) }],
      log,
      port,
      now: () => now(),
      login: {
        url: base,
        session_ms_max: 3_600_000,
        idle_ms_max: 900_000,
        groups: { 'DB Admins': ['dba'] },
        oidc: oidcLogin(oidc.issuer, folder),
        saml: samlLogin(saml, folder),
      },
    });
  });
  after(async () => {
    await api?.close();
    for (const one of [oidc?.server, saml?.server]) {
      one?.closeAllConnections();
      one?.close();
    }
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(() => {
    now = () => Date.now();
  });

  /** Through the provider's own pages: a log-in, then its question whether that is right. */
  const byOidc = async (name: string, browser = new Browser()): Promise<{ browser: Browser; page: string }> => {
    const asked = await browser.go(`${base}/login/oidc`);
    const consent = await browser.submit(asked.text, { login: name, password: 'any' });
    const { text } = await browser.submit(consent.text, {});
    return { browser, page: text };
  };
  const bySaml = async (name: string, browser = new Browser()): Promise<{ browser: Browser; page: string }> => {
    const form = await browser.go(`${base}/login/saml`);
    assert.match(form.text, /SAMLResponse/);
    if (name !== 'ada')
      return { browser, page: (await browser.submit((await browser.go(`${browser.url}&user=${name}`)).text, {}, true)).text };
    return { browser, page: (await browser.submit(form.text, {}, true)).text };
  };
  const me = async (browser: Browser): Promise<{ status: number; body: Record<string, unknown>; csrf: string }> => {
    const answer = await browser.go(`${base}/v1/me`);
    return {
      status: answer.status,
      body: JSON.parse(answer.text) as Record<string, unknown>,
      csrf: answer.headers.get('x-midstream-csrf') ?? '',
    };
  };
  const decide = (browser: Browser, hold: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${base}/v1/approvals/${hold}/approve`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', cookie: browser.cookies(base), ...headers },
    });

  for (const [name, login] of [
    ['OpenID Connect', byOidc],
    ['SAML', bySaml],
  ] as const) {
    describe(name, () => {
      it('tells who came, and which groups of rules are theirs', async () => {
        const { browser, page } = await login('ada');
        assert.match(page, /Logged in as <strong>ada@shop\.example<\/strong>, approver for: dba/);
        assert.deepEqual((await me(browser)).body, { id: 'ada@shop.example', groups: ['dba'] });
      });

      it('lets somebody approve who is of the group, and nobody else', async () => {
        const held = { hold: name === 'SAML' ? 'a'.repeat(32) : 'b'.repeat(32) };
        await store.create(operation({ ...held, created_ms: Date.now(), expires_ms: Date.now() + 600_000 }));
        const eve = await login('eve');
        const hers = await me(eve.browser);
        assert.deepEqual(hers.body['groups'], []);
        assert.equal((await decide(eve.browser, held.hold, { 'x-csrf-token': hers.csrf })).status, 403);
        const ada = await login('ada');
        const { csrf } = await me(ada.browser);
        assert.equal((await decide(ada.browser, held.hold, {})).status, 403);
        assert.equal((await decide(ada.browser, held.hold, { 'x-csrf-token': hers.csrf })).status, 403);
        assert.equal((await decide(ada.browser, held.hold, { 'x-csrf-token': csrf, origin: 'https://evil.example' })).status, 403);
        assert.equal((await decide(ada.browser, held.hold, { 'x-csrf-token': csrf, 'sec-fetch-site': 'cross-site' })).status, 403);
        const done = await decide(ada.browser, held.hold, { 'x-csrf-token': csrf });
        assert.equal(done.status, 200, await done.clone().text());
        const record = await store.get(held.hold);
        assert.deepEqual([record?.status, record?.decisions[0]?.by], ['approved', 'ada@shop.example']);
      });

      it('ends a session that is idle, too old, or logged out of', async () => {
        const idle = await login('ada');
        const real = Date.now();
        now = () => real + 901_000;
        assert.equal((await me(idle.browser)).status, 401);
        now = () => Date.now();
        const { browser } = await login('ada');
        const page = await browser.go(`${base}/`);
        const cookie = browser.cookies(base);
        const long = await fetch(`${base}/logout`, { method: 'POST', body: new URLSearchParams({ csrf: 'x'.repeat(100_000) }) });
        assert.equal(long.status, 413, 'nobody makes the gateway read what is no form of ours');
        const wrong = await fetch(`${base}/logout`, { method: 'POST', body: new URLSearchParams({ csrf: 'x' }), headers: { cookie } });
        assert.equal(wrong.status, 403);
        await browser.submit(page.text, {});
        const again = await fetch(`${base}/v1/me`, { headers: { cookie } });
        assert.equal(again.status, 401);
      });
    });
  }

  it('counts somebody once who has a token, and logs in at two providers', async () => {
    const hold = 'c'.repeat(32);
    await store.create(operation({ hold, created_ms: Date.now(), expires_ms: Date.now() + 600_000, terms: { quorum: 2 } }));
    const answers: number[] = [];
    for (const login of [byOidc, bySaml]) {
      const { browser } = await login('ada');
      const { csrf } = await me(browser);
      answers.push((await decide(browser, hold, { 'x-csrf-token': csrf })).status);
    }
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const byToken = await fetch(`${base}/v1/approvals/${hold}/approve`, { method: 'POST', body: '{}', headers });
    answers.push(byToken.status);
    assert.deepEqual(answers, [200, 409, 409]);
    assert.match(await byToken.text(), /you have decided on this operation already/);
    const record = await store.get(hold);
    assert.deepEqual([record?.status, record?.decisions.length], ['pending', 1]);
  });

  it('gives cookies that scripts do not read and other sites do not send', async () => {
    const response = await fetch(`${base}/login/oidc`, { redirect: 'manual' });
    assert.match(response.headers.get('set-cookie') ?? '', /^midstream-login=[^;]+; .*HttpOnly; SameSite=Lax/);
  });

  it('takes an answer of the provider only in the browser that began, and once', async () => {
    const stranger = new Browser();
    const begun = await fetch(`${base}/login/oidc`, { redirect: 'manual' });
    const state = new URL(begun.headers.get('location')!).searchParams.get('state')!;
    const answer = await stranger.go(`${base}/login/oidc/callback?code=stolen&state=${state}`);
    assert.equal(answer.status, 401);
    const invented = await stranger.go(`${base}/login/oidc/callback?code=x&state=invented`);
    assert.equal(invented.status, 401);
  });

  it('takes no SAML answer twice, changed, or without a request', async () => {
    const begin = async () => {
      const form = await new Browser().go(`${base}/login/saml`);
      const fields = fieldsOf(form.text);
      const field = (name: string) => fields.get(name) ?? '';
      return { response: field('SAMLResponse'), relay: field('RelayState') };
    };
    const post = (fields: Record<string, string>) => fetch(`${base}/login/saml/acs`, { method: 'POST', body: new URLSearchParams(fields) });
    const first = await begin();
    const xml = Buffer.from(first.response, 'base64').toString();
    assert.match(xml, /ada@shop\.example/);
    const changed = Buffer.from(xml.replaceAll('ada@shop.example', 'root@shop.example')).toString('base64');
    assert.equal((await post({ SAMLResponse: changed, RelayState: first.relay })).status, 401);
    const { response } = await begin();
    assert.equal((await post({ SAMLResponse: response, RelayState: 'invented' })).status, 401);
    // The answer to one request is none to another.
    assert.equal((await post({ SAMLResponse: response, RelayState: first.relay })).status, 401);
    const good = await begin();
    assert.equal((await post({ SAMLResponse: good.response, RelayState: good.relay })).status, 200);
    assert.equal((await post({ SAMLResponse: good.response, RelayState: good.relay })).status, 401);
    // Another browser gets nothing of it.
    const finish = await fetch(`${base}/login/saml/finish?attempt=${encodeURIComponent(good.relay)}`);
    assert.equal(finish.status, 401);
  });

  it('serves no page under a foreign name', async () => {
    const { request } = await import('node:http');
    const status = await new Promise<number>((done) => {
      request(`${base}/login`, { headers: { host: 'evil.example' } }, (response) => done(response.statusCode ?? 0)).end();
    });
    assert.equal(status, 403);
  });
});
