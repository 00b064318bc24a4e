import type { Identity } from '../../filters/policy/types.js';

/** Requests of one connection are one caller's: what is kept beside an identity holds for all of them. */
const known = new Map<string, Identity>();
const KNOWN_MAX = 500;

/** A SPIFFE id counts as proven: Envoy checked the certificate before it told us. */
export function spiffeIdentity(uri: string, source: string): Identity | undefined {
  if (uri === '') return undefined;
  const key = `${source} ${uri}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = provenBy(uri, source);
  if (made === undefined) return undefined;
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(key, made);
  return made;
}

function provenBy(uri: string, source: string): Identity | undefined {
  const id = uri.split(',').find((part) => part.startsWith('spiffe://'));
  if (id === undefined) return undefined;
  const issuer = id.slice('spiffe://'.length).split('/')[0] ?? '';
  return { id, kind: 'spiffe', issuer, groups: [], claims: {}, source, proof: 'mtls', age_s: 0 };
}
