import type { SqlAnalysis, SqlFacts } from '../../sql/facts.js';
import type { Judgement } from './judge.js';
import type { Change, Found } from './names.js';
import type { Entry, Portal, Statement } from './pending.js';
import type { Session } from './session.js';

/** SQL identifiers are text, protocol names are bytes: one form for both. */
export const nameKey = (identifier: string): string => Buffer.from(identifier, 'utf8').toString('latin1');

/** A message is judged before the server has answered those before it; an answer is read when no answer before it is missing. */
export type When = 'sent' | 'answered';

export const statementNow = (s: Session, name: string, when: When): Found<Statement> =>
  when === 'answered' ? { certain: true, value: s.statements.answered(name) } : s.statements.find(name, s.segment);

export const portalNow = (s: Session, name: string, when: When): Found<Portal> =>
  when === 'answered' ? { certain: true, value: s.portals.answered(name) } : s.portals.find(name, s.segment);

/**
 * The facts of a text together with those of every prepared statement that it runs by name (SQL EXECUTE).
 * undefined: a name may still change, ask again after the server's next answer.
 */
export function factsWithNames(s: Session, judgement: Judgement, when: When): SqlFacts | undefined {
  const { facts, top } = judgement.analysis;
  if (!judgement.usesNames) return facts;
  const local = new Map<string, SqlAnalysis>();
  let statements = facts.statements;
  let opaque = facts.opaque;
  for (const one of top) {
    if (one.prepares) local.set(nameKey(one.prepares.name), one.prepares.analysis);
    if (!one.executes) continue;
    const key = nameKey(one.executes.name);
    let inner = local.get(key);
    if (inner === undefined) {
      const found = statementNow(s, key, when);
      if (!found.certain) return undefined;
      inner = found.value?.judgement.analysis;
    }
    if (inner === undefined) opaque = [...opaque, 'execute of a prepared statement that the gateway did not see'];
    else if (inner.facts.unparsed !== '') opaque = [...opaque, 'execute of an unparsed statement'];
    else {
      statements = [...statements, ...inner.facts.statements.map((f) => ({ ...f, within: 'execute' }))];
      opaque = [...opaque, ...inner.facts.opaque];
    }
  }
  return { ...facts, statements, opaque };
}

/** Notes on `item` which names its statements will change once the server says so. */
export function noteNameChanges(s: Session, item: Entry, judgement: Judgement): void {
  if (!judgement.changesNames) return;
  const statements: { change: Change<Statement>; at: number }[] = [];
  const portals: { change: Change<Portal>; at: number }[] = [];
  for (const [at, one] of judgement.analysis.top.entries()) {
    if (one.prepares) {
      const value = preparedBySql(s, judgement, one.prepares.analysis);
      statements.push({ at, change: s.statements.change(nameKey(one.prepares.name), value, s.segment) });
    }
    if (one.deallocates)
      statements.push({ at, change: s.statements.change(one.deallocates.all ? '*' : nameKey(one.deallocates.name), undefined, s.segment) });
    if (one.kind === 'discard') statements.push({ at, change: s.statements.change('*', undefined, s.segment) });
    if (one.declares) {
      const heldAt = one.declares.hold ? s.catalogue?.generation : undefined;
      const analysis: SqlAnalysis = { facts: judgement.analysis.facts, top: [{ ...one, declares: undefined }] as SqlAnalysis['top'] };
      portals.push({
        at,
        change: s.portals.change(nameKey(one.declares.name), { ...cursor(preparedBySql(s, judgement, analysis)), heldAt }, s.segment),
      });
    }
  }
  if (statements.length > 0) item.statementChanges = statements;
  if (portals.length > 0) item.portalChanges = portals;
}

function preparedBySql(s: Session, outer: Judgement, analysis: SqlAnalysis): Statement {
  const decision = s.rules!.judge.again(analysis.facts, undefined);
  return {
    text: outer.text,
    judgement: { ...outer, analysis, decision, usesNames: false, changesNames: false },
    parameterTypes: [],
    layout: undefined,
    request: '',
    bySql: true,
  };
}

function cursor(statement: Statement): Portal {
  return {
    statement,
    bind: undefined,
    bindBody: undefined,
    formats: [],
    rows: undefined,
    columns: [],
    released: true,
    cursor: true,
    policyVersion: statement.judgement.policyVersion,
  };
}

/** The statement's judgement under the policy in force now. */
export function currentJudgement(s: Session, statement: Statement): Judgement {
  const { judge, policy } = s.rules!;
  if (statement.judgement.policyVersion === policy.version) return statement.judgement;
  if (statement.bySql) {
    const { analysis } = statement.judgement;
    statement.judgement = { ...statement.judgement, decision: judge.again(analysis.facts, undefined), policyVersion: policy.version };
  } else statement.judgement = judge.judge(statement.text);
  return statement.judgement;
}
