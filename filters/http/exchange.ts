import { type ApprovalInput, approvalFields, holdFields } from '../approval/recorded.js';
import type { HeldOperation } from '../approval/types.js';
import { MidstreamError } from '../errors.js';
import type { KubernetesRequest } from '../kubernetes/conversation.js';
import type { McpOpinion } from '../mcp/second-opinion.js';
import type { McpSide } from '../mcp/side.js';
import { messageEvent } from '../mcp/sse.js';
import type { Decision, Identity } from '../policy/types.js';
import { acceptedAnswer } from './accepted.js';
import { AskedRequest } from './asked-request.js';
import { BegunStream, forwardedHeaders } from './begun-stream.js';
import { MULTIPART } from './body.js';
import { closing } from './closing.js';
import { Effects, type Header } from './effects.js';
import type { ExchangeInput, ExchangeOptions, HttpRules } from './exchange-options.js';
import type { HttpFacts } from './facts.js';
import { foreignAnswer } from './foreign.js';
import { operationOf } from './hold.js';
import { mcpAnswer } from './mcp-answer.js';
import { MethodWatch } from './method-watch.js';
import type { Refusal } from './problem.js';
import { reachOf, readingsOf } from './readings.js';
import { ExchangeRecord } from './recorded.js';
import {
  ambiguous,
  denied,
  forbidden,
  late,
  noCredential,
  noSession,
  notApproved,
  notShown,
  stopping,
  tooLarge,
  unknownCaller,
  unreadable,
} from './refusals.js';
import { refusalAnswer } from './refusing.js';
import { type OwnHeaders, ownHeaders, requestChanges } from './request-changes.js';
import { claimed, headOf, type RequestHead } from './request-facts.js';
import { REQUEST, RequestText } from './request-text.js';
import { type BodyFilter, Response } from './response.js';
import { isSpdy } from './upgrade/facts.js';
import { type FailedUpgrade, saidIn } from './upgrade/failed.js';
import { UpgradedStream } from './upgrade/stream.js';
import { upgradeRefusal } from './upgrade/switch.js';
import { noTotals, type Side, type Tunnel } from './upgrade/tunnel.js';
import { WaitingRequest } from './waiting-request.js';

export type { ExchangeInput, ExchangeOptions, HttpRules } from './exchange-options.js';

const NOTHING = Buffer.alloc(0);

type Phase = 'new' | 'foreign' | 'collecting' | 'held' | 'passing' | 'upgraded' | 'refused' | 'closed';

/**
 * One HTTP request and its answer, as `step(input) -> effects`. The request waits for its body where a rule asks for it or where a person must
 * approve it; else it streams. The answer streams through the masks.
 */
export class Exchange {
  phase: Phase = 'new';
  out = new Effects();
  private rules!: HttpRules;
  identity!: Identity;
  private head!: RequestHead;
  private asked: AskedRequest | undefined;
  /** looks at a form that streams */
  private watch: MethodWatch | undefined;
  private text!: RequestText;
  /** the answer, where the gateway began it itself */
  private begun: BegunStream | undefined;
  /** headers of the request as they came */
  private sent: readonly Header[] = [];
  private readonly opaque = new Map<string, number>();
  private readonly waiting = new WaitingRequest();
  private readonly record = new ExchangeRecord(() => this.out);
  operation: HeldOperation | undefined;
  private response: Response | undefined;
  /** by hop: the request asks for another protocol */
  private upgraded: UpgradedStream | undefined;
  private bytesUp = 0;
  private bytesDown = 0;
  private denied = 0;
  private heldCount = 0;

  constructor(readonly options: ExchangeOptions) {}

  /** the hold that waits now */
  get held(): string | undefined {
    return this.phase === 'held' ? this.operation?.hold : this.tunnel?.held?.hold;
  }

  /** of the policy in force */
  get policyVersion(): string {
    return this.options.rules(this.identity).policy.version;
  }

  /** bytes of each side that wait behind what is held in an upgraded stream */
  get waitingBytes(): Readonly<Record<Side, number>> {
    return this.tunnel?.waiting ?? { client: 0, server: 0 };
  }

  step(input: ExchangeInput): Effects {
    this.out = new Effects();
    try {
      this.take(input);
      if (this.phase === 'upgraded' && input.type !== 'flush') this.out.flush = this.tunnel!.unsettled;
    } catch (error) {
      const why = error instanceof MidstreamError ? error.message : 'internal error';
      if (this.phase === 'passing' && this.response?.refusable === true) this.refuseAnswer(`The server's answer: ${why}.`);
      else {
        this.out.fail = why;
        if (this.phase === 'passing') this.record.error(502, this.rules.maskText(why));
        this.close('failed');
      }
    }
    if (this.begun !== undefined)
      this.out.answers = this.begun.translate(this.out.answers, this.phase === 'closed' && this.out.fail === undefined);
    return this.out;
  }

  private take(input: ExchangeInput): void {
    if (this.phase === 'closed') return;
    if (this.phase === 'foreign' || (this.phase === 'new' && input.type === 'response_headers')) return this.passForeign(input);
    switch (input.type) {
      case 'request_headers':
        return this.onRequest(input.headers, input.end, input.opinion);
      case 'request_body':
        if (input.opinion !== undefined) this.mcp?.second(input.opinion);
        return this.onRequestBody(input.body, input.end);
      case 'request_trailers':
        return this.onRequestTrailers(input.headers);
      case 'response_headers':
        return this.onResponse(input.headers, input.end);
      case 'response_body':
        if (this.phase !== 'passing') return;
        this.bytesDown += input.body.length;
        this.response!.body(input.body, input.end, this.out);
        return input.end ? this.finish() : undefined;
      case 'response_trailers':
        if (this.phase !== 'passing') return;
        this.response!.trailers(input.headers, this.out);
        return this.finish();
      case 'tunnel':
        return this.onTunnel(input.from, input.bytes, input.end);
      case 'flush':
        if (this.tunnel !== undefined) this.out.flush = this.tunnel.flush();
        else this.response?.flush(this.out);
        return;
      case 'approval':
        return this.onApproval(input);
      case 'accepted':
        return this.onAccepted(input.id);
      case 'tick':
        return this.onTick();
      case 'late':
        return this.phase === 'collecting' ? this.refuseUnjudged(late) : undefined;
      case 'cancelled':
        return this.onCancelled();
      case 'unreachable':
        return this.onUnreachable();
      case 'tell':
        return this.tell(input.message);
      case 'gone':
        return this.gone(input.reason);
      case 'stop':
        return this.stop(input.reason);
      case 'revoked':
        return this.revoked(input.reason);
    }
  }

  private passForeign(input: ExchangeInput): void {
    this.phase = ['gone', 'stop', 'revoked'].includes(input.type) ? 'closed' : 'foreign';
    const answer = foreignAnswer(input);
    if (answer !== undefined) this.out.answers.push(answer);
  }

  private onRequest(headers: readonly Header[], end: boolean, opinion: McpOpinion | undefined): void {
    if (this.phase !== 'new') throw new MidstreamError('protocol_violation', 'the headers of a request came twice');
    const { peer } = this.options;
    this.head = headOf(headers);
    this.sent = headers;
    // One without a body is read once, when it is known by which rules.
    const whole = end || this.head.facts.method === 'CONNECT';
    const readings = whole ? [{ http: this.head.facts, lowered: false }] : readingsOf(this.head, undefined);
    this.identity = peer.identity ?? claimed(readings[0]!.http, peer.source);
    this.rules = this.options.rules(this.identity);
    this.text = new RequestText(readings[0]!.http, this.rules, this.options.body_bytes_max);
    this.asked = new AskedRequest(this.options, this.head, readings, this.identity, this.rules, this.text);
    this.record.open(this.options, this.rules, this.identity, this.facts.headers['user-agent'] ?? '');
    if (peer.unauthenticated !== undefined || peer.unavailable !== undefined) {
      return this.refuseUnjudged(
        peer.unauthenticated === undefined ? noCredential(peer.unavailable!) : unknownCaller(peer.unauthenticated),
      );
    }
    if (peer.mayReach?.(reachOf(this.head)) === false) return this.refuseUnjudged(forbidden);
    this.asked.open();
    if (opinion !== undefined) this.mcp?.second(opinion);
    if (this.mcp?.mayUse === false) return this.refuseUnjudged(noSession);
    // What follows a CONNECT is no body of it (RFC 9110 section 9.3.6), and does not come before its answer.
    if (whole) {
      this.waiting.ended = true;
      this.asked.readBody(NOTHING);
      if (this.mcp?.posts === true) this.asked.readMessages();
    } else if (this.asked.needsBody || this.asked.mayNameMethod) {
      this.phase = 'collecting';
      return;
    }
    this.judge();
  }

  /** after an upgrade */
  private get tunnel(): Tunnel | undefined {
    return this.upgraded?.tunnel;
  }

  private get facts(): HttpFacts {
    return this.asked!.facts;
  }

  private get mcp(): McpSide | undefined {
    return this.asked?.mcp;
  }

  private get kube(): KubernetesRequest | undefined {
    return this.asked?.kube;
  }

  private onRequestBody(body: Buffer, end: boolean): void {
    if (this.phase === 'refused') return;
    this.bytesUp += body.length;
    if (this.phase === 'passing') {
      const why = this.watch?.push(body) ?? '';
      if (why !== '') return this.refuse(ambiguous(why));
      this.text.keep(body);
      this.out.answers.push({ part: 'request_body', chunks: [body], end });
      if (end) this.recordBody();
      return;
    }
    this.waiting.push(body, end);
    const max = this.rules.policy.limits.held_bytes_max;
    if (this.waiting.bytes > max) return this.overflow(max);
    if (end) this.whole();
  }

  /** More than may wait has come. Of a form whose method alone is asked about, the rest can stream. */
  private overflow(bytes_max: number): void {
    if (this.phase !== 'collecting' || this.watch !== undefined || this.asked!.needsBody || this.facts.content_type !== MULTIPART)
      return this.operation === undefined ? this.refuseUnjudged(tooLarge(bytes_max)) : this.refuse(tooLarge(bytes_max));
    let why: string;
    try {
      this.watch = new MethodWatch(this.head.content_type);
      why = this.watch.push(this.waiting.body);
    } catch (error) {
      why = (error as Error).message;
    }
    if (why !== '') return this.refuse(ambiguous(why));
    this.judge();
  }

  private onRequestTrailers(headers: readonly Header[]): void {
    const answer = this.waiting.trailers(headers);
    if (this.phase === 'passing') {
      this.recordBody();
      this.out.answers.push(answer);
    } else if (this.phase === 'collecting') this.whole();
  }

  /** The body is there: what waited for it can be judged. */
  private whole(): void {
    this.waiting.ended = true;
    if (this.phase !== 'collecting') return;
    if (this.operation === undefined) {
      this.asked!.readBody(this.waiting.body);
      if (this.mcp !== undefined) this.asked!.readMessages(this.waiting.body);
    }
    this.judge();
  }

  private judge(): void {
    const decision = this.asked!.decide();
    // What is approved is approved whole: the body is waited for, whoever asked for it.
    if (decision.verdict === 'approve' && !this.waiting.ended) {
      this.phase = 'collecting';
      return;
    }
    const { body } = this.waiting;
    this.text.keep(this.kube === undefined ? body : (this.kube.shown(body) ?? Buffer.alloc(0)));
    if (this.kube !== undefined) this.text.tellMore('kubernetes', this.kube.recorded);
    this.record.line('request', this.text.requestFields());
    const never = this.kube?.refused(this.options.transport === 'hop');
    if (never !== undefined) {
      this.denied++;
      this.record.decision({ verdict: 'deny', rule: '', matches: [] }, this.rules);
      return this.refuse(never);
    }
    const { verdict, rule } = decision;
    this.record.decision(decision, this.rules, this.mcp?.disagreement);
    this.out.decisions.push(decision);
    const impossible = this.options.transport === 'hop' ? upgradeRefusal(this.facts, this.failedBefore()) : undefined;
    if (verdict === 'deny') {
      this.denied++;
      this.refuse(denied(decision.message, rule, decision.hint));
    } else if (impossible !== undefined) this.refuse(impossible);
    else if (verdict === 'approve') this.hold(decision, body);
    else this.pass();
  }

  private hold(decision: Decision, body: Buffer): void {
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
  private onTick(): void {
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

  /** The server of a request that the gateway sent on itself is not there, or broke off. */
  private onUnreachable(): void {
    if (this.phase !== 'passing' || this.begun === undefined) return;
    if (this.response === undefined || this.response.refusable) return this.refuse(unreadable('The server can not be reached.'));
    this.out.fail = 'the server broke off';
    this.gone('the server broke off');
  }

  private onCancelled(): void {
    const { operation } = this;
    if (this.phase !== 'held' || operation === undefined) return;
    const reason = 'the client cancelled it';
    this.out.ended.push({ hold: operation.hold, status: 'cancelled', reason });
    this.onApproval({ hold: operation.hold, outcome: 'cancelled', reason, decisions: [], lease: '' });
  }

  private tell(message: string): void {
    if (this.phase !== 'passing') return;
    this.response?.inject(messageEvent(message), this.out);
  }

  private onAccepted(id: string): void {
    if (this.phase !== 'held') return;
    this.record.event(
      'notice',
      { request: REQUEST, severity: 'NOTICE', message: 'answered 202: it waits without its client', own: true },
      true,
    );
    this.out.answers.push(acceptedAnswer(this.operation!, id, 'pending'));
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

  private onApproval(input: ApprovalInput): void {
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
  private pass(): void {
    this.phase = 'passing';
    if (this.begun !== undefined) {
      const body = this.mcp?.body ?? this.waiting.body;
      const host = this.sent.find(([name]) => name === ':authority')?.[1] ?? '';
      this.out.forward = { method: this.facts.method, host, target: this.facts.target, headers: forwardedHeaders(this.sent), body };
      this.waiting.clear();
      return;
    }
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

  private onResponse(headers: readonly Header[], end: boolean): void {
    if (this.phase !== 'passing') return;
    const switched = headers.some(([name, value]) => name === ':status' && value === '101');
    if (switched) {
      const problem =
        this.options.transport === 'hop'
          ? this.upgraded!.problem(headers, this.kube !== undefined)
          : 'The server upgraded a request that asked for nothing.';
      if (problem !== undefined) return this.refuseAnswer(problem);
    }
    const { policy } = this.rules;
    const response = new Response(
      this.kube === undefined || this.kube.masked ? this.rules.masks : [],
      this.options.body_bytes_max,
      policy,
      this.mcpReader(headers),
      this.kube?.masked === true ? this.kube.answer(policy.limits.held_bytes_max) : undefined,
      this.kube === undefined || this.operation === undefined ? [] : [this.kube.heldWarning(this.operation.rule)],
      this.asked!.grpcCall,
      this.kube?.warnings,
    );
    const why = response.headers(headers, end || switched, this.out);
    if (why !== undefined) return this.refuseAnswer(why);
    this.response = response;
    if (switched) this.upgrade(headers);
    else if (end) this.finish();
  }

  private ownHeaders(): OwnHeaders {
    return ownHeaders(this.kube?.headers(this.options.id), this.options.peer.credential);
  }

  private passUpgrade(): void {
    this.upgraded = new UpgradedStream(this.facts, this.options.newId);
    this.out.answers.push(this.upgraded.request(this.rules.masks.length > 0, this.ownHeaders()));
  }

  private upgrade(headers: readonly Header[]): void {
    this.phase = 'upgraded';
    this.record.response(this.response!, this.rules);
    this.upgraded!.begin(headers, {
      text: this.text,
      identity: this.identity,
      options: this.options,
      out: () => this.out,
      record: (type, event, gating = false) => this.record.event(type, event, gating),
    });
  }

  private onTunnel(from: Side, bytes: Buffer, end: boolean): void {
    if (this.phase === 'upgraded' && this.upgraded!.receive(from, bytes, end)) this.close('done');
  }

  private mcpReader(headers: readonly Header[]): BodyFilter | undefined {
    if (this.mcp === undefined) return undefined;
    return mcpAnswer(this.mcp, headers, this.rules, {
      session: this.options.id,
      begun: this.begun,
      out: () => this.out,
      record: (type, event, gating) => this.record.event(type, event, gating),
      denied: () => {
        this.denied++;
      },
      opaque: (reason, bytes) => this.opaque.set(reason, (this.opaque.get(reason) ?? 0) + bytes),
    });
  }

  /** No policy was asked about it: its recording says what it was all the same. */
  private refuseUnjudged(refusal: Refusal): void {
    this.denied++;
    this.record.line('request', this.text.requestFields());
    this.refuse(refusal);
  }

  /** Words about an answer may hold words of it. */
  private refuseAnswer(why: string): void {
    this.refuse(unreadable(this.rules.maskText(why)));
  }

  private refuse(refusal: Refusal): void {
    const { answer, others } = refusalAnswer(refusal, {
      session: this.options.id,
      kubernetes: this.options.kubernetes !== undefined,
      grpc: this.asked?.grpc,
      mcp: this.mcp,
    });
    this.out.others.push(...others);
    this.out.answers.push(answer);
    this.upgradeFailed(() => ({ status: answer.status, said: saidIn('application/json', answer.body) }));
    this.record.error(refusal.status, refusal.detail, true);
    this.waiting.clear();
    this.phase = 'refused';
    this.close(refusal.kind, 'refused');
  }

  private recordBody(): void {
    this.record.line('request.body', this.text.bodyFields());
  }

  private finish(): void {
    const { response } = this;
    if (response !== undefined) {
      this.record.response(response, this.rules);
      if (this.upgraded !== undefined) this.upgradeFailed(() => response.reason);
    }
    this.close('done');
  }

  /** `why` is read of the answer where somebody may ask for it alone. */
  private upgradeFailed(why: () => FailedUpgrade): void {
    const { failedUpgrades, transport } = this.options;
    if (transport === 'hop' && this.asked?.facts.upgrade === 'websocket') failedUpgrades?.failed(this.upgradeKey, why());
  }

  private failedBefore(): FailedUpgrade | undefined {
    return isSpdy(this.facts.upgrade) ? this.options.failedUpgrades?.take(this.upgradeKey) : undefined;
  }

  private get upgradeKey(): string {
    const { source } = this.options.peer;
    return JSON.stringify([this.identity.id, source.slice(0, source.lastIndexOf(':')), this.facts.target]);
  }

  private gone(reason: string): void {
    if (this.tunnel !== undefined) {
      this.tunnel.gone(reason);
      return this.close(reason);
    }
    // Its body did not come: what it was is told all the same.
    if (this.phase === 'collecting') this.record.line('request', this.text.requestFields());
    if (this.operation !== undefined && this.phase === 'held') {
      this.out.ended.push({ hold: this.operation.hold, status: 'cancelled', reason: 'the client is gone' });
      this.record.line('approval', approvalFields(this.operation, 'cancelled', [], '', this.rules.maskText));
    }
    if (this.response !== undefined) this.record.response(this.response, this.rules, ',"incomplete":true');
    this.close(reason);
  }

  private stop(reason: string): void {
    if (this.tunnel !== undefined) {
      this.tunnel.stop(reason);
      return this.close('the gateway is stopping');
    }
    if (this.phase === 'passing') {
      // Bytes are on their way: only a broken stream tells the client that they are not all.
      if (this.response === undefined && this.begun === undefined) return;
      this.out.fail = reason;
      return this.gone('the gateway is stopping');
    }
    if (this.phase === 'refused' || this.phase === 'new') return;
    if (this.phase === 'held') this.out.ended.push({ hold: this.operation!.hold, status: 'cancelled', reason });
    this.refuse(stopping(reason));
  }

  private revoked(reason: string): void {
    if (this.phase === 'refused' || this.phase === 'new') return;
    if (this.tunnel !== undefined) {
      this.tunnel.stop(reason);
      return this.close(reason);
    }
    if (this.phase === 'passing' || this.phase === 'upgraded') {
      this.out.fail = reason;
      return this.gone(reason);
    }
    if (this.phase === 'held') this.out.ended.push({ hold: this.operation!.hold, status: 'cancelled', reason });
    this.refuse(unknownCaller(reason));
  }

  private close(reason: string, phase: Phase = 'closed'): void {
    if (this.phase === 'closed') return;
    this.response?.free();
    const opened = this.phase !== 'new' && this.phase !== 'foreign';
    this.phase = phase === 'closed' ? 'closed' : phase;
    if (!opened) return;
    this.record.event(
      'session.close',
      closing(reason, {
        response: this.response,
        stream: this.tunnel?.totals ?? noTotals(),
        opaque: this.opaque,
        bytes_up: this.bytesUp,
        bytes_down: this.bytesDown,
        denied: this.denied,
        held: this.heldCount,
      }),
    );
    this.phase = 'closed';
  }
}
