import { plainTerms, WAIT_MS_DEFAULT } from '../approval-terms.js';
import type { CompiledRule } from '../decide.js';
import { quoted } from '../problems.js';
import type { RuleDocument } from '../structure.js';
import type { ApprovalTerms } from '../types.js';
import type { Mistakes } from './mistakes.js';

/** The rule at /rules/i; undefined where its condition has a mistake. */
export function compileRule(document: RuleDocument, i: number, mistakes: Mistakes): CompiledRule | undefined {
  const at = `/rules/${i}`;
  const condition = mistakes.condition(document.when, `${at}/when`, document.on);
  if (document.approve !== undefined && document.then !== 'approve') {
    mistakes.inKey(
      `${at}/approve`,
      `the rule ${quoted(document.name)} has approve, but its then is ${document.then}`,
      'write then: approve, or remove approve',
    );
  }
  const approval = approvalTerms(document.approve, `${at}/approve`, mistakes);
  if (condition === undefined) return undefined;
  return {
    name: document.name,
    description: document.description ?? '',
    on: document.on,
    condition,
    verdict: document.then,
    mode: document.mode ?? 'enforce',
    enabled: document.enabled ?? true,
    message: document.message ?? messageFor(document),
    hint: document.hint ?? '',
    approval,
    line: mistakes.lineOf(`${at}/name`),
  };
}

function approvalTerms(document: RuleDocument['approve'] = {}, pointer: string, mistakes: Mistakes): ApprovalTerms {
  const terms: ApprovalTerms = {
    by: document.by ?? [...plainTerms.by],
    quorum: document.quorum ?? plainTerms.quorum,
    wait_ms: mistakes.duration(document.wait, `${pointer}/wait`, WAIT_MS_DEFAULT),
  };
  const { lease, respond, keep } = document;
  if (respond === 'accepted') terms.respond = respond;
  if (keep !== undefined) {
    terms.keep_ms = mistakes.duration(keep, `${pointer}/keep`, 0);
    if (respond !== 'accepted') mistakes.inKey(`${pointer}/keep`, 'keep has a meaning for respond: accepted only', 'add respond: accepted');
  }
  if (lease !== undefined)
    terms.lease = { same: lease.same, for_ms: mistakes.duration(lease.for, `${pointer}/lease/for`, 0), uses: lease.uses ?? 20 };
  return terms;
}

function messageFor(rule: RuleDocument): string {
  if (rule.then === 'deny') return `Refused by the rule ${rule.name}.`;
  if (rule.then === 'approve') return `Needs an approval by the rule ${rule.name}.`;
  return '';
}
