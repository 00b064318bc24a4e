import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { type LoginWays, startWays, type Way, ways } from '../support/login-ways.js';

/** Seconds between two fetches for a key that is not known, where keys may grow old. */
const COOLDOWN_S = 30;
/** What is said of a token whose key is none of the issuer's, by the gateway or by Envoy. */
const NO_KEY = /key is not known|Jwks doesn't have key to match kid or alg/;

describe('keys of issuers, through a real Envoy', function () {
  this.timeout(90_000);
  /** patient: its keys count for an hour. hasty: for two seconds. */
  let patient: Issuer;
  let hasty: Issuer;
  let started: LoginWays;

  before(async function () {
    this.timeout(120_000);
    [patient, hasty] = await Promise.all([Issuer.start(), Issuer.start('EdDSA')]);
    const issuer = ({ issuer, jwks_url }: Issuer, keys_age_max: string) => ({ issuer, jwks_url, audiences: ['midstream'], keys_age_max });
    started = await startWays({ issuers: [issuer(patient, '1h'), issuer(hasty, '2s')] });
  });

  after(async () => {
    await started?.stop();
    await Promise.all([patient?.stop(), hasty?.stop()]);
  });

  const ask = (way: Way, token: string): Promise<string> => started.ask(way, token);
  const becomes = async (token: () => Promise<string>, wanted: RegExp, what: string): Promise<void> => {
    for (const way of ways)
      await eventually(
        async () => await ask(way, await token()),
        (said) => wanted.test(said),
        `${way}: ${what}`,
        20_000,
      );
  };

  it('are taken from the set that the issuer gives, each issuer’s for its own tokens', async () => {
    await becomes(() => patient.token(), /^in$/, 'a token');
    await becomes(() => hasty.token(), /^in$/, 'a token of the other issuer');
    const foreign = await hasty.token({ iss: patient.issuer }, { header: { kid: 'k1' } });
    for (const way of ways) assert.match(await ask(way, foreign), /signature is wrong|key is not known|algorithm|doesn't have key/);
  });

  it('count once they are rotated, and the ones before do not any more', async () => {
    const before = await hasty.token();
    await hasty.rotate('k2', 'EdDSA');
    await becomes(() => hasty.token(), /^in$/, 'a token of the new key');
    for (const way of ways) assert.match(await ask(way, before), NO_KEY);
  });

  it('are not fetched for each key id that somebody invents, and agents log in meanwhile', async () => {
    const began = Date.now();
    const fetched = patient.fetches;
    const answers: string[] = [];
    const flood = async (way: Way) => {
      for (let i = 0; i < 40; i++)
        answers.push(await ask(way, await patient.token({}, { header: { kid: randomBytes(4).toString('hex') } })));
    };
    const agents = async (way: Way) => {
      for (let i = 0; i < 5; i++) assert.equal(await ask(way, await patient.token()), 'in');
    };
    await Promise.all([...ways.map(flood), ...ways.map(agents)]);
    assert.equal(answers.length, 40 * ways.length);
    for (const answer of answers) assert.match(answer, NO_KEY);
    const fetches = patient.fetches - fetched;
    assert.ok(fetches <= 1 + (Date.now() - began) / 1000 / COOLDOWN_S, `${fetches} fetches`);
  });

  it('are used while the issuer is away, until they are too old; then nobody is let in until it is back', async () => {
    await becomes(() => patient.token(), /^in$/, 'a token');
    const open = new pg.Client({
      host: '127.0.0.1',
      port: started.ports.ext_proc,
      user: 'any',
      password: await hasty.token(),
      database: started.database,
    });
    await open.connect();
    await Promise.all([patient.stop(), hasty.stop()]);
    for (const way of ways) assert.equal(await ask(way, await patient.token()), 'in');
    await becomes(() => hasty.token(), /^(57P03|503) .*keys/, 'keys that are too old');
    // Whoever was let in stays: the session began while the keys were good.
    assert.deepEqual((await open.query('select 42 as n')).rows, [{ n: 42 }]);
    await open.end();
    for (const way of ways) assert.equal(await ask(way, await patient.token()), 'in');
    await Promise.all([patient.again(), hasty.again()]);
    await becomes(() => hasty.token(), /^in$/, 'the issuer is back');
  });
});
