import { rmSync } from 'node:fs';
import type { Server as NetServer } from 'node:net';
import type { Header } from '../filters/http/effects.js';
import type { ConnectQuestion } from './convert/ext-authz.js';
import { bind, listen } from './gateway-listen.js';
import type { GatewayOptions } from './gateway-options.js';
import { PostgresGateway } from './gateway-postgres.js';
import { unknownListener } from './gateway-session.js';
import type { Registry } from './services/connection.js';
import type { RefusedRequest } from './services/ext-authz.js';
import { GrpcServer } from './services/grpc-server.js';
import type { HttpConnection } from './services/http-connection.js';

export interface Gateway {
  /** bound gRPC address: host:port or unix:/path */
  grpc: string;
  /** port is 0 where the address is a Unix socket's, `unix:/path` */
  hops: { listener: string; port: number; address: string }[];
  registry: Registry;
  /** HTTP requests that are open */
  exchanges: ReadonlySet<HttpConnection>;
  /** ext_authz: what the client of a request reads that may not be made, after it was recorded; undefined: it may */
  refuses(question: ConnectQuestion, headers: readonly Header[]): Promise<RefusedRequest | undefined>;
  /** the policy file changed */
  policyChanged(): void;
  /** identities are not let in any more: their open sessions end */
  revoked(has: (id: string) => boolean): void;
  /** refuses what is held, closes every connection with a FATAL that drivers understand, then the listeners */
  stop(reason: string): Promise<void>;
}

/** Largest gRPC message: Envoy sends what it read at once, bounded by its own buffer limit. */
const GRPC_MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** Milliseconds that Envoy has to close what was asked to close, and its own connection to the gateway after that. */
const DRAIN_MS_MAX = 3000;
const DRAIN_LOOK_MS = 30;
const SHUTDOWN_MS_MAX = 500;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let stopping = false;
  const isStopping = () => stopping;
  const postgres = new PostgresGateway(options, isStopping);
  const http = (options.http ?? []).length === 0 ? undefined : new (await import('./gateway-http.js')).HttpGateway(options, isStopping);
  const exchanges: ReadonlySet<HttpConnection> = http?.exchanges ?? new Set();

  // Envoy keeps its streams for as long as its connections live: nothing here times them out.
  const server = new GrpcServer({ message_bytes_max: GRPC_MESSAGE_BYTES_MAX });
  postgres.serve(server);
  http?.serve(server);
  options.register?.(server);
  const grpc = await bind(server, options.grpc);
  const handshakes = await postgres.handshakes();
  const hops: { listener: string; port: number; address: string; server: NetServer }[] = [];
  for (const { resource, server: hop } of [...postgres.hops(), ...(http?.hops() ?? [])])
    hops.push({ listener: resource.listener, ...(await listen(hop, resource.hop!)), server: hop });

  return {
    grpc,
    hops: hops.map(({ listener, port, address }) => ({ listener, port, address })),
    registry: postgres.registry,
    exchanges,
    refuses: async (question, headers) => {
      if (http === undefined) throw unknownListener();
      return http.refuses(question, headers);
    },
    policyChanged: () => {
      options.rules.changed();
      postgres.policyChanged();
    },
    revoked: (has) => {
      postgres.revoked(has);
      http?.revoked(has);
    },
    stop: async (reason) => {
      stopping = true;
      for (const { server: hop } of hops) hop.close();
      for (const handshake of handshakes) handshake.close();
      postgres.endAll(reason);
      http?.endAll(reason);
      await drained(postgres.registry, exchanges);
      http?.stop();
      await shutDown(server);
      if (options.grpc.startsWith('unix:')) rmSync(options.grpc.slice('unix:'.length), { force: true });
    },
  };
}

/** Waits until Envoy has closed what was asked to close, at most a few seconds. */
async function drained(registry: Registry, exchanges: ReadonlySet<HttpConnection>): Promise<void> {
  const open = () => registry.connections.size > 0 || [...exchanges].some((one) => one.exchange.options.transport === 'hop');
  for (let waited = 0; waited < DRAIN_MS_MAX && open(); waited += DRAIN_LOOK_MS)
    await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
  for (const connection of [...registry.connections]) connection.lost('the gateway stopped');
}

/** Envoy's own connection to us may stay open; no data connection lives any more when it is cut. */
function shutDown(server: GrpcServer): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, SHUTDOWN_MS_MAX);
    server.tryShutdown(() => {
      clearTimeout(cut);
      resolve();
    });
  });
}
