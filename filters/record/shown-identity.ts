import type { Identity } from '../policy/types.js';

/** Registered claims (RFC 7519, 4.1; RFC 9068): who vouches for whom, and when. What else a token says may be anybody's personal data. */
const shownClaims = new Set(['iss', 'sub', 'aud', 'jti', 'iat', 'nbf', 'exp', 'azp', 'client_id']);

/** What goes into recordings and to approvers is masked by these, whatever the policy says. */
export interface RecordingMaskers {
  maskText: (text: string) => string;
  /** the same for names of callers and databases */
  maskName: (name: string) => string;
}

/**
 * The identity as recordings and approvers see it: what a client only claims (its user, its application name) is text like any
 * other and may hold a secret. What was proven is shown as it is, but for what else a token says. Who is recognised as the caller of a held
 * operation does not depend on it (filters/approval/own.ts).
 */
export function shownIdentity(identity: Identity, { maskText, maskName }: RecordingMaskers): Identity {
  if (identity.proof === 'jwt')
    return { ...identity, claims: Object.fromEntries(Object.entries(identity.claims).filter(([name]) => shownClaims.has(name))) };
  // Somebody proven may still claim an application's name; who only claims, claims all.
  const only = identity.kind === 'claimed';
  const claims = Object.entries(identity.claims).map(([name, value]) => [
    name,
    typeof value === 'string' && (only || name === 'application_name') ? maskText(value) : value,
  ]);
  return { ...identity, id: only ? maskName(identity.id) : identity.id, claims: Object.fromEntries(claims) };
}

/** What is known of the connection's TLS, as recordings see it: the server's name is the client's to choose, and may hold anything. */
export function shownTls(tls: Record<string, string>, { maskName }: Pick<RecordingMaskers, 'maskName'>): Record<string, string> {
  const name = tls['requested_server_name'];
  return name === undefined ? tls : { ...tls, requested_server_name: maskName(name) };
}
