import assert from 'node:assert/strict';
import { verifiedByEnvoy } from '../../../extproc/convert/jwt-authn.js';
import { createJwtVerifier, type JwtVerifier } from '../../../extproc/identity/jwt.js';
import { Issuer } from '../../support/issuer.js';
import { issuerConfig } from '../../support/issuer-config.js';

describe('tokens that Envoy has verified', () => {
  let issuer: Issuer;
  let verifier: JwtVerifier;
  const log = { warn: () => undefined };
  before(async () => {
    issuer = await Issuer.start();
  });
  beforeEach(() => {
    verifier = createJwtVerifier([issuerConfig(issuer)], log);
  });
  afterEach(() => verifier.close());
  after(() => issuer.stop());

  const said = async (payload: object, header: object = {}, by = verifier): Promise<string> => {
    const answer = await by.accept(
      {
        header: { alg: 'ES256', kid: 'k1', ...header },
        payload: { iss: issuer.issuer, aud: 'midstream', sub: 'agent-7', exp: Math.floor(Date.now() / 1000) + 60, ...payload },
      },
      'here',
    );
    return answer.ok ? `${answer.identity.id} ${answer.identity.kind} ${answer.identity.groups.join('+')}` : answer.reason;
  };

  it('are read as the gateway reads those that it verifies itself: by the claims and the kind of their issuer', async () => {
    assert.equal(await said({ groups: ['a', 'b'] }), 'agent-7 jwt a+b');
    const own = createJwtVerifier([issuerConfig(issuer, { id_claim: 'azp', groups_claim: 'scope', kind: 'service-account' })], log);
    assert.equal(await said({ azp: 'robot', scope: 'read write' }, {}, own), 'robot service-account read+write');
    assert.equal(await said({}, {}, own), 'the token says nothing of its end or its owner');
    own.close();
  });

  it('tell their age', async () => {
    const answer = await verifier.accept(
      {
        header: { alg: 'ES256', kid: 'k1' },
        payload: { iss: issuer.issuer, aud: ['x', 'midstream'], sub: 'a', iat: Math.floor(Date.now() / 1000) - 100 },
      },
      '',
    );
    assert.ok(answer.ok && answer.identity.age_s! >= 100);
  });

  for (const [what, payload, header, reason] of [
    ['of an algorithm that is not configured', {}, { alg: 'HS256' }, 'the token’s algorithm is not taken'],
    ['of another algorithm than that of the key', {}, { alg: 'RS256' }, 'the token’s key is not known'],
    ['without an algorithm', {}, { alg: undefined }, 'the token’s algorithm is not taken'],
    ['with something that has to be understood', {}, { crit: ['exp'] }, 'the token’s algorithm is not taken'],
    ['of a key that the issuer has not', {}, { kid: 'gone' }, 'the token’s key is not known'],
    ['for an audience that is only nearly ours', { aud: ['https://midstream/'] }, {}, 'the token is for somebody else'],
    ['for nobody', { aud: undefined }, {}, 'the token is for somebody else'],
    ['of a log-out', {}, { typ: 'logout+jwt' }, 'the token is of a kind that nobody logs in with'],
    ['of an issuer that is not known', { iss: 'https://other' }, {}, 'the token’s issuer is not known here'],
    ['of nobody', { sub: '' }, {}, 'the token says nothing of its end or its owner'],
    ['of somebody with a line’s end in the name', { sub: 'a\nb' }, {}, 'the token’s owner has no name that can be used'],
  ] as const)
    it(`are refused ${what}`, async () => assert.equal(await said(payload, header), reason));

  it('are refused once their key is taken back, though Envoy keeps it, and when nobody knows any more', async () => {
    const aging = createJwtVerifier([issuerConfig(issuer, { keys_ms_max: 50 })], log);
    assert.equal(await said({}, {}, aging), 'agent-7 jwt ');
    await issuer.rotate('k2');
    await new Promise((done) => setTimeout(done, 100));
    assert.equal(await said({}, {}, aging), 'the token’s key is not known');
    assert.equal(await said({}, { kid: 'k2' }, aging), 'agent-7 jwt ');
    await issuer.stop();
    await new Promise((done) => setTimeout(done, 100));
    assert.equal(await said({}, { kid: 'k2' }, aging), 'the keys of the token’s issuer can’t be had');
    await issuer.again();
    await issuer.rotate('k1');
    aging.close();
  });

  it('are none where the metadata is not Envoy’s whole answer', () => {
    const of = (value: unknown) => verifiedByEnvoy({ 'envoy.filters.http.jwt_authn': value } as never);
    assert.deepEqual(of({ midstream: { sub: 'a' }, midstream_header: { alg: 'ES256' } }), {
      payload: { sub: 'a' },
      header: { alg: 'ES256' },
    });
    for (const value of [
      undefined,
      null,
      'x',
      [],
      {},
      { midstream: { sub: 'a' } },
      { midstream_header: {} },
      { midstream: 'a', midstream_header: {} },
    ])
      assert.equal(of(value), undefined);
    assert.equal(verifiedByEnvoy({ other: { midstream: {}, midstream_header: {} } }), undefined);
  });
});
