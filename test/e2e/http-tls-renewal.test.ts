import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { createServer, request, Agent as TlsAgent, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { eventually, goesOn } from '../support/envoy.js';
import { freePort } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';
import { pem } from '../support/tls-server.js';

const text = (name: string): string => readFileSync(pem(name), 'utf8');
const both = `${text('ca.pem')}${text('next/ca.pem')}`;
const policy = `
version: 1
rules:
  - { name: old, on: http, when: 'http.path == "/who" && identity.id.endsWith("/reporter")', then: deny, message: The agent is reporter. }
  - { name: next, on: http, when: 'http.path == "/who" && identity.id.endsWith("/renewed")', then: deny, message: The agent is renewed. }
defaults: { unparsed: deny, opaque: allow, allow: true }
`;

interface Shown {
  certificate?: 'client' | 'next/client';
  ca?: string;
  path?: string;
  agent?: TlsAgent;
}
interface Seen {
  status: number;
  text: string;
  /** name in the certificate that the agent was shown */
  edge: string;
}

describe('certificates of an HTTP listener that are renewed while agents ask, through a real Envoy', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-http-renew-'));
  const certificates = join(folder, 'certificates');
  const failures: string[] = [];
  const kept = new TlsAgent({ keepAlive: true, maxSockets: 1, ca: both });
  const keptSockets = new Set<string>();
  let port = 0;
  let backend: TlsServer;
  let served: Served;
  let session: ClientHttp2Session;
  let asked = 0;
  let loading = true;
  let load: Promise<void> = Promise.resolve();

  /** As renewals are done: another file is moved into the place of the one that was. */
  const put = (name: string, what: string): void => {
    writeFileSync(join(certificates, `.${name}`), what, { mode: 0o600 });
    renameSync(join(certificates, `.${name}`), join(certificates, name));
  };

  const ask = (show: Shown = {}): Promise<Seen> =>
    new Promise((resolve, reject) => {
      const { certificate, ca = both, path = '/people', agent = false } = show;
      const own = certificate === undefined ? {} : { cert: text(`${certificate}.pem`), key: text(`${certificate}.key`) };
      const asking = request({ host: 'localhost', family: 4, port, path, agent, ...(agent ? {} : { ca, ...own }) }, (answer) => {
        const socket = answer.socket as TLSSocket;
        const edge = String(socket.getPeerCertificate().subject.CN);
        if (agent) keptSockets.add(String(socket.localPort));
        let said = '';
        answer.setEncoding('utf8').on('data', (data: string) => {
          said += data;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: said, edge })).on('error', reject);
      });
      asking.on('error', reject).end();
    });

  /** What a request over the one HTTP/2 connection is answered. */
  const askOpen = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': '/people' });
      let status = 0;
      stream.on('response', (headers) => {
        status = Number(headers[':status']);
      });
      stream.on('error', reject).on('end', () => resolve(status));
      stream.resume().end();
    });

  /** Agents that connect all the time, and two that keep the connection they have. */
  async function keepAsking(): Promise<void> {
    while (loading) {
      try {
        const statuses = [(await ask()).status, (await ask({ agent: kept })).status, await askOpen()];
        if (statuses.some((status) => status !== 200)) failures.push(`answered ${statuses.join(', ')}`);
        asked++;
      } catch (error) {
        failures.push(String(error));
      }
      if (failures.length > 20) return;
    }
  }

  before(async function () {
    this.timeout(120_000);
    mkdirSync(certificates);
    for (const [name, what] of [
      ['server.pem', 'server.pem'],
      ['server.key', 'server.key'],
      ['agents-ca.pem', 'ca.pem'],
      ['api-ca.pem', 'ca.pem'],
    ] as const)
      put(name, text(what));
    backend = createServer({ cert: text('server.pem'), key: text('server.key') }, (_, response) => {
      // Envoy asks for the certificate anew for each request.
      response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
      response.end('{"name":"Ada"}');
    });
    await new Promise<void>((done) => backend.listen(0, '127.0.0.1', done));
    port = await freePort();
    writeFileSync(join(folder, 'policy.yaml'), policy);
    served = await startServed(
      folder,
      {
        version: 1,
        http: [
          {
            name: 'api',
            listen: `127.0.0.1:${port}`,
            upstream: `https://127.0.0.1:${(backend.address() as AddressInfo).port}`,
            upstream_ca_file: 'certificates/api-ca.pem',
            tls: {
              certificate_file: 'certificates/server.pem',
              key_file: 'certificates/server.key',
              client_ca_file: 'certificates/agents-ca.pem',
              client_certificate: 'optional',
            },
          },
        ],
        gateway: { grpc: `unix:${folder}/grpc.sock` },
        policy: 'policy.yaml',
        record: { directory: 'recordings', durability: 'relaxed' },
      },
      { secrets: true },
    );
    session = connectHttp2(`https://localhost:${port}`, { ca: both, family: 4 } as Parameters<typeof connectHttp2>[1]);
    session.on('error', (error) => failures.push(`the open connection: ${error.message}`));
    load = keepAsking();
  });

  after(async () => {
    loading = false;
    await load;
    session?.destroy();
    kept.destroy();
    await served?.stop();
    backend?.closeAllConnections();
    backend?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const until = (what: string, holds: (seen: Seen) => boolean, show: Shown = {}) => eventually(() => ask(show), holds, what, 30_000);
  const is = (who: string) => (seen: Seen) => seen.status === 403 && seen.text.includes(`The agent is ${who}.`);
  const refuses = (what: string, show: Shown) =>
    eventually(
      () => ask(show).then(({ status }) => `answered ${status}`, String),
      (came) => /unknown ca|certificate unknown|alert|ECONNRESET|socket hang up/i.test(came),
      what,
      30_000,
    );
  const fine = () => goesOn(() => asked, failures, 'agents are answered');

  it('begins with the certificates that were there', async () => {
    await until('the old certificate', ({ edge, status }) => edge === 'test server' && status === 200, { ca: text('ca.pem') });
    await until('an agent of the old authority', is('reporter'), { certificate: 'client', path: '/who' });
    await refuses('an agent of an authority that is not believed yet', { certificate: 'next/client' });
    await fine();
  });

  it('shows agents the new one', async () => {
    // Between the two moves certificate and key are not of one pair: Envoy keeps the pair it has.
    put('server.pem', text('next/server.pem'));
    await fine();
    put('server.key', text('next/server.key'));
    await until('the new certificate', ({ edge }) => edge === 'next test server');
    await until('with its authority alone', ({ edge }) => edge === 'next test server', { ca: text('next/ca.pem') });
    await fine();
  });

  it('believes agents of the new authority, and of the old one no more when it goes', async () => {
    put('agents-ca.pem', both);
    await eventually(
      () => ask({ certificate: 'next/client', path: '/who' }).catch((error) => ({ status: 0, text: String(error), edge: '' })),
      is('renewed'),
      'an agent of the new authority',
      30_000,
    );
    await until('an agent of the old one', is('reporter'), { certificate: 'client', path: '/who' });
    await fine();
    put('agents-ca.pem', text('next/ca.pem'));
    await refuses('an agent of the old authority', { certificate: 'client' });
    await until('an agent of the new one', is('renewed'), { certificate: 'next/client', path: '/who' });
    await fine();
  });

  it('believes a server whose certificate is of another authority, once that is there', async () => {
    await taken(() => put('api-ca.pem', both));
    await fine();
    backend.setSecureContext({ cert: text('next/server.pem'), key: text('next/server.key') });
    await fine();
    await taken(() => put('api-ca.pem', text('next/ca.pem')));
    await fine();
  });

  it('has kept the connections that were open all the while', async () => {
    assert.equal(await askOpen(), 200);
    assert.equal(keptSockets.size, 1, [...keptSockets].join());
    assert.deepEqual(failures, []);
  });

  it('answers that the server is away when its authority is believed no more', async () => {
    loading = false;
    await load;
    put('api-ca.pem', text('ca.pem'));
    await eventually(
      () => ask(),
      ({ status, text }) => status === 503 && !text.includes('Ada'),
      'the server is not believed',
      30_000,
    );
  });

  /** Envoy has read the authority of the server once more. */
  async function taken(change: () => void): Promise<void> {
    const updates = async () =>
      Object.values(await served.envoy.stats(/^cluster\.api_upstream\..*ssl_context_update_by_sds$/)).reduce((sum, one) => sum + one, 0);
    const before = await updates();
    assert.ok(before > 0, 'Envoy counts what it reads');
    change();
    await eventually(updates, (now) => now > before, 'Envoy has the new authority', 30_000);
  }
});
