/** DO, CREATE FUNCTION, CALL: bodies are looked into as far as their language can be read. */
import { languageReaches, reachesOf } from './catalogue/reach.js';
import { analyzeNestedText } from './nested.js';
import { type Body, bodyOf, itemsOf, listOf, optionsOf, qualified, scalarText, stringsOf } from './node.js';
import { plpgsqlBody } from './plpgsql.js';
import { type Env, withScope } from './run.js';
import { variableSet } from './settings.js';
import { nestedNode } from './statement.js';
import { walk } from './walk.js';
import { securityOption } from './weakening.js';

/** DO: the block runs now. */
export function doStatement(body: Body, env: Env): void {
  let language = 'plpgsql';
  let source = '';
  for (const [name, argument] of optionsOf(body.args)) {
    if (name === 'language') language = (scalarText(argument) ?? '').toLowerCase();
    else if (name === 'as') source = scalarText(argument) ?? '';
  }
  env.facts.object('language', '', language, 'read');
  if (language === 'plpgsql') {
    plpgsqlBody(`CREATE FUNCTION do_block() RETURNS void LANGUAGE plpgsql AS ${dollarQuote(source)}`, env, 'do');
    return;
  }
  for (const reach of languageReaches(language)) env.facts.reach(reach);
  env.facts.opaque(`language ${language}`);
}

/** A literal that holds the source whatever it contains. */
function dollarQuote(source: string): string {
  let tag = '$body$';
  for (let i = 0; source.includes(tag) || source.endsWith(tag.slice(0, -1)); i += 1) tag = `$body${i}$`;
  return `${tag}${source}${tag}`;
}

/** CREATE FUNCTION and CREATE PROCEDURE. */
export function functionStatement(body: Body, env: Env): void {
  const facts = env.facts.facts;
  const type = body.is_procedure === true ? 'procedure' : 'function';
  facts.object = type;
  const { schema, name } = qualified(stringsOf(body.funcname));
  env.facts.object(type, schema, name, 'define');
  env.facts.shadows(type, schema, name);
  facts.writes = true;
  const own = withScope(env, undefined);
  walk(body.parameters, own, 'expression', undefined);
  walk(body.returnType, own, 'expression', undefined);
  let language = 'sql';
  let sources: string[] | undefined;
  for (const [option, argument] of optionsOf(body.options)) {
    if (option === 'language') language = (scalarText(argument) ?? '').toLowerCase();
    else if (option === 'as') sources = itemsOf(argument).length > 0 ? stringsOf(itemsOf(argument)) : [scalarText(argument) ?? ''];
    else if (option === 'set') {
      const set = bodyOf(argument, 'VariableSetStmt');
      if (set !== undefined) variableSet(set, env, false);
    } else if (option === 'security') securityOption(argument, env);
    else if (option === 'support') {
      const support = qualified(stringsOf(itemsOf(argument)));
      env.facts.call(support.schema, support.name);
    } else walk(argument, own, 'expression', undefined);
  }
  env.facts.object('language', '', language, 'read');
  for (const item of flattenLists(body.sql_body)) nestedNode(item, own, 'function_body');
  if (sources !== undefined) bodyText(language, sources, env);
}

/** BEGIN ATOMIC bodies are lists in lists. */
function flattenLists(value: unknown): unknown[] {
  if (value === undefined) return [];
  const list = bodyOf(value, 'List');
  if (list === undefined && !Array.isArray(value)) return [value];
  return itemsOf(value).flatMap((item) => flattenLists(item));
}

function bodyText(language: string, sources: string[], env: Env): void {
  const source = sources[0] ?? '';
  if (language === 'plpgsql') {
    plpgsqlBody(env.source(), env, 'function_body');
    return;
  }
  if (language === 'sql') {
    analyzeNestedText(source, env, 'function_body');
    return;
  }
  for (const reach of languageReaches(language)) env.facts.reach(reach);
  // LANGUAGE internal and C give a new name to a function of the server: what that one reaches counts too.
  for (const text of sources) for (const reach of reachesOf('', text)) env.facts.reach(reach);
  env.facts.opaque(`language ${language}`);
}

/** CALL of a procedure: PostgreSQL has none of its own, so what it does is not known. */
export function callStatement(body: Body, env: Env): void {
  const call = (body.funccall ?? {}) as Body;
  const { schema, name } = qualified(stringsOf(call.funcname));
  env.facts.object('procedure', schema, name, 'read');
  env.facts.call(schema, name);
  env.facts.opaque(`procedure ${schema === '' ? name : `${schema}.${name}`}`);
  env.facts.facts.writes = true;
  if (env.run.muted === 0) env.run.ddl = true;
  for (const arg of listOf(call.args)) walk(arg, env, 'expression', undefined);
}
