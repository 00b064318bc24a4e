import type { ApprovalTerms, Identity } from '../policy/types.js';

/** A held operation. What is approved is exactly this: identity, text, parameters and policy version are bound by `digest`. */
export interface HeldOperation {
  /** unique, unguessable */
  hold: string;
  session: string;
  request: string;
  identity: Identity;
  resource: string;
  database: string;
  user: string;
  /** masked text and parameters, for people */
  text: string;
  params: (string | null)[];
  fingerprint: string;
  rule: string;
  message: string;
  policy_version: string;
  terms: ApprovalTerms;
  /** marks of the caller's own names (ownMarks): nobody decides on an operation of their own. Not there: stored by an older gateway */
  own?: string[];
  /** sha256 hex over identity, raw text, raw parameters and policy version; the lease key for `same: text` */
  digest: string;
  /** sha256 hex over identity, fingerprint, rule and policy version; the lease key for `same: shape` */
  shape: string;
  created_ms: number;
  expires_ms: number;
}

export type HoldStatus = 'pending' | 'approved' | 'denied' | 'expired' | 'cancelled';

export interface ApproverDecision {
  by: string;
  /** what the same person is called elsewhere: at the provider, in another token */
  names?: string[];
  groups: string[];
  verdict: 'approve' | 'deny';
  comment: string;
  at_ms: number;
  /** address or surface it came from */
  from: string;
}

export interface HoldRecord {
  operation: HeldOperation;
  status: HoldStatus;
  decisions: ApproverDecision[];
  /** why it ended, for cancelled and expired */
  reason: string;
  /** set when the gateway has released the bytes; approved and not yet released may still be cancelled */
  released_ms: number | null;
}

export interface Lease {
  lease: string;
  key: string;
  same: 'shape' | 'text';
  hold: string;
  uses_left: number;
  expires_ms: number;
}

/** A lease for people: what it lets through, for whom, and who gave it. */
export interface GrantedLease extends Lease {
  operation: HeldOperation;
  decisions: ApproverDecision[];
}

/**
 * Stored approvals. SQLite now, Postgres next, same tests for both. All methods reject with MidstreamError `unavailable`
 * when the store cannot be reached: nothing passes then.
 */
export interface ApprovalStore {
  create(operation: HeldOperation): Promise<void>;
  get(hold: string): Promise<HoldRecord | undefined>;
  list(filter: { status?: HoldStatus; limit?: number }): Promise<HoldRecord[]>;
  /**
   * Records one person's decision, atomically: refuses self-approval (forbidden), a person who decided already or a hold that is not pending (conflict),
   * a person outside `terms.by` (forbidden). Returns the record after it; quorum reached or one deny ends it.
   */
  decide(hold: string, decision: ApproverDecision): Promise<HoldRecord>;
  /** Ends a pending (or approved and unreleased) hold: client gone, cancelled, expired. */
  end(hold: string, status: 'expired' | 'cancelled', reason: string, now_ms: number): Promise<HoldRecord | undefined>;
  /** Marks an approved hold as released exactly once; false when it is not approved, was released, or has expired: then the bytes must not go. */
  release(hold: string, now_ms: number): Promise<boolean>;
  /**
   * Ends every hold whose time is over and that is pending, or approved and not released: the gateway that held it may be gone.
   * Returns how many. Whoever serves approvers calls it now and then.
   */
  expireOverdue(now_ms: number): Promise<number>;
  /**
   * Ends every hold of these sessions that is pending, or approved and not released: their gateway was killed, so they can never run.
   * Returns how many.
   */
  abandon(sessions: readonly string[], reason: string): Promise<number>;
  /** Takes one use of a matching lease, atomically; undefined when there is none. */
  takeLease(keys: { shape: string; digest: string }, now_ms: number): Promise<Lease | undefined>;
  /** Leases that can still be taken, those that end first at the beginning, each with the operation whose approval left it. */
  leases(now_ms: number): Promise<GrantedLease[]>;
  /**
   * Takes what is left of a lease back. `forbidden` for somebody who may not decide on its operation, `not_found` when it is not there any more.
   * What runs by it already goes on.
   */
  revokeLease(lease: string, groups: readonly string[], now_ms: number): Promise<void>;
  /**
   * Calls back on every change of this hold until stopped; also works across processes (polling is fine). Changes in quick succession may come as one,
   * the last; the same record may come twice. A hold that is not pending when watching begins is told at once.
   */
  watch(hold: string, changed: (record: HoldRecord) => void): () => void;
  /** Any change of any hold, for `approvals watch` and the API's event stream. */
  watchAll(changed: (record: HoldRecord) => void): () => void;
  close(): Promise<void>;
}
