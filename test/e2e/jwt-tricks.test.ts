import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { oddities, tricks } from '../support/jwt-tricks.js';
import { type LoginWays, startWays, ways } from '../support/login-ways.js';

/** What Envoy takes of all headers together, unless told otherwise. */
const HEADERS_BYTES_MAX = 60 * 1024;

describe('tokens that somebody tampered with, through a real Envoy', function () {
  this.timeout(120_000);
  let issuer: Issuer;
  let elsewhere: Server;
  let asked = 0;
  let started: LoginWays;

  before(async () => {
    issuer = await Issuer.start();
    elsewhere = createServer((_, response) => {
      asked++;
      response.end('{"keys":[]}');
    });
    await new Promise<void>((done) => elsewhere.listen(0, '127.0.0.1', done));
    const { issuer: name, jwks_url } = issuer;
    started = await startWays({ issuers: [{ issuer: name, jwks_url, audiences: ['midstream'] }] });
    for (const way of ways)
      await eventually(
        async () => await started.ask(way, await issuer.token()),
        (said) => said === 'in',
        `${way}: a good token`,
        20_000,
      );
  });
  after(async () => {
    await started?.stop();
    elsewhere?.close();
    await issuer?.stop();
  });

  for (const way of ways) {
    it(`let nobody in (${way}), and nobody asks elsewhere for keys`, async () => {
      const letIn: string[] = [];
      for (const { what, token } of await tricks(issuer, `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`)) {
        const overHttp = way === 'http' || way === 'envoy';
        // No header can carry it.
        if (overHttp && /[^\x20-\x7e]/.test(token)) continue;
        // Envoy takes no headers as long as that, and does not read on.
        if (overHttp && token.length > HEADERS_BYTES_MAX) {
          await started.ask(way, token).then(
            (said) => assert.match(said, /^431 /, what),
            (error: TypeError) => assert.match(String(error.cause), /SocketError|ECONNRESET|EPIPE/, what),
          );
          continue;
        }
        const said = await started.ask(way, token);
        // Envoy's own bound is that of all headers.
        if (way === 'envoy' && what === 'a payload that is longer than a token may be') assert.equal(said, 'in');
        else if (said === 'in') letIn.push(what);
        else assert.match(said, way === 'envoy' ? /^40[13] / : overHttp ? /^401 / : /^28P01 /, what);
      }
      assert.deepEqual(letIn, []);
      assert.equal(asked, 0);
    });

    it(`are not taken for those that are only unusual (${way})`, async () => {
      for (const { what, token } of await oddities(issuer)) {
        const said = await started.ask(way, token);
        // The parser of Envoy is one that refuses them.
        if (way === 'envoy' && what === 'with its owner twice') assert.match(said, /invalid JSON/);
        else assert.equal(said, 'in', what);
      }
    });
  }

  it('are judged with the tolerance for clocks that differ, of 30 s unless said otherwise', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const way of ways) {
      assert.equal(await started.ask(way, await issuer.token({}, { ends_s: -5 })), 'in', way);
      assert.match(await started.ask(way, await issuer.token({}, { ends_s: -90 })), /expired/, way);
      assert.equal(await started.ask(way, await issuer.token({ nbf: now + 10 })), 'in', way);
      assert.match(await started.ask(way, await issuer.token({ nbf: now + 900 })), /not (valid )?yet|not yet valid/, way);
    }
  });

  it('leave the gateway as it was', async () => {
    for (const way of ways) assert.equal(await started.ask(way, await issuer.token()), 'in');
    assert.ok(!started.served.said().includes('"level":50'), started.served.said());
  });
});
