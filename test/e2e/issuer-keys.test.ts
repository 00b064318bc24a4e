import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { freePorts } from '../support/ports.js';
import { onServer, type ScratchDatabase, scratchDatabase } from '../support/postgres.js';
import { type Served, startServed } from '../support/served.js';

/** Seconds between two fetches for a key that is not known, where keys may grow old. */
const COOLDOWN_S = 30;
/** envoy: HTTP where Envoy's jwt_authn verifies. */
const ways = ['ext_proc', 'hop', 'http', 'envoy'] as const;
/** What is said of a token whose key is none of the issuer's, by the gateway or by Envoy. */
const NO_KEY = /key is not known|Jwks doesn't have key to match kid or alg/;
type Way = (typeof ways)[number];

/** `in`, or the class that was said: what an agent with this token meets. */
type Ask = (way: Way, token: string) => Promise<string>;

describe('keys of issuers, through a real Envoy', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-keys-'));
  const ports = {} as Record<Way, number>;
  const role = `keys_${process.pid}`;
  /** patient: its keys count for an hour. hasty: for two seconds. */
  let patient: Issuer;
  let hasty: Issuer;
  let backend: Server;
  let database: ScratchDatabase;
  let served: Served;

  before(async function () {
    this.timeout(120_000);
    [patient, hasty] = await Promise.all([Issuer.start(), Issuer.start('EdDSA')]);
    backend = createServer((_request, response) => response.end('in'));
    await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
    database = await scratchDatabase('keys');
    await onServer(database.url, (client) => client.query(`create role ${role} login password 'of-the-role'`));
    const [stream = 0, hop = 0, http = 0, envoy = 0, back = 0] = await freePorts(5);
    Object.assign(ports, { ext_proc: stream, hop, http, envoy });
    writeFileSync(join(folder, 'policy.yaml'), 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n');
    writeFileSync(join(folder, 'secret'), 'of-the-role');
    const url = new URL(database.url);
    const listener = (name: 'ext_proc' | 'hop', more: object) => ({
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream: `${url.hostname}:${url.port}`,
      authentication: { methods: ['token'], cleartext: 'any', logins: [{ groups: ['agents'], role, password_file: 'secret' }] },
      ...more,
    });
    const issuer = ({ issuer, jwks_url }: Issuer, keys_age_max: string) => ({ issuer, jwks_url, audiences: ['midstream'], keys_age_max });
    served = await startServed(folder, {
      version: 1,
      listeners: [
        listener('ext_proc', {}),
        listener('hop', { transport: 'hop', hop: { gateway: `unix:${folder}/hop.sock`, back: `127.0.0.1:${back}` } }),
      ],
      http: (['http', 'envoy'] as const).map((name) => ({
        name,
        listen: `127.0.0.1:${ports[name]}`,
        upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
        authentication: { methods: ['token'], by: name === 'envoy' ? 'envoy' : 'gateway' },
      })),
      gateway: { grpc: `unix:${folder}/grpc.sock` },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: { issuers: [issuer(patient, '1h'), issuer(hasty, '2s')] },
    });
  });

  after(async () => {
    await served?.stop();
    await Promise.all([patient?.stop(), hasty?.stop()]);
    backend?.closeAllConnections();
    backend?.close();
    await onServer(database.url, (client) => client.query(`drop role if exists ${role}`));
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask: Ask = async (way, token) => {
    if (way === 'http' || way === 'envoy') {
      const response = await fetch(`http://127.0.0.1:${ports[way]}/`, { headers: { authorization: `Bearer ${token}` } });
      const text = await response.text();
      return response.ok ? text : `${response.status} ${text}`;
    }
    const client = new pg.Client({ host: '127.0.0.1', port: ports[way], user: 'any', password: token, database: database.name });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('select 1');
      return 'in';
    } catch (error) {
      return `${(error as pg.DatabaseError).code} ${(error as Error).message}`;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
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
      port: ports.ext_proc,
      user: 'any',
      password: await hasty.token(),
      database: database.name,
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
