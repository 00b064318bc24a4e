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
  /** aliases under which the same table stands a second time, in FROM or USING */
  twins: readonly string[];
}

/** True when the WHERE bounds the write. `from`: the FROM or USING list beside the target. */
export function isFiltered(where: unknown, alias: string, table: string, from?: unknown): boolean {
  if (where === undefined || where === null) return false;
  return bounds(where, { alias, table, twins: twinsOf(from, table) });
}

/**
 * INSERT … ON CONFLICT DO UPDATE changes rows that are there. It does so to every row when it takes them all from the very table
 * and neither its SELECT nor its own WHERE bounds it.
 */
export function isConflictFiltered(select: Body | undefined, conflict: Body, alias: string, table: string): boolean {
  if (conflict.action !== 'ONCONFLICT_UPDATE' || select === undefined) return true;
  if (conflict.whereClause !== undefined && isFiltered(conflict.whereClause, alias, table)) return true;
  const twins = twinsOf(select.fromClause, table);
  if (twins.length === 0 || select.limitCount !== undefined || select.larg !== undefined) return true;
  return twins.some((twin) => isFiltered(select.whereClause, twin, table));
}

/** `delete from t a using t b`: the aliases of the same table. */
function twinsOf(from: unknown, table: string): string[] {
  return listOf(from).flatMap((item) => {
    const relation = bodyOf(item, 'RangeVar');
    if (relation === undefined || textOf(relation.relname) !== table) return [];
    return [textOf((relation.alias as Body | undefined)?.aliasname) || table];
  });
}

/** MERGE is bounded by its ON condition; actions on rows that the source does not name are only bounded by their own. */
export function isMergeFiltered(body: Body, alias: string, table: string): boolean {
  const target = { alias, table, twins: twinsOf([body.sourceRelation], table) };
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
    if (body.boolop === 'AND_EXPR') return someBounds(args, target);
    if (body.boolop === 'OR_EXPR') return args.every((arg) => armBounds(arg, target));
    return negationBounds(args[0], target);
  }
  if (type === 'SubLink' && selectsItself(body, target)) return false;
  if (type === 'A_Expr' && joinsTwin(body, target)) return false;
  if (type === 'NullTest' && isNeverNull(body)) return false;
  return looksAt(expr, target);
}

/** Of a table that is joined with itself, what bounds the other one bounds this one. */
function someBounds(args: unknown[], target: Target): boolean {
  if (args.some((arg) => bounds(arg, target))) return true;
  const joins = new Set(args.filter((arg) => joinsTwin(bodyOf(arg, 'A_Expr') ?? {}, target)));
  if (joins.size === 0) return false;
  const others = args.filter((arg) => !joins.has(arg));
  return target.twins.some((alias) => others.some((arg) => bounds(arg, { ...target, alias, twins: [] })));
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

/** `a.id = b.id` over the same table twice: every row finds itself. */
function joinsTwin(body: Body, target: Target): boolean {
  if (body.kind !== 'AEXPR_OP' || stringsOf(body.name).pop() !== '=') return false;
  const [left, right] = [body.lexpr, body.rexpr].map((side) => stringsOf(bodyOf(side, 'ColumnRef')?.fields));
  if (left === undefined || right === undefined || left.length < 2 || right.length < 2 || left.at(-1) !== right.at(-1)) return false;
  const sides = [left.at(-2)!, right.at(-2)!];
  return sides.includes(target.alias) && target.twins.some((twin) => sides.includes(twin));
}

const SYSTEM_COLUMNS = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);

/** `ctid is not null`: system columns always hold something. */
function isNeverNull(body: Body): boolean {
  const name = stringsOf(bodyOf(body.arg, 'ColumnRef')?.fields).pop();
  return body.nulltesttype === 'IS_NOT_NULL' && name !== undefined && SYSTEM_COLUMNS.has(name);
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
