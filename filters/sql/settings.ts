/** SET, RESET, SHOW, ALTER SYSTEM, ALTER ROLE/DATABASE … SET, DISCARD: which setting becomes what. */
import { CODE_SETTINGS } from './catalogue/reach.js';
import { type Body, bodyOf, listOf, optionsOf, scalarText, textOf } from './node.js';
import type { Env } from './run.js';
import { walk } from './walk.js';

/** Visits one of the statements about settings. */
export function settingStatement(type: string, body: Body, env: Env): void {
  const facts = env.facts.facts;
  switch (type) {
    case 'VariableSetStmt':
      variableSet(body, env);
      return;
    case 'VariableShowStmt':
      facts.setting = textOf(body.name).toLowerCase();
      return;
    case 'DiscardStmt':
      facts.object = textOf(body.target)
        .replace(/^DISCARD_/, '')
        .toLowerCase();
      if (body.target === 'DISCARD_ALL' || body.target === undefined) env.run.set({ name: '*', value: undefined, local: false });
      return;
    case 'AlterSystemStmt':
      env.facts.reach('settings');
      env.facts.reach('server');
      break;
    case 'AlterRoleSetStmt': {
      const role = body.role as Body | undefined;
      env.facts.object('role', '', role === undefined ? '*' : roleName(role), 'define');
      if (textOf(body.database) !== '') env.facts.object('database', '', textOf(body.database), 'define');
      env.facts.reach('settings');
      break;
    }
    default:
      env.facts.object('database', '', textOf(body.dbname), 'define');
      env.facts.reach('settings');
  }
  variableSet((body.setstmt ?? {}) as Body, env, false);
}

/** A role's name as written; the special ones by their keyword. */
export function roleName(role: Body): string {
  const name = textOf(role.rolename);
  return name !== ''
    ? name
    : textOf(role.roletype)
        .replace(/^ROLESPEC_/, '')
        .toLowerCase();
}

/** Notes a VariableSetStmt body; `own` is false where it is part of another statement, whose kind stays. */
export function variableSet(body: Body, env: Env, own = true): void {
  const facts = env.facts.facts;
  const kind = textOf(body.kind);
  const reset = kind === 'VAR_RESET' || kind === 'VAR_RESET_ALL';
  if (own && reset) facts.kind = 'reset';
  if (kind === 'VAR_SET_MULTI') {
    multiSet(body, env);
    return;
  }
  const name = kind === 'VAR_RESET_ALL' ? '*' : textOf(body.name).toLowerCase();
  const values = listOf(body.args).map((arg) => scalarText(arg) ?? '');
  const value = kind === 'VAR_SET_VALUE' ? values.join(', ') : undefined;
  env.facts.setting(name, kind === 'VAR_SET_VALUE' ? values[0] : undefined);
  if (CODE_SETTINGS.has(name)) env.facts.reach('code');
  env.run.set({ name, value, local: body.is_local === true });
  walk(body.args, env, 'expression', undefined);
}

/** SET TRANSACTION, SET SESSION CHARACTERISTICS, SET TRANSACTION SNAPSHOT. */
function multiSet(body: Body, env: Env): void {
  const facts = env.facts.facts;
  facts.setting = textOf(body.name).toLowerCase();
  const session = facts.setting === 'session characteristics';
  if (bodyOf(listOf(body.args)[0], 'DefElem') === undefined) facts.setting_value = scalarText(listOf(body.args)[0]) ?? '';
  for (const [name, argument] of optionsOf(body.args)) {
    const value = scalarText(argument) ?? '';
    if (facts.setting_value === '') facts.setting_value = value;
    env.run.set({ name: session ? `default_${name}` : name, value, local: !session });
  }
}
