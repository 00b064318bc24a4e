import { begin, digestOf, shapeOf } from '../../../filters/approval/life.js';
import type { ApproverDecision, HeldOperation } from '../../../filters/approval/types.js';
import type { ApprovalTerms, Identity } from '../../../filters/policy/types.js';

export const T0 = 1_790_000_000_000;

export const agent: Identity = {
  id: 'spiffe://shop.example/agent/billing',
  kind: 'spiffe',
  issuer: 'shop.example',
  groups: [],
  claims: { sub: 'svc-billing', email: 'Ann@Shop.example' },
  source: '10.0.0.7:51000',
  proof: 'mtls',
};

let count = 0;

/** A held DELETE; each call has an id of its own. */
export function operation(over: Partial<Omit<HeldOperation, 'terms'>> & { terms?: Partial<ApprovalTerms> } = {}): HeldOperation {
  const hold = over.hold ?? (++count).toString(16).padStart(32, '0');
  const base = { identity: over.identity ?? agent, resource: 'shop', database: 'shop', user: 'app', policy_version: 'v1' };
  const text = over.text ?? 'delete from orders';
  return {
    hold,
    session: 'aa'.repeat(16),
    request: 'r1',
    text,
    params: ['42', null],
    fingerprint: 'f1',
    rule: 'unbounded-writes',
    message: 'Writes without a bound need an approval.',
    digest: digestOf({ ...base, text, params: [] }),
    shape: shapeOf({ ...base, fingerprint: over.fingerprint ?? 'f1', rule: 'unbounded-writes' }),
    created_ms: T0,
    expires_ms: T0 + 900_000,
    ...base,
    ...over,
    terms: { by: ['dba'], quorum: 1, wait_ms: 900_000, ...over.terms },
  };
}

export const held = (over: Parameters<typeof operation>[0] = {}) => begin(operation(over));

export function by(name: string, over: Partial<ApproverDecision> = {}): ApproverDecision {
  return { by: name, groups: ['dba'], verdict: 'approve', comment: '', at_ms: T0 + 1000, from: 'test', ...over };
}
