import { type ApprovalInput, approvalFields, holdFields } from '../approval/recorded.js';
import type { HeldOperation } from '../approval/types.js';
import { MidstreamError } from '../errors.js';
import type { KubernetesRequest } from '../kubernetes/conversation.js';
import { statusOf } from '../kubernetes/status.js';
import type { McpOpinion } from '../mcp/second-opinion.js';
import type { McpSide } from '../mcp/side.js';
import { messageEvent } from '../mcp/sse.js';
import type { Decision, Identity } from '../policy/types.js';
import { shownIdentity } from '../record/shown-identity.js';
import { acceptedAnswer } from './accepted.js';
import { AskedRequest } from './asked-request.js';
import { BegunStream, forwardedHeaders } from './begun-stream.js';
import { MULTIPART } from './body.js';
import { closing } from './closing.js';
import { type Answer, Effects, type Header } from './effects.js';
import type { ExchangeInput, ExchangeOptions, HttpRules } from './exchange-options.js';
import type { HttpFacts } from './facts.js';
import { operationOf } from './hold.js';
import { mcpAnswer } from './mcp-answer.js';
import { MethodWatch } from './method-watch.js';
import { grpcStatusOf, problemOf, type Refusal } from './problem.js';
import { reachOf, readingsOf } from './readings.js';
import {
  ambiguous,
  denied,
  forbidden,
  noCredential,
  noSession,
  notApproved,
  notShown,
  stopping,
  tooLarge,
  unknownCaller,
  unreadable,
} from './refusals.js';
import { requestChanges } from './request-changes.js';
import { claimed, headOf, type RequestHead } from './request-facts.js';
import { REQUEST, RequestText } from './request-text.js';
import { type BodyFilter, Response } from './response.js';
import { UpgradedStream } from './upgrade/stream.js';
import { upgradeRefusal } from './upgrade/switch.js';
import { noTotals, type Side, type Tunnel } from './upgrade/tunnel.js';

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
  /** what waits: the request's body, until it may go */
  private waiting: Buffer[] = [];
  private waiting_bytes = 0;
  private waitingEnd = false;
  private trailers = false;
  private trailerNames: string[] = [];
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
        if (this.phase === 'passing')
          this.record('error', { request: REQUEST, severity: 'ERROR', sqlstate: '502', message: this.rules.maskText(why), own: true });
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

  /**
   * An answer to a request that never came here: a filter in front of this one gave it (ext_authz, which has recorded it), and nothing of the
   * server is in it. Its recording is not this exchange's.
   */
  private passForeign(input: ExchangeInput): void {
    this.phase = 'foreign';
    if (input.type === 'response_headers') this.out.answers.push({ part: 'response_headers' });
    else if (input.type === 'response_body') this.out.answers.push({ part: 'response_body', chunks: [input.body], end: input.end });
    else if (input.type === 'response_trailers') this.out.answers.push({ part: 'response_trailers' });
    else if (input.type === 'gone' || input.type === 'stop' || input.type === 'revoked') this.phase = 'closed';
    else if (input.type.startsWith('request_')) throw new MidstreamError('protocol_violation', 'a request came behind its answer');
  }

  private onRequest(headers: readonly Header[], end: boolean, opinion: McpOpinion | undefined): void {
    if (this.phase !== 'new') throw new MidstreamError('protocol_violation', 'the headers of a request came twice');
    const { peer, resource } = this.options;
    this.head = headOf(headers);
    this.sent = headers;
    // One without a body is read once, when it is known by which rules.
    const whole = end || this.head.facts.method === 'CONNECT';
    const readings = whole ? [{ http: this.head.facts, lowered: false }] : readingsOf(this.head, undefined);
    this.identity = peer.identity ?? claimed(readings[0]!.http, peer.source);
    this.rules = this.options.rules(this.identity);
    this.text = new RequestText(readings[0]!.http, this.rules, this.options.body_bytes_max);
    this.asked = new AskedRequest(this.options, this.head, readings, this.identity, this.rules, this.text);
    this.record('session.open', {
      start: new Date(this.options.now()).toISOString(),
      protocol: this.options.kubernetes === undefined ? 'http' : 'kubernetes',
      resource,
      database: '',
      user: '',
      application: this.rules.maskText(this.facts.headers['user-agent'] ?? ''),
      identity: shownIdentity(this.identity, this.rules),
      tls: peer.tls,
      policy_version: this.rules.policy.version,
      gateway_version: this.options.gateway_version,
      transport: this.options.transport ?? 'ext_proc',
      parameters: {},
    });
    if (peer.unauthenticated !== undefined || peer.unavailable !== undefined) {
      this.denied++;
      this.recordLine('request', this.text.requestFields());
      this.refuse(peer.unauthenticated === undefined ? noCredential(peer.unavailable!) : unknownCaller(peer.unauthenticated));
      return;
    }
    if (peer.mayReach?.(reachOf(this.head)) === false) {
      this.denied++;
      this.recordLine('request', this.text.requestFields());
      this.refuse(forbidden);
      return;
    }
    this.asked.open();
    if (opinion !== undefined) this.mcp?.second(opinion);
    if (this.mcp?.mayUse === false) {
      this.refuse(noSession);
      return;
    }
    // What follows a CONNECT is no body of it (RFC 9110 section 9.3.6), and does not come before its answer.
    if (whole) {
      this.waitingEnd = true;
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
    this.waiting.push(body);
    this.waiting_bytes += body.length;
    const max = this.rules.policy.limits.held_bytes_max;
    if (this.waiting_bytes > max) return this.overflow(max);
    if (end) this.whole();
  }

  /** More than may wait has come. Of a form whose method alone is asked about, the rest can stream. */
  private overflow(bytes_max: number): void {
    if (this.phase !== 'collecting' || this.watch !== undefined || this.asked!.needsBody || this.facts.content_type !== MULTIPART)
      return this.refuse(tooLarge(bytes_max));
    let why: string;
    try {
      this.watch = new MethodWatch(this.head.content_type);
      why = this.watch.push(Buffer.concat(this.waiting));
    } catch (error) {
      why = (error as Error).message;
    }
    if (why !== '') return this.refuse(ambiguous(why));
    this.judge();
  }

  /** No rule sees trailers, nor does who approves, and servers may take them for headers: none goes on (RFC 9110 section 6.5.1). */
  private onRequestTrailers(headers: readonly Header[]): void {
    this.trailers = true;
    this.trailerNames = [...new Set(headers.map(([name]) => name))];
    if (this.phase === 'passing') {
      this.recordBody();
      this.out.answers.push({ part: 'request_trailers', remove: this.trailerNames });
    } else if (this.phase === 'collecting') this.whole();
  }

  /** The body is there: what waited for it can be judged. */
  private whole(): void {
    this.waitingEnd = true;
    if (this.phase !== 'collecting') return;
    if (this.operation === undefined) {
      this.asked!.readBody(Buffer.concat(this.waiting));
      if (this.mcp !== undefined) this.asked!.readMessages();
    }
    this.judge();
  }

  private judge(): void {
    const decision = this.asked!.decide();
    // What is approved is approved whole: the body is waited for, whoever asked for it.
    if (decision.verdict === 'approve' && !this.waitingEnd) {
      this.phase = 'collecting';
      return;
    }
    const body = Buffer.concat(this.waiting);
    this.text.keep(this.kube === undefined ? body : (this.kube.shown(body) ?? Buffer.alloc(0)));
    if (this.kube !== undefined) this.text.tellMore('kubernetes', this.kube.recorded);
    this.recordLine('request', this.text.requestFields());
    const never = this.kube?.refused(this.options.transport === 'hop');
    if (never !== undefined) {
      this.denied++;
      this.record(
        'decision',
        { request: REQUEST, verdict: 'deny', rule: '', matches: [], policy_version: this.rules.policy.version },
        true,
      );
      return this.refuse(never);
    }
    const { verdict, rule, matches } = decision;
    const disagreement = this.mcp?.disagreement ?? '';
    this.record(
      'decision',
      {
        request: REQUEST,
        verdict,
        rule,
        matches,
        policy_version: this.rules.policy.version,
        ...(disagreement === '' ? {} : { disagreement: this.rules.maskText(disagreement) }),
      },
      true,
    );
    this.out.decisions.push(decision);
    const impossible = this.options.transport === 'hop' ? upgradeRefusal(this.facts) : undefined;
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
      headers: JSON.stringify(this.facts.headers),
      body,
      decision,
    });
    this.phase = 'held';
    this.heldCount++;
    this.recordLine('hold', holdFields(this.operation), true);
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

  private tell(message: object): void {
    if (this.phase !== 'passing') return;
    this.response?.inject(messageEvent(JSON.stringify(message)), this.out);
  }

  private onAccepted(id: string): void {
    if (this.phase !== 'held') return;
    this.record('notice', { request: REQUEST, severity: 'NOTICE', message: 'answered 202: it waits without its client', own: true }, true);
    this.out.answers.push(acceptedAnswer(this.operation!, id, 'pending'));
  }

  /** Its client may be sent away with a link while it is held. gRPC and MCP have no such answer, and trailers can't be kept. */
  get canBeAccepted(): boolean {
    const plain = this.mcp === undefined && this.kube === undefined && this.options.transport === 'ext_proc';
    return this.phase === 'held' && plain && this.asked?.grpc !== true && !this.trailers && this.operation?.terms.respond === 'accepted';
  }

  /** bytes of the request that is held */
  get keptBytes(): number {
    return this.waiting_bytes;
  }

  private onApproval(input: ApprovalInput): void {
    const { operation } = this;
    if (this.tunnel !== undefined) return this.tunnel.approval(input);
    if (this.phase !== 'held' || operation?.hold !== input.hold) return;
    const outcome = input.outcome === 'unavailable' ? 'cancelled' : input.outcome;
    this.recordLine('approval', approvalFields(operation, outcome, input.decisions, input.lease, this.rules.maskText), true);
    if (input.outcome === 'approved' && this.options.rules(this.identity).policy.version === operation.policy_version) return this.pass();
    this.denied++;
    this.refuse(notApproved(input, operation.rule, this.rules.maskText));
  }

  /** The request goes on, with what waited of it. */
  private pass(): void {
    this.phase = 'passing';
    if (this.begun !== undefined) {
      const body = this.mcp?.body ?? Buffer.concat(this.waiting);
      const host = this.sent.find(([name]) => name === ':authority')?.[1] ?? '';
      this.out.forward = { method: this.facts.method, host, target: this.facts.target, headers: forwardedHeaders(this.sent), body };
      this.waiting = [];
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
    const chunks = changed === undefined ? this.waiting : [changed];
    const end = this.waitingEnd && !this.trailers;
    if (chunks.length > 0) this.out.answers.push({ part: 'request_body', chunks, end });
    if (this.trailers) this.out.answers.push({ part: 'request_trailers', remove: this.trailerNames });
    this.waiting = [];
  }

  private onResponse(headers: readonly Header[], end: boolean): void {
    if (this.phase !== 'passing') return;
    const switched = headers.some(([name, value]) => name === ':status' && value === '101');
    if (switched) {
      const problem =
        this.options.transport === 'hop' ? this.upgraded!.problem(headers) : 'The server upgraded a request that asked for nothing.';
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
    );
    const why = response.headers(headers, end || switched, this.out);
    if (why !== undefined) return this.refuseAnswer(why);
    this.response = response;
    if (switched) this.upgrade(headers);
    else if (end) this.finish();
  }

  /** What goes to the server in place of what the agent said of itself. */
  private ownHeaders(): { set: Header[]; append: Header[]; remove: string[] } {
    const { credential } = this.options.peer;
    const kube = this.kube?.headers(this.options.id);
    const set = [...(kube?.set ?? []), ...(credential?.set ?? [])];
    const said = new Set(set.map(([name]) => name));
    return {
      set,
      append: [...(credential?.append ?? [])],
      remove: [...(kube?.remove ?? []), ...(credential?.remove ?? [])].filter((name) => !said.has(name)),
    };
  }

  private passUpgrade(): void {
    this.upgraded = new UpgradedStream(this.facts, this.options.newId);
    this.out.answers.push(this.upgraded.request(this.rules.masks.length > 0, this.ownHeaders()));
  }

  private upgrade(headers: readonly Header[]): void {
    this.phase = 'upgraded';
    const { json, wire } = this.response!.fields(this.rules);
    this.out.records.push({ type: 'response', json, wire, gating: false, original: undefined });
    this.upgraded!.begin(headers, {
      text: this.text,
      identity: this.identity,
      options: this.options,
      out: () => this.out,
      record: (type, event, gating = false) => this.record(type, event, gating),
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
      record: (type, event, gating) => this.record(type, event, gating),
      denied: () => {
        this.denied++;
      },
      opaque: (reason, bytes) => this.opaque.set(reason, (this.opaque.get(reason) ?? 0) + bytes),
    });
  }

  /** An agent of MCP reads a refusal as its own protocol has it: the call was answered. */
  private asMessage({
    detail,
    hint,
    rule,
    kind,
  }: Refusal): Pick<Extract<Answer, { part: 'immediate' }>, 'status' | 'headers' | 'body'> | undefined {
    if (kind === 'forbidden' || kind === 'too_large') return undefined;
    const refused = this.mcp?.refuse({ message: hint === '' ? detail : `${detail} ${hint}`, rule, session: this.options.id });
    if (refused === undefined) return undefined;
    this.out.others.push(...refused.effects);
    return { status: refused.status, headers: [['content-type', refused.type]], body: Buffer.from(refused.body) };
  }

  /** Words about an answer may hold words of it. */
  private refuseAnswer(why: string): void {
    this.refuse(unreadable(this.rules.maskText(why)));
  }

  private refuse(refusal: Refusal): void {
    const { headers, body } = (this.options.kubernetes === undefined ? problemOf : statusOf)(refusal, this.options.id);
    this.out.answers.push({
      part: 'immediate',
      ...(this.asMessage(refusal) ?? { status: refusal.status, headers, body }),
      ...(this.asked?.grpc === true ? { grpcStatus: grpcStatusOf(refusal.status) } : {}),
      details: `midstream_${refusal.kind}`,
    });
    this.record(
      'error',
      { request: REQUEST, severity: 'ERROR', sqlstate: String(refusal.status), message: refusal.detail, own: true },
      true,
    );
    this.waiting = [];
    this.phase = 'refused';
    this.close(refusal.kind, 'refused');
  }

  private recordBody(): void {
    this.recordLine('request.body', this.text.bodyFields());
  }

  private finish(): void {
    const { response } = this;
    if (response !== undefined) {
      const { json, wire } = response.fields(this.rules);
      this.out.records.push({ type: 'response', json, wire, gating: false, original: undefined });
    }
    this.close('done');
  }

  private gone(reason: string): void {
    if (this.tunnel !== undefined) {
      this.tunnel.gone(reason);
      return this.close(reason);
    }
    if (this.operation !== undefined && this.phase === 'held') {
      this.out.ended.push({ hold: this.operation.hold, status: 'cancelled', reason: 'the client is gone' });
      this.recordLine('approval', approvalFields(this.operation, 'cancelled', [], '', this.rules.maskText));
    }
    if (this.response !== undefined) {
      const { json, wire } = this.response.fields(this.rules, ',"incomplete":true');
      this.out.records.push({ type: 'response', json, wire, gating: false, original: undefined });
    }
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
    this.record(
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

  private record(type: string, event: object, gating = false): void {
    this.recordLine(type, `,${JSON.stringify(event).slice(1, -1)}`, gating);
  }

  private recordLine(type: string, json: string, gating = false): void {
    this.out.records.push({ type, json, wire: undefined, gating, original: undefined });
  }
}
