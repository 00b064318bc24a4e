import { MidstreamError } from '../errors.js';
import type { McpOpinion } from '../mcp/second-opinion.js';
import { AskedRequest } from './asked-request.js';
import { BINARY_LOOK_BYTES } from './binary.js';
import { MULTIPART } from './body.js';
import { Effects, type Header } from './effects.js';
import { HeldExchange } from './exchange-held.js';
import type { ExchangeInput, ExchangeOptions, HttpRules } from './exchange-options.js';
import { foreignAnswer } from './foreign.js';
import { MethodWatch } from './method-watch.js';
import { reachOf, readingsOf } from './readings.js';
import { ambiguous, denied, forbidden, late, noCredential, noSession, tooLarge, unknownCaller } from './refusals.js';
import { claimed, headOf } from './request-facts.js';
import { RequestText } from './request-text.js';
import { upgradeRefusal } from './upgrade/switch.js';
import type { Side } from './upgrade/tunnel.js';

export type { ExchangeInput, ExchangeOptions, HttpRules } from './exchange-options.js';

const NOTHING = Buffer.alloc(0);

/**
 * One HTTP request and its answer, as `step(input) -> effects`. The request waits for its body where a rule asks for it or where a person must
 * approve it; else it streams. The answer streams through the masks.
 */
export class Exchange extends HeldExchange {
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
    else if (this.phase === 'collecting' && this.asked!.readBinary(this.waiting.begun(BINARY_LOOK_BYTES))) this.judge();
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

  private recordBody(): void {
    this.record.line('request.body', this.text.bodyFields());
  }
}
