import { type ArgumentNode, Kind, type OperationDefinitionNode, type ValueNode } from 'graphql/language/index.js';
import { readJson } from './json.js';

/** One argument of a field, as the server reads it. */
export interface GraphqlArgument {
  field: string;
  name: string;
  /** numbers, text, lists and objects as in JSON; an enum is text. Of a variable its value, or its default, or null */
  value: unknown;
}

export type Variables = Record<string, unknown>;

/** Arguments of one operation, with each set of variables. */
const ARGUMENTS_MAX = 1000;

/** The arguments with every set of variables that a server may take. Throws Error where there are too many. */
export function resolved(
  given: readonly { field: string; argument: ArgumentNode }[],
  { variableDefinitions = [] }: Pick<OperationDefinitionNode, 'variableDefinitions'>,
  sets: readonly Variables[],
): GraphqlArgument[] {
  const defaults: Variables = Object.create(null) as Variables;
  for (const { variable, defaultValue } of variableDefinitions)
    if (defaultValue !== undefined) defaults[variable.name.value] = plainOf(defaultValue, {});
  const found = new Map<string, GraphqlArgument>();
  for (const set of sets.length === 0 ? [{}] : sets)
    for (const { field, argument } of given) {
      const name = argument.name.value;
      const value = plainOf(argument.value, { ...defaults, ...set });
      found.set(JSON.stringify([field, name, value]), { field, name, value });
      if (found.size > ARGUMENTS_MAX) throw new Error(`more than ${ARGUMENTS_MAX} arguments stand in one GraphQL operation`);
    }
  return [...found.values()];
}

function plainOf(node: ValueNode, variables: Variables): unknown {
  switch (node.kind) {
    case Kind.VARIABLE:
      return Object.hasOwn(variables, node.name.value) ? variables[node.name.value] : null;
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.STRING:
    case Kind.ENUM:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.NULL:
      return null;
    case Kind.LIST:
      return node.values.map((one) => plainOf(one, variables));
    case Kind.OBJECT: {
      const value = Object.create(null) as Variables;
      for (const { name, value: inner } of node.fields) value[name.value] = plainOf(inner, variables);
      return value;
    }
  }
}

/** Variables as they stand in JSON, or in text of a query or a form; undefined where there are none. Throws Error for what are none. */
export function readVariables(given: unknown): Variables | undefined {
  if (given === undefined || given === null || given === '') return undefined;
  let value: unknown = given;
  if (typeof given === 'string') {
    try {
      value = readJson(Buffer.from(given, 'utf8'));
    } catch {
      value = undefined;
    }
    if (value === null) return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('its GraphQL variables can not be read');
  return value as Variables;
}
