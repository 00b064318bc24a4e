import type { Identity } from '../../filters/policy/types.js';

/** A SPIFFE id counts as proven: Envoy checked the certificate before it told us. */
export function spiffeIdentity(uri: string, source: string): Identity | undefined {
  const id = uri.split(',').find((part) => part.startsWith('spiffe://'));
  if (id === undefined) return undefined;
  const issuer = id.slice('spiffe://'.length).split('/')[0] ?? '';
  return { id, kind: 'spiffe', issuer, groups: [], claims: {}, source, proof: 'mtls', age_s: 0 };
}
