import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { hashToken } from '../../extproc/console/tokens.js';
import { eventually } from '../support/envoy.js';
import { type Kubernetes, kubectl, type Ran, sharedKubernetes, tlsFile } from '../support/kubernetes.js';
import { pendingBecause } from '../support/pending.js';
import { freePorts } from '../support/ports.js';
import { onServer, type ScratchDatabase, scratchDatabase } from '../support/postgres.js';
import { type Served, startServed } from '../support/served.js';

const ISSUER = 'https://kubernetes.default.svc';
const policy = `
version: 1
rules:
  - { name: agents, on: any, when: '!("agents" in identity.groups) && !identity.id.startsWith("system:serviceaccount:default:")', then: deny }
  - { name: fresh, on: postgres, when: identity.proof == "jwt" && identity.age_s > 86400, then: deny }
defaults: { unparsed: deny, opaque: allow, allow: true }
`;

/** A gateway and its Envoy in a folder of their own, with what all of them have. */
async function start(folder: string, name: string, config: object): Promise<Served> {
  const own = join(folder, name);
  mkdirSync(own);
  return await startServed(own, {
    version: 1,
    policy: '../policy.yaml',
    gateway: { grpc: `unix:${own}/grpc.sock` },
    record: { directory: 'recordings', durability: 'relaxed' },
    ...config,
  });
}

describe('agents of a cluster, and agents at a cluster, without its credentials', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-kube-id-'));
  const role = `kube_role_${process.pid}`;
  const served: Served[] = [];
  let kube: Kubernetes;
  let database: ScratchDatabase;
  let backend: Server;
  let seen: IncomingHttpHeaders[] = [];
  const ports = { cluster: 0, api: 0, jwks: 0, review: 0 };

  before(async function () {
    this.timeout(120_000);
    kube = await sharedKubernetes(this);
    database = await scratchDatabase('kube_login');
    await onServer(database.url, async (client) => void (await client.query(`create role ${role} login password 'the-role'`)));
    backend = createServer((request, response) => {
      seen.push(request.headers);
      response.end('served');
    });
    await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
    const free = await freePorts(4);
    for (const [i, name] of (['cluster', 'api', 'jwks', 'review'] as const).entries()) ports[name] = free[i]!;
    for (const name of ['reporter', 'fired']) assert.equal((await kube.admin('create', 'serviceaccount', name)).code, 0);
    for (const args of [
      ['clusterrole', 'reads-configmaps', '--verb=get,list', '--resource=configmaps'],
      ['clusterrolebinding', 'robot', '--clusterrole=reads-configmaps', '--user=robot'],
    ]) {
      const made = await kube.admin('create', ...args);
      assert.equal(made.code, 0, made.err);
    }
    writeFileSync(join(folder, 'jwks.json'), (await kube.admin('get', '--raw', '/openid/v1/jwks')).out);
    writeFileSync(join(folder, 'token'), kube.token);
    writeFileSync(join(folder, 'secret'), 'the-role');
    writeFileSync(join(folder, 'backend'), 'credential-of-the-backend');
    writeFileSync(join(folder, 'policy.yaml'), policy);
    const tls = { certificate_file: tlsFile('server.pem'), key_file: tlsFile('server.key') };
    const url = new URL(database.url);
    const postgres = (name: 'jwks' | 'review') => ({
      name,
      listen: `127.0.0.1:${ports[name]}`,
      upstream: `${url.hostname}:${url.port}`,
      tls: { ...tls, required: true },
      authentication: {
        methods: ['token'],
        logins: [{ identities: ['system:serviceaccount:default:*'], role, password_file: '../secret' }],
      },
    });
    const authentication = { methods: ['token'] };
    const token_review = { api: kube.server, ca_file: kube.ca_file, token_file: '../token', audiences: ['midstream'] };
    served.push(
      await start(folder, 'first', {
        listeners: [postgres('jwks')],
        http: [
          {
            name: 'cluster',
            listen: `127.0.0.1:${ports.cluster}`,
            upstream: kube.server,
            upstream_ca_file: kube.ca_file,
            protocol: 'kubernetes',
            kubernetes: { token_file: '../token', as_caller: true },
            tls,
            authentication,
          },
          {
            name: 'api',
            listen: `127.0.0.1:${ports.api}`,
            upstream: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
            tls,
            authentication,
            credential: { as: 'bearer', file: '../backend' },
          },
        ],
        identity: {
          issuers: [{ issuer: ISSUER, audiences: ['midstream'], kind: 'service-account', jwks_file: '../jwks.json' }],
          tokens: [{ id: 'robot', groups: ['agents'], hash: hashToken('robot-token') }],
        },
      }),
      await start(folder, 'second', {
        listeners: [postgres('review')],
        identity: { token_review },
      }),
    );
  });

  after(async () => {
    for (const one of served) await one.stop();
    backend?.closeAllConnections();
    backend?.close();
    if (database !== undefined) {
      await database.drop();
      await onServer(database.url, async (client) => void (await client.query(`drop role if exists ${role}`))).catch(() => undefined);
    }
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    seen = [];
  });

  /** As IDENTITY.md has it: address, authority and token, and no kubeconfig of anybody. */
  const agent = (token: string, ...args: string[]): Promise<Ran> => {
    const empty = join(folder, 'empty.kubeconfig');
    writeFileSync(empty, '');
    const where = ['--server', `https://localhost:${ports.cluster}`, '--certificate-authority', tlsFile('ca.pem'), '--token', token];
    return kubectl(kube.binaries, empty, [...where, ...args]);
  };

  it('kubectl shows an agent’s token over https, and the cluster’s audit log names the agent', async () => {
    const who = await agent('robot-token', 'auth', 'whoami', '-o', 'json');
    assert.equal(who.code, 0, who.err);
    assert.equal((JSON.parse(who.out) as { status: { userInfo: { username: string } } }).status.userInfo.username, 'robot');
    const listed = await agent('robot-token', 'get', 'configmaps', '-n', 'kube-system', '-o', 'name');
    assert.equal(listed.code, 0, listed.err);
    const event = await eventually(
      () =>
        kube.audit().find((one) => one.requestURI.startsWith('/api/v1/namespaces/kube-system/configmaps') && impersonated(one) === 'robot'),
      (one) => one !== undefined,
      'the audit log names the agent',
    );
    assert.equal(event?.user.username, 'admin');
    assert.equal(event?.responseStatus?.code, 200);
  });

  it('the agent has its own rights at the cluster, and no others', async () => {
    const secrets = await agent('robot-token', 'get', 'secrets', '-n', 'default');
    assert.notEqual(secrets.code, 0);
    assert.match(secrets.err, /User "robot" cannot list resource "secrets"/);
    const other = await agent('robot-token', 'get', 'secrets', '--as', 'admin', '--as-group', 'system:masters');
    assert.notEqual(other.code, 0);
    assert.match(other.err, /impersonat/i);
    const nobody = await agent('nonsense', 'get', 'configmaps');
    assert.notEqual(nobody.code, 0);
    assert.match(nobody.err, /provide credentials|Unauthorized|not a token that is known/i);
    const own = await agent(kube.token, 'get', 'configmaps');
    assert.notEqual(own.code, 0, 'the cluster’s own credential is none of an agent');
  });

  it('curl shows an agent’s token over https, and the server gets its own credential', async function () {
    if (spawnSync('curl', ['--version']).status !== 0) pendingBecause(this, 'there is no curl');
    const curl = (...args: string[]): Promise<string> =>
      new Promise((resolve, reject) =>
        execFile('curl', ['-sS', '--cacert', tlsFile('ca.pem'), ...args, `https://localhost:${ports.api}/`], (error, out) =>
          error === null ? resolve(out) : reject(error),
        ),
      );
    assert.equal(await curl('-H', 'authorization: Bearer robot-token'), 'served');
    assert.equal(seen[0]?.authorization, 'Bearer credential-of-the-backend');
    assert.match(await curl(), /nobody said who they are/);
    assert.equal(seen.length, 1);
  });

  const connect = async (port: number, password: string): Promise<string> => {
    const client = new pg.Client({
      host: 'localhost',
      port,
      user: 'whoever',
      password,
      database: database.name,
      ssl: { ca: readFileSync(tlsFile('ca.pem')) },
    });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ who: string }>(`select current_user || ' ' || current_setting('application_name') as who`);
    await client.end();
    return rows[0]!.who;
  };
  const tokenOf = async (account: string, audience = 'midstream'): Promise<string> => {
    const { code, out, err } = await kube.admin('create', 'token', account, '--audience', audience);
    assert.equal(code, 0, err);
    return out.trim();
  };

  for (const way of ['jwks', 'review'] as const)
    it(`a service account logs in to PostgreSQL by its token (${way === 'jwks' ? 'the cluster’s keys' : 'TokenReview'})`, async () => {
      assert.equal(await connect(ports[way], await tokenOf('reporter')), `${role} system:serviceaccount:default:reporter`);
      await assert.rejects(connect(ports[way], await tokenOf('reporter', 'somebody-else')), /for somebody else|not a token that is known/);
      const token = await tokenOf('reporter');
      await assert.rejects(connect(ports[way], `${token.slice(0, -8)}AAAAAAAA`), /signature is wrong|not a token that is known/);
    });

  it('TokenReview knows of an account that is gone, its keys do not', async () => {
    const token = await tokenOf('fired');
    assert.equal((await kube.admin('delete', 'serviceaccount', 'fired')).code, 0);
    await assert.rejects(connect(ports.review, token), /not a token that is known/);
    assert.equal(await connect(ports.jwks, token), `${role} system:serviceaccount:default:fired`);
  });
});

/** Who the server acted for, which the type of its audit events leaves out. */
const impersonated = (event: object): string | undefined =>
  (event as { impersonatedUser?: { username?: string } }).impersonatedUser?.username;
