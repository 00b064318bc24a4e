import { emptyStatement } from '../empty-statement.js';
import type { ColumnUse, FunctionUse, ObjectAccess, ObjectAccessKind, StatementFacts } from '../facts.js';

/** A tree of node-sql-parser that says something that is not known here: the statement is not understood. */
export class TreeFailure extends Error {}

type Node = Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === null || value === undefined ? [] : [value]);

const QUERIES = new Set(['select', 'union', 'insert', 'replace', 'update', 'delete']);
const LEVELS_MAX = 200;

/**
 * Facts of one statement from its tree, nested statements behind it. Only statements of data are read from trees (the rest goes by PostgreSQL's
 * grammar or by its first words); a node that is not known throws TreeFailure.
 */
export function factsOfTree(tree: unknown): StatementFacts[] {
  if (!isNode(tree)) throw new TreeFailure('it is empty');
  const out: StatementFacts[] = [];
  statement(tree, 'top', out, new Set(), 0);
  return out;
}

interface Scope {
  facts: StatementFacts;
  all: StatementFacts[];
  /** names of CTEs, which are no tables */
  ctes: ReadonlySet<string>;
  level: number;
}

function statement(node: Node, within: string, out: StatementFacts[], outer: ReadonlySet<string>, level: number): void {
  if (level > LEVELS_MAX) throw new TreeFailure('it is nested too deep');
  const type = String(node['type']);
  if (!QUERIES.has(type)) throw new TreeFailure('a statement of a kind that is not read');
  const facts = emptyStatement(type === 'replace' ? 'insert' : type === 'union' ? 'select' : type, within);
  out.push(facts);
  const ctes = new Set(outer);
  for (const cte of listOf(node['with'])) {
    if (!isNode(cte)) throw new TreeFailure('a WITH that is not read');
    const name = nameOf(cte['name']);
    if (name !== '') ctes.add(name.toLowerCase());
    const inner = isNode(cte['stmt']) ? (cte['stmt']['ast'] ?? cte['stmt']) : undefined;
    if (!isNode(inner)) throw new TreeFailure('a WITH that is not read');
    statement(inner, 'cte', out, ctes, level + 1);
  }
  const scope: Scope = { facts, all: out, ctes, level };
  if (type === 'select' || type === 'union') select(node, scope);
  else if (type === 'delete') remove(node, scope);
  else if (type === 'update') update(node, scope);
  else insert(node, scope);
  const next = node['_next'];
  if (next !== null && next !== undefined) {
    if (!isNode(next)) throw new TreeFailure('a set operation that is not read');
    statement(next, within === 'top' ? 'cte' : within, out, ctes, level + 1);
  }
}

function select(node: Node, scope: Scope): void {
  const { facts } = scope;
  const into = node['into'];
  if (isNode(into) && (into['expr'] !== undefined || into['keyword'] !== undefined)) {
    // A file, or a table that is made.
    facts.writes = true;
    facts.opaque.push('SELECT INTO');
    if (/file/i.test(String(into['keyword'] ?? ''))) facts.reaches.push('files');
  }
  for (const item of listOf(node['from'])) from(item, 'read', scope);
  walk(node['columns'], 'output', scope);
  for (const field of ['where', 'groupby', 'having', 'qualify', 'orderby', '_orderby', 'distinct', 'window', 'sample', 'pivot'])
    walk(node[field], 'predicate', scope);
  facts.limit = limitOf(node['limit'] ?? node['_limit'] ?? node['top'] ?? null);
}

function remove(node: Node, scope: Scope): void {
  const targets = listOf(node['table']);
  const items = listOf(node['from']);
  for (const item of items) from(item, 'write', scope);
  if (items.length === 0) for (const item of targets) from(item, 'write', scope);
  scope.facts.writes = true;
  filter(node['where'], scope);
}

function update(node: Node, scope: Scope): void {
  const { facts } = scope;
  for (const item of listOf(node['table'])) from(item, 'write', scope);
  for (const item of listOf(node['from'])) from(item, 'read', scope);
  for (const one of listOf(node['set'])) {
    if (!isNode(one)) throw new TreeFailure('an assignment that is not read');
    facts.columns.push({
      schema: '',
      table: facts.objects[0]?.name ?? '',
      column: nameOf(one['column']).toLowerCase() || '*',
      use: 'write',
    });
    walk(one['value'], 'expression', scope);
  }
  facts.writes = true;
  filter(node['where'], scope);
  walk(node['returning'], 'output', scope);
}

function insert(node: Node, scope: Scope): void {
  const { facts } = scope;
  for (const item of listOf(node['table'])) from(item, 'write', scope);
  const names = listOf(node['columns']).map((one) => nameOf(one).toLowerCase());
  for (const column of names.length === 0 ? ['*'] : names)
    facts.columns.push({ schema: facts.objects[0]?.schema ?? '', table: facts.objects[0]?.name ?? '', column, use: 'write' });
  facts.writes = true;
  const values = node['values'];
  if (isNode(values) && QUERIES.has(String(values['type']))) statement(values, 'cte', scope.all, scope.ctes, scope.level + 1);
  else walk(values, 'expression', scope);
  for (const field of ['set', 'on_duplicate_update', 'conflict', 'returning', 'partition']) walk(node[field], 'expression', scope);
}

/** A WHERE counts when it compares a column with something; one that could be a constant does not. */
function filter(where: unknown, scope: Scope): void {
  const before = scope.facts.columns.length;
  walk(where, 'predicate', scope);
  scope.facts.filtered = isNode(where) && scope.facts.columns.length > before && bounds(where);
}

/** True only for forms that surely leave rows out: comparisons of a column with something else than itself, joined by AND or OR. */
function bounds(node: unknown): boolean {
  if (!isNode(node) || node['type'] !== 'binary_expr') return false;
  const operator = String(node['operator']).toUpperCase();
  const [left, right] = [node['left'], node['right']];
  if (operator === 'AND') return bounds(left) || bounds(right);
  if (operator === 'OR') return bounds(left) && bounds(right);
  if (!['=', '<', '>', '<=', '>=', 'IN', 'BETWEEN'].includes(operator)) return false;
  return isNode(left) && left['type'] === 'column_ref' && isNode(right) && CONSTANTS.has(String(right['type']));
}

const CONSTANTS = new Set([
  'number',
  'single_quote_string',
  'string',
  'bool',
  'expr_list',
  'param',
  'origin',
  'var',
  'bigint',
  'date',
  'timestamp',
  'datetime',
  'double_quote_string',
]);

function from(item: unknown, access: ObjectAccessKind, scope: Scope): void {
  if (!isNode(item)) throw new TreeFailure('a FROM that is not read');
  const { facts } = scope;
  if (typeof item['table'] === 'string' && item['expr'] === undefined) {
    const object = tableOf(item);
    const cte = object.schema === '' && scope.ctes.has(object.name);
    if (!cte) facts.objects.push({ type: 'table', ...object, access });
    if (access === 'write') facts.objects.push({ type: 'table', ...object, access: 'read' });
  } else if (isNode(item['expr'])) {
    const { expr } = item as { expr: Node };
    const inner = expr['ast'];
    if (isNode(inner)) statement(inner, 'cte', scope.all, scope.ctes, scope.level + 1);
    else if (['function', 'values', 'unnest', 'column_ref', 'expr_list'].includes(String(expr['type'])) || item['type'] === 'unnest')
      walk(expr, 'output', scope);
    else throw new TreeFailure('a FROM that is not read');
  } else if (item['type'] === 'dual') return;
  else throw new TreeFailure('a FROM that is not read');
  walk(item['on'], 'predicate', scope);
  walk(item['using'], 'predicate', scope);
}

/** node-sql-parser names the parts in ways that depend on how many there are. */
function tableOf(item: Node): { schema: string; name: string } {
  const parts = [item['server'], item['catalog'], item['db'], item['schema'], item['table']]
    .filter((part): part is string => typeof part === 'string' && part !== '')
    .flatMap((part) => part.split('.'));
  const name = (parts[parts.length - 1] ?? '').toLowerCase();
  if (name === '') throw new TreeFailure('a table without a name');
  return { schema: (parts[parts.length - 2] ?? '').toLowerCase(), name };
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return nameOf(value[value.length - 1]);
  if (!isNode(value)) return '';
  return nameOf(value['value'] ?? value['expr'] ?? value['column'] ?? value['name']);
}

/** Columns, functions and nested statements of any part of a tree. */
function walk(value: unknown, use: ColumnUse['use'], scope: Scope): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    for (const one of value) walk(one, use, scope);
    return;
  }
  const node = value as Node;
  if (isNode(node['ast'])) {
    statement(node['ast'], 'cte', scope.all, scope.ctes, scope.level + 1);
    return;
  }
  const type = node['type'];
  if (typeof type === 'string' && QUERIES.has(type)) {
    statement(node, 'cte', scope.all, scope.ctes, scope.level + 1);
    return;
  }
  if (type === 'column_ref') {
    column(node, use, scope.facts);
    // An element of it may be picked by an expression.
    if (isNode(node['column'])) walk(node['column']['offset'], use, scope);
    for (const [key, part] of Object.entries(node)) if (key !== 'column' && key !== 'table' && !NAMES.has(key)) walk(part, use, scope);
    return;
  } else if (type === 'star') scope.facts.columns.push({ schema: '', table: '', column: '*', use });
  else if (type === 'function' || type === 'aggr_func') call(node, scope.facts);
  const inner = type === 'function' || type === 'aggr_func' || type === 'binary_expr' ? (use === 'output' ? 'expression' : use) : use;
  for (const [key, part] of Object.entries(node)) if (!NAMES.has(key)) walk(part, inner, scope);
}

/** Fields that hold names and marks, no expressions. */
const NAMES = new Set([
  'type',
  'name',
  'as',
  'surround',
  'parentheses',
  'tableList',
  'columnList',
  'loc',
  'collate',
  'dataType',
  'definition',
  'target',
  'symbol',
  'keyword',
]);

function column(node: Node, use: ColumnUse['use'], facts: StatementFacts): void {
  const table = nameOf(node['table']).toLowerCase();
  const name = nameOf(node['column']).toLowerCase();
  facts.columns.push({ schema: '', table: table || (facts.objects.length === 1 ? facts.objects[0]!.name : ''), column: name || '*', use });
}

function call(node: Node, facts: StatementFacts): void {
  const given = node['name'];
  const parts = isNode(given) ? listOf(given['name']).map(nameOf) : [nameOf(given)];
  const schema = isNode(given) ? nameOf(given['schema']) : '';
  // BigQuery's grammar gives a name without parts as the schema.
  if (parts.length === 0 && schema !== '') parts.push(schema);
  const name = (parts[parts.length - 1] ?? '').toLowerCase();
  if (name === '') throw new TreeFailure('a function without a name');
  const before = parts.length > 1 || schema !== name ? [schema, ...parts.slice(0, -1)].filter((part) => part !== '').join('.') : '';
  const use: FunctionUse = { schema: before.toLowerCase(), name, reaches: [], origin: 'unknown' };
  facts.functions.push(use);
}

function limitOf(limit: unknown): number {
  const values = isNode(limit) ? listOf(limit['value']) : [];
  if (values.length === 0) return -1;
  const offsetFirst = isNode(limit) && limit['seperator'] === ',';
  const one = offsetFirst ? values[values.length - 1] : values[0];
  const value = isNode(one) ? one['value'] : one;
  return typeof value === 'number' ? value : -2;
}

export type { ObjectAccess };
