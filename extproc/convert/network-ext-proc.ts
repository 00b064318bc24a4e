import type { Json } from '../../protos/wire.js';

/** What Envoy said of the connection in its first request. */
export interface PeerFacts {
  source: string;
  connectionId: string;
  spiffe: string;
  subject: string;
  tls: Record<string, string>;
}

/** By the attributes of a request: those of one connection are one object (readAttributes). */
const told = new WeakMap<object, PeerFacts>();

export function peerFacts({ attributes }: { attributes: Record<string, Json> | undefined }): PeerFacts {
  if (attributes === undefined) return readPeer({});
  let known = told.get(attributes);
  if (known === undefined) {
    known = readPeer(attributes);
    told.set(attributes, known);
  }
  return known;
}

/**
 * Attributes come as a map of filter name -> Struct, or flat, depending on the version; an absent one is left out (envoy.md).
 */
function readPeer(attributes: Record<string, Json>): PeerFacts {
  const flat = new Map<string, Json>();
  for (const [key, value] of Object.entries(attributes)) {
    flat.set(key, value);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      for (const [inner, leaf] of Object.entries(value)) flat.set(inner, leaf);
  }
  const text = (name: string): string => {
    const value = flat.get(name);
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  };
  const tls: Record<string, string> = {};
  for (const name of [
    'connection.tls_version',
    'connection.requested_server_name',
    'connection.subject_peer_certificate',
    'connection.uri_san_peer_certificate',
  ]) {
    const value = text(name);
    if (value !== '') tls[name.slice('connection.'.length)] = value;
  }
  return {
    source: text('source.address'),
    connectionId: text('connection.id'),
    spiffe: text('connection.uri_san_peer_certificate'),
    subject: text('connection.subject_peer_certificate'),
    tls,
  };
}

/** What the postgres_proxy filter of a contrib Envoy read: `table.database` -> operations. */
export function postgresProxy(metadata: Record<string, Json>): object | undefined {
  const read = metadata['envoy.filters.network.postgres_proxy'];
  return typeof read === 'object' && read !== null && !Array.isArray(read) ? read : undefined;
}
