import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Up } from '../../extproc/up.js';
import { Approver } from '../support/approver.js';
import { eventually } from '../support/gateway.js';
import { freePort } from '../support/ports.js';
import { ANY_PORT, type UpWorld, upWorld } from '../support/up-world.js';

const policy = `
version: 1
rules:
  - { name: asks, on: mcp, when: 'mcp.tool == "ask"', then: approve }
`;
const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask', arguments: {}, _meta: { progressToken: 7 } } };
const event = (value: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...value })}\n\n`;

describe('an answer of MCP that begins while the call waits, through real Envoy', function () {
  this.timeout(60_000);
  let world: UpWorld;
  let up: Up;
  let approver: Approver;
  let backend: Server;
  /** answers of the server that are open, and how many of them the other side has left */
  let open: ServerResponse[] = [];
  let left = 0;

  before(async () => {
    backend = createServer((request, response) => {
      request.resume();
      response.on('close', () => {
        if (!response.writableFinished) left++;
      });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event({ method: 'notifications/progress', params: { progressToken: 7, progress: 50 } }));
      open.push(response);
    });
    backend.listen(await freePort(), '127.0.0.1'); // it comes back on the same port
    await once(backend, 'listening');
    world = await upWorld(policy, {
      mcp: { url: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`, listen: ANY_PORT },
      limits: { notice_every_ms: 100 },
    });
    up = world.up;
    approver = new Approver(up);
  });
  after(async () => {
    await world?.stop();
    backend?.closeAllConnections();
    backend?.close();
  });
  beforeEach(() => {
    open = [];
    left = 0;
  });

  const call = async (signal?: AbortSignal) => {
    const response = await fetch(`http://127.0.0.1:${up.mcp!.port}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(message),
      ...(signal ? { signal } : {}),
    });
    return response.body!.pipeThrough(new TextDecoderStream()).getReader();
  };
  const readUntil = async (reader: ReadableStreamDefaultReader<string>, word: string): Promise<string> => {
    let text = '';
    while (!text.includes(word)) {
      const { value, done } = await reader.read();
      assert.ok(!done, text);
      text += value;
    }
    return text;
  };
  const approve = async () => {
    await approver.decideNext('approve');
    return eventually('the server to be asked', () => Promise.resolve(open[0]));
  };
  const nothingLeft = async () => {
    await eventually('exchanges to end', () => Promise.resolve(up.runtime.gateway.exchanges.size === 0 || undefined));
    await eventually('Envoy to have no request', async () => {
      const stats = await up.envoy.stats(/(http\.mcp\.downstream_rq_active|listener\..*mcp-back\.sock\.downstream_cx_active)$/);
      assert.ok(Object.keys(stats).length >= 1);
      return Object.values(stats).every((value) => value === 0) || undefined;
    });
  };

  it('carries each event of the server as it comes, and ends with it', async () => {
    const reader = await call();
    await readUntil(reader, '"progress":-0.33');
    const server = await approve();
    await readUntil(reader, '"progress":50');
    server.end(event({ id: 1, result: { content: [] } }));
    await readUntil(reader, '"result"');
    assert.equal((await reader.read()).done, true);
    assert.equal(left, 0);
    await nothingLeft();
  });

  it('never runs when the client goes while it waits', async () => {
    const abort = new AbortController();
    const reader = await call(abort.signal);
    await readUntil(reader, '"progress":-1');
    abort.abort();
    await eventually('the hold to end', async () => (await approver.pending()).length === 0 || undefined);
    await nothingLeft();
    assert.equal(open.length, 0);
  });

  it('leaves the server when the client goes after the approval', async () => {
    const abort = new AbortController();
    const reader = await call(abort.signal);
    await approve();
    await readUntil(reader, '"progress":50');
    abort.abort();
    await eventually('the server to be left', () => Promise.resolve(left === 1 || undefined));
    await nothingLeft();
  });

  it('is broken off where the server breaks off, and the client reads no end', async () => {
    const reader = await call();
    const server = await approve();
    await readUntil(reader, '"progress":50');
    server.destroy();
    await assert.rejects(readUntil(reader, 'never'), (error: Error) => error.name !== 'AssertionError');
    await nothingLeft();
  });

  it('is a refusal where the server can not be reached', async () => {
    const reader = await call();
    await readUntil(reader, '"progress":-1');
    const { hold } = await approver.held();
    backend.closeAllConnections();
    const { port } = backend.address() as AddressInfo;
    await new Promise((resolve) => backend.close(resolve));
    await approver.decide(hold, 'approve');
    const text = await readUntil(reader, '"isError":true');
    assert.match(text, /can not be reached/);
    assert.equal((await reader.read()).done, true);
    await nothingLeft();
    backend.listen(port, '127.0.0.1');
  });
});
