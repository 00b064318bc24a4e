/** PL/pgSQL: every expression and statement of a body is parsed again as SQL. */
import { carryAway, keepsArguments } from './carry.js';
import { foldString } from './fold.js';
import { tokenize } from './lexer.js';
import { analyzeNestedText } from './nested.js';
import { type Body, bodyOf, listOf, unwrap } from './node.js';
import { ParseFailure, parsePlpgsql, parseTree } from './parser.js';
import { AnalysisLimit, type Env, withFacts, withScope } from './run.js';
import { nestedNode } from './statement.js';
import { Taint } from './taint.js';

/** parseMode of PLpgSQL_expr: how its text is to be read. */
const MODE_STATEMENT = 0;
const MODE_EXPRESSION = 2;

/** What a body's own queries give goes into its variables, and from there wherever the body writes. */
interface BodyEnv extends Env {
  held: Taint;
}

/** Looks into a PL/pgSQL body; `text` is a whole CREATE FUNCTION statement. */
export function plpgsqlBody(text: string, env: Env, within: 'do' | 'function_body'): void {
  let tree: unknown;
  try {
    tree = parsePlpgsql(text);
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    if (error.lost) throw new AnalysisLimit(error.message);
    env.facts.opaque('PL/pgSQL body could not be parsed');
    return;
  }
  const inner: BodyEnv = { ...withScope(env, undefined), ctes: undefined, held: new Taint() };
  const before = env.run.statements.length;
  if (!env.run.nested(() => visit(tree, inner, within))) env.facts.opaque('SQL within SQL too many levels deep');
  const keeps = env.run.statements
    .slice(before)
    .some((one) => one.writes || one.functions.some(({ schema, name }) => keepsArguments(schema, name)));
  if (keeps) carryAway(env, within === 'do' ? 'do' : 'function', inner.held);
}

/** Statements whose `query` is an expression that yields SQL text. */
const DYNAMIC: ReadonlyMap<string, string> = new Map([
  ['PLpgSQL_stmt_dynexecute', 'query'],
  ['PLpgSQL_stmt_dynfors', 'query'],
  ['PLpgSQL_stmt_return_query', 'dynquery'],
  ['PLpgSQL_stmt_open', 'dynquery'],
]);

function visit(value: unknown, env: BodyEnv, within: string): void {
  if (typeof value !== 'object' || value === null) return;
  env.run.visit();
  if (Array.isArray(value)) {
    for (const item of value) visit(item, env, within);
    return;
  }
  const body = value as Body;
  for (const key in body) {
    const child = body[key];
    if (key === 'PLpgSQL_expr') {
      expression(child as Body, env, within);
      continue;
    }
    const dynamic = DYNAMIC.get(key);
    if (dynamic === undefined) visit(child, env, within);
    else dynamicStatement(child as Body, dynamic, env, within);
  }
}

function dynamicStatement(body: Body, field: string, env: BodyEnv, within: string): void {
  for (const key in body) {
    if (key !== field) visit(body[key], env, within);
  }
  const query = bodyOf(body[field], 'PLpgSQL_expr');
  if (query === undefined) {
    visit(body[field], env, within);
    return;
  }
  const text = String(query.query ?? '');
  expression(query, env, within);
  const folded = foldExpressionText(text);
  if (folded === undefined) env.facts.opaque('dynamic SQL');
  else env.held.merge(analyzeNestedText(folded, env, 'dynamic'));
}

/** The constant that an expression's text yields, if it yields one. */
function foldExpressionText(text: string): string | undefined {
  try {
    const stmts = parseTree(`SELECT ${text}`).stmts ?? [];
    const select = bodyOf(stmts[0]?.stmt, 'SelectStmt');
    const target = bodyOf(listOf(select?.targetList)[0], 'ResTarget');
    return stmts.length === 1 && target !== undefined && select?.fromClause === undefined ? foldString(target.val) : undefined;
  } catch (error) {
    if (error instanceof ParseFailure && !error.lost) return undefined;
    throw error;
  }
}

function expression(body: Body, env: BodyEnv, within: string): void {
  const text = String(body.query ?? '');
  const mode = typeof body.parseMode === 'number' ? body.parseMode : MODE_STATEMENT;
  if (mode === MODE_STATEMENT) {
    sqlText(text, env, within, false);
    return;
  }
  if (mode === MODE_EXPRESSION) {
    sqlText(`SELECT ${text}`, env, within, true);
    return;
  }
  const parts = splitAssignment(text);
  if (parts === undefined) {
    env.facts.opaque('PL/pgSQL assignment could not be parsed');
    return;
  }
  // The target may hold subscripts, which are expressions as well.
  sqlText(`SELECT ${parts[0]}`, env, within, true);
  sqlText(`SELECT ${parts[1]}`, env, within, true);
}

/** Cuts `target := value` or `target = value`; brackets of the target are skipped. */
function splitAssignment(text: string): [string, string] | undefined {
  let depth = 0;
  const tokens = tokenize(text);
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i]!;
    const part = text.slice(token.start, token.end);
    if (part === '[' || part === '(') depth += 1;
    else if (part === ']' || part === ')') depth -= 1;
    if (depth > 0) continue;
    if (part === ':' && text[token.end] === '=') return [text.slice(0, token.start), text.slice(token.end + 1)];
    if (part === '=') return [text.slice(0, token.start), text.slice(token.end)];
  }
  return undefined;
}

/** Parses one text; an expression becomes an entry only if it says something. */
function sqlText(text: string, env: BodyEnv, within: string, quiet: boolean): void {
  let stmts: { stmt: unknown }[];
  try {
    stmts = parseTree(text).stmts ?? [];
  } catch (error) {
    if (!(error instanceof ParseFailure)) throw error;
    if (error.lost) throw new AnalysisLimit(error.message);
    env.facts.opaque('PL/pgSQL expression could not be parsed');
    return;
  }
  for (const { stmt } of stmts) {
    if (unwrap(stmt) === undefined) continue;
    const nested = nestedNode(stmt, { ...withFacts(env, env.facts), source: () => text }, within);
    if (nested === undefined) continue;
    for (const output of nested.meaning.outputs ?? []) env.held.output(output);
    const { facts } = nested.facts;
    if (facts.writes) env.facts.facts.writes = true;
    const silent = facts.objects.length + facts.functions.length + facts.reaches.length + facts.opaque.length === 0;
    if (quiet && silent && facts.kind === 'select') env.run.drop(nested.facts);
  }
}
