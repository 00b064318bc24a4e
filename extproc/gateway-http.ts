import type { Server as NetServer } from 'node:net';
import { MidstreamError } from '../filters/errors.js';
import { askedId } from '../filters/http/accepted.js';
import type { Answer, Header } from '../filters/http/effects.js';
import type { ExchangeOptions } from '../filters/http/exchange.js';
import { type Reach, reachOf } from '../filters/http/readings.js';
import { claimed, headOf } from '../filters/http/request-facts.js';
import { FailedUpgrades } from '../filters/http/upgrade/failed.js';
import type { McpMemory } from '../filters/mcp/tools.js';
import { type ConnectQuestion, peerOf } from './convert/ext-authz.js';
import type { PeerFacts } from './convert/network-ext-proc.js';
import type { GatewayOptions, HttpResource } from './gateway-options.js';
import { extProcPeer, HEADER_MS_MAX, recorderFor, unknownListener, WIRE_BYTES_MAX } from './gateway-session.js';
import { type CredentialSource, type HttpLogin, type HttpPeer, identify } from './identity/http-login.js';
import type { EnvoyVerified } from './identity/jwt.js';
import { withoutCredential } from './rules.js';
import { AcceptedRequests, type Asking } from './services/accepted-requests.js';
import type { RefusedRequest } from './services/ext-authz.js';
import { forward } from './services/forward.js';
import type { GrpcServices } from './services/grpc-server.js';
import { HttpConnection, type HttpTransport } from './services/http-connection.js';
import { httpExtProc, httpExtProcDefinition } from './services/http-ext-proc.js';
import { createHttpHop } from './services/http-hop.js';
import { McpSessions } from './services/mcp-sessions.js';
import { newId } from './services/new-id.js';

/**
 * The gateway's side for HTTP servers: who asks, one exchange for each request, and the streams that are upgraded.
 * Loaded where there is an HTTP server: databases alone need nothing of what it knows (decision 0112).
 */
export class HttpGateway {
  /** requests that are open */
  readonly exchanges = new Set<HttpConnection>();
  private readonly sessions: McpSessions;
  private readonly accepted: AcceptedRequests;
  private readonly failedUpgrades: FailedUpgrades;
  private readonly now: () => number;

  constructor(
    private readonly options: GatewayOptions,
    private readonly stopping: () => boolean,
  ) {
    this.sessions = new McpSessions(options.mcp ?? noMemory);
    this.accepted = new AcceptedRequests(options.worker ?? 1);
    this.now = options.now ?? Date.now;
    this.failedUpgrades = new FailedUpgrades(this.now);
  }

  /** Takes Envoy's HTTP ext_proc streams. */
  serve(server: GrpcServices): void {
    server.addService(
      httpExtProcDefinition,
      httpExtProc({
        log: this.options.log,
        open: (facts, listener, makeTransport, headers, verified) => {
          const found = this.named(listener);
          if (found === undefined)
            throw new MidstreamError('config_invalid', `Envoy named a listener "${listener}" that the gateway does not know`);
          const serve = (known: HttpPeer): Asking => {
            const asked = known.unauthenticated === undefined && known.unavailable === undefined ? askedId(headers) : undefined;
            if (asked === undefined) return this.open(found, facts, known, 'ext_proc', makeTransport);
            const { identity, source } = known;
            const asking = { identity: identity ?? claimed(headOf(headers).facts, source), resource: found.resource, headers };
            return this.accepted.ask(asked, asking, makeTransport);
          };
          const identified = this.identify(found, headers, extProcPeer(facts), verified);
          return identified === undefined ? serve(extProcPeer(facts)) : identified.then(serve);
        },
      }),
    );
  }

  /** What takes the upgraded streams of each server that has a hop; they do not listen yet. */
  hops(): { resource: HttpResource; server: NetServer }[] {
    const { options } = this;
    return (options.http ?? [])
      .filter(({ hop }) => hop !== undefined)
      .map((resource) => ({
        resource,
        server: createHttpHop({
          listener: resource.listener,
          upstream: resource.hop!.upstream,
          open: (request, makeTransport) => {
            const connection = this.open(resource, request.peer, request.known ?? extProcPeer(request.peer), 'hop', makeTransport);
            options.opened?.(resource.listener, request.peer.connectionId, connection.exchange.options.id);
            return connection;
          },
          identify: (request) => this.identify(resource, request.headers, extProcPeer(request.peer), undefined),
          sent: (side, bytes) => options.metrics.bytes(side, bytes),
          recordingBusy: options.recordingBusy,
          held_bytes_max: () => options.rules.policy().limits.held_bytes_max,
          log: options.log,
          header_ms_max: HEADER_MS_MAX,
        }),
      }));
  }

  /** ext_authz: what the client of a request reads that may not be made, after it was recorded; undefined: it may. */
  async refuses(question: ConnectQuestion, headers: readonly Header[]): Promise<RefusedRequest | undefined> {
    const found = this.named(question.listener);
    if (found === undefined || this.stopping()) throw unknownListener();
    const facts = peerOf(question);
    const known: HttpPeer =
      (await this.identify({ login: found.login && { ...found.login, by_envoy: false } }, headers, extProcPeer(facts), undefined)) ??
      extProcPeer(facts);
    const isKnown = known.unauthenticated === undefined && known.unavailable === undefined;
    const asked = { ...question, principal: known.identity?.id || question.principal, reach: reachOf(headOf(headers)) };
    if (isKnown && this.options.mayConnect?.(asked).allowed !== false) return undefined;
    // The very exchange that would refuse it, so that its answer and its record are the same.
    return refusedBy((makeTransport) => this.exchange(found, { ...known, mayReach: () => false }, 'ext_proc', makeTransport), headers);
  }

  /** Ends the open requests of identities that are not let in any more. */
  revoked(has: (id: string) => boolean): void {
    for (const exchange of [...this.exchanges]) {
      const { identity } = exchange.exchange.options.peer;
      if (identity !== undefined && has(identity.id)) exchange.input({ type: 'revoked', reason: 'the identity was revoked' });
    }
  }

  /** Refuses what is held and ends every open request. */
  endAll(reason: string): void {
    for (const exchange of [...this.exchanges]) exchange.input({ type: 'stop', reason });
  }

  /** Requests that were accepted with a link are forgotten. */
  stop(): void {
    this.accepted.stop();
  }

  private named(listener: string): HttpResource | undefined {
    return this.options.http?.find((one) => one.listener === listener);
  }

  /** Asked before anything of a request is read; undefined where nothing has to be found out. */
  private identify(
    { login, credential }: { login?: HttpLogin | undefined; credential?: CredentialSource | undefined },
    headers: readonly Header[],
    peer: HttpPeer,
    verified: EnvoyVerified | undefined,
  ): Promise<HttpPeer> | undefined {
    return login === undefined && credential === undefined ? undefined : identify(login, credential, headers, peer, verified);
  }

  private open(
    resource: HttpResource,
    facts: PeerFacts,
    known: HttpPeer,
    transport: 'ext_proc' | 'hop',
    makeTransport: (session: string) => HttpTransport,
  ): HttpConnection {
    if (this.stopping()) throw new MidstreamError('unavailable', 'the gateway is stopping');
    const { mayConnect } = this.options;
    // Without rules there is nothing to ask, of any reading.
    if (mayConnect === undefined) return this.exchange(resource, known, transport, makeTransport);
    const mayReach = (reach: Reach) => mayConnect({ ...questionOf(resource.listener, facts, known), reach }).allowed;
    return this.exchange(resource, { ...known, mayReach }, transport, makeTransport);
  }

  private exchange(
    { resource, mcp = false, authority, hop, kubernetes, grpc }: HttpResource,
    peer: ExchangeOptions['peer'],
    transport: 'ext_proc' | 'hop',
    makeTransport: (session: string) => HttpTransport,
  ): HttpConnection {
    const id = newId();
    const recorder = recorderFor(id, this.options.record);
    const { options, sessions, accepted, now } = this;
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
        ...(kubernetes && { kubernetes, failedUpgrades: this.failedUpgrades }),
        peer,
        transport,
        gateway_version: options.version,
        now,
        newId,
        rules: (identity) => withoutCredential(rules.http(identity, resource), peer.credential?.secrets),
        ...(grpc === undefined ? {} : { grpc }),
        body_bytes_max: policy.recording?.response_bytes_max ?? WIRE_BYTES_MAX,
      },
      {
        approvals,
        recorder,
        open: this.exchanges,
        received,
        log,
        metrics,
        now,
        sessions,
        accepted,
        forward: back && ((request, on) => forward({ place: back, authority }, request, on)),
        notice_every_ms: options.limits.notice_every_ms,
        body_ms_max: options.limits.body_ms_max,
      },
      makeTransport(id),
    );
  }
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
  sni: facts.tls.requested_server_name ?? '',
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
