import assert from 'node:assert/strict';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import type { Up } from '../../extproc/up.js';
import { eventually } from '../support/gateway.js';
import { startTalkativeServer, type TalkativeServer } from '../support/mcp-server.js';
import { ANY_PORT, type UpWorld, upWorld } from '../support/up-world.js';

/** Rules and masks are in force, and none of them has to do with what is said here. */
const policy = `
version: 1
rules:
  - { name: no-shell, on: mcp, when: 'mcp.tool == "shell"', then: deny }
  - { name: no-passwords, on: mcp, when: 'mcp.from == "server" && mcp.method == "elicitation/create" && mcp.params.message.contains("password")', then: deny }
masks:
  - { name: pii, detect: [pii], as: partial }
  - { name: secrets, detect: [secrets], as: redact }
`;

type Kind = 'streamable HTTP' | 'the older HTTP+SSE';

/** Does all that a client can do, and gives what it read, step by step. */
async function walk(url: string, kind: Kind, backend: TalkativeServer): Promise<Record<string, unknown>> {
  const told: unknown[] = [];
  const capabilities = { sampling: {}, elicitation: {}, roots: { listChanged: true } };
  const client = new Client({ name: 'agent', version: '1.0.0' }, { capabilities });
  client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
    model: 'm',
    role: 'assistant',
    content: { type: 'text', text: `sampled: ${JSON.stringify(params.messages)}` },
  }));
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({ action: 'accept', content: { colour: params.message } }));
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///srv', name: 'srv' }] }));
  for (const schema of [
    LoggingMessageNotificationSchema,
    ResourceUpdatedNotificationSchema,
    ResourceListChangedNotificationSchema,
    ToolListChangedNotificationSchema,
  ] as const)
    client.setNotificationHandler(schema as typeof LoggingMessageNotificationSchema, (one) => void told.push(one));
  const options = {
    reconnectionOptions: { initialReconnectionDelay: 20, maxReconnectionDelay: 100, reconnectionDelayGrowFactor: 1, maxRetries: 50 },
  };
  const transport =
    kind === 'streamable HTTP'
      ? new StreamableHTTPClientTransport(new URL(`${url}/mcp`), options)
      : new SSEClientTransport(new URL(`${url}/sse`));
  await client.connect(transport as never);
  const noted = backend.noted.at(-1)!;
  const failure = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => 'passed',
      (error: { code?: number; message: string }) => `${error.code} ${error.message}`,
    );
  const read: Record<string, unknown> = {};
  read['server'] = [client.getServerVersion(), client.getServerCapabilities(), client.getInstructions()];
  read['ping'] = await client.ping();
  read['tools'] = await client.listTools();
  read['contents'] = await client.callTool({ name: 'contents' });
  read['structured'] = await client.callTool({ name: 'sum', arguments: { a: 1.5, b: -2e21 } });
  read['wrong arguments'] = await failure(client.callTool({ name: 'sum', arguments: { a: 'x' } }));
  read['failing'] = await client.callTool({ name: 'fails' });
  read['unknown'] = await failure(client.callTool({ name: 'unknown' }));
  read['large'] = await client.callTool({ name: 'large', arguments: { bytes: 2_000_000 } });
  const progress: unknown[] = [];
  read['steps'] = await client.callTool({ name: 'steps', arguments: { steps: 5 } }, undefined, { onprogress: (one) => progress.push(one) });
  read['progress'] = progress;
  const abort = new AbortController();
  const endless = failure(client.callTool({ name: 'endless' }, undefined, { signal: abort.signal }));
  await eventually('the call to begin', () => Promise.resolve(noted.includes('endless began') || undefined));
  abort.abort('enough');
  read['cancelled'] = await endless;
  await eventually('the server to hear of it', () => Promise.resolve(noted.includes('endless was cancelled') || undefined));
  read['asks'] = await client.callTool({ name: 'asks' });
  read['level'] = await client.setLoggingLevel('warning');
  read['logs'] = await client.callTool({ name: 'logs' });
  read['resources'] = await client.listResources();
  read['templates'] = await client.listResourceTemplates();
  read['resource'] = await client.readResource({ uri: 'note://1' });
  read['by template'] = await client.readResource({ uri: 'note://alpha/7' });
  read['no resource'] = await failure(client.readResource({ uri: 'note://none' }));
  read['subscribed'] = await client.subscribeResource({ uri: 'note://1' });
  read['touched'] = await client.callTool({ name: 'touches' });
  read['unsubscribed'] = await client.unsubscribeResource({ uri: 'note://1' });
  read['prompts'] = await client.listPrompts();
  read['prompt'] = await client.getPrompt({ name: 'greet', arguments: { name: 'Otto' } });
  read['completed prompt'] = await client.complete({ ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'name', value: 'a' } });
  read['completed template'] = await client.complete({
    ref: { type: 'ref/resource', uri: 'note://{kind}/{id}' },
    argument: { name: 'kind', value: 'b' },
  });
  read['grown'] = await client.callTool({ name: 'grows' });
  read['tools afterwards'] = (await client.listTools()).tools.map(({ name }) => name);
  await client.sendRootsListChanged();
  if (kind === 'streamable HTTP') {
    // The stream of the session breaks, and what was said in the meantime comes by Last-Event-ID.
    backend.cut();
    await eventually('the client to be back', () => client.callTool({ name: 'touches' }).catch(() => undefined));
    await eventually('what was said', () => Promise.resolve(updates(told) >= 2 || undefined));
  }
  await eventually('what the server told', () => Promise.resolve(told.length >= 4 || undefined));
  read['told'] = [...new Set(told.map((one) => JSON.stringify(one)))].sort();
  read['noted'] = [...noted];
  if (transport instanceof StreamableHTTPClientTransport) {
    read['version'] = transport.protocolVersion;
    await transport.terminateSession();
    read['after the end'] = transport.sessionId;
  }
  await client.close();
  return read;
}

const updates = (told: readonly unknown[]): number =>
  told.filter((one) => (one as { method: string }).method === 'notifications/resources/updated').length;

describe('all that the official SDK can say, with and without the gateway', function () {
  this.timeout(120_000);
  let world: UpWorld;
  let up: Up;
  let backend: TalkativeServer;

  before(async () => {
    backend = await startTalkativeServer();
    world = await upWorld(policy, { mcp: { url: backend.url, listen: ANY_PORT }, durability: 'relaxed' });
    up = world.up;
  });
  after(async () => {
    await world?.stop();
    backend?.server.closeAllConnections();
    backend?.server.close();
  });

  for (const kind of ['streamable HTTP', 'the older HTTP+SSE'] as const)
    it(`is the same by ${kind}`, async () => {
      const direct = await walk(backend.url, kind, backend);
      backend.versions.clear();
      const through = await walk(`http://127.0.0.1:${up.mcp!.port}`, kind, backend);
      for (const [step, value] of Object.entries(direct)) assert.deepEqual(through[step], value, step);
      assert.deepEqual(Object.keys(through), Object.keys(direct));
      assert.match(JSON.stringify(direct['asks']), /sampled: .*say hi.*Which colour\?.*file:\/\/\/srv/);
      if (kind === 'streamable HTTP') assert.deepEqual([...backend.versions], [direct['version']]);
    });

  it('is recorded, in recordings that verify', async () => {
    await up.runtime.recordings.rotate();
    assert.deepEqual((await verifyRecordings(world.recordings)).problems, []);
  });
});
