/** One statement: its kind, what it works on, and everything below it. */
import { carryRows } from './carry.js';
import type { Collector } from './collector.js';
import { copyStatement } from './copy.js';
import { returningStatement } from './dml.js';
import type { OutputColumn, SqlAnalysis } from './facts.js';
import { constantLimit } from './limit.js';
import { type Body, bodyOf, optionsOf, scalarText, stringsOf, textOf, unwrap } from './node.js';
import { STATEMENT_NODES } from './nodes.js';
import { selectOutputs } from './query.js';
import { callStatement, doStatement, functionStatement } from './routines.js';
import { type Env, withFacts } from './run.js';
import { starOf } from './scope.js';
import { settingStatement } from './settings.js';
import { utilityStatement } from './utility.js';
import { walk, walkFields } from './walk.js';

/** Of a cursor's options (PostgreSQL, nodes/parsenodes.h): WITH HOLD. */
const CURSOR_OPT_HOLD = 0x0020;

/** What a top-level statement means to the session machine, beside its facts. */
export interface Meaning {
  outputs: OutputColumn[] | undefined;
  prepares?: { name: string };
  deallocates?: { name: string; all: boolean };
  declares?: { name: string; hold: boolean };
  fetches?: { name: string };
  copy?: SqlAnalysis['top'][number]['copy'];
}

/** Visits a statement as an entry of its own. */
export function nestedStatement(type: string, body: Body, env: Env, within: string): { meaning: Meaning; facts: Collector } {
  const facts = env.run.begin(STATEMENT_NODES.get(type)?.[0] ?? type.toLowerCase(), within);
  facts.facts.object = STATEMENT_NODES.get(type)?.[1] ?? '';
  const own = withFacts(env, facts);
  const meaning = statement(type, body, own);
  if (['create', 'alter', 'drop', 'import', 'reassign'].includes(facts.facts.kind)) {
    facts.facts.writes = true;
    if (env.run.muted === 0) env.run.ddl = true;
  }
  return { meaning, facts };
}

/** Visits a wrapped statement node; anything else is walked as an expression. */
export function nestedNode(node: unknown, env: Env, within: string): { meaning: Meaning; facts: Collector } | undefined {
  const wrapped = unwrap(node);
  if (wrapped !== undefined && STATEMENT_NODES.has(wrapped[0])) return nestedStatement(wrapped[0], wrapped[1], env, within);
  walk(node, env, 'expression', undefined);
  return undefined;
}

/** A SELECT with INTO makes a table, as CREATE TABLE AS does. */
function selectStatement(body: Body, env: Env): Meaning {
  const into = body.intoClause as Body | undefined;
  env.facts.facts.limit = constantLimit(body);
  const outputs = selectOutputs(body, env, 'output');
  if (into === undefined) return { outputs };
  env.facts.facts.kind = 'create';
  env.facts.facts.object = 'table';
  intoClause(into, 'table', env);
  carryInto(into, outputs, env);
  return { outputs: undefined };
}

function intoClause(into: Body, type: string, env: Env): void {
  const relation = (into.rel ?? {}) as Body;
  env.facts.object(type, textOf(relation.schemaname), textOf(relation.relname), 'define');
  walk(into.options, env, 'expression', undefined);
}

function statement(type: string, body: Body, env: Env): Meaning {
  const facts = env.facts.facts;
  switch (type) {
    case 'SelectStmt':
      return selectStatement(body, env);
    case 'InsertStmt':
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt': {
      const outputs = returningStatement(type, body, env);
      return { outputs: body.returningClause === undefined ? undefined : outputs };
    }
    case 'CreateTableAsStmt':
      return createTableAs(body, env);
    case 'ExplainStmt':
      return explain(body, env);
    case 'PrepareStmt': {
      facts.name = textOf(body.name);
      walk(body.argtypes, env, 'expression', undefined);
      nestedNode(body.query, env, 'prepare');
      return { outputs: undefined, prepares: { name: facts.name } };
    }
    case 'ExecuteStmt':
      facts.name = textOf(body.name);
      env.run.executes = facts.name;
      walk(body.params, env, 'expression', undefined);
      return { outputs: undefined };
    case 'DeallocateStmt':
      facts.name = body.isall === true ? '*' : textOf(body.name);
      return { outputs: undefined, deallocates: { name: textOf(body.name), all: body.isall === true } };
    case 'DeclareCursorStmt': {
      facts.name = textOf(body.portalname);
      const nested = nestedNode(body.query, env, 'declare');
      return {
        outputs: nested?.meaning.outputs,
        declares: { name: facts.name, hold: (Number(body.options ?? 0) & CURSOR_OPT_HOLD) !== 0 },
      };
    }
    case 'FetchStmt':
      facts.name = textOf(body.portalname);
      if (body.ismove === true) facts.kind = 'move';
      return { outputs: undefined, fetches: { name: facts.name } };
    case 'ClosePortalStmt':
      facts.name = textOf(body.portalname) || '*';
      return { outputs: undefined, fetches: { name: facts.name } };
    case 'CopyStmt':
      return copyStatement(body, env);
    case 'VariableSetStmt':
    case 'VariableShowStmt':
    case 'AlterSystemStmt':
    case 'AlterRoleSetStmt':
    case 'AlterDatabaseSetStmt':
    case 'DiscardStmt':
      settingStatement(type, body, env);
      return { outputs: undefined };
    case 'DoStmt':
      doStatement(body, env);
      return { outputs: undefined };
    case 'CreateFunctionStmt':
      functionStatement(body, env);
      return { outputs: undefined };
    case 'CallStmt':
      callStatement(body, env);
      return { outputs: undefined };
    case 'ReturnStmt': {
      facts.kind = 'select';
      walkFields(body, env, 'expression', undefined);
      return { outputs: undefined };
    }
    default:
      utilityStatement(type, body, env);
      return { outputs: undefined };
  }
}

function createTableAs(body: Body, env: Env): Meaning {
  const view = body.objtype === 'OBJECT_MATVIEW';
  const type = view ? 'materialized_view' : 'table';
  env.facts.facts.object = type;
  const into = (body.into ?? {}) as Body;
  intoClause(into, type, env);
  const select = bodyOf(body.query, 'SelectStmt');
  // A table takes the rows once, like INSERT … SELECT; a view keeps the query, which is then a statement of its own.
  if (select !== undefined && !view) carryInto(into, selectOutputs(select, env, 'output'), env);
  else nestedNode(body.query, env, view ? 'view' : 'top');
  if (bodyOf(body.query, 'ExecuteStmt') !== undefined) env.run.carry({ by: 'create', target: placeOf(into), sources: [], executed: true });
  return { outputs: undefined };
}

function placeOf(into: Body): { schema: string; table: string; column: string; made: boolean } {
  const relation = (into.rel ?? {}) as Body;
  return { schema: textOf(relation.schemaname), table: textOf(relation.relname), column: '=', made: true };
}

/** The new table of CREATE TABLE AS and SELECT INTO takes the query's names, or those that are listed. */
function carryInto(into: Body, outputs: OutputColumn[], env: Env): void {
  const { schema, table } = placeOf(into);
  const listed = stringsOf(into.colNames);
  carryRows(env, 'create', { schema, table }, listed.length === 0 ? undefined : listed, outputs, true);
}

/** EXPLAIN; with ANALYZE it runs what it explains. */
function explain(body: Body, env: Env): Meaning {
  const facts = env.facts.facts;
  for (const [name, argument] of optionsOf(body.options)) {
    if (name !== 'analyze') continue;
    const value = argument === undefined ? 'true' : (scalarText(argument) ?? 'true').toLowerCase();
    facts.analyze = !['false', 'off', '0', 'no'].includes(value);
  }
  walk(body.options, env, 'expression', undefined);
  const before = env.run.statements.length;
  const nested = nestedNode(body.query, env, 'explain');
  if (nested === undefined) return { outputs: undefined };
  nested.facts.facts.analyze = facts.analyze;
  if (facts.analyze) facts.writes = nested.facts.facts.writes;
  else for (const inner of env.run.statements.slice(before)) inner.writes = false;
  return { outputs: undefined };
}

/** The outputs of TABLE t, for COPY t TO. */
export function tableOutputs(schema: string, table: string, columns: string[]): OutputColumn[] {
  if (columns.length === 0) return [starOf({ schema, table })];
  return columns.map((column) => ({ name: column, sources: [{ schema, table, column }], star: [], direct: true, whole_rows: [] }));
}
