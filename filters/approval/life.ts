import { createHash } from 'node:crypto';
import { MidstreamError } from '../errors.js';
import type { Identity } from '../policy/types.js';
import type { ApproverDecision, HeldOperation, HoldRecord, HoldStatus, Lease } from './types.js';

/**
 * The life of a held operation: pending -> approved (quorum) | denied (one no) | expired | cancelled;
 * approved -> released, once; an approved one that is not released may still be cancelled or expire.
 */

export function begin(operation: HeldOperation): HoldRecord {
  return { operation, status: 'pending', decisions: [], reason: '', released_ms: null };
}

/** One person's decision. Throws forbidden (own operation, wrong group) or conflict (ended, late, decided already). */
export function decide(record: HoldRecord, decision: ApproverDecision): HoldRecord {
  const { operation } = record;
  if (record.status !== 'pending') throw new MidstreamError('conflict', `this operation is ${record.status} already`);
  if (decision.at_ms >= operation.expires_ms) throw new MidstreamError('conflict', 'the time to decide on this operation is over');
  if (isOwn(operation.identity, decision.by)) throw new MidstreamError('forbidden', 'nobody approves an operation of their own', { hint: 'ask another approver' });
  const { by } = operation.terms;
  if (by.length > 0 && !by.some((group) => decision.groups.includes(group))) {
    throw new MidstreamError('forbidden', `this operation is for ${by.join(' or ')} to decide`, { hint: `you are in ${decision.groups.join(', ') || 'no group'}` });
  }
  if (record.decisions.some((one) => one.by === decision.by)) throw new MidstreamError('conflict', 'you have decided on this operation already');
  const decisions = [...record.decisions, decision];
  const approvals = decisions.filter((one) => one.verdict === 'approve').length;
  const status: HoldStatus = decision.verdict === 'deny' ? 'denied' : approvals >= operation.terms.quorum ? 'approved' : 'pending';
  return { ...record, decisions, status };
}

/** Ends a hold that is pending, or approved and not released; undefined when there is nothing to end. */
export function end(record: HoldRecord, status: 'expired' | 'cancelled', reason: string): HoldRecord | undefined {
  const open = record.status === 'pending' || (record.status === 'approved' && record.released_ms === null);
  return open ? { ...record, status, reason } : undefined;
}

/** The bytes may go: once, while approved and in time. undefined: they must not. */
export function release(record: HoldRecord, now_ms: number): HoldRecord | undefined {
  if (record.status !== 'approved' || record.released_ms !== null || now_ms >= record.operation.expires_ms) return undefined;
  return { ...record, released_ms: now_ms };
}

/** The lease that an approval leaves behind, when its terms have one. The approved operation itself is not one of its uses. */
export function leaseOf(record: HoldRecord, lease: string, now_ms: number): Lease | undefined {
  const { terms, hold, shape, digest } = record.operation;
  if (record.status !== 'approved' || terms.lease === undefined || terms.lease.uses < 1) return undefined;
  const { same, for_ms, uses } = terms.lease;
  return { lease, key: same === 'shape' ? shape : digest, same, hold, uses_left: uses, expires_ms: now_ms + for_ms };
}

/** The agent itself, and the person behind it as far as the identity tells. */
export function isOwn(identity: Identity, approver: string): boolean {
  const names = [identity.id, identity.claims['sub'], identity.claims['email'], identity.claims['preferred_username']];
  const wanted = approver.normalize('NFKC').toLowerCase();
  return names.some((name) => typeof name === 'string' && name !== '' && name.normalize('NFKC').toLowerCase() === wanted);
}

/** What an approval is bound to. */
export interface Bound {
  identity: Identity;
  resource: string;
  database: string;
  user: string;
  policy_version: string;
}

/** Identity, raw text, raw parameters and policy version: the same operation again has the same digest, nothing else has. */
export function digestOf(what: Bound & { text: string; params: readonly string[] }): string {
  return hash(['text', ...boundFields(what), what.text, String(what.params.length), ...what.params]);
}

/** Identity, shape of the statement, rule and policy version: what a lease `same: shape` covers. */
export function shapeOf(what: Bound & { fingerprint: string; rule: string }): string {
  return hash(['shape', ...boundFields(what), what.fingerprint, what.rule]);
}

const boundFields = ({ identity, resource, database, user, policy_version }: Bound): string[] => [identity.id, identity.kind, identity.issuer, identity.proof, resource, database, user, policy_version];

/** Every field goes in with its length, so that nothing can be shifted from one field to the next. */
function hash(fields: readonly string[]): string {
  const out = createHash('sha256');
  for (const field of fields) out.update(`${Buffer.byteLength(field)}:`).update(field);
  return out.digest('hex');
}
