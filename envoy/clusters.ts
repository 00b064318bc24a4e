import { tlvs } from '../extproc/convert/proxy-header.js';
import { type Address, envoyAddress, isName, parseAddress } from './address.js';
import type { EnvoyLimits, EnvoyListener, GatewayEndpoints } from './options.js';

export const GATEWAY_CLUSTER = 'midstream';
export const upstreamCluster = (listener: { name: string }): string => `${listener.name}_upstream`;
export const hopCluster = (listener: { name: string }): string => `${listener.name}_hop`;

export const HTTP_PROTOCOL = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
export const typed = (name: string): { '@type': string } => ({ '@type': `type.googleapis.com/${name}` });
export const seconds = (ms: number): string => `${ms / 1000}s`;

function endpoints(cluster: string, addresses: readonly Address[]): object {
  return {
    cluster_name: cluster,
    endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address: envoyAddress(address) } })) }],
  };
}

/** A name is looked up again and again, so that a server which moves is found; an address is taken as it is. */
function discovery(addresses: readonly Address[]): object {
  return addresses.some(isName) ? { type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' } : { type: 'STATIC' };
}

/** One worker of the gateway by itself, for questions about requests that it holds. */
export const workerCluster = (worker: number): string => `${GATEWAY_CLUSTER}_${worker}`;

/**
 * Calls on one connection to the gateway; the next one has a connection of its own. Envoy ends the call of each HTTP request by RST_STREAM, and
 * nghttp2, which is in Node, takes no more than 1,000 of those and 33 a second from a connection (CVE-2023-44487): then it ends the connection, and all
 * requests that are under way on it fail.
 */
const CALLS_MAX = 900;

/** The gateway's gRPC services over HTTP/2, one endpoint a worker. */
export function gatewayCluster(gateway: GatewayEndpoints, limits: EnvoyLimits, name: string = GATEWAY_CLUSTER): object {
  const addresses = gateway.grpc.map(parseAddress);
  // One stream a connection, and for each short ones besides: ext_authz, and the access logs' own.
  const requests = limits.connections_max * 2 + 1000;
  return {
    name,
    ...discovery(addresses),
    connect_timeout: seconds(limits.connect_ms_max),
    lb_policy: 'ROUND_ROBIN',
    per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
    circuit_breakers: {
      thresholds: [{ max_connections: requests, max_pending_requests: requests, max_requests: requests, max_retries: requests }],
    },
    ...(gateway.health_check === false ? {} : healthCheck),
    typed_extension_protocol_options: {
      [HTTP_PROTOCOL]: {
        ...typed(HTTP_PROTOCOL),
        common_http_protocol_options: { max_requests_per_connection: CALLS_MAX },
        explicit_http_config: {
          http2_protocol_options: {
            initial_stream_window_size: limits.stream_window_bytes,
            initial_connection_window_size: limits.gateway_window_bytes,
            connection_keepalive: { interval: '15s', timeout: '20s' },
          },
        },
      },
    },
    load_assignment: endpoints(name, addresses),
  };
}

/** With a panic threshold of 0, connections are refused rather than sent to a gateway that says it is not serving. */
const healthCheck = {
  common_lb_config: { healthy_panic_threshold: { value: 0 } },
  health_checks: [
    {
      timeout: '5s',
      interval: '5s',
      no_traffic_interval: '5s',
      unhealthy_interval: '1s',
      no_traffic_healthy_interval: '5s',
      unhealthy_threshold: 3,
      healthy_threshold: 1,
      grpc_health_check: {},
    },
  ],
};

/** The server behind the listener. */
export function serverCluster(listener: EnvoyListener, limits: EnvoyLimits): object {
  const addresses = [parseAddress(listener.upstream)];
  const name = upstreamCluster(listener);
  return {
    name,
    ...discovery(addresses),
    connect_timeout: seconds(limits.connect_ms_max),
    per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
    circuit_breakers: { thresholds: [{ max_connections: limits.connections_max, max_pending_requests: limits.connections_max }] },
    upstream_connection_options: { tcp_keepalive: {} },
    load_assignment: endpoints(name, addresses),
  };
}

/** The gateway as the next hop of a plain TCP connection; the PROXY header says who connected. */
export function gatewayHopCluster(listener: EnvoyListener, gateways: readonly string[], limits: EnvoyLimits): object {
  // Only what our own tcp_proxy filled in is passed on (see filters.ts).
  return proxyCluster(hopCluster(listener), addressesOf(gateways), limits, { match_type: 'INCLUDE', tlv_type: Object.values(tlvs) });
}

/** Endpoints of addresses as text. */
export const addressesOf = (addresses: readonly string[]): object[] =>
  addresses.map((text) => ({ address: envoyAddress(parseAddress(text)) }));

/** A next stage on this machine, which is told by a PROXY header where the connection came from. */
export function proxyCluster(name: string, to: readonly object[], limits: EnvoyLimits, pass_through_tlvs?: object): object {
  return {
    name,
    type: 'STATIC',
    connect_timeout: seconds(limits.connect_ms_max),
    lb_policy: 'ROUND_ROBIN',
    per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
    circuit_breakers: { thresholds: [{ max_connections: limits.connections_max, max_pending_requests: limits.connections_max }] },
    transport_socket: {
      name: 'envoy.transport_sockets.upstream_proxy_protocol',
      typed_config: {
        ...typed('envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport'),
        config: { version: 'V2', ...(pass_through_tlvs === undefined ? {} : { pass_through_tlvs }) },
        transport_socket: {
          name: 'envoy.transport_sockets.raw_buffer',
          typed_config: typed('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer'),
        },
      },
    },
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: to.map((endpoint) => ({ endpoint })) }] },
  };
}

/** The gateway as the next hop of upgraded HTTP streams: HTTP/1.1, one connection a stream. */
export function gatewayUpgradeCluster(listener: { name: string }, gateways: readonly string[], limits: EnvoyLimits): object {
  const name = hopCluster(listener);
  const streams = limits.connections_max;
  return {
    name,
    type: 'STATIC',
    connect_timeout: seconds(limits.connect_ms_max),
    lb_policy: 'ROUND_ROBIN',
    per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
    circuit_breakers: { thresholds: [{ max_connections: streams, max_pending_requests: streams, max_requests: streams }] },
    typed_extension_protocol_options: {
      [HTTP_PROTOCOL]: { ...typed(HTTP_PROTOCOL), explicit_http_config: { http_protocol_options: {} } },
    },
    load_assignment: endpoints(name, gateways.map(parseAddress)),
  };
}
