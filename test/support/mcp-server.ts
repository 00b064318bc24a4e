import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { completable } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { type EventStore, StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { type JSONRPCMessage, SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

/** Events of one session's streams, so that a client that lost one can go on behind it. */
class Events implements EventStore {
  private readonly all: { stream: string; message: JSONRPCMessage }[] = [];

  storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    return Promise.resolve(`${this.all.push({ stream, message }) - 1}`);
  }

  async replayEventsAfter(last: string, { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> }): Promise<string> {
    const { stream } = this.all[Number(last)]!;
    for (const [i, one] of this.all.entries()) if (i > Number(last) && one.stream === stream) await send(String(i), one.message);
    return stream;
  }
}

/** Says all that a server can say. `noted` is what it heard of its own. */
function makeServer(noted: string[]): McpServer {
  const capabilities = { logging: {}, resources: { subscribe: true } };
  const server = new McpServer({ name: 'all', version: '1.0.0' }, { capabilities, instructions: 'Ask for everything.' });
  const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
  server.registerTool('contents', { title: 'All contents', annotations: { readOnlyHint: true } }, () => ({
    content: [
      { type: 'text', text: 'plain ✓ \u2028 "quoted"', annotations: { priority: 0.5 } },
      { type: 'image', data: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 255]).toString('base64'), mimeType: 'image/png' },
      { type: 'audio', data: Buffer.from([0, 1, 2]).toString('base64'), mimeType: 'audio/wav' },
      { type: 'resource', resource: { uri: 'note://1', mimeType: 'text/plain', text: 'a note' } },
      { type: 'resource', resource: { uri: 'note://2', mimeType: 'text/plain', blob: Buffer.from('packed').toString('base64') } },
      { type: 'resource_link', uri: 'note://3', name: 'third', description: 'linked' },
    ],
    _meta: { 'example.org/trace': 'x' },
  }));
  server.registerTool(
    'sum',
    { inputSchema: { a: z.number(), b: z.number() }, outputSchema: { sum: z.number(), parts: z.array(z.number()) } },
    ({ a, b }) => ({ ...said(String(a + b)), structuredContent: { sum: a + b, parts: [a, b] } }),
  );
  server.registerTool('fails', {}, () => {
    throw new Error('it went wrong');
  });
  server.registerTool('large', { inputSchema: { bytes: z.number() } }, ({ bytes }) => said('a b '.repeat(bytes / 4)));
  server.registerTool('steps', { inputSchema: { steps: z.number() } }, async ({ steps }, extra) => {
    const progressToken = extra._meta?.progressToken;
    for (let progress = 1; progress <= steps && progressToken !== undefined; progress++)
      await extra.sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: steps, message: `step ${progress}` },
      });
    return said('stepped');
  });
  server.registerTool('endless', {}, async (extra) => {
    noted.push('endless began');
    await new Promise((resolve) => extra.signal.addEventListener('abort', resolve));
    noted.push('endless was cancelled');
    return said('never read');
  });
  server.registerTool('asks', {}, async () => {
    const sampled = await server.server.createMessage({
      messages: [{ role: 'user', content: { type: 'text', text: 'say hi' } }],
      maxTokens: 5,
    });
    const requestedSchema = { type: 'object' as const, properties: { colour: { type: 'string' as const } } };
    const elicited = await server.server.elicitInput({ message: 'Which colour?', requestedSchema });
    const { roots } = await server.server.listRoots();
    await server.server.ping();
    return said(JSON.stringify({ sampled, elicited, roots }));
  });
  server.registerTool('logs', {}, async (extra) => {
    await server.sendLoggingMessage({ level: 'debug', logger: 'shop', data: 'too little' }, extra.sessionId);
    await server.sendLoggingMessage({ level: 'error', logger: 'shop', data: { code: 5 } }, extra.sessionId);
    return said('logged');
  });
  server.registerTool('grows', {}, () => {
    server.registerTool('new', { description: 'came later' }, () => said('new'));
    server.registerResource('late', 'note://late', {}, (uri) => ({ contents: [{ uri: uri.href, text: 'late' }] }));
    return said('grown');
  });
  server.registerTool('touches', {}, async () => {
    await server.server.sendResourceUpdated({ uri: 'note://1' });
    return said('touched');
  });
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    noted.push(`subscribe ${params.uri}`);
    return {};
  });
  server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    noted.push(`unsubscribe ${params.uri}`);
    return {};
  });
  server.registerResource('first', 'note://1', { title: 'First', mimeType: 'text/plain' }, (uri) => ({
    contents: [{ uri: uri.href, text: 'one' }],
  }));
  const template = new ResourceTemplate('note://{kind}/{id}', {
    list: () => ({ resources: [{ uri: 'note://a/1', name: 'listed by its template' }] }),
    complete: { kind: (value) => ['alpha', 'beta'].filter((one) => one.startsWith(value)) },
  });
  server.registerResource('kinds', template, { description: 'by kind' }, (uri, { kind, id }) => ({
    contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify({ kind, id }) }],
  }));
  server.registerPrompt(
    'greet',
    {
      title: 'Greeting',
      argsSchema: { name: completable(z.string(), (value) => ['anna', 'otto'].filter((one) => one.startsWith(value))) },
    },
    ({ name }) => ({ messages: [{ role: 'user', content: { type: 'text', text: `Greet ${name}.` } }] }),
  );
  return server;
}

export interface TalkativeServer {
  url: string;
  server: Server;
  /** what each session of the server heard, in their order */
  noted: string[][];
  /** headers of the requests */
  versions: Set<string>;
  /** ends the streams that are open, as a network that breaks */
  cut(): void;
}

/** The official server by both transports. */
export async function startTalkativeServer(): Promise<TalkativeServer> {
  const streamable = new Map<string, StreamableHTTPServerTransport>();
  const older = new Map<string, SSEServerTransport>();
  const noted: string[][] = [];
  const versions = new Set<string>();
  const made = (): McpServer => {
    const own: string[] = [];
    noted.push(own);
    return makeServer(own);
  };
  const server = createServer((request, response) => {
    void (async () => {
      const version = request.headers['mcp-protocol-version'];
      if (version !== undefined) versions.add(String(version));
      const { pathname, searchParams } = new URL(request.url!, 'http://x');
      if (pathname === '/sse') {
        const transport = new SSEServerTransport('/messages', response);
        older.set(transport.sessionId, transport);
        await made().connect(transport);
        return;
      }
      if (pathname === '/messages') return older.get(searchParams.get('sessionId') ?? '')!.handlePostMessage(request, response);
      const id = request.headers['mcp-session-id'];
      let transport = streamable.get(String(id));
      if (transport === undefined) {
        if (id !== undefined) {
          response.writeHead(404).end();
          return;
        }
        const begun = new StreamableHTTPServerTransport({
          sessionIdGenerator: () => randomUUID(),
          eventStore: new Events(),
          retryInterval: 50,
          onsessioninitialized: (name) => void streamable.set(name, begun),
          onsessionclosed: (name) => void streamable.delete(name),
        });
        transport = begun;
        await made().connect(begun as never);
      }
      await transport.handleRequest(request, response);
    })().catch(() => response.destroy());
  });
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, server, noted, versions, cut: () => [...sockets].forEach((socket) => void socket.destroy()) };
}
