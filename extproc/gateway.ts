import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Server as NetServer } from 'node:net';
import { MidstreamError } from '../filters/errors.js';
import type { Header } from '../filters/http/effects.js';
import type { LoginQuestion } from '../filters/postgres/session/agent-login.js';
import type { LookupEffect } from '../filters/postgres/session/effects.js';
import type { SessionOptions } from '../filters/postgres/session/session.js';
import type { ProxyHeader } from '../filters/proxy-protocol/index.js';
import type { ConnectQuestion } from './convert/ext-authz.js';
import { proxyPeer } from './convert/proxy-header.js';
import { bind, listen } from './gateway-listen.js';
import type { GatewayOptions, Resource } from './gateway-options.js';
import { extProcPeer, HEADER_MS_MAX, recorderFor, unknownListener, WIRE_BYTES_MAX } from './gateway-session.js';
import { answerLogin, loginOptions } from './identity/postgres-login.js';
import { Connection, Registry, type Transport } from './services/connection.js';
import type { RefusedRequest } from './services/ext-authz.js';
import { GrpcServer } from './services/grpc-server.js';
import { createHop } from './services/hop.js';
import type { HttpConnection } from './services/http-connection.js';
import { networkExtProc, networkExtProcDefinition } from './services/network-ext-proc.js';
import { createStartTlsHop, type Place } from './services/starttls-hop.js';

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

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const registry = new Registry(options.cancelElsewhere);
  const now = options.now ?? Date.now;
  const byListener = new Map(options.resources.map((resource) => [resource.listener, resource]));
  let stopping = false;

  const open = (
    resource: Resource,
    peer: SessionOptions['peer'] & { connectionId: string },
    transport: 'ext_proc' | 'hop',
    makeTransport: (session: string) => Transport,
  ): Connection => {
    if (stopping) throw new MidstreamError('unavailable', 'the gateway is stopping');
    const id = randomBytes(16).toString('hex');
    const recorder = recorderFor(id, options.record);
    if (peer.connectionId !== '') options.opened?.(resource.listener, peer.connectionId, id);
    const policy = options.rules.policy();
    const { catalogue } = resource;
    const session: SessionOptions = {
      id,
      resource: resource.resource,
      transport,
      peer,
      gateway_version: options.version,
      originals: recorder.keeps_originals,
      now,
      newId: () => randomBytes(16).toString('hex'),
      rules: (caller) => options.rules.for(caller),
      catalogue: catalogue ? (database) => catalogue.view(database) : undefined,
      login: resource.login && loginOptions(resource.login, peer),
      limits: {
        ...options.limits,
        queued_bytes_max: QUEUED_BYTES_MAX,
        wire_bytes_max: policy.recording?.response_bytes_max ?? WIRE_BYTES_MAX,
        message_bytes_max: policy.transparent ? MESSAGE_BYTES_MAX : policy.limits.message_bytes_max,
      },
    };
    const world = {
      approvals: options.approvals,
      recorder,
      lookup: (database: string, what: LookupEffect) => catalogue?.load(database, what) ?? Promise.resolve(),
      login: resource.login && ((question: LoginQuestion) => answerLogin(resource.login!, question, peer.source, id)),
      registry,
      recordingBusy: options.recordingBusy,
      received: options.received,
      log: options.log,
      metrics: options.metrics,
      now,
    };
    return new Connection(session, world, makeTransport(id), policy.limits.held_bytes_max);
  };

  // Envoy keeps its streams for as long as its connections live: nothing here times them out.
  const server = new GrpcServer({ message_bytes_max: GRPC_MESSAGE_BYTES_MAX });
  server.addService(
    networkExtProcDefinition,
    networkExtProc({
      log: options.log,
      open: (facts, listener, makeTransport) => {
        const resource = byListener.get(listener) ?? (listener === '' && options.resources.length === 1 ? options.resources[0] : undefined);
        if (resource === undefined)
          throw new MidstreamError('config_invalid', `Envoy named a listener "${listener}" that the gateway does not know`);
        return open(resource, extProcPeer(facts), 'ext_proc', makeTransport);
      },
    }),
  );
  const http = (options.http ?? []).length === 0 ? undefined : new (await import('./gateway-http.js')).HttpGateway(options, () => stopping);
  http?.serve(server);
  const exchanges: ReadonlySet<HttpConnection> = http?.exchanges ?? new Set();
  options.register?.(server);
  const grpc = await bind(server, options.grpc);
  const hops: { listener: string; port: number; address: string; server: NetServer }[] = [];
  const handshakes = await startHandshakes(options);
  for (const resource of options.resources) {
    if (!resource.hop) continue;
    const hop = createHop({
      upstream: resource.hop.upstream,
      log: options.log,
      header_ms_max: HEADER_MS_MAX,
      open: (header: ProxyHeader, makeTransport) => open(resource, proxyPeer(header), 'hop', makeTransport),
    });
    hops.push({ listener: resource.listener, ...(await listen(hop, resource.hop)), server: hop });
  }
  for (const { resource, server: hop } of http?.hops() ?? [])
    hops.push({ listener: resource.listener, ...(await listen(hop, resource.hop!)), server: hop });

  return {
    grpc,
    hops: hops.map(({ listener, port, address }) => ({ listener, port, address })),
    registry,
    exchanges,
    refuses: async (question, headers) => {
      if (http === undefined) throw unknownListener();
      return http.refuses(question, headers);
    },
    policyChanged: () => {
      options.rules.changed();
      for (const connection of registry.connections) connection.input({ type: 'policy' });
    },
    revoked: (has) => {
      for (const connection of [...registry.connections]) {
        const { identity } = connection.session;
        if (identity === undefined || !has(identity.id)) continue;
        const error = new MidstreamError('unauthenticated', 'the identity was revoked', { hint: 'ask an operator' });
        connection.input({ type: 'stop', reason: error.message, error });
      }
      for (const exchange of [...exchanges]) {
        const { identity } = exchange.exchange.options.peer;
        if (identity !== undefined && has(identity.id)) exchange.input({ type: 'revoked', reason: 'the identity was revoked' });
      }
    },
    stop: async (reason) => {
      stopping = true;
      for (const hop of hops) hop.server.close();
      for (const handshake of handshakes) handshake.close();
      for (const connection of [...registry.connections]) connection.input({ type: 'stop', reason });
      for (const exchange of [...exchanges]) exchange.input({ type: 'stop', reason });
      await drained(registry, exchanges);
      http?.stop();
      await new Promise<void>((resolve) => {
        // Envoy's own connection to us may stay open; no data connection lives any more when it is cut.
        const cut = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, 500);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      });
      if (options.grpc.startsWith('unix:')) rmSync(options.grpc.slice('unix:'.length), { force: true });
    },
  };
}

async function startHandshakes({ resources, log }: GatewayOptions): Promise<NetServer[]> {
  const servers: NetServer[] = [];
  const start = async (at: Place, options: Parameters<typeof createStartTlsHop>[0]): Promise<void> => {
    const server = createStartTlsHop(options);
    await listen(server, at);
    servers.push(server);
  };
  for (const { starttls } of resources) {
    const { agents, server } = starttls ?? {};
    if (agents)
      await start(agents.at, { next: agents.next, side: { agents: { required: agents.required, header_ms_max: HEADER_MS_MAX } }, log });
    if (server) await start(server.at, { next: server.next, side: 'server', log });
  }
  return servers;
}

/** Postgres' own cap on a message, for policies under which nothing is looked at. */
const MESSAGE_BYTES_MAX = 0x3fffffff;

/** Bytes of a client that may wait for the server's answer to something before them. */
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;

/** Waits until Envoy has closed what was asked to close, at most a few seconds. */
async function drained(registry: Registry, exchanges: ReadonlySet<HttpConnection>): Promise<void> {
  const open = () => registry.connections.size > 0 || [...exchanges].some((one) => one.exchange.options.transport === 'hop');
  for (let i = 0; i < 100 && open(); i++) await new Promise((resolve) => setTimeout(resolve, 30));
  for (const connection of [...registry.connections]) connection.lost('the gateway stopped');
}
