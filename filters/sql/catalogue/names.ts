/** Whether a function or an operator is PostgreSQL's own, of a known extension, or unknown. */
import {
  BUILTIN_FUNCTION_WORDS,
  BUILTIN_OPERATOR_WORDS,
  BUILTIN_TYPE_WORDS,
  INFORMATION_SCHEMA_FUNCTION_WORDS,
  ROW_FUNCTION_WORDS,
} from './builtins.js';
import { CONTRIB_FUNCTION_WORDS, CONTRIB_OPERATOR_WORDS } from './contrib.js';
import { EXTENSION_FUNCTION_PATTERNS, EXTENSION_FUNCTION_WORDS, EXTENSION_OPERATOR_WORDS } from './extensions.js';
import { FUNCTION_REACH } from './reach.js';

export type Origin = 'builtin' | 'extension' | 'unknown';

/** Builtin function name -> whether some form of it is volatile. */
const BUILTIN: ReadonlyMap<string, boolean> = new Map(
  BUILTIN_FUNCTION_WORDS.split(' ').map((word) => (word.endsWith('*') ? [word.slice(0, -1), true] : [word, false])),
);
const BUILTIN_TYPES = new Set(BUILTIN_TYPE_WORDS.split(' '));
const INFORMATION_SCHEMA = new Set(INFORMATION_SCHEMA_FUNCTION_WORDS.split(' '));
const EXTENSION = new Set([...CONTRIB_FUNCTION_WORDS.split(' '), ...EXTENSION_FUNCTION_WORDS.split(/\s+/)]);
const ROW_FUNCTIONS = new Set([...ROW_FUNCTION_WORDS.split(' '), 'hstore', 'populate_record', 'st_asgeojson', 'jsonb_strip_nulls']);
const BUILTIN_OPERATORS = new Set(BUILTIN_OPERATOR_WORDS.split(' '));
const EXTENSION_OPERATORS = new Set([...CONTRIB_OPERATOR_WORDS.split(' '), ...EXTENSION_OPERATOR_WORDS.split(' ')]);

/** Where a function comes from, by its name as the parser normalised it. */
export function functionOrigin(schema: string, name: string): Origin {
  if (schema === '' || schema === 'pg_catalog') {
    if (BUILTIN.has(name) || BUILTIN_TYPES.has(name)) return 'builtin';
    if (schema === 'pg_catalog') return FUNCTION_REACH.has(name) ? 'extension' : 'unknown';
  }
  if (schema === 'information_schema') return INFORMATION_SCHEMA.has(name) ? 'builtin' : 'unknown';
  if (EXTENSION.has(name) || FUNCTION_REACH.has(name)) return 'extension';
  return EXTENSION_FUNCTION_PATTERNS.test(name) ? 'extension' : 'unknown';
}

/** True when PostgreSQL itself marks some form of the builtin as volatile. */
export function isVolatileBuiltin(name: string): boolean {
  return BUILTIN.get(name) === true;
}

/** True when `t.name` may be a call of name(t) that reads the whole row. */
export function takesWholeRow(name: string): boolean {
  return ROW_FUNCTIONS.has(name);
}

/** Where an operator comes from. One that is named with a schema other than pg_catalog is not a builtin. */
export function operatorOrigin(schema: string, name: string): Origin {
  if (schema === 'pg_catalog') return BUILTIN_OPERATORS.has(name) ? 'builtin' : 'unknown';
  if (schema === '') {
    if (BUILTIN_OPERATORS.has(name)) return 'builtin';
    return EXTENSION_OPERATORS.has(name) ? 'extension' : 'unknown';
  }
  return !BUILTIN_OPERATORS.has(name) && EXTENSION_OPERATORS.has(name) ? 'extension' : 'unknown';
}
