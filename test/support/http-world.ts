import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readStats } from '../../extproc/process/envoy-admin.js';
import type { UpOptions } from '../../extproc/up.js';
import { eventually } from './gateway.js';
import { ANY_PORT, type UpWorld, upWorld } from './up-world.js';

export type Answerer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** A server of HTTP/1.1 of which each test says what it answers. */
export class Backend {
  answer: Answerer = (_request, response) => response.end('ok');
  /** of every request that came whole */
  readonly seen: { line: string; headers: IncomingMessage['headers']; raw: string[]; body: Buffer }[] = [];
  readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        this.seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, raw: request.rawHeaders, body });
        this.answer(request, response, body);
      });
      request.on('error', () => undefined);
    });
  }

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export interface HttpWorld extends UpWorld {
  port: number;
  base: string;
}

/** Envoy and the gateway before a server of HTTP, under a policy. */
export async function httpWorld(url: string, policy: string, more: Partial<UpOptions> = {}): Promise<HttpWorld> {
  const world = await upWorld(policy, { http: { url, listen: ANY_PORT }, durability: 'relaxed', ...more });
  const { port } = world.up.http!;
  return { ...world, port, base: `http://127.0.0.1:${port}` };
}

/** Waits until no request is open at Envoy, and asserts that it was never told to let something pass. */
export async function atRest({ up }: HttpWorld): Promise<void> {
  const open = [
    'http.http.downstream_rq_active',
    'cluster.http_upstream.upstream_rq_active',
    'cluster.midstream.upstream_rq_pending_active',
  ];
  const never = ['server_half_closed', 'failure_mode_allowed', 'spurious_msgs_received', 'rejected_header_mutations'];
  let last: Record<string, number> = {};
  await eventually('no request is open', async () => {
    last = await readStats(up.envoy.admin, /^(http\.http|cluster)\./);
    return open.every((name) => last[name] === 0) ? true : undefined;
  });
  for (const name of never) assert.equal(last[`http.http.ext_proc.http.${name}`], 0, name);
}

/** A server and what stands before it, for all tests of one `describe`; `world` is there once they run. */
export function servedHttp(policy: string): { backend: Backend; readonly world: HttpWorld } {
  const backend = new Backend();
  let world: HttpWorld | undefined;
  before(async () => {
    world = await httpWorld(await backend.start(), policy);
  });
  after(async () => {
    await world?.stop();
    backend.stop();
  });
  return {
    backend,
    get world() {
      return world!;
    },
  };
}
