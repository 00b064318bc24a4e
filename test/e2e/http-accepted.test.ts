import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBootstrap } from '../../envoy/render.js';
import { renderOptionsOf } from '../../extproc/config/envoy.js';
import { loadConfig } from '../../extproc/config/load.js';
import { hashToken } from '../../extproc/console/tokens.js';
import { type Child, startChild } from '../../extproc/process/child.js';
import type { RunningEnvoy } from '../../extproc/process/envoy.js';
import { packageRoot } from '../../extproc/process/places.js';
import { startEnvoy } from '../support/envoy.js';
import { eventually } from '../support/gateway.js';
import { HeldWorld } from '../support/http-holds.js';
import { Backend } from '../support/http-world.js';
import { freePorts } from '../support/ports.js';

const policy = `
version: 1
rules:
  - { name: payouts, on: http, when: 'http.method != "GET" && http.path.startsWith("/v1/")', then: approve, message: Payouts need finance., approve: { by: [finance], respond: accepted, keep: 10m, lease: { same: text, for: 1m, uses: 1 } } }
  - { name: short, on: http, when: 'http.path == "/short"', then: approve, approve: { respond: accepted, wait: 3s } }
masks:
  - { name: pii, detect: [pii], as: partial }
`;
interface Waiting {
  state: string;
  link: string;
  rule: string;
  hold: string;
  instance: string;
}

describe('a client that cannot wait is told 202, and asks again', function () {
  this.timeout(60_000);
  const world = new HeldWorld();

  before(() => world.start(policy));
  after(() => world.stop());
  beforeEach(() => {
    world.backend.seen.length = 0;
    world.backend.answer = (_request, response) => response.end('ok');
  });

  const send = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${world.base}${path}`, init);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const pay = async (body: string, path = '/v1/payouts?a=1', method = 'POST'): Promise<{ link: string; waiting: Waiting }> => {
    const answer = await send(path, {
      method,
      headers: {
        'content-type': 'application/json',
        'x-own': 'kept',
        accept: 'application/json',
        authorization: 'Bearer secret-of-the-agent',
      },
      ...(body === '' ? {} : { body }),
    });
    assert.equal(answer.status, 202, answer.text);
    const waiting = JSON.parse(answer.text) as Waiting;
    assert.equal(answer.headers.get('location'), waiting.link);
    assert.match(answer.headers.get('retry-after')!, /^\d+$/);
    return { link: waiting.link, waiting };
  };

  it('runs once after the approval, byte for byte, on the stream of a question; the answer is masked, and given again', async () => {
    world.backend.answer = (_request, response) => {
      response.writeHead(201, { 'content-type': 'application/json', 'x-mail': 'jane.doe@example.com' });
      response.end('{"paid":true,"mail":"jane.doe@example.com"}');
    };
    const { link, waiting } = await pay('{"amount": 5000}');
    assert.deepEqual([waiting.state, waiting.rule], ['pending', 'payouts']);
    const asked = await send(link);
    assert.equal(asked.status, 202);
    assert.equal((JSON.parse(asked.text) as Waiting).state, 'pending');
    const { hold, text } = await world.held();
    assert.deepEqual([waiting.hold, (JSON.parse(asked.text) as Waiting).hold], [hold, hold], 'its client can say what is to be approved');
    assert.match(text, /\{"amount": 5000\}$/);
    assert.equal((await world.decide(hold, 'approve')).status, 200);
    assert.equal(world.backend.seen.length, 0, 'it runs when somebody asks');
    const answer = await eventually('the answer', async () => {
      const got = await send(link, { headers: { 'x-of-the-question': 'yes' } });
      return got.status === 202 ? undefined : got;
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.text, '{"paid":true,"mail":"j***@example.com"}');
    assert.equal(answer.headers.get('x-mail'), 'j***@example.com');
    const again = await send(link);
    assert.deepEqual([again.status, again.text, again.headers.get('x-mail')], [201, answer.text, 'j***@example.com']);
    assert.equal(world.backend.seen.length, 1, 'it ran once');
    const [seen] = world.backend.seen;
    assert.equal(seen!.line, 'POST /v1/payouts?a=1');
    assert.equal(seen!.body.toString(), '{"amount": 5000}');
    assert.equal(seen!.headers['x-own'], 'kept');
    assert.equal(seen!.headers['content-length'], '16');
    assert.equal(seen!.headers['authorization'], 'Bearer secret-of-the-agent');
    assert.equal(seen!.headers['x-of-the-question'], undefined);
    assert.equal(seen!.headers['accept'], 'application/json');
    assert.match(String(seen!.headers['host']), /^127\.0\.0\.1:\d+$/);
  });

  it('is not given again by another policy than the one that masked it', async () => {
    const { link } = await pay('{"n":5}');
    await world.decide((await world.held()).hold, 'approve');
    assert.equal(
      (await eventually('the answer', async () => await send(link).then((got) => (got.status === 202 ? undefined : got)))).status,
      200,
    );
    await world.policy(`${policy}  - { name: cards, detect: [credit_card], as: redact }\n`);
    try {
      const gone = await send(link);
      assert.deepEqual([gone.status, /masked by a policy that has changed/.test(gone.text)], [410, true]);
    } finally {
      await world.policy(policy);
    }
    assert.equal(world.backend.seen.length, 1, 'it did not run again');
  });

  it('without a body, and with a large one', async () => {
    for (const body of ['', JSON.stringify('x'.repeat(60_000))]) {
      world.backend.seen.length = 0;
      const { link } = await pay(body, '/v1/things/7', body === '' ? 'DELETE' : 'PUT');
      await world.decide((await world.held()).hold, 'approve');
      const answer = await eventually('the answer', async () => {
        const got = await send(link);
        return got.status === 202 ? undefined : got;
      });
      assert.equal(answer.status, 200);
      assert.equal(world.backend.seen[0]!.line, `${body === '' ? 'DELETE' : 'PUT'} /v1/things/7`);
      assert.equal(world.backend.seen[0]!.body.length, body.length);
    }
  });

  it('runs once, whoever asks at the same time', async () => {
    let answers = 0;
    world.backend.answer = (_request, response) => {
      answers++;
      setTimeout(() => response.end(`answer ${answers}`), 200);
    };
    const { link } = await pay('{"n":1}');
    await world.decide((await world.held()).hold, 'approve');
    const all = await Promise.all(Array.from({ length: 8 }, () => send(link)));
    const last = await eventually('the answer', async () => {
      const got = await send(link);
      return got.status === 202 ? undefined : got;
    });
    assert.equal(last.text, 'answer 1');
    assert.equal(world.backend.seen.length, 1);
    for (const { status, text } of all) assert.ok(status === 202 || text === 'answer 1');
  });

  it('tells a refusal like to one who waited, again and again, and never runs', async () => {
    const { link } = await pay('{"n":2}');
    await world.decide((await world.held()).hold, 'deny');
    const refused = await eventually('the refusal', async () => {
      const got = await send(link);
      return got.status === 202 ? undefined : got;
    });
    assert.equal(refused.status, 403);
    assert.match(refused.text, /denied by operator: as asked/);
    assert.equal((await send(link)).text, refused.text);
    const { link: late } = await (async () => {
      const answer = await send('/short');
      return JSON.parse(answer.text) as Waiting;
    })();
    const expired = await eventually('its time is over', async () => {
      const got = await send(late);
      return got.status === 202 ? undefined : got;
    });
    assert.match(expired.text, /urn:midstream:problem:expired/);
    assert.equal(world.backend.seen.length, 0);
  });

  it('approved and not asked about in time it does not run', async () => {
    const answer = JSON.parse((await send('/short')).text) as Waiting;
    await world.decide((await world.held()).hold, 'approve');
    const expired = await eventually('its time is over', async () => {
      await new Promise((resolve) => setTimeout(resolve, 3200));
      const got = await send(answer.link);
      return got.status === 202 ? undefined : got;
    });
    assert.equal(expired.status, 403);
    assert.equal(world.backend.seen.length, 0);
  });

  it('what is not there, and not for this caller, is unknown alike; a question is a GET', async () => {
    const { link } = await pay('{"n":3}');
    const unknown = await send(`/.midstream/held/${'1-' + '0'.repeat(32)}`);
    assert.equal(unknown.status, 404);
    // From another address nothing proves that it is the same caller.
    const other = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: world.world.port, path: link, localAddress: '127.0.0.2' }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      })
        .on('error', reject)
        .end();
    });
    assert.deepEqual([other.status, other.text], [404, unknown.text]);
    assert.equal((await send(link, { method: 'POST', body: 'x' })).status, 405);
    assert.equal((await send('/.midstream/held/x')).status, 200, 'other paths are the server’s');
    await world.decide((await world.held()).hold, 'deny');
  });

  it('a client that leaves while its answer comes gets no second run', async () => {
    let stop: (() => void) | undefined;
    world.backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('half');
      stop = () => response.end();
    };
    const { link } = await pay('{"n":4}');
    await world.decide((await world.held()).hold, 'approve');
    const leaving = new AbortController();
    await eventually('it runs', async () => {
      void fetch(`${world.base}${link}`, { signal: leaving.signal }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return world.backend.seen.length === 1 ? true : undefined;
    });
    leaving.abort();
    const gone = await eventually('the end', async () => {
      const got = await send(link);
      return got.status === 202 ? undefined : got;
    });
    assert.equal(gone.status, 410);
    assert.equal(world.backend.seen.length, 1);
    stop?.();
  });

  it('is recorded as one session each, with its approval, its answer and what Envoy saw', async () => {
    const events = await eventually('the access logs', async () => {
      const all = await world.events();
      const logged = new Set(all.filter(({ type }) => type === 'access').map(({ session }) => session));
      return all.every(({ type, session }) => type !== 'hold' || logged.has(session)) ? all : undefined;
    });
    const held = events.filter(({ type }) => type === 'hold').map(({ session }) => session);
    assert.ok(held.length >= 8);
    for (const session of held) {
      const types = events.filter((event) => event.session === session && event.type !== 'access').map(({ type }) => type);
      assert.equal(types.filter((type) => type === 'session.close').length, 1, types.join());
      assert.ok(types.includes('notice') && types.includes('approval'), types.join());
      assert.ok(types.includes('response') || types.includes('error'), types.join());
    }
    assert.ok(!JSON.stringify(events).includes('secret-of-the-agent'));
  });
});

describe('of two workers, the one that holds a request is asked about it', function () {
  this.timeout(120_000);
  const backend = new Backend();
  const token = 'mst_an-approver-of-this-test';
  let folder: string;
  let serving: Child | undefined;
  let envoy: RunningEnvoy | undefined;
  let base: string;
  let api: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ms-accepted-'));
    const [port = 0, apiPort = 0] = await freePorts(2);
    base = `http://127.0.0.1:${port}`;
    api = `http://127.0.0.1:${apiPort}`;
    const file = join(folder, 'midstream.yaml');
    writeFileSync(join(folder, 'policy.yaml'), policy);
    const config = {
      version: 1,
      http: [{ name: 'api', listen: `127.0.0.1:${port}`, upstream: await backend.start() }],
      gateway: { grpc: `unix:${folder}/grpc-{worker}.sock`, workers: 2 },
      policy: 'policy.yaml',
      record: { directory: 'recordings', durability: 'relaxed' },
      approvals: { api: { listen: `127.0.0.1:${apiPort}`, tokens: [{ id: 'ada', groups: ['finance'], hash: hashToken(token) }] } },
    };
    writeFileSync(file, JSON.stringify(config));
    const lines: string[] = [];
    serving = await startChild({
      command: process.execPath,
      args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'serve', '--config', file, '--json'],
      exitSignal: 'SIGKILL',
      onLine: (line) => lines.push(line),
    });
    await eventually('serve is ready', () => (lines.some((line) => line.startsWith('{"ready"')) ? true : undefined), 60_000);
    envoy = await startEnvoy(renderBootstrap(renderOptionsOf(await loadConfig(file))), { concurrency: 1 });
    await eventually('both workers are healthy', async () =>
      Object.values(await envoy!.stats(/^cluster\.midstream(_[12])?\.membership_healthy$/)).join() === '2,1,1' ? true : undefined,
    );
  });
  after(async () => {
    await envoy?.stop();
    await serving?.stop([
      { signal: 'SIGTERM', wait_ms: 20_000 },
      { signal: 'SIGKILL', wait_ms: 5000 },
    ]);
    backend.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('and runs it', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const links: string[] = [];
    for (let n = 0; n < 4; n++) {
      const answer = await fetch(`${base}/v1/payouts`, {
        method: 'POST',
        body: `{"n":${n}}`,
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(answer.status, 202);
      links.push(answer.headers.get('location')!);
    }
    assert.deepEqual(new Set(links.map((link) => /held\/(\d)-/.exec(link)![1])), new Set(['1', '2']));
    const list = (await (await fetch(`${api}/v1/approvals?status=pending`, { headers })).json()) as {
      approvals: { operation: { hold: string } }[];
    };
    assert.equal(list.approvals.length, 4);
    for (const { operation } of list.approvals)
      await fetch(`${api}/v1/approvals/${operation.hold}/approve`, { method: 'POST', headers, body: '{}' });
    for (const link of links)
      assert.equal(
        await eventually('the answer', async () => {
          const got = await fetch(base + link);
          return got.status === 202 ? undefined : `${got.status} ${await got.text()}`;
        }),
        '200 ok',
      );
    assert.equal(backend.seen.length, 4);
  });
});
