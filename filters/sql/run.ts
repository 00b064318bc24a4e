/** One run over one text: the statements found so far, and the bounds that keep hostile text from taking for ever. */
import { Collector, type Use } from './collector.js';
import type { Carry, OutputColumn, SqlAnalysis, StatementFacts } from './facts.js';
import type { Body } from './node.js';
import type { Scope } from './scope.js';

/** Thrown when a text exceeds what the analysis is willing to do; it then counts as unparsed. */
export class AnalysisLimit extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'AnalysisLimit';
  }
}

/** Tree nodes visited for one text, nested texts included; recursive CTEs visit theirs several times. */
const NODES_MAX = 3_000_000;
/** Texts within texts: DO in EXECUTE in DO … */
const NESTED_TEXTS_MAX = 8;
/** Values of one statement that go elsewhere. */
const CARRIES_MAX = 2000;
/** Statement entries of one text. */
const STATEMENTS_MAX = 20_000;

export type Setting = { name: string; value: string | undefined; local: boolean };
export type Top = SqlAnalysis['top'][number];

/** A common table expression. `outputs` is undefined until its query has been followed. */
export interface Cte {
  name: string;
  outputs: OutputColumn[] | undefined;
  /** the query is being followed right now: a reference is a recursive one */
  open: boolean;
  referenced: boolean;
  resolve: (() => void) | undefined;
}

export interface CteFrame {
  ctes: Map<string, Cte>;
  parent: CteFrame | undefined;
}

export class Run {
  readonly statements: StatementFacts[] = [];
  /** per top-level statement, gathered wherever they stand */
  sets: Setting[] = [];
  executes: string | undefined;
  carries: Carry[] = [];
  ddl = false;
  parameters = 0;
  /** above zero: a trial pass over a recursive query, whose statements are not kept */
  muted = 0;
  texts = 0;
  private nodes = 0;

  visit(): void {
    this.nodes += 1;
    if (this.nodes > NODES_MAX) throw new AnalysisLimit('too complex');
  }

  /** Starts a statement entry; its place in the list is fixed now, before those it holds. */
  begin(kind: string, within: string): Collector {
    const collector = new Collector(kind, within);
    if (this.muted === 0) {
      if (this.statements.length >= STATEMENTS_MAX) throw new AnalysisLimit('too many statements');
      this.statements.push(collector.facts);
    }
    return collector;
  }

  /** Drops an entry that turned out to say nothing. */
  drop(collector: Collector): void {
    const at = this.statements.lastIndexOf(collector.facts);
    if (at >= 0) this.statements.splice(at, 1);
  }

  /** Runs work on a nested text; false when texts are nested too deeply. */
  nested(work: () => void): boolean {
    if (this.texts >= NESTED_TEXTS_MAX) return false;
    this.texts += 1;
    try {
      work();
    } finally {
      this.texts -= 1;
    }
    return true;
  }

  /** Notes values that go elsewhere; beyond all bounds they are one entry that may go anywhere. */
  carry(carry: Carry): void {
    if (this.muted > 0 || (carry.sources.length === 0 && carry.executed !== true)) return;
    if (this.carries.length < CARRIES_MAX) this.carries.push(carry);
    else this.carries[CARRIES_MAX - 1] = { by: carry.by, target: undefined, sources: [{ schema: '', table: '', column: '*' }] };
  }

  set(setting: Setting): void {
    if (this.muted > 0) return;
    if (!this.sets.some((s) => s.name === setting.name && s.value === setting.value && s.local === setting.local)) this.sets.push(setting);
  }
}

/** Where a node stands. */
export interface Env {
  run: Run;
  facts: Collector;
  scope: Scope | undefined;
  ctes: CteFrame | undefined;
  /** the source text of the statement, for bodies that have to be cut out of it; asking for it counts as reading every constant */
  source: () => string;
}

export function withScope(env: Env, scope: Scope | undefined): Env {
  return { run: env.run, facts: env.facts, scope, ctes: env.ctes, source: env.source };
}

export function withFacts(env: Env, facts: Collector): Env {
  return { run: env.run, facts, scope: env.scope, ctes: env.ctes, source: env.source };
}

export type { Body, Use };
