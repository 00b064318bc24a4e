/**
 * Whether a write is bounded by its condition. A condition bounds a write when it looks at the target's own columns and
 * is not true for every row in disguise: `true`, `1 = 1`, `id = id`, `x is null or x is not null`, `exists (select 1)`, …
 * A condition that does not look at the target at all (`now() > …`, an uncorrelated subquery) holds for all rows or for none.
 */
import { type Body, bodyOf, listOf, stringOf, stringsOf, textOf, unwrap } from './node.js';
import { foldValue, toBoolean, UNKNOWN } from './truth.js';

interface Target {
  alias: string;
  table: string;
}

/** True when the WHERE bounds the write. */
export function isFiltered(where: unknown, alias: string, table: string): boolean {
  if (where === undefined || where === null) return false;
  return bounds(where, { alias, table });
}

/** MERGE is bounded by its ON condition; actions on rows that the source does not name are only bounded by their own. */
export function isMergeFiltered(body: Body, alias: string, table: string): boolean {
  const target = { alias, table };
  const onBounds = bounds(body.joinCondition, target);
  for (const clause of listOf(body.mergeWhenClauses)) {
    const when = bodyOf(clause, 'MergeWhenClause');
    if (when === undefined || (when.commandType !== 'CMD_UPDATE' && when.commandType !== 'CMD_DELETE')) continue;
    const own = when.condition !== undefined && bounds(when.condition, target);
    if (own) continue;
    if (when.matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE' || !onBounds) return false;
  }
  return true;
}

function bounds(expr: unknown, target: Target): boolean {
  const value = toBoolean(foldValue(expr));
  if (value !== UNKNOWN) return value !== true;
  const node = unwrap(expr);
  if (node === undefined) return false;
  const [type, body] = node;
  if (type === 'CurrentOfExpr') return true;
  if (type === 'BoolExpr') {
    const args = listOf(body.args);
    if (body.boolop === 'AND_EXPR') return args.some((arg) => bounds(arg, target));
    if (body.boolop === 'OR_EXPR') return args.every((arg) => armBounds(arg, target));
    return negationBounds(args[0], target);
  }
  if (type === 'SubLink' && selectsItself(body, target)) return false;
  return looksAt(expr, target);
}

/** One side of an OR: a parameter may turn it off, anything else that ignores the target may hold for all rows. */
function armBounds(expr: unknown, target: Target): boolean {
  if (bounds(expr, target)) return true;
  return foldValue(expr) === UNKNOWN && hasParameter(expr) && !looksAt(expr, target);
}

/** NOT over AND and OR, by De Morgan. */
function negationBounds(expr: unknown, target: Target): boolean {
  const body = bodyOf(expr, 'BoolExpr');
  const negate = (arg: unknown): unknown => ({ BoolExpr: { boolop: 'NOT_EXPR', args: [arg] } });
  if (body?.boolop === 'AND_EXPR') return listOf(body.args).every((arg) => armBounds(negate(arg), target));
  if (body?.boolop === 'OR_EXPR') return listOf(body.args).some((arg) => bounds(negate(arg), target));
  if (body?.boolop === 'NOT_EXPR') return bounds(listOf(body.args)[0], target);
  return looksAt(expr, target);
}

/** `id in (select id from t)`: every row of t. */
function selectsItself(body: Body, target: Target): boolean {
  if (body.subLinkType !== 'ANY_SUBLINK') return false;
  const select = bodyOf(body.subselect, 'SelectStmt');
  const tested = bodyOf(body.testexpr, 'ColumnRef');
  if (select === undefined || tested === undefined) return false;
  for (const field of ['whereClause', 'limitCount', 'limitOffset', 'havingClause', 'groupClause', 'distinctClause', 'withClause', 'larg']) {
    if (select[field] !== undefined && field !== 'groupClause' && field !== 'distinctClause') return false;
  }
  const from = listOf(select.fromClause);
  const relation = from.length === 1 ? bodyOf(from[0], 'RangeVar') : undefined;
  if (relation === undefined || textOf(relation.relname) !== target.table) return false;
  const out = bodyOf(bodyOf(listOf(select.targetList)[0], 'ResTarget')?.val, 'ColumnRef');
  return out !== undefined && stringsOf(out.fields).pop() === stringsOf(tested.fields).pop();
}

function hasParameter(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasParameter);
  for (const key in value) {
    if (key === 'A_Const') continue;
    if (key === 'ParamRef' || hasParameter((value as Body)[key])) return true;
  }
  return false;
}

/** True when the expression reads a column that is the target's, or may be. */
function looksAt(value: unknown, target: Target, insideQuery = false): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => looksAt(item, target, insideQuery));
  const node = unwrap(value);
  if (node !== undefined) {
    const [type, body] = node;
    if (type === 'A_Const') return false;
    if (type === 'ColumnRef') return columnOfTarget(body, target, insideQuery);
    if (type === 'SubLink') return looksAt(body.testexpr, target, insideQuery) || queryLooksAt(body.subselect, target);
    return looksAt(body, target, insideQuery);
  }
  for (const key in value) {
    if (looksAt((value as Body)[key], target, insideQuery)) return true;
  }
  return false;
}

/** Inside a subquery with a FROM, bare names are taken for its own; a name of its own that shadows the target hides it. */
function queryLooksAt(value: unknown, target: Target): boolean {
  const select = bodyOf(value, 'SelectStmt');
  if (select === undefined) return looksAt(value, target, true);
  const names = listOf(select.fromClause).map((item) => {
    const relation = bodyOf(item, 'RangeVar');
    const alias = (unwrap(item)?.[1].alias ?? undefined) as Body | undefined;
    return textOf(alias?.aliasname) || textOf(relation?.relname);
  });
  if (names.includes(target.alias)) return false;
  return looksAt(select, target, listOf(select.fromClause).length > 0);
}

function columnOfTarget(body: Body, target: Target, insideQuery: boolean): boolean {
  const fields = listOf(body.fields).map((field) => stringOf(field) ?? '*');
  if (fields.length === 1) return !insideQuery || fields[0] === target.alias;
  return fields[fields.length - 2] === target.alias;
}
