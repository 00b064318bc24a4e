import { factClass, unavailable } from '../fact-class.js';
import type { Identity } from '../types.js';
import { convertJson } from './json-values.js';

/** Levels of claims that a condition can ask for; what is deeper can't be had. */
const CLAIMS_LEVELS = 8;

// Identities are values: whoever makes them does not change them afterwards.
const convertedIdentity = new WeakMap<Identity, object>();

export function convertIdentity(identity: Identity): object {
  let found = convertedIdentity.get(identity);
  if (found === undefined) {
    found = new (factClass('Identity'))({ ...identity, claims: convertJson(identity.claims, CLAIMS_LEVELS) });
    if (identity.age_s === undefined) unavailable(found, 'age_s', 'nobody knows how old the proof is');
    convertedIdentity.set(identity, found);
  }
  return found;
}

/** What somebody only claims of themselves: a condition has it where it asks how that was proven, and else it can't be had. */
const claimedFacts = ['id', 'groups', 'claims'] as const;
const hiddenIdentity = new WeakMap<Identity, object>();

const isClaimed = ({ kind, proof }: Identity): boolean => kind === 'claimed' || proof === 'claimed';

/** The identity for a condition that does not ask how it was proven; undefined: it is proven. */
export function unprovenIdentity(identity: Identity): object | undefined {
  if (!isClaimed(identity)) return undefined;
  let found = hiddenIdentity.get(identity);
  if (found === undefined) {
    found = new (factClass('Identity'))({ ...identity, claims: new Map() });
    for (const name of [...claimedFacts, 'age_s']) unavailable(found, name, 'the identity is only claimed; ask for identity.proof as well');
    hiddenIdentity.set(identity, found);
  }
  return found;
}
