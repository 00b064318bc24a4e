/** Column references: which base columns a name may mean, and calls in the disguise of a column. */
import { takesWholeRow } from './catalogue/names.js';
import { reachesOf } from './catalogue/reach.js';
import { type Body, bodyOf, listOf, qualified, stringOf, stringsOf } from './node.js';
import type { Env, Use } from './run.js';
import { type Item, lookup, taintRow } from './scope.js';
import { Taint } from './taint.js';
import { walk, walkFields } from './walk.js';

/** Visits a ColumnRef and notes what it may mean. Returns true when it is one column itself, not computed. */
export function walkColumnRef(body: Body, env: Env, use: Use, taint: Taint | undefined): boolean {
  const fields = stringsOf(body.fields);
  const found = new Taint();
  const direct = resolve(fields, env, found);
  noteUses(found, env, use);
  taint?.merge(found);
  return direct;
}

/** Writes what was found into the statement's columns. */
export function noteUses(found: Taint, env: Env, use: Use): void {
  for (const source of found.columns.values()) env.facts.column(source.schema, source.table, source.column, use);
  for (const relation of found.rows.values()) env.facts.column(relation.schema, relation.table, '*', use);
}

function resolve(fields: string[], env: Env, found: Taint): boolean {
  if (fields.length === 1) return resolveName(fields[0]!, env, found);
  const last = fields[fields.length - 1]!;
  const qualifier = fields.slice(0, -1);
  const item = findItem(qualifier, env);
  if (item === undefined) {
    noteUnknown(qualifier, last, env, found);
    return true;
  }
  if (last === '*') {
    taintRow(item, found);
    return false;
  }
  const result = lookup(item, last, found);
  if (result.found !== 'definite' && isRowCall(last)) {
    // t.f is f(t) when t has no column f.
    env.facts.call('', last);
    taintRow(item, found);
    return false;
  }
  if (result.found === 'none') taintRow(item, found);
  return result.found !== 'none' && result.direct;
}

function isRowCall(name: string): boolean {
  return takesWholeRow(name) || reachesOf('', name).length > 0;
}

/** A qualifier that is no FROM item: NEW and OLD, variables, or a relation that the scope does not show. */
function noteUnknown(qualifier: string[], column: string, env: Env, found: Taint): void {
  if (env.scope === undefined) return;
  const table = qualifier[qualifier.length - 1]!;
  const schema = qualifier.length > 1 ? qualifier[qualifier.length - 2]! : '';
  found.column({ schema, table, column });
}

/** An unqualified name: every relation that may have it, from the inside out, up to one that certainly has. */
function resolveName(name: string, env: Env, found: Taint): boolean {
  if (name === '*') {
    for (let scope = env.scope; scope !== undefined; scope = scope.parent) {
      for (const item of scope.items) taintRow(item, found);
      if (scope.items.length > 0) break;
    }
    return false;
  }
  let candidates = 0;
  let direct = true;
  for (let scope = env.scope; scope !== undefined; scope = scope.parent) {
    const level = new Taint();
    let definite = false;
    for (const item of scope.items) {
      if (item.qualified_only === true) continue;
      const own = new Taint();
      const result = lookup(item, name, own);
      if (result.found === 'none') continue;
      candidates += 1;
      direct = direct && result.direct;
      if (result.found === 'definite') {
        if (!definite) clear(level);
        definite = true;
        level.merge(own);
      } else if (!definite) level.merge(own);
    }
    if (!definite) {
      // A relation's alias in the place of a column is its whole row.
      for (const item of scope.items) {
        if (item.alias !== name) continue;
        taintRow(item, level);
        direct = false;
        candidates += 1;
      }
    }
    found.merge(level);
    if (definite) break;
  }
  return direct && candidates > 0;
}

function clear(taint: Taint): void {
  taint.columns.clear();
  taint.rows.clear();
}

/** The FROM item that a qualifier means, innermost first. */
export function findItem(qualifier: string[], env: Env): Item | undefined {
  const table = qualifier[qualifier.length - 1]!;
  const schema = qualifier.length > 1 ? qualifier[qualifier.length - 2]! : '';
  for (let scope = env.scope; scope !== undefined; scope = scope.parent) {
    for (const item of scope.items) {
      if (item.alias !== table) continue;
      if (schema !== '' && item.schema !== '' && item.schema !== schema) continue;
      return item;
    }
  }
  return undefined;
}

/** `(t).salary`, `(f(x)).*`, `a[1].b`, `('x'::text).pg_read_file`. */
export function walkIndirection(body: Body, env: Env, use: Use, taint: Taint | undefined): void {
  const steps = listOf(body.indirection);
  for (const step of steps) {
    const name = stringOf(step);
    // A field of a value that has no such field is a call of the function with that name.
    if (name !== undefined && (isRowCall(name) || isScalar(body.arg))) env.facts.call('', name);
    else if (name === undefined) walkStep(step, env, use, taint);
  }
  const first = stringOf(steps[0]);
  const row = first === undefined || isRowCall(first) ? undefined : rowItem(body.arg, env);
  if (row === undefined) {
    walk(body.arg, env, use, taint);
    return;
  }
  const found = new Taint();
  if (lookup(row, first!, found).found === 'none') taintRow(row, found);
  noteUses(found, env, use);
  taint?.merge(found);
}

/** A value that can have no fields: what looks like one is a call. */
function isScalar(value: unknown): boolean {
  if (bodyOf(value, 'A_Const') !== undefined) return true;
  const cast = bodyOf(value, 'TypeCast')?.typeName as Body | undefined;
  const type = qualified(stringsOf(cast?.names));
  return (
    cast !== undefined &&
    (type.schema === 'pg_catalog' || ['text', 'oid', 'bytea', 'json', 'jsonb', 'regclass', 'name', 'uuid'].includes(type.name))
  );
}

function walkStep(step: unknown, env: Env, use: Use, taint: Taint | undefined): void {
  const indices = bodyOf(step, 'A_Indices');
  if (indices !== undefined) walkFields(indices, env, use, taint);
}

/** The item whose whole row an expression is: `t` or `t.*`. */
export function rowItem(value: unknown, env: Env): Item | undefined {
  const ref = bodyOf(value, 'ColumnRef');
  if (ref === undefined) return undefined;
  const fields = stringsOf(ref.fields);
  if (fields.length === 1) return fields[0] === '*' ? undefined : wholeRowItem(fields[0]!, env);
  return fields[fields.length - 1] === '*' ? findItem(fields.slice(0, -1), env) : undefined;
}

function wholeRowItem(name: string, env: Env): Item | undefined {
  for (let scope = env.scope; scope !== undefined; scope = scope.parent) {
    for (const item of scope.items) if (item.alias === name) return item;
  }
  return undefined;
}
