import { isGrammarSetting, isPinned } from '../../policy/grammar.js';
import type { Decision, Policy, PostgresOperation } from '../../policy/types.js';
import type { SqlAnalysis, SqlFacts, StatementFacts } from '../../sql/facts.js';
import { maskedHead } from './params.js';
import { shownFacts } from './shown-facts.js';

/** What follows from an analysis alone, for one caller under one policy: the same for all texts that share it. */
export interface Ruling {
  readonly decision: Decision;
  /** JSON fields of the decision event */
  readonly decisionFields: string;
  /** the `facts` field of a request event, beginning with a comma */
  readonly factsField: () => string;
  /** which statements are, or may be, COPY … FROM STDIN; [0] when it can't be ruled out in a text that was not parsed */
  readonly copiesIn: readonly number[];
  /** EXECUTE of a prepared statement is among them, so names must be looked up */
  readonly usesNames: boolean;
  /** takes values elsewhere than into its answer, so masks must be looked after (copies.ts) */
  readonly mayCopy: boolean;
  readonly changesNames: boolean;
  readonly ddl: boolean;
  /** redefines views or names, so that until it is committed the catalogue, which reads from outside, tells wrong origins */
  readonly changesOrigins: boolean;
}

/** One statement text, understood and decided on for one caller under one policy. Shared by all sessions of that caller. */
export interface Judgement extends Ruling {
  readonly text: string;
  readonly analysis: SqlAnalysis;
  readonly policyVersion: string;
  /** the text with its own secrets masked, for recordings and approvers */
  readonly maskedText: string;
  /** maskedText is all of it: only what a person has read whole can be approved */
  readonly shownWhole: boolean;
  /** JSON fields of a request event, beginning with a comma */
  readonly textFields: string;
}

export type Caller = Omit<PostgresOperation, 'on' | 'sql' | 'params'>;

export interface Analyzer {
  analyze(text: string): SqlAnalysis;
}

/** Longest statement text kept in an event, in UTF-16 units; the rest is counted, not kept. */
export const EVENT_TEXT_UNITS_MAX = 65_536;

/** What is known of bytes that are no text in the session's encoding, or too long to parse. */
export function unparsedAnalysis(reason: string): SqlAnalysis {
  const facts: SqlFacts = { statements: [], count: 0, unparsed: reason, opaque: [], fingerprint: '', normalized: '', parameters: 0 };
  return { facts, top: [] };
}

export function decisionFields(decision: Decision, policyVersion: string): string {
  return JSON.stringify({ verdict: decision.verdict, rule: decision.rule, matches: decision.matches, policy_version: policyVersion })
    .replace(/^\{/, ',')
    .slice(0, -1);
}

const originObjects = new Set(['view', 'materialized_view', 'materialized view', 'rule']);

/**
 * What ALTER may change without making a column be another. Everything else may: tables can be renamed and attached as
 * partitions, ALTER INDEX renames tables too, and an extension's update may redefine its views.
 */
const harmlessAlters = new Set(
  `type domain constraint sequence function procedure routine aggregate role user database tablespace system subscription publication server
   user_mapping foreign_data_wrapper event_trigger trigger policy collation conversion operator operator_class operator_family statistics
   language large_object default_privileges text_search_configuration text_search_dictionary text_search_parser text_search_template`.split(
    /\s+/,
  ),
);

/** Views and rules that are made or changed, and whatever ALTER may rename. */
function changesOrigins({ kind, object }: StatementFacts): boolean {
  // What was prepared in two phases comes into being, whoever prepared it.
  if (kind === 'commit_prepared') return true;
  return (kind === 'alter' && !harmlessAlters.has(object)) || ((kind === 'create' || kind === 'drop') && originObjects.has(object));
}

/** Without a value a SET goes back to what the session began with, which was checked; set_config without one may set anything. */
function changesGrammar(kind: string, name: string, value: string | undefined): boolean {
  if (value !== undefined) return isGrammarSetting(name, value);
  return isPinned(name) && !['set', 'reset', 'alter', 'discard', 'show'].includes(kind);
}

/** Judges statement texts for one caller. Cached by text, bounded. */
export class Judge {
  private readonly cache = new Map<string, Judgement>();
  private readonly rulings = new WeakMap<SqlAnalysis, Ruling>();
  private cachedUnits = 0;

  constructor(
    readonly policy: Policy,
    private readonly analyzer: Analyzer,
    private readonly caller: Caller,
    private readonly maskText: (text: string) => string,
    private readonly limits: { cache_entries_max: number; cache_units_max: number },
  ) {}

  judge(text: string): Judgement {
    const known = this.cache.get(text);
    if (known !== undefined) return known;
    const judgement = this.build(text, this.analyzer.analyze(text));
    this.remember(text, judgement);
    return judgement;
  }

  /** For bytes that are no text: the facts say why. */
  unparsed(reason: string, shown: string): Judgement {
    return this.build(shown, unparsedAnalysis(reason), false);
  }

  /** Judged again with bound values, or with what a name stands for. */
  again(facts: SqlFacts, params: (string | null | undefined)[] | undefined): Decision {
    return this.policy.decide(this.operation(facts, params));
  }

  /** A statement's facts name one setting; a SELECT may set several, so all of them are looked at here. */
  private pinned(analysis: SqlAnalysis, decision: Decision): Decision {
    if (this.policy.grammar !== 'pin' || decision.verdict === 'deny') return decision;
    const changed = analysis.top.flatMap((top) => (top.sets ?? []).filter(({ name, value }) => changesGrammar(top.kind, name, value)));
    if (changed.length === 0) return decision;
    const match = { rule: 'default:grammar', verdict: 'deny' as const, mode: 'enforce' as const };
    return {
      verdict: 'deny',
      matches: [...decision.matches, match],
      rule: match.rule,
      message: `${changed[0]!.name} may not be changed: it changes how SQL is read`,
      hint: 'The policy pins the grammar (defaults.grammar).',
    };
  }

  private operation(facts: SqlFacts, params: (string | null | undefined)[] | undefined): PostgresOperation {
    const operation: PostgresOperation = { on: 'postgres', sql: facts, ...this.caller };
    if (params !== undefined) operation.params = params;
    return operation;
  }

  private build(text: string, analysis: SqlAnalysis, whole = true): Judgement {
    const maskedText = maskedHead(text, EVENT_TEXT_UNITS_MAX, this.maskText);
    const { decision, decisionFields, factsField, copiesIn, usesNames, mayCopy, changesNames, ddl, changesOrigins } = this.ruling(
      text,
      analysis,
    );
    return {
      text,
      analysis,
      policyVersion: this.policy.version,
      maskedText,
      shownWhole: whole && text.length <= EVENT_TEXT_UNITS_MAX,
      textFields: `,"text":${JSON.stringify(maskedText)},"fingerprint":${JSON.stringify(analysis.facts.fingerprint)}`,
      decision,
      decisionFields,
      factsField,
      copiesIn,
      usesNames,
      mayCopy,
      changesNames,
      ddl,
      changesOrigins,
    };
  }

  private ruling(text: string, analysis: SqlAnalysis): Ruling {
    const known = this.rulings.get(analysis);
    if (known !== undefined) return known;
    const decision = this.pinned(analysis, this.policy.decide(this.operation(analysis.facts, undefined)));
    const unparsed = analysis.facts.unparsed !== '';
    let factsField: string | undefined;
    const ruling: Ruling = {
      decision,
      decisionFields: decisionFields(decision, this.policy.version),
      factsField: () => (factsField ??= this.factsField(analysis.facts)),
      copiesIn: unparsed
        ? /copy/i.test(text)
          ? [0]
          : []
        : analysis.top.flatMap((t, at) => (t.copy?.direction === 'in' || (t.kind === 'copy' && t.copy === undefined) ? [at] : [])),
      usesNames: analysis.top.some((t) => t.executes !== undefined || t.fetches !== undefined),
      mayCopy: analysis.top.some((t) => t.carries !== undefined || t.executes !== undefined),
      changesNames: analysis.top.some(
        (t) => t.prepares !== undefined || t.deallocates !== undefined || t.declares !== undefined || t.kind === 'discard',
      ),
      changesOrigins: unparsed || analysis.facts.statements.some(changesOrigins),
      ddl: unparsed || analysis.top.some((t) => t.ddl),
    };
    // What could not be parsed has its text to go by.
    if (!unparsed) this.rulings.set(analysis, ruling);
    return ruling;
  }

  /** The normalised statement may repeat literals of utility statements, so it is masked like the text. */
  private factsField(facts: SqlFacts): string {
    return `,"facts":${JSON.stringify({ ...shownFacts(facts, this.maskText), normalized: maskedHead(facts.normalized, EVENT_TEXT_UNITS_MAX, this.maskText) })}`;
  }

  private remember(text: string, judgement: Judgement): void {
    // A text that alone would flush the cache is not worth keeping.
    if (text.length > this.limits.cache_units_max / 8) return;
    this.cache.set(text, judgement);
    this.cachedUnits += text.length;
    for (const [oldest] of this.cache) {
      if (this.cache.size <= this.limits.cache_entries_max && this.cachedUnits <= this.limits.cache_units_max) break;
      this.cache.delete(oldest);
      this.cachedUnits -= oldest.length;
    }
  }
}
