import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createJwtVerifier, type JwtVerifier } from '../../../extproc/identity/jwt.js';
import { Issuer } from '../../support/issuer.js';
import { issuerConfig } from '../../support/issuer-config.js';
import { oddities, tricks } from '../../support/jwt-tricks.js';

describe('tokens that somebody tampered with', () => {
  let issuer: Issuer;
  let verifier: JwtVerifier;
  let elsewhere: Server;
  let asked = 0;
  before(async () => {
    issuer = await Issuer.start();
    verifier = createJwtVerifier([issuerConfig(issuer)], { warn: () => undefined });
    elsewhere = createServer((_, response) => {
      asked++;
      response.end('{"keys":[]}');
    });
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
  });
  after(async () => {
    verifier.close();
    elsewhere.close();
    await issuer.stop();
  });

  it('let nobody in, and nobody asks elsewhere for keys', async () => {
    const letIn: string[] = [];
    for (const { what, token } of await tricks(issuer, `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`)) {
      const answer = await verifier.verify(token, '');
      if (answer.ok) letIn.push(what);
      else assert.ok(answer.unavailable !== true, `${what}: it is the token that is wrong, not the issuer that is away`);
    }
    assert.deepEqual(letIn, []);
    assert.equal(asked, 0);
  });

  it('are not taken for those that are only unusual', async () => {
    for (const { what, token } of await oddities(issuer)) {
      const answer = await verifier.verify(token, '');
      assert.ok(answer.ok, `${what}: ${answer.ok || answer.reason}`);
      assert.deepEqual([answer.identity.id, answer.identity.groups], ['agent-7', ['agents']], what);
    }
  });

  it('are tried with each key that could have made them, where they name none', async () => {
    const several = createJwtVerifier([issuerConfig(issuer)], { warn: () => undefined });
    await issuer.add('k0');
    const header = JSON.stringify({ alg: 'ES256' });
    const now = Math.floor(Date.now() / 1000);
    const token = await issuer.sign(header, JSON.stringify({ iss: issuer.issuer, aud: 'midstream', sub: 'agent-7', exp: now + 60 }));
    assert.ok((await several.verify(token, '')).ok);
    const answer = await several.verify(`${token.slice(0, -8)}AAAAAAAA`, '');
    assert.ok(!answer.ok && answer.reason === 'the token’s signature is wrong');
    const old = await several.verify(
      await issuer.sign(header, JSON.stringify({ iss: issuer.issuer, aud: 'midstream', sub: 'a', exp: 1 })),
      '',
    );
    assert.ok(!old.ok && old.reason === 'the token has expired');
    several.close();
    await issuer.rotate('k1');
  });
});
