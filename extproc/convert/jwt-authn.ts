import type { Json } from '../../protos/wire.js';
import type { EnvoyVerified } from '../identity/jwt.js';

/** Keys under which the rendered jwt_authn filter leaves the payload and the header that it has verified. */
export const PAYLOAD_KEY = 'midstream';
export const HEADER_KEY = 'midstream_header';
const JWT_AUTHN = 'envoy.filters.http.jwt_authn';

/**
 * What a token says, where Envoy's own jwt_authn has verified it and its metadata is forwarded. Metadata of filters can't come from a
 * client; the gateway takes it only on listeners that say that Envoy verifies.
 */
export function verifiedByEnvoy(metadata: Record<string, Json> | undefined): EnvoyVerified | undefined {
  const filter = metadata?.[JWT_AUTHN];
  if (!isObject(filter)) return undefined;
  const { [PAYLOAD_KEY]: payload, [HEADER_KEY]: header } = filter;
  return isObject(payload) && isObject(header) ? ({ payload, header } as unknown as EnvoyVerified) : undefined;
}

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
