import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashToken } from '../../extproc/console/tokens.js';
import { eventually } from '../support/envoy.js';
import { Issuer } from '../support/issuer.js';
import { freePorts } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';

const names = ['bearer', 'basic', 'header', 'oauth', 'envoy', 'open'] as const;
type Name = (typeof names)[number];
const secret = 'backend-credential-of-this-test';
const policy = `
version: 1
rules:
  - { name: only-agents, on: http, when: '!("agents" in identity.groups)', then: deny, message: For agents alone. }
  - { name: fresh, on: http, when: 'http.path == "/fresh" && identity.proof != "claimed" && identity.age_s > 900', then: deny }
  - { name: proven, on: http, when: 'http.path == "/proven" && identity.proof == "claimed"', then: deny }
defaults: { unparsed: deny, opaque: allow, allow: true }
`;

/** Ways in which a server may say something back. */
const spelled = (text: string): string[] => [
  `x${text}x`,
  Buffer.from(text).toString('base64'),
  Buffer.from(text).toString('base64url'),
  Buffer.from(text).toString('hex'),
  [...text].map((sign) => `%${sign.charCodeAt(0).toString(16)}`).join(''),
  [...text].map((sign) => `\\u00${sign.charCodeAt(0).toString(16)}`).join(''),
  [...text].map((sign) => `&#${sign.charCodeAt(0)};`).join(''),
];

describe('HTTP callers who must show who they are, through a real Envoy', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'ms-http-id-'));
  const ports = {} as Record<Name, number>;
  let issuer: Issuer;
  let backend: Server;
  let tokens: Server;
  let served: Served;
  let seen: IncomingHttpHeaders[] = [];
  let granted = 0;

  before(async function () {
    this.timeout(120_000);
    issuer = await Issuer.start();
    // Says back everything that it was told, which is what a credential must survive.
    backend = createServer((request, response) => {
      seen.push(request.headers);
      const { authorization = '', 'x-api-key': key = '' } = request.headers;
      const { url = '/', headers } = request;
      const text = JSON.stringify({ headers, raw: request.rawHeaders, spelled: [...spelled(authorization), ...spelled(String(key))], url });
      const all = encodeURIComponent(JSON.stringify(headers));
      const status = Number(/^\/status\/(\d{3})$/.exec(url)?.[1] ?? 200);
      if (url === '/trailers') response.setHeader('trailer', 'x-end, x-key-end');
      response.writeHead(status, {
        'content-type':
          url === '/text' || url.startsWith('/slow') ? 'text/plain' : status >= 400 ? 'application/problem+json' : 'application/json',
        'x-echo': authorization,
        'x-all': Object.entries(headers).map(([name, value]) => `${name}=${String(value)}`),
        'x-spelled': spelled(authorization),
        'www-authenticate': `Bearer error="invalid_token", error_description="${authorization} ${String(key)}"`,
        'set-cookie': `key=${String(key)}; Path=/`,
        ...(status >= 300 && status < 400
          ? { location: `https://elsewhere.example/?token=${authorization.replace(/^\S+ /, '')}&key=${String(key)}&all=${all}` }
          : {}),
      });
      if (url.startsWith('/slow')) {
        // A sign at a time, with a pause behind each: what is sure of a stream goes on when it pauses.
        const signs = [...`said: ${authorization} ${String(key)}, and no more\n`];
        const timer = setInterval(() => {
          const sign = signs.shift();
          if (sign !== undefined) response.write(sign);
          else {
            clearInterval(timer);
            response.end();
          }
        }, 25);
        return;
      }
      response.write(text.slice(0, 25));
      if (url === '/trailers') response.addTrailers({ 'x-end': authorization, 'x-key-end': String(key) });
      setTimeout(() => response.end(text.slice(25)), 20);
    });
    tokens = createServer((request, response) => {
      granted++;
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ access_token: `${secret}-${granted}`, token_type: 'bearer', expires_in: 3600 }));
    });
    for (const one of [backend, tokens]) await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
    const at = (one: Server): string => `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
    const free = await freePorts(names.length);
    for (const [i, name] of names.entries()) ports[name] = free[i]!;
    writeFileSync(join(folder, 'policy.yaml'), policy);
    writeFileSync(join(folder, 'secret'), secret);
    writeFileSync(join(folder, 'revoked'), '');
    const credentials: Record<Name, object | undefined> = {
      bearer: { as: 'bearer', file: 'secret' },
      basic: { as: 'basic', user: 'svc', file: 'secret' },
      header: { as: 'header', header: 'X-Api-Key', command: ['/bin/cat', join(folder, 'secret')] },
      oauth: { as: 'oauth', token_url: `${at(tokens)}/token`, client_id: 'midstream', file: 'secret' },
      envoy: { as: 'bearer', file: 'secret' },
      open: undefined,
    };
    served = await startServed(folder, {
      version: 1,
      http: names.map((name) => ({
        name,
        listen: `127.0.0.1:${ports[name]}`,
        upstream: at(backend),
        authentication: { methods: ['token'], by: name === 'envoy' ? 'envoy' : 'gateway', required: name !== 'open' },
        ...(credentials[name] ? { credential: credentials[name] } : {}),
      })),
      gateway: { grpc: `unix:${folder}/grpc.sock` },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      identity: {
        issuers: [{ issuer: issuer.issuer, audiences: ['midstream'], jwks_url: issuer.jwks_url }],
        tokens: [{ id: 'robot', groups: ['agents'], hash: hashToken('robot-token') }],
        revoked_file: 'revoked',
      },
    });
  });
  after(async () => {
    await served?.stop();
    await issuer?.stop();
    for (const one of [backend, tokens]) {
      one?.closeAllConnections();
      one?.close();
    }
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    seen = [];
  });

  const ask = async (name: Name, path: string, token?: string): Promise<{ status: number; text: string; headers: Headers }> => {
    const response = await fetch(`http://127.0.0.1:${ports[name]}${path}`, {
      redirect: 'manual',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };

  for (const [name, sent] of [
    ['bearer', { authorization: `Bearer ${secret}` }],
    ['basic', { authorization: `Basic ${Buffer.from(`svc:${secret}`).toString('base64')}` }],
    ['header', { 'x-api-key': secret }],
    ['oauth', { authorization: `Bearer ${secret}-1` }],
    ['envoy', { authorization: `Bearer ${secret}` }],
  ] as const)
    it(`puts the gateway’s own credential in the place of the agent’s (${name}), and nothing of it comes back`, async () => {
      const token = await issuer.token();
      const statuses = [302, 307, 400, 401, 403, 404, 429, 500, 502, 503];
      const paths = ['/json', '/text', ...statuses.map((status) => `/status/${status}`)];
      for (const path of paths) {
        const answer = await ask(name, path, token);
        assert.equal(answer.status, Number(path.split('/')[2] ?? 200), answer.text);
        assert.ok(answer.text.includes('x-forwarded-for'), `the server's own body comes: ${answer.text}`);
        const all = `${answer.text}\n${[...answer.headers].map(([key, value]) => `${key}: ${value}`).join('\n')}`;
        for (const text of spelled(secret)) assert.ok(!all.includes(text.replace(/^x|x$/g, '').slice(4, -4)), `${text}\n${all}`);
        assert.ok(!all.includes(secret) && !all.includes(Buffer.from(`svc:${secret}`).toString('base64')), all);
        assert.ok(!all.includes(token));
      }
      assert.equal(seen.length, paths.length);
      for (const headers of seen) {
        for (const [header, value] of Object.entries(sent)) assert.equal(headers[header], value);
        assert.ok(!JSON.stringify(headers).includes(token));
      }
    });

  it('has nothing of a credential that a server says sign by sign', async () => {
    const token = await issuer.token();
    const basic = Buffer.from(`svc:${secret}`).toString('base64');
    await Promise.all(
      (['bearer', 'basic', 'header', 'oauth', 'envoy'] as const).map(async (name) => {
        const { text, status } = await ask(name, '/slow', token);
        assert.equal(status, 200);
        assert.match(text, /^said: .*, and no more\n$/);
        for (const word of [secret, basic, token]) assert.ok(!text.includes(word), `${name}: ${text}`);
      }),
    );
  });

  it('has nothing of a credential in trailers', async () => {
    const token = await issuer.token();
    for (const name of ['bearer', 'basic', 'header', 'oauth', 'envoy'] as const) {
      const headers = { authorization: `Bearer ${token}`, te: 'trailers' };
      const trailers = await new Promise<NodeJS.Dict<string>>((resolve, reject) => {
        get({ host: '127.0.0.1', port: ports[name], path: '/trailers', headers, agent: false }, (answer) => {
          answer.resume().on('end', () => resolve(answer.trailers));
        }).on('error', reject);
      });
      assert.ok('x-end' in trailers, `${name}: ${JSON.stringify(trailers)}`);
      const all = JSON.stringify(trailers);
      for (const text of [secret, Buffer.from(`svc:${secret}`).toString('base64'), token]) assert.ok(!all.includes(text), all);
    }
  });

  it('keeps the token of an authorization server', async () => {
    for (let i = 0; i < 5; i++) assert.equal((await ask('oauth', '/json', 'robot-token')).status, 200);
    assert.equal(granted, 1);
  });

  for (const [what, make, words] of [
    ['nobody', () => undefined, /nobody said/],
    ['an unknown token', () => 'nonsense', /not a token that is known/],
    ['a token that has expired', () => issuer.token({}, { ends_s: -600 }), /expired/],
    ['a token for somebody else', () => issuer.token({ aud: 'other' }), /somebody else/],
  ] as const)
    it(`refuses ${what} with a problem that says why, and the server hears nothing`, async () => {
      const answer = await ask('bearer', '/json', await make());
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('content-type'), 'application/problem+json');
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
      assert.match((JSON.parse(answer.text) as { detail: string }).detail, words);
      assert.equal(seen.length, 0);
    });

  it('lets Envoy verify tokens, and believes what it forwards alone', async () => {
    assert.equal((await ask('envoy', '/json')).status, 401);
    assert.equal((await ask('envoy', '/json', await issuer.token({}, { ends_s: -600 }))).status, 401);
    assert.equal((await ask('envoy', '/json', 'robot-token')).status, 401);
    assert.equal(seen.length, 0);
  });

  it('judges by who it is', async () => {
    assert.equal((await ask('bearer', '/json', await issuer.token({ groups: ['others'] }))).status, 403);
    assert.equal((await ask('envoy', '/json', await issuer.token({ groups: ['others'] }))).status, 403);
    assert.equal((await ask('bearer', '/proven', await issuer.token())).status, 200);
  });

  it('judges by how old the token is, and refuses where nobody knows', async () => {
    const now = Math.floor(Date.now() / 1000);
    for (const name of ['bearer', 'envoy'] as const) {
      assert.equal((await ask(name, '/fresh', await issuer.token({ iat: now - 60 }))).status, 200);
      assert.equal((await ask(name, '/fresh', await issuer.token({ iat: now - 3600 }))).status, 403);
      assert.equal((await ask(name, '/json', await issuer.token({ iat: now - 3600 }))).status, 200);
    }
    assert.equal((await ask('bearer', '/fresh', 'robot-token')).status, 403);
  });

  it('takes callers without a token where none is required, but no wrong one', async () => {
    assert.equal((await ask('open', '/json')).status, 403);
    assert.equal((await ask('open', '/json', 'nonsense')).status, 401);
    assert.equal((await ask('open', '/json', 'robot-token')).status, 200);
    assert.equal(seen[0]?.authorization, undefined);
  });

  it('hears of revoked identities, of secrets that change, and of issuers that are away', async () => {
    writeFileSync(join(folder, 'revoked'), 'robot\n');
    await eventually(
      async () => (await ask('bearer', '/json', 'robot-token')).status,
      (status) => status === 401,
      'it is revoked',
    );
    writeFileSync(join(folder, 'revoked'), '');
    writeFileSync(join(folder, 'secret'), 'another-credential');
    const token = await issuer.token();
    await eventually(
      async () => {
        await ask('bearer', '/json', token);
        return seen.at(-1)?.authorization;
      },
      (sent) => sent === 'Bearer another-credential',
      'the new secret is used',
    );
    await issuer.stop();
    assert.equal((await ask('bearer', '/json', token)).status, 200);
    await issuer.again();
  });

  it('has no credential in recordings and logs', async () => {
    const directory = join(folder, 'recordings');
    const text = [
      ...readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((one) => one.isFile())
        .map((one) => readFileSync(join(one.parentPath, one.name)).toString('latin1')),
      served.said(),
    ].join('\n');
    for (const word of [secret, 'robot-token', 'another-credential', 'eyJhbGciOiJFUzI1NiI']) {
      const at = text.indexOf(word);
      assert.ok(at < 0, text.slice(Math.max(0, at - 200), at + 200));
    }
  });
});
