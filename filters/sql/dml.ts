/** INSERT, UPDATE, DELETE, MERGE: targets, written columns, bounds, RETURNING. */
import { carryRows, carryValue } from './carry.js';
import { openWith } from './cte.js';
import type { OutputColumn } from './facts.js';
import { isConflictFiltered, isFiltered, isMergeFiltered } from './filtered.js';
import { addFromItem } from './from.js';
import { type Body, bodyOf, listOf, textOf } from './node.js';
import { selectOutputs, targetOutputs } from './query.js';
import { type Env, withScope } from './run.js';
import { type Item, type Scope, starOf } from './scope.js';
import { Taint } from './taint.js';
import { walk } from './walk.js';

/** Visits a data-modifying statement; returns the outputs of its RETURNING list. */
export function returningStatement(type: string, body: Body, env: Env): OutputColumn[] {
  switch (type) {
    case 'SelectStmt':
      return selectOutputs(body, env, 'output');
    case 'InsertStmt':
      return insertStatement(body, env);
    case 'UpdateStmt':
      return updateStatement(body, env);
    case 'DeleteStmt':
      return deleteStatement(body, env);
    case 'MergeStmt':
      return mergeStatement(body, env);
    default:
      env.facts.opaque(`unknown node ${type}`);
      walk(body, env, 'expression', undefined);
      return [];
  }
}

interface Target {
  schema: string;
  table: string;
  item: Item;
}

/** The relation that is written. A common table expression of the same name does not stand in its way. */
function writeTarget(relation: unknown, env: Env): Target {
  const body = (relation ?? {}) as Body;
  const schema = textOf(body.schemaname);
  const table = textOf(body.relname);
  env.facts.object('table', schema, table, 'write');
  env.facts.facts.writes = true;
  const alias = textOf((body.alias as Body | undefined)?.aliasname);
  const item: Item = { alias: alias || table, schema: alias === '' ? schema : '', outputs: [starOf({ schema, table })] };
  return { schema, table, item };
}

function insertStatement(body: Body, env: Env): OutputColumn[] {
  const inner = openWith(body.withClause, env);
  const target = writeTarget(body.relation, inner);
  const columns = listOf(body.cols);
  if (columns.length === 0) env.facts.column(target.schema, target.table, '*', 'write');
  noteWritten(columns, target, inner);
  const select = bodyOf(body.selectStmt, 'SelectStmt');
  if (select !== undefined) {
    const outputs = selectOutputs(select, inner, 'output');
    carryRows(
      inner,
      'insert',
      { schema: target.schema, table: target.table },
      columns.length === 0 ? undefined : namesOf(columns),
      outputs,
      false,
    );
  }
  const conflict = body.onConflictClause as Body | undefined;
  if (conflict !== undefined) {
    const excluded: Item = { ...target.item, alias: 'excluded' };
    const scope: Scope = { items: [target.item, { ...excluded, qualified_only: true }], expansion: [], parent: env.scope };
    const own = withScope(inner, scope);
    walk(conflict.infer, own, 'predicate', undefined);
    noteWritten(conflict.targetList, target, own);
    walk(conflict.whereClause, own, 'predicate', undefined);
    if (conflict.action === 'ONCONFLICT_UPDATE') env.facts.object('table', target.schema, target.table, 'read');
    env.facts.facts.filtered = isConflictFiltered(select, conflict, target.item.alias, target.table);
  }
  return returning(body.returningClause, target, [], inner);
}

function updateStatement(body: Body, env: Env): OutputColumn[] {
  const inner = openWith(body.withClause, env);
  const target = writeTarget(body.relation, inner);
  const { scope, own } = targetScope(target, inner);
  for (const item of listOf(body.fromClause)) addFromItem(item, own, scope, undefined);
  noteWritten(body.targetList, target, own);
  walk(body.whereClause, own, 'predicate', undefined);
  if (body.whereClause !== undefined) env.facts.object('table', target.schema, target.table, 'read');
  env.facts.facts.filtered = isFiltered(body.whereClause, target.item.alias, target.table, body.fromClause);
  noteSettingsUpdate(body, target, own);
  return returning(body.returningClause, target, scope.items.slice(1), inner, scope);
}

/** UPDATE pg_settings is set_config by another name (a rule of that view). */
function noteSettingsUpdate(body: Body, target: Target, env: Env): void {
  if (target.table !== 'pg_settings' || body.targetList === undefined) return;
  env.run.set({ name: '*', value: undefined, local: false });
  env.facts.facts.setting = '*';
}

function deleteStatement(body: Body, env: Env): OutputColumn[] {
  const inner = openWith(body.withClause, env);
  const target = writeTarget(body.relation, inner);
  const { scope, own } = targetScope(target, inner);
  for (const item of listOf(body.usingClause)) addFromItem(item, own, scope, undefined);
  walk(body.whereClause, own, 'predicate', undefined);
  if (body.whereClause !== undefined) env.facts.object('table', target.schema, target.table, 'read');
  env.facts.facts.filtered = isFiltered(body.whereClause, target.item.alias, target.table, body.usingClause);
  return returning(body.returningClause, target, scope.items.slice(1), inner, scope);
}

function mergeStatement(body: Body, env: Env): OutputColumn[] {
  const inner = openWith(body.withClause, env);
  const target = writeTarget(body.relation, inner);
  env.facts.object('table', target.schema, target.table, 'read');
  const { scope, own } = targetScope(target, inner);
  // RETURNING * gives the source's columns first.
  scope.expansion.length = 0;
  addFromItem(body.sourceRelation, own, scope, undefined);
  scope.expansion.push(...target.item.outputs);
  walk(body.joinCondition, own, 'predicate', undefined);
  for (const clause of listOf(body.mergeWhenClauses)) {
    const when = bodyOf(clause, 'MergeWhenClause');
    if (when === undefined) continue;
    walk(when.condition, own, 'predicate', undefined);
    if (when.commandType === 'CMD_INSERT' && listOf(when.targetList).length === 0) {
      env.facts.column(target.schema, target.table, '*', 'write');
    }
    noteWritten(when.targetList, target, own);
    const names = namesOf(listOf(when.targetList));
    for (const [i, value] of listOf(when.values).entries()) {
      const taint = new Taint();
      walk(value, own, 'expression', taint);
      carryValue(own, 'merge', { schema: target.schema, table: target.table, column: names[i] ?? '' }, taint);
    }
  }
  env.facts.facts.filtered = isMergeFiltered(body, target.item.alias, target.table);
  return returning(body.returningClause, target, scope.items.slice(1), inner, scope);
}

function targetScope(target: Target, env: Env): { scope: Scope; own: Env } {
  const scope: Scope = { items: [target.item], expansion: [...target.item.outputs], parent: env.scope };
  return { scope, own: withScope(env, scope) };
}

/** SET and column lists: the column is written, what it is set to is read. */
function noteWritten(list: unknown, target: Target, env: Env): void {
  for (const entry of listOf(list)) {
    const body = bodyOf(entry, 'ResTarget');
    if (body === undefined) continue;
    env.facts.column(target.schema, target.table, textOf(body.name), 'write');
    walk(body.indirection, env, 'expression', undefined);
    if (body.val === undefined) continue;
    const taint = new Taint();
    walk(body.val, env, 'expression', taint);
    carryValue(env, 'update', { schema: target.schema, table: target.table, column: textOf(body.name) }, taint);
  }
}

/** Names of a list of columns. */
function namesOf(list: unknown[]): string[] {
  return list.map((entry) => textOf(bodyOf(entry, 'ResTarget')?.name));
}

function returning(clause: unknown, target: Target, others: Item[], env: Env, from?: Scope): OutputColumn[] {
  const body = clause as Body | undefined;
  if (body === undefined) return [];
  env.facts.object('table', target.schema, target.table, 'read');
  let old = 'old';
  let fresh = 'new';
  for (const option of listOf(body.options)) {
    const named = bodyOf(option, 'ReturningOption');
    if (named === undefined) continue;
    if (named.option === 'RETURNING_OPTION_OLD') old = textOf(named.value);
    else fresh = textOf(named.value);
  }
  const items: Item[] = [
    target.item,
    ...others,
    { ...target.item, alias: old, schema: '', qualified_only: true },
    { ...target.item, alias: fresh, schema: '', qualified_only: true },
  ];
  const scope: Scope = { items, expansion: from?.expansion ?? [...target.item.outputs], parent: env.scope };
  return targetOutputs(body.exprs, withScope(env, scope), 'output');
}
