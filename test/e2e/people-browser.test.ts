import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type RunningApi, serveApi } from '../../extproc/console/api.js';
import { openApprovals } from '../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore } from '../../filters/approval/types.js';
import { findChromium } from '../support/chromium.js';
import { oidcLogin, startOidc } from '../support/identity/oidc.js';
import { type RunningSaml, samlLogin, startSaml } from '../support/identity/saml.js';
import { pendingBecause } from '../support/pending.js';
import { freePort } from '../support/ports.js';
import { pem } from '../support/tls-server.js';
import { operation } from '../unit/approval/samples.js';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const portOf = (server: Server | TlsServer): number => (server.address() as AddressInfo).port;

/**
 * A browser decides what a cookie's flags and a page's policy mean. To it, localhost and 127.0.0.1 are two sites; ports of one are not.
 * The providers and a hostile page are at localhost, the approvals API at 127.0.0.1.
 */
for (const scheme of ['http', 'https'] as const)
  describe(`people who approve, in Chromium over ${scheme}`, function () {
    this.timeout(120_000);
    const folder = mkdtempSync(join(tmpdir(), 'ms-browser-'));
    const cookieName = scheme === 'https' ? '__Host-midstream' : 'midstream';
    const hold = 'c'.repeat(32);
    let base = '';
    let store: ApprovalStore;
    let api: RunningApi;
    let edge: TlsServer | undefined;
    let hostile: Server;
    let oidc: Awaited<ReturnType<typeof startOidc>>;
    let saml: RunningSaml;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;

    before(async function () {
      const executablePath = findChromium();
      if (executablePath === undefined) pendingBecause(this, 'Chromium is not there; MIDSTREAM_CHROMIUM may name it');
      const port = await freePort();
      base = `http://127.0.0.1:${port}`;
      if (scheme === 'https') {
        // What stands before the API where people reach it over https.
        edge = createTlsServer({ cert: readFileSync(pem('server.pem')), key: readFileSync(pem('server.key')) }, (socket) => {
          const inner = connect({ host: '127.0.0.1', port });
          socket.pipe(inner).pipe(socket);
          for (const one of [socket, inner]) one.on('error', () => undefined).on('close', () => [socket, inner].map((it) => it.destroy()));
        });
        await new Promise<void>((done) => edge!.listen(0, '127.0.0.1', done));
        base = `https://127.0.0.1:${portOf(edge)}`;
      }
      oidc = await startOidc(`${base}/login/oidc/callback`, 'localhost');
      saml = await startSaml(`${base}/login/saml/acs`, 'localhost');
      hostile = createServer((_, response) => {
        response.setHeader('content-type', 'text/html');
        const action = `${base}/v1/approvals/${hold}/approve`;
        response.end(
          `<form method="post" enctype="text/plain" action="${action}"><input name='{"comment":"' value='"}'><button>Win</button>`,
        );
      });
      await new Promise<void>((done) => hostile.listen(0, '127.0.0.1', done));
      store = await openApprovals({ file: join(folder, 'approvals.db') });
      await store.create(operation({ hold, created_ms: Date.now(), expires_ms: Date.now() + 600_000 }));
      writeFileSync(join(folder, 'secret'), 'client-secret\n');
      api = await serveApi({
        store,
        tokens: [],
        log,
        port,
        login: {
          url: base,
          session_ms_max: 3_600_000,
          idle_ms_max: 900_000,
          groups: { 'DB Admins': ['dba'] },
          saml: samlLogin(saml, folder),
          oidc: oidcLogin(oidc.issuer, folder),
        },
      });
      browser = await chromium.launch({ executablePath, chromiumSandbox: false, timeout: 60_000 });
      context = await browser.newContext({ ignoreHTTPSErrors: true });
      context.setDefaultTimeout(60_000);
      page = await context.newPage();
    });
    after(async () => {
      await browser?.close();
      await api?.close();
      edge?.close();
      for (const one of [oidc?.server, saml?.server, hostile]) {
        one?.closeAllConnections();
        one?.close();
      }
      await store?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    const session = async () => (await context.cookies(base)).find(({ name }) => name === cookieName);
    const me = async (): Promise<{ status: number; csrf: string }> => {
      const answer = (await page.goto(`${base}/v1/me`))!;
      return { status: answer.status(), csrf: answer.headers()['x-midstream-csrf'] ?? '' };
    };
    const win = async (host: string) => {
      await page.goto(`http://${host}:${portOf(hostile)}/`);
      const answer = page.waitForResponse(/\/approve$/);
      await page.click('button');
      const came = await answer;
      return { status: came.status(), cookie: (await came.request().allHeaders())['cookie'] ?? '' };
    };

    it('logs in by the provider’s pages, and keeps a cookie that is strict', async () => {
      await page.goto(base);
      await page.click('a[href="/login/oidc"]');
      await page.fill('input[name=login]', 'ada');
      await page.fill('input[name=password]', 'any');
      await page.click('button[type=submit]');
      await page.click('button[type=submit]');
      await page.waitForSelector('text=Logged in as ada@shop.example, approver for: dba');
      const cookie = (await session())!;
      assert.deepEqual(
        { httpOnly: cookie.httpOnly, secure: cookie.secure, sameSite: cookie.sameSite, path: cookie.path, domain: cookie.domain },
        { httpOnly: true, secure: scheme === 'https', sameSite: 'Strict', path: '/', domain: '127.0.0.1' },
      );
      assert.ok(!(await page.evaluate<string>('document.cookie')).includes('midstream'));
    });

    it('takes no approval by a form of another site, to which the browser gives no cookie', async () => {
      const { status, cookie } = await win('localhost');
      assert.ok(status === 401 || status === 403, String(status));
      assert.ok(!cookie.includes(cookieName), cookie);
      assert.equal((await store.get(hold))?.status, 'pending');
    });

    it('takes none by a form of another port of this host either, which does come with the cookie', async () => {
      const { status, cookie } = await win('127.0.0.1');
      assert.equal(status, 403);
      // Over https the scheme makes it another site.
      assert.equal(cookie.includes(cookieName), scheme === 'http');
      assert.equal((await store.get(hold))?.status, 'pending');
    });

    it('takes an approval of the person, from its own origin and with the token that this origin alone can read', async () => {
      const { csrf } = await me();
      // A page of the operator's own at this origin: our answers' policy lets no script run in them.
      await page.route(`${base}/console`, (route) => route.fulfill({ contentType: 'text/html', body: '<p>console</p>' }));
      await page.goto(`${base}/console`);
      const approve = (headers: Record<string, string>) =>
        page.evaluate<number>(
          `fetch('/v1/approvals/${hold}/approve', { method: 'POST', body: '{}', headers: ${JSON.stringify({ 'content-type': 'application/json', ...headers })} }).then((answer) => answer.status)`,
        );
      assert.equal(await approve({}), 403);
      assert.equal(await approve({ 'x-csrf-token': csrf }), 200);
      const record = await store.get(hold);
      assert.deepEqual([record?.status, record?.decisions[0]?.by], ['approved', 'ada@shop.example']);
    });

    it('ends the session when the person logs out, also for who kept the cookie', async () => {
      const kept = (await session())!;
      await page.goto(base);
      await page.click('text=Log out');
      await page.waitForURL(`${base}/login`);
      assert.equal(await session(), undefined);
      assert.equal((await me()).status, 401);
      await context.addCookies([kept]);
      assert.equal((await me()).status, 401);
    });

    it('logs in by a SAML provider, whose form brings no cookie, and keeps none that was there before', async () => {
      await context.clearCookies();
      // Somebody who could plant a cookie would know the session (session fixation).
      await context.addCookies([{ name: cookieName, value: 'planted', url: base, secure: scheme === 'https', sameSite: 'Strict' }]);
      await page.goto(`${base}/login`);
      const posted = page.waitForRequest((request) => request.method() === 'POST' && request.url() === `${base}/login/saml/acs`);
      await page.click('a[href="/login/saml"]');
      assert.equal((await (await posted).allHeaders())['cookie'], undefined);
      await page.waitForSelector('text=Logged in as ada@shop.example, approver for: dba');
      const cookie = (await session())!;
      assert.notEqual(cookie.value, 'planted');
      assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, scheme === 'https', 'Strict']);
      assert.equal((await me()).status, 200);
    });

    it('sends nobody elsewhere, whatever an address of ours says', async () => {
      const evil = `http://localhost:${portOf(hostile)}/`;
      for (const path of [
        `/login?next=${evil}`,
        `/?url=${evil}`,
        `/login/saml/finish?attempt=${evil}`,
        `/login/oidc/callback?state=x&redirect_uri=${evil}`,
        `//localhost:${portOf(hostile)}/`,
        `/login/..//localhost:${portOf(hostile)}/`,
      ]) {
        await page.goto(`${base}${path}`);
        assert.equal(new URL(page.url()).origin, base, path);
      }
    });

    it('lets nobody into the browser who began the log-in in another', async () => {
      const other = await browser.newContext({ ignoreHTTPSErrors: true });
      const theirs = await other.newPage();
      // An attacker's log-in, up to the last step, which they leave to their victim.
      let finish = '';
      await theirs.route(/\/login\/saml\/finish/, (route) => {
        finish = route.request().url();
        return route.abort();
      });
      await theirs.goto(`${base}/login`);
      await theirs.click('a[href="/login/saml"]');
      for (const end = Date.now() + 30_000; finish === '' && Date.now() < end; ) await new Promise((done) => setTimeout(done, 50));
      assert.notEqual(finish, '');
      await context.clearCookies();
      assert.equal((await page.goto(finish))!.status(), 401);
      assert.equal(await session(), undefined);
      await other.close();
    });
  });
