/**
 * The generic walker: visits every node below a value, so that nothing hides in an unexpected place. Handlers know the
 * nodes that mean something; all others are descended into; a node type that is not known makes the statement opaque.
 */
import { walkCall } from './calls.js';
import { walkColumnRef, walkIndirection } from './columns.js';
import { type Body, bodyOf, itemsOf, listOf, qualified, stringsOf, textOf, unwrap } from './node.js';
import { CONTAINER_NODES, LEAF_NODES, STATEMENT_NODES } from './nodes.js';
import { selectOutputs } from './query.js';
import type { Env, Use } from './run.js';
import { withScope } from './run.js';
import { nestedStatement } from './statement.js';
import { Taint } from './taint.js';

/** Visits a value of the tree; what its columns come from is added to the taint, if one is wanted. */
export function walk(value: unknown, env: Env, use: Use, taint: Taint | undefined): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, env, use, taint);
    return;
  }
  env.run.visit();
  const node = unwrap(value);
  if (node === undefined) walkBare(value as Body, env, use, taint);
  else walkNode(node[0], node[1], env, use, taint);
}

/** Visits all fields of a body. */
export function walkFields(body: Body, env: Env, use: Use, taint: Taint | undefined, except: readonly string[] = []): void {
  for (const key in body) {
    const value = body[key];
    if (typeof value !== 'object' || value === null || except.includes(key)) continue;
    walkField(key, value, env, use, taint);
  }
}

/** Fields whose nodes are of a fixed type, so that the tree leaves out the wrapper. */
function walkField(key: string, value: object, env: Env, use: Use, taint: Taint | undefined): void {
  switch (key) {
    case 'over':
      // A window of an aggregate: its order and its partitions show the values to whoever sees the result.
      walk(value, env, 'predicate', taint);
      return;
    case 'agg_filter':
    case 'agg_order':
      walk(value, env, 'predicate', taint);
      return;
    case 'alias':
    case 'fields':
      return;
    case 'setstmt':
      walkNode('VariableSetStmt', value as Body, env, use, taint);
      return;
    default:
      walk(value, env, use, taint);
  }
}

function walkBare(body: Body, env: Env, use: Use, taint: Taint | undefined): void {
  if (typeof body.relname === 'string') {
    readRelation(body, env);
    return;
  }
  if (body.limitOption !== undefined && body.op !== undefined) {
    walkSubquery(body, env, use, taint);
    return;
  }
  walkFields(body, env, use, taint);
}

/** A relation that stands where no FROM clause is: a default is that it is read. */
export function readRelation(body: Body, env: Env): void {
  env.facts.object('table', textOf(body.schemaname), textOf(body.relname), 'read');
}

function walkSubquery(body: Body, env: Env, use: Use, taint: Taint | undefined): void {
  for (const output of selectOutputs(body, env, use === 'output' ? 'expression' : use)) taint?.output(output);
}

function walkNode(type: string, body: Body, env: Env, use: Use, taint: Taint | undefined): void {
  switch (type) {
    case 'A_Const':
      return;
    case 'ParamRef':
      env.run.parameters = Math.max(env.run.parameters, typeof body.number === 'number' ? body.number : 0);
      return;
    case 'ColumnRef':
      walkColumnRef(body, env, use, taint);
      return;
    case 'FuncCall':
      walkCall(body, env, use, taint);
      return;
    case 'A_Expr': {
      const { schema, name } = qualified(stringsOf(body.name));
      if (name !== '') env.facts.operator(operatorSchema(body, schema), operatorName(body, name));
      walk(body.lexpr, env, use, taint);
      walk(body.rexpr, env, use, taint);
      return;
    }
    case 'A_Indirection':
      walkIndirection(body, env, use, taint);
      return;
    case 'SubLink':
      walkSubLink(body, env, use, taint);
      return;
    case 'RangeVar':
      readRelation(body, env);
      return;
    case 'SelectStmt':
      walkSubquery(body, env, use, taint);
      return;
    case 'SortBy': {
      const order = qualified(stringsOf(body.useOp));
      if (order.name !== '') env.facts.operator(order.schema, order.name);
      walk(body.node, env, use, taint);
      return;
    }
    case 'Constraint':
      // EXCLUDE (expression WITH operator).
      for (const exclusion of listOf(body.exclusions)) {
        const operator = qualified(stringsOf(itemsOf(itemsOf(exclusion)[1])));
        if (operator.name !== '') env.facts.operator(operator.schema, operator.name);
      }
      walkFields(body, env, use, taint);
      return;
    case 'MultiAssignRef':
      // The same row source is repeated for each column; once is enough.
      if ((body.colno ?? 1) === 1 || taint !== undefined) walk(body.source, env, use, taint);
      return;
    default:
  }
  if (LEAF_NODES.has(type)) return;
  if (CONTAINER_NODES.has(type)) {
    walkFields(body, env, use, taint);
    return;
  }
  if (STATEMENT_NODES.has(type)) {
    nestedStatement(type, body, env, 'top');
    return;
  }
  env.facts.opaque(`unknown node ${type}`);
  walkFields(body, env, use, taint);
}

/** LIKE, BETWEEN and the like carry an operator that the grammar chose; only written ones are of interest. */
function operatorName(body: Body, name: string): string {
  const kind = textOf(body.kind);
  if (kind === 'AEXPR_OP' || kind === 'AEXPR_OP_ANY' || kind === 'AEXPR_OP_ALL') return name;
  return '=';
}

function operatorSchema(body: Body, schema: string): string {
  return textOf(body.kind).startsWith('AEXPR_OP') ? schema : '';
}

function walkSubLink(body: Body, env: Env, use: Use, taint: Taint | undefined): void {
  const { schema, name } = qualified(stringsOf(body.operName));
  if (name !== '') env.facts.operator(schema, name);
  walk(body.testexpr, env, use, taint);
  const inner: Use = use === 'output' ? 'expression' : use;
  const subselect = bodyOf(body.subselect, 'SelectStmt');
  if (subselect === undefined) {
    walk(body.subselect, env, use, taint);
    return;
  }
  if (body.subLinkType !== 'EXISTS_SUBLINK') {
    for (const output of selectOutputs(subselect, env, inner)) taint?.output(output);
    return;
  }
  // EXISTS shows nothing but whether a row matched, so all that its conditions read goes into the value.
  const predicates = new Taint();
  selectOutputs(subselect, withScope(env, env.scope), inner, predicates);
  taint?.merge(predicates);
}

/** Visits a list of expressions as predicates. */
export function walkPredicates(values: unknown, env: Env, taint?: Taint): void {
  for (const value of listOf(values)) walk(value, env, 'predicate', taint);
}
