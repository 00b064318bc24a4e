/**
 * What a policy may ask about SQL. Facts never depend on spelling: comments, case, quoting, search_path tricks,
 * CTEs that write and multi-statements give the same facts as the plain form.
 * Everything here is plain JSON, so that CEL, the recording and the console see the same thing.
 */

export type ObjectAccessKind = 'read' | 'write' | 'define' | 'grant';

/** One object that a statement touches. `schema` is empty when the statement does not name one. */
export interface ObjectAccess {
  /** table, view, materialized_view, sequence, index, function, procedure, schema, database, role, extension, type, … in lower case */
  type: string;
  schema: string;
  name: string;
  access: ObjectAccessKind;
}

/** What a function (or a COPY, or a language) can reach beyond its arguments. */
export type Reach =
  | 'files'
  | 'network'
  | 'databases' // other databases, or this one again over a second connection
  | 'code' // runs code that the parser cannot see: query_to_xml('…'), cursor_to_xml, ts_stat, …
  | 'settings'
  | 'sessions' // other sessions: pg_terminate_backend, advisory locks, …
  | 'large_objects'
  | 'replication'
  | 'catalog' // reads definitions or statistics that carry data: pg_stats through functions, …
  | 'server'; // reload, log rotation, backup mode, promotion

/** A protection that a statement takes off. */
export type Weakening =
  | 'triggers' // triggers and foreign keys that no longer fire: DISABLE TRIGGER, ENABLE REPLICA TRIGGER, DROP TRIGGER, session_replication_role
  | 'rules' // the same for rules
  | 'row_security' // DISABLE or NO FORCE ROW LEVEL SECURITY, DROP POLICY, a role with BYPASSRLS
  | 'constraints' // DROP CONSTRAINT, DROP NOT NULL, NOT ENFORCED
  | 'security_labels' // SECURITY LABEL, also one that is taken off: what a label provider guards or masks by it (sepgsql, PostgreSQL Anonymizer)
  | 'security_definer' // code that runs with its owner's rights, whoever calls it
  | 'superuser'; // a role that no privilege stops

export interface FunctionUse {
  schema: string;
  name: string;
  reaches: Reach[];
  /** builtin: in the catalogue of PostgreSQL's own functions; extension: of a known extension; unknown: neither */
  origin: 'builtin' | 'extension' | 'unknown';
}

export interface ColumnUse {
  schema: string;
  table: string;
  /** '*' stands for every column: `t.*`, a whole-row reference, INSERT without a column list, NATURAL JOIN */
  column: string;
  /** predicate covers WHERE, JOIN ON, HAVING, GROUP BY, ORDER BY, DISTINCT ON, window clauses: places where a value can be inferred */
  use: 'output' | 'predicate' | 'write' | 'expression';
}

export interface StatementFacts {
  /** select, insert, update, delete, merge, truncate, create, alter, drop, grant, revoke, copy, do, call, prepare, execute, deallocate, declare, fetch, close, explain, set, reset, show, begin, commit, rollback, savepoint, release, listen, notify, unlisten, lock, vacuum, analyze, reindex, cluster, refresh, comment, load, discard, checkpoint, … */
  kind: string;
  /** what create/alter/drop/comment/rename works on: database, table, role, function, …; empty otherwise */
  object: string;
  /** where the statement stands: top, cte, explain, prepare, execute, do, function_body, dynamic, view, rule, copy, declare, schema_element, second_opinion (what only Envoy's postgres_proxy read) */
  within: string;
  objects: ObjectAccess[];
  columns: ColumnUse[];
  functions: FunctionUse[];
  /** union of all functions' reaches, and of the statement's own (COPY PROGRAM: code; COPY file: files; dblink: databases) */
  reaches: Reach[];
  /** changes data or definitions, or may (CALL, DO of unknown content, SELECT of unknown functions do not count: see opaque) */
  writes: boolean;
  /** for update, delete, merge and the like: it has a WHERE that is not a constant truth (`where true`, `1=1`, `id = id`). True where the question does not apply */
  filtered: boolean;
  /** constant LIMIT/FETCH FIRST of the outermost query; -1 when there is none; -2 when it is an expression or a parameter */
  limit: number;
  /** copy only: 'in' | 'out' | ''; and where to or from */
  copy_direction: string;
  /** copy only: stdin, stdout, file, program */
  copy_target: string;
  /** set/reset/alter … set: the setting's name in lower case and its value as written (first value), empty when none */
  setting: string;
  setting_value: string;
  /** prepare/execute/deallocate/declare/fetch/close: the name; empty otherwise; 'all' is written as '*' */
  name: string;
  /** explain: analyze (runs the statement), also on the statement that is explained; transaction statements: read_only etc. are not facts */
  analyze: boolean;
  /** protections that it takes off, for this session or for all; empty when it takes none */
  weakens: Weakening[];
  /** why the statement hides what it does; empty when it does not */
  opaque: string[];
}

/** Where an output column comes from, for column rules. */
export interface OutputColumn {
  /** the output name as Postgres would give it, empty when unknown */
  name: string;
  /** base columns that went in; schema is empty when the statement does not name one */
  sources: { schema: string; table: string; column: string }[];
  /**
   * set for `*` and `t.*`: relations whose every column goes out at this place (in order).
   * `except`: columns that do not go out here (merged by JOIN USING, they have an output of their own before).
   * `or`: relations whose columns go out at the very same positions (other arms of a UNION).
   */
  star: { schema: string; table: string; except?: string[]; or?: { schema: string; table: string }[] }[];
  /** the value is the column itself (alias, CTE, subquery), not computed from it */
  direct: boolean;
  /** part of the expression could not be followed (unknown function over a whole row, …): treat as touching every column of these relations */
  whole_rows: { schema: string; table: string }[];
  /** true: stands for an unknown number of columns (a function's `*`, NATURAL JOIN); each may hold any of the sources and whole_rows */
  many?: boolean;
  /** names that an alias list gave to columns from a star on (`people p(a, b)`); only for the analysis itself */
  renamed?: string[];
}

export interface SqlFacts {
  /** flattened: nested statements (CTE, DO body, EXPLAIN, PREPARE, function body, dynamic constant SQL) are entries of their own, after the one that holds them */
  statements: StatementFacts[];
  /** number of top-level statements */
  count: number;
  /** why it could not be parsed, without the text; empty when it could */
  unparsed: string;
  /** union of the statements' opaque reasons */
  opaque: string[];
  /**
   * Same shape, same value (constants, parameters, spelling and comments do not count); empty when unparsed, 'empty' without any statement.
   * Where the shape hides what matters, more is appended: `-all` when a write has no bound (so `where false` and `where true` differ),
   * and a hash of the whole, constants included, where constants are code, files or settings (DO, functions with a reach, COPY to files, SET, opaque ones).
   */
  fingerprint: string;
  /** the statement with every literal replaced ($1, …), without comments, white space made alike, for logs and leases; empty when unparsed */
  normalized: string;
  /** highest $n used */
  parameters: number;
}

/** Facts of a text in a dialect whose servers may be configured to read it otherwise. */
export interface SqlReading extends SqlFacts {
  /** what it is to those, as far as they run it; absent where it is the same to all */
  otherwise?: SqlFacts[];
}

/**
 * Values that a statement takes to another place than its answer: a table, a setting, a notification, a file. Where a column rule covers
 * what is taken and not the place, its mask is lost.
 */
export interface Carry {
  /** what takes them: insert, update, merge, create, rename, copy, or the function's name */
  by: string;
  /** undefined: no column, so that no rule can cover it. `column`: '' not known which; '=' the one of the source's own name */
  target: { schema: string; table: string; column: string; made: boolean } | undefined;
  sources: { schema: string; table: string; column: string }[];
  /** they are the outputs of the prepared statement that this top-level statement executes */
  executed?: true;
  /** a view is redefined: only what materialized views took from it until now matters */
  kept?: true;
}

/** What the session machine needs beside the facts; not shown to policies. */
export interface SqlAnalysis {
  facts: SqlFacts;
  /** per top-level statement */
  top: {
    kind: string;
    /** one per output column for statements that return rows; undefined when the statement returns none or lineage is unknown */
    outputs: OutputColumn[] | undefined;
    /** for SQL-level PREPARE: name and the analysis of what it prepares; for EXECUTE and DEALLOCATE: the name */
    prepares?: { name: string; analysis: SqlAnalysis };
    /** also set where the EXECUTE stands inside EXPLAIN or CREATE TABLE AS. */
    executes?: { name: string };
    deallocates?: { name: string; all: boolean };
    /** DECLARE: the cursor's name (`outputs` are then those of its query), so that FETCH has its lineage; FETCH/MOVE/CLOSE: the cursor's name */
    declares?: { name: string; hold: boolean };
    fetches?: { name: string };
    /** COPY … FROM STDIN / TO STDOUT with its effective options */
    copy?: CopyShape;
    /**
     * SET/RESET/set_config of a setting, as far as constant, wherever it stands (DO bodies, CTEs, options of functions, ALTER ROLE …).
     * Name '*': all of them, or one whose name is not constant (UPDATE pg_settings, set_config(x, …)). Value undefined: default, reset or not constant.
     */
    sets?: { name: string; value: string | undefined; local: boolean }[];
    /** values that go elsewhere, wherever in the statement; undefined when none do */
    carries?: Carry[];
    /** changes definitions, so cached layouts and catalogue entries may be stale */
    ddl: boolean;
  }[];
}

export interface CopyShape {
  direction: 'in' | 'out';
  format: 'text' | 'csv' | 'binary';
  delimiter: string;
  null_string: string;
  header: boolean;
  quote: string;
  escape: string;
  /** COPY table (…): the relation and the listed columns (empty: all); COPY (query): undefined relation and `outputs` of the query */
  relation: { schema: string; table: string; columns: string[] } | undefined;
  outputs: OutputColumn[] | undefined;
  encoding: string;
}
