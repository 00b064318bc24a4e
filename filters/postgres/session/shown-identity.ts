import type { Identity } from '../../policy/types.js';

/** The identity as recordings and approvers see it: what a client claims (its application name) is text like any other and may hold a secret. */
export function shownIdentity(identity: Identity, maskText: (text: string) => string): Identity {
  const { application_name } = identity.claims;
  if (typeof application_name !== 'string') return identity;
  return { ...identity, claims: { ...identity.claims, application_name: maskText(application_name) } };
}
