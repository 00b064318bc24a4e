import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { recordedEvents } from '../faults/support/world.js';
import { Approver } from '../support/approver.js';
import { eventually } from '../support/gateway.js';
import { Backend, type HttpWorld, httpWorld } from '../support/http-world.js';
import { judgedOtherwise } from '../support/judged-again.js';

const policy = `
version: 1
rules:
  - { name: no-admin, on: http, when: 'http.path.startsWith("/admin")', then: deny, message: Nobody administers from here. }
  - { name: payouts, on: http, when: 'http.method == "POST" && http.path == "/v1/payouts" && http.body.amount > 1000', then: approve, approve: { by: [finance] } }
masks:
  - { name: pii, detect: [pii], as: partial }
  - { name: keys, detect: [secrets], as: redact }
`;
const CARD = '4111 1111 1111 1111';
const EMAIL = 'jane.doe@example.com';

describe('an HTTP server behind Envoy and the gateway', function () {
  this.timeout(60_000);
  const backend = new Backend();
  let world: HttpWorld;
  let approver: Approver;
  let base: string;

  before(async () => {
    world = await httpWorld(await backend.start(), policy, { durability: 'strict' });
    approver = new Approver(world.up);
    base = world.base;
  });
  after(async () => {
    await world?.stop();
    backend.stop();
  });
  beforeEach(() => {
    backend.seen.length = 0;
    backend.answer = (_request, response) => response.end('ok');
  });

  const json = (value: unknown) => (_request: IncomingMessage, response: ServerResponse) => {
    const text = JSON.stringify(value);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), etag: '"1"' });
    response.end(text);
  };
  const payout = (amount: number, signal?: AbortSignal) =>
    fetch(`${base}/v1/payouts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ amount }),
      ...(signal ? { signal } : {}),
    });

  it('masks what comes back, headers and each cookie included, and what is true of the original bytes alone goes', async () => {
    backend.answer = (_request, response) => {
      const text = JSON.stringify({ card: CARD, nested: [{ mail: EMAIL }], escaped: '\u0034', n: 4111111111111111 }).replace(
        '"4"',
        '"\\u0034111 1111 1111 1111"',
      );
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        etag: '"1"',
        'x-mail': EMAIL,
        'set-cookie': ['a=1; Path=/', `mail=${EMAIL}`],
      });
      response.end(text);
    };
    const answer = await fetch(`${base}/v1/people`, { headers: { 'accept-encoding': 'gzip, br' } });
    assert.deepEqual(await answer.json(), {
      card: '**** **** **** 1111',
      nested: [{ mail: 'j***@example.com' }],
      escaped: '**** **** **** 1111',
      n: 1111,
    });
    assert.equal(answer.headers.get('x-mail'), 'j***@example.com');
    assert.deepEqual(answer.headers.getSetCookie(), ['a=1; Path=/', 'mail=j***@example.com']);
    assert.equal(answer.headers.get('etag'), null);
    assert.equal(answer.headers.get('content-length'), null);
    assert.equal(backend.seen[0]!.headers['accept-encoding'], 'identity');
  });

  it('carries five megabytes each way, byte for byte where nothing is to be masked', async () => {
    const big = Buffer.alloc(5_000_000, 'the quick brown fox jumps over the lazy dog\n');
    backend.answer = (_request, response, body) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end(body);
    };
    const answer = await fetch(`${base}/echo`, { method: 'POST', body: big, headers: { 'content-type': 'text/plain' } });
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(big));
    assert.equal(backend.seen[0]!.body.length, big.length);
  });

  it('lets each event of a stream go while the server goes on', async () => {
    let next: (() => void) | undefined;
    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let n = 0;
      next = () => {
        if (n === 3) response.end();
        else response.write(`data: {"n":${n++},"mail":"${EMAIL}"}\n\n`);
      };
      next();
    };
    const answer = await fetch(`${base}/events`);
    const reader = answer.body!.getReader();
    const events: string[] = [];
    // The server sends the next one only when this one was read here.
    for (let n = 0; n < 3; n++) {
      let text = '';
      while (!text.endsWith('\n\n')) text += Buffer.from((await reader.read()).value!).toString();
      events.push(text);
      next!();
    }
    assert.deepEqual(
      events,
      [0, 1, 2].map((n) => `data: {"n":${n},"mail":"j***@example.com"}\n\n`),
    );
    assert.equal((await reader.read()).done, true);
  });

  it('refuses what the policy denies, however the path is spelled, and the server hears nothing', async () => {
    for (const path of ['/admin', '/x/..%2fadmin/users', '/%61dmin', '//admin', '/x/%252e%252e/admin']) {
      const [status, type, text] = await new Promise<[number, string, string]>((resolve, reject) => {
        // fetch would tidy the path up
        httpRequest({ host: '127.0.0.1', port: world.port, path }, (response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => resolve([response.statusCode!, response.headers['content-type']!, body]));
        })
          .on('error', reject)
          .end();
      });
      assert.deepEqual([status, type], [403, 'application/problem+json'], path);
      const problem = JSON.parse(text) as { rule: string; detail: string };
      assert.equal(problem.rule, path.includes('%252e') ? 'default:unparsed' : 'no-admin', path);
    }
    assert.deepEqual(backend.seen, []);
  });

  it('holds a request until a person approves, and the very bytes go on', async () => {
    backend.answer = json({ paid: true, card: CARD });
    assert.equal((await payout(10)).status, 200, 'a small one waits for nobody');
    const waiting = payout(5000);
    const held = await approver.held();
    assert.match(held.text, /\/v1\/payouts\n\n\{"amount":5000\}$/);
    assert.equal(backend.seen.length, 1);
    assert.equal((await approver.decide(held.hold, 'approve')).status, 200);
    const answer = await waiting;
    assert.deepEqual(await answer.json(), { paid: true, card: '**** **** **** 1111' });
    assert.equal(backend.seen[1]!.body.toString(), '{"amount":5000}');
  });

  it('tells who denied it, and never runs what a client gave up', async () => {
    const denied = payout(6000);
    const first = await approver.held();
    await approver.decide(first.hold, 'deny');
    const answer = await denied;
    assert.equal(answer.status, 403);
    assert.match(((await answer.json()) as { detail: string }).detail, /denied by operator: as asked/);

    const gone = new AbortController();
    const left = payout(7000, gone.signal).catch(() => 'aborted');
    const second = await approver.held();
    gone.abort();
    assert.equal(await left, 'aborted');
    await eventually('the hold is ended', async () => ((await approver.pending()).length === 0 ? true : undefined));
    assert.notEqual((await approver.decide(second.hold, 'approve')).status, 200);
    assert.deepEqual(backend.seen, []);
  });

  it('speaks HTTP/2 and trailers', async () => {
    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain', trailer: 'x-mail' });
      response.write(`write to ${EMAIL}`);
      response.addTrailers({ 'x-mail': EMAIL });
      response.end();
    };
    const session = connectHttp2(base);
    const stream = session.request({ ':path': '/h2', te: 'trailers' });
    let text = '';
    let trailers: Record<string, unknown> = {};
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    stream.on('trailers', (headers) => (trailers = headers));
    await once(stream, 'end');
    session.close();
    assert.equal(text, 'write to j***@example.com');
    assert.notEqual(trailers['x-mail'], EMAIL);
  });

  it('answers without a body as it should: HEAD, 204, 304', async () => {
    for (const status of [204, 304]) {
      backend.answer = (_request, response) => {
        response.writeHead(status);
        response.end();
      };
      const answer = await fetch(`${base}/empty`);
      assert.equal(answer.status, status);
      assert.equal(await answer.text(), '');
    }
    backend.answer = json({ card: CARD });
    const head = await fetch(`${base}/head`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
  });

  it('lets no byte of an answer through that it can not read, and breaks off one that the server breaks off', async () => {
    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(`packed ${EMAIL}`);
    };
    const packed = await fetch(`${base}/packed`);
    assert.equal(packed.status, 502);
    assert.doesNotMatch(await packed.text(), /jane/);

    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(`{"mail":"jane.doe@exa`);
      setTimeout(() => response.destroy(), 50);
    };
    const broken = await fetch(`${base}/broken`)
      .then((answer) => answer.text())
      .catch(() => 'broken off');
    assert.equal(broken, 'broken off');
  });

  it('has recorded every request with its answer, in recordings that verify and hold no value', async () => {
    await world.up.runtime.recordings.rotate();
    const { recordings } = world;
    const events = await recordedEvents(recordings);
    const opened = events.filter((event) => event.type === 'session.open');
    assert.ok(opened.length > 10);
    for (const event of opened) assert.equal(event['protocol'], 'http');
    assert.equal(events.filter((event) => event.type === 'session.close').length, opened.length);
    assert.ok(events.some((event) => event.type === 'hold') && events.some((event) => event.type === 'approval'));
    assert.ok(!JSON.stringify(events).includes(EMAIL));
    assert.deepEqual((await verifyRecordings(recordings)).problems, []);
    assert.deepEqual(await judgedOtherwise(policy, await recordedEvents(recordings)), []);
    const access = await eventually('Envoy’s own log', async () => {
      const found = (await recordedEvents(recordings)).filter((event) => event.type === 'access');
      return found.length > 0 ? found : undefined;
    });
    assert.ok(access.some((event) => (event['entry'] as { status: number }).status === 403));
    assert.ok(
      opened.some(({ session }) => session === access[0]!.session),
      'joined to the request it tells of',
    );
  });

  it('passes nothing when the gateway is gone', async () => {
    const before = backend.seen.length;
    await world.up.runtime.stop('the test ends it');
    // A moment later Envoy has seen it too: from then on it says that nobody is there, as a client that may try again reads it.
    const answer = await eventually('503 without the gateway', async () => {
      const answer = await fetch(`${base}/v1/people`).catch(() => undefined);
      assert.ok(answer === undefined || answer.status >= 500, `${answer?.status}`);
      return answer?.status === 503 ? answer : undefined;
    });
    assert.equal(await answer.text(), '');
    assert.equal(backend.seen.length, before);
  });
});
