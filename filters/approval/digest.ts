import { createHash } from 'node:crypto';
import type { Identity } from '../policy/types.js';

/** What an approval is bound to, whatever the statement. */
export interface Bound {
  identity: Identity;
  resource: string;
  database: string;
  user: string;
  policy_version: string;
}

/**
 * SHA-256 (hex) of identity, raw text, raw parameters and policy version: the same operation again has the same digest, nothing else has.
 * A NULL parameter is not an empty one.
 */
export function digestOf(what: Bound & { text: string; params: readonly (string | null)[] }): string {
  return hash(['text', ...boundFields(what), what.text, String(what.params.length), ...what.params]);
}

/** SHA-256 (hex) of identity, shape of the statement, rule and policy version: what a lease with `same: shape` covers. */
export function shapeOf(what: Bound & { fingerprint: string; rule: string }): string {
  return hash(['shape', ...boundFields(what), what.fingerprint, what.rule]);
}

const boundFields = ({ identity, resource, database, user, policy_version }: Bound): string[] => [
  identity.id,
  identity.kind,
  identity.issuer,
  identity.proof,
  resource,
  database,
  user,
  policy_version,
];

/** Every field goes in with its length in bytes, so that nothing can be shifted from one field to the next. */
function hash(fields: readonly (string | null)[]): string {
  const out = createHash('sha256');
  for (const field of fields) {
    if (field === null) out.update('-:');
    else out.update(`${Buffer.byteLength(field)}:`).update(field);
  }
  return out.digest('hex');
}
