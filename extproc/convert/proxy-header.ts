import type { SessionOptions } from '../../filters/postgres/session/session.js';
import type { ProxyHeader } from '../../filters/proxy-protocol/index.js';
import { spiffeIdentity } from './identity.js';

/** TLVs that our Envoy configuration adds (envoy/render.ts): who the peer proved to be, and the connection's id. */
export const tlvs = { spiffe: 0xe0, connectionId: 0xe1, subject: 0xe2, tlsVersion: 0xe3, serverName: 0xe4 } as const;

export function proxyPeer(header: ProxyHeader): SessionOptions['peer'] & { connectionId: string } {
  if (header.command !== 'proxy' || header.family === 'unspec') return { identity: undefined, source: '', tls: {}, connectionId: '' };
  // Envoy writes "-" for what it does not have.
  const text = (type: number): string => {
    const value = header.tlvs.find((t) => t.type === type)?.value.toString('utf8') ?? '';
    return value === '-' ? '' : value;
  };
  const source = header.family === 'unix' ? 'unix' : `${header.source.address}:${header.source.port}`;
  const tls: Record<string, string> = {};
  if (text(tlvs.tlsVersion)) tls.tls_version = text(tlvs.tlsVersion);
  if (text(tlvs.serverName)) tls.requested_server_name = text(tlvs.serverName);
  if (text(tlvs.subject)) tls.subject_peer_certificate = text(tlvs.subject);
  if (text(tlvs.spiffe)) tls.uri_san_peer_certificate = text(tlvs.spiffe);
  return { identity: spiffeIdentity(text(tlvs.spiffe), source), source, tls, connectionId: text(tlvs.connectionId) };
}
