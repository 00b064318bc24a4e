import { peerHeaders } from '../extproc/convert/peer-headers.js';
import { linksOfWorker } from '../filters/http/accepted.js';
import { LENGTH_KEPT } from '../filters/http/effects.js';
import { envoyAddress, parseAddress } from './address.js';
import { awsFilter } from './aws.js';
import { gatewayUpgradeCluster, HTTP_PROTOCOL, hopCluster, seconds, typed, upstreamCluster, workerCluster } from './clusters.js';
import {
  authorizeRequestFilter,
  gatewayService,
  HTTP_CONNECTION_ID,
  httpLog,
  METADATA_NAMESPACE,
  STREAM_ANSWER_MS_MAX,
} from './filters.js';
import { JWT_AUTHN, jwtFilter } from './jwt.js';
import { DEFAULT_UPGRADES, type EnvoyLimits, type GatewayEndpoints, type HttpListener } from './options.js';
import { certificate, secretName, serverAuthority, serverVersions } from './tls.js';

/** `https://api.example.com/` as host, port, and whether TLS goes on. Throws TypeError for what is no URL of a server. */
export function parseUpstreamUrl(url: string): { host: string; port: number; tls: boolean } {
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(url);
  const tls = protocol === 'https:';
  if (!tls && protocol !== 'http:') throw new TypeError('it begins with neither http:// nor https://');
  if (pathname !== '/' || search !== '' || hash !== '') throw new TypeError('it names more than a server');
  if (username !== '' || password !== '') throw new TypeError('it holds a credential');
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (tls ? 443 : 80) : Number(port), tls };
}

/** The Host that the server is asked for: its own name where it has one; undefined: the client's. */
export function authorityOf(url: string): string | undefined {
  const { host } = parseUpstreamUrl(url);
  return /^[\d.]+$|:/.test(host) ? undefined : host;
}

const grpcCluster = (listener: HttpListener): string => `${listener.name}_grpc`;
const EXT_PROC = 'envoy.filters.http.ext_proc';

/** What the gateway wants to know of a request's connection; Envoy leaves out what it does not have. */
const REQUEST_ATTRIBUTES = [
  'source.address',
  'connection.id',
  'connection.tls_version',
  'connection.requested_server_name',
  'connection.subject_peer_certificate',
  'connection.uri_san_peer_certificate',
];

/** Longest wait for the gateway; a request may wait for a person, and Envoy takes no more than an hour. */
const MESSAGE_TIMEOUT = '3600s';

/** Every part of a request and of its answer, to the gateway and back. */
function processFilter(listener: HttpListener): object {
  return {
    name: EXT_PROC,
    typed_config: {
      ...typed('envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor'),
      stat_prefix: listener.name,
      failure_mode_allow: false,
      // As ext_authz has it: without the gateway nobody is served, and clients may try again. Envoy's own answer would be 500.
      status_on_error: { code: 'ServiceUnavailable' },
      message_timeout: MESSAGE_TIMEOUT,
      processing_mode: {
        request_header_mode: 'SEND',
        response_header_mode: 'SEND',
        request_body_mode: 'FULL_DUPLEX_STREAMED',
        response_body_mode: 'FULL_DUPLEX_STREAMED',
        request_trailer_mode: 'SEND',
        response_trailer_mode: 'SEND',
      },
      request_attributes: REQUEST_ATTRIBUTES,
      // A question about a request that waited becomes that request: its method and host too. What a server says in a header of Envoy's is masked like all else.
      mutation_rules: { allow_all_routing: true, allow_envoy: true },
      metadata_options: {
        receiving_namespaces: { untyped: [METADATA_NAMESPACE] },
        ...forwarded(listener),
      },
      grpc_service: gatewayService(listener, STREAM_ANSWER_MS_MAX),
    },
  };
}

const MCP_FILTER = 'envoy.filters.http.mcp';

/** Bytes of a message that Envoy reads for its opinion; its own limit of 8 KiB would turn longer messages away. */
const MCP_BYTES_MAX = 1024 * 1024;

/** Envoy's own reading of MCP. It passes everything on: to refuse is the gateway's business. */
const mcpFilter = {
  name: MCP_FILTER,
  typed_config: {
    ...typed('envoy.extensions.filters.http.mcp.v3.Mcp'),
    traffic_mode: 'PASS_THROUGH',
    max_request_body_size: MCP_BYTES_MAX,
  },
};

/** Puts back the Content-Length of a body that goes on as it is: ext_proc with streamed bodies drops it. */
function keepLength(direction: 'request_mutations' | 'response_mutations', operator: 'REQ' | 'RESP'): object {
  return {
    name: `midstream.${direction}`,
    typed_config: {
      ...typed('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation'),
      mutations: {
        [direction]: [
          {
            append: {
              header: { key: 'content-length', value: `%${operator}(${LENGTH_KEPT})%` },
              append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
            },
          },
          { remove: LENGTH_KEPT },
        ],
      },
    },
  };
}

/** Without a hop refused by the gateway: Envoy's own refusal of an upgrade says nothing to kubectl. */
const KUBECTL_UPGRADES = [{ upgrade_type: 'websocket' }, { upgrade_type: 'SPDY/3.1' }];

const upgradesOf = (listener: HttpListener): readonly string[] =>
  listener.hop === undefined ? [] : (listener.upgrades ?? DEFAULT_UPGRADES);

/** What the hop is told of the connection, in headers that a client's own never survive: removed first, then set even when empty. */
const hopHeaders = (listener: HttpListener, host: string): object => {
  const formats: [string, string][] = [
    [peerHeaders.listener, listener.name],
    [peerHeaders.source, '%DOWNSTREAM_REMOTE_ADDRESS%'],
    [peerHeaders.connectionId, HTTP_CONNECTION_ID],
    [peerHeaders.spiffe, '%DOWNSTREAM_PEER_URI_SAN%'],
    [peerHeaders.subject, '%DOWNSTREAM_PEER_SUBJECT%'],
    [peerHeaders.tlsVersion, '%DOWNSTREAM_TLS_VERSION%'],
    [peerHeaders.serverName, '%REQUESTED_SERVER_NAME%'],
    [peerHeaders.host, host],
  ];
  return {
    request_headers_to_remove: formats.map(([key]) => key),
    request_headers_to_add: formats.map(([key, value]) => ({
      header: { key, value },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
      keep_empty_value: true,
    })),
  };
};

/**
 * Upgraded streams go by hop: through ext_proc they lose what is at the gateway when the server closes. The gateway reads their request
 * and their frames itself, so ext_proc is off here.
 */
function upgradeRoute(listener: HttpListener, host: string): object {
  return {
    match: { prefix: '/', headers: [{ name: 'upgrade', present_match: true }] },
    route: {
      cluster: hopCluster(listener),
      timeout: '0s',
      upgrade_configs: upgradesOf(listener).map((upgrade_type) => ({ upgrade_type, enabled: true })),
    },
    ...hopHeaders(listener, host),
    typed_per_filter_config: {
      [EXT_PROC]: { ...typed('envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute'), disabled: true },
    },
  };
}

/** Of several workers the one that holds a request is asked about it. */
function heldRoutes(listener: HttpListener, gateway: GatewayEndpoints, route: object): object[] {
  if (gateway.grpc.length < 2 || listener.kubernetes) return [];
  return gateway.grpc.map((_address, i) => ({
    match: { prefix: linksOfWorker(i + 1) },
    route: { ...route, cluster: upstreamCluster(listener) },
    typed_per_filter_config: {
      [EXT_PROC]: {
        ...typed('envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute'),
        overrides: { grpc_service: gatewayService(listener, undefined, workerCluster(i + 1)) },
      },
    },
  }));
}

/** Metadata of other filters that the gateway is told. */
function forwarded(listener: HttpListener): object {
  const untyped = [...(listener.mcp_filter === true ? [MCP_FILTER] : []), ...(listener.jwt === undefined ? [] : [JWT_AUTHN])];
  return untyped.length === 0 ? {} : { forwarding_namespaces: { untyped } };
}

/** The HTTP connection manager that agents connect to. */
export function httpManager(listener: HttpListener, gateway: GatewayEndpoints, limits: EnvoyLimits): object {
  const { host, tls } = parseUpstreamUrl(listener.upstream);
  const named = !/^[\d.]+$|:/.test(host);
  const route = { timeout: '0s', ...(named ? { host_rewrite_literal: host } : {}) };
  const upgrades = upgradesOf(listener);
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      ...typed('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: listener.name,
      codec_type: 'AUTO',
      use_remote_address: true,
      // One spelling for everybody: the gateway judges what the server will see.
      normalize_path: true,
      merge_slashes: true,
      path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
      // A request may wait for a person.
      stream_idle_timeout: '0s',
      request_timeout: '0s',
      server_header_transformation: 'PASS_THROUGH',
      preserve_external_request_id: true,
      http_protocol_options: { enable_trailers: true },
      ...(upgrades.length === 0
        ? listener.kubernetes
          ? { upgrade_configs: KUBECTL_UPGRADES }
          : {}
        : {
            // WebSocket over HTTP/2 (RFC 8441); plain CONNECT matches no route.
            http2_protocol_options: { allow_connect: true },
            // On the hop's route alone.
            upgrade_configs: upgrades.map((upgrade_type) => ({ upgrade_type, enabled: false })),
          }),
      route_config: {
        virtual_hosts: [
          {
            name: listener.name,
            domains: ['*'],
            routes: [
              ...(upgrades.length === 0 ? [] : [upgradeRoute(listener, named ? host : '')]),
              ...heldRoutes(listener, gateway, route),
              // gRPC needs HTTP/2; over TLS the server says what it speaks
              ...(tls ? [] : [{ match: { prefix: '/', grpc: {} }, route: { ...route, cluster: grpcCluster(listener) } }]),
              { match: { prefix: '/' }, route: { ...route, cluster: upstreamCluster(listener) } },
            ],
          },
        ],
      },
      http_filters: [
        ...(listener.authorize === true ? [authorizeRequestFilter(listener, limits)] : []),
        // in the order of requests; answers come through them in reverse
        keepLength('response_mutations', 'RESP'),
        ...[jwtFilter(listener)].filter((filter) => filter !== undefined),
        ...(listener.mcp_filter === true ? [mcpFilter] : []),
        processFilter(listener),
        keepLength('request_mutations', 'REQ'),
        ...(listener.aws === undefined ? [] : [awsFilter(listener.aws, named ? host : undefined)]),
        {
          name: 'envoy.filters.http.router',
          // An answer says nothing of Envoy.
          typed_config: { ...typed('envoy.extensions.filters.http.router.v3.Router'), suppress_envoy_headers: true },
        },
      ],
      ...(gateway.access_log === false ? {} : { access_log: [httpLog(listener)] }),
    },
  };
}

const HTTP_1 = { enable_trailers: true };

/** The gateway where upgraded streams go to, and the server behind: over TLS by the protocol that it chooses, else by HTTP/1.1, and by HTTP/2 for gRPC. */
export function httpClusters(listener: HttpListener, limits: EnvoyLimits, secrets_directory?: string): object[] {
  return [
    ...(listener.hop === undefined ? [] : [gatewayUpgradeCluster(listener, listener.hop.gateway, limits)]),
    ...serverClusters(listener, limits, secrets_directory),
  ];
}

function serverClusters(listener: HttpListener, limits: EnvoyLimits, secrets_directory: string | undefined): object[] {
  const { tls } = parseUpstreamUrl(listener.upstream);
  const one = (name: string, protocols: object) => serverCluster(name, protocols, listener, limits, secrets_directory);
  if (tls) return [one(upstreamCluster(listener), { auto_config: { http_protocol_options: HTTP_1, http2_protocol_options: {} } })];
  return [
    one(upstreamCluster(listener), { explicit_http_config: { http_protocol_options: HTTP_1 } }),
    one(grpcCluster(listener), { explicit_http_config: { http2_protocol_options: {} } }),
  ];
}

/** Over TLS its certificate must be of the name that was asked for. */
function serverCluster(
  name: string,
  protocols: object,
  listener: HttpListener,
  limits: EnvoyLimits,
  secrets_directory: string | undefined,
): object {
  const { host, port, tls } = parseUpstreamUrl(listener.upstream);
  const address = parseAddress(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
  const named = !/^[\d.]+$|:/.test(host);
  const sni = listener.upstream_tls_name ?? (named ? host : '');
  return {
    name,
    ...(named ? { type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' } : { type: 'STATIC' }),
    connect_timeout: seconds(limits.connect_ms_max),
    per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
    typed_extension_protocol_options: { [HTTP_PROTOCOL]: { ...typed(HTTP_PROTOCOL), ...protocols } },
    circuit_breakers: {
      thresholds: [
        { max_connections: limits.connections_max, max_pending_requests: limits.connections_max, max_requests: limits.connections_max },
      ],
    },
    ...(tls
      ? {
          transport_socket: {
            name: 'envoy.transport_sockets.tls',
            typed_config: {
              ...typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
              ...(sni === '' ? {} : { sni }),
              common_tls_context: {
                ...serverVersions,
                ...(listener.upstream_certificate
                  ? certificate(listener.upstream_certificate, secretName(listener, 'server'), secrets_directory)
                  : {}),
                ...(listener.upstream_insecure
                  ? {}
                  : serverAuthority(listener, listener.upstream_ca_file, sni === '' ? { ip: host } : { dns: sni }, secrets_directory)),
              },
            },
          },
        }
      : {}),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: envoyAddress(address) } }] }] },
  };
}
