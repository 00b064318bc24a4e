import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { hashToken } from '../../extproc/console/tokens.js';
import { listSessions, readSession } from '../../extproc/stores/recordings/query.js';
import { encodeStartupPacket } from '../../filters/postgres/wire/index.js';
import { eventually } from '../support/envoy.js';
import { testPolicy } from '../support/gateway.js';
import { pendingBecause } from '../support/pending.js';
import { freePorts } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';
import { pem, startTlsServer, type TlsServer } from '../support/tls-server.js';

const SPIFFE = 'spiffe://shop.example/agent/reporter';
const ca = readFileSync(pem('ca.pem'), 'utf8');
const client = { cert: readFileSync(pem('client.pem'), 'utf8'), key: readFileSync(pem('client.key'), 'utf8') };
/** Where agents may come from. All of 127.0.0.0/8 is this machine, so that a test is at any address of it. */
const sources = ['127.0.0.1', '127.7.0.0/16'];
const transports = ['ext_proc', 'hop'] as const;
/** pass: the client's own log-in passes through, TLS is up to it. login: the gateway ends it, over TLS alone. */
const kinds = ['pass', 'login'] as const;
type Name = `${(typeof transports)[number]}_${(typeof kinds)[number]}`;
const names = transports.flatMap((transport) => kinds.map((kind): Name => `${transport}_${kind}`));
const psql = spawnSync('psql', ['--version']).status === 0;

describe('Postgres over TLS on both sides, through a real Envoy', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-tls-'));
  const certificates = join(folder, 'certificates');
  let server: TlsServer;
  let served: Served;
  const ports = {} as Record<Name, number>;
  let password = '';

  before(async function () {
    this.timeout(120_000);
    server = await startTlsServer();
    password = new URL(server.url).password;
    const free = await freePorts(names.length);
    for (const [i, name] of names.entries()) ports[name] = free[i]!;
    writeFileSync(join(folder, 'policy.yaml'), testPolicy);
    spawnSync('mkdir', [certificates]);
    for (const name of ['server.pem', 'server.key']) writeFileSync(join(certificates, name), readFileSync(pem(name)));
    const listener = (name: Name) => ({
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream: `127.0.0.1:${server.port}`,
      tls: {
        certificate_file: 'certificates/server.pem',
        key_file: 'certificates/server.key',
        client_ca_file: pem('ca.pem'),
        client_certificate: 'optional',
        required: name.endsWith('login'),
      },
      upstream_tls: { ca_file: pem('ca.pem'), server_name: 'localhost' },
      ...(name.startsWith('hop')
        ? {
            transport: 'hop',
            hop: {
              gateway: `unix:${folder}/${name}.sock`,
              back: `unix:${folder}/${name}-b.sock`,
              starttls: {
                agents: `unix:${folder}/${name}-a.sock`,
                tls: `unix:${folder}/${name}-t.sock`,
                server: `unix:${folder}/${name}-s.sock`,
                plain: `unix:${folder}/${name}-p.sock`,
              },
            },
          }
        : {}),
      ...(name.endsWith('login')
        ? {
            authentication: {
              logins: [
                { identities: ['spiffe://shop.example/**'], proofs: ['mtls'], role: 'app_ro', password_file: 'secret' },
                { groups: ['agents'], role: 'app_ro', password_file: 'secret' },
              ],
            },
          }
        : {}),
    });
    writeFileSync(join(folder, 'secret'), 'the-role');
    served = await startServed(
      folder,
      {
        version: 1,
        listeners: names.map(listener),
        gateway: { grpc: `unix:${folder}/grpc.sock` },
        policy: 'policy.yaml',
        record: { directory: 'recordings', durability: 'relaxed' },
        access: [
          { resource: '*_pass', sources },
          { resource: '*_login', identities: [SPIFFE, 'robot'], sources },
        ],
        identity: { tokens: [{ id: 'robot', groups: ['agents'], hash: hashToken('robot-token') }] },
      },
      { secrets: true },
    );
  });

  after(async () => {
    await served?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = async (name: Name, more: pg.ClientConfig): Promise<pg.Client> => {
    const one = new pg.Client({ host: 'localhost', port: ports[name], database: 'postgres', ...more });
    one.on('error', () => undefined);
    await one.connect();
    return one;
  };
  const own = (): pg.ClientConfig => ({ user: 'postgres', password });
  const encrypted = async (one: pg.Client): Promise<boolean> => {
    const { rows } = await one.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
    return (rows[0] as { ssl: boolean }).ssl;
  };
  /** A connection whose own end has this address. */
  const from = (localAddress: string): pg.ClientConfig => ({
    stream: () =>
      new (class extends Socket {
        override connect(...[port, host]: unknown[]): this {
          return super.connect({ port: Number(port), host: String(host), family: 4, localAddress });
        }
      })(),
  });
  const refused = (wanted: RegExp) => (error: Error) => {
    assert.match(error.message, wanted);
    return true;
  };

  /** How many connections ext_authz has refused. */
  const denied = async (): Promise<number> =>
    Object.values(await served.envoy.stats(/ext_authz\..*\.denied$/)).reduce((sum, one) => sum + one, 0);
  /** Addresses in the recorded sessions of a listener. */
  const sourcesOf = async (name: Name): Promise<string[]> => {
    const directory = join(folder, 'recordings');
    const all: string[] = [];
    for (const { session } of await listSessions(directory))
      for await (const event of readSession(directory, session))
        if (event.type === 'session.open') {
          const { resource, identity } = event as unknown as { resource: string; identity: { source: string } };
          if (resource === name) all.push(identity.source);
        }
    return all;
  };

  for (const transport of transports) {
    const pass: Name = `${transport}_pass`;
    const login: Name = `${transport}_login`;
    describe(transport, () => {
      it('takes TLS that is asked for in band, checks the server’s certificate, and encrypts the way to the server', async () => {
        const one = await connect(pass, { ...own(), ssl: { ca } });
        assert.equal(await encrypted(one), true);
        const { rows } = await one.query(`select '4111 1111 1111 1111' as card`);
        assert.deepEqual(rows, [{ card: '**** **** **** 1111' }]);
        await one.end();
      });

      it('takes a client in clear where TLS is not required, and the server is still reached over TLS', async () => {
        const one = await connect(pass, own());
        assert.equal(await encrypted(one), true);
        await one.end();
      });

      it('refuses a client in clear where TLS is required, in words of the protocol', async () => {
        await assert.rejects(connect(login, { user: 'x', password: 'robot-token' }), refused(/reached over TLS only/));
      });

      it('takes an agent by its certificate, without a password', async () => {
        const one = await connect(login, { user: 'whoever', ssl: { ca, ...client } });
        const { rows } = await one.query(`select current_user as role, current_setting('application_name') as application`);
        assert.deepEqual(rows, [{ role: 'app_ro', application: SPIFFE }]);
        assert.equal(await encrypted(one), true);
        await one.end();
      });

      it('takes a token over TLS from an agent without a certificate', async () => {
        const one = await connect(login, { user: 'whoever', password: 'robot-token', ssl: { ca } });
        const { rows } = await one.query('select current_user as role');
        assert.deepEqual(rows, [{ role: 'app_ro' }]);
        await one.end();
        await assert.rejects(connect(login, { user: 'x', password: 'wrong', ssl: { ca } }), refused(/not a token/));
      });

      for (const [name, how, who] of [
        [pass, 'in clear', own],
        [pass, 'over TLS', () => ({ ...own(), ssl: { ca } })],
        [login, 'over TLS with a certificate', () => ({ user: 'any', ssl: { ca, ...client } })],
      ] as const)
        it(`knows where the agent really is (${name}, ${how}): access is by that, and the recording says it`, async () => {
          const one = await connect(name, { ...who(), ...from('127.7.7.7') });
          const port = (one as unknown as { connection: { stream: Socket } }).connection.stream.localPort;
          assert.equal(await encrypted(one), true);
          await one.end();
          await eventually(
            () => sourcesOf(name),
            (all) => all.includes(`127.7.7.7:${port}`),
            `the session of 127.7.7.7:${port} is recorded`,
            20_000,
          );
          // Envoy asks before it reads: who may not connect is told nothing.
          const before = await denied();
          await assert.rejects(connect(name, { ...who(), ...from('127.8.7.7') }), refused(/ECONNRESET|terminated unexpectedly/));
          assert.equal(await denied(), before + 1);
        });

      it('takes no PROXY header of an agent’s own', async () => {
        const parameters = [{ name: 'user', value: Buffer.from('postgres') }];
        const startup = encodeStartupPacket({ kind: 'startup', version: 196608, parameters });
        const v1 = Buffer.from('PROXY TCP4 127.7.9.9 127.0.0.1 999 5432\r\n');
        const v2 = Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0709097f00000103e71538', 'hex');
        for (const header of [v1, v2]) {
          const said = await request(ports[pass], Buffer.concat([header, startup]));
          assert.ok(said === '' || said.startsWith('E'), said);
        }
        assert.ok(!(await sourcesOf(pass)).some((source) => source.startsWith('127.7.9.9')));
      });

      it('takes TLS at once, with the protocol named in ALPN', async () => {
        const said = await direct(ports[login]);
        assert.equal(said.alpn, 'postgresql');
        assert.equal(said.first, 'R');
      });

      it('answers GSSENCRequest with N, and goes on', async () => {
        assert.equal(await request(ports[pass], encodeStartupPacket({ kind: 'gssenc' })), 'N');
      });

      it('ends a connection that sends more before TLS than the request for it', async () => {
        const said = await request(ports[pass], Buffer.concat([encodeStartupPacket({ kind: 'ssl' }), Buffer.from('injected')]));
        assert.match(said, /^E.*unencrypted data/s);
      });

      it('cancels over TLS, and in clear', async () => {
        const one = await connect(pass, { ...own(), ssl: { ca } });
        const { processID, secretKey } = one as unknown as { processID: number; secretKey: number };
        const slow = one.query('select pg_sleep(30)');
        const key = Buffer.alloc(4);
        key.writeInt32BE(secretKey);
        const packet = encodeStartupPacket({ kind: 'cancel', process_id: processID, key });
        const end = Date.now() + 20_000;
        const settled = slow.then(
          () => 'done',
          (error: pg.DatabaseError) => error.code,
        );
        let code: string | undefined;
        // The query may not have reached the server yet when the first request does.
        while (code === undefined && Date.now() < end) {
          await request(ports[pass], packet).catch(() => '');
          code = await Promise.race([settled, new Promise<undefined>((done) => setTimeout(() => done(undefined), 300))]);
        }
        assert.equal(code, '57014');
        await one.end();
      });

      it('does with each sslmode what libpq says', async function () {
        if (!psql) pendingBecause(this, 'psql is not there');
        const run = async (name: Name, words: string, env: Record<string, string> = {}) =>
          await runPsql(`host=localhost port=${ports[name]} dbname=postgres ${words}`, { PGSSLROOTCERT: pem('ca.pem'), ...env });
        const mine = `user=postgres password=${password}`;
        for (const sslmode of ['disable', 'prefer', 'require', 'verify-ca', 'verify-full']) {
          // libpq may bind its log-in to TLS, and the gateway ends that: it says so, and what to set.
          const bound = await run(pass, `${mine} sslmode=${sslmode}`);
          // `prefer` tries again in clear by itself.
          if (sslmode === 'disable' || sslmode === 'prefer') assert.equal(bound.out, 't', bound.err);
          else assert.match(bound.err, /channel_binding=disable/);
          const unbound = await run(pass, `${mine} sslmode=${sslmode} channel_binding=disable`);
          assert.equal(unbound.out, 't', unbound.err);
        }
        const byToken = await run(login, 'user=any password=robot-token sslmode=verify-full');
        assert.equal(byToken.out, 't', byToken.err);
        assert.match((await run(login, 'user=any password=robot-token sslmode=disable')).err, /TLS only/);
        const files = `sslcert=${pem('client.pem')} sslkey=${join(folder, 'client.key')}`;
        writeFileSync(join(folder, 'client.key'), client.key, { mode: 0o600 });
        const certified = await run(login, `user=any sslmode=verify-full ${files}`);
        assert.equal(certified.out, 't', certified.err);
        const wrongName = await run(login, 'user=any password=robot-token sslmode=verify-full hostaddr=127.0.0.1 host=elsewhere');
        assert.match(wrongName.err, /does not match host name/);
        assert.match((await run(pass, `${mine} sslmode=require channel_binding=require`)).err, /channel binding/);
      });
    });
  }

  it('leaves no connection behind', async () => {
    await eventually(
      () => served.envoy.stats(/^(listener\..*\.downstream_cx_active|cluster\..*\.upstream_cx_active)$/),
      (stats) => Object.entries(stats).every(([name, count]) => count === 0 || /admin|cluster\.midstream\./.test(name)),
      'all connections are closed',
      20_000,
    );
    assert.equal(
      Object.values(await served.envoy.stats(/network_ext_proc\..*\.streams_grpc_close$/)).reduce((sum, one) => sum + one, 0),
      0,
    );
  });
});

/** TLS from the first byte on, a startup packet, and the first byte of what comes back. */
function direct(port: number): Promise<{ alpn: string; first: string }> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: 'localhost', port, ca, ALPNProtocols: ['postgresql'], ...client, servername: 'localhost' }, () => {
      const parameters = [
        { name: 'user', value: Buffer.from('any') },
        { name: 'database', value: Buffer.from('postgres') },
      ];
      socket.write(encodeStartupPacket({ kind: 'startup', version: 196608, parameters }));
    });
    socket.once('data', (bytes: Buffer) => {
      resolve({ alpn: String(socket.alpnProtocol), first: bytes.toString('latin1', 0, 1) });
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/** What comes back for bytes in clear, until the other side ends or says a single byte. */
function request(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const socket = connectTcp({ host: '127.0.0.1', port }, () => socket.write(bytes));
    socket.on('data', (data: Buffer) => {
      said += data.toString('latin1');
      if (said === 'N' || said === 'S') socket.destroy();
    });
    socket.on('close', () => resolve(said));
    socket.on('error', reject);
  });
}

function runPsql(connection: string, env: Record<string, string>): Promise<{ out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn('psql', ['-XAt', '-w', '-c', 'select ssl from pg_stat_ssl where pid = pg_backend_pid()', connection], {
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env },
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    child.on('close', () => resolve({ out: out.trim(), err }));
  });
}
