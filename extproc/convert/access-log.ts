/** One TCP connection or one HTTP request as Envoy's own log tells it. */
export interface AccessEntry {
  /** the session, by the dynamic metadata that the gateway gave the connection; empty when it had none */
  session: string;
  /** Envoy's connection id and the listener's name, by custom tags: the join where no metadata can be set (hop) */
  connectionId: string;
  listener: string;
  /** plain values for the recording */
  entry: Record<string, unknown>;
}

type Fields = Record<string, unknown>;
const at = (value: unknown, ...path: string[]): unknown => path.reduce<unknown>((v, key) => (v as Fields | undefined)?.[key], value);

function address(value: unknown): string {
  const socket = at(value, 'socket_address') as { address?: string; port_value?: number } | undefined;
  if (socket) return `${socket.address ?? ''}:${socket.port_value ?? 0}`;
  return (at(value, 'pipe', 'path') as string | undefined) ?? '';
}

function milliseconds(value: unknown): number | undefined {
  const duration = value as { seconds?: number; nanos?: number } | undefined;
  return duration === undefined ? undefined : (duration.seconds ?? 0) * 1000 + (duration.nanos ?? 0) / 1e6;
}

export function accessEntries(message: Fields): AccessEntry[] {
  const logs = (kind: string) => (at(message, kind, 'log_entry') ?? []) as Fields[];
  return [...logs('tcp_logs').map((log) => entryOf(log, tcpFields(log))), ...logs('http_logs').map((log) => entryOf(log, httpFields(log)))];
}

const tcpFields = (log: Fields): Fields => ({
  received_bytes: at(log, 'connection_properties', 'received_bytes') ?? 0,
  sent_bytes: at(log, 'connection_properties', 'sent_bytes') ?? 0,
});

/** Bytes of the bodies. */
const httpFields = (log: Fields): Fields => ({
  received_bytes: at(log, 'request', 'request_body_bytes') ?? 0,
  sent_bytes: at(log, 'response', 'response_body_bytes') ?? 0,
  status: at(log, 'response', 'response_code', 'value') ?? 0,
  details: at(log, 'response', 'response_code_details') ?? '',
});

/** Envoy writes `-` for what is not there. */
const known = (tag: string | undefined): string => (tag === undefined || tag === '-' ? '' : tag);

function entryOf(log: Fields, own: Fields): AccessEntry {
  const common = at(log, 'common_properties');
  const flags = Object.entries((at(common, 'response_flags') ?? {}) as Fields).filter(([, set]) => set === true);
  const tags = (at(common, 'custom_tags') ?? {}) as Record<string, string>;
  const session = at(common, 'metadata', 'filter_metadata', 'midstream', 'fields', 'session', 'string_value');
  return {
    // What ext_authz refused was recorded by it.
    session: known(tags.midstream_refused) || (typeof session === 'string' ? session : known(tags.midstream_session)),
    connectionId: tags.connection_id ?? '',
    listener: tags.listener ?? '',
    entry: {
      source: address(at(common, 'downstream_remote_address')),
      upstream: address(at(common, 'upstream_remote_address')),
      upstream_cluster: at(common, 'upstream_cluster') ?? '',
      ...own,
      duration_ms: milliseconds(at(common, 'duration')),
      flags: flags.map(([name]) => name),
      failure: at(common, 'upstream_transport_failure_reason') ?? '',
      termination: at(common, 'connection_termination_details') ?? '',
      tls: tlsOf(at(common, 'tls_properties')),
    },
  };
}

/** Without the name that the client asked for, which may hold anything: the session has it, masked. */
function tlsOf(properties: unknown): unknown {
  if (typeof properties !== 'object' || properties === null) return null;
  const { tls_sni_hostname: _, ...rest } = properties as Record<string, unknown>;
  return rest;
}
