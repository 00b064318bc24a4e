/** FROM items: tables, subqueries, functions, joins, XMLTABLE, JSON_TABLE, samples. */
import { noteUses } from './columns.js';
import { findCte } from './cte.js';
import type { OutputColumn } from './facts.js';
import { type Body, bodyOf, itemsOf, listOf, qualified, stringsOf, textOf, unwrap } from './node.js';
import { outputName } from './output-name.js';
import { selectOutputs } from './query.js';
import { type Env, withScope } from './run.js';
import { applyColumnAliases, type Item, lookup, type Scope, starOf } from './scope.js';
import { foldOutputs, isWide, Taint } from './taint.js';
import { walk, walkFields } from './walk.js';

/** Adds a FROM item to the scope: what it is called, what its columns come from, what `*` gets from it. */
export function addFromItem(node: unknown, env: Env, scope: Scope, predicates: Taint | undefined): void {
  const added = fromItem(node, env, scope, predicates);
  scope.expansion.push(...added);
}

/** Makes the item's names visible in the scope and returns its expansion. */
function fromItem(node: unknown, env: Env, scope: Scope, predicates: Taint | undefined): OutputColumn[] {
  env.run.visit();
  const wrapped = unwrap(node);
  if (wrapped === undefined) return [];
  const [type, body] = wrapped;
  switch (type) {
    case 'RangeVar':
      return place(tableItem(body, env), body.alias, scope);
    case 'RangeSubselect':
      return place(subselectItem(body, env, scope, predicates), body.alias, scope);
    case 'RangeFunction':
      return place(functionItem(body, env), body.alias, scope);
    case 'RangeTableFunc':
    case 'JsonTable':
      return place(tableFunctionItem(type, body, env), body.alias, scope);
    case 'RangeTableSample': {
      const method = qualified(stringsOf(body.method));
      env.facts.call(method.schema, method.name);
      walk(body.args, env, 'predicate', predicates);
      walk(body.repeatable, env, 'predicate', predicates);
      return fromItem(body.relation, env, scope, predicates);
    }
    case 'JoinExpr':
      return joinItem(body, env, scope, predicates);
    default: {
      env.facts.opaque(`unknown node ${type}`);
      const taint = new Taint();
      walkFields(body, env, 'expression', taint);
      return [{ ...taint.toOutput('', false), many: true }];
    }
  }
}

/** Gives the item its alias and its column aliases, and puts it into the scope. */
function place(item: Item, alias: unknown, scope: Scope): OutputColumn[] {
  const body = alias as Body | undefined;
  const name = textOf(body?.aliasname);
  const outputs = applyColumnAliases(item.outputs, stringsOf(body?.colnames));
  const placed: Item = { alias: name || item.alias, schema: name === '' ? item.schema : '', outputs };
  scope.items.push(placed);
  return placed.outputs;
}

/** A table, or a common table expression when the name has no schema. */
export function tableItem(body: Body, env: Env): Item {
  const schema = textOf(body.schemaname);
  const name = textOf(body.relname);
  const cte = schema === '' && textOf(body.catalogname) === '' ? findCte(name, env) : undefined;
  if (cte !== undefined) return { alias: name, schema: '', outputs: cte.outputs ?? [] };
  env.facts.object('table', schema, name, 'read');
  return { alias: name, schema, outputs: [starOf({ schema, table: name })] };
}

function subselectItem(body: Body, env: Env, scope: Scope, predicates: Taint | undefined): Item {
  const select = bodyOf(body.subquery, 'SelectStmt');
  // Without LATERAL the siblings are out of sight.
  const inner = body.lateral === true ? withScope(env, { ...scope, items: [...scope.items] }) : withScope(env, scope.parent);
  if (select !== undefined) return { alias: '', schema: '', outputs: selectOutputs(select, inner, 'output', predicates) };
  const taint = new Taint();
  walk(body.subquery, inner, 'expression', taint);
  return { alias: '', schema: '', outputs: [{ ...taint.toOutput('', false), many: true }] };
}

/** A function in FROM: whatever its columns are, they come from its arguments. */
function functionItem(body: Body, env: Env): Item {
  const taint = new Taint();
  const outputs: OutputColumn[] = [];
  const entries = listOf(body.functions);
  const columns = [...listOf(body.coldeflist)];
  let name = '';
  for (const entry of entries) {
    const [call, defined] = itemsOf(entry);
    name = entries.length === 1 ? outputName(call) : '';
    walk(call, env, 'expression', taint);
    columns.push(...itemsOf(defined));
  }
  walk(columns, env, 'expression', undefined);
  const defined = columns.map((column) => textOf(bodyOf(column, 'ColumnDef')?.colname));
  if (defined.length > 0 && entries.length === 1) {
    for (const column of defined) outputs.push(taint.toOutput(column, false));
  } else outputs.push({ ...taint.toOutput('', false), many: true });
  if (body.ordinality === true) outputs.push(new Taint().toOutput('ordinality', false));
  return { alias: name, schema: '', outputs };
}

/** XMLTABLE and JSON_TABLE: the columns have names; all come from the document and the expressions. */
function tableFunctionItem(type: string, body: Body, env: Env): Item {
  const taint = new Taint();
  walkFields(body, env, 'expression', taint, ['alias']);
  const names: string[] = [];
  const collect = (columns: unknown): void => {
    for (const column of listOf(columns)) {
      const found = bodyOf(column, 'RangeTableFuncCol') ?? bodyOf(column, 'JsonTableColumn');
      if (found === undefined) continue;
      if (found.coltype === 'JTC_NESTED') collect(found.columns);
      else names.push(textOf(found.colname) || textOf(found.name));
    }
  };
  collect(body.columns);
  const alias = type === 'JsonTable' ? 'json_table' : 'xmltable';
  return { alias, schema: '', outputs: names.map((name) => taint.toOutput(name, false)) };
}

function joinItem(body: Body, env: Env, scope: Scope, predicates: Taint | undefined): OutputColumn[] {
  const before = scope.items.length;
  const left = fromItem(body.larg, env, scope, predicates);
  const middle = scope.items.length;
  const right = fromItem(body.rarg, env, scope, predicates);
  const leftItems = scope.items.slice(before, middle);
  const rightItems = scope.items.slice(middle);
  const using = stringsOf(body.usingClause);
  walk(body.quals, env, 'predicate', predicates);
  let out: OutputColumn[];
  if (using.length > 0) {
    const merged = using.map((name) => mergeColumn(name, leftItems, rightItems, env, predicates));
    out = [...merged, ...without(left, using), ...without(right, using)];
    // Which column of a star an alias list has given that name to is not known, so the rest can't be counted.
    if ([...left, ...right].some((output) => using.some((name) => output.renamed?.includes(name) === true))) {
      out = [...merged, foldOutputs([...left, ...right])];
    }
    const usingAlias = body.join_using_alias as Body | undefined;
    if (usingAlias !== undefined)
      scope.items.push({ alias: textOf(usingAlias.aliasname), schema: '', outputs: merged, qualified_only: true });
  } else if (body.isNatural === true) out = naturalOutputs(left, right, env, predicates);
  else out = [...left, ...right];
  const alias = body.alias as Body | undefined;
  if (alias === undefined) return out;
  // The join's alias hides the names of its arms.
  scope.items.splice(before);
  return place({ alias: '', schema: '', outputs: out }, alias, scope);
}

function mergeColumn(name: string, left: Item[], right: Item[], env: Env, predicates: Taint | undefined): OutputColumn {
  const taint = new Taint();
  for (const item of [...left, ...right]) if (item.qualified_only !== true) lookup(item, name, taint);
  noteUses(taint, env, 'predicate');
  predicates?.merge(taint);
  return taint.toOutput(name, true);
}

function without(outputs: OutputColumn[], names: string[]): OutputColumn[] {
  const out: OutputColumn[] = [];
  for (const output of outputs) {
    if (output.star.length > 0) {
      const star = output.star.map((entry) => ({ ...entry, except: [...new Set([...(entry.except ?? []), ...names])] }));
      out.push({ ...output, star });
    } else if (!names.includes(output.name)) out.push(output);
  }
  return out;
}

/** NATURAL JOIN compares the columns that both sides have, which only a catalogue knows. */
function naturalOutputs(left: OutputColumn[], right: OutputColumn[], env: Env, predicates: Taint | undefined): OutputColumn[] {
  const wide = [...left, ...right].some(isWide);
  const taint = new Taint();
  if (!wide) {
    const names = left.map((output) => output.name).filter((name) => right.some((output) => output.name === name));
    for (const output of [...left, ...right]) if (names.includes(output.name)) taint.output(output);
    noteUses(taint, env, 'predicate');
    predicates?.merge(taint);
    const merged = names.map((name) => {
      const both = new Taint();
      for (const output of [...left, ...right]) if (output.name === name) both.output(output);
      return both.toOutput(name, true);
    });
    return [...merged, ...without(left, names), ...without(right, names)];
  }
  const narrow = (side: OutputColumn[]): string[] | undefined => (side.some(isWide) ? undefined : side.map((output) => output.name));
  const names = narrow(left) ?? narrow(right);
  for (const output of [...left, ...right]) {
    if (names === undefined) taint.output(output);
    else {
      // One side's names are known, so only these can be compared.
      for (const name of names) lookup({ alias: '', schema: '', outputs: [output] }, name, taint);
    }
  }
  noteUses(taint, env, 'predicate');
  predicates?.merge(taint);
  return [foldOutputs([...left, ...right])];
}
