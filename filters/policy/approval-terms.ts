import type { ApprovalTerms } from './types.js';

/** How long an approval is waited for when the policy does not say, milliseconds. */
export const WAIT_MS_DEFAULT = 15 * 60_000;

/** Terms of an approval that nothing says more about: any approver, one of them. */
export const plainTerms: ApprovalTerms = { by: [], quorum: 1, wait_ms: WAIT_MS_DEFAULT };

/**
 * Terms for an operation that several rules want approved: decisions/0052.
 * `by`: groups that all of the rules that name groups have in common; the list of the first one when there is none.
 * `respond`: accepted only when every rule says so, and then the shortest `keep_ms`.
 * `quorum`: the highest. `wait_ms`: the shortest. `lease`: only when every rule has one, the narrowest of each part.
 */
export function strictestTerms(all: readonly ApprovalTerms[]): ApprovalTerms {
  const named = all.map((terms) => terms.by).filter((by) => by.length > 0);
  const common = (named[0] ?? []).filter((group) => named.every((by) => by.includes(group)));
  const terms: ApprovalTerms = {
    by: common.length > 0 ? common : [...(named[0] ?? [])],
    quorum: Math.max(...all.map((t) => t.quorum)),
    wait_ms: Math.min(...all.map((t) => t.wait_ms)),
  };
  const leases = all.flatMap((t) => (t.lease === undefined ? [] : [t.lease]));
  if (leases.length === all.length) {
    terms.lease = {
      same: leases.some((lease) => lease.same === 'text') ? 'text' : 'shape',
      for_ms: Math.min(...leases.map((lease) => lease.for_ms)),
      uses: Math.min(...leases.map((lease) => lease.uses)),
    };
  }
  if (all.every(({ respond }) => respond === 'accepted')) {
    terms.respond = 'accepted';
    const kept = all.flatMap(({ keep_ms }) => (keep_ms === undefined ? [] : [keep_ms]));
    if (kept.length > 0) terms.keep_ms = Math.min(...kept);
  }
  return terms;
}
