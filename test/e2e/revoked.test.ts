import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { WebSocket, WebSocketServer } from 'ws';
import { hashToken } from '../../extproc/console/tokens.js';
import { formatVerifier, loadPasswordTables, makeVerifier } from '../../filters/postgres/auth/scram.js';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { freePorts } from '../support/ports.js';
import { onServer, type ScratchDatabase, scratchDatabase } from '../support/postgres.js';
import { type Served, startServed } from '../support/served.js';
import { pem } from '../support/tls-server.js';

const transports = ['ext_proc', 'hop'] as const;
const SPIFFE = 'spiffe://shop.example/agent/reporter';
const ACCOUNT = 'system:serviceaccount:shop:reporter';
const ca = readFileSync(pem('ca.pem'));
const certificate = { cert: readFileSync(pem('client.pem')), key: readFileSync(pem('client.key')) };
const policy = `
version: 1
rules:
  - { name: held, on: http, when: 'http.path == "/held"', then: approve, approve: { by: [dba], wait: 10m } }
defaults: { unparsed: deny, opaque: allow, allow: true }
`;

describe('identities that are revoked while they are at work, through a real Envoy', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-revoked-'));
  const role = `revoked_${process.pid}`;
  const ports = { ext_proc: 0, hop: 0, api: 0 };
  let people: Issuer;
  let cluster: Issuer;
  let backend: Server;
  let sockets: WebSocketServer;
  let database: ScratchDatabase;
  let served: Served;
  /** what the open connections of each have come to */
  const ended = new Map<string, Promise<string>>();
  const bystanders: pg.Client[] = [];

  before(async function () {
    this.timeout(120_000);
    await loadPasswordTables();
    [people, cluster] = await Promise.all([Issuer.start(), Issuer.start()]);
    backend = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => response.write('data: on\n\n'), 100);
      response.on('close', () => clearInterval(timer));
    });
    sockets = new WebSocketServer({ server: backend });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(String(data))));
    await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
    database = await scratchDatabase('revoked');
    await onServer(database.url, (client) => client.query(`create role ${role} login password 'the-role'`));
    const [ext_proc = 0, hop = 0, api = 0] = await freePorts(3);
    Object.assign(ports, { ext_proc, hop, api });
    writeFileSync(join(folder, 'policy.yaml'), policy);
    writeFileSync(join(folder, 'secret'), 'the-role');
    writeFileSync(join(folder, 'revoked'), '');
    const { hostname, port } = new URL(database.url);
    const socket = (name: string): string => `unix:${folder}/${name}.sock`;
    const starttls = { agents: socket('a'), tls: socket('t'), server: socket('s'), plain: socket('p') };
    const tls = { certificate_file: pem('server.pem'), key_file: pem('server.key'), client_ca_file: pem('ca.pem') };
    const issuer = ({ issuer: name, jwks_url }: Issuer, more: object) => ({ issuer: name, jwks_url, audiences: ['midstream'], ...more });
    served = await startServed(folder, {
      version: 1,
      listeners: transports.map((transport) => ({
        name: transport,
        transport,
        listen: `127.0.0.1:${ports[transport]}`,
        upstream: `${hostname}:${port}`,
        tls: { ...tls, client_certificate: 'optional', required: true },
        authentication: { methods: ['certificate', 'token', 'scram'], logins: [{ role, password_file: 'secret' }] },
        ...(transport === 'hop' ? { hop: { gateway: socket('hop'), back: socket('back'), starttls } } : {}),
      })),
      http: [
        {
          name: 'api',
          listen: `127.0.0.1:${api}`,
          upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
          authentication: { methods: ['token'] },
          hop: { gateway: socket('upgrades'), back: socket('upgrades-b') },
        },
      ],
      gateway: { grpc: socket('grpc') },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: {
        issuers: [issuer(people, {}), issuer(cluster, { kind: 'service-account' })],
        tokens: ['robot', 'bystander'].map((id) => ({ id, groups: [], hash: hashToken(`token-of-${id}`) })),
        scram: [{ user: 'scrammer', groups: [], verifier: formatVerifier(makeVerifier('pass', randomBytes(16))) }],
        revoked_file: 'revoked',
      },
    });
  });
  after(async () => {
    for (const one of bystanders) await one.end().catch(() => undefined);
    await served?.stop();
    sockets?.close();
    backend?.closeAllConnections();
    backend?.close();
    await Promise.all([people?.stop(), cluster?.stop()]);
    await onServer(database.url, (client) => client.query(`drop role if exists ${role}`));
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const connect = async (transport: (typeof transports)[number], user: string, password: string, own: object = {}): Promise<pg.Client> => {
    const client = new pg.Client({
      host: 'localhost',
      port: ports[transport],
      user,
      password,
      database: database.name,
      ssl: { ca, ...own },
    });
    client.on('error', () => undefined);
    await client.connect();
    await client.query('select 1');
    return client;
  };
  const means: [string, string, (transport: (typeof transports)[number]) => Promise<pg.Client>][] = [
    ['a signed token', 'agent-7', async (transport) => await connect(transport, 'any', await people.token())],
    ['a service account', ACCOUNT, async (transport) => await connect(transport, 'any', await cluster.token({ sub: ACCOUNT }))],
    ['a token of the gateway’s own', 'robot', (transport) => connect(transport, 'any', 'token-of-robot')],
    ['SCRAM', 'scrammer', (transport) => connect(transport, 'scrammer', 'pass')],
    ['a certificate', SPIFFE, (transport) => connect(transport, 'any', '', certificate)],
  ];
  const ask = (path: string, token: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${ports.api}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
    const still = Symbol('still');
    return (await Promise.race([promise, new Promise((done) => setTimeout(() => done(still), 50))])) === still;
  };
  /** Reads an answer to its end. */
  const readAll = (response: Response): Promise<string> =>
    response.text().then(
      () => 'ended',
      (error: Error) => `broken off: ${error.message}`,
    );

  it('have open connections of every kind', async () => {
    for (const transport of transports) {
      for (const [what, , open] of means) {
        const client = await open(transport);
        // In the middle of a statement: so it is at work.
        const running = client.query('select pg_sleep(600)');
        const over = running.then(
          () => 'done',
          (error: Error) => error.message,
        );
        ended.set(`${what}, ${transport}`, over);
      }
      bystanders.push(await connect(transport, 'any', 'token-of-bystander'));
    }
    const stream = await ask('/events', 'token-of-robot');
    assert.equal(stream.status, 200);
    ended.set('an event stream', readAll(stream));
    ended.set(
      'a request that waits',
      ask('/held', 'token-of-robot').then((response) => `${response.status} revoked? ${response.statusText}`),
    );
    const socket = new WebSocket(`ws://127.0.0.1:${ports.api}/chat`, { headers: { authorization: 'Bearer token-of-robot' } });
    socket.on('error', () => undefined);
    await new Promise<void>((done, fail) => socket.once('open', done).once('error', fail));
    const said = new Promise<string>((done) => socket.once('message', (data) => done(String(data))));
    socket.send('there?');
    assert.equal(await said, 'there?');
    ended.set('a WebSocket', new Promise((done) => socket.once('close', (code) => done(`closed ${code}`))));
    for (const [what, end] of ended) assert.ok(await isPending(end), `${what} is open`);
  });

  it('are cut off, whatever they do, and others are not', async () => {
    const stays = await ask('/events', 'token-of-bystander');
    const staysEnd = readAll(stays);
    writeFileSync(join(folder, 'revoked'), `agent-7\n${ACCOUNT} # left\nrobot\nscrammer\nspiffe://shop.example/agent/*\n`);
    for (const [what, end] of ended) {
      const how = await end;
      if (what === 'an event stream') assert.match(how, /broken off/);
      else if (what === 'a request that waits') assert.match(how, /^401 /);
      else if (what === 'a WebSocket') assert.match(how, /^closed (1001|1006|1008)$/);
      else assert.match(how, /revoked/, what);
    }
    for (const one of bystanders) assert.deepEqual((await one.query('select 42 as n')).rows, [{ n: 42 }]);
    assert.ok(await isPending(staysEnd));
    await stays.body?.cancel().catch(() => undefined);
  });

  it('are not let in again, and are when they stand in the list no more', async () => {
    for (const transport of transports)
      for (const [what, , open] of means) await assert.rejects(open(transport), /revoked|password is wrong/, what);
    assert.equal((await ask('/events', 'token-of-robot')).status, 401);
    writeFileSync(join(folder, 'revoked'), '# nobody\n');
    for (const transport of transports)
      for (const [what, , open] of means)
        await eventually(
          () =>
            open(transport).then(
              async (client) => {
                await client.end();
                return 'in';
              },
              (error: Error) => error.message,
            ),
          (came) => came === 'in',
          `${what}, ${transport}`,
          20_000,
        );
  });
});
