import type { Decision } from '../../policy/types.js';
import { sourcesOf } from '../../sql/carry.js';
import type { Carry, SqlAnalysis, SqlFacts } from '../../sql/facts.js';
import { Taint } from '../../sql/taint.js';
import type { MaskSet } from '../rows/mask-set.js';
import { type CatalogueView, resolve } from '../rows/origin.js';
import { type ColumnRef, matches } from '../rows/rule-match.js';
import { anyCovered, coveringRule } from './covered.js';
import { decisionFields, type Judgement } from './judge.js';
import { originsInDoubt } from './layouts.js';
import { factsWithNames, nameKey } from './prepared.js';
import type { Session } from './session.js';

/**
 * A statement that takes masked values to where no mask covers them (another table, a setting, a notification, a file) is judged
 * as opaque: what becomes of them cannot be followed any more. 'wait' while the catalogue is asked.
 */
export function withCopies(
  s: Session,
  judgement: Judgement,
  params: (string | null | undefined)[] | undefined,
  decision: Decision,
  fields: string,
): { decision: Decision; fields: string } | 'wait' {
  const same = { decision, fields };
  const masks = s.rules!.masks;
  if (masks === undefined || masks.columnRules.length === 0 || !judgement.mayCopy || decision.verdict === 'deny') return same;
  const carries = carriesOf(s, judgement.analysis);
  if (carries.length === 0) return same;
  const doubt = originsInDoubt(s, masks);
  const covered = doubt === false ? anyCovered(s, masks) : doubt;
  if (covered === undefined) return 'wait';
  if (!covered) return same;
  const lost = doubt === true ? ANYTHING : firstLost(s, carries, masks);
  if (lost === 'wait') return 'wait';
  if (lost === undefined) return same;
  const { judge, policy } = s.rules!;
  const facts: SqlFacts = factsWithNames(s, judgement, 'sent') ?? judgement.analysis.facts;
  const name = [lost.schema, lost.table, lost.column].filter((part) => part !== '').join('.');
  const other = judge.again(
    { ...facts, opaque: [...facts.opaque, `masked values (${name}) are copied to where no mask covers them`] },
    params,
  );
  return { decision: other, fields: decisionFields(other, policy.version) };
}

const ANYTHING: ColumnRef = { schema: '', table: '', column: '*' };

/** What the statements carry, those that are run by name too. */
function carriesOf(s: Session, analysis: SqlAnalysis): Carry[] {
  const local = new Map<string, SqlAnalysis>();
  return analysis.top.flatMap((top) => {
    if (top.prepares) local.set(nameKey(top.prepares.name), top.prepares.analysis);
    const own = top.carries ?? [];
    if (!top.executes) return own;
    const key = nameKey(top.executes.name);
    const found = s.statements.find(key, s.segment);
    const inner = local.get(key) ?? (found.certain ? found.value?.judgement.analysis : undefined);
    const taint = new Taint();
    for (const output of inner?.top[0]?.outputs ?? []) taint.output(output);
    return [
      ...own.map((carry) => (carry.executed ? { ...carry, sources: sourcesOf(taint) } : carry)),
      ...(inner?.top.flatMap((one) => one.carries ?? []) ?? []),
    ];
  });
}

/** The first column that loses its mask. */
function firstLost(s: Session, carries: readonly Carry[], masks: MaskSet): ColumnRef | 'wait' | undefined {
  const { catalogue } = s;
  if (catalogue !== undefined) {
    const named = carries.flatMap(({ sources, target }) => [...sources, ...(target === undefined ? [] : [target])]);
    const unknown = named.filter(({ schema, table }) => table !== '' && catalogue.byName(schema, table) === undefined);
    if (unknown.length > 0) {
      s.lookup({ names: unknown.map(({ schema, table }) => ({ schema, name: table })) });
      return 'wait';
    }
  }
  for (const { sources, target, kept } of carries) {
    if (kept === true && !sources.some((source) => isKept(source, catalogue))) continue;
    for (const source of sources) {
      const lost = resolve(source, catalogue).find(
        (ref) => coveringRule(masks, [ref], catalogue) !== undefined && !isCovered(target, ref, masks, catalogue),
      );
      if (lost !== undefined) return lost;
    }
  }
  return undefined;
}

/** Materialized views hold what this view gave, as far as is known. */
function isKept({ schema, table }: ColumnRef, catalogue: CatalogueView | undefined): boolean {
  const found = catalogue?.byName(schema, table);
  return found === undefined || found === 'unknown' || found.some(({ kept }) => kept === true);
}

/** A schema that no rule names: of a table that is being made, and nobody says where. */
const SOMEWHERE = '\0';

/** Whether the column that takes the value of `ref` is one that a rule covers, whichever table the name means. */
function isCovered(target: Carry['target'], ref: ColumnRef, masks: MaskSet, catalogue: CatalogueView | undefined): boolean {
  if (target === undefined || target.column === '') return false;
  const column = target.column === '=' ? ref.column : target.column;
  const { table } = target;
  const found = target.schema === '' && !target.made ? catalogue?.byName('', table) : undefined;
  const schemas = found === undefined || found === 'unknown' ? [target.schema] : found.map((relation) => relation.schema);
  if (catalogue !== undefined && target.schema === '' && (target.made || schemas.length === 0))
    schemas.splice(0, schemas.length, SOMEWHERE);
  return schemas.every((schema) => {
    const place = { schema, table, column };
    const places = target.made ? [place] : resolve(place, catalogue);
    return masks.columnRules.every((rule) => {
      const over = rule.patterns.filter((pattern) => matches(pattern, ref));
      // A source that may be any column is kept by the very patterns over it alone, a single one by any pattern of the rule.
      if (ref.table === '' || ref.column === '*') return over.every((pattern) => places.some((one) => matches(pattern, one)));
      return over.length === 0 || rule.patterns.some((pattern) => places.some((one) => matches(pattern, one)));
    });
  });
}
