import { plainTerms } from '../../policy/approval-terms.js';
import type { Decision, Verdict } from '../../policy/types.js';

/** A gRPC call whose answer nobody can look into, by defaults.opaque; undefined where that lets it pass. */
export function opaqueDecision(verdict: Verdict): Decision | undefined {
  if (verdict === 'allow') return undefined;
  const rule = 'default:opaque';
  return {
    verdict,
    matches: [{ rule, verdict, mode: 'enforce' }],
    rule,
    message: 'The answer of this gRPC method can not be looked into: no descriptor of it was given.',
    hint: 'Give its .proto file or descriptor set to the gateway.',
    ...(verdict === 'approve' ? { approval: plainTerms } : {}),
  };
}
