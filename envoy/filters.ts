import { tlvs } from '../extproc/convert/proxy-header.js';
import { GATEWAY_CLUSTER, seconds, typed } from './clusters.js';
import type { EnvoyLimits, EnvoyListener, GatewayEndpoints } from './options.js';

/** Namespace of the metadata that the gateway gives a connection; `midstream:session` joins the access log with the recording. */
export const METADATA_NAMESPACE = 'midstream';
const POSTGRES_PROXY = 'envoy.filters.network.postgres_proxy';

/** Bytes of an agent that wait while the connection behind is made; the first message of Postgres is far smaller. */
const EARLY_DATA_BYTES_MAX = 64 * 1024;

/** The next address is tried soon, not after Envoy's usual second. */
const CONNECT_BACKOFF = { base_interval: '0.05s', max_interval: '1s' };

/** What the gateway wants to know of a connection; Envoy leaves out what it does not have. */
const CONNECTION_ATTRIBUTES = [
  'source.address',
  'destination.address',
  'connection.id',
  'connection.tls_version',
  'connection.requested_server_name',
  'connection.subject_peer_certificate',
  'connection.uri_san_peer_certificate',
];

/**
 * A worker that died is known to Envoy only when a health check has failed; until then, calls go to another one. Never after the call
 * has reached a gateway: what that one saw is not told to a second. `answer_ms_max` is how long a call may go without an answer: Envoy
 * takes the longest pause between two tries for that, too.
 */
function elsewhere(answer_ms_max: number): object {
  return {
    num_retries: 2,
    retry_back_off: { base_interval: '0.01s', max_interval: seconds(answer_ms_max) },
    retry_on: 'connect-failure,reset-before-request',
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: typed('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
      },
    ],
    host_selection_retry_max_attempts: 5,
  };
}

/** Streams are answered when there is something to say: after a person decided, when a client says its first word. Milliseconds. */
export const STREAM_ANSWER_MS_MAX = 24 * 3_600_000;

/** The gateway learns which listener asks by the metadata of each call. */
export function gatewayService(listener: { name: string }, answer_ms_max?: number, cluster: string = GATEWAY_CLUSTER): object {
  return {
    envoy_grpc: { cluster_name: cluster },
    initial_metadata: [{ key: 'x-midstream-listener', value: listener.name }],
    ...(answer_ms_max === undefined ? {} : { retry_policy: elsewhere(answer_ms_max) }),
  };
}

/** May this peer connect to this resource at all? Nobody may when the gateway can't be asked. */
export function authorizeFilter(listener: EnvoyListener, limits: EnvoyLimits): object {
  return {
    name: 'envoy.filters.network.ext_authz',
    typed_config: {
      ...typed('envoy.extensions.filters.network.ext_authz.v3.ExtAuthz'),
      stat_prefix: listener.name,
      transport_api_version: 'V3',
      failure_mode_allow: false,
      include_peer_certificate: true,
      include_tls_session: true,
      grpc_service: { ...gatewayService(listener, limits.authorize_ms_max), timeout: seconds(limits.authorize_ms_max) },
    },
  };
}

/**
 * May this peer ask that of this server? Before the body is read. Headers come raw, so that the gateway sees the same bytes as by ext_proc. A
 * gateway that can't be asked is no refusal by anybody: 503.
 */
export function authorizeRequestFilter(listener: { name: string }, limits: EnvoyLimits): object {
  return {
    name: 'envoy.filters.http.ext_authz',
    typed_config: {
      ...typed('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz'),
      stat_prefix: listener.name,
      transport_api_version: 'V3',
      failure_mode_allow: false,
      status_on_error: { code: 'ServiceUnavailable' },
      include_peer_certificate: true,
      include_tls_session: true,
      encode_raw_headers: true,
      grpc_service: { ...gatewayService(listener, limits.authorize_ms_max), timeout: seconds(limits.authorize_ms_max) },
    },
  };
}

/** The connection's bytes, both ways, to the gateway and back. */
export function processFilter(listener: EnvoyListener): object {
  return {
    name: 'envoy.filters.network.ext_proc',
    typed_config: {
      ...typed('envoy.extensions.filters.network.ext_proc.v3.NetworkExternalProcessor'),
      stat_prefix: listener.name,
      failure_mode_allow: false,
      message_timeout: '0s',
      processing_mode: { process_read: 'STREAMED', process_write: 'STREAMED' },
      connection_attributes: CONNECTION_ATTRIBUTES,
      metadata_options: {
        receiving_namespaces: { untyped: [METADATA_NAMESPACE] },
        ...(listener.postgres_proxy ? { forwarding_namespaces: { untyped: [POSTGRES_PROXY] } } : {}),
      },
      grpc_service: gatewayService(listener, STREAM_ANSWER_MS_MAX),
    },
  };
}

/** In contrib builds only: Envoy's own reading of the SQL. */
export function postgresProxyFilter(listener: EnvoyListener): object {
  return {
    name: POSTGRES_PROXY,
    typed_config: {
      ...typed('envoy.extensions.filters.network.postgres_proxy.v3alpha.PostgresProxy'),
      stat_prefix: listener.name,
      enable_sql_parsing: true,
    },
  };
}

const tlvFormats: readonly [keyof typeof tlvs, string][] = [
  ['spiffe', '%DOWNSTREAM_PEER_URI_SAN%'],
  ['connectionId', '%CONNECTION_ID%'],
  ['subject', '%DOWNSTREAM_PEER_SUBJECT%'],
  ['tlsVersion', '%DOWNSTREAM_TLS_VERSION%'],
  ['serverName', '%REQUESTED_SERVER_NAME%'],
];

/**
 * Who connected, for the PROXY header of the hop. tcp_proxy fills them in from the agent's connection; the transport socket's
 * own added_tlvs take the same formats and, in Envoy 1.40, fill them in from the wrong connection: everything is "-".
 */
const peerTlvs = tlvFormats.map(([type, format]) => ({
  type: tlvs[type],
  format_string: { text_format_source: { inline_string: format } },
}));

/** A connection may wait for a person for as long as the policy lets it, so nothing here counts as idle. */
export function proxyFilter(
  listener: Pick<EnvoyListener, 'name' | 'transport' | 'connect_early' | 'tls'>,
  statPrefix: string,
  cluster: string,
  options: { accessLog: boolean; tellPeer?: boolean },
): object {
  const early = listener.connect_early === true;
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: {
      ...typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
      stat_prefix: statPrefix,
      cluster,
      idle_timeout: '0s',
      // Not before TLS has proven who connects; without TLS at once. ON_DOWNSTREAM_DATA leaks clients that never say a word.
      ...(early ? {} : { upstream_connect_mode: 'ON_DOWNSTREAM_TLS_HANDSHAKE', max_early_data_bytes: EARLY_DATA_BYTES_MAX }),
      max_connect_attempts: 3,
      backoff_options: CONNECT_BACKOFF,
      ...(options.tellPeer ? { proxy_protocol_tlvs: peerTlvs } : {}),
      // The connection came with a PROXY header already, which says nothing of TLS: what Envoy found out since then counts.
      ...(options.tellPeer && listener.tls !== undefined && listener.tls.negotiation !== 'direct'
        ? { proxy_protocol_tlv_merge_policy: 'OVERWRITE_BY_TYPE_IF_EXISTS_OR_ADD' }
        : {}),
      ...(options.accessLog ? { access_log: [gatewayAccessLog(listener)] } : {}),
    },
  };
}

const SESSION_TAG = { tag: 'midstream_session', value: `%DYNAMIC_METADATA(${METADATA_NAMESPACE}:session)%` };

/** Envoy's own view of each connection or request, sent to the gateway. */
function gatewayLog(kind: 'tcp' | 'http', listener: { name: string }, tags: readonly object[] = []): object {
  const type = kind === 'tcp' ? 'TcpGrpcAccessLogConfig' : 'HttpGrpcAccessLogConfig';
  return {
    name: `envoy.access_loggers.${kind}_grpc`,
    typed_config: {
      ...typed(`envoy.extensions.access_loggers.grpc.v3.${type}`),
      common_config: {
        log_name: `midstream/${listener.name}`,
        transport_api_version: 'V3',
        buffer_flush_interval: '0.2s',
        grpc_service: gatewayService(listener),
        custom_tags: [{ tag: 'listener', literal: { value: listener.name } }, ...tags],
      },
    },
  };
}

/** What ext_authz refused never came to ext_proc. */
const REFUSED_TAG = { tag: 'midstream_refused', value: '%DYNAMIC_METADATA(envoy.filters.http.ext_authz:session)%' };

/** One request of one connection: what upgraded streams are joined by. */
export const HTTP_CONNECTION_ID = '%CONNECTION_ID%-%STREAM_ID%';

/** Requests are joined to their recordings by the session that the gateway named; those that go by hop have no such metadata. */
export const httpLog = (listener: { name: string; hop?: unknown }): object =>
  gatewayLog('http', listener, [
    ...(listener.hop === undefined ? [] : [{ tag: 'connection_id', value: HTTP_CONNECTION_ID }]),
    SESSION_TAG,
    REFUSED_TAG,
  ]);

/** The entry carries the connection's dynamic metadata by itself; the hop has none, and joins by the connection's id. */
function gatewayAccessLog(listener: Pick<EnvoyListener, 'name' | 'transport'>): object {
  const id = { tag: 'connection_id', value: '%CONNECTION_ID%' };
  return gatewayLog('tcp', listener, listener.transport === 'ext_proc' ? [id, SESSION_TAG] : [id]);
}

/** The filters of the listener that agents connect to, in order. */
export function agentFilters(listener: EnvoyListener, gateway: GatewayEndpoints, limits: EnvoyLimits, cluster: string): object[] {
  const inspected = listener.transport === 'ext_proc';
  return [
    ...(gateway.authorize === false ? [] : [authorizeFilter(listener, limits)]),
    ...(inspected && listener.postgres_proxy ? [postgresProxyFilter(listener)] : []),
    ...(inspected ? [processFilter(listener)] : []),
    proxyFilter(listener, listener.name, cluster, { accessLog: gateway.access_log !== false, tellPeer: !inspected }),
  ];
}
