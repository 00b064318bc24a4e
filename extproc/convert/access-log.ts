import type { AccessLog } from '../../protos/access-log.js';

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

/** Envoy writes `-` for what is not there. */
const known = (tag: string | undefined): string => (tag === undefined || tag === '-' ? '' : tag);

export function accessEntry(log: AccessLog): AccessEntry {
  const tags = log.custom_tags;
  const { received_bytes, sent_bytes, status, details } = log;
  return {
    // What ext_authz refused was recorded by it.
    session: known(tags['midstream_refused']) || log.session || known(tags['midstream_session']),
    connectionId: tags['connection_id'] ?? '',
    listener: tags['listener'] ?? '',
    entry: {
      source: log.downstream_remote,
      upstream: log.upstream_remote,
      upstream_cluster: log.upstream_cluster,
      ...(log.kind === 'http' ? { received_bytes, sent_bytes, status, details } : { received_bytes, sent_bytes }),
      duration_ms: log.duration_ms,
      flags: log.flags,
      failure: log.upstream_failure,
      termination: log.termination,
      tls: log.tls ?? null,
    },
  };
}
