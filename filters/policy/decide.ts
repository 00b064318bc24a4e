import type { HttpReading } from '../http/facts.js';
import { FORWARDED_PORT } from '../http/upgrade/facts.js';
import type { SqlFacts } from '../sql/facts.js';
import { plainTerms, strictestTerms } from './approval-terms.js';
import type { Condition } from './cel.js';
import { ruleContext } from './context/index.js';
import { RuleForms } from './form-values.js';
import { grammarChange } from './grammar.js';
import { RuleKeys } from './respelled.js';
import type { ApprovalTerms, Decision, HttpOperation, Mode, OperationFacts, RuleMatch, Verdict } from './types.js';

export interface CompiledRule {
  name: string;
  description: string;
  on: 'postgres' | 'http' | 'websocket' | 'terminal' | 'kubernetes' | 'mcp' | 'any';
  condition: Condition;
  verdict: Verdict;
  mode: Mode;
  enabled: boolean;
  message: string;
  hint: string;
  approval: ApprovalTerms;
  /** where the rule's name stands in the file, from 1 */
  line: number;
}

export interface Defaults {
  unparsed: Verdict;
  opaque: Verdict;
  grammar: 'pin' | 'follow';
  allow: boolean;
}

/** A match with what the verdict would say to people. */
interface Candidate {
  match: RuleMatch;
  message: string;
  hint: string;
  approval: ApprovalTerms;
}

/** The order of verdicts: the highest wins. */
export const strictness: Record<Verdict, number> = { allow: 0, approve: 1, deny: 2 };

const enforced = (rule: string, verdict: Verdict, message: string, hint = ''): Candidate => ({
  match: { rule, verdict, mode: 'enforce' },
  message,
  hint,
  approval: plainTerms,
});

/** Rules in force that match, in the order of the file. */
function matchingRules(rules: readonly CompiledRule[], facts: OperationFacts): Candidate[] {
  if (rules.length === 0) return [];
  const found: Candidate[] = [];
  const context = ruleContext(facts);
  for (const rule of rules) {
    const outcome = rule.condition.evaluate(context);
    if (outcome.matched !== true) continue;
    const match: RuleMatch = { rule: rule.name, verdict: rule.verdict, mode: rule.mode };
    if (outcome.error !== undefined) match.error = outcome.error;
    found.push({ match, message: unknownMessage(facts, match) ?? rule.message, hint: rule.hint, approval: rule.approval });
  }
  return found;
}

/** A rule that could not be asked about a body has not seen in it what its own message says. */
function unknownMessage(facts: OperationFacts, { rule, verdict, error }: RuleMatch): string | undefined {
  const asked =
    facts.on === 'http' ? facts.http : facts.on === 'websocket' ? facts.message : facts.on === 'kubernetes' ? facts.k8s : undefined;
  if (error === undefined || asked === undefined || (error !== asked.unreadable && error !== asked.unparsed)) return undefined;
  return `${verdict === 'approve' ? 'Needs an approval' : 'Refused'}: the rule ${rule} asks about what can’t be read (${error}).`;
}

/** Stricter, or as strict and known where the other could not be asked: that is the reason that people can do something about. */
function outdoes({ match }: Candidate, settled: Candidate | undefined): boolean {
  const more = strictness[match.verdict] - strictness[settled?.match.verdict ?? 'allow'];
  return more > 0 || (more === 0 && settled?.match.error !== undefined && match.error === undefined);
}

function sqlDefaults(defaults: Defaults, sql: SqlFacts): Candidate[] {
  const found: Candidate[] = [];
  const { unparsed, opaque } = sql;
  if (unparsed !== '')
    found.push(
      enforced(
        'default:unparsed',
        defaults.unparsed,
        `The statement could not be understood: ${unparsed}.`,
        'Statements that the gateway cannot read are not passed on.',
      ),
    );
  if (opaque.length > 0)
    found.push(enforced('default:opaque', defaults.opaque, `The statement hides what it does: ${opaque.slice(0, 3).join(', ')}.`));
  const change = defaults.grammar === 'pin' ? grammarChange(sql) : '';
  if (change !== '')
    found.push(
      enforced(
        'default:grammar',
        'deny',
        `The statement changes how SQL is read: ${change}.`,
        'Use UTF8 and the standard settings for strings.',
      ),
    );
  return found;
}

function httpDefaults(defaults: Defaults, what: 'request' | 'message' | 'line', unparsed: string): Candidate[] {
  if (unparsed === '') return [];
  const hint = `${{ request: 'Requests', message: 'Messages', line: 'Lines' }[what]} that can be read in several ways are not passed on.`;
  return [enforced('default:unparsed', defaults.unparsed, `The ${what} could not be understood: ${unparsed}.`, hint)];
}

function upgradeDefaults(defaults: Defaults, opaque: string): Candidate[] {
  return opaque === '' ? [] : [enforced('default:opaque', defaults.opaque, `What follows this request can not be read: ${opaque}.`)];
}

/** A request that is not understood is so once, whatever stands in it. */
function requestDefaults(defaults: Defaults, { http: { unparsed }, sql }: HttpOperation): Candidate[] {
  const found = httpDefaults(defaults, 'request', unparsed);
  const asked = sql === undefined ? [] : sqlDefaults(defaults, sql);
  return [...found, ...(found.length === 0 ? asked : asked.filter(({ match }) => match.rule !== 'default:unparsed'))];
}

function ownDefaults(defaults: Defaults, facts: OperationFacts): Candidate[] {
  if (facts.on === 'postgres') return sqlDefaults(defaults, facts.sql);
  if (facts.on === 'http') return [...requestDefaults(defaults, facts), ...upgradeDefaults(defaults, facts.http.opaque)];
  if (facts.on === 'websocket') return httpDefaults(defaults, 'message', facts.message.unparsed);
  if (facts.on === 'terminal') return httpDefaults(defaults, 'line', facts.terminal.unparsed);
  if (facts.on === 'mcp') return [];
  const { unparsed, subresource } = facts.k8s;
  return [
    ...httpDefaults(defaults, 'request', unparsed),
    ...upgradeDefaults(defaults, subresource === 'portforward' ? FORWARDED_PORT : ''),
  ];
}

function matchingDefaults(defaults: Defaults, facts: OperationFacts, matched: readonly Candidate[]): Candidate[] {
  const found = ownDefaults(defaults, facts);
  // A rule that failed to evaluate counts as matched with its verdict, but an allow that came from a failure allows nothing.
  const ruled = matched.some(({ match }) => match.mode === 'enforce' && (match.verdict !== 'allow' || match.error === undefined));
  // The request that opened a stream was let in by a rule.
  if (!defaults.allow && !ruled && facts.on !== 'websocket' && facts.on !== 'terminal')
    found.push(enforced('default:allow', 'deny', 'No rule of the policy allows this.'));
  return found;
}

/** The verdict of a rule set on one operation: design/policy.md. Throws nothing; a condition that fails counts as matched. */
export function decide(rules: readonly CompiledRule[], defaults: Defaults, facts: OperationFacts): Decision {
  const candidates = matchingRules(rules, facts);
  candidates.push(...matchingDefaults(defaults, facts, candidates));
  let settled: Candidate | undefined;
  for (const candidate of candidates) {
    if (candidate.match.mode === 'enforce' && outdoes(candidate, settled)) settled = candidate;
  }
  const matches = candidates.map((candidate) => candidate.match);
  if (settled === undefined) return { verdict: 'allow', matches, rule: '', message: '', hint: '' };
  const { rule, verdict } = settled.match;
  const decision: Decision = { verdict, matches, rule, message: settled.message, hint: settled.hint };
  if (verdict === 'approve') {
    decision.approval = strictestTerms(
      candidates.filter(({ match }) => match.mode === 'enforce' && match.verdict === 'approve').map((c) => c.approval),
    );
  }
  return decision;
}

/**
 * The verdict on an operation in every way that it can be read: the strictest of all. A reading that differs by small letters alone, or is what a name
 * looks like, need not be allowed by a rule of its own: it is there for servers and people that do not tell them apart.
 */
export function decideReadings(rules: readonly CompiledRule[], defaults: Defaults, facts: OperationFacts, readers: Readers): Decision {
  const usual = decide(rules, defaults, facts);
  const others = otherReadings(facts, readers);
  if (others.length === 0) return usual;
  const decisions = others.map(({ lowered, facts: other }) => decide(rules, lowered ? { ...defaults, allow: true } : defaults, other));
  const decision = strictestDecision([usual, ...decisions]);
  return { ...decision, matches: eachOnce(decision.matches) };
}

/** What else rules ask an operation for, known once for all operations. */
export interface Readers {
  readonly keys: RuleKeys;
  readonly forms: RuleForms;
}

export const readersFor = (rules: readonly Pick<CompiledRule, 'condition'>[]): Readers => ({
  keys: new RuleKeys(rules),
  forms: new RuleForms(rules),
});

/** One way to read an operation; `lowered` as in HttpReading. */
interface Reading {
  lowered: boolean;
  facts: OperationFacts;
}

/**
 * The same operation as other readers take it: those that read another request, those that take keys for the ones that the rules ask for, and
 * those that take one value of a form's field.
 */
export function otherReadings(facts: OperationFacts, { keys, forms }: Readers): Reading[] {
  const usual = { lowered: false, facts };
  const requests = otherRequests(facts);
  // Most operations can be read in one way only.
  if (requests.length === 0) {
    const spelled = keys.readings(facts);
    if (spelled.length === 0) return forms.readings(facts).map((other) => ({ lowered: false, facts: other }));
  }
  const respelled = ({ lowered, facts: one }: Reading): Reading[] => keys.readings(one).map((other) => ({ lowered, facts: other }));
  const others = [...requests, ...respelled(usual), ...requests.flatMap(respelled)];
  const singles = ({ lowered, facts: one }: Reading): Reading[] => forms.readings(one).map((other) => ({ lowered, facts: other }));
  return [...others, ...singles(usual), ...others.flatMap(singles)];
}

function otherRequests(facts: OperationFacts): Reading[] {
  if (facts.on === 'mcp') {
    const { also = [], alike } = facts;
    const readings = also.map((mcp) => ({ lowered: false, facts: { ...facts, mcp } }));
    return alike === undefined ? readings : [...readings, { lowered: true, facts: { ...facts, mcp: alike } }];
  }
  if (facts.on !== 'http') return [];
  return (facts.also ?? []).map((reading) => ({ lowered: reading.lowered, facts: readAs(facts, reading) }));
}

function readAs(facts: HttpOperation, { http, sql, params }: HttpReading): HttpOperation {
  const { sql: _sql, params: _params, ...rest } = facts;
  return { ...rest, http, ...(sql === undefined ? {} : { sql }), ...(params === undefined ? {} : { params }) };
}

/** A rule that matches several readings is told of once, without an error where it matched one without. */
function eachOnce(matches: readonly RuleMatch[]): RuleMatch[] {
  const kept = new Map<string, RuleMatch>();
  for (const match of matches) if (kept.get(match.rule)?.error !== undefined || !kept.has(match.rule)) kept.set(match.rule, match);
  return [...kept.values()];
}

/** One decision for an operation that is several at once: the strictest, with all that matched. */
export function strictestDecision(decisions: readonly Decision[]): Decision {
  const first = decisions.reduce((worst, one) => (strictness[one.verdict] > strictness[worst.verdict] ? one : worst));
  if (decisions.length === 1) return first;
  const matches = new Map(decisions.flatMap(({ matches: all }) => all.map((match) => [JSON.stringify(match), match])));
  const terms = decisions.flatMap(({ verdict, approval }) => (verdict === 'approve' && approval ? [approval] : []));
  return {
    ...first,
    matches: [...matches.values()],
    ...(first.verdict === 'approve' && terms.length > 0 ? { approval: strictestTerms(terms) } : {}),
  };
}
