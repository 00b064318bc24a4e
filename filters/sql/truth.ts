/** Folds an expression to a constant where that is possible without a server; three-valued like SQL. */
import { type Body, bodyOf, listOf, qualified, stringsOf, textOf, unwrap } from './node.js';

export const UNKNOWN: unique symbol = Symbol('unknown');
export type Value = boolean | number | string | null | typeof UNKNOWN;

/** The value of a constant expression; `id = id` and the like count as true, which they are for every row that matters. */
export function foldValue(expr: unknown): Value {
  const node = unwrap(expr);
  if (node === undefined) return UNKNOWN;
  const [type, body] = node;
  switch (type) {
    case 'A_Const':
      return constant(body);
    case 'TypeCast':
      return cast(foldValue(body.arg), stringsOf((body.typeName as Body | undefined)?.names).pop() ?? '');
    case 'CollateClause':
      return foldValue(body.arg);
    case 'BoolExpr':
      return boolExpr(body);
    case 'A_Expr':
      return operatorExpr(body);
    case 'NullTest': {
      const value = foldValue(body.arg);
      return value === UNKNOWN ? UNKNOWN : (value === null) === (body.nulltesttype !== 'IS_NOT_NULL');
    }
    case 'BooleanTest':
      return booleanTest(foldValue(body.arg), textOf(body.booltesttype));
    case 'CoalesceExpr':
      return coalesce(listOf(body.args));
    case 'CaseExpr':
      return caseExpr(body);
    case 'MinMaxExpr':
      return sameAll(listOf(body.args));
    case 'FuncCall':
      return call(body);
    case 'SubLink':
      return subLink(body);
    case 'A_Indirection':
      return listOf(body.indirection).length === 0 ? foldValue(body.arg) : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

function constant(body: Body): Value {
  if (body.isnull === true) return null;
  const read = (name: string): Body | undefined => body[name] as Body | undefined;
  if (body.boolval !== undefined) return read('boolval')?.boolval === true;
  if (body.ival !== undefined) return (read('ival')?.ival as number | undefined) ?? 0;
  if (body.fval !== undefined) return Number(read('fval')?.fval);
  if (body.sval !== undefined) return textOf(read('sval')?.sval);
  return UNKNOWN;
}

const TRUE_WORDS = new Set(['t', 'true', 'y', 'yes', 'on', '1', 'tr', 'tru', 'ye']);
const FALSE_WORDS = new Set(['f', 'false', 'n', 'no', 'off', '0', 'fa', 'fal', 'fals', 'of']);

function cast(value: Value, type: string): Value {
  if (value === UNKNOWN || value === null) return value;
  if (type === 'bool') return toBoolean(value);
  if (/^(int2|int4|int8|numeric|float4|float8)$/.test(type)) {
    if (typeof value === 'boolean') return value ? 1 : 0;
    const number = Number(value);
    if (!Number.isFinite(number) || (typeof value === 'string' && value.trim() === '')) return UNKNOWN;
    return /^int/.test(type) ? Math.round(number) : number;
  }
  if (/^(text|varchar|bpchar|name|unknown)$/.test(type)) return typeof value === 'boolean' ? String(value) : String(value);
  return UNKNOWN;
}

/** A value where a condition is wanted: unknown literals become booleans. */
export function toBoolean(value: Value): Value {
  if (typeof value === 'boolean' || value === null || value === UNKNOWN) return value;
  if (typeof value === 'number') return value !== 0;
  const word = value.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  return FALSE_WORDS.has(word) ? false : UNKNOWN;
}

function boolExpr(body: Body): Value {
  const args = listOf(body.args);
  const values = args.map((arg) => toBoolean(foldValue(arg)));
  if (body.boolop === 'NOT_EXPR') {
    const value = values[0] ?? UNKNOWN;
    return typeof value === 'boolean' ? !value : value;
  }
  const and = body.boolop === 'AND_EXPR';
  if (values.includes(!and)) return !and;
  const covered = coversAll(args);
  if (!and && covered) return true;
  if (values.includes(UNKNOWN)) return UNKNOWN;
  return values.includes(null) ? null : and;
}

/** `x or not x`, `x is null or x is not null`, `a = 1 or a <> 1`, `a > 5 or a < 10`. */
function coversAll(args: unknown[]): boolean {
  if (args.length < 2 || args.length > 64) return false;
  for (let i = 0; i < args.length; i += 1) {
    for (let j = i + 1; j < args.length; j += 1) if (isComplement(args[i], args[j])) return true;
  }
  return false;
}

const OPPOSITE: Readonly<Record<string, string>> = { '=': '<>', '<>': '=', '<': '>=', '>=': '<', '>': '<=', '<=': '>' };

function isComplement(a: unknown, b: unknown): boolean {
  const [left, right] = [stripNot(a), stripNot(b)];
  if (left.not !== right.not && sameExpression(left.expr, right.expr)) return true;
  const [leftNull, rightNull] = [bodyOf(a, 'NullTest'), bodyOf(b, 'NullTest')];
  if (leftNull !== undefined && rightNull !== undefined) {
    return leftNull.nulltesttype !== rightNull.nulltesttype && sameExpression(leftNull.arg, rightNull.arg);
  }
  const [x, y] = [comparison(a), comparison(b)];
  if (x === undefined || y === undefined || !sameExpression(x.left, y.left)) return false;
  if (OPPOSITE[x.op] === y.op && sameExpression(x.right, y.right)) return true;
  return rangesMeet(x, y) || rangesMeet(y, x);
}

interface Comparison {
  op: string;
  left: unknown;
  right: unknown;
}

/** A comparison with the constant, if there is one, on the right. */
function comparison(value: unknown): Comparison | undefined {
  const body = bodyOf(value, 'A_Expr');
  if (body === undefined || body.kind !== 'AEXPR_OP') return undefined;
  const name = stringsOf(body.name).pop() ?? '';
  const op = name === '!=' ? '<>' : name;
  if (OPPOSITE[op] === undefined) return undefined;
  if (foldValue(body.lexpr) === UNKNOWN || foldValue(body.rexpr) !== UNKNOWN) return { op, left: body.lexpr, right: body.rexpr };
  const turned: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
  return { op: turned[op] ?? op, left: body.rexpr, right: body.lexpr };
}

/** `a > low or a < high` leaves nothing out when low < high. */
function rangesMeet(above: Comparison, below: Comparison): boolean {
  if (!above.op.startsWith('>') || !below.op.startsWith('<') || below.op === '<>') return false;
  const low = foldValue(above.right);
  const high = foldValue(below.right);
  if (typeof low !== 'number' || typeof high !== 'number') return false;
  return low < high || (low === high && (above.op === '>=' || below.op === '<='));
}

function stripNot(value: unknown): { expr: unknown; not: boolean } {
  let expr = value;
  let not = false;
  for (;;) {
    const body = bodyOf(expr, 'BoolExpr');
    if (body?.boolop !== 'NOT_EXPR') return { expr, not };
    expr = listOf(body.args)[0];
    not = !not;
  }
}

/** Same tree, wherever it stands in the text; a bare name is taken for the qualified one. */
export function sameExpression(a: unknown, b: unknown): boolean {
  return isStable(a) && isStable(b) && sameTree(a, b);
}

function sameTree(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameTree(item, b[i]));
  const [left, right] = [bodyOf(a, 'ColumnRef'), bodyOf(b, 'ColumnRef')];
  if (left !== undefined && right !== undefined) return sameColumn(stringsOf(left.fields), stringsOf(right.fields));
  const keys = (body: object): string[] => Object.keys(body).filter((key) => key !== 'location');
  const names = keys(a);
  if (names.length !== keys(b).length) return false;
  return names.every((key) => sameTree((a as Body)[key], (b as Body)[key]));
}

function sameColumn(a: string[], b: string[]): boolean {
  const shared = Math.min(a.length, b.length);
  return a.slice(-shared).join('\0') === b.slice(-shared).join('\0');
}

/** Functions may answer differently each time; the words of those that do are few. */
function isStable(value: unknown): boolean {
  const text = JSON.stringify(value) ?? '';
  return text.length < 100_000 && !/"sval":"(random|clock_timestamp|timeofday|nextval|gen_random_uuid|uuidv4|uuidv7)"/.test(text);
}

function operatorExpr(body: Body): Value {
  const kind = textOf(body.kind);
  const op = stringsOf(body.name).pop() ?? '';
  switch (kind) {
    case 'AEXPR_OP':
      return binary(op === '!=' ? '<>' : op, body.lexpr, body.rexpr);
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT':
      return distinct(body, kind === 'AEXPR_NOT_DISTINCT');
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return like(op, body);
    case 'AEXPR_IN':
      return inList(op, body);
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
    case 'AEXPR_NOT_BETWEEN':
    case 'AEXPR_NOT_BETWEEN_SYM':
      return between(body, kind);
    case 'AEXPR_OP_ANY':
      return anyArray(op, body);
    case 'AEXPR_NULLIF':
      return nullif(body);
    default:
      return UNKNOWN;
  }
}

function nullif(body: Body): Value {
  const left = foldValue(body.lexpr);
  const right = foldValue(body.rexpr);
  if (sameExpression(body.lexpr, body.rexpr)) return null;
  if (left === UNKNOWN || right === UNKNOWN) return UNKNOWN;
  if (left === null || right === null) return left;
  return compare('=', left, right) === true ? null : left;
}

function distinct(body: Body, not: boolean): Value {
  if (sameExpression(body.lexpr, body.rexpr)) return not;
  const left = foldValue(body.lexpr);
  const right = foldValue(body.rexpr);
  if (left === UNKNOWN || right === UNKNOWN) return UNKNOWN;
  if (left === null || right === null) return (left === right) === not;
  const equal = compare('=', left, right);
  return typeof equal === 'boolean' ? equal === not : UNKNOWN;
}

function between(body: Body, kind: string): Value {
  const [low, high] = listOf(bodyOf(body.rexpr, 'List')?.items);
  const not = kind.includes('NOT');
  const above = binary('>=', body.lexpr, low);
  const below = binary('<=', body.lexpr, high);
  if (above === true && below === true) return !not;
  if (above === UNKNOWN || below === UNKNOWN || kind.endsWith('SYM')) return UNKNOWN;
  if (above === false || below === false) return not;
  return null;
}

function inList(op: string, body: Body): Value {
  const items = listOf(bodyOf(body.rexpr, 'List')?.items);
  const not = op === '<>';
  let unknown = false;
  for (const item of items.slice(0, 1000)) {
    const equal = binary('=', body.lexpr, item);
    if (equal === true) return !not;
    unknown = unknown || equal !== false;
  }
  return unknown || items.length > 1000 ? UNKNOWN : not;
}

function anyArray(op: string, body: Body): Value {
  const elements = listOf(bodyOf(body.rexpr, 'A_ArrayExpr')?.elements);
  for (const element of elements.slice(0, 1000)) if (binary(op, body.lexpr, element) === true) return true;
  return UNKNOWN;
}

/** LIKE with nothing but wildcards, and patterns that match the empty word anywhere. */
function like(op: string, body: Body): Value {
  const pattern = foldValue(body.rexpr);
  const not = op.startsWith('!');
  if (typeof pattern === 'string' && /^%+$/.test(pattern)) return !not;
  if (sameExpression(body.lexpr, body.rexpr)) return !not;
  const text = foldValue(body.lexpr);
  if (typeof text !== 'string' || typeof pattern !== 'string') return UNKNOWN;
  if (/[\\_%]/.test(pattern)) return UNKNOWN;
  return (text === pattern) !== not;
}

const SELF_TRUE = new Set(['=', '<=', '>=', '~~', '~~*', '@>', '<@', '&&']);
const SELF_FALSE = new Set(['<>', '<', '>', '!~~', '!~~*']);

/** A column beside a constant that is not NULL: nothing can be said, whatever the constant is. */
function columnAndConstant(op: string, left: unknown, right: unknown): boolean {
  if (OPPOSITE[op] === undefined) return false;
  const [constant, other] = bodyOf(right, 'A_Const') === undefined ? [left, right] : [right, left];
  const body = bodyOf(constant, 'A_Const');
  return body !== undefined && body.isnull !== true && bodyOf(other, 'ColumnRef') !== undefined;
}

function binary(op: string, left: unknown, right: unknown): Value {
  if (columnAndConstant(op, left, right)) return UNKNOWN;
  const a = left === undefined ? UNKNOWN : foldValue(left);
  const b = foldValue(right);
  if (left === undefined) return unary(op, b);
  if (a === null || b === null) return null;
  if (a !== UNKNOWN && b !== UNKNOWN) return compare(op, a, b);
  if (SELF_TRUE.has(op) && sameExpression(left, right)) return true;
  if (SELF_FALSE.has(op) && sameExpression(left, right)) return false;
  if (op === '*' && (a === 0 || b === 0)) return 0;
  if (op === '-' && sameExpression(left, right)) return 0;
  if (op === '/' && sameExpression(left, right)) return 1;
  if ((op === '~' || op === '~*') && typeof b === 'string' && /^\^?(\.\*)?\$?$/.test(b) && b !== '^$') return true;
  return UNKNOWN;
}

function unary(op: string, value: Value): Value {
  if (typeof value !== 'number') return value === null ? null : UNKNOWN;
  if (op === '-') return -value;
  return op === '+' ? value : UNKNOWN;
}

function compare(op: string, a: boolean | number | string, b: boolean | number | string): Value {
  if (op === '||') return typeof a === 'boolean' || typeof b === 'boolean' ? UNKNOWN : `${a}${b}`;
  const [x, y] = alike(a, b);
  if (x === undefined || y === undefined) return UNKNOWN;
  switch (op) {
    case '=':
      return x === y;
    case '<>':
      return x !== y;
    // The order of text depends on the collation; only equality is certain there.
    case '<':
      return typeof x === 'string' ? (x === y ? false : UNKNOWN) : x < y;
    case '>':
      return typeof x === 'string' ? (x === y ? false : UNKNOWN) : x > y;
    case '<=':
      return typeof x === 'string' ? (x === y ? true : UNKNOWN) : x <= y;
    case '>=':
      return typeof x === 'string' ? (x === y ? true : UNKNOWN) : x >= y;
    default:
      return typeof x === 'number' && typeof y === 'number' ? arithmetic(op, x, y) : UNKNOWN;
  }
}

/** An unknown literal takes the other side's type. */
function alike(a: boolean | number | string, b: boolean | number | string): [Comparable, Comparable] | [undefined, undefined] {
  if (typeof a === typeof b) return [a, b] as [Comparable, Comparable];
  if (typeof a === 'string' && typeof b === 'number' && a.trim() !== '' && Number.isFinite(Number(a))) return [Number(a), b];
  if (typeof b === 'string' && typeof a === 'number' && b.trim() !== '' && Number.isFinite(Number(b))) return [a, Number(b)];
  const [x, y] = [toBoolean(a), toBoolean(b)];
  if (typeof x === 'boolean' && typeof y === 'boolean' && (typeof a === 'boolean' || typeof b === 'boolean')) return [x, y];
  return [undefined, undefined];
}

type Comparable = boolean | number | string;

function arithmetic(op: string, x: number, y: number): Value {
  let out: number;
  if (op === '+') out = x + y;
  else if (op === '-') out = x - y;
  else if (op === '*') out = x * y;
  else if (op === '%' && y !== 0) out = x % y;
  else if (op === '/' && y !== 0) out = Number.isInteger(x) && Number.isInteger(y) ? Math.trunc(x / y) : x / y;
  else return UNKNOWN;
  return Number.isFinite(out) ? out : UNKNOWN;
}

function booleanTest(raw: Value, test: string): Value {
  const value = toBoolean(raw);
  if (value === UNKNOWN) return UNKNOWN;
  switch (test) {
    case 'IS_NOT_TRUE':
      return value !== true;
    case 'IS_FALSE':
      return value === false;
    case 'IS_NOT_FALSE':
      return value !== false;
    case 'IS_UNKNOWN':
      return value === null;
    case 'IS_NOT_UNKNOWN':
      return value !== null;
    default:
      return value === true;
  }
}

function coalesce(args: unknown[]): Value {
  for (const arg of args) {
    const value = foldValue(arg);
    if (value !== null) return value;
  }
  return null;
}

function caseExpr(body: Body): Value {
  for (const entry of listOf(body.args)) {
    const when = bodyOf(entry, 'CaseWhen');
    const condition = body.arg === undefined ? toBoolean(foldValue(when?.expr)) : binary('=', body.arg, when?.expr);
    if (condition === UNKNOWN) return sameResult(body);
    if (condition === true) return foldValue(when?.result);
  }
  return body.defresult === undefined ? null : foldValue(body.defresult);
}

/** Whatever the conditions say: all results are one constant. */
function sameResult(body: Body): Value {
  const results = listOf(body.args).map((entry) => foldValue(bodyOf(entry, 'CaseWhen')?.result));
  const last = body.defresult === undefined ? null : foldValue(body.defresult);
  return results.every((value) => value === last) ? last : UNKNOWN;
}

function sameAll(args: unknown[]): Value {
  const values = args.map(foldValue).filter((value) => value !== null);
  const first = values[0];
  return first !== undefined && values.every((value) => value === first) ? first : UNKNOWN;
}

function call(body: Body): Value {
  const { schema, name } = qualified(stringsOf(body.funcname));
  if ((schema !== '' && schema !== 'pg_catalog') || body.over !== undefined) return UNKNOWN;
  const values = listOf(body.args).map(foldValue);
  const text = values[0];
  if (values.length !== 1 || text === UNKNOWN || text === undefined) return UNKNOWN;
  if (text === null) return null;
  if (name === 'abs' && typeof text === 'number') return Math.abs(text);
  if (typeof text !== 'string') return UNKNOWN;
  if (/^(length|char_length|character_length)$/.test(name)) return [...text].length;
  if (name === 'lower') return text.toLowerCase();
  if (name === 'upper') return text.toUpperCase();
  return name === 'btrim' ? text.replace(/^ +| +$/g, '') : UNKNOWN;
}

function subLink(body: Body): Value {
  const select = bodyOf(body.subselect, 'SelectStmt');
  if (select === undefined || select.op !== 'SETOP_NONE') return UNKNOWN;
  const bare = select.fromClause === undefined && select.whereClause === undefined && select.limitCount === undefined;
  const plain = bare && select.limitOffset === undefined && select.havingClause === undefined && select.groupClause === undefined;
  if (body.subLinkType === 'EXISTS_SUBLINK') return plain || aggregatesAlways(select) ? true : UNKNOWN;
  if (!plain || select.valuesLists !== undefined) return UNKNOWN;
  const target = bodyOf(listOf(select.targetList)[0], 'ResTarget')?.val;
  if (body.subLinkType === 'EXPR_SUBLINK') return foldValue(target);
  if (body.subLinkType === 'ANY_SUBLINK') return binary(stringsOf(body.operName).pop() ?? '=', body.testexpr, target);
  return UNKNOWN;
}

/** An aggregate without GROUP BY and HAVING gives one row, whatever is in the table. */
function aggregatesAlways(select: Body): boolean {
  if (select.groupClause !== undefined || select.havingClause !== undefined) return false;
  if (select.limitCount !== undefined || select.limitOffset !== undefined) return false;
  const target = bodyOf(bodyOf(listOf(select.targetList)[0], 'ResTarget')?.val, 'FuncCall');
  const name = stringsOf(target?.funcname).pop() ?? '';
  return (
    target !== undefined && target.over === undefined && /^(count|sum|max|min|avg|bool_and|bool_or|every|array_agg|string_agg)$/.test(name)
  );
}
