/** What takes a protection off: triggers, rules, policies, constraints, and rights that are lent or unlimited. */
import type { Weakening } from './facts.js';
import { type Body, bodyOf, optionsOf, scalarText, textOf } from './node.js';
import type { Env } from './run.js';

/** Kinds of ALTER TABLE (AlterTableType of parsenodes.h). What fires in replicas only does not fire for clients any more. */
const CHANGES: ReadonlyMap<string, Weakening> = new Map([
  ['AT_DisableTrig', 'triggers'],
  ['AT_DisableTrigAll', 'triggers'],
  ['AT_DisableTrigUser', 'triggers'],
  ['AT_EnableReplicaTrig', 'triggers'],
  ['AT_DisableRule', 'rules'],
  ['AT_EnableReplicaRule', 'rules'],
  ['AT_DisableRowSecurity', 'row_security'],
  ['AT_NoForceRowSecurity', 'row_security'],
  ['AT_DropConstraint', 'constraints'],
  ['AT_DropNotNull', 'constraints'],
]);

const DROPS: ReadonlyMap<string, Weakening> = new Map([
  ['trigger', 'triggers'],
  ['event_trigger', 'triggers'],
  ['rule', 'rules'],
  ['policy', 'row_security'],
]);

/** One AlterTableCmd body. */
export function weakenedByChange(command: Body, env: Env): void {
  const subtype = textOf(command.subtype);
  const weakened = CHANGES.get(subtype);
  if (weakened !== undefined) env.facts.weakens(weakened);
  if (subtype !== 'AT_AlterConstraint') return;
  const change = bodyOf(command.def, 'ATAlterConstraint');
  if (change?.alterEnforceability === true && change.is_enforced !== true) env.facts.weakens('constraints');
}

/** DROP of this type of object. */
export function weakenedByDrop(type: string, env: Env): void {
  const weakened = DROPS.get(type);
  if (weakened !== undefined) env.facts.weakens(weakened);
}

/** ALTER EVENT TRIGGER: `D` disables it, `R` leaves it to replicas ("pg_event_trigger", evtenabled). */
export function weakenedByFiring(firing: string, env: Env): void {
  if (firing === 'D' || firing === 'R') env.facts.weakens('triggers');
}

/** SECURITY DEFINER of CREATE and ALTER FUNCTION; SECURITY INVOKER gives it back. */
export function securityOption(argument: unknown, env: Env): void {
  if (isOn(argument)) env.facts.weakens('security_definer');
}

/** Options of CREATE and ALTER ROLE. */
export function roleOptions(options: unknown, env: Env): void {
  for (const [name, argument] of optionsOf(options)) {
    if (name === 'superuser' && isOn(argument)) env.facts.weakens('superuser');
    if (name === 'bypassrls' && isOn(argument)) env.facts.weakens('row_security');
  }
}

const isOn = (argument: unknown): boolean => !['false', 'off', '0', 'no'].includes((scalarText(argument) ?? 'true').toLowerCase());
