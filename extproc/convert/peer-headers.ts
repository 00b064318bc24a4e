import type { Header } from '../../filters/http/effects.js';
import type { PeerFacts } from './network-ext-proc.js';

/** Headers by which our Envoy configuration (envoy/http.ts) tells the hop whose request it is; Envoy takes a client's own away. */
export const peerHeaders = {
  listener: 'x-midstream-listener',
  source: 'x-midstream-source',
  connectionId: 'x-midstream-connection',
  spiffe: 'x-midstream-spiffe',
  subject: 'x-midstream-subject',
  tlsVersion: 'x-midstream-tls-version',
  serverName: 'x-midstream-server-name',
  /** the server's own name, where requests to it are to bear it */
  host: 'x-midstream-host',
} as const;

const names = new Set<string>(Object.values(peerHeaders));

export interface HopRequest {
  listener: string;
  peer: PeerFacts;
  /** empty: the host stays as it is */
  host: string;
  /** what the client sent */
  headers: Header[];
}

/**
 * Takes what Envoy said out of a request's headers. Throws Error where one is missing or stands twice: then it is not our Envoy
 * that speaks, or somebody speaks beside it.
 */
export function hopRequest(headers: readonly Header[]): HopRequest {
  const said = new Map<string, string>();
  for (const [name, value] of headers) {
    if (!names.has(name)) continue;
    if (said.has(name)) throw new Error(`the header ${name} stands twice`);
    said.set(name, Buffer.from(value, 'latin1').toString('utf8'));
  }
  for (const name of names) if (!said.has(name)) throw new Error(`the header ${name} is missing`);
  // Envoy writes "-" for what it does not have.
  const text = (name: string): string => {
    const value = said.get(name)!;
    return value === '-' ? '' : value;
  };
  const tls: Record<string, string> = {};
  for (const [key, name] of [
    ['tls_version', peerHeaders.tlsVersion],
    ['requested_server_name', peerHeaders.serverName],
    ['subject_peer_certificate', peerHeaders.subject],
    ['uri_san_peer_certificate', peerHeaders.spiffe],
  ] as const)
    if (text(name) !== '') tls[key] = text(name);
  return {
    listener: text(peerHeaders.listener),
    peer: {
      source: text(peerHeaders.source),
      connectionId: text(peerHeaders.connectionId),
      spiffe: text(peerHeaders.spiffe),
      subject: text(peerHeaders.subject),
      tls,
    },
    host: text(peerHeaders.host),
    headers: headers.filter(([name]) => !names.has(name)),
  };
}
