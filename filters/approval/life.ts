import { MidstreamError } from '../errors.js';
import { canonical, isOwn, namesOf, samePerson } from './own.js';
import type { ApproverDecision, HeldOperation, HoldRecord, HoldStatus, Lease } from './types.js';

export { type Bound, digestOf, shapeOf } from './digest.js';

/**
 * The life of a held operation:
 *
 *   pending ──quorum──▶ approved ──▶ released, once
 *      │                   │
 *      ├──one deny──▶ denied
 *      ├──its time is over──▶ expired ◀──┤
 *      └──client gone──▶ cancelled ◀─────┘
 *
 * Functions take a record and give the next one; a store runs them inside a transaction, so that what they saw is still so when it is written.
 */

/** A new hold: nobody has decided. */
export function begin(operation: HeldOperation): HoldRecord {
  return { operation, status: 'pending', decisions: [], reason: '', released_ms: null };
}

/**
 * One person's decision.
 * Throws `conflict` (ended, late, decided already), `forbidden` (own operation, wrong group) or `bad_input` (nobody's decision).
 */
export function decide(record: HoldRecord, decision: ApproverDecision): HoldRecord {
  const { operation } = record;
  if (canonical(decision.by) === '') throw new MidstreamError('bad_input', 'a decision needs to be somebody’s');
  if (record.status !== 'pending') throw new MidstreamError('conflict', `this operation is ${record.status} already`);
  if (isOverdue(record, decision.at_ms)) throw new MidstreamError('conflict', 'the time to decide on this operation is over');
  if (namesOf(decision).some((name) => isOwn(operation, name)))
    throw new MidstreamError('forbidden', 'nobody decides on an operation of their own', { hint: 'Ask another approver.' });
  checkGroups(operation, decision.groups);
  if (record.decisions.some((one) => namesOf(one).some((name) => namesOf(decision).some((other) => samePerson(name, other)))))
    throw new MidstreamError('conflict', 'you have decided on this operation already');
  const decisions = [...record.decisions, decision];
  return { ...record, decisions, status: statusAfter(decisions, operation.terms.quorum) };
}

/** Throws `forbidden` for somebody who is in none of the groups that decide on it. */
export function checkGroups({ terms: { by } }: HeldOperation, groups: readonly string[]): void {
  if (by.length === 0 || by.some((group) => groups.includes(group))) return;
  throw new MidstreamError('forbidden', `this operation is for ${by.join(' or ')} to decide`, {
    hint: `You are in ${groups.join(', ') || 'no group'}.`,
  });
}

/** One deny ends it; approvals by distinct people up to the quorum approve it. A quorum that is no number is never reached. */
function statusAfter(decisions: readonly ApproverDecision[], quorum: number): HoldStatus {
  if (decisions.some((one) => one.verdict !== 'approve')) return 'denied';
  return decisions.length >= Math.max(1, quorum) ? 'approved' : 'pending';
}

/** The bytes may still go, now or after a decision: pending, or approved and not released. */
export function isOpen(record: HoldRecord): boolean {
  return record.status === 'pending' || (record.status === 'approved' && record.released_ms === null);
}

/** `expires_ms` is the first moment that is too late. Written so that a time that is no number counts as too late. */
export function isOverdue(record: HoldRecord, now_ms: number): boolean {
  return !(now_ms < record.operation.expires_ms);
}

/** Ends a hold that is pending, or approved and not released; undefined when there is nothing to end. */
export function end(record: HoldRecord, status: 'expired' | 'cancelled', reason: string): HoldRecord | undefined {
  return isOpen(record) ? { ...record, status, reason } : undefined;
}

/** Ends a hold whose time is over; undefined when there is time left or nothing to end. */
export function expire(record: HoldRecord, now_ms: number): HoldRecord | undefined {
  return isOverdue(record, now_ms)
    ? end(record, 'expired', record.status === 'approved' ? 'it was approved, and not run in time' : 'nobody decided in time')
    : undefined;
}

/** The bytes may go: once, while approved and in time. undefined: they must not. */
export function release(record: HoldRecord, now_ms: number): HoldRecord | undefined {
  if (record.status !== 'approved' || record.released_ms !== null || isOverdue(record, now_ms)) return undefined;
  return { ...record, released_ms: now_ms };
}

/**
 * The lease that an approval leaves behind, when its terms have one. The approved operation itself is not one of its uses.
 * What could not be parsed has no shape of its own, so a lease on it holds for the same text alone.
 */
export function leaseOf(record: HoldRecord, lease: string, now_ms: number): Lease | undefined {
  const { terms, hold, shape, digest, fingerprint } = record.operation;
  if (record.status !== 'approved' || terms.lease === undefined) return undefined;
  const { for_ms, uses } = terms.lease;
  if (!(uses >= 1) || !(for_ms > 0)) return undefined;
  const same = fingerprint === '' ? 'text' : terms.lease.same;
  return { lease, key: same === 'shape' ? shape : digest, same, hold, uses_left: Math.floor(uses), expires_ms: now_ms + for_ms };
}
