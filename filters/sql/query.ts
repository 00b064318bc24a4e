/** SELECT, VALUES and set operations: their facts, and where each output column comes from. */
import { noteUses, rowItem, walkColumnRef } from './columns.js';
import { openWith } from './cte.js';
import type { OutputColumn } from './facts.js';
import { addFromItem } from './from.js';
import { type Body, bodyOf, itemsOf, listOf, stringOf, stringsOf, textOf } from './node.js';
import { outputName } from './output-name.js';
import { type Env, type Use, withScope } from './run.js';
import type { Item, Scope } from './scope.js';
import { boundOutputs, Taint, uniteOutputs } from './taint.js';
import { walk } from './walk.js';

/**
 * Visits a SelectStmt body and returns its output columns. `use` is what the outputs are used for;
 * what the conditions read is added to `predicates`, if given.
 */
export function selectOutputs(body: Body, env: Env, use: Use, predicates?: Taint): OutputColumn[] {
  const inner = openWith(body.withClause, env);
  if (body.op !== undefined && body.op !== 'SETOP_NONE') return setOperation(body, inner, use, predicates);
  if (body.valuesLists !== undefined) return valuesOutputs(body, inner, use);
  const scope: Scope = { items: [], expansion: [], parent: env.scope };
  const own = withScope(inner, scope);
  for (const item of listOf(body.fromClause)) addFromItem(item, own, scope, predicates);
  const outputs = boundOutputs(targetOutputs(body.targetList, own, use));
  for (const key of ['whereClause', 'havingClause', 'windowClause'] as const) walk(body[key], own, 'predicate', predicates);
  noteOrder(body.groupClause, outputs, own, predicates);
  noteOrder(body.sortClause, outputs, own, predicates);
  noteOrder(body.distinctClause, outputs, own, predicates);
  walk(body.limitCount, own, 'predicate', predicates);
  walk(body.limitOffset, own, 'predicate', predicates);
  return outputs;
}

function setOperation(body: Body, env: Env, use: Use, predicates: Taint | undefined): OutputColumn[] {
  // A long chain of UNIONs leans to the left; it is walked with a loop so that its length costs no stack.
  const rights: Body[] = [];
  let left = body;
  let outputs: OutputColumn[] | undefined;
  for (;;) {
    rights.push(left);
    const next = left.larg as Body | undefined;
    if (next === undefined) break;
    const plain = next.op !== undefined && next.op !== 'SETOP_NONE' && next.withClause === undefined && next.sortClause === undefined;
    if (!plain || next.limitCount !== undefined || next.limitOffset !== undefined) {
      outputs = selectOutputs(next, env, use, predicates);
      break;
    }
    left = next;
  }
  let united = outputs ?? [];
  for (let i = rights.length - 1; i >= 0; i -= 1) {
    const right = rights[i]!.rarg as Body | undefined;
    if (right !== undefined) united = uniteOutputs(united, selectOutputs(right, env, use, predicates));
  }
  noteOrder(body.sortClause, united, env, predicates);
  walk(body.limitCount, env, 'predicate', predicates);
  walk(body.limitOffset, env, 'predicate', predicates);
  return united;
}

function valuesOutputs(body: Body, env: Env, use: Use): OutputColumn[] {
  const taints: Taint[] = [];
  for (const row of listOf(body.valuesLists)) {
    const items = itemsOf(row);
    for (let i = 0; i < items.length; i += 1) {
      taints[i] ??= new Taint();
      walk(items[i], env, use === 'output' ? 'expression' : use, taints[i]);
    }
  }
  noteOrder(body.sortClause, [], env, undefined);
  walk(body.limitCount, env, 'predicate', undefined);
  walk(body.limitOffset, env, 'predicate', undefined);
  return taints.map((taint, i) => taint.toOutput(`column${i + 1}`, false));
}

/** Outputs of a target list (SELECT or RETURNING). */
export function targetOutputs(targets: unknown, env: Env, use: Use): OutputColumn[] {
  const out: OutputColumn[] = [];
  for (const target of listOf(targets)) {
    const body = bodyOf(target, 'ResTarget');
    if (body === undefined) {
      walk(target, env, use, undefined);
      continue;
    }
    const star = starOutputs(body.val, env, use);
    if (star !== undefined) out.push(...star);
    else out.push(oneOutput(body, env, use));
  }
  return out;
}

function oneOutput(body: Body, env: Env, use: Use): OutputColumn {
  const name = textOf(body.name) || outputName(body.val);
  const taint = new Taint();
  const ref = bodyOf(body.val, 'ColumnRef');
  if (ref === undefined) {
    walk(body.val, env, use === 'output' ? 'expression' : use, taint);
    return taint.toOutput(name, false);
  }
  return taint.toOutput(name, walkColumnRef(ref, env, use, taint) && directOutput(taint));
}

/** A column over several candidates is still one of them; a whole row is not a column. */
function directOutput(taint: Taint): boolean {
  return taint.columns.size > 0 || taint.rows.size > 0;
}

/** `*`, `t.*` and `(t).*` in a target list; undefined for all else. */
function starOutputs(value: unknown, env: Env, use: Use): OutputColumn[] | undefined {
  const indirection = bodyOf(value, 'A_Indirection');
  if (indirection !== undefined) return indirectStar(indirection, env, use);
  const ref = bodyOf(value, 'ColumnRef');
  const fields = ref === undefined ? [] : listOf(ref.fields);
  if (bodyOf(fields[fields.length - 1], 'A_Star') === undefined) return undefined;
  const names = stringsOf(fields).slice(0, -1);
  if (names.length === 0) return noteStar(env.scope?.expansion ?? [], env, use);
  const item = rowItem(value, env);
  if (item !== undefined) return noteStar(itemOutputs(item), env, use);
  const schema = names.length > 1 ? names[names.length - 2]! : '';
  const table = names[names.length - 1]!;
  env.facts.column(schema, table, '*', use);
  return [{ name: '', sources: [], star: [{ schema, table }], direct: true, whole_rows: [] }];
}

function indirectStar(body: Body, env: Env, use: Use): OutputColumn[] | undefined {
  const steps = listOf(body.indirection);
  if (bodyOf(steps[steps.length - 1], 'A_Star') === undefined) return undefined;
  const item = steps.length === 1 ? rowItem(body.arg, env) : undefined;
  if (item !== undefined) return noteStar(itemOutputs(item), env, use).map((output) => ({ ...output, direct: false }));
  const taint = new Taint();
  walk({ A_Indirection: { arg: body.arg, indirection: steps.slice(0, -1) } }, env, 'expression', taint);
  return [{ ...taint.toOutput('', false), many: true }];
}

function itemOutputs(item: Item): OutputColumn[] {
  return item.outputs;
}

function noteStar(outputs: OutputColumn[], env: Env, use: Use): OutputColumn[] {
  for (const output of outputs) {
    const taint = new Taint();
    for (const relation of output.star) {
      env.facts.column(relation.schema, relation.table, '*', use);
      for (const other of relation.or ?? []) env.facts.column(other.schema, other.table, '*', use);
    }
    for (const source of output.sources) taint.column(source);
    for (const relation of output.whole_rows) taint.row(relation);
    noteUses(taint, env, use);
  }
  return [...outputs];
}

/** GROUP BY, ORDER BY and DISTINCT ON: a number or a name may mean an output column, which is then a predicate too. */
export function noteOrder(list: unknown, outputs: OutputColumn[], env: Env, predicates: Taint | undefined): void {
  for (const entry of listOf(list)) noteOrderEntry(entry, outputs, env, predicates);
}

function noteOrderEntry(entry: unknown, outputs: OutputColumn[], env: Env, predicates: Taint | undefined): void {
  const set = bodyOf(entry, 'GroupingSet');
  if (set !== undefined) {
    noteOrder(set.content, outputs, env, predicates);
    return;
  }
  const node = bodyOf(entry, 'SortBy')?.node ?? entry;
  for (const output of meantOutputs(node, outputs)) {
    const taint = new Taint();
    taint.output(output);
    noteUses(taint, env, 'predicate');
    predicates?.merge(taint);
  }
  walk(entry, env, 'predicate', predicates);
}

function meantOutputs(node: unknown, outputs: OutputColumn[]): OutputColumn[] {
  const constant = bodyOf(node, 'A_Const');
  const number = (constant?.ival as Body | undefined)?.ival;
  if (typeof number === 'number') {
    const wide = outputs.findIndex((output) => output.star.length > 0 || output.many === true);
    // After a star the position can't be counted without a catalogue: all from there on.
    if (wide >= 0 && number > wide) return outputs.slice(wide);
    const output = outputs[number - 1];
    return output === undefined ? [] : [output];
  }
  const fields = listOf(bodyOf(node, 'ColumnRef')?.fields);
  const name = fields.length === 1 ? stringOf(fields[0]) : undefined;
  return name === undefined ? [] : outputs.filter((output) => output.name === name || output.renamed?.includes(name) === true);
}
