import { createHash } from 'node:crypto';
import { digestOf, shapeOf } from '../../approval/life.js';
import { ownMarks } from '../../approval/own.js';
import { type ApprovalInput, approvalFields, holdFields, outcomeMessage } from '../../approval/recorded.js';
import type { ApproverDecision, HeldOperation } from '../../approval/types.js';
import type { Decision } from '../../policy/types.js';
import { shownIdentity } from '../../record/shown-identity.js';
import { buildNoticeResponse } from '../wire/error-fields.js';
import type { Frame } from '../wire/frame-reader.js';
import type { Judgement } from './judge.js';
import type { Refusal } from './pending.js';
import { refuse } from './refuse.js';
import type { Request } from './request.js';
import type { Session, Stall } from './session.js';

/** An operation that waits in flight: the very bytes that go on if it is approved, and nothing else. */
export interface Held {
  operation: HeldOperation;
  frame: Frame;
  kind: number;
  request: Request;
  judgement: Judgement;
  send: (frame: Frame) => void;
  visible: boolean;
}

export interface HoldRequest {
  frame: Frame;
  kind: number;
  request: Request;
  judgement: Judgement;
  decision: Decision;
  /** shown to approvers, masked */
  params: (string | null)[] | undefined;
  /** bound to the approval, raw */
  rawParams: Buffer | undefined;
  send: (frame: Frame) => void;
}

const defaultTerms = { by: [], quorum: 1, wait_ms: 15 * 60_000 };

export function hold(s: Session, what: HoldRequest): Stall | undefined {
  if (!what.judgement.shownWhole) {
    refuse(s, what.kind, what.request, {
      sqlstate: '42501',
      message: 'this operation needs an approval, and it can not be shown to an approver whole',
      detail: `Rule: ${what.decision.rule}. Request: ${what.request.id}.`,
      hint: 'Send it in shorter statements.',
    });
    s.totals.denied++;
    return undefined;
  }
  const now = s.options.now();
  const terms = what.decision.approval ?? defaultTerms;
  const { policy } = s.rules!;
  const raw = what.frame.buf.subarray(what.frame.start, what.frame.end);
  const rawText = what.judgement.text;
  const parameters = createHash('sha256')
    .update(what.rawParams ?? raw)
    .digest('hex');
  const context = {
    identity: s.identity!,
    resource: s.options.resource,
    database: s.database,
    user: s.user,
    policy_version: policy.version,
  };
  const id = s.options.newId();
  const operation: HeldOperation = {
    hold: id,
    session: s.options.id,
    request: what.request.id,
    identity: shownIdentity(s.identity!, s.rules!),
    resource: s.options.resource,
    database: s.rules!.maskName(s.database),
    user: s.rules!.maskName(s.user),
    own: ownMarks(id, s.identity!, s.user),
    text: what.judgement.maskedText,
    params: what.params ?? [],
    fingerprint: what.judgement.analysis.facts.fingerprint,
    rule: what.decision.rule,
    message: what.decision.message,
    policy_version: policy.version,
    terms,
    digest: digestOf({ ...context, text: rawText, params: [parameters] }),
    shape: shapeOf({ ...context, fingerprint: what.judgement.analysis.facts.fingerprint, rule: what.decision.rule }),
    created_ms: now,
    expires_ms: now + terms.wait_ms,
  };
  s.held = {
    operation,
    frame: { ...what.frame },
    kind: what.kind,
    request: what.request,
    judgement: what.judgement,
    send: what.send,
    visible: false,
  };
  s.totals.held++;
  s.record('hold', holdFields(operation), true);
  s.out.holds.push({ operation });
  return 'hold';
}

/** Tells the client that it waits, at once and then now and again; most drivers show or ignore it, none fails on it. */
export function heldNotice(s: Session, first: boolean): void {
  const held = s.held!;
  if (!first && !held.visible) return;
  held.visible = true;
  const left = Math.max(0, Math.round((held.operation.expires_ms - s.options.now()) / 1000));
  const who = held.operation.terms.by.length > 0 ? ` by ${held.operation.terms.by.join(' or ')}` : '';
  const message = `midstream: ${first ? 'held' : 'still held'} for approval${who} (rule "${held.operation.rule}", request ${held.request.id}), at most ${left} s more`;
  s.injectedDown.push(buildNoticeResponse({ severity: 'NOTICE', code: '00000', message, detail: `Approval ${held.operation.hold}.` }));
  s.record(
    'notice',
    `,"request":"${held.request.id}","severity":"NOTICE","sqlstate":"00000","message":${JSON.stringify(message)},"own":true`,
    false,
  );
}

/** The end of a hold as the approval store tells it. */
export function onApproval(s: Session, input: ApprovalInput): void {
  const held = s.held;
  if (held?.operation.hold !== input.hold) return;
  recordApproval(s, held, input.outcome === 'unavailable' ? 'cancelled' : input.outcome, input.decisions, input.lease);
  release(s);
  if (input.outcome === 'approved' && s.rules!.policy.version === held.operation.policy_version) {
    held.send(held.frame);
    return;
  }
  refuse(s, held.kind, held.request, refusalFor(held, input));
  s.totals.denied++;
}

function refusalFor(held: Held, input: ApprovalInput): Omit<Refusal, 'word'> {
  const { rule, hold: id } = held.operation;
  if (input.outcome === 'cancelled')
    return {
      sqlstate: '57014',
      message: 'canceling statement due to user request',
      detail: `Rule: ${rule}. Approval ${id}. ${input.reason}`,
      hint: '',
    };
  return {
    sqlstate: '42501',
    ...outcomeMessage(input),
    detail: `Rule: ${rule}.${input.outcome === 'unavailable' ? '' : ` Approval ${id}.`}`,
  };
}

/** Ends the hold from this side: the client cancelled or went away, the server closed. What was held never runs. */
export function endHold(s: Session, end: { status: 'cancelled' | 'expired'; reason: string; sqlstate: string; message: string }): void {
  const held = s.held!;
  s.out.ended.push({ hold: held.operation.hold, status: end.status, reason: end.reason });
  recordApproval(s, held, end.status, [], '');
  release(s);
  refuse(s, held.kind, held.request, {
    sqlstate: end.sqlstate,
    message: end.message,
    detail: `Approval ${held.operation.hold}: ${end.reason}.`,
    hint: '',
  });
}

function release(s: Session): void {
  s.held = undefined;
  s.stall = undefined;
  s.waiting = undefined;
}

function recordApproval(
  s: Session,
  held: Held,
  outcome: 'approved' | 'denied' | 'expired' | 'cancelled',
  decisions: ApproverDecision[],
  lease: string,
): void {
  s.record('approval', approvalFields(held.operation, outcome, decisions, lease, s.rules!.maskText), true);
}
