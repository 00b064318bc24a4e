import { MidstreamError } from '../../errors.js';
import type { SqlFacts } from '../../sql/facts.js';
import { decodeBind } from '../wire/bind.js';
import { decodeClose, decodeDescribe, encodeDescribe } from '../wire/describe-close.js';
import { decodeExecute } from '../wire/execute.js';
import type { Frame } from '../wire/frame-reader.js';
import { decodeParse } from '../wire/parse.js';
import { frontend } from '../wire/types.js';
import { withCopies } from './copies.js';
import { hold } from './hold.js';
import { decisionFields, type Judgement } from './judge.js';
import { rowsFromStatement } from './layouts.js';
import { parameterTexts, shownParams } from './params.js';
import { entry, type Portal, type Statement } from './pending.js';
import { currentJudgement, factsWithNames, noteNameChanges } from './prepared.js';
import { refusalOf, refuse } from './refuse.js';
import type { Request } from './request.js';
import { withOpinion } from './second-opinion.js';
import type { Session, Stall } from './session.js';
import { recordRequest } from './simple.js';
import { judgeText } from './text.js';

/** Parse: judged on its text; the facts stay with the statement's name. What needs approval is held at Execute, with its values. */
export function onParse(s: Session, f: Frame): Stall | undefined {
  const parse = decodeParse(f.buf, f.body, f.end);
  checkNames(s);
  const start = f.body + parse.statement.length + 1;
  const judgement = judgeText(s, f.buf, start, start + parse.text.length);
  const copies = withCopies(s, judgement, undefined, judgement.decision, judgement.decisionFields);
  if (copies === 'wait') return 'catalogue';
  let { decision, fields } = copies;
  const request = s.newRequest();
  recordRequest(s, request, 'parse', judgement, f);
  if (s.second !== undefined) ({ decision, fields } = withOpinion(s, judgement.analysis.facts, undefined, decision, fields));
  s.recordDecision(request, decision, fields);
  if (decision.verdict === 'deny') {
    refuse(s, frontend.Parse, request, refusalOf(decision, request));
    return undefined;
  }
  const item = entry(frontend.Parse);
  item.statement = {
    text: judgement.text,
    judgement,
    parameterTypes: parse.parameter_types,
    layout: undefined,
    request: request.id,
    bySql: false,
  };
  item.statementChanges = [{ at: 0, change: s.statements.change(parse.statement, item.statement, s.segment) }];
  s.expect(item);
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

/** Bind: the parameters become facts; they are judged with the Execute. */
export function onBind(s: Session, f: Frame): Stall | undefined {
  const bind = decodeBind(f.buf, f.body, f.end);
  checkNames(s);
  const found = s.statements.find(bind.statement, s.segment);
  if (!found.certain) return 'names';
  const statement = found.value ?? unseen(s, 'prepared statement');
  const portal: Portal = {
    statement,
    bind,
    bindBody: { buf: f.buf, start: f.body, end: f.end },
    formats: bind.result_formats,
    rows: undefined,
    columns: [],
    released: false,
    cursor: false,
    policyVersion: '',
  };
  const item = entry(frontend.Bind);
  item.portal = portal;
  item.portalChanges = [{ at: 0, change: s.portals.change(bind.portal, portal, s.segment) }];
  s.expect(item);
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

/** A name that was made where the gateway could not see it: the policy's word on what is unparsed holds. */
function unseen(s: Session, what: string): Statement {
  const judgement = s.rules!.judge.unparsed(`a ${what} that the gateway did not see`, `(unknown ${what})`);
  return { text: judgement.text, judgement, parameterTypes: [], layout: undefined, request: '', bySql: true };
}

/** Execute: judged again with the parameters bound. */
export function onExecute(s: Session, f: Frame): Stall | undefined {
  const execute = decodeExecute(f.buf, f.body, f.end);
  const found = s.portals.find(execute.portal, s.segment);
  if (!found.certain) return 'names';
  const portal = found.value ?? unseenPortal(s);
  const { policy, judge } = s.rules!;
  const judgement = currentJudgement(s, portal.statement);
  const texts = portal.bind ? parameterTexts(portal.bind, portal.statement.parameterTypes) : undefined;
  let { decision } = judgement;
  let fields = judgement.decisionFields;
  if (policy.usesParams || judgement.usesNames) {
    const facts: SqlFacts | undefined = factsWithNames(s, judgement, 'sent');
    if (facts === undefined) return 'names';
    decision = judge.again(facts, texts);
    fields = decisionFields(decision, policy.version);
  }
  const copies = withCopies(s, judgement, texts, decision, fields);
  if (copies === 'wait') return 'catalogue';
  ({ decision, fields } = copies);
  if (s.second !== undefined) ({ decision, fields } = withOpinion(s, judgement.analysis.facts, texts, decision, fields));
  const request = s.newRequest();
  const params = portal.bind && texts ? shownParams(portal.bind, texts, s.rules!.maskText) : noParams;
  recordRequest(
    s,
    request,
    'execute',
    judgement,
    f,
    params.length === 0 ? '' : `,"params":${JSON.stringify(params)}`,
    originalOf(s, portal, f),
  );
  s.recordDecision(request, decision, fields);
  if (decision.verdict === 'deny') {
    refuse(s, frontend.Execute, request, refusalOf(decision, request));
    return undefined;
  }
  const send = (frame: Frame) => sendExecute(s, frame, execute.portal, portal, judgement, request);
  // A portal that was let go once is fetched on without asking again, as long as the same policy stands.
  const released = portal.released && portal.policyVersion === policy.version;
  if (decision.verdict === 'approve' && !released && !s.skipping) {
    return hold(s, { frame: f, kind: frontend.Execute, request, judgement, decision, params, rawParams: bindBytesOf(portal), send });
  }
  send(f);
  return undefined;
}

const noParams: (string | null)[] = [];

/** An Execute says nothing without the Bind before it: both are kept. */
function originalOf(s: Session, portal: Portal, f: Frame): Buffer | undefined {
  const bound = s.options.originals ? bindBytesOf(portal) : undefined;
  if (bound === undefined) return undefined;
  const header = Buffer.from([frontend.Bind, 0, 0, 0, 0]);
  header.writeUInt32BE(bound.length + 4, 1);
  return Buffer.concat([header, bound, f.buf.subarray(f.start, f.end)]);
}

const bindBytesOf = ({ bindBody }: Portal): Buffer | undefined => bindBody?.buf.subarray(bindBody.start, bindBody.end);

function unseenPortal(s: Session): Portal {
  return {
    statement: unseen(s, 'portal'),
    bind: undefined,
    bindBody: undefined,
    formats: [],
    rows: undefined,
    columns: [],
    released: false,
    cursor: false,
    policyVersion: '',
  };
}

function sendExecute(s: Session, f: Frame, name: string, portal: Portal, judgement: Judgement, request: Request): void {
  portal.released = true;
  portal.policyVersion = s.rules!.policy.version;
  learnLayout(s, name, portal, judgement, request);
  const item = entry(frontend.Execute, request);
  item.portal = portal;
  item.judgement = judgement;
  item.statement = portal.statement;
  noteNameChanges(s, item, judgement);
  s.noteOriginChanges(item, judgement.changesOrigins);
  s.expectCopyIn(item, judgement.copiesIn.length);
  s.expect(item);
  s.out.upstream.pass(f.buf, f.start, f.end);
}

/** Rows can only be masked when their layout is known: where the client never asked, the gateway does and swallows the answer. */
function learnLayout(s: Session, name: string, portal: Portal, judgement: Judgement, request: Request): void {
  if (s.rules!.masks === undefined || portal.rows !== undefined || s.skipping) return;
  if (portal.describing || returnsNothing(judgement)) return;
  // A statement's own layout keeps its types for ever, but not its origins: only without column rules it may serve again.
  if (s.rules!.masks.columnRules.length === 0 && rowsFromStatement(s, portal, judgement)) return;
  const item = entry(frontend.Describe, request);
  item.injected = true;
  portal.describing = true;
  item.portal = portal;
  item.judgement = judgement;
  item.target = PORTAL;
  s.expect(item);
  s.out.upstream.add(encodeDescribe({ target: 'portal', name }));
}

const PORTAL = 0x50;
const STATEMENT = 0x53;

/** Kinds that never give rows, and those that do with RETURNING only. */
const silentKinds = new Set([
  'begin',
  'commit',
  'rollback',
  'savepoint',
  'release',
  'set',
  'create',
  'drop',
  'alter',
  'truncate',
  'deallocate',
  'prepare',
  'listen',
  'notify',
  'unlisten',
]);
const writingKinds = new Set(['insert', 'update', 'delete', 'merge']);

function returnsNothing({ analysis, text }: Judgement): boolean {
  const [top] = analysis.top;
  if (analysis.facts.unparsed !== '' || top === undefined || top.outputs !== undefined) return false;
  return silentKinds.has(top.kind) || (writingKinds.has(top.kind) && !/returning/i.test(text));
}

/** Describe: the answer's layout is kept with the statement or portal. */
export function onDescribe(s: Session, f: Frame): Stall | undefined {
  const { target, name } = decodeDescribe(f.buf, f.body, f.end);
  const item = entry(frontend.Describe);
  if (target === 'statement') {
    item.target = STATEMENT;
    const found = s.statements.find(name, s.segment);
    if (found.certain) item.statement = found.value;
  } else {
    item.target = PORTAL;
    const found = s.portals.find(name, s.segment);
    if (found.certain && found.value) {
      item.portal = found.value;
      item.judgement = currentJudgement(s, found.value.statement);
      // An Execute that follows at once need not ask again: this answer comes before its rows.
      found.value.describing = true;
    }
  }
  s.expect(item);
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

export function onClose(s: Session, f: Frame): Stall | undefined {
  const { target, name } = decodeClose(f.buf, f.body, f.end);
  const item = entry(frontend.Close);
  if (target === 'statement') item.statementChanges = [{ at: 0, change: s.statements.change(name, undefined, s.segment) }];
  else item.portalChanges = [{ at: 0, change: s.portals.change(name, undefined, s.segment) }];
  s.expect(item);
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

function checkNames(s: Session): void {
  if (s.statements.size + s.portals.size >= s.options.limits.names_max) {
    throw new MidstreamError(
      'limit_exceeded',
      `more than ${s.options.limits.names_max} prepared statements and portals are open (names_max)`,
      { hint: 'close what is not used any more' },
    );
  }
}
