/** Function calls: the catalogue's reaches, and the arguments that name settings, relations, or hold SQL. */
import { carryAway, keepsArguments } from './carry.js';
import { SEQUENCE_ARGUMENT, SQL_TEXT_ARGUMENT, TABLE_TEXT_ARGUMENT, UNNAMED_RELATIONS } from './catalogue/reach.js';
import { foldString } from './fold.js';
import { splitIdentifier } from './lexer.js';
import { analyzeNestedText } from './nested.js';
import { type Body, bodyOf, listOf, qualified, stringsOf, textOf } from './node.js';
import type { Env, Use } from './run.js';
import { Taint } from './taint.js';
import { walkFields } from './walk.js';

/** Visits a FuncCall. */
export function walkCall(body: Body, env: Env, use: Use, taint: Taint | undefined): void {
  const { schema, name } = qualified(stringsOf(body.funcname));
  env.facts.call(schema, name);
  const args = listOf(body.args);
  noteArguments(name.toLowerCase(), args, env, taint);
  const given = keepsArguments(schema, name) ? new Taint() : taint;
  walkFields(body, env, use === 'output' ? 'expression' : use, given, ['funcname']);
  if (given === undefined || given === taint) return;
  carryAway(env, name, given);
  taint?.merge(given);
}

/** Names that PostgreSQL gives to the arguments which are looked at: `query` of query_to_xml and ts_stat, `tbl` of table_to_xml. */
const ARGUMENT_NAMES = new Set(['query', 'tbl']);

/** The argument at `place`, or the one that stands elsewhere by its name; undefined where another one has been put there. */
function argumentAt(args: unknown[], place: number): unknown {
  const named = args.find((arg) => ARGUMENT_NAMES.has(textOf(bodyOf(arg, 'NamedArgExpr')?.name)));
  if (named !== undefined) return named;
  return bodyOf(args[place], 'NamedArgExpr') === undefined ? args[place] : undefined;
}

function noteArguments(name: string, args: unknown[], env: Env, taint: Taint | undefined): void {
  if (UNNAMED_RELATIONS.has(name)) env.facts.opaque(`${name} reads relations that it does not name`);
  if (name === 'set_config') {
    noteSetConfig(args, env);
    return;
  }
  const sequence = SEQUENCE_ARGUMENT.get(name);
  if (sequence !== undefined) {
    const target = relationName(argumentAt(args, 0));
    if (target !== undefined) env.facts.object('sequence', target.schema, target.name, sequence);
    return;
  }
  const place = SQL_TEXT_ARGUMENT.get(name);
  if (place !== undefined) {
    noteSqlArgument(name, place, args, env, taint);
    return;
  }
  if (name.startsWith('dblink')) {
    // Another database, but often this one again: SQL that can be read is read.
    for (const arg of args) {
      const text = foldString(arg);
      if (text === undefined) continue;
      const rows = analyzeNestedText(text, env, 'dynamic', { optional: true });
      taint?.merge(rows);
    }
    return;
  }
  if (TABLE_TEXT_ARGUMENT.has(name)) {
    const target = relationName(argumentAt(args, 0));
    if (target === undefined) env.facts.opaque(`relation of ${name} is not constant`);
    else {
      env.facts.object('table', target.schema, target.name, 'read');
      env.facts.column(target.schema, target.name, '*', 'expression');
      taint?.row({ schema: target.schema, table: target.name });
    }
    return;
  }
  if (/^cursor_to_xml/.test(name)) env.facts.opaque(`${name} reads a cursor`);
}

/** ts_rewrite has a form without SQL; there a text that is not constant is no hiding place unless it is the second of two arguments. */
function noteSqlArgument(name: string, place: number, args: unknown[], env: Env, taint: Taint | undefined): void {
  if (name === 'ts_rewrite' && args.length !== 2) return;
  const query = argumentAt(args, place);
  if (foldString(query) === undefined) env.facts.opaque(`dynamic SQL in ${name}`);
  for (const arg of new Set([query, ...args.slice(place)])) {
    const text = foldString(arg);
    if (text === undefined) continue;
    // Read first: an optional call would leave the text unread where nobody asks for the taint.
    const rows = analyzeNestedText(text, env, 'dynamic', { optional: arg !== query });
    taint?.merge(rows);
  }
}

function noteSetConfig(args: unknown[], env: Env): void {
  const name = foldString(argumentAt(args, 0))?.toLowerCase();
  const value = foldString(argumentAt(args, 1));
  const local = foldString(argumentAt(args, 2));
  if (name === undefined) env.facts.opaque('set_config of a setting that is not constant');
  env.run.set({ name: name ?? '*', value, local: local === 'true' || local === 't' });
  env.facts.setting(name ?? '*', value);
}

/** A constant that names a relation: 'a.b' or 'a.b'::regclass. A number is its OID, which tells nothing. */
function relationName(arg: unknown): { schema: string; name: string } | undefined {
  const text = foldString(arg);
  return text === undefined || /^\s*\d+\s*$/.test(text) ? undefined : qualified(splitIdentifier(text));
}
