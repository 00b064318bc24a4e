/** COPY: direction, target, and the shape of its data with all options in force. */
import { carryAway } from './carry.js';
import type { CopyShape, OutputColumn } from './facts.js';
import { type Body, bodyOf, listOf, optionsOf, scalarText, stringsOf, textOf } from './node.js';
import type { Env } from './run.js';
import { withScope } from './run.js';
import { starOf } from './scope.js';
import { type Meaning, nestedNode, tableOutputs } from './statement.js';
import { Taint } from './taint.js';
import { walk } from './walk.js';

/** Visits a CopyStmt. */
export function copyStatement(body: Body, env: Env): Meaning {
  const facts = env.facts.facts;
  const direction = body.is_from === true ? 'in' : 'out';
  facts.copy_direction = direction;
  facts.copy_target = copyTarget(body, direction);
  if (facts.copy_target === 'program') env.facts.reach('code');
  if (facts.copy_target === 'file') env.facts.reach('files');
  const columns = stringsOf(body.attlist);
  const relation = body.relation as Body | undefined;
  let outputs: OutputColumn[] | undefined;
  let shapeRelation: CopyShape['relation'];
  if (relation !== undefined) {
    shapeRelation = { schema: textOf(relation.schemaname), table: textOf(relation.relname), columns };
    outputs = copyRelation(shapeRelation, direction, body, env);
  } else {
    const nested = nestedNode(body.query, env, 'copy');
    outputs = nested?.meaning.outputs;
    if (nested?.facts.facts.writes === true) facts.writes = true;
  }
  if (direction === 'in') facts.writes = true;
  else if (facts.copy_target !== 'stdout') {
    const taint = new Taint();
    for (const output of outputs ?? []) taint.output(output);
    carryAway(env, 'copy', taint);
  }
  walk(body.options, env, 'expression', undefined);
  const shape = copyShape(body, direction, shapeRelation, outputs);
  if (facts.copy_target !== 'stdin' && facts.copy_target !== 'stdout') return { outputs: undefined };
  return { outputs: direction === 'out' ? outputs : undefined, copy: shape };
}

function copyTarget(body: Body, direction: 'in' | 'out'): string {
  if (body.is_program === true) return 'program';
  if (textOf(body.filename) !== '') return 'file';
  return direction === 'in' ? 'stdin' : 'stdout';
}

function copyRelation(
  relation: { schema: string; table: string; columns: string[] },
  direction: 'in' | 'out',
  body: Body,
  env: Env,
): OutputColumn[] | undefined {
  const { schema, table, columns } = relation;
  env.facts.object('table', schema, table, direction === 'in' ? 'write' : 'read');
  const listed = columns.length === 0 ? ['*'] : columns;
  for (const column of listed) env.facts.column(schema, table, column, direction === 'in' ? 'write' : 'output');
  const scope = { items: [{ alias: table, schema, outputs: [starOf({ schema, table })] }], expansion: [], parent: undefined };
  walk(body.whereClause, withScope(env, scope), 'predicate', undefined);
  return direction === 'out' ? tableOutputs(schema, table, columns) : undefined;
}

function copyShape(body: Body, direction: 'in' | 'out', relation: CopyShape['relation'], outputs: OutputColumn[] | undefined): CopyShape {
  const options = new Map<string, string>();
  for (const [name, argument] of optionsOf(body.options)) {
    const list = bodyOf(argument, 'List') !== undefined || Array.isArray(argument);
    options.set(name, list ? stringsOf(listOf(argument)).join(',') : (scalarText(argument) ?? 'true'));
  }
  const format = (options.get('format') ?? 'text').toLowerCase();
  const csv = format === 'csv';
  const quote = options.get('quote') ?? '"';
  return {
    direction,
    format: csv ? 'csv' : format === 'binary' ? 'binary' : 'text',
    delimiter: options.get('delimiter') ?? (csv ? ',' : '\t'),
    null_string: options.get('null') ?? (csv ? '' : '\\N'),
    header: isOn(options.get('header')),
    quote,
    escape: options.get('escape') ?? quote,
    relation,
    outputs,
    encoding: options.get('encoding') ?? '',
  };
}

/** HEADER takes a boolean or MATCH. */
function isOn(value: string | undefined): boolean {
  return value !== undefined && !['false', 'off', '0', 'no'].includes(value.toLowerCase());
}
