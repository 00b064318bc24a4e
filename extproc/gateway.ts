import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Server as NetServer } from 'node:net';
import type { Logger } from 'pino';
import type { ApprovalStore } from '../filters/approval/types.js';
import { MidstreamError } from '../filters/errors.js';
import { askedId } from '../filters/http/accepted.js';
import type { Answer, Header } from '../filters/http/effects.js';
import type { ExchangeOptions } from '../filters/http/exchange.js';
import type { GrpcSchema } from '../filters/http/grpc/schema.js';
import { type Reach, reachOf } from '../filters/http/readings.js';
import { claimed, headOf } from '../filters/http/request-facts.js';
import type { KubernetesOptions } from '../filters/kubernetes/conversation.js';
import type { McpMemory } from '../filters/mcp/tools.js';
import type { Identity } from '../filters/policy/types.js';
import type { CatalogueView } from '../filters/postgres/rows/origin.js';
import type { LoginQuestion } from '../filters/postgres/session/agent-login.js';
import type { LookupEffect } from '../filters/postgres/session/effects.js';
import type { SessionOptions } from '../filters/postgres/session/session.js';
import type { ProxyHeader } from '../filters/proxy-protocol/index.js';
import type { SessionRecorder } from '../filters/record/events.js';
import { type ConnectQuestion, peerOf } from './convert/ext-authz.js';
import { spiffeIdentity } from './convert/identity.js';
import type { PeerFacts } from './convert/network-ext-proc.js';
import { proxyPeer } from './convert/proxy-header.js';
import type { CredentialSource, HttpLogin, HttpPeer } from './identity/http-login.js';
import { answerLogin, type ListenerLogin, loginOptions } from './identity/postgres-login.js';
import { type RuleBook, withoutCredential } from './rules.js';
import type { AcceptedRequests, Asking } from './services/accepted-requests.js';
import { Connection, type ConnectionMetrics, Registry, type Transport } from './services/connection.js';
import type { RefusedRequest } from './services/ext-authz.js';
import { forward } from './services/forward.js';
import { GrpcServer, type GrpcServices } from './services/grpc-server.js';
import { createHop } from './services/hop.js';
import type { HttpConnection, HttpTransport } from './services/http-connection.js';
import type { McpSessions } from './services/mcp-sessions.js';
import { networkExtProc, networkExtProcDefinition } from './services/network-ext-proc.js';
import { createStartTlsHop, type Place } from './services/starttls-hop.js';

/** One backend that the gateway stands before. */
export interface Resource {
  /** listener name; Envoy names it in the gRPC metadata `x-midstream-listener` */
  listener: string;
  resource: string;
  catalogue:
    | {
        view(database: string): CatalogueView | undefined;
        load(database: string, what: LookupEffect): Promise<void>;
        close(): Promise<void>;
      }
    | undefined;
  /** the gateway ends the agents' authentication and logs in at the server itself; without it the client's own passes through */
  login?: ListenerLogin;
  /** hop only: where this gateway listens, and Envoy's way back to the server */
  hop?: Place & { upstream: Place };
  /** hop only: the handshakes of TLS that is asked for in band, where each listens and where it goes on */
  starttls?: { agents?: { at: Place; next: Place; required: boolean }; server?: { at: Place; next: Place } };
}

/** An HTTP server that the gateway stands before. */
export interface HttpResource {
  /** listener name, as for databases */
  listener: string;
  resource: string;
  /** the server speaks MCP */
  mcp?: boolean;
  /** the Host that the server is asked for; the client's own otherwise */
  authority?: string;
  /** where this gateway takes upgraded streams, and Envoy's way back to the server */
  hop?: ({ host: string; port: number } | { path: string }) & { upstream: { host: string; port: number } | { path: string } };
  /** the server is a Kubernetes API */
  kubernetes?: KubernetesOptions;
  /** what the descriptors of its gRPC API say */
  grpc?: GrpcSchema;
  /** callers must show who they are; without it a certificate counts, else what they claim */
  login?: HttpLogin;
  /** the gateway's own credential for the server */
  credential?: CredentialSource;
}

export interface GatewayOptions {
  version: string;
  /** host:port, port 0 for any, or unix:/path */
  grpc: string;
  resources: Resource[];
  http?: HttpResource[];
  /** number of this process among the workers of one gateway, from 1 */
  worker?: number;
  /** who may reach an HTTP server; databases are asked about by Envoy itself (ext_authz) */
  mayConnect?: (question: ConnectQuestion & { reach?: Reach }) => { allowed: boolean };
  rules: RuleBook;
  approvals: ApprovalStore;
  /** what is remembered of MCP servers; needed where one is among `http` */
  mcp?: McpMemory;
  record: (session: string) => SessionRecorder;
  log: Logger;
  metrics: ConnectionMetrics;
  limits: { names_max: number; notice_every_ms: number };
  /** events wait for the disk: nothing more is read until they are written */
  recordingBusy: () => boolean;
  /** bytes that came, from either side of any connection */
  received: (bytes: number) => void;
  /** a connection was opened: its session, by Envoy's own id of it (for access logs where no metadata can carry the session) */
  opened?: (listener: string, connectionId: string, session: string) => void;
  /** asks the other workers to cancel what they hold for a cancel key */
  cancelElsewhere?: (key: string) => Promise<boolean>;
  /** further gRPC services: ext_authz, access logs, health */
  register?: (server: GrpcServices) => void;
  now?: () => number;
}

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
const HEADER_MS_MAX = 5000;

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
  const exchanges = new Set<HttpConnection>();
  const http = await httpSide(options);
  const openHttp = (
    resource: HttpResource,
    facts: PeerFacts,
    known: HttpPeer,
    transport: 'ext_proc' | 'hop',
    makeTransport: (session: string) => HttpTransport,
  ): HttpConnection => {
    if (stopping) throw new MidstreamError('unavailable', 'the gateway is stopping');
    const mayReach = (reach: Reach) => options.mayConnect?.({ ...questionOf(resource.listener, facts, known), reach }).allowed !== false;
    return openExchange(options, { ...http!, open: exchanges }, resource, { ...known, mayReach }, transport, makeTransport, now);
  };
  if (http !== undefined)
    server.addService(
      http.httpExtProcDefinition,
      http.httpExtProc({
        log: options.log,
        open: (facts, listener, makeTransport, headers, verified) => {
          const found = options.http?.find((one) => one.listener === listener);
          if (found === undefined)
            throw new MidstreamError('config_invalid', `Envoy named a listener "${listener}" that the gateway does not know`);
          const serve = (known: HttpPeer): Asking => {
            const asked = known.unauthenticated === undefined && known.unavailable === undefined ? askedId(headers) : undefined;
            if (asked === undefined) return openHttp(found, facts, known, 'ext_proc', makeTransport);
            const { identity, source } = known;
            const asking = { identity: identity ?? claimed(headOf(headers).facts, source), resource: found.resource, headers };
            return http.accepted.ask(asked, asking, makeTransport);
          };
          const identified = identifyFor(http, found, headers, extProcPeer(facts), verified);
          return identified === undefined ? serve(extProcPeer(facts)) : identified.then(serve);
        },
      }),
    );
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
  for (const resource of options.http ?? []) {
    if (!resource.hop || http === undefined) continue;
    const hop = http.createHttpHop({
      listener: resource.listener,
      upstream: resource.hop.upstream,
      open: (request, makeTransport) => {
        const connection = openHttp(resource, request.peer, request.known ?? extProcPeer(request.peer), 'hop', makeTransport);
        options.opened?.(resource.listener, request.peer.connectionId, connection.exchange.options.id);
        return connection;
      },
      identify: (request) => identifyFor(http, resource, request.headers, extProcPeer(request.peer), undefined),
      sent: (side, bytes) => options.metrics.bytes(side, bytes),
      recordingBusy: options.recordingBusy,
      held_bytes_max: () => options.rules.policy().limits.held_bytes_max,
      log: options.log,
      header_ms_max: HEADER_MS_MAX,
    });
    hops.push({ listener: resource.listener, ...(await listen(hop, resource.hop)), server: hop });
  }

  return {
    grpc,
    hops: hops.map(({ listener, port, address }) => ({ listener, port, address })),
    registry,
    exchanges,
    refuses: async (question, headers) => {
      const found = options.http?.find((one) => one.listener === question.listener);
      if (found === undefined || http === undefined || stopping) throw new MidstreamError('forbidden', 'nothing is known of this listener');
      const facts = peerOf(question);
      const known: HttpPeer =
        (await identifyFor(http, { login: found.login && { ...found.login, by_envoy: false } }, headers, extProcPeer(facts), undefined)) ??
        extProcPeer(facts);
      const isKnown = known.unauthenticated === undefined && known.unavailable === undefined;
      const asked = { ...question, principal: known.identity?.id || question.principal, reach: reachOf(headOf(headers)) };
      if (isKnown && options.mayConnect?.(asked).allowed !== false) return undefined;
      // The very exchange that would refuse it, so that its answer and its record are the same.
      return refusedBy(
        (makeTransport) =>
          openExchange(options, { ...http, open: exchanges }, found, { ...known, mayReach: () => false }, 'ext_proc', makeTransport, now),
        headers,
      );
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
    },
    stop: async (reason) => {
      stopping = true;
      for (const hop of hops) hop.server.close();
      for (const handshake of handshakes) handshake.close();
      for (const connection of [...registry.connections]) connection.input({ type: 'stop', reason });
      for (const exchange of [...exchanges]) exchange.input({ type: 'stop', reason });
      await drained(registry, exchanges);
      http?.accepted.stop();
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

type HttpSide = typeof import('./services/http-side.js') & { sessions: McpSessions; accepted: AcceptedRequests };

/** What carries HTTP, loaded where there is an HTTP server: databases alone need none of it (decision 0112). */
async function httpSide({ http = [], mcp = noMemory, worker = 1 }: GatewayOptions): Promise<HttpSide | undefined> {
  if (http.length === 0) return undefined;
  const side = await import('./services/http-side.js');
  return { ...side, sessions: new side.McpSessions(mcp), accepted: new side.AcceptedRequests(worker) };
}

/** Asked before anything of a request is read; undefined where nothing has to be found out. */
function identifyFor(
  { identify }: Pick<HttpSide, 'identify'>,
  { login, credential }: { login?: HttpLogin | undefined; credential?: CredentialSource | undefined },
  headers: readonly Header[],
  peer: HttpPeer,
  verified: Identity | undefined,
): Promise<HttpPeer> | undefined {
  return login === undefined && credential === undefined ? undefined : identify(login, credential, headers, peer, verified);
}

/** Where no server speaks MCP nobody asks; where one does, nothing passes without it. */
const noMemory = new Proxy({} as McpMemory, {
  get: () => () => {
    throw new MidstreamError('config_invalid', 'the gateway was started without a memory of MCP servers');
  },
});

/** The question that ext_authz would ask about this peer. */
const questionOf = (listener: string, facts: PeerFacts, known: HttpPeer): ConnectQuestion => ({
  listener,
  address: facts.source.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''),
  port: Number(/:(\d+)$/.exec(facts.source)?.[1] ?? 0),
  principal: known.identity?.id || facts.spiffe || facts.subject,
  sni: facts.tls['requested_server_name'] ?? '',
});

function refusedBy(
  open: (makeTransport: (session: string) => HttpTransport) => HttpConnection,
  headers: readonly Header[],
): Promise<RefusedRequest> {
  return new Promise((resolve, reject) => {
    const connection = open((session) => ({
      send: (answers) => {
        const answer = answers.find((one): one is Extract<Answer, { part: 'immediate' }> => one.part === 'immediate');
        if (answer === undefined) return;
        connection.lost('closed');
        resolve({ answer, session });
      },
      fail: (why) => reject(new MidstreamError('unavailable', why)),
    }));
    connection.input({ type: 'request_headers', headers, end: true });
  });
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

function openExchange(
  options: GatewayOptions,
  { HttpConnection, open, sessions, accepted }: Pick<HttpSide, 'HttpConnection' | 'sessions' | 'accepted'> & { open: Set<HttpConnection> },
  { resource, mcp = false, authority, hop, kubernetes, grpc }: HttpResource,
  peer: ExchangeOptions['peer'],
  transport: 'ext_proc' | 'hop',
  makeTransport: (session: string) => HttpTransport,
  now: () => number,
): HttpConnection {
  const id = randomBytes(16).toString('hex');
  const recorder = recorderFor(id, options.record);
  const { rules, approvals, log, metrics, received } = options;
  const policy = rules.policy();
  // By hop there is no answer that could be begun.
  const back = transport === 'ext_proc' && mcp ? hop?.upstream : undefined;
  return new HttpConnection(
    {
      id,
      resource,
      mcp: mcp ? sessions : undefined,
      forwards: back !== undefined,
      ...(kubernetes && { kubernetes }),
      peer,
      transport,
      gateway_version: options.version,
      now,
      newId: () => randomBytes(16).toString('hex'),
      rules: (identity) => withoutCredential(rules.http(identity, resource), peer.credential?.secrets),
      ...(grpc === undefined ? {} : { grpc }),
      body_bytes_max: policy.recording?.response_bytes_max ?? WIRE_BYTES_MAX,
    },
    {
      approvals,
      recorder,
      open,
      received,
      log,
      metrics,
      now,
      sessions,
      accepted,
      forward: back && ((request, on) => forward({ place: back, authority }, request, on)),
      notice_every_ms: options.limits.notice_every_ms,
    },
    makeTransport(id),
  );
}

/**
 * Where nothing can be recorded now (the disk is full), nothing passes; but the client shall read why. So it may come as far as
 * its startup packet, whose event is refused, and the refusal is told like any other.
 */
function recorderFor(session: string, begin: GatewayOptions['record']): SessionRecorder {
  try {
    return begin(session);
  } catch (error) {
    const refuse = (): never => {
      throw error;
    };
    return {
      session,
      keeps_originals: false,
      append: refuse,
      appendLine: refuse,
      durable: () => false,
      whenDurable: (_ticket, done) => setImmediate(done, error as Error),
    };
  }
}

/** Postgres' own cap on a message, for policies under which nothing is looked at. */
const MESSAGE_BYTES_MAX = 0x3fffffff;

/** Bytes of a client that may wait for the server's answer to something before them. */
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes of an answer kept in the recording where the policy does not say. */
const WIRE_BYTES_MAX = 64 * 1024;

function extProcPeer(facts: PeerFacts): SessionOptions['peer'] & { connectionId: string } {
  return { connectionId: facts.connectionId, identity: spiffeIdentity(facts.spiffe, facts.source), source: facts.source, tls: facts.tls };
}

async function bind(server: GrpcServer, address: string): Promise<string> {
  try {
    const port = await server.listen(address);
    return address.startsWith('unix:') ? address : `${address.slice(0, address.lastIndexOf(':'))}:${port}`;
  } catch (error) {
    throw new MidstreamError('unavailable', `cannot listen on ${address}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function listen(
  server: NetServer,
  where: { host: string; port: number } | { path: string },
): Promise<{ port: number; address: string }> {
  const host = 'path' in where ? '' : where.host.includes(':') ? `[${where.host}]` : where.host;
  const name = 'path' in where ? `unix:${where.path}` : `${host}:${where.port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new MidstreamError('unavailable', `cannot listen on ${name}: ${error.message}`)));
    if ('path' in where) server.listen(where.path, resolve);
    else server.listen(where.port, where.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address !== 'object') return { port: 0, address: name };
  return { port: address.port, address: `${host}:${address.port}` };
}

/** Waits until Envoy has closed what was asked to close, at most a few seconds. */
async function drained(registry: Registry, exchanges: ReadonlySet<HttpConnection>): Promise<void> {
  const open = () => registry.connections.size > 0 || [...exchanges].some((one) => one.exchange.options.transport === 'hop');
  for (let i = 0; i < 100 && open(); i++) await new Promise((resolve) => setTimeout(resolve, 30));
  for (const connection of [...registry.connections]) connection.lost('the gateway stopped');
}
