import type { ColumnUse, SqlFacts, StatementFacts } from '../../sql/facts.js';
import { maskFields } from '../rows/fields.js';
import type { ColumnRule, MaskSet } from '../rows/mask-set.js';
import { resolve } from '../rows/origin.js';
import type { ColumnRef } from '../rows/rule-match.js';
import { type ErrorField, type ErrorFields, encodeErrorResponse, errorField, errorFieldCode } from '../wire/error-fields.js';
import type { Frame } from '../wire/frame-reader.js';
import { frontend } from '../wire/types.js';
import { anyCovered, coveringRule } from './covered.js';
import { originsInDoubt } from './layouts.js';
import type { Entry } from './pending.js';
import { factsWithNames, nameKey } from './prepared.js';
import type { Session } from './session.js';

/**
 * Errors and notices quote values: `invalid input syntax for type integer: "…"`, `Failing row contains (…)`, RAISE. Detectors find
 * what has a form; the values of a column rule have none. So where the statement under way reads a column that a rule covers, or writes
 * its table, the server's words are taken out, and its code, the places and the names of objects stay.
 */

/** Codes and classes whose messages hold no value, unless a RAISE chose the code ("PostgreSQL Error Codes"). */
const VALUE_FREE = /^(25|40|53|54|57|0A000|22012|42501|55P03)/;
/** In class 23 the values stand in the detail alone. */
const MESSAGE_FREE = /^23/;
const RAISED = 'exec_stmt_raise';

const kept = new Set<number>(
  (
    [
      'severity',
      'severity_plain',
      'code',
      'position',
      'schema',
      'table',
      'column',
      'data_type',
      'constraint',
      'file',
      'line',
      'routine',
    ] as const
  ).map((name) => errorFieldCode[name]),
);

/** What runs something. At Sync an implicit transaction ends, with what was deferred until then and the cursors that outlive it. */
const SPEAKING: ReadonlySet<number> = new Set([frontend.Query, frontend.Execute, frontend.FunctionCall, frontend.Sync]);

/** The message without its words, as it goes out and as it is recorded; 'wait' while the catalogue is asked; undefined: nothing to hide. */
export function withoutCovered(s: Session, f: Frame, fields: ErrorFields): { bytes: Buffer; message: string } | 'wait' | undefined {
  const masks = s.rules?.masks;
  const head = s.pending.head();
  if (masks === undefined || masks.columnRules.length === 0 || head === undefined || head.refusal !== undefined) return undefined;
  if (!SPEAKING.has(head.kind)) return undefined;
  // A position stands in the client's own text: the parser speaks, which has seen no row. With a context it may read a value (`code::regtype`).
  if (errorField(fields, 'position') !== undefined && errorField(fields, 'where') === undefined) return undefined;
  const code = errorField(fields, 'code')?.toString('latin1') ?? '';
  const raised = errorField(fields, 'routine')?.toString('latin1') === RAISED;
  if (VALUE_FREE.test(code) && !raised) return undefined;
  const keepMessage = MESSAGE_FREE.test(code) && !raised;
  const rule = ruleOver(s, head, masks, keepMessage ? named(fields) : []);
  if (rule === 'wait' || rule === undefined) return rule;
  const said = errorField(fields, 'message') ?? Buffer.alloc(0);
  const message = keepMessage ? said : Buffer.from(`the server's words are masked by rule ${rule.name}`);
  const hint =
    'The statement touches a column that this rule covers, and the message may hold its value. The SQLSTATE is the server’s own.';
  const left: ErrorField[] = fields.fields.filter((field) => kept.has(field.code));
  left.push({ code: errorFieldCode.message, value: message }, { code: errorFieldCode.hint, value: Buffer.from(hint) });
  const built = encodeErrorResponse({ fields: left });
  built[0] = f.buf[f.start]!;
  return { bytes: maskFields(built, 0, 5, built.length, masks) ?? built, message: message.toString('utf8') };
}

/** The strongest rule over what the statement under way touches; `broken`: the table whose constraint was broken. */
function ruleOver(s: Session, head: Entry, masks: MaskSet, broken: readonly ColumnRef[]): ColumnRule | 'wait' | undefined {
  const doubt = originsInDoubt(s, masks);
  if (doubt === undefined) return 'wait';
  if (doubt) return masks.columnRules[0];
  const covered = anyCovered(s, masks);
  if (covered === undefined) return 'wait';
  if (!covered) return undefined;
  const facts = factsOf(s, head);
  const known = facts !== undefined && facts.unparsed === '';
  // Nobody knows what a statement does that could not be read, or what was deferred until now.
  if (broken.length === 0 && (!known || facts.statements.some(speaksOfAny))) return masks.columnRules[0];
  if (!known && head.kind !== frontend.Sync) return masks.columnRules[0];
  const refs = [...(known ? touched(facts) : []), ...broken];
  const { catalogue } = s;
  if (catalogue === undefined) return coveringRule(masks, refs, undefined);
  const unknown = refs.filter((ref) => ref.table !== '' && catalogue.byName(ref.schema, ref.table) === undefined);
  if (unknown.length > 0) {
    s.lookup({ names: unknown.map((ref) => ({ schema: ref.schema, name: ref.table })) });
    return 'wait';
  }
  const bases = refs.flatMap((ref) => resolve(ref, catalogue));
  return coveringRule(masks, bases, catalogue);
}

/** The facts of what runs: with those of the prepared statements and cursors that it names. */
function factsOf(s: Session, head: Entry): SqlFacts | undefined {
  const judgement = head.judgement ?? head.portal?.statement.judgement;
  if (judgement === undefined) return undefined;
  const facts = factsWithNames(s, judgement, 'answered');
  if (facts === undefined) return undefined;
  const cursors = judgement.analysis.top.flatMap(({ fetches }) => {
    const found = fetches && s.portals.answered(nameKey(fetches.name));
    return found === undefined ? [] : found.statement.judgement.analysis.facts.statements;
  });
  return { ...facts, statements: [...facts.statements, ...cursors] };
}

/** Statements that compute expressions over rows of tables that they name without their columns: statistics, indexes. */
const OVER_ROWS = new Set(['analyze', 'vacuum', 'reindex']);

/** Rows of tables that it does not name: cursors that outlive a transaction are run at its end, a domain's new constraint looks at all columns of it. */
function speaksOfAny({ kind, object, setting, objects }: StatementFacts): boolean {
  if (kind === 'commit' || kind === 'prepare_transaction' || (kind === 'set' && setting === 'constraints')) return true;
  return (kind === 'alter' && object === 'domain') || (OVER_ROWS.has(kind) && objects.length === 0);
}

/** Columns that are read anywhere, and all columns of tables that are written: constraints and triggers show whole rows. */
function touched(facts: SqlFacts): ColumnRef[] {
  const refs = new Map<string, ColumnRef>();
  const add = ({ schema, table, column }: Pick<ColumnUse, 'schema' | 'table' | 'column'>) =>
    refs.set(`${schema}\0${table}\0${column}`, { schema, table, column });
  for (const statement of facts.statements) {
    for (const column of statement.columns) if (column.use !== 'write') add(column);
    for (const object of statement.objects)
      if (object.access === 'write' || OVER_ROWS.has(statement.kind)) add({ schema: object.schema, table: object.name, column: '*' });
  }
  return [...refs.values()];
}

/** The table that an error names itself: a deferred constraint speaks at COMMIT. */
function named(fields: ErrorFields): ColumnRef[] {
  const text = (name: 'schema' | 'table') => errorField(fields, name)?.toString('utf8') ?? '';
  return text('table') === '' ? [] : [{ schema: text('schema'), table: text('table'), column: '*' }];
}
