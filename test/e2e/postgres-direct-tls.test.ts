import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { hashToken } from '../../extproc/console/tokens.js';
import { freePorts } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';
import { pem, startTlsServer, type TlsServer } from '../support/tls-server.js';

const transports = ['ext_proc', 'hop'] as const;
/** stranger: the server's certificate is good, and of another name than the one that is asked for */
const kinds = ['direct', 'in_band', 'stranger'] as const;
type Name = `${(typeof transports)[number]}_${(typeof kinds)[number]}`;
const names = transports.flatMap((transport) => kinds.map((kind): Name => `${transport}_${kind}`));
const ca = readFileSync(pem('ca.pem'), 'utf8');

describe('TLS at once towards PostgreSQL 17 and newer (sslnegotiation=direct), through a real Envoy', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-direct-'));
  const ports = {} as Record<Name, number>;
  /** first bytes of each connection to the server */
  let begun: Buffer[] = [];
  let server: TlsServer;
  let way: Server;
  let served: Served;

  before(async function () {
    this.timeout(120_000);
    // And 1.3 alone, of which Envoy does not think by itself.
    server = await startTlsServer({ ssl_min_protocol_version: 'TLSv1.3' });
    way = createServer((agent) => {
      const inner = connectTcp({ host: '127.0.0.1', port: server.port });
      agent.once('data', (bytes: Buffer) => begun.push(bytes.subarray(0, 8)));
      agent.pipe(inner).pipe(agent);
      for (const one of [agent, inner]) one.on('error', () => undefined).on('close', () => [agent, inner].map((it) => it.destroy()));
    });
    await new Promise<void>((done) => way.listen(0, '127.0.0.1', done));
    const free = await freePorts(names.length);
    for (const [i, name] of names.entries()) ports[name] = free[i]!;
    writeFileSync(join(folder, 'policy.yaml'), 'version: 1\nmasks: [{ name: cards, detect: [credit_card], as: partial }]\n');
    writeFileSync(join(folder, 'secret'), 'the-role');
    const socket = (name: string): string => `unix:${folder}/${name}.sock`;
    served = await startServed(folder, {
      version: 1,
      listeners: names.map((name) => {
        const inBand = name.endsWith('in_band');
        const starttls = { agents: socket(`${name}-a`), tls: socket(`${name}-t`), server: socket(`${name}-s`), plain: socket(`${name}-p`) };
        return {
          name,
          listen: `127.0.0.1:${ports[name]}`,
          upstream: `127.0.0.1:${(way.address() as AddressInfo).port}`,
          tls: { certificate_file: pem('server.pem'), key_file: pem('server.key'), negotiation: inBand ? 'postgres' : 'direct' },
          upstream_tls: {
            ca_file: pem('ca.pem'),
            server_name: name.endsWith('stranger') ? 'elsewhere' : 'localhost',
            negotiation: inBand ? 'postgres' : 'direct',
          },
          authentication: { methods: ['token'], logins: [{ groups: ['agents'], role: 'app_ro', password_file: 'secret' }] },
          ...(name.startsWith('hop')
            ? { transport: 'hop', hop: { gateway: socket(name), back: socket(`${name}-b`), ...(inBand ? { starttls } : {}) } }
            : {}),
        };
      }),
      gateway: { grpc: socket('grpc') },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: { tokens: [{ id: 'robot', groups: ['agents'], hash: hashToken('robot-token') }] },
    });
  });
  after(async () => {
    await served?.stop();
    way?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    begun = [];
  });

  const connect = async (name: Name): Promise<pg.Client> => {
    const one = new pg.Client({
      host: 'localhost',
      port: ports[name],
      user: 'any',
      password: 'robot-token',
      database: 'postgres',
      ssl: { ca },
      sslnegotiation: name.endsWith('in_band') ? 'postgres' : 'direct',
    });
    one.on('error', () => undefined);
    await one.connect();
    return one;
  };

  for (const transport of transports)
    for (const [kind, what] of [
      ['direct', 'a TLS handshake, and nothing before it'],
      ['in_band', 'an SSLRequest'],
    ] as const)
      it(`begins with ${what} (${transport}, ${kind}), and is read and masked`, async () => {
        const one = await connect(`${transport}_${kind}`);
        const { rows } = await one.query(
          `select current_user as role, ssl, version, '4111 1111 1111 1111' as card from pg_stat_ssl where pid = pg_backend_pid()`,
        );
        await one.end();
        assert.equal(begun.length, 1);
        // Record layer of TLS: handshake, version 3.x (RFC 8446, 5.1).
        if (kind === 'direct') assert.deepEqual([...begun[0]!.subarray(0, 2)], [0x16, 3]);
        else assert.equal(begun[0]!.toString('hex'), '0000000804d2162f');
        assert.deepEqual(rows, [{ role: 'app_ro', ssl: true, version: 'TLSv1.3', card: '**** **** **** 1111' }]);
      });

  for (const transport of transports)
    it(`goes to no server whose certificate is of another name (${transport})`, async () => {
      await assert.rejects(connect(`${transport}_stranger`));
      // The handshake was begun; no password followed it.
      assert.ok(begun.length > 0);
      assert.ok(begun.every((bytes) => bytes[0] === 0x16));
    });
});
