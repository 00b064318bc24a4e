import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2, constants } from 'node:http2';
import { join } from 'node:path';
import { eventually } from '../support/gateway.js';
import { HeldWorld } from '../support/http-holds.js';

const policy = `
version: 1
rules:
  - { name: held, on: http, when: 'http.path.startsWith("/held")', then: approve, approve: { wait: 50s } }
  - { name: short, on: http, when: 'http.path == "/short"', then: approve, approve: { wait: 1s } }
defaults: { opaque: allow }
`;

describe('requests that wait, through Envoy', function () {
  this.timeout(60_000);
  const world = new HeldWorld();

  before(() => world.start(policy));
  after(() => world.stop());
  beforeEach(() => {
    world.backend.seen.length = 0;
  });

  const none = () => eventually('no hold is left', async () => ((await world.pending()).length === 0 ? true : undefined));

  it('200 at once: each is approved or denied by itself, and those alone run that were approved', async () => {
    const all = Array.from({ length: 200 }, (_, n) =>
      fetch(`${world.base}/held/${n}`, { method: 'POST', body: `body ${n}` }).then((answer) => answer.status),
    );
    const listed = await eventually('all holds', async () => {
      const held = await world.pending();
      return held.length >= 100 ? held : undefined;
    });
    assert.ok(listed.length >= 100);
    const decided = new Set<string>();
    const approved: string[] = [];
    while (decided.size < 200) {
      for (const { hold, text } of await world.pending()) {
        if (decided.has(hold)) continue;
        decided.add(hold);
        const n = Number(/held\/(\d+)/.exec(text)![1]);
        assert.ok(text.endsWith(`\n\nbody ${n}`), text);
        if (n % 2 === 0) approved.push(`POST /held/${n} body ${n}`);
        await world.decide(hold, n % 2 === 0 ? 'approve' : 'deny');
      }
    }
    const statuses = await Promise.all(all);
    for (const [n, status] of statuses.entries()) assert.equal(status, n % 2 === 0 ? 200 : 403);
    assert.deepEqual(world.backend.seen.map(({ line, body }) => `${line} ${body.toString()}`).sort(), approved.sort());
    await none();
  });

  it('over HTTP/1.1, HTTP/2 and gRPC: approved they run, and a client that leaves, or cancels its stream, never does', async () => {
    const session = connectHttp2(world.base);
    const h2 = session.request({ ':path': '/held/h2', ':method': 'POST' });
    h2.end('over h2');
    await world.decide((await world.held()).hold, 'approve');
    const [headers] = (await once(h2, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 200);
    h2.resume();
    assert.equal(world.backend.seen[0]!.body.toString(), 'over h2');

    const cancelled = session.request({ ':path': '/held/h2', ':method': 'POST' });
    cancelled.on('error', () => undefined);
    cancelled.end('never');
    const { hold } = await world.held();
    cancelled.close(constants.NGHTTP2_CANCEL);
    await none();
    assert.notEqual((await world.decide(hold, 'approve')).status, 200);

    const call = session.request({ ':path': '/held.Service/Call', ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' });
    call.end(Buffer.from([0, 0, 0, 0, 1, 65]));
    await world.decide((await world.held()).hold, 'deny');
    const [refused] = (await once(call, 'response')) as [Record<string, unknown>];
    assert.equal(refused['grpc-status'], '7');
    assert.match(String(refused['grpc-message']), /denied/);
    call.resume();
    session.close();

    const gone = new AbortController();
    const left = fetch(`${world.base}/held/1`, { method: 'POST', body: 'x', signal: gone.signal }).catch(() => 'gone');
    await world.held();
    gone.abort();
    assert.equal(await left, 'gone');
    await none();
    assert.equal(world.backend.seen.length, 1);
  });

  it('by the sample policy: an approved delete lets itself go again, and no other', async () => {
    await world.policy(readFileSync(join(process.cwd(), 'extproc', 'policies', 'http.yaml'), 'utf8'));
    try {
      const remove = (path: string) => fetch(`${world.base}${path}`, { method: 'DELETE' }).then(({ status }) => status);
      const first = remove('/orders/3');
      await world.decide((await world.held()).hold, 'approve');
      assert.equal(await first, 200);
      const other = remove('/orders/4');
      const { hold, text } = await world.held();
      assert.match(text, /DELETE .*\/orders\/4/);
      await world.decide(hold, 'deny');
      assert.equal(await other, 403);
      assert.equal(await remove('/orders/3'), 200, 'a retry');
      assert.deepEqual(
        world.backend.seen.map(({ line }) => line),
        ['DELETE /orders/3', 'DELETE /orders/3'],
      );
    } finally {
      await world.policy(policy);
    }
  });

  it('for longer than the policy lets them, are refused', async () => {
    const answer = await fetch(`${world.base}/short`);
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /urn:midstream:problem:expired/);
    assert.equal(world.backend.seen.length, 0);
  });

  it('have Envoy’s own log in their sessions, with its duration and bytes, and leave nothing open at Envoy', async () => {
    const answer = await fetch(`${world.base}/open`, { method: 'POST', body: '12345' });
    assert.equal(await answer.text(), 'ok');
    const entry = await eventually('the access log of that request', async () => {
      const events = await world.events();
      const session = events.find(({ type, text }) => type === 'request' && String(text).includes('/open'))?.session;
      const access = events.find((event) => event.session === session && event.type === 'access');
      return access?.['entry'] as Record<string, unknown> | undefined;
    });
    assert.deepEqual([entry['received_bytes'], entry['sent_bytes'], entry['status']], [5, 2, 200]);
    assert.ok(typeof entry['duration_ms'] === 'number' && entry['duration_ms'] > 0, JSON.stringify(entry));
    await eventually('Envoy has no request left', async () => {
      const stats = await world.world.up.envoy.stats(/^http\.http\.downstream_rq_active$|^cluster\.http_upstream\.upstream_rq_active$/);
      return Object.values(stats).every((count) => count === 0) ? true : undefined;
    });
  });
});
