import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { customers, orders } from './shop.js';

/** A small server of the demonstration, on loopback. */
export interface DemoServer {
  /** http://127.0.0.1:PORT */
  url: string;
  stop(): Promise<void>;
}

/** Milliseconds between two events of the API's stream. */
const EVENT_MS = 60;
/** Orders that the stream tells. */
const EVENTS = 3;
/** Bytes of a request that are read. */
const BODY_BYTES_MAX = 64 * 1024;

/** The shop's HTTP API: customers as JSON, orders as a stream of events, payouts. It hides nothing; that is not its business. */
export function startShopApi(): Promise<DemoServer> {
  let payouts = 0;
  return serve((request, response, body) => {
    const [, id] = /^\/v1\/customers\/(\d+)$/.exec(request.url ?? '') ?? [];
    const customer = customers[Number(id) - 1];
    if (request.method === 'GET' && customer !== undefined) return json(response, 200, { id: Number(id), ...customer });
    if (request.method === 'GET' && request.url === '/v1/orders/live') return void streamOrders(response);
    if (request.method === 'POST' && request.url === '/v1/payouts')
      return json(response, 201, { payout: ++payouts, status: 'sent', ...(JSON.parse(body) as object) });
    json(response, 404, { error: 'there is no such thing' });
  });
}

async function streamOrders(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  for (const [i, order] of orders.slice(0, EVENTS).entries()) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, EVENT_MS));
    const { name, card_number } = customers[order.customer]!;
    response.write(`event: order\ndata: ${JSON.stringify({ item: order.item, amount: order.amount, name, card_number })}\n\n`);
  }
  response.end();
}

const tools = [
  {
    name: 'find_order',
    description: 'Finds an order by its number.',
    inputSchema: { type: 'object', properties: { number: { type: 'integer' } }, required: ['number'] },
  },
  {
    name: 'run_command',
    description: 'Runs a command on the shop’s server.',
    inputSchema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  },
];

interface Call {
  id?: number | string;
  method: string;
  params?: { name?: string; arguments?: Record<string, unknown> };
}

/** The shop's MCP server (streamable HTTP, protocol 2025-06-18, without sessions and streams of its own). */
export function startShopMcp(): Promise<DemoServer> {
  return serve((request, response, body) => {
    if (request.method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end();
    const call = JSON.parse(body) as Call;
    if (call.id === undefined) return void response.writeHead(202).end();
    const result = answerTo(call);
    const answer = result === undefined ? { error: { code: -32_601, message: 'Method not found' } } : { result };
    json(response, 200, { jsonrpc: '2.0', id: call.id, ...answer });
  });
}

function answerTo({ method, params }: Call): object | undefined {
  const said = (text: string): object => ({ content: [{ type: 'text', text }] });
  if (method === 'initialize')
    return { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'shop', version: '1.0.0' } };
  if (method === 'tools/list') return { tools };
  if (method !== 'tools/call') return undefined;
  if (params?.name === 'run_command') return said(`ran ${String(params.arguments?.command)}`);
  const order = orders[Number(params?.arguments?.number) - 1];
  if (order === undefined) return { ...said('There is no such order.'), isError: true };
  const { name, email } = customers[order.customer]!;
  return said(`${order.item} for ${order.amount}, ordered by ${name} <${email}>`);
}

async function serve(handle: (request: IncomingMessage, response: ServerResponse, body: string) => void): Promise<DemoServer> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
    });
    request.on('end', () => {
      try {
        if (bytes > BODY_BYTES_MAX) throw new Error('the body is too long');
        handle(request, response, Buffer.concat(chunks).toString('utf8'));
      } catch (error) {
        json(response, 400, { error: (error as Error).message });
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
