import type { Identity } from '../../filters/policy/types.js';
import type { Json } from '../../protos/wire.js';
import { ageOf } from '../identity/age.js';

/** Key under which the rendered jwt_authn filter leaves the payload that it has verified. */
export const PAYLOAD_KEY = 'midstream';
const JWT_AUTHN = 'envoy.filters.http.jwt_authn';

/**
 * Who a token says somebody is, where Envoy's own jwt_authn has verified it and its metadata is forwarded. Metadata of filters can't come from a
 * client; the gateway takes it only on listeners that say that Envoy verifies.
 */
export function verifiedIdentity(metadata: Record<string, Json> | undefined, source: string): Identity | undefined {
  const filter = metadata?.[JWT_AUTHN];
  const payload = isObject(filter) ? filter[PAYLOAD_KEY] : undefined;
  if (!isObject(payload)) return undefined;
  const { sub, iss } = payload;
  if (typeof sub !== 'string' || sub === '' || typeof iss !== 'string') return undefined;
  const groups = Array.isArray(payload.groups) ? payload.groups.filter((one): one is string => typeof one === 'string') : [];
  return { id: sub, kind: 'jwt', issuer: iss, groups, claims: payload, source, proof: 'jwt', age_s: ageOf(payload.iat) };
}

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
