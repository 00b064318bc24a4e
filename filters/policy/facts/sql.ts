import type { ColumnUse, FunctionUse, ObjectAccess, SqlFacts, StatementFacts, Weakening } from '../../sql/facts.js';
import type { FactDoc } from './doc.js';

const weakenings = [
  'triggers',
  'rules',
  'row_security',
  'constraints',
  'security_labels',
  'security_definer',
  'superuser',
] satisfies Weakening[];

const reaches = [
  'files',
  'network',
  'databases',
  'code',
  'settings',
  'sessions',
  'large_objects',
  'replication',
  'catalog',
  'server',
] as const;

export const objectAccess = {
  type: {
    type: 'string',
    lower: true,
    description: 'table, view, materialized_view, sequence, index, function, procedure, schema, database, role, extension, type, …',
    example: 'o.type == "table"',
  },
  schema: { type: 'string', description: 'Schema as the statement names it; empty when it names none.', example: 'o.schema == "hr"' },
  name: { type: 'string', description: 'Name of the object.', example: 'o.name == "employees"' },
  access: {
    type: 'string',
    values: ['read', 'write', 'define', 'grant'],
    description: 'What the statement does to it: read, write, define (create, alter, drop) or grant.',
    example: 'o.access == "write"',
  },
} satisfies Record<keyof ObjectAccess, FactDoc>;

export const columnUse = {
  schema: {
    type: 'string',
    description: 'Schema of the column’s table as the statement names it; empty when it names none.',
    example: 'c.schema == "hr"',
  },
  table: { type: 'string', description: 'Table of the column, aliases resolved.', example: 'c.table == "customers"' },
  column: { type: 'string', description: 'Name of the column; * for every column.', example: 'c.column == "ssn"' },
  use: {
    type: 'string',
    values: ['output', 'predicate', 'write', 'expression'],
    description:
      'Where it stands: output, predicate (WHERE, JOIN, GROUP BY, ORDER BY, …: where a value can be inferred), write, expression.',
    example: 'c.use == "predicate"',
  },
} satisfies Record<keyof ColumnUse, FactDoc>;

export const functionUse = {
  schema: { type: 'string', description: 'Schema as written; empty when none is.', example: 'f.schema == "pg_catalog"' },
  name: { type: 'string', lower: true, description: 'Name of the function, without its schema.', example: 'f.name == "pg_read_file"' },
  reaches: {
    type: 'list<string>',
    values: reaches,
    description:
      'What it can reach beyond its arguments: files, network, databases, code, settings, sessions, large_objects, replication, catalog, server.',
    example: '"files" in f.reaches',
  },
  origin: {
    type: 'string',
    values: ['builtin', 'extension', 'unknown'],
    description: 'builtin: in PostgreSQL’s own catalogue; extension: of a known extension; unknown: neither.',
    example: 'f.origin == "unknown"',
  },
} satisfies Record<keyof FunctionUse, FactDoc>;

export const statement = {
  kind: {
    type: 'string',
    lower: true,
    description:
      'select, insert, update, delete, merge, truncate, create, alter, drop, grant, revoke, copy, do, call, prepare, execute, set, reset, begin, commit, listen, vacuum, …',
    example: 's.kind in ["update", "delete"]',
  },
  object: {
    type: 'string',
    lower: true,
    description: 'What create, alter, drop and comment work on: database, table, role, function, …; empty otherwise.',
    example: 's.kind == "drop" && s.object == "database"',
  },
  within: {
    type: 'string',
    lower: true,
    description:
      'Where the statement stands: top, cte, explain, prepare, execute, do, function_body, dynamic, view, rule, copy, declare, schema_element, second_opinion (what only Envoy’s postgres_proxy read).',
    example: 's.within == "do"',
  },
  objects: {
    type: 'list<ObjectAccess>',
    description: 'Objects that it touches.',
    example: 's.objects.exists(o, o.name == "api_keys" && o.access == "write")',
  },
  columns: {
    type: 'list<ColumnUse>',
    description: 'Columns that it uses, and where.',
    example: 's.columns.exists(c, c.column == "ssn" && c.use == "predicate")',
  },
  functions: {
    type: 'list<FunctionUse>',
    description: 'Functions that it calls, also through operators and casts.',
    example: 's.functions.exists(f, f.name.startsWith("dblink"))',
  },
  reaches: {
    type: 'list<string>',
    values: reaches,
    description: 'What the statement can reach: the union of its functions’ reaches and its own (COPY PROGRAM: code).',
    example: '"network" in s.reaches',
  },
  writes: { type: 'bool', description: 'It changes data or definitions, or may.', example: 's.writes' },
  filtered: {
    type: 'bool',
    description:
      'UPDATE, DELETE, MERGE: it has a WHERE that is not a constant truth, nor a join of the table with itself. INSERT … ON CONFLICT DO UPDATE of a table from itself as well. True where the question does not apply.',
    example: 's.kind == "delete" && !s.filtered',
  },
  limit: {
    type: 'int',
    description: 'Constant LIMIT of the outermost query; -1 when there is none; -2 when it is an expression or a parameter.',
    example: 's.limit < 0 || s.limit > 1000',
  },
  copy_direction: {
    type: 'string',
    values: ['in', 'out', ''],
    description: 'COPY: in or out; empty otherwise.',
    example: 's.copy_direction == "out"',
  },
  copy_target: {
    type: 'string',
    values: ['stdin', 'stdout', 'file', 'program', ''],
    description: 'COPY: stdin, stdout, file or program; empty otherwise.',
    example: 's.copy_target == "program"',
  },
  setting: {
    type: 'string',
    lower: true,
    description: 'SET, RESET, ALTER … SET: name of the setting; empty otherwise.',
    example: 's.setting == "log_statement"',
  },
  setting_value: {
    type: 'string',
    description: 'The setting’s first value as written; empty when there is none.',
    example: 's.setting == "role" && s.setting_value == "postgres"',
  },
  name: {
    type: 'string',
    description: 'PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, CLOSE: the name; * for all; empty otherwise.',
    example: 's.kind == "deallocate" && s.name == "*"',
  },
  analyze: { type: 'bool', description: 'EXPLAIN: it has ANALYZE, so the statement runs.', example: 's.kind == "explain" && s.analyze' },
  weakens: {
    type: 'list<string>',
    values: weakenings,
    description:
      'Protections that it takes off: triggers (DISABLE TRIGGER, DROP TRIGGER, session_replication_role), rules, row_security, constraints, security_labels (SECURITY LABEL), security_definer (a function with its owner’s rights), superuser.',
    example: '"triggers" in s.weakens',
  },
  opaque: {
    type: 'list<string>',
    description: 'Why the statement hides what it does; empty when it does not.',
    example: 's.opaque.size() > 0',
  },
} satisfies Record<keyof StatementFacts, FactDoc>;

export const sql = {
  statements: {
    type: 'list<Statement>',
    description:
      'All statements, nested ones too (CTE, DO body, EXPLAIN, PREPARE, function body, constant dynamic SQL), each after the one that holds it.',
    example: 'sql.statements.exists(s, s.kind == "truncate")',
  },
  count: { type: 'int', description: 'Number of statements at the top level.', example: 'sql.count > 1' },
  unparsed: {
    type: 'string',
    description: 'Why it could not be parsed; empty when it could. Judged by defaults.unparsed as well.',
    example: 'sql.unparsed != ""',
  },
  opaque: {
    type: 'list<string>',
    description: 'Union of the statements’ reasons for being opaque. Judged by defaults.opaque as well.',
    example: 'sql.opaque.size() > 0',
  },
  fingerprint: {
    type: 'string',
    description: 'Same shape, same value: the statement without its constants. Empty when unparsed.',
    example: 'sql.fingerprint == "50fde20626009aba"',
  },
  normalized: {
    type: 'string',
    description:
      'The statement with $1, … in place of constants. Not to be used inside a loop. Prefer facts that do not depend on spelling.',
    example: 'sql.normalized.contains("generate_series")',
  },
  parameters: { type: 'int', description: 'Highest $n used.', example: 'sql.parameters > 0' },
} satisfies Record<keyof SqlFacts, FactDoc>;
