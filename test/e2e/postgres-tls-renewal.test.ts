import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import pg from 'pg';
import { hashToken } from '../../extproc/console/tokens.js';
import { eventually, goesOn } from '../support/envoy.js';
import { testPolicy } from '../support/gateway.js';
import { freePorts } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';
import { pem, startTlsServer, type TlsServer } from '../support/tls-server.js';

const transports = ['ext_proc', 'hop'] as const;
type Transport = (typeof transports)[number];
const text = (name: string): string => readFileSync(pem(name), 'utf8');
const both = `${text('ca.pem')}${text('next/ca.pem')}`;
const OLD = 'test client';
const NEXT = 'next test client';

/** Who an agent was to Envoy, and Envoy to the server, on a connection of its own. */
interface Seen {
  /** name in the certificate that the agent was shown */
  edge: string;
  /** name in the certificate that the server was shown */
  gateway: string;
  agent: string;
}

describe('certificates that are renewed while connections are open, through a real Envoy', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-renew-'));
  const certificates = join(folder, 'certificates');
  const ports = {} as Record<Transport, number>;
  const open: { transport: Transport; client: pg.Client }[] = [];
  const failures: string[] = [];
  let server: TlsServer;
  let served: Served;
  let connected = 0;
  let loading = true;
  let loads: Promise<void>[] = [];

  /** As renewals are done: another file is moved into the place of the one that was. */
  const put = (name: string, what: string): void => {
    writeFileSync(join(certificates, `.${name}`), what, { mode: 0o600 });
    renameSync(join(certificates, `.${name}`), join(certificates, name));
  };

  before(async function () {
    this.timeout(120_000);
    mkdirSync(certificates);
    for (const [name, what] of [
      ['server.pem', 'server.pem'],
      ['server.key', 'server.key'],
      ['agents-ca.pem', 'ca.pem'],
      ['db-ca.pem', 'ca.pem'],
      ['gateway.pem', 'client.pem'],
      ['gateway.key', 'client.key'],
    ] as const)
      put(name, text(what));
    server = await startTlsServer();
    // The server asks Envoy for a certificate, of either authority.
    writeFileSync(join(folder, 'both.pem'), both);
    await server.put('clients.pem', join(folder, 'both.pem'));
    // One role shows no password: the certificate that Envoy shows is enough for it, and nothing else is.
    writeFileSync(
      join(folder, 'hba'),
      'hostssl all app_cert all cert map=gateway\nhost all app_cert all reject\nhost all all all scram-sha-256\n',
    );
    writeFileSync(join(folder, 'ident'), `gateway "${OLD}" app_cert\ngateway "${NEXT}" app_cert\n`);
    await server.put('pg_hba.conf', join(folder, 'hba'));
    await server.put('pg_ident.conf', join(folder, 'ident'));
    await server.ask('create role app_cert login');
    await server.ask(`alter system set ssl_ca_file = 'clients.pem'`);
    await server.ask('select pg_reload_conf()');
    const [stream = 0, hop = 0] = await freePorts(2);
    Object.assign(ports, { ext_proc: stream, hop });
    writeFileSync(join(folder, 'policy.yaml'), testPolicy);
    writeFileSync(join(folder, 'secret'), 'the-role');
    const socket = (name: string): string => `unix:${folder}/${name}.sock`;
    const listener = (name: Transport) => ({
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream: `127.0.0.1:${server.port}`,
      tls: {
        certificate_file: 'certificates/server.pem',
        key_file: 'certificates/server.key',
        client_ca_file: 'certificates/agents-ca.pem',
        client_certificate: 'optional',
        required: true,
      },
      upstream_tls: {
        ca_file: 'certificates/db-ca.pem',
        server_name: 'localhost',
        certificate_file: 'certificates/gateway.pem',
        key_file: 'certificates/gateway.key',
      },
      authentication: {
        logins: [
          { identities: ['spiffe://shop.example/**'], proofs: ['mtls'], role: 'app_ro', password_file: 'secret' },
          { identities: ['certified'], role: 'app_cert' },
          { identities: ['robot'], role: 'app_ro', password_file: 'secret' },
        ],
      },
      ...(name === 'hop'
        ? {
            transport: 'hop',
            hop: {
              gateway: socket('hop'),
              back: socket('back'),
              starttls: { agents: socket('agents'), tls: socket('tls'), server: socket('server'), plain: socket('plain') },
            },
          }
        : {}),
    });
    served = await startServed(
      folder,
      {
        version: 1,
        listeners: transports.map(listener),
        gateway: { grpc: socket('grpc') },
        policy: 'policy.yaml',
        record: { directory: 'recordings', durability: 'relaxed' },
        identity: {
          tokens: [
            { id: 'robot', hash: hashToken('robot-token') },
            { id: 'certified', hash: hashToken('certified-token') },
          ],
        },
      },
      { secrets: true },
    );
    for (const transport of transports) open.push({ transport, client: (await connect(transport)).client });
    loads = transports.map(load);
  });

  after(async () => {
    loading = false;
    await Promise.all(loads);
    for (const { client } of open) await client.end().catch(() => undefined);
    await served?.stop();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function connect(
    transport: Transport,
    show: { certificate?: string; ca?: string; token?: string } = {},
  ): Promise<{ client: pg.Client; edge: string }> {
    const ssl: pg.ClientConfig['ssl'] = {
      ca: show.ca ?? both,
      ...(show.certificate === undefined ? {} : { cert: text(`${show.certificate}.pem`), key: text(`${show.certificate}.key`) }),
    };
    const client = new pg.Client({
      host: 'localhost',
      port: ports[transport],
      database: 'postgres',
      user: 'any',
      password: show.token ?? 'robot-token',
      ssl,
    });
    client.on('error', (error) => failures.push(`open connection: ${error.message}`));
    try {
      await client.connect();
    } catch (error) {
      client.removeAllListeners('error').on('error', () => undefined);
      throw error;
    }
    const { stream } = (client as unknown as { connection: { stream: TLSSocket } }).connection;
    const { subject } = stream.getPeerCertificate() as PeerCertificate;
    return { client, edge: String(subject.CN) };
  }

  const look = async (transport: Transport, show: Parameters<typeof connect>[1] = {}): Promise<Seen> => {
    const { client, edge } = await connect(transport, show);
    const { rows } = await client.query(
      `select client_dn as gateway, current_setting('application_name') as agent from pg_stat_ssl where pid = pg_backend_pid()`,
    );
    await client.end();
    const [row] = rows as { gateway: string; agent: string }[];
    return { edge, gateway: row!.gateway.replace('/CN=', ''), agent: row!.agent };
  };

  /** Agents that connect all the time; the open connections ask on. */
  async function load(transport: Transport): Promise<void> {
    const one = open.find((each) => each.transport === transport)!.client;
    while (loading) {
      try {
        await look(transport);
        await one.query('select 1');
        connected++;
      } catch (error) {
        failures.push(`${transport}: ${String(error)}`);
        if (failures.length > 20) return;
      }
    }
  }

  const until = async (what: string, holds: (seen: Seen) => boolean, show: Parameters<typeof connect>[1] = {}): Promise<void> => {
    for (const transport of transports) await eventually(() => look(transport, show), holds, `${transport}: ${what}`, 30_000);
  };
  const refuses = async (what: string, show: Parameters<typeof connect>[1]): Promise<void> => {
    for (const transport of transports)
      await eventually(
        () =>
          look(transport, show).then(
            () => 'let in',
            () => 'refused',
          ),
        (came) => came === 'refused',
        `${transport}: ${what}`,
        30_000,
      );
  };
  const fine = () => goesOn(() => connected, failures, 'agents connect');

  it('begins with the certificates that were there', async () => {
    await until('old certificates', ({ edge, gateway }) => edge === 'test server' && gateway === OLD);
    await until('an agent of the old authority', ({ agent }) => agent.endsWith('/reporter'), { certificate: 'client' });
    await refuses('an agent of an authority that is not believed yet', { certificate: 'next/client' });
    await fine();
  });

  it('goes to the server by Envoy’s certificate, without a password', async () => {
    for (const transport of transports) {
      const { client } = await connect(transport, { token: 'certified-token' });
      assert.deepEqual((await client.query('select current_user as role')).rows, [{ role: 'app_cert' }]);
      await client.end();
    }
  });

  it('shows agents the new one', async () => {
    // Between the two moves certificate and key are not of one pair: Envoy keeps the pair it has.
    put('server.pem', text('next/server.pem'));
    await fine();
    put('server.key', text('next/server.key'));
    await until('the new certificate', ({ edge }) => edge === 'next test server', { ca: text('next/ca.pem') });
    await fine();
  });

  it('believes agents of the new authority, and of the old one no more when it goes', async () => {
    put('agents-ca.pem', both);
    await until('an agent of the new authority', ({ agent }) => agent.endsWith('/renewed'), { certificate: 'next/client' });
    await until('an agent of the old one', ({ agent }) => agent.endsWith('/reporter'), { certificate: 'client' });
    await fine();
    put('agents-ca.pem', text('next/ca.pem'));
    await refuses('an agent of the old authority', { certificate: 'client' });
    await until('an agent of the new one', ({ agent }) => agent.endsWith('/renewed'), { certificate: 'next/client' });
    await fine();
  });

  it('shows the server the new one', async () => {
    put('gateway.pem', text('next/client.pem'));
    put('gateway.key', text('next/client.key'));
    await until('the new certificate at the server', ({ gateway }) => gateway === NEXT);
    await fine();
  });

  it('believes a server whose certificate is of another authority, once that is there', async () => {
    put('db-ca.pem', both);
    await fine();
    await server.put('server.crt', pem('next/server.pem'));
    await server.put('server.key', pem('next/server.key'));
    await server.ask('select pg_reload_conf()');
    await fine();
    // With the new authority alone agents go on, so the server shows its new certificate.
    put('db-ca.pem', text('next/ca.pem'));
    await fine();
  });

  it('has kept the connections that were open all the while', async () => {
    for (const { client } of open) assert.deepEqual((await client.query('select 42 as n')).rows, [{ n: 42 }]);
    assert.deepEqual(failures, []);
  });

  it('closes when the authority of the server is believed no more', async () => {
    loading = false;
    await Promise.all(loads);
    put('db-ca.pem', text('ca.pem'));
    await refuses('a server of an authority that is not believed', {});
  });
});
