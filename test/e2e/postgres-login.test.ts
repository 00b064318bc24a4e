import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { hashToken, newToken } from '../../extproc/console/tokens.js';
import { listSessions, readSession } from '../../extproc/stores/recordings/query.js';
import { formatVerifier, loadPasswordTables, makeVerifier } from '../../filters/postgres/auth/scram.js';
import { eventually } from '../support/envoy.js';
import { testPolicy } from '../support/gateway.js';
import { Issuer } from '../support/issuer.js';
import { freePorts } from '../support/ports.js';
import { onServer, type ScratchDatabase, scratchDatabase } from '../support/postgres.js';
import { type Served, startServed } from '../support/served.js';

const transports = ['ext_proc', 'hop'] as const;
const own = newToken();
const agentPassword = 'an agent’s own password';
const rolePassword = 'the-role-at-the-server';

describe('logins that the gateway ends, through a real Envoy', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-login-'));
  const secret = join(folder, 'role.secret');
  const revoked = join(folder, 'revoked');
  let issuer: Issuer;
  let database: ScratchDatabase;
  let served: Served;
  const ports = {} as Record<(typeof transports)[number], number>;
  const role = `role_${process.pid}`;

  before(async function () {
    await loadPasswordTables();
    this.timeout(120_000);
    issuer = await Issuer.start();
    database = await scratchDatabase('login');
    await onServer(database.url, async (client) => {
      for (const name of [role, `${role}_b`]) await client.query(`create role ${name} login password '${rolePassword}'`);
    });
    writeFileSync(secret, `${rolePassword}\n`);
    writeFileSync(revoked, '# nobody yet\n');
    const [stream = 0, hopped = 0, back = 0] = await freePorts(3);
    Object.assign(ports, { ext_proc: stream, hop: hopped });
    writeFileSync(join(folder, 'policy.yaml'), testPolicy);
    const url = new URL(database.url);
    const listener = (name: string, port: number, rest: object) => ({
      name,
      listen: `127.0.0.1:${port}`,
      upstream: `${url.hostname}:${url.port}`,
      authentication: {
        methods: ['token', 'scram'],
        cleartext: 'any',
        logins: [
          { groups: ['agents'], databases: ['login_*'], role, password_file: 'role.secret' },
          { groups: ['agents'], databases: ['login_*'], role: `${role}_b`, password_command: ['/bin/sh', '-c', `printf ${rolePassword}`] },
          { identities: ['broken'], role, password_command: ['/bin/false'] },
          { identities: ['wrong'], role, password_command: ['/bin/echo', 'not-it'] },
        ],
      },
      ...rest,
    });
    served = await startServed(folder, {
      version: 1,
      listeners: [
        listener('ext_proc', stream, {}),
        listener('hop', hopped, { transport: 'hop', hop: { gateway: `unix:${folder}/hop.sock`, back: `127.0.0.1:${back}` } }),
      ],
      // Who is behind a connection is not known before the log-in: these are asked then.
      access: [
        { resource: 'ext_proc', identities: ['agent-*', 'robot', 'scrammer', 'broken', 'wrong', 'leaving-*'] },
        { resource: 'hop', sources: ['127.0.0.0/8'], identities: ['agent-*', 'robot', 'scrammer', 'broken', 'wrong', 'leaving-*'] },
        { resource: '*', sources: ['192.0.2.0/24'], identities: ['outsider'] },
      ],
      gateway: { grpc: `unix:${folder}/grpc.sock` },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: {
        issuers: [{ issuer: issuer.issuer, audiences: ['midstream'], jwks_url: issuer.jwks_url, clock_tolerance: '1s' }],
        tokens: [
          { id: 'robot', groups: ['agents'], hash: hashToken(own) },
          { id: 'broken', hash: hashToken('token-of-broken') },
          { id: 'wrong', hash: hashToken('token-of-wrong') },
          { id: 'outsider', groups: ['agents'], hash: hashToken('token-of-outsider') },
          { id: 'old', groups: ['agents'], hash: hashToken('token-of-old'), expires: '2020-01-01' },
        ],
        scram: [{ user: 'scrammer', groups: ['agents'], verifier: formatVerifier(makeVerifier(agentPassword, randomBytes(16))) }],
        revoked_file: 'revoked',
      },
    });
  });

  after(async () => {
    await served?.stop();
    await issuer?.stop();
    await onServer(database.url, async (client) => {
      for (const name of [role, `${role}_b`]) await client.query(`drop role if exists ${name}`);
    });
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = async (transport: (typeof transports)[number], password: string, user = 'whoever'): Promise<pg.Client> => {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: ports[transport],
      user,
      password,
      database: database.name,
      application_name: 'my tool',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  const whoAmI = async (client: pg.Client): Promise<{ role: string; application: string }> => {
    const { rows } = await client.query(`select current_user as role, current_setting('application_name') as application`);
    return rows[0] as { role: string; application: string };
  };
  const refused = async (
    transport: (typeof transports)[number],
    password: string,
    code: string,
    words: RegExp,
    user?: string,
  ): Promise<void> => {
    await assert.rejects(connect(transport, password, user), (error: pg.DatabaseError) => {
      assert.equal(error.code, code, error.message);
      assert.match(error.message, words);
      assert.ok(!error.message.includes(role) && !error.message.includes(rolePassword));
      return true;
    });
  };

  for (const transport of transports) {
    describe(transport, () => {
      it('takes a signed token, and goes to the server as a role of the gateway’s own', async () => {
        const client = await connect(transport, await issuer.token());
        assert.deepEqual(await whoAmI(client), { role, application: 'agent-7' });
        const { rows } = await client.query('select 41 + $1::int as n', [1]);
        assert.deepEqual(rows, [{ n: 42 }]);
        await client.end();
      });

      it('takes a token of the gateway’s own, and the role that was asked for among those allowed', async () => {
        const client = await connect(transport, own, `${role}_b`);
        assert.deepEqual(await whoAmI(client), { role: `${role}_b`, application: 'robot' });
        await client.end();
      });

      it('takes an agent by SCRAM', async () => {
        const client = await connect(transport, agentPassword, 'scrammer');
        assert.deepEqual(await whoAmI(client), { role, application: 'scrammer' });
        await client.end();
        await refused(transport, 'another', '28P01', /password is wrong/, 'scrammer');
      });

      it('says why a token is refused, by class, and nothing of it', async () => {
        const token = await issuer.token();
        await refused(transport, await issuer.token({}, { ends_s: -60 }), '28P01', /the token has expired/);
        await refused(transport, await issuer.token({ nbf: Math.floor(Date.now() / 1000) + 600 }), '28P01', /not valid yet/);
        await refused(transport, await issuer.token({ aud: 'somebody-else' }), '28P01', /for somebody else/);
        await refused(transport, await issuer.token({ iss: 'https://elsewhere.example' }), '28P01', /issuer is not known/);
        await refused(transport, `${token.slice(0, -8)}AAAAAAAA`, '28P01', /signature is wrong/);
        await refused(transport, 'nonsense', '28P01', /not a token that is known/);
        await refused(transport, 'a.b.c', '28P01', /malformed/);
        await refused(transport, 'x'.repeat(20_000), '28P01', /not a token that is known/);
        await refused(transport, `${'x'.repeat(20_000)}.b.c`, '28P01', /too long/);
        await refused(transport, 'token-of-old', '28P01', /expired/);
        const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;
        await refused(transport, none, '28P01', /algorithm is not taken|malformed/);
      });

      it('lets nobody to the server without a rule, or without a credential', async () => {
        await refused(transport, await issuer.token({ groups: ['others'] }), '28000', /may not log in/);
        await refused(transport, 'token-of-broken', '57P03', /no credential for the server now/);
        await refused(transport, 'token-of-wrong', '28000', /could not log in at the server/);
      });

      it('lets nobody to a resource whom no access rule names, whatever they prove', async () => {
        await refused(transport, 'token-of-outsider', '28000', /may not reach this database/);
      });

      it('ends the open sessions of an identity that is revoked', async () => {
        const client = await connect(transport, await issuer.token({ sub: `leaving-${transport}` }));
        const ended = new Promise<Error>((done) => client.once('error', done));
        writeFileSync(revoked, `leaving-${transport}\n`);
        assert.match((await ended).message, /revoked/);
        await refused(transport, await issuer.token({ sub: `leaving-${transport}` }), '28P01', /revoked/);
        writeFileSync(revoked, '');
      });

      it('goes on with the keys it has while the issuer is away, and takes new ones when it is back', async () => {
        const token = await issuer.token();
        await issuer.stop();
        const client = await connect(transport, token);
        await client.end();
        await issuer.again();
      });
    });
  }

  describe('at the end', () => {
    it('loses no connection while the secret is rotated under load', async () => {
      let on = true;
      const failures: string[] = [];
      const loads = [...transports, ...transports];
      const logins = loads.map(() => 0);
      const load = async (transport: (typeof transports)[number], n: number) => {
        while (on) {
          try {
            const client = await connect(transport, own);
            await client.query('select 1');
            await client.end();
            logins[n]!++;
          } catch (error) {
            failures.push(String(error));
          }
        }
      };
      const running = loads.map(load);
      // Two roles in turn, as secret stores do it: the old one is good until nobody uses it any more.
      for (let turn = 0; turn < 6; turn++) {
        const name = turn % 2 === 0 ? `${role}_b` : role;
        const password = `rotated-${turn}`;
        await onServer(database.url, (client) => client.query(`alter role ${name} password '${password}'`).then(() => undefined));
        writeFileSync(secret, JSON.stringify({ username: name, password }));
        // A log-in that began before is over when its load has ended the next one: nobody uses the other role any more.
        const before = [...logins];
        await eventually(
          () => logins,
          (counts) => counts.every((count, n) => count >= before[n]! + 2),
          'logins go on',
          20_000,
        );
      }
      on = false;
      await Promise.all(running);
      assert.deepEqual(failures, []);
    });

    it('leaves no connection behind', async () => {
      await eventually(
        () => served.envoy.stats(/^(listener\..*\.downstream_cx_active|cluster\.(ext_proc|hop)_upstream\.upstream_cx_active)$/),
        (stats) => Object.entries(stats).every(([name, count]) => count === 0 || name.includes('admin')),
        'all connections are closed',
      );
    });

    it('records who it was and how that was proven, and no secret', async () => {
      const directory = join(folder, 'recordings');
      await eventually(
        async () => (await listSessions(directory)).length,
        (count) => count > 10,
        'sessions are recorded',
      );
      const proofs = new Set<string>();
      for (const { session } of await listSessions(directory))
        for await (const event of readSession(directory, session))
          if (event.type === 'session.open') proofs.add((event as unknown as { identity: { proof: string } }).identity.proof);
      for (const proof of ['jwt', 'token', 'scram', 'claimed']) assert.ok(proofs.has(proof), proof);
      const everything = [
        ...readdirSync(directory, { recursive: true, withFileTypes: true })
          .filter((one) => one.isFile())
          .map((one) => readFileSync(join(one.parentPath, one.name)).toString('latin1')),
        served.said(),
      ].join('\n');
      for (const word of [own, rolePassword, 'token-of-broken', 'rotated-3', 'eyJ']) assert.ok(!everything.includes(word), word);
    });
  });
});
