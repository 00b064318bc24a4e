import { Document, isNode } from 'yaml';
import { MidstreamError } from '../filters/errors.js';
import { envoyAddress, isLocal, parseAddress } from './address.js';
import { gatewayCluster, gatewayHopCluster, hopCluster, serverCluster, typed, upstreamCluster, workerCluster } from './clusters.js';
import { agentFilters, proxyFilter } from './filters.js';
import { httpClusters, httpManager, parseUpstreamUrl } from './http.js';
import { jwtClusters } from './jwt.js';
import { listenOn, tlsInspector } from './listening.js';
import {
  defaultLimits,
  type EnvoyLimits,
  type EnvoyListener,
  type HopAddresses,
  type HttpListener,
  type RenderOptions,
} from './options.js';
import {
  internalListenerExtension,
  serverStartsTls,
  serverStartTlsListeners,
  serverTlsClusters,
  startsTls,
  startTlsClusters,
  startTlsListeners,
} from './starttls.js';
import { downstreamTls, type SecretFile, secretFiles } from './tls.js';

export * from './options.js';

type Path = (string | number)[];

/** A whole bootstrap for `envoy --config-path`. Pure: the same options give the same text. Throws `config_invalid`. */
export function renderBootstrap(options: RenderOptions): string {
  return print(bootstrap(options), [
    [[], 'Written by `midstream envoy render`: change midstream.yaml and render again.'],
    [['overload_manager'], 'More agents at once than this are turned away instead of exhausting memory.'],
    [['static_resources', 'clusters'], 'The gateway first, then what stands behind each listener.'],
  ]);
}

/** The bootstrap as a plain value, for those who want JSON. */
export function bootstrap(options: RenderOptions): object {
  const limits = check(options);
  return {
    ...(options.admin === undefined ? {} : { admin: { address: envoyAddress(parseAddress(options.admin), { listening: true }) } }),
    // Envoy asks nobody for its secrets but its own files, and wants a name all the same.
    ...(options.secrets_directory === undefined ? {} : { node: { id: 'midstream', cluster: 'midstream' } }),
    ...(options.listeners.some((one) => one.transport === 'ext_proc' && (startsTls(one) || serverStartsTls(one)))
      ? { bootstrap_extensions: [internalListenerExtension] }
      : {}),
    overload_manager: {
      resource_monitors: [
        {
          name: 'envoy.resource_monitors.global_downstream_max_connections',
          typed_config: {
            ...typed('envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig'),
            // The hop's way back counts too.
            max_active_downstream_connections: limits.connections_max * 2,
          },
        },
      ],
    },
    static_resources: {
      listeners: [
        ...options.listeners.flatMap((listener) => listenersOf(listener, options, limits)),
        ...(options.http ?? []).flatMap((listener) => [
          httpListener(listener, options, limits),
          ...(listener.hop === undefined ? [] : [backListener({ ...listener, transport: 'hop' }, listener.hop, limits)]),
        ]),
      ],
      clusters: allClusters(options, limits),
    },
  };
}

/** What mesh operators paste into listeners and clusters of their own. Pure. Throws `config_invalid`. */
export function renderSnippet(options: RenderOptions): string {
  const value = snippet(options);
  const comments: [Path, string][] = [
    [[], 'Written by `midstream envoy render --snippet`, for an Envoy that is configured elsewhere (a mesh, a control plane).'],
  ];
  for (const [i, listener] of value.listeners.entries()) {
    const at: Path = ['listeners', i];
    comments.push([
      [...at, 'filters'],
      `Filters of the listener that stands before ${listener.upstream}, in this order, in place of its tcp_proxy.`,
    ]);
    for (const [j, filter] of listener.filters.entries()) {
      const why = filterComments[(filter as { name: string }).name];
      if (why) comments.push([[...at, 'filters', j], why]);
    }
    if (listener.whole)
      comments.push([
        [...at, 'whole'],
        'TLS that PostgreSQL asks for in band takes listeners of its own around these filters: take them whole, and where one is internal,\nbootstrap_extensions with envoy.bootstrap.internal_listener too.',
      ]);
    if (listener.back)
      comments.push([[...at, 'back'], 'A listener of its own, for the way back from the gateway: only the gateway may reach it.']);
  }
  comments.push([
    ['clusters'],
    'Clusters that the filters name. Take out those of servers that your mesh knows already, and name its cluster in tcp_proxy.\nLeave max_requests_per_connection at the gateway: without it Node ends connections under load, and requests on them fail.',
  ]);
  return print(value, comments);
}

const filterComments: Record<string, string> = {
  'envoy.filters.network.ext_authz': 'Who may connect at all. Fails closed: leave failure_mode_allow at false.',
  'envoy.filters.network.postgres_proxy': 'Only in contrib builds of Envoy: its own reading of the SQL, as a second opinion.',
  'envoy.filters.network.ext_proc':
    'Every byte, both ways. Leave failure_mode_allow at false (or bytes pass uninspected) and message_timeout at 0s\n(or a held statement is cut off after it). Envoy calls this filter work in progress: pin its version.',
  'envoy.filters.network.http_connection_manager':
    'Yours stays as it is: take the ext_proc filter into it, before all filters that should see what the gateway lets through, and the\naccess log. Leave failure_mode_allow at false (or requests pass uninspected); no timeout of yours may be shorter than a hold.',
  'envoy.filters.network.tcp_proxy': 'idle_timeout 0s: a connection may wait for a person. The access log joins the recording.',
};

interface Snippet {
  listeners: {
    name: string;
    transport: string;
    upstream: string;
    per_connection_buffer_limit_bytes: number;
    filters: object[];
    back?: object;
    whole?: object[];
  }[];
  clusters: object[];
}

/** The snippet as a plain value, for those who want JSON. */
export function snippet(options: RenderOptions): Snippet {
  const limits = check(options);
  return {
    listeners: [
      ...options.listeners.map((listener) => ({
        name: listener.name,
        transport: listener.transport,
        upstream: listener.upstream,
        per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
        filters: agentFilters(listener, options.gateway, limits, nextCluster(listener)),
        ...(listener.hop && listener.transport === 'hop' ? { back: backListener(listener, listener.hop, limits) } : {}),
        ...(startsTls(listener) || serverStartsTls(listener) ? { whole: wholeListeners(listener, options, limits) } : {}),
      })),
      ...(options.http ?? []).map((listener) => ({
        name: listener.name,
        transport: 'http',
        upstream: listener.upstream,
        per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
        filters: [httpManager(listener, options.gateway, limits)],
        ...(listener.hop === undefined ? {} : { back: backListener({ ...listener, transport: 'hop' }, listener.hop, limits) }),
      })),
    ],
    clusters: allClusters(options, limits),
  };
}

function allClusters(options: RenderOptions, limits: EnvoyLimits): object[] {
  return [
    gatewayCluster(options.gateway, limits),
    // Each by itself, where a request may be held for its client's return.
    ...((options.http ?? []).some((listener) => !listener.kubernetes) && options.gateway.grpc.length > 1
      ? options.gateway.grpc.map((address, i) => gatewayCluster({ ...options.gateway, grpc: [address] }, limits, workerCluster(i + 1)))
      : []),
    ...options.listeners.flatMap((listener) => clustersOf(listener, options, limits)),
    ...(options.http ?? []).flatMap((listener) => [
      ...httpClusters(listener, limits, options.secrets_directory),
      ...jwtClusters(listener, limits),
    ]),
  ];
}

function httpListener(listener: HttpListener, options: RenderOptions, limits: EnvoyLimits): object {
  return {
    ...listenOn(listener.name, listener.listen, limits),
    ...(listener.tls ? { listener_filters: [tlsInspector] } : {}),
    filter_chains: [
      {
        ...(listener.tls ? { transport_socket: downstreamTls(listener, listener.tls, ['h2', 'http/1.1'], options.secrets_directory) } : {}),
        filters: [httpManager(listener, options.gateway, limits)],
      },
    ],
  };
}

const nextCluster = (listener: EnvoyListener): string => (listener.transport === 'hop' ? hopCluster(listener) : upstreamCluster(listener));

function listenersOf(listener: EnvoyListener, options: RenderOptions, limits: EnvoyLimits): object[] {
  const agents = {
    ...listenOn(listener.name, listener.listen, limits),
    ...(listener.tls ? { listener_filters: [tlsInspector] } : {}),
    filter_chains: [
      {
        ...(listener.tls ? { transport_socket: downstreamTls(listener, listener.tls, ['postgresql'], options.secrets_directory) } : {}),
        filters: agentFilters(listener, options.gateway, limits, nextCluster(listener)),
      },
    ],
  };
  const whole = wholeListeners(listener, options, limits);
  return [
    ...(startsTls(listener) ? [] : [agents]),
    ...(listener.transport === 'hop' ? [backListener(listener, listener.hop!, limits)] : []),
    ...whole,
  ];
}

/** The listeners of TLS that is asked for in band, on either side. */
function wholeListeners(listener: EnvoyListener, options: RenderOptions, limits: EnvoyLimits): object[] {
  return [
    ...(startsTls(listener) ? startTlsListeners(listener, options, limits, nextCluster(listener)) : []),
    ...(serverStartsTls(listener) ? serverStartTlsListeners(listener, limits) : []),
  ];
}

/** The gateway hands a connection back here; nothing more is asked, and the log of the first listener is the connection's. */
function backListener(
  listener: Pick<EnvoyListener, 'name' | 'transport' | 'connect_early'>,
  hop: HopAddresses,
  limits: EnvoyLimits,
): object {
  const name = `${listener.name}_back`;
  return {
    ...listenOn(name, hop.back, limits),
    filter_chains: [{ filters: [proxyFilter(listener, name, upstreamCluster(listener), { accessLog: false })] }],
  };
}

function clustersOf(listener: EnvoyListener, options: RenderOptions, limits: EnvoyLimits): object[] {
  const server = serverCluster(listener, limits);
  return [
    ...(startsTls(listener) ? startTlsClusters(listener, limits) : []),
    ...(listener.transport === 'hop' ? [gatewayHopCluster(listener, listener.hop!.gateway, limits)] : []),
    ...(listener.upstream_tls === undefined ? [server] : serverTlsClusters(listener, server, limits, options.secrets_directory)),
  ];
}

/** What `secrets_directory` must hold: a file for each certificate, which Envoy watches. Pure. */
export function renderSecrets(options: RenderOptions): { name: string; text: string }[] {
  return secretFiles(options).map(({ name, secret }: SecretFile) => ({
    name,
    text: print(secret, [
      [[], 'Written by `midstream envoy render --secrets`. Envoy reads the certificate again when another is moved into its place.'],
    ]),
  }));
}

/** What Envoy would take but must not be given. Returns the limits in full. */
function check(options: RenderOptions): EnvoyLimits {
  const names = new Set<string>();
  const http = options.http ?? [];
  if (options.listeners.length + http.length === 0) throw invalid('there is no listener');
  if (options.gateway.grpc.length === 0) throw invalid('the gateway has no address for gRPC');
  if (options.admin !== undefined && !isLocal(parseAddress(options.admin)))
    throw invalid(`admin is ${options.admin}: only a loopback address or a Unix socket will do`);
  for (const listener of http) {
    try {
      parseUpstreamUrl(listener.upstream);
    } catch (error) {
      throw invalid(`the upstream of ${listener.name} is ${listener.upstream}: ${(error as Error).message}`);
    }
  }
  for (const listener of [...options.listeners, ...http]) {
    if (!/^[a-z][a-z0-9_-]{0,62}$/i.test(listener.name))
      throw invalid(`"${listener.name}" is no name for a listener: letters, digits, _ and -`);
    if (names.has(listener.name)) throw invalid(`two listeners are called ${listener.name}`);
    names.add(listener.name);
    if ('transport' in listener ? listener.transport === 'hop' : listener.hop !== undefined)
      checkHop(listener, 'transport' in listener && (startsTls(listener) || serverStartsTls(listener)));
  }
  return { ...defaultLimits, ...options.limits };
}

/** The hop's own ends carry identities and reach the server past the gateway, so nobody else may reach them. */
function checkHop(listener: { name: string; hop?: HopAddresses }, inBand = false): void {
  if (!listener.hop || listener.hop.gateway.length === 0)
    throw invalid(`the listener ${listener.name} has the transport hop, and no addresses for it`);
  const { starttls } = listener.hop;
  if (starttls === undefined && inBand)
    throw invalid(`the hop of ${listener.name} has no addresses for TLS that is asked for in band (hop.starttls)`);
  const more = starttls === undefined ? [] : [...starttls.agents, starttls.tls, ...starttls.server, starttls.plain];
  for (const address of [...listener.hop.gateway, listener.hop.back, ...more]) {
    if (!isLocal(parseAddress(address)))
      throw invalid(`the hop of ${listener.name} uses ${address}: only loopback addresses and Unix sockets will do`);
  }
}

const invalid = (why: string): MidstreamError => new MidstreamError('config_invalid', `Envoy's configuration can't be rendered: ${why}`);

/** YAML with comments before the nodes that the paths lead to; the first path is the document's own. */
function print(value: object, comments: readonly [Path, string][]): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  for (const [path, text] of comments) {
    const comment = text
      .split('\n')
      .map((line) => ` ${line}`)
      .join('\n');
    if (path.length === 0) document.commentBefore = comment;
    else annotate(document, path, comment);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** A comment on a value of a mapping stands before its key. */
function annotate(document: Document, path: Path, comment: string): void {
  const last = path.at(-1)!;
  const parent = document.getIn(path.slice(0, -1), true) as { items?: { key?: { value?: unknown; commentBefore?: string } }[] } | undefined;
  const key = typeof last === 'string' ? parent?.items?.find((pair) => pair.key?.value === last)?.key : undefined;
  const node = key ?? document.getIn(path, true);
  if (node && (key !== undefined || isNode(node))) (node as { commentBefore?: string }).commentBefore = comment;
}
