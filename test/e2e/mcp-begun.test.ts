import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startUp, type Up } from '../../extproc/up.js';
import { eventually } from '../support/gateway.js';
import { freePort } from '../support/ports.js';

const policy = `
version: 1
rules:
  - { name: asks, on: mcp, when: 'mcp.tool == "ask"', then: approve }
`;
const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ask', arguments: {}, _meta: { progressToken: 7 } } };
const event = (value: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...value })}\n\n`;

describe('an answer of MCP that begins while the call waits, through real Envoy', function () {
  this.timeout(60_000);
  let directory: string;
  let up: Up;
  let backend: Server;
  /** answers of the server that are open, and how many of them the other side has left */
  let open: ServerResponse[] = [];
  let left = 0;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'midstream-mcp-begun-'));
    writeFileSync(join(directory, 'policy.yaml'), policy);
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
    up = await startUp({
      version: 'test',
      listen: { host: '127.0.0.1', port: 0 },
      mcp: { url: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`, listen: { host: '127.0.0.1', port: 0 } },
      transport: 'ext_proc',
      policyFile: join(directory, 'policy.yaml'),
      recordDirectory: join(directory, 'recordings'),
      durability: 'strict',
      catalogueUrl: undefined,
      log: pino({ level: 'silent' }),
      progress: () => {},
      limits: { notice_every_ms: 100 },
    });
  });
  after(async () => {
    await up?.stop();
    backend?.closeAllConnections();
    backend?.close();
    rmSync(directory, { recursive: true, force: true });
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
  const pending = async (): Promise<string[]> => {
    const answer = await fetch(`${up.api}/v1/approvals?status=pending`, { headers: { authorization: `Bearer ${up.operatorToken}` } });
    return ((await answer.json()) as { approvals: { operation: { hold: string } }[] }).approvals.map(({ operation }) => operation.hold);
  };
  const approve = async () => {
    const [hold] = await eventually('the hold', async () => ((await pending()).length === 1 ? pending() : undefined));
    await fetch(`${up.api}/v1/approvals/${hold}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${up.operatorToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
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
    await eventually('the hold to end', async () => (await pending()).length === 0 || undefined);
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
    const [hold] = await eventually('the hold', async () => ((await pending()).length === 1 ? pending() : undefined));
    backend.closeAllConnections();
    const { port } = backend.address() as AddressInfo;
    await new Promise((resolve) => backend.close(resolve));
    await fetch(`${up.api}/v1/approvals/${hold}/approve`, {
      method: 'POST',
      headers: { authorization: `Bearer ${up.operatorToken}`, 'content-type': 'application/json' },
      body: '{}',
    });
    const text = await readUntil(reader, '"isError":true');
    assert.match(text, /can not be reached/);
    assert.equal((await reader.read()).done, true);
    await nothingLeft();
    backend.listen(port, '127.0.0.1');
  });
});
