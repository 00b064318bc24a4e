import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import type { Up } from '../../extproc/up.js';
import { recordedEvents } from '../faults/support/world.js';
import { Approver } from '../support/approver.js';
import { eventually } from '../support/gateway.js';
import { judgedOtherwise } from '../support/judged-again.js';
import { ANY_PORT, type UpWorld, upWorld } from '../support/up-world.js';

const policy = `
version: 1
rules:
  - { name: no-shell, on: mcp, when: 'mcp.tool in ["shell", "exec"]', then: deny, message: No shells for agents. }
  - { name: transfers, on: mcp, when: 'mcp.tool == "transfer" && mcp.arguments.amount > 100', then: approve, approve: { by: [finance] } }
  - { name: refunds, on: mcp, when: 'mcp.tool == "refund"', then: approve, approve: { by: [finance], lease: { same: text, for: 5m, uses: 1 } } }
  - { name: no-etc, on: mcp, when: 'mcp.uri.startsWith("file:///etc/")', then: deny, message: Not that file. }
  - { name: seen, on: mcp, when: 'mcp.method == "tools/list"', then: deny, mode: observe }
masks:
  - { name: pii, detect: [pii], as: partial }
`;
const CARD = '4111 1111 1111 1111';
const EMAIL = 'jane.doe@example.com';

/** What ran at the server. */
const ran: string[] = [];

function makeServer(): McpServer {
  const server = new McpServer({ name: 'shop', version: '1.0.0' });
  server.registerTool('lookup', { description: 'finds a customer', inputSchema: { name: z.string() } }, ({ name }) => {
    ran.push(`lookup ${name}`);
    return { content: [{ type: 'text', text: `${name}: ${EMAIL}, card ${CARD}` }], structuredContent: { mail: EMAIL } };
  });
  server.registerTool('shell', { description: 'runs a command', inputSchema: { command: z.string() } }, ({ command }) => {
    ran.push(`shell ${command}`);
    return { content: [{ type: 'text', text: 'done' }] };
  });
  server.registerTool('transfer', { description: 'moves money', inputSchema: { amount: z.number() } }, ({ amount }) => {
    ran.push(`transfer ${amount}`);
    return { content: [{ type: 'text', text: `sent ${amount}` }] };
  });
  server.registerTool('refund', { description: 'gives money back', inputSchema: { order: z.number() } }, ({ order }) => {
    ran.push(`refund ${order}`);
    return { content: [{ type: 'text', text: `refunded ${order}` }] };
  });
  server.registerResource('passwd', 'file:///etc/passwd', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'root' }] }));
  server.registerResource('readme', 'file:///srv/readme', {}, (uri) => ({ contents: [{ uri: uri.href, text: `ask ${EMAIL}` }] }));
  return server;
}

/** The official server, streamable HTTP, with sessions. */
async function startServer(json: boolean): Promise<{ url: string; server: Server }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const body: unknown = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
        let transport = sessions.get(String(request.headers['mcp-session-id']));
        if (transport === undefined) {
          if (!isInitializeRequest(body)) {
            response.writeHead(400).end();
            return;
          }
          const made = new StreamableHTTPServerTransport({
            sessionIdGenerator: () => randomUUID(),
            enableJsonResponse: json,
            onsessioninitialized: (id) => {
              sessions.set(id, made);
            },
          });
          transport = made;
          await makeServer().connect(made as never);
        }
        await transport.handleRequest(request, response, body);
      })();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

for (const json of [true, false])
  describe(`an MCP server behind Envoy and the gateway, by the official SDK (${json ? 'JSON' : 'event streams'})`, function () {
    this.timeout(60_000);
    let world: UpWorld;
    let up: Up;
    let backend: Server;
    let client: Client;

    before(async () => {
      const started = await startServer(json);
      backend = started.server;
      // Envoy's own reader beside ours in one of the two: it agrees with all that follows.
      world = await upWorld(policy, { mcp: { url: started.url, listen: ANY_PORT, mcp_filter: json } });
      up = world.up;
      client = new Client({ name: 'agent', version: '1.0.0' });
      await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${up.mcp!.port}/mcp`)) as never);
    });
    after(async () => {
      await client?.close();
      await world?.stop();
      backend?.closeAllConnections();
      backend?.close();
    });
    beforeEach(() => {
      ran.length = 0;
    });

    const textOf = (result: unknown): string => (result as { content: { text: string }[] }).content[0]!.text;
    const decide = async (verdict: 'approve' | 'deny') => (await new Approver(up).decideNext(verdict)).text;

    it('lists the tools but those that are refused by their name', async () => {
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name).sort(), ['lookup', 'refund', 'transfer']);
      assert.ok(tools.every(({ description }) => description !== undefined));
    });

    it('masks what a tool gives', async () => {
      const result = await client.callTool({ name: 'lookup', arguments: { name: 'Jane' } });
      assert.equal(textOf(result), 'Jane: j***@example.com, card **** **** **** 1111');
      assert.deepEqual(result.structuredContent, { mail: 'j***@example.com' });
      assert.deepEqual(ran, ['lookup Jane']);
    });

    it('refuses a call as an error of the tool, and a read as an error of the protocol', async () => {
      const result = await client.callTool({ name: 'shell', arguments: { command: 'rm -rf /' } });
      assert.equal(result.isError, true);
      assert.equal(textOf(result), 'No shells for agents. (rule no-shell)');
      await assert.rejects(client.readResource({ uri: 'file:///etc/passwd' }), /Not that file/);
      const { contents } = await client.readResource({ uri: 'file:///srv/readme' });
      assert.equal((contents[0] as { text: string }).text, 'ask j***@example.com');
      assert.deepEqual(ran, []);
    });

    it('holds a call until a person decides', async () => {
      assert.equal(textOf(await client.callTool({ name: 'transfer', arguments: { amount: 5 } })), 'sent 5');
      const approved = client.callTool({ name: 'transfer', arguments: { amount: 5000 } });
      assert.match(await decide('approve'), /"name":"transfer","arguments":\{"amount":5000\}/);
      assert.equal(textOf(await approved), 'sent 5000');
      const denied = client.callTool({ name: 'transfer', arguments: { amount: 6000 } });
      await decide('deny');
      const result = await denied;
      assert.equal(result.isError, true);
      assert.match(textOf(result), /denied by operator: as asked/);
      assert.deepEqual(ran, ['transfer 5', 'transfer 5000']);
    });

    it('tells of the wait in the answer itself, for whom asks for progress, and the result follows in the same stream', async () => {
      const asked = (id: number, amount: number) => ({
        jsonrpc: '2.0',
        id,
        method: 'tools/call',
        params: { name: 'transfer', arguments: { amount }, _meta: { progressToken: `t${id}` } },
      });
      const session = (client.transport as unknown as { sessionId: string }).sessionId;
      const call = async (message: object): Promise<{ response: Response; messages: Promise<Record<string, unknown>[]> }> => {
        const response = await fetch(`http://127.0.0.1:${up.mcp!.port}/mcp`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-session-id': session,
            'mcp-protocol-version': '2025-06-18',
          },
          body: JSON.stringify(message),
        });
        const messages = response
          .text()
          .then((text) => [...text.matchAll(/^data: (.+)$/gm)].map((match) => JSON.parse(match[1]!) as Record<string, unknown>));
        return { response, messages };
      };
      // The answer begins while the call waits.
      const { response, messages } = await call(asked(71, 7000));
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'text/event-stream');
      assert.deepEqual(ran, []);
      await decide('approve');
      const [progress, result, ...more] = await messages;
      assert.equal(progress!['method'], 'notifications/progress');
      assert.deepEqual(progress!['params'], { progressToken: 't71', progress: -1, message: 'Waits for an approval (rule transfers).' });
      assert.equal(result!['id'], 71);
      assert.equal(textOf(result!['result']), 'sent 7000');
      assert.deepEqual(more, []);
      assert.deepEqual(ran, ['transfer 7000']);
      const denied = await call(asked(72, 8000));
      await decide('deny');
      const [, refusal] = await denied.messages;
      assert.match(textOf(refusal!['result']), /denied by operator/);
      assert.deepEqual(ran, ['transfer 7000']);
      // The official client hears of it, too.
      const heard: string[] = [];
      const sent = client.callTool({ name: 'transfer', arguments: { amount: 9000 } }, undefined, {
        onprogress: (one) => heard.push(one.message ?? ''),
      });
      await decide('approve');
      assert.equal(textOf(await sent), 'sent 9000');
      assert.deepEqual(heard, ['Waits for an approval (rule transfers).']);
    });

    it('takes the same call again on a lease, whatever number the client gives it, and no other', async () => {
      const refund = (order: number) => client.callTool({ name: 'refund', arguments: { order } });
      const first = refund(1);
      await decide('approve');
      assert.equal(textOf(await first), 'refunded 1');
      assert.equal(textOf(await refund(1)), 'refunded 1');
      const other = refund(2);
      await decide('deny');
      assert.equal((await other).isError, true);
      assert.deepEqual(ran, ['refund 1', 'refund 1']);
    });

    it('refuses what is no message', async () => {
      const post = (body: string, type = 'application/json') =>
        fetch(`http://127.0.0.1:${up.mcp!.port}/mcp`, { method: 'POST', body, headers: { 'content-type': type } });
      for (const body of [
        '{"jsonrpc":"1.0","method":"x","id":1}',
        '[]',
        'hello',
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}',
      ]) {
        const answer = await post(body);
        assert.equal(answer.status, 403, body);
        assert.equal(((await answer.json()) as { rule: string }).rule, 'default:unparsed');
      }
      const twice = await post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lookup","name":"shell"}}');
      assert.equal(twice.status, 403);
      const batch = await post(
        JSON.stringify([
          { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'lookup', arguments: { name: 'x' } } },
          { jsonrpc: '2.0', id: 'b', method: 'tools/call', params: { name: 'exec' } },
        ]),
      );
      const answers = (await batch.json()) as { id: unknown; result: { isError: boolean } }[];
      assert.deepEqual(
        answers.map(({ id, result }) => [id, result.isError]),
        [
          [1, true],
          ['b', true],
        ],
        'one refused message refuses its batch',
      );
      assert.deepEqual(ran, []);
    });

    it('has recorded each message with what it asked for', async () => {
      const { recordings } = world;
      await up.runtime.recordings.rotate();
      const events = await recordedEvents(recordings);
      const operations = events.filter(({ type }) => type === 'request').map((event) => event['operation']);
      for (const expected of [
        'initialize',
        'tools/list',
        'tools/call lookup',
        'tools/call shell',
        'tools/call transfer',
        'resources/read file:///srv/readme',
      ])
        assert.ok(operations.includes(expected), `${expected} in ${operations.join(', ')}`);
      const observed = events.filter((event) => event.type === 'decision' && JSON.stringify(event['matches']).includes('"seen"'));
      assert.equal(observed.length, 1);
      assert.ok(events.every((event) => event['disagreement'] === undefined || event['rule'] === 'default:unparsed'));
      assert.ok(!JSON.stringify(events).includes(EMAIL));
      assert.deepEqual((await verifyRecordings(recordings)).problems, []);
      assert.deepEqual(await judgedOtherwise(policy, await recordedEvents(recordings)), []);
    });
  });
