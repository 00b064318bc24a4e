import type { Server as NetServer } from 'node:net';
import { MidstreamError } from '../filters/errors.js';
import type { LoginQuestion } from '../filters/postgres/session/agent-login.js';
import type { LookupEffect } from '../filters/postgres/session/effects.js';
import type { SessionOptions } from '../filters/postgres/session/session.js';
import type { ProxyHeader } from '../filters/proxy-protocol/index.js';
import { proxyPeer } from './convert/proxy-header.js';
import { listen } from './gateway-listen.js';
import type { GatewayOptions, Resource } from './gateway-options.js';
import { extProcPeer, HEADER_MS_MAX, recorderFor, WIRE_BYTES_MAX } from './gateway-session.js';
import { answerLogin, loginOptions } from './identity/postgres-login.js';
import { Connection, Registry, type Transport } from './services/connection.js';
import type { GrpcServices } from './services/grpc-server.js';
import { createHop } from './services/hop.js';
import { networkExtProc, networkExtProcDefinition } from './services/network-ext-proc.js';
import { newId } from './services/new-id.js';
import { createStartTlsHop, type Place } from './services/starttls-hop.js';

/** Postgres' own cap on a message, for policies under which nothing is looked at. */
const MESSAGE_BYTES_MAX = 0x3fffffff;

/** Bytes of a client that may wait for the server's answer to something before them. */
const QUEUED_BYTES_MAX = 64 * 1024 * 1024;

/** The gateway's side for databases: one session for each connection, by both transports. */
export class PostgresGateway {
  readonly registry: Registry;
  private readonly now: () => number;

  constructor(
    private readonly options: GatewayOptions,
    private readonly stopping: () => boolean,
  ) {
    this.registry = new Registry(options.cancelElsewhere);
    this.now = options.now ?? Date.now;
  }

  /** Takes Envoy's network ext_proc streams. */
  serve(server: GrpcServices): void {
    const { log } = this.options;
    server.addService(
      networkExtProcDefinition,
      networkExtProc({
        log,
        open: (facts, listener, makeTransport) => this.open(this.named(listener), extProcPeer(facts), 'ext_proc', makeTransport),
      }),
    );
  }

  /** What takes the connections of each database that has a hop; they do not listen yet. */
  hops(): { resource: Resource; server: NetServer }[] {
    return this.options.resources
      .filter(({ hop }) => hop !== undefined)
      .map((resource) => ({
        resource,
        server: createHop({
          upstream: resource.hop!.upstream,
          log: this.options.log,
          header_ms_max: HEADER_MS_MAX,
          open: (header: ProxyHeader, makeTransport) => this.open(resource, proxyPeer(header), 'hop', makeTransport),
        }),
      }));
  }

  /** Listens for handshakes of TLS that are asked for in band. */
  async handshakes(): Promise<NetServer[]> {
    const { resources, log } = this.options;
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

  policyChanged(): void {
    for (const connection of this.registry.connections) connection.input({ type: 'policy' });
  }

  /** Ends the sessions of identities that are not let in any more. */
  revoked(has: (id: string) => boolean): void {
    for (const connection of [...this.registry.connections]) {
      const { identity } = connection.session;
      if (identity === undefined || !has(identity.id)) continue;
      const error = new MidstreamError('unauthenticated', 'the identity was revoked', { hint: 'ask an operator' });
      connection.input({ type: 'stop', reason: error.message, error });
    }
  }

  /** Closes every connection with a FATAL that drivers understand. */
  endAll(reason: string): void {
    for (const connection of [...this.registry.connections]) connection.input({ type: 'stop', reason });
  }

  private named(listener: string): Resource {
    const { resources } = this.options;
    const resource =
      resources.find((one) => one.listener === listener) ?? (listener === '' && resources.length === 1 ? resources[0] : undefined);
    if (resource === undefined)
      throw new MidstreamError('config_invalid', `Envoy named a listener "${listener}" that the gateway does not know`);
    return resource;
  }

  private open(
    resource: Resource,
    peer: SessionOptions['peer'] & { connectionId: string },
    transport: 'ext_proc' | 'hop',
    makeTransport: (session: string) => Transport,
  ): Connection {
    if (this.stopping()) throw new MidstreamError('unavailable', 'the gateway is stopping');
    const id = newId();
    const { options, registry, now } = this;
    const { approvals, recordingBusy, received, log, metrics } = options;
    const recorder = recorderFor(id, options.record);
    if (peer.connectionId !== '') options.opened?.(resource.listener, peer.connectionId, id);
    const { catalogue, login } = resource;
    const policy = options.rules.policy();
    const session = { ...this.sessionOptions(resource, peer), id, transport, originals: recorder.keeps_originals };
    const world = {
      approvals,
      recorder,
      lookup: (database: string, what: LookupEffect) => {
        if (what.invalidate) options.redefined?.(database);
        return catalogue?.load(database, what) ?? Promise.resolve();
      },
      login: login && ((question: LoginQuestion) => answerLogin(login, question, peer.source, id)),
      registry,
      recordingBusy,
      received,
      log,
      metrics,
      now,
    };
    return new Connection(session, world, makeTransport(id), policy.limits.held_bytes_max);
  }

  private sessionOptions(
    { resource, catalogue, login }: Resource,
    peer: SessionOptions['peer'],
  ): Omit<SessionOptions, 'id' | 'transport' | 'originals'> {
    const { options, now } = this;
    const policy = options.rules.policy();
    return {
      resource,
      peer,
      gateway_version: options.version,
      now,
      newId,
      rules: (caller) => options.rules.for(caller),
      catalogue: catalogue ? (database) => catalogue.view(database) : undefined,
      login: login && loginOptions(login, peer),
      limits: {
        ...options.limits,
        queued_bytes_max: QUEUED_BYTES_MAX,
        wire_bytes_max: policy.recording?.response_bytes_max ?? WIRE_BYTES_MAX,
        message_bytes_max: policy.transparent ? MESSAGE_BYTES_MAX : policy.limits.message_bytes_max,
      },
    };
  }
}
