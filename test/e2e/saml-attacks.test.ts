import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { type RunningApi, serveApi } from '../../extproc/console/api.js';
import { openApprovals } from '../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore } from '../../filters/approval/types.js';
import { Browser } from '../support/identity/browser.js';
import { newSamlKey, type RunningSaml, samlAnswer, samlLogin, startSaml } from '../support/identity/saml.js';
import { freePort } from '../support/ports.js';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const ROOT = 'root@shop.example';

/** A log-in that was begun: its browser, and what it asked the provider. */
interface Begun {
  browser: Browser;
  relay: string;
  request: string;
}

describe('answers of a SAML provider that somebody tampered with', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-saml-'));
  let store: ApprovalStore;
  let api: RunningApi;
  let saml: RunningSaml;
  let base = '';
  let acs = '';

  before(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    acs = `${base}/login/saml/acs`;
    saml = await startSaml(acs);
    store = await openApprovals({ file: join(folder, 'approvals.db') });
    const login = { url: base, session_ms_max: 3_600_000, idle_ms_max: 900_000, groups: undefined, oidc: undefined };
    api = await serveApi({ store, tokens: [], log, port, login: { ...login, saml: samlLogin(saml, folder) } });
  });
  after(async () => {
    await api?.close();
    saml?.server.close();
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const begin = async (): Promise<Begun> => {
    const browser = new Browser();
    await browser.go(`${base}/login/saml`);
    const asked = new URL(browser.url).searchParams;
    const xml = inflateRawSync(Buffer.from(asked.get('SAMLRequest')!, 'base64')).toString();
    return { browser, relay: asked.get('RelayState')!, request: / ID="([^"]+)"/.exec(xml)![1]! };
  };
  const answer = (begun: Begun, more: object = {}, user: object = {}): Promise<string> => samlAnswer(saml, acs, begun.request, user, more);
  /** Who the browser is logged in as afterwards; `nobody`. */
  const send = async ({ browser, relay }: Begun, xml: string): Promise<string> => {
    const body = new URLSearchParams({ SAMLResponse: Buffer.from(xml).toString('base64'), RelayState: relay });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await browser.go(acs, { method: 'POST', body: body.toString(), headers, crossSite: true });
    const me = await browser.go(`${base}/v1/me`);
    return me.status === 200 ? (JSON.parse(me.text) as { id: string }).id : 'nobody';
  };

  it('are otherwise taken', async () => {
    const begun = await begin();
    assert.equal(await send(begun, await answer(begun)), 'ada@shop.example');
  });

  /** The parts of a good answer, for who puts them together anew. */
  const partsOf = (xml: string) => {
    const assertion = /<saml:Assertion.*<\/saml:Assertion>/s.exec(xml)![0];
    const signature = /<Signature.*<\/Signature>/s.exec(assertion)![0];
    const id = /ID="([^"]+)"/.exec(assertion)![1]!;
    const unsigned = assertion.replace(signature, '').replaceAll('ada@shop.example', ROOT);
    return { xml, assertion, signature, id, forged: unsigned.replace(id, '_forged'), sameId: unsigned };
  };
  type Parts = ReturnType<typeof partsOf>;
  const inside = (outer: string, inner: string): string => outer.replace('</saml:Assertion>', `${inner}</saml:Assertion>`);
  const afterIssuer = (assertion: string, what: string): string => assertion.replace('</saml:Issuer>', `</saml:Issuer>${what}`);
  const inObject = (signature: string, what: string): string => signature.replace('</Signature>', `<Object>${what}</Object></Signature>`);

  const wrapped: [string, (parts: Parts) => string][] = [
    ['a forged assertion before the signed one', ({ xml, assertion, forged }) => xml.replace(assertion, forged + assertion)],
    ['a forged assertion behind the signed one', ({ xml, assertion, forged }) => xml.replace(assertion, assertion + forged)],
    ['the signed one in a forged one', ({ xml, assertion, forged }) => xml.replace(assertion, inside(forged, assertion))],
    [
      'the signed one in the advice of a forged one',
      ({ xml, assertion, forged }) => xml.replace(assertion, inside(forged, `<saml:Advice>${assertion}</saml:Advice>`)),
    ],
    [
      'the signature in a forged one, and what it signs in that',
      ({ xml, assertion, signature, forged }) =>
        xml.replace(assertion, afterIssuer(forged, inObject(signature, assertion.replace(signature, '')))),
    ],
    [
      'the signature in a forged one, and what it signs behind',
      ({ xml, assertion, signature, forged }) => xml.replace(assertion, afterIssuer(forged, signature) + assertion.replace(signature, '')),
    ],
    [
      'the signed one among extensions',
      ({ xml, assertion, forged }) => xml.replace(assertion, `<samlp:Extensions>${assertion}</samlp:Extensions>${forged}`),
    ],
    [
      'the signed one in an object of the answer’s',
      ({ xml, assertion, forged }) => xml.replace(assertion, `<Object>${assertion}</Object>${forged}`),
    ],
    ['two of one id, the forged first', ({ xml, assertion, sameId }) => xml.replace(assertion, sameId + assertion)],
    ['two of one id, the forged last', ({ xml, assertion, sameId }) => xml.replace(assertion, assertion + sameId)],
    [
      'two of one id, the signature in the forged one',
      ({ xml, assertion, signature, sameId }) => xml.replace(assertion, afterIssuer(sameId, signature) + assertion.replace(signature, '')),
    ],
    ['a forged answer around the good one', ({ xml, forged }) => xml.replace(/<saml:Assertion.*<\/saml:Assertion>/s, forged + xml)],
    ['no signature', ({ xml, signature }) => xml.replace(signature, '')],
    ['no signature, and another name', ({ xml, assertion, sameId }) => xml.replace(assertion, sameId)],
    ['a signature of nothing', ({ xml }) => xml.replace(/<SignatureValue>.*<\/SignatureValue>/s, '<SignatureValue></SignatureValue>')],
    ['a signature that refers to nothing', ({ xml, id }) => xml.replace(`URI="#${id}"`, 'URI=""')],
    ['a signature that refers to the answer', ({ xml, id }) => xml.replace(`URI="#${id}"`, `URI="#${/ID="([^"]+)"/.exec(xml)![1]}"`)],
    [
      'a digest that was changed',
      ({ xml }) => xml.replace(/<DigestValue>.*?<\/DigestValue>/s, `<DigestValue>${'A'.repeat(43)}=</DigestValue>`),
    ],
    [
      'a digest behind a comment',
      ({ xml, assertion, sameId }) => xml.replace(assertion, sameId).replace(/<DigestValue>/, `<DigestValue><!--${'A'.repeat(43)}=-->`),
    ],
    [
      'the public key as secret',
      ({ xml }) =>
        xml
          .replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2000/09/xmldsig#hmac-sha1')
          .replace(
            /<SignatureValue>.*<\/SignatureValue>/s,
            `<SignatureValue>${createHmac('sha1', saml.certificate).update(xml).digest('base64')}</SignatureValue>`,
          ),
    ],
    ['a document type', ({ xml }) => `<!DOCTYPE x [<!ENTITY who "${ROOT}">]>${xml}`],
    [
      'entities that grow',
      ({ xml }) =>
        `<!DOCTYPE x [<!ENTITY a "${'a'.repeat(1000)}"><!ENTITY b "${'&a;'.repeat(1000)}">]>${xml.replace('https://idp.example', '&b;')}`,
    ],
    [
      'an entity that is a file',
      ({ xml }) => `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>${xml.replace('https://idp.example', '&f;')}`,
    ],
    ['no XML', () => 'SAML'],
    ['nothing', () => ''],
  ];
  for (const [what, tamper] of wrapped)
    it(`let nobody in with ${what}`, async () => {
      const begun = await begin();
      const good = await answer(begun);
      const bad = tamper(partsOf(good));
      assert.notEqual(bad, good);
      assert.equal(await send(begun, bad), 'nobody');
    });

  const said: [string, (begun: Begun) => Promise<string>][] = [
    ['signed by another key', (begun) => samlAnswer(newSamlKey(), acs, begun.request, {})],
    ['signed as a whole, with an assertion that is not', (begun) => answer(begun, { signAssertion: false, signResponse: true })],
    ['not signed at all', (begun) => answer(begun, { signAssertion: false })],
    ['for another audience', (begun) => answer(begun, { audience: 'https://other.example' })],
    ['for an audience that begins like us', (begun) => answer(begun, { audience: 'https://approvals.shop.example.evil' })],
    ['for nobody', (begun) => answer(begun, { audience: [] })],
    ['for another address', (begun) => answer(begun, { recipient: 'https://other.example/acs' })],
    ['for no address', (begun) => answer(begun, { recipient: undefined })],
    ['expired', (begun) => answer(begun, { lifetimeInSeconds: -120 })],
    ['to a request of somebody else', async () => samlAnswer(saml, acs, (await begin()).request, {})],
    ['to a request of nobody', () => samlAnswer(saml, acs, '_invented', {})],
    ['to no request', () => samlAnswer(saml, acs, undefined, {})],
    ['of somebody with a line’s end in the name', (begun) => answer(begun, {}, { name: 'ada\u2028@shop.example' })],
  ];
  for (const [what, make] of said)
    it(`let nobody in when ${what}`, async () => {
      const begun = await begin();
      assert.equal(await send(begun, await make(begun)), 'nobody');
    });

  it('let nobody in whose answer was moved to another log-in, with all that is not signed made to fit', async () => {
    const victim = await begin();
    const attacker = await begin();
    const stolen = await answer(victim);
    const head = stolen.slice(0, stolen.indexOf('<saml:Assertion'));
    const moved = head.replaceAll(victim.request, attacker.request) + stolen.slice(head.length);
    assert.notEqual(moved, stolen);
    assert.equal(await send(attacker, moved), 'nobody');
  });

  it('are taken once', async () => {
    const begun = await begin();
    const xml = await answer(begun);
    assert.equal(await send(begun, xml), 'ada@shop.example');
    assert.equal(await send({ ...begun, browser: new Browser() }, xml), 'nobody');
    const next = await begin();
    assert.equal(await send(next, xml), 'nobody');
  });

  // What a signature covers has no comments (exclusive canonicalization), so one may be put in: the name must not end there.
  for (const mark of ['<!---->', '<!-- x -->', '<?x y?>'])
    it(`name nobody else with ${mark} in the name`, async () => {
      const begun = await begin();
      const xml = await answer(begun, {}, { name: 'ada@shop.example.evil.example' });
      const cut = xml.replace('ada@shop.example.evil.example', `ada@shop.example${mark}.evil.example`);
      assert.notEqual(cut, xml);
      const who = await send(begun, cut);
      assert.ok(who === 'nobody' || who === 'ada@shop.example.evil.example', who);
    });
});
