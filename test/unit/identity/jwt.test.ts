import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { createJwtVerifier, type JwtVerifier } from '../../../extproc/identity/jwt.js';
import { Issuer } from '../../support/issuer.js';
import { issuerConfig } from '../../support/issuer-config.js';

const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('signed tokens', () => {
  let issuer: Issuer;
  let verifier: JwtVerifier;
  const warnings: object[] = [];
  const log = { warn: (fields: object) => void warnings.push(fields) };
  const now = (): number => Math.floor(Date.now() / 1000);
  const reason = async (token: string, by = verifier): Promise<string> => {
    const answer = await by.verify(token, 'here');
    return answer.ok ? 'ok' : answer.reason;
  };

  before(async () => {
    issuer = await Issuer.start();
  });
  beforeEach(() => {
    verifier = createJwtVerifier([issuerConfig(issuer)], log);
  });
  afterEach(() => verifier.close());
  after(() => issuer.stop());

  it('say who somebody is', async () => {
    const answer = await verifier.verify(await issuer.token({ team: 'billing' }), '10.0.0.1:5');
    assert.ok(answer.ok);
    const { id, kind, groups, claims, source, proof } = answer.identity;
    assert.deepEqual([id, kind, groups, source, proof, claims['team']], ['agent-7', 'jwt', ['agents'], '10.0.0.1:5', 'jwt', 'billing']);
  });

  for (const [what, claims, said] of [
    ['groups in words', { groups: 'a b' }, ['a', 'b']],
    ['groups that are no strings', { groups: ['a', 1, null, ''] }, ['a']],
    ['groups that are none', { groups: { a: 1 } }, []],
  ] as const)
    it(`are read with ${what}`, async () => {
      const answer = await verifier.verify(await issuer.token(claims), '');
      assert.deepEqual(answer.ok && answer.identity.groups, said);
    });

  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'])
    it(`are taken with ${alg}`, async () => {
      const other = await Issuer.start(alg);
      try {
        const one = createJwtVerifier([issuerConfig(other)], log);
        assert.equal(await reason(await other.token(), one), 'ok');
        one.close();
      } finally {
        await other.stop();
      }
    });

  const at = (claims: object, options: object = {}) => issuer.token(claims as never, options);
  for (const [what, make, expected] of [
    ['expired', () => at({}, { ends_s: -10 }), 'the token has expired'],
    ['expired within the tolerance', () => at({}, { ends_s: -1 }), 'ok'],
    ['not valid yet', () => at({ nbf: now() + 100 }), 'the token is not valid yet'],
    ['for another audience', () => at({ aud: 'other' }), 'the token is for somebody else'],
    ['for nobody', () => at({ aud: undefined }), 'the token is for somebody else'],
    ['for several, us among them', () => at({ aud: ['x', 'midstream'] }), 'ok'],
    ['of an unknown issuer', () => at({ iss: 'https://other' }), 'the token’s issuer is not known here'],
    ['of an issuer that is no text', () => at({ iss: ['a'] }), 'the token’s issuer is not known here'],
    ['without an owner', () => at({ sub: undefined }), 'the token says nothing of its end or its owner'],
    ['with an owner that is no text', () => at({ sub: 7 }), 'the token says nothing of its end or its owner'],
    ['without an end', () => at({ exp: undefined }), 'the token says nothing of its end or its owner'],
    ['with an end that is no number', () => at({ exp: 'tomorrow' }), 'the token says nothing of its end or its owner'],
  ] as const)
    it(`are judged when ${what}`, async () => assert.equal(await reason(await make()), expected));

  it('are refused with another algorithm than the configured ones, with none, and with a public key as secret', async () => {
    const token = await issuer.token();
    const [, payload = '', signature = ''] = token.split('.');
    assert.equal(await reason(`${b64({ alg: 'none' })}.${payload}.`), 'the token’s algorithm is not taken');
    assert.equal(await reason(`${b64({ alg: 'none', kid: 'k1' })}.${payload}.${signature}`), 'the token’s algorithm is not taken');
    const { keys } = await issuer.jwks();
    const spki = await exportSPKI((await importJWK(keys[0] as never)) as never);
    const head = b64({ alg: 'HS256', kid: 'k1' });
    const mac = createHmac('sha256', spki).update(`${head}.${payload}`).digest('base64url');
    assert.equal(await reason(`${head}.${payload}.${mac}`), 'the token’s algorithm is not taken');
    const strict = createJwtVerifier([issuerConfig(issuer, { algorithms: ['RS256'] })], log);
    assert.equal(await reason(token, strict), 'the token’s algorithm is not taken');
    strict.close();
  });

  it('bring no key of their own', async () => {
    const pair = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(pair.publicKey);
    const claims = { iss: issuer.issuer, aud: 'midstream', sub: 'evil', exp: now() + 60 };
    for (const header of [{ jwk }, { jwk, kid: 'k1' }, { jku: 'http://127.0.0.1:1/keys', kid: 'k1' }, { x5u: 'http://127.0.0.1:1/' }]) {
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', ...header }).sign(pair.privateKey);
      assert.match(await reason(token), /signature is wrong|key is not known/);
    }
  });

  for (const token of ['a.b.c', '..', 'eyJ.eyJ.eyJ', `${b64({ alg: 'ES256' })}.${b64([])}.x`, `${b64({})}.${b64({ iss: 1 })}.`, '\0.\0.\0'])
    it(`are no tokens: ${JSON.stringify(token.slice(0, 30))}`, async () => assert.notEqual(await reason(token), 'ok'));

  it('with invented key ids become one fetch, not as many as tokens', async () => {
    await reason(await issuer.token());
    const before = issuer.fetches;
    for (let i = 0; i < 200; i++)
      assert.equal(await reason(await issuer.token({}, { header: { kid: `invented-${i}` } })), 'the token’s key is not known');
    assert.ok(issuer.fetches - before <= 1, `${issuer.fetches - before} fetches`);
  });

  it('are taken with a new key as soon as one comes with its id', async () => {
    const fresh = createJwtVerifier([issuerConfig(issuer, { keys_ms_max: 100 })], log);
    assert.equal(await reason(await issuer.token(), fresh), 'ok');
    await issuer.rotate('k2');
    await new Promise((done) => setTimeout(done, 150));
    assert.equal(await reason(await issuer.token(), fresh), 'ok');
    fresh.close();
    await issuer.rotate('k1');
  });

  it('are judged by keys that are known while their issuer is away, until those are too old', async () => {
    const lasting = createJwtVerifier([issuerConfig(issuer)], log);
    const aging = createJwtVerifier([issuerConfig(issuer, { keys_ms_max: 50 })], log);
    const token = await issuer.token();
    for (const one of [lasting, aging]) assert.equal(await reason(token, one), 'ok');
    await issuer.stop();
    try {
      await new Promise((done) => setTimeout(done, 100));
      assert.equal(await reason(token, lasting), 'ok');
      assert.equal(await reason(token, aging), 'the keys of the token’s issuer can’t be had');
      const answer = await aging.verify(token, '');
      assert.ok(!answer.ok && answer.unavailable);
      assert.ok(warnings.length > 0 && !JSON.stringify(warnings).includes(token));
    } finally {
      for (const one of [lasting, aging]) one.close();
      await issuer.again();
    }
  });

  it('are judged by a file of keys, read again when it changes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ms-jwks-'));
    const file = join(folder, 'keys.json');
    const local = createJwtVerifier([issuerConfig(issuer, { keys: { file } })], log);
    try {
      assert.equal(await reason(await issuer.token(), local), 'the keys of the token’s issuer can’t be had');
      writeFileSync(file, JSON.stringify(await issuer.jwks()));
      assert.equal(await reason(await issuer.token(), local), 'ok');
      const old = await issuer.token();
      await issuer.rotate('k9');
      writeFileSync(file, JSON.stringify(await issuer.jwks()));
      assert.equal(await reason(await issuer.token(), local), 'ok');
      assert.equal(await reason(old, local), 'the token’s key is not known');
      writeFileSync(file, 'broken');
      assert.equal(await reason(await issuer.token(), local), 'ok');
    } finally {
      local.close();
      rmSync(folder, { recursive: true });
      await issuer.rotate('k1');
    }
  });
});
