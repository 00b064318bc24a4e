import type { Answer, Header } from '../../filters/http/effects.js';
import type { PeerFacts } from './network-ext-proc.js';

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

interface RawHeader {
  key?: string;
  value?: string;
  raw_value?: Uint8Array;
}

interface Attributes {
  source?: Peer;
  context_extensions?: Record<string, string>;
  tls_session?: { sni?: string };
  request?: { http?: { method?: string; path?: string; host?: string; header_map?: { headers?: RawHeader[] } } };
}

const attributesOf = (request: Record<string, unknown>): Attributes => request.attributes ?? {};

export function connectQuestion(request: Record<string, unknown>): ConnectQuestion {
  const { source = {}, context_extensions, tls_session } = attributesOf(request);
  return {
    listener: context_extensions?.listener ?? '',
    address: source.address?.socket_address?.address ?? (source.address?.pipe ? 'unix' : ''),
    port: source.address?.socket_address?.port_value ?? 0,
    principal: source.principal ?? '',
    sni: tls_session?.sni ?? '',
  };
}

/** The request's headers, one character a byte, as ext_proc gives them; undefined where a connection is asked about. */
export function requestHeaders(request: Record<string, unknown>): Header[] | undefined {
  const http = attributesOf(request).request?.http;
  if (http === undefined) return undefined;
  const raw = http.header_map?.headers ?? [];
  const latin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  const headers = raw.map(
    ({ key = '', value = '', raw_value }): Header => [
      key.toLowerCase(),
      raw_value === undefined || raw_value.length === 0 ? latin1(value) : Buffer.from(raw_value).toString('latin1'),
    ],
  );
  // Without them nothing is known of the request but what Envoy says beside.
  if (headers.some(([name]) => name === ':path')) return headers;
  const { method = '', path = '', host = '' } = http;
  return [[':method', method], [':path', latin1(path)], [':authority', latin1(host)], ...headers];
}

/** The peer as ext_proc would tell it. */
export function peerOf({ address, port, principal, sni }: ConnectQuestion): PeerFacts {
  const spiffe = principal.includes('://') ? principal : '';
  return {
    source: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    connectionId: '',
    spiffe,
    subject: spiffe === '' ? principal : '',
    tls: {
      ...(sni === '' ? {} : { requested_server_name: sni }),
      ...(spiffe === '' ? {} : { uri_san_peer_certificate: spiffe }),
    },
  };
}

/** A CheckResponse that refuses a request in the words of a problem, and tells Envoy's log which session recorded it. */
export function deniedResponse(answer: Extract<Answer, { part: 'immediate' }>, session: string, code: number): object {
  return {
    status: { code, message: answer.details },
    denied_response: {
      status: { code: answer.status },
      headers: answer.headers.map(([key, value]) => ({ header: { key, value } })),
      body: answer.body.toString('utf8'),
    },
    dynamic_metadata: { fields: { session: { stringValue: session } } },
  };
}
