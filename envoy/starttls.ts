import { roles } from '../extproc/convert/starttls-roles.js';
import { addressesOf, proxyCluster, seconds, typed, upstreamCluster } from './clusters.js';
import { agentFilters, gatewayService, STREAM_ANSWER_MS_MAX } from './filters.js';
import { listenOn, tlsInspector } from './listening.js';
import type { EnvoyLimits, EnvoyListener, RenderOptions } from './options.js';
import { downstreamTls, upstreamTls } from './tls.js';

/**
 * PostgreSQL asks for TLS in band (SSLRequest), which no transport socket of Envoy's answers. So a connection goes through more listeners: one
 * whose handshake the gateway does, and behind it one that does TLS and is inspected; towards the server the same the other way round
 * (envoy.md, "Postgres over TLS"). By ext_proc they are internal listeners, by hop the gateway stands between them.
 */
export const startsTls = (listener: EnvoyListener): boolean => listener.tls !== undefined && listener.tls.negotiation !== 'direct';
export const serverStartsTls = (listener: EnvoyListener): boolean =>
  listener.upstream_tls !== undefined && listener.upstream_tls.negotiation !== 'direct';

const innerName = (listener: EnvoyListener): string => `${listener.name}_tls`;
const serverSide = (listener: EnvoyListener): string => `${listener.name}_server_starttls`;
const plainServer = (listener: EnvoyListener): string => `${listener.name}_server`;

const internalListener = (name: string): object => ({ name, internal_listener: {} });
const internalAddress = (name: string): object => ({ address: { envoy_internal_address: { server_listener_name: name } } });

/** One of the gateway's two handshakes, as a filter. It leaves when TLS begins. */
function handshake(listener: EnvoyListener, role: string, side: string): object {
  return {
    name: 'envoy.filters.network.ext_proc',
    typed_config: {
      ...typed('envoy.extensions.filters.network.ext_proc.v3.NetworkExternalProcessor'),
      stat_prefix: `${listener.name}_${side}`,
      failure_mode_allow: false,
      message_timeout: '0s',
      processing_mode: { process_read: 'STREAMED', process_write: 'STREAMED' },
      grpc_service: withRole(gatewayService(listener, STREAM_ANSWER_MS_MAX), role),
    },
  };
}

const withRole = (service: object, role: string): object => {
  const { initial_metadata = [], ...rest } = service as { initial_metadata?: object[] };
  return { ...rest, initial_metadata: [...initial_metadata, { key: 'x-midstream-role', value: role }] };
};

/** Passes bytes on as they are. */
function pass(statPrefix: string, cluster: string): object {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      ...typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
      stat_prefix: statPrefix,
      cluster,
      idle_timeout: '0s',
    },
  };
}

/** The listeners that agents connect to, up to the one that is inspected, where TLS is asked for in band. */
export function startTlsListeners(listener: EnvoyListener, options: RenderOptions, limits: EnvoyLimits, next: string): object[] {
  const inner = innerName(listener);
  const filters = agentFilters(listener, options.gateway, limits, next);
  const chains = [
    {
      filter_chain_match: { transport_protocol: 'tls' },
      transport_socket: downstreamTls(listener, listener.tls!, ['postgresql'], options.secrets_directory),
      filters,
    },
    // In clear: what the handshake let pass. Nobody else can come here.
    { filters },
  ];
  const behind = { listener_filters: [proxyProtocol, tlsInspector], filter_chains: chains };
  const hop = listener.transport === 'hop';
  return [
    {
      ...listenOn(listener.name, listener.listen, limits),
      filter_chains: [
        {
          filters: [
            ...(hop ? [] : [handshake(listener, listener.tls!.required ? roles.agentsRequired : roles.agents, 'starttls')]),
            pass(`${listener.name}_edge`, inner),
          ],
        },
      ],
    },
    { ...(hop ? listenOn(inner, listener.hop!.starttls!.tls, limits) : internalListener(inner)), ...behind },
  ];
}

const proxyProtocol = {
  name: 'envoy.filters.listener.proxy_protocol',
  typed_config: typed('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol'),
};

/** Where the connection goes after the edge: straight to the listener that does TLS, or by way of the gateway. */
export function startTlsClusters(listener: EnvoyListener, limits: EnvoyLimits): object[] {
  const inner = innerName(listener);
  const next = listener.transport === 'hop' ? addressesOf(listener.hop!.starttls!.agents) : [internalAddress(inner)];
  return [proxyCluster(inner, next, limits)];
}

/** Towards a server that is asked for TLS in band. */
export function serverStartTlsListeners(listener: EnvoyListener, limits: EnvoyLimits): object[] {
  if (listener.transport === 'hop')
    return [
      {
        ...listenOn(serverSide(listener), listener.hop!.starttls!.plain, limits),
        filter_chains: [{ filters: [pass(serverSide(listener), plainServer(listener))] }],
      },
    ];
  return [
    {
      ...internalListener(serverSide(listener)),
      filter_chains: [
        { filters: [handshake(listener, roles.server, 'server_starttls'), pass(serverSide(listener), plainServer(listener))] },
      ],
    },
  ];
}

/** The server's cluster with TLS on it; where TLS is asked for in band, its endpoint is what asks. */
export function serverTlsClusters(
  listener: EnvoyListener,
  server: object,
  limits: EnvoyLimits,
  secrets_directory: string | undefined,
): object[] {
  const tls = { transport_socket: upstreamTls(listener, listener.upstream_tls!, secrets_directory) };
  if (!serverStartsTls(listener)) return [{ ...server, ...tls }];
  const endpoints = listener.transport === 'hop' ? addressesOf(listener.hop!.starttls!.server) : [internalAddress(serverSide(listener))];
  const name = upstreamCluster(listener);
  return [
    {
      name,
      type: 'STATIC',
      connect_timeout: seconds(limits.connect_ms_max),
      per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
      circuit_breakers: { thresholds: [{ max_connections: limits.connections_max, max_pending_requests: limits.connections_max }] },
      ...tls,
      load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints.map((endpoint) => ({ endpoint })) }] },
    },
    renamed(server, plainServer(listener)),
  ];
}

const renamed = (cluster: object, name: string): object => {
  const { load_assignment, ...rest } = cluster as { load_assignment: object };
  return { ...rest, name, load_assignment: { ...load_assignment, cluster_name: name } };
};

/** Envoy keeps internal listeners only where its bootstrap names the extension. */
export const internalListenerExtension = {
  name: 'envoy.bootstrap.internal_listener',
  typed_config: typed('envoy.extensions.bootstrap.internal_listener.v3.InternalListener'),
};
