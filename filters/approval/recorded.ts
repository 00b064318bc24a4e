import type { ApproverDecision, HeldOperation, HoldStatus } from './types.js';

/** The end of a hold, as its store tells it to the session that waits. */
export interface ApprovalInput {
  hold: string;
  outcome: 'approved' | 'denied' | 'expired' | 'cancelled' | 'unavailable';
  reason: string;
  decisions: ApproverDecision[];
  lease: string;
}

/** JSON fields of a hold event, beginning with a comma. */
export function holdFields(operation: HeldOperation): string {
  const { request, hold, rule, terms } = operation;
  return fields({ request, hold, rule, by: terms.by, quorum: terms.quorum, wait_ms: terms.wait_ms });
}

/** JSON fields of an approval event. What approvers wrote is masked like everything else. */
export function approvalFields(
  { request, hold }: HeldOperation,
  outcome: Exclude<HoldStatus, 'pending'>,
  decisions: readonly ApproverDecision[],
  lease: string,
  maskText: (text: string) => string,
): string {
  const shown = decisions.map(({ by, verdict, comment, at_ms, from }) => ({
    by,
    verdict,
    comment: maskText(comment),
    at: new Date(at_ms).toISOString(),
    from,
  }));
  return fields({ request, hold, outcome, decisions: shown, lease });
}

const fields = (event: object): string => `,${JSON.stringify(event).slice(1, -1)}`;

/** Why an approved operation is not run after all. */
export const POLICY_CHANGED = 'the policy changed while this operation was held';

const policyChanged = { message: POLICY_CHANGED, hint: 'Send it again: it will be judged by the policy in force.' };

/** What the caller reads whose operation was not let through. */
export function outcomeMessage(input: ApprovalInput): { message: string; hint: string } {
  const hint = 'Talk to the approvers, then send the operation again.';
  switch (input.outcome) {
    case 'approved':
      return policyChanged;
    case 'denied': {
      const last = input.decisions.findLast((d) => d.verdict === 'deny');
      return { message: `denied${last ? ` by ${last.by}` : ''}${last?.comment ? `: ${last.comment}` : ''}`, hint };
    }
    case 'expired':
      if (input.reason === POLICY_CHANGED) return policyChanged;
      return { message: 'nobody approved this operation in time', hint };
    case 'unavailable':
      return {
        message: `this operation needs an approval, and approvals can't be stored now`,
        hint: 'Try again later; tell the operators of the gateway.',
      };
    case 'cancelled':
      return { message: input.reason, hint: '' };
  }
}
