import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { type Condition, compileCondition, failureReason, type Outcome } from './cel.js';
import { callerOf, maskContext, ruleContext } from './context/index.js';
import { type CompiledRule, otherReadings, readersFor } from './decide.js';
import type { CompiledMask, CompiledPolicy } from './index.js';
import type { OperationFacts } from './types.js';

/** One part of a condition, and what it came to. */
export interface PartExplained {
  expression: string;
  /** true, false, or why it could not be had */
  value: string;
  /** for `list.exists(…)` and its like: the elements for which the body holds, as plain facts */
  elements: unknown[];
}

export interface RuleExplained {
  rule: string;
  line: number;
  on: string;
  verdict: string;
  mode: string;
  enabled: boolean;
  /** matched, not matched, not asked (disabled, other protocol), open (its parameters are not bound) */
  outcome: 'matched' | 'not matched' | 'not asked' | 'open';
  error: string;
  parts: PartExplained[];
}

export interface MaskExplained {
  mask: string;
  line: number;
  inForce: boolean;
  unless: string;
  error: string;
}

/** Elements of one part that are shown. */
const ELEMENTS_MAX = 5;

/** A fact value as plain JSON: whole numbers again numbers. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/** The operands of the outermost chain of && or ||. */
function operands(node: ASTNode): ASTNode[] {
  if (node.op !== '&&' && node.op !== '||') return [node];
  const flat = (inner: ASTNode): ASTNode[] => (inner.op === node.op ? (inner.args as [ASTNode, ASTNode]).flatMap(flat) : [inner]);
  return flat(node);
}

const asText = (node: ASTNode): string => serialize(node).replaceAll('.matches_linear(', '.matches(');

/** A part of a condition, with what the whole of it may see of somebody who only claims who they are. */
function evaluated(expression: string, facts: OperationFacts, whole: Condition): unknown {
  const compiled = compileCondition(expression, facts.on, 'any');
  if ('problems' in compiled) return compiled.problems[0]?.what ?? 'not known';
  try {
    const context = ruleContext(facts);
    return compiled.condition.value(whole.asksProof ? { ...context, unproven: undefined } : context);
  } catch (error) {
    if ((error as { code?: string }).code === 'unknown_variable') return 'open: parameters are not bound';
    return `error: ${failureReason(error)}`;
  }
}

function elementsOf(node: ASTNode, facts: OperationFacts, whole: Condition): unknown[] {
  if (node.op !== 'rcall' || !['exists', 'exists_one', 'all'].includes(node.args[0])) return [];
  const [name, list, [variable, body]] = node.args;
  if (variable === undefined || body === undefined) return [];
  const wanted = name === 'all' ? `!(${asText(body)})` : asText(body);
  const found = evaluated(`${asText(list)}.filter(${asText(variable)}, ${wanted})`, facts, whole);
  return Array.isArray(found) ? found.slice(0, ELEMENTS_MAX).map(plain) : [];
}

/** The first reading that the rule matches, else the usual one. */
function outcomeOf(rule: CompiledRule, facts: OperationFacts): { facts: OperationFacts; outcome: Outcome } {
  const usual = { facts, outcome: rule.condition.evaluate(ruleContext(facts)) };
  if (usual.outcome.matched === true && usual.outcome.error === undefined) return usual;
  const others = otherReadings(facts, readersFor([rule])).map(({ facts: other }) => ({
    facts: other,
    outcome: rule.condition.evaluate(ruleContext(other)),
  }));
  const all = [usual, ...others];
  return (
    all.find(({ outcome }) => outcome.matched === true && outcome.error === undefined) ??
    all.find(({ outcome }) => outcome.matched) ??
    usual
  );
}

function explainRule(rule: CompiledRule, facts: OperationFacts): RuleExplained {
  const base = { rule: rule.name, line: rule.line, on: rule.on, verdict: rule.verdict, mode: rule.mode, enabled: rule.enabled };
  if (!rule.enabled || (rule.on !== facts.on && (rule.on !== 'any' || facts.on === 'websocket' || facts.on === 'terminal')))
    return { ...base, outcome: 'not asked', error: '', parts: [] };
  const { facts: shown, outcome } = outcomeOf(rule, facts);
  const parts = operands(rule.condition.ast).map((node) => ({
    expression: asText(node),
    value: String(evaluated(asText(node), shown, rule.condition)),
    elements: elementsOf(node, shown, rule.condition),
  }));
  return {
    ...base,
    outcome: outcome.matched === undefined ? 'open' : outcome.matched ? 'matched' : 'not matched',
    error: outcome.error ?? '',
    parts,
  };
}

function explainMask({ rule, unless, line }: CompiledMask, facts: OperationFacts): MaskExplained {
  const outcome = unless?.evaluate(maskContext(callerOf(facts)));
  const lifted = outcome?.matched === true && outcome.error === undefined;
  return { mask: rule.name, line, inForce: !lifted, unless: unless?.text ?? '', error: outcome?.error ?? '' };
}

/** Why the policy decides as it does about one operation: each rule with the parts of its condition, each mask with its `unless`. */
export function explain(policy: CompiledPolicy, facts: OperationFacts): { rules: RuleExplained[]; masks: MaskExplained[] } {
  return { rules: policy.rules.map((rule) => explainRule(rule, facts)), masks: policy.masks.map((mask) => explainMask(mask, facts)) };
}
