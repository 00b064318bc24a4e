import assert from 'node:assert/strict';
import { eventually } from '../support/gateway.js';
import { HeldWorld } from '../support/http-holds.js';

const access = [
  { resource: '*', identities: undefined, sources: ['127.0.0.1'], methods: ['GET'], paths: ['/v1/**'] },
  { resource: '*', identities: undefined, sources: ['127.0.0.1'], methods: ['POST'], paths: ['/v1/orders'], hosts: ['api.*'] },
  { resource: '*', identities: undefined, sources: ['10.0.0.0/8'] },
];

describe('who may ask what of an HTTP server, asked by Envoy before a body is read', function () {
  this.timeout(60_000);
  const world = new HeldWorld();

  before(() => world.start('version: 1\n', { access }));
  after(() => world.stop());
  beforeEach(() => {
    world.backend.seen.length = 0;
  });

  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`${world.base}${path}`, init);
    return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
  };

  it('lets through what a rule lets', async () => {
    assert.deepEqual([(await ask('/v1/people')).status, world.backend.seen.length], [200, 1]);
    const answer = await world.raw('POST /v1/orders HTTP/1.1\r\nhost: api.shop\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}');
    assert.match(answer, /^HTTP\/1.1 200/);
  });

  it('answers with a problem what none does, and the server hears nothing', async () => {
    for (const [path, init] of [
      ['/v2/people', {}],
      ['/v1/orders', { method: 'POST', body: '{}' }],
      ['/v1/people', { method: 'DELETE' }],
      ['/v1/people', { headers: { 'x-http-method-override': 'DELETE' } }],
      ['/v2/..%2fv1/people', {}],
      ['/v1/%252e%252e/admin', {}],
    ] as [string, RequestInit][]) {
      const { status, type, body } = await ask(path, init);
      assert.deepEqual([status, type], [403, 'application/problem+json'], path);
      const problem = JSON.parse(body) as { type: string; instance: string };
      assert.equal(problem.type, 'urn:midstream:problem:forbidden');
      assert.match(problem.instance, /^urn:midstream:request:[0-9a-f]{32}$/);
    }
    assert.deepEqual(world.backend.seen, []);
  });

  it('refuses before the body has come', async () => {
    const answer = await world.raw(
      'POST /v2/x HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\nhalf',
      /urn:midstream:problem:forbidden/,
    );
    assert.match(answer, /^HTTP\/1.1 403/);
  });

  it('refuses a gRPC call with its status', async () => {
    const { connect } = await import('node:http2');
    const session = connect(world.base);
    const stream = session.request({ ':path': '/pkg.Service/Call', ':method': 'POST', 'content-type': 'application/grpc' });
    const headers = await new Promise<Record<string, unknown>>((resolve) => stream.on('response', resolve));
    stream.resume();
    await new Promise((resolve) => stream.on('end', resolve));
    session.close();
    assert.equal(headers['grpc-status'], '7');
  });

  it('has asked Envoy’s ext_authz, and recorded each refusal with Envoy’s own log of it', async () => {
    const stats = await world.world.up.envoy.stats(/^http\.http\.ext_authz\.http\.denied$/);
    assert.ok(Object.values(stats)[0]! >= 8, JSON.stringify(stats));
    const events = await eventually('the access logs', async () => {
      const all = await world.events();
      return all.filter((event) => event.type === 'access' && (event['entry'] as { status: number }).status === 403).length >= 7
        ? all
        : undefined;
    });
    const refused = events.filter((event) => event.type === 'session.close' && event['reason'] === 'forbidden');
    assert.ok(refused.length >= 8, `${refused.length}`);
    const access = new Set(events.filter((event) => event.type === 'access').map(({ session }) => session));
    assert.ok(refused.filter(({ session }) => access.has(session)).length >= 7, 'joined');
    const requests = events.filter((event) => event.type === 'request').map((event) => String(event['text']));
    assert.ok(
      requests.some((text) => text.includes('/v2/people')),
      requests.join('\n'),
    );
  });
});
