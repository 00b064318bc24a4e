import { envoyAddress, parseAddress } from './address.js';
import { typed } from './clusters.js';
import type { EnvoyLimits } from './options.js';

/** Without reuse_port a second Envoy on the same address fails to start, instead of taking half of the connections. */
export function listenOn(name: string, address: string, limits: EnvoyLimits): object {
  const where = parseAddress(address);
  return {
    name,
    address: envoyAddress(where, { listening: true }),
    per_connection_buffer_limit_bytes: limits.connection_buffer_bytes_max,
    ...('path' in where ? {} : { enable_reuse_port: false, connection_balance_config: { exact_balance: {} } }),
  };
}

/** Without it the name that a client asked for (SNI) stays unknown to the gateway. */
export const tlsInspector = {
  name: 'envoy.filters.listener.tls_inspector',
  typed_config: typed('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector'),
};
