/** What ext_authz asks, as plain values. */
export interface ConnectQuestion {
  /** the listener's name, from the filter's context extensions or destination */
  listener: string;
  /** address of the peer, without port */
  address: string;
  port: number;
  /** SPIFFE id or certificate subject as Envoy verified it; empty without a client certificate */
  principal: string;
  sni: string;
}

interface Peer {
  address?: { socket_address?: { address?: string; port_value?: number }; pipe?: { path?: string } };
  principal?: string;
}

export function connectQuestion(request: Record<string, unknown>): ConnectQuestion {
  const attributes = (request['attributes'] ?? {}) as {
    source?: Peer;
    context_extensions?: Record<string, string>;
    tls_session?: { sni?: string };
  };
  const source = attributes.source ?? {};
  return {
    listener: attributes.context_extensions?.['listener'] ?? '',
    address: source.address?.socket_address?.address ?? (source.address?.pipe ? 'unix' : ''),
    port: source.address?.socket_address?.port_value ?? 0,
    principal: source.principal ?? '',
    sni: attributes.tls_session?.sni ?? '',
  };
}
