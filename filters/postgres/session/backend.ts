import { MidstreamError } from '../../errors.js';
import type { RowMasker } from '../rows/data-row.js';
import { maskFunctionResult, maskNotification, maskStatusValue } from '../rows/fields.js';
import type { Frame } from '../wire/frame-reader.js';
import { decodeParameterDescription } from '../wire/parameter-description.js';
import { decodeParameterStatus } from '../wire/parameter-status.js';
import { authentication, backend, frontend, transactionStatus } from '../wire/types.js';
import { onServerAuthentication } from './agent-login.js';
import { copyData, copyDone, copyInResponse, copyOutResponse } from './backend-copy.js';
import { errorResponse, noticeResponse } from './backend-errors.js';
import { countFired, currentRequest, pass, sendRun, unexpected } from './backend-pass.js';
import { withoutChannelBinding } from './channel-binding.js';
import { dropDoubtful, passDoubtOn } from './copy-syncs.js';
import { settingProblem } from './grammar.js';
import { checkNamed, isOutdated, type Layout, learnDescribed, maskNames, outputsOf, planRows } from './layouts.js';
import type { Change, Names } from './names.js';
import type { Entry } from './pending.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** What may come at any time, or looks itself whether it answers a Sync. */
const betweenAnswers = new Set<number>([
  backend.NoticeResponse,
  backend.NotificationResponse,
  backend.ParameterStatus,
  backend.ErrorResponse,
  backend.ReadyForQuery,
]);

/** Handles one message of the server; false when it must wait for the catalogue and be given again. */
export function onBackend(s: Session, f: Frame): boolean {
  if (f.piece === 'middle' || f.piece === 'last') return passPiece(s, f);
  if (s.phase === 'login') throw new MidstreamError('protocol_violation', 'the server spoke before anybody logged in');
  if (s.pending.head()?.doubtful && !betweenAnswers.has(f.type)) dropDoubtful(s);
  switch (f.type) {
    case backend.DataRow:
      return dataRow(s, f);
    case backend.RowDescription:
      return rowDescription(s, f);
    case backend.CommandComplete:
      return commandComplete(s, f);
    case backend.ReadyForQuery:
      return readyForQuery(s, f);
    case backend.ParseComplete:
      return simpleAnswer(s, f, frontend.Parse);
    case backend.BindComplete:
      return simpleAnswer(s, f, frontend.Bind);
    case backend.CloseComplete:
      return simpleAnswer(s, f, frontend.Close);
    case backend.NoData:
      return noData(s, f);
    case backend.ParameterDescription:
      return parameterDescription(s, f);
    case backend.PortalSuspended:
    case backend.EmptyQueryResponse:
      return endOfPart(s, f, '');
    case backend.ErrorResponse:
      return errorResponse(s, f);
    case backend.NoticeResponse:
      return noticeResponse(s, f);
    case backend.NotificationResponse:
      pass(s, f, s.rules!.masks && maskNotification(f.buf, f.start, f.body, f.end, s.rules!.masks));
      return true;
    case backend.ParameterStatus:
      return parameterStatus(s, f);
    case backend.CopyInResponse:
      return copyInResponse(s, f);
    case backend.CopyOutResponse:
      return copyOutResponse(s, f);
    case backend.CopyData:
      return copyData(s, f);
    case backend.CopyDone:
      return copyDone(s, f);
    case backend.FunctionCallResponse:
      return functionCallResponse(s, f);
    case backend.Authentication:
      return login(s, f);
    case backend.BackendKeyData:
      s.out.cancelKey = f.buf.toString('hex', f.body, f.end);
      pass(s, f, undefined);
      return true;
    case backend.NegotiateProtocolVersion:
      pass(s, f, undefined);
      return true;
  }
  throw unexpected(s, f);
}

function passPiece(s: Session, f: Frame): boolean {
  s.midDown = f.piece !== 'last';
  s.out.downstream.pass(f.buf, f.start, f.end);
  const request = currentRequest(s);
  request?.capture(f.buf, f.start, f.end);
  request?.captureOriginal(f.buf, f.start, f.end);
  s.countOpaque('large values that no mask covers', f.end - f.start);
  return true;
}

function login(s: Session, f: Frame): boolean {
  if (onServerAuthentication(s, f)) return true;
  const plain = withoutChannelBinding(s, f);
  if (plain !== undefined) {
    s.out.downstream.add(plain);
    return true;
  }
  if (f.buf.readInt32BE(f.body) === authentication.Ok) s.authenticated = true;
  pass(s, f, undefined);
  return true;
}

function rowDescription(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  const masks = s.rules!.masks;
  const described = head?.kind === frontend.Describe;
  if (!described && (head?.kind !== frontend.Query || head.refusal)) throw unexpected(s, f);
  const layout = masks && s.plans.layoutOf(f.buf, f.body, f.end);
  if (described) {
    if (layout !== undefined && !learnDescribed(s, head, layout)) return false;
    if (head.portal) head.portal.describing = false;
    s.pending.shift();
    if (!head.injected) pass(s, f, layout && maskNames(f, layout, masks!));
    return true;
  }
  if (layout === undefined) s.rows = 'clean';
  else {
    const rows = planRows(s, layout, outputsOf(s, head.judgement, head.at, 'answered'), isOutdated(s, head.judgement, head.at, 'answered'));
    if (rows === undefined) return false;
    s.rows = rows;
    head.request!.columns = layout.names;
  }
  pass(s, f, layout && maskNames(f, layout, masks!), head.request);
  return true;
}

function dataRow(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  if (head === undefined || head.refusal !== undefined) throw unexpected(s, f);
  const request = head.request!;
  const rows = head.kind === frontend.Query ? s.rows : head.kind === frontend.Execute ? executedRows(s, head) : undefined;
  // A portal without columns (`select` alone) has rows all the same, and they hold nothing.
  if (rows === undefined || (rows === 'none' && !isEmptyRow(f))) throw unexpected(s, f);
  if (typeof rows === 'object') {
    // What is masked is never streamed (mayStreamDown).
    if (f.piece !== 'whole') throw unexpected(s, f);
    return dataRows(s, f, request, rows);
  }
  request.rows++;
  s.totals.rows++;
  if (f.piece === 'first') s.midDown = true;
  pass(s, f, undefined, request);
  return true;
}

const isEmptyRow = (f: Frame): boolean => f.piece === 'whole' && f.end - f.body === 2 && f.buf.readUInt16BE(f.body) === 0;

/** All rows of the chunk at once. */
function dataRows(s: Session, f: Frame, request: Request, masker: RowMasker): boolean {
  const { rowSink } = s;
  const from = rowSink.length;
  const { at, rows, masked } = masker.maskChunk(f.buf, f.start, s.back.chunkEnd, s.options.limits.message_bytes_max, rowSink);
  if (rows === 0) throw unexpected(s, f);
  request.rows += rows;
  s.totals.rows += rows;
  s.coverage.masked_bytes += masked;
  sendRun(s, f.buf, f.start, at, masked === 0 ? undefined : from, request);
  return true;
}

function executedRows(
  s: Session,
  head: Entry,
): Entry['portal'] extends infer P | undefined ? (P extends { rows: infer R } ? R : never) : never {
  if (s.rules!.masks === undefined) return 'clean';
  const portal = head.portal!;
  if (portal.named !== undefined) checkNamed(s, portal, head.judgement);
  return portal.rows;
}

function commandComplete(s: Session, f: Frame): boolean {
  return endOfPart(s, f, f.buf.toString('latin1', f.body, Math.max(f.body, f.end - 1)));
}

/** CommandComplete, EmptyQueryResponse, PortalSuspended: one statement is done. */
function endOfPart(s: Session, f: Frame, tag: string): boolean {
  const head = s.pending.head();
  if (head === undefined || head.refusal !== undefined || (head.kind !== frontend.Query && head.kind !== frontend.Execute))
    throw unexpected(s, f);
  const request = head.request!;
  if (tag !== '') request.tagged(tag);
  if (head.copyIn === 'active') {
    head.copyEnds = Math.max(0, head.copyEnds - 1);
    // Syncs that came while the COPY ran were ignored by the server ("COPY Operations").
    s.pending.removeBehindHead(
      (item) => item.ignoredByCopy,
      (item) => !item.ignoredByCopy,
    );
  }
  // The COPY of a later statement in the same Query may still begin.
  s.expectCopyIn(head, copiesBehind(head));
  pass(s, f, undefined, request);
  confirmNames(s, head, head.at);
  head.at++;
  countFired(request, s.rows);
  s.rows = undefined;
  s.copyOut = undefined;
  if (head.judgement?.ddl || (head.judgement?.analysis.facts.opaque.length ?? 0) > 0) s.typesInDoubt = true;
  if (head.judgement?.ddl) {
    s.plans.clear();
    if (s.catalogue !== undefined) s.lookup({ invalidate: true });
  }
  if (head.kind === frontend.Query) return true;
  if (head.portal) {
    countFired(request, head.portal.rows);
    if (head.portal.columns.length > 0) request.columns = head.portal.columns;
  }
  s.pending.shift();
  s.recordResponse(request);
  return true;
}

/** COPYs FROM STDIN that may come of the statements behind the one that is answered now. */
function copiesBehind({ judgement, at }: Entry): number {
  if (judgement === undefined || judgement.copiesIn.length === 0) return 0;
  return judgement.copiesIn.filter((one) => one > at).length;
}

function confirmNames(s: Session, item: Entry, at: number): void {
  if (item.statementChanges === undefined && item.portalChanges === undefined) return;
  if (item.statementChanges !== undefined) item.statementChanges = confirmed(s.statements, item.statementChanges, at);
  if (item.portalChanges !== undefined) item.portalChanges = confirmed(s.portals, item.portalChanges, at);
}

/** Confirms the changes of the statements up to `at`; the others are left. */
function confirmed<T>(
  names: Names<T>,
  changes: readonly { change: Change<T>; at: number }[],
  at: number,
): { change: Change<T>; at: number }[] | undefined {
  let left: { change: Change<T>; at: number }[] | undefined;
  for (const one of changes) {
    if (one.at <= at) names.confirm(one.change);
    else if (left === undefined) left = [one];
    else left.push(one);
  }
  return left;
}

/** ParseComplete, BindComplete, CloseComplete. */
function simpleAnswer(s: Session, f: Frame, kind: number): boolean {
  const head = s.pending.head();
  if (head?.kind !== kind || head.refusal !== undefined) throw unexpected(s, f);
  confirmNames(s, head, 0);
  s.pending.shift();
  pass(s, f, undefined);
  return true;
}

const noColumns: Layout = { columns: [], names: [], key: '', plain: undefined };

function noData(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  if (head?.kind !== frontend.Describe) throw unexpected(s, f);
  learnDescribed(s, head, noColumns);
  if (head.portal) head.portal.describing = false;
  s.pending.shift();
  if (!head.injected) pass(s, f, undefined);
  return true;
}

function parameterDescription(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  if (head?.kind !== frontend.Describe) throw unexpected(s, f);
  if (head.statement) head.statement.parameterTypes = decodeParameterDescription(f.buf, f.body, f.end).parameter_types;
  pass(s, f, undefined);
  return true;
}

/** A Query of which nothing was answered yet is not over, so that the answer must be that of a Sync before it. */
function mayBeReady(s: Session, head: Entry): boolean {
  if (head.kind === frontend.Query) return s.spareSyncs === 0 || head.at > 0 || head.request?.failed === true;
  return head.kind === frontend.Sync || head.kind === frontend.FunctionCall;
}

function readyForQuery(s: Session, f: Frame): boolean {
  if (s.phase === 'auth') {
    s.phase = 'ready';
    pass(s, f, undefined);
    return true;
  }
  const head = s.pending.head();
  if (head === undefined || !mayBeReady(s, head)) {
    // A Sync that met a failing COPY may or may not have been eaten by it.
    if (s.spareSyncs === 0) throw unexpected(s, f);
    s.spareSyncs--;
    pass(s, f, undefined);
    return true;
  }
  s.pending.shift();
  if (head.doubtful) passDoubtOn(s);
  const { request } = head;
  pass(s, f, undefined, request);
  s.dropped(head);
  if (request) {
    countFired(request, s.rows);
    s.recordResponse(request);
  }
  s.rows = undefined;
  s.copyOut = undefined;
  if (f.buf[f.body] === transactionStatus.Idle) {
    s.portals.removeWhere((portal) => !portal.cursor);
    s.settleOrigins();
  }
  return true;
}

function parameterStatus(s: Session, f: Frame): boolean {
  const { name, value } = decodeParameterStatus(f.buf, f.body, f.end);
  const setting = name.toString();
  if (s.rules!.policy.grammar === 'pin') {
    const problem = settingProblem(setting, value.toString('utf8'));
    if (problem !== undefined)
      throw new MidstreamError('policy_denied', problem, {
        hint: 'connect without this setting; the policy pins the grammar (defaults.grammar)',
      });
  }
  if (setting === 'client_encoding') s.encoding = value.toString('utf8').toUpperCase();
  if (setting === 'application_name') s.application = value.toString('utf8');
  pass(s, f, s.rules!.masks && maskStatusValue(f.buf, f.start, f.body, f.end, s.rules!.masks));
  return true;
}

function functionCallResponse(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  if (head?.kind !== frontend.FunctionCall) throw unexpected(s, f);
  pass(s, f, s.rules!.masks && maskFunctionResult(f.buf, f.start, f.body, f.end, s.rules!.masks), head.request);
  return true;
}
