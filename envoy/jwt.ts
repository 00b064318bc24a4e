import { HEADER_KEY, PAYLOAD_KEY } from '../extproc/convert/jwt-authn.js';
import { seconds, typed } from './clusters.js';
import type { EnvoyLimits, HttpListener, JwtProvider } from './options.js';
import { serverVersions } from './tls.js';

export const JWT_AUTHN = 'envoy.filters.http.jwt_authn';

/** Longest answer of a server of keys, milliseconds, and how often keys are fetched again at least, seconds. */
const KEYS_MS_MAX = 5_000;
const KEYS_REFRESH_S_MAX = 300;

const keysCluster = (listener: HttpListener, at: number): string => `${listener.name}_keys_${at + 1}`;

/** Verifies signed tokens before anything else reads the request, takes them out of it, and leaves what they say in the metadata. */
export function jwtFilter(listener: HttpListener): object | undefined {
  const { jwt } = listener;
  if (jwt === undefined || jwt.providers.length === 0) return undefined;
  const names = jwt.providers.map((_, at) => ({ provider_name: `issuer_${at + 1}` }));
  const any = [...names, ...(jwt.required ? [] : [{ allow_missing: {} }])];
  return {
    name: JWT_AUTHN,
    typed_config: {
      ...typed('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication'),
      providers: Object.fromEntries(jwt.providers.map((one, at) => [`issuer_${at + 1}`, provider(listener, one, at)])),
      rules: [{ match: { prefix: '/' }, requires: any.length === 1 ? any[0] : { requires_any: { requirements: any } } }],
    },
  };
}

function provider(listener: HttpListener, { issuer, audiences, keys, keys_ms_max, clock_tolerance_s }: JwtProvider, at: number): object {
  return {
    issuer,
    audiences,
    // The agent's token goes no further.
    forward: false,
    payload_in_metadata: PAYLOAD_KEY,
    // For its algorithm and its key, which the gateway looks at.
    header_in_metadata: HEADER_KEY,
    // Of itself Envoy also takes one out of the query, where it would be logged on the way.
    from_headers: [{ name: 'Authorization', value_prefix: 'Bearer ' }],
    require_expiration: true,
    clock_skew_seconds: clock_tolerance_s,
    ...('file' in keys
      ? { local_jwks: { filename: keys.file } }
      : {
          remote_jwks: {
            http_uri: { uri: keys.url, cluster: keysCluster(listener, at), timeout: seconds(KEYS_MS_MAX) },
            cache_duration: { seconds: Math.max(1, Math.min(KEYS_REFRESH_S_MAX, Math.floor(keys_ms_max / 1000))) },
            async_fetch: { fast_listener: true },
          },
        }),
  };
}

/** Where keys are fetched. */
export function jwtClusters(listener: HttpListener, limits: EnvoyLimits): object[] {
  return (listener.jwt?.providers ?? []).flatMap(({ keys }, at) => {
    if ('file' in keys) return [];
    const { protocol, hostname, port } = new URL(keys.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const tls = protocol === 'https:';
    const name = keysCluster(listener, at);
    const address = { socket_address: { address: host, port_value: port === '' ? (tls ? 443 : 80) : Number(port) } };
    const named = !/^[\d.]+$|:/.test(host);
    return [
      {
        name,
        ...(named ? { type: 'STRICT_DNS', dns_lookup_family: 'V4_PREFERRED' } : { type: 'STATIC' }),
        connect_timeout: seconds(limits.connect_ms_max),
        ...(tls
          ? {
              transport_socket: {
                name: 'envoy.transport_sockets.tls',
                typed_config: {
                  ...typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
                  ...(named ? { sni: host } : {}),
                  common_tls_context: {
                    ...serverVersions,
                    validation_context: {
                      trusted_ca: { filename: '/etc/ssl/certs/ca-certificates.crt' },
                      match_typed_subject_alt_names: [{ san_type: named ? 'DNS' : 'IP_ADDRESS', matcher: { exact: host } }],
                    },
                  },
                },
              },
            }
          : {}),
        load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
      },
    ];
  });
}
