/** Gathers the facts of one statement, each entry once. */
import { functionOrigin, operatorOrigin } from './catalogue/names.js';
import { reachesOf, relationReaches, relationWriteReaches, WRITING_FUNCTIONS } from './catalogue/reach.js';
import { emptyStatement } from './empty-statement.js';
import type { ColumnUse, ObjectAccessKind, Reach, StatementFacts, Weakening } from './facts.js';

export type Use = ColumnUse['use'];

/** Tables in which long values of another table lie ("TOAST"). */
const TOAST = /^pg_toast_\d+(_index)?$/;

/** Values of session_replication_role with which ordinary triggers fire ("Client Connection Defaults"). */
const FIRING_ROLES = new Set(['origin', 'local']);

export class Collector {
  readonly facts: StatementFacts;
  private readonly seen = new Set<string>();

  constructor(kind: string, within: string) {
    this.facts = emptyStatement(kind, within);
  }

  private first(key: string): boolean {
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }

  object(type: string, schema: string, name: string, access: ObjectAccessKind): void {
    if (!this.first(`o\0${type}\0${schema}\0${name}\0${access}`)) return;
    this.facts.objects.push({ type, schema, name, access });
    if (type !== 'table') return;
    for (const reach of relationReaches(schema, name)) this.reach(reach);
    if (schema === 'pg_toast' || (schema === '' && TOAST.test(name))) this.opaque('reads long values of a relation that it does not name');
    if (access !== 'write') return;
    const written = relationWriteReaches(schema, name);
    for (const reach of written) this.reach(reach);
    if (written.length > 0) this.opaque('writes a system catalogue');
  }

  column(schema: string, table: string, column: string, use: Use): void {
    if (this.first(`c\0${schema}\0${table}\0${column}\0${use}`)) this.facts.columns.push({ schema, table, column, use });
  }

  /** Notes a call. Unknown functions may do anything, so the statement is opaque. */
  call(schema: string, name: string): void {
    if (!this.first(`f\0${schema}\0${name}`)) return;
    const origin = functionOrigin(schema, name);
    const reaches = reachesOf(schema, name);
    this.facts.functions.push({ schema, name, reaches: [...reaches], origin });
    for (const reach of reaches) this.reach(reach);
    if (WRITING_FUNCTIONS.has(name)) this.facts.writes = true;
    if (origin === 'unknown') this.opaque(`unknown function ${schema === '' ? name : `${schema}.${name}`}`);
  }

  /** Notes an operator when it is not PostgreSQL's own: it then calls a function that can't be seen. */
  operator(schema: string, name: string): void {
    const origin = operatorOrigin(schema, name);
    if (origin === 'builtin' || !this.first(`p\0${schema}\0${name}`)) return;
    this.facts.functions.push({ schema, name, reaches: [], origin });
    if (origin === 'unknown') this.opaque(`unknown operator ${schema === '' ? name : `${schema}.${name}`}`);
  }

  /** Notes a definition under a name that statements take for PostgreSQL's own or a known extension's: later calls of it could not be told apart. */
  shadows(type: string, schema: string, name: string): void {
    const known = type === 'operator' ? operatorOrigin('', name) : functionOrigin('', name);
    if (known !== 'unknown') this.opaque(`${type} ${schema === '' ? name : `${schema}.${name}`} has the name of a known one`);
  }

  reach(reach: Reach): void {
    if (!this.facts.reaches.includes(reach)) this.facts.reaches.push(reach);
  }

  weakens(protection: Weakening): void {
    if (!this.facts.weakens.includes(protection)) this.facts.weakens.push(protection);
  }

  /**
   * Notes what becomes of a setting, wherever it is set. Triggers and foreign keys fire as they should with
   * session_replication_role origin and local; a value that can't be read, or that a RESET brings back, may be another.
   */
  setting(name: string, value: string | undefined): void {
    this.facts.setting = name;
    this.facts.setting_value = value ?? '';
    if (name === 'session_replication_role' && this.facts.kind !== 'reset' && !FIRING_ROLES.has((value ?? '').toLowerCase()))
      this.weakens('triggers');
  }

  opaque(reason: string): void {
    if (!this.facts.opaque.includes(reason)) this.facts.opaque.push(reason);
  }
}
