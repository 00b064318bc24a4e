import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { packageRoot } from '../../extproc/process/places.js';
import { recordedEvents } from '../faults/support/world.js';
import { Backend, type HttpWorld, httpWorld } from '../support/http-world.js';
import { judgedOtherwise } from '../support/judged-again.js';

const policy = `
version: 1
rules:
  - { name: amounts, on: http, when: 'http.path == "/pay" && has(http.body.amount) && http.body.amount > 1000', then: deny }
  - { name: no-deletes, on: http, when: 'http.method == "DELETE"', then: deny }
`;

describe('bodies of requests, and whose rules wait for them', function () {
  this.timeout(60_000);
  const backend = new Backend();
  let world: HttpWorld;
  before(async () => {
    world = await httpWorld(await backend.start(), policy, { limits: { body_ms_max: 2000 } });
  });
  after(async () => {
    await world?.stop();
    backend.stop();
  });

  /** Sends the first half, and after `between` the rest; what is answered. */
  async function send(method: string, path: string, type: string, halves: [string, string], between: () => Promise<void>) {
    const request = httpRequest({ host: '127.0.0.1', port: world.port, path, method, headers: { 'content-type': type } });
    request.write(halves[0]);
    const answered = once(request, 'response');
    await between();
    request.end(halves[1]);
    const [response] = (await answered) as [IncomingMessage];
    return response.resume().statusCode;
  }

  it('a body that no rule for its path asks for goes on as it comes', async () => {
    for (const [method, type] of [
      ['PUT', 'application/octet-stream'],
      ['PUT', 'application/json'],
      ['POST', 'text/plain'],
    ] as const) {
      const status = await send(method, '/files/1', type, ['first ', 'second'], async () => {
        const chunk = await new Promise<Buffer>((resolve) => backend.server.once('request', (request) => request.once('data', resolve)));
        assert.equal(chunk.toString(), 'first ');
      });
      assert.equal(status, 200);
      assert.equal(backend.seen.pop()!.body.toString(), 'first second');
    }
  });

  it('one that a rule for its path asks for waits, and so does one that may name another method', async () => {
    let came = 0;
    backend.server.on('request', () => {
      came++;
    });
    const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 300));
    for (const path of ['/pay', '/x/..%2fPay/'])
      assert.equal(await send('POST', path, 'application/json', ['{"amount":', '5000}'], settled), 403, path);
    assert.equal(await send('POST', '/orders/1', 'application/json', ['{"_method":', '"delete"}'], settled), 403);
    assert.equal(await send('POST', '/orders/1', 'application/x-www-form-urlencoded', ['_method=', 'delete'], settled), 403);
    assert.equal(came, 0);
  });

  /** the request whose body did not come */
  let late = '';

  it('one that does not come is an error after a while, and nothing of the request goes on', async () => {
    const seen = backend.seen.length;
    const headers = { 'content-type': 'application/json', 'content-length': '100' };
    const request = httpRequest({ host: '127.0.0.1', port: world.port, path: '/pay', method: 'POST', headers });
    request.on('error', () => undefined);
    request.write('{"amount":');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(response, 'end');
    assert.equal(response.statusCode, 408);
    const problem = JSON.parse(Buffer.concat(chunks).toString()) as { type: string; instance: string };
    assert.equal(problem.type, 'urn:midstream:problem:late');
    request.destroy();
    assert.equal(backend.seen.length, seen);
    late = problem.instance;
  });

  it('is recorded, and judged again as it was', async () => {
    assert.equal(await send('PUT', '/files/2', 'application/json', ['{"a":1,', '"a":2}'], async () => {}), 200);
    await world.up.runtime.recordings.rotate();
    const events = await recordedEvents(world.recordings);
    assert.ok(events.some((event) => event.type === 'request.body' && String(event['body']).includes('"a":2')));
    assert.deepEqual(
      events.filter(({ session }) => late.endsWith(String(session))).map(({ type }) => type),
      ['session.open', 'request', 'error', 'session.close'],
    );
    assert.deepEqual(await judgedOtherwise(policy, events), []);
  });
});

describe('uploads under the sample policy for HTTP', function () {
  this.timeout(60_000);
  const sample = readFileSync(join(packageRoot(), 'extproc', 'policies', 'http.yaml'), 'utf8');
  const backend = new Backend();
  let world: HttpWorld;
  before(async () => {
    world = await httpWorld(await backend.start(), sample);
  });
  after(async () => {
    await world?.stop();
    backend.stop();
  });

  const image = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(20 * 1024 * 1024, 0xd5)]);
  const put = async (body: Buffer | string, type: string | undefined) => {
    const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
    return fetch(`${world.base}/files/1`, { method: 'PUT', headers, body: Buffer.from(body) });
  };

  it('what is no text goes through, longer than any body may be that is waited for', async () => {
    for (const type of ['image/png', 'application/octet-stream', undefined]) {
      const answer = await put(image, type);
      assert.equal(answer.status, 200, `${type}: ${await answer.text()}`);
      assert.ok(backend.seen.pop()!.body.equals(image), String(type));
    }
  });

  it('what says so and is a document does not', async () => {
    const wipe = '{"query":"mutation { deleteUser(id: 1) { id } }"';
    for (const [body, status] of [
      [Buffer.concat([Buffer.from(`${wipe},"x":"`), Buffer.from([0xff]), Buffer.from('"}')]), 403],
      [Buffer.alloc(17 * 1024 * 1024, 0x20), 413],
    ] as const)
      assert.equal((await put(body, 'image/png')).status, status);
    assert.equal(backend.seen.length, 0);
  });

  it('is judged again as it was', async () => {
    assert.equal((await put(image.subarray(0, 1000), 'image/png')).status, 200);
    await world.up.runtime.recordings.rotate();
    assert.deepEqual(await judgedOtherwise(sample, await recordedEvents(world.recordings)), []);
  });
});
