import { type ApprovalInput, approvalFields, holdFields } from '../approval/recorded.js';
import type { Decision } from '../policy/types.js';
import { acceptedAnswer } from './accepted.js';
import { BegunStream, forwardedHeaders } from './begun-stream.js';
import { AnsweredExchange } from './exchange-answer.js';
import { operationOf } from './hold.js';
import { notApproved, notShown } from './refusals.js';
import { type OwnHeaders, ownHeaders, requestChanges } from './request-changes.js';
import { REQUEST } from './request-text.js';
import { UpgradedStream } from './upgrade/stream.js';

/** A request that goes on to its server, at once or after a person has approved it. */
export abstract class HeldExchange extends AnsweredExchange {
  /** the hold that waits now */
  get held(): string | undefined {
    return this.phase === 'held' ? this.operation?.hold : this.tunnel?.held?.hold;
  }

  /** Its client may be sent away with a link while it is held. gRPC and MCP have no such answer, and trailers can't be kept. */
  get canBeAccepted(): boolean {
    const plain = this.mcp === undefined && this.kube === undefined && this.options.transport === 'ext_proc';
    return (
      this.phase === 'held' &&
      plain &&
      this.asked?.grpc === undefined &&
      !this.waiting.hasTrailers &&
      this.operation?.terms.respond === 'accepted'
    );
  }

  /** bytes of the request that is held */
  get keptBytes(): number {
    return this.waiting.bytes;
  }

  protected hold(decision: Decision, body: Buffer): void {
    if (!this.text.shownWhole || (this.kube !== undefined && this.kube.shown(body) === undefined)) {
      this.denied++;
      this.refuse(notShown(decision.rule));
      return;
    }
    this.operation = operationOf({
      session: this.options,
      rules: this.rules,
      identity: this.identity,
      text: this.text,
      headers: this.facts.headers,
      body,
      decision,
      unnumbered: this.mcp?.unnumbered,
    });
    this.phase = 'held';
    this.heldCount++;
    this.record.line('hold', holdFields(this.operation), true);
    this.out.holds.push(this.operation);
    this.out.others.push(...(this.mcp?.holds() ?? []));
  }

  /** A client that asked for progress is told that its request waits: in the answer, begun for that, or on its session's own stream. */
  protected onTick(): void {
    const { mcp } = this;
    if (this.phase !== 'held' || mcp === undefined) return;
    if (this.begun === undefined && this.options.forwards === true && mcp.takesStream) {
      this.begun = new BegunStream((why) => mcp.refuse({ message: why, rule: '', session: this.options.id })?.body ?? '{}');
      this.out.answers.push(this.begun.begin());
    }
    const told = mcp.waits(this.operation!.rule);
    if (this.begun === undefined) this.out.others.push(...mcp.tells(told));
    else for (const message of told) this.out.answers.push(this.begun.event(message));
  }

  protected onCancelled(): void {
    const { operation } = this;
    if (this.phase !== 'held' || operation === undefined) return;
    const reason = 'the client cancelled it';
    this.out.ended.push({ hold: operation.hold, status: 'cancelled', reason });
    this.onApproval({ hold: operation.hold, outcome: 'cancelled', reason, decisions: [], lease: '' });
  }

  protected onAccepted(id: string): void {
    if (this.phase !== 'held') return;
    this.record.event(
      'notice',
      { request: REQUEST, severity: 'NOTICE', message: 'answered 202: it waits without its client', own: true },
      true,
    );
    this.out.answers.push(acceptedAnswer(this.operation!, id, 'pending'));
  }

  protected onApproval(input: ApprovalInput): void {
    const { operation } = this;
    if (this.tunnel !== undefined) return this.tunnel.approval(input);
    if (this.phase !== 'held' || operation?.hold !== input.hold) return;
    const outcome = input.outcome === 'unavailable' ? 'cancelled' : input.outcome;
    this.record.line('approval', approvalFields(operation, outcome, input.decisions, input.lease, this.rules.maskText), true);
    if (input.outcome === 'approved' && this.policyVersion === operation.policy_version) return this.pass();
    this.denied++;
    this.refuse(notApproved(input, operation.rule, this.rules.maskText));
  }

  /** The request goes on, with what waited of it. */
  protected pass(): void {
    this.phase = 'passing';
    if (this.begun !== undefined) {
      const body = this.mcp?.body ?? this.waiting.body;
      const host = this.sent.find(([name]) => name === ':authority')?.[1] ?? '';
      this.out.forward = { method: this.facts.method, host, target: this.facts.target, headers: forwardedHeaders(this.sent), body };
      this.waiting.clear();
      return;
    }
    // They are in the facts too, and an answer may be long in coming.
    this.sent = [];
    if (this.options.transport === 'hop') return this.passUpgrade();
    const masked = this.kube === undefined ? this.rules.masks.length > 0 : this.kube.masked;
    const changed = this.mcp?.body;
    const { headers } = this.facts;
    const resized =
      changed === undefined || !('content-length' in headers) ? headers : { ...headers, 'content-length': `${changed.length}` };
    this.out.answers.push({ part: 'request_headers', ...requestChanges(resized, masked || this.mcp !== undefined, this.ownHeaders()) });
    this.out.others.push(...(this.mcp?.cancels() ?? []));
    this.out.answers.push(...this.waiting.goOn(changed));
  }

  protected ownHeaders(): OwnHeaders {
    return ownHeaders(this.kube?.headers(this.options.id), this.options.peer.credential);
  }

  protected passUpgrade(): void {
    this.upgraded = new UpgradedStream(this.facts, this.options.newId);
    this.out.answers.push(this.upgraded.request(this.rules.masks.length > 0, this.ownHeaders()));
  }
}
