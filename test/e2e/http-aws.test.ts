import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsV4Signer } from 'aws4fetch';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { freePorts } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';

const keys: Record<string, string> = { AKIDFIRST: 'the-first-secret-of-aws', AKIDSECOND: 'the-second-secret-of-aws' };
const names = ['objects', 'api'] as const;
type Name = (typeof names)[number];
const policy = `
version: 1
rules:
  - { name: no-deletes, on: http, when: http.method == "DELETE", then: deny }
masks:
  - { name: cards, detect: [credit_card], as: partial }
`;

interface Asked {
  verdict: string;
  key: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/**
 * A mock: AWS can't be had here. It checks signatures as AWS does, with a signer that shares nothing with Envoy's: what was signed is signed
 * again with the secret of the key that is named, and must come out the same.
 */
async function judge(
  name: Name,
  request: { method: string; url: string; headers: IncomingHttpHeaders },
  body: Buffer,
): Promise<Pick<Asked, 'verdict' | 'key'>> {
  const { headers } = request;
  const said =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (said === null) return { verdict: 'not signed', key: '' };
  const [, key = '', , region = '', service = '', signed = ''] = said;
  if (!signed.split(';').includes('host')) return { verdict: 'the host is not signed', key };
  const hash = String(headers['x-amz-content-sha256']);
  if (name === 'api' && hash !== createHash('sha256').update(body).digest('hex')) return { verdict: 'another body', key };
  if (name === 'objects' && hash !== 'UNSIGNED-PAYLOAD') return { verdict: 'a payload hash', key };
  const again = await new AwsV4Signer({
    method: request.method,
    url: `http://${headers.host}${request.url}`,
    headers: signed
      .split(';')
      .filter((one) => one !== 'host')
      .map((one): [string, string] => [one, String(headers[one])]),
    ...(name === 'api' ? { body } : {}),
    accessKeyId: key,
    secretAccessKey: keys[key] ?? '',
    service,
    region,
    datetime: String(headers['x-amz-date']),
    allHeaders: true,
  }).sign();
  const wanted = again.headers.get('authorization') ?? '';
  const parts = (text: string): string => text.replace(/, */g, ',');
  if (parts(wanted) !== parts(headers.authorization ?? '')) return { verdict: `another signature: ${wanted}`, key };
  return { verdict: region === 'eu-central-1' && service === (name === 'api' ? 'execute-api' : 's3') ? 'good' : 'another scope', key };
}

describe('requests that Envoy signs for AWS (before a mock of it)', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-aws-'));
  const ports = {} as Record<Name, number>;
  const servers: Server[] = [];
  let issuer: Issuer;
  let served: Served;
  let asked: Asked[] = [];

  const putKey = (key: string): void => {
    const file = join(folder, 'aws', 'credentials');
    writeFileSync(`${file}.new`, `[default]\naws_access_key_id = ${key}\naws_secret_access_key = ${keys[key]}\n`);
    renameSync(`${file}.new`, file);
  };

  before(async function () {
    this.timeout(120_000);
    mkdirSync(join(folder, 'aws'));
    putKey('AKIDFIRST');
    issuer = await Issuer.start();
    const free = await freePorts(names.length);
    for (const [i, name] of names.entries()) {
      ports[name] = free[i]!;
      const server = createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          const body = Buffer.concat(chunks);
          void judge(name, request as { method: string; url: string; headers: IncomingHttpHeaders }, body).then((one) => {
            asked.push({ ...one, headers: request.headers, body: String(body) });
            response.writeHead(one.verdict === 'good' ? 200 : 403, { 'content-type': 'application/json' });
            response.end(JSON.stringify({ said: one.verdict, card: '4111 1111 1111 1111' }));
          });
        });
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      servers.push(server);
    }
    writeFileSync(join(folder, 'policy.yaml'), policy);
    served = await startServed(folder, {
      version: 1,
      http: names.map((name, i) => ({
        name,
        listen: `127.0.0.1:${ports[name]}`,
        upstream: `http://localhost:${(servers[i]!.address() as AddressInfo).port}`,
        authentication: { methods: ['token'] },
        credential: { as: 'aws', service: name === 'api' ? 'execute-api' : 's3', region: 'eu-central-1', file: 'aws/credentials' },
      })),
      gateway: { grpc: `unix:${folder}/grpc.sock` },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: { issuers: [{ issuer: issuer.issuer, audiences: ['midstream'], jwks_url: issuer.jwks_url }] },
    });
  });
  after(async () => {
    await served?.stop();
    await issuer?.stop();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    asked = [];
  });

  const ask = async (name: Name, path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> => {
    const headers = { ...(init.headers as Record<string, string>), authorization: `Bearer ${await issuer.token()}` };
    const response = await fetch(`http://127.0.0.1:${ports[name]}${path}`, { ...init, headers });
    return { status: response.status, text: await response.text() };
  };

  for (const name of names)
    it(`are good to a signer that is not Envoy’s, whatever the request is (${name}), and answers are masked`, async () => {
      const bodies = ['', '{"a":1}', 'x'.repeat(100_000)];
      const paths = ['/', '/a/b.txt', '/with%20space/%C3%A4', '/list?prefix=a%2Fb&max-keys=2&empty='];
      for (const path of paths) {
        for (const body of bodies) {
          const answer = await ask(name, path, body === '' ? {} : { method: 'PUT', body, headers: { 'content-type': 'text/plain' } });
          assert.equal(answer.status, 200, `${path}, ${body.length} bytes: ${answer.text}`);
          assert.match(answer.text, /\*\*\*\* \*\*\*\* \*\*\*\* 1111/);
          assert.equal(asked.at(-1)?.body, body);
        }
      }
      assert.equal(asked.length, paths.length * bodies.length);
      assert.ok(!JSON.stringify(asked).includes('Bearer'));
    });

  it('are signed by the gateway’s key, whatever the agent brings along', async () => {
    const headers = { 'x-amz-date': '20200101T000000Z', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'user-agent': 'aws-cli/2' };
    for (const name of names) {
      const { status, text } = await ask(name, '/own', { headers });
      assert.equal(status, 200, text);
    }
    assert.deepEqual(
      asked.map(({ key }) => key),
      ['AKIDFIRST', 'AKIDFIRST'],
    );
  });

  it('are signed after the gateway let them through, and not for callers who did not show who they are', async () => {
    assert.equal((await ask('api', '/a', { method: 'DELETE' })).status, 403);
    assert.equal((await fetch(`http://127.0.0.1:${ports.api}/a`)).status, 401);
    assert.equal(asked.length, 0);
  });

  it('are signed with the key that was moved into the place of the other', async () => {
    putKey('AKIDSECOND');
    await eventually(
      async () => {
        assert.equal((await ask('objects', '/rotated')).status, 200);
        return asked.at(-1)?.key;
      },
      (key) => key === 'AKIDSECOND',
      'the second key',
      30_000,
    );
  });

  it('have no secret in recordings and logs', () => {
    const directory = join(folder, 'recordings');
    const text = readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => readFileSync(join(one.parentPath, one.name)).toString('latin1'))
      .join('\n');
    for (const word of [...Object.values(keys), 'AWS4-HMAC']) assert.ok(!`${text}${served.said()}`.includes(word), word);
  });
});
