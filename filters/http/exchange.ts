import { type ApprovalInput, approvalFields, holdFields, outcomeMessage } from '../approval/recorded.js';
import type { HeldOperation } from '../approval/types.js';
import { MidstreamError } from '../errors.js';
import type { Decision, Identity, Policy } from '../policy/types.js';
import { type RecordingMaskers, shownIdentity } from '../record/shown-identity.js';
import { readBody } from './body.js';
import { Effects, type Header } from './effects.js';
import type { HttpFacts } from './facts.js';
import { operationOf } from './hold.js';
import type { BodyMask } from './masking.js';
import { grpcStatusOf, problemOf, type Refusal } from './problem.js';
import { claimed, factsOf } from './request-facts.js';
import { REQUEST, RequestText } from './request-text.js';
import { Response } from './response.js';

export interface HttpRules extends RecordingMaskers {
  policy: Policy;
  /** strongest first; empty: nothing is masked */
  masks: readonly BodyMask[];
}

/** What an exchange is given of the world: nothing of it does input or output. */
export interface ExchangeOptions {
  id: string;
  resource: string;
  /** `refused`: nothing lets this peer reach the resource */
  peer: { identity: Identity | undefined; source: string; tls: Record<string, string>; refused?: boolean };
  gateway_version: string;
  now: () => number;
  newId: () => string;
  rules: (identity: Identity) => HttpRules;
  /** bytes of a body that are kept in the recording */
  body_bytes_max: number;
}

export type ExchangeInput =
  | { type: 'request_headers' | 'response_headers'; headers: readonly Header[]; end: boolean }
  | { type: 'request_body' | 'response_body'; body: Buffer; end: boolean }
  | { type: 'request_trailers' | 'response_trailers'; headers: readonly Header[] }
  /** the sender pauses */
  | { type: 'flush' }
  | ({ type: 'approval' } & ApprovalInput)
  /** the stream is gone */
  | { type: 'gone'; reason: string }
  /** the gateway is stopping, or can't record */
  | { type: 'stop'; reason: string };

type Phase = 'new' | 'collecting' | 'held' | 'passing' | 'refused' | 'closed';

/**
 * One HTTP request and its answer, as `step(input) -> effects`. The request waits for its body where a rule asks for it or where a person must
 * approve it; else it streams. The answer streams through the masks.
 */
export class Exchange {
  phase: Phase = 'new';
  out = new Effects();
  private rules!: HttpRules;
  private identity!: Identity;
  private facts!: HttpFacts;
  private text!: RequestText;
  private grpc = false;
  /** what waits: the request's body, until it may go */
  private waiting: Buffer[] = [];
  private waiting_bytes = 0;
  private waitingEnd = false;
  private trailers = false;
  private operation: HeldOperation | undefined;
  private response: Response | undefined;
  private bytesUp = 0;
  private bytesDown = 0;
  private denied = 0;
  private heldCount = 0;

  constructor(readonly options: ExchangeOptions) {}

  /** the hold that waits now */
  get held(): string | undefined {
    return this.phase === 'held' ? this.operation?.hold : undefined;
  }

  step(input: ExchangeInput): Effects {
    this.out = new Effects();
    try {
      this.take(input);
    } catch (error) {
      this.out.fail = error instanceof MidstreamError ? error.message : 'internal error';
      this.close('failed');
    }
    return this.out;
  }

  private take(input: ExchangeInput): void {
    if (this.phase === 'closed') return;
    switch (input.type) {
      case 'request_headers':
        return this.onRequest(input.headers, input.end);
      case 'request_body':
        return this.onRequestBody(input.body, input.end);
      case 'request_trailers':
        return this.onRequestTrailers();
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
      case 'flush':
        return this.response?.flush(this.out);
      case 'approval':
        return this.onApproval(input);
      case 'gone':
        return this.gone(input.reason);
      case 'stop':
        return this.stop(input.reason);
    }
  }

  private onRequest(headers: readonly Header[], end: boolean): void {
    if (this.phase !== 'new') throw new MidstreamError('protocol_violation', 'the headers of a request came twice');
    const { peer, resource } = this.options;
    this.facts = factsOf(headers);
    this.identity = peer.identity ?? claimed(this.facts, peer.source);
    this.rules = this.options.rules(this.identity);
    this.grpc = this.facts.content_type.startsWith('application/grpc');
    this.text = new RequestText(this.facts, this.rules, this.options.body_bytes_max);
    this.record('session.open', {
      start: new Date(this.options.now()).toISOString(),
      protocol: 'http',
      resource,
      database: '',
      user: '',
      application: this.rules.maskText(this.facts.headers['user-agent'] ?? ''),
      identity: shownIdentity(this.identity, this.rules),
      tls: peer.tls,
      policy_version: this.rules.policy.version,
      gateway_version: this.options.gateway_version,
      transport: 'ext_proc',
      parameters: {},
    });
    if (peer.refused === true) {
      this.refuse({
        status: 403,
        kind: 'forbidden',
        title: 'Not allowed here',
        detail: 'Nothing lets this caller reach this server.',
        rule: '',
        hint: '',
      });
      return;
    }
    if (end) {
      this.waitingEnd = true;
      this.facts = { ...this.facts, body: null };
    } else if (this.rules.policy.usesBody) {
      this.phase = 'collecting';
      return;
    }
    this.judge();
  }

  private onRequestBody(body: Buffer, end: boolean): void {
    if (this.phase === 'refused') return;
    this.bytesUp += body.length;
    if (this.phase === 'passing') {
      this.text.keep(body);
      this.out.answers.push({ part: 'request_body', chunks: [body], end });
      if (end) this.recordBody();
      return;
    }
    this.waiting.push(body);
    this.waiting_bytes += body.length;
    const max = this.rules.policy.limits.held_bytes_max;
    if (this.waiting_bytes > max) {
      this.refuse({
        status: 413,
        kind: 'too_large',
        title: 'Too large to be judged',
        detail: `The policy asks for the whole body, and it is longer than ${max} bytes (limits.held_bytes_max).`,
        rule: '',
        hint: 'Send it in smaller parts.',
      });
      return;
    }
    if (end) this.whole();
  }

  private onRequestTrailers(): void {
    this.trailers = true;
    if (this.phase === 'passing') {
      this.recordBody();
      this.out.answers.push({ part: 'request_trailers' });
    } else if (this.phase === 'collecting') this.whole();
  }

  /** The body is there: what waited for it can be judged. */
  private whole(): void {
    this.waitingEnd = true;
    if (this.phase !== 'collecting') return;
    if (this.operation === undefined) {
      const read = readBody(this.facts.content_type, Buffer.concat(this.waiting));
      this.facts = { ...this.facts, ...read, unparsed: this.facts.unparsed || read.unparsed };
    }
    this.judge();
  }

  private judge(): void {
    const decision = this.rules.policy.decide({ on: 'http', http: this.facts, identity: this.identity, resource: this.options.resource });
    // What is approved is approved whole: the body is waited for, whoever asked for it.
    if (decision.verdict === 'approve' && !this.waitingEnd) {
      this.phase = 'collecting';
      return;
    }
    const body = Buffer.concat(this.waiting);
    this.text.keep(body);
    this.recordLine('request', this.text.requestFields());
    const { verdict, rule, matches } = decision;
    this.record('decision', { request: REQUEST, verdict, rule, matches, policy_version: this.rules.policy.version }, true);
    this.out.decisions.push(decision);
    if (verdict === 'deny') {
      this.denied++;
      this.refuse({ status: 403, kind: 'denied', title: 'Refused by policy', detail: decision.message, rule, hint: decision.hint });
    } else if (verdict === 'approve') this.hold(decision, body);
    else this.pass();
  }

  private hold(decision: Decision, body: Buffer): void {
    if (!this.text.shownWhole) {
      this.denied++;
      this.refuse({
        status: 403,
        kind: 'denied',
        title: 'Refused by policy',
        detail: 'This request needs an approval, and it can not be shown to an approver whole.',
        rule: decision.rule,
        hint: 'Send it in smaller parts.',
      });
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
  }

  private onApproval(input: ApprovalInput): void {
    const { operation } = this;
    if (this.phase !== 'held' || operation?.hold !== input.hold) return;
    const outcome = input.outcome === 'unavailable' ? 'cancelled' : input.outcome;
    this.recordLine('approval', approvalFields(operation, outcome, input.decisions, input.lease, this.rules.maskText), true);
    if (input.outcome === 'approved' && this.options.rules(this.identity).policy.version === operation.policy_version) return this.pass();
    this.denied++;
    const { message, hint } = outcomeMessage(input);
    const unavailable = input.outcome === 'unavailable';
    this.refuse({
      status: unavailable ? 503 : 403,
      kind: unavailable ? 'unavailable' : input.outcome === 'expired' ? 'expired' : 'denied',
      title: unavailable ? 'Approvals are not available' : 'Not approved',
      detail: this.rules.maskText(message),
      rule: operation.rule,
      hint,
    });
  }

  /** The request goes on, with what waited of it. */
  private pass(): void {
    this.phase = 'passing';
    const masked = this.rules.masks.length > 0;
    this.out.answers.push({
      part: 'request_headers',
      // Packed and partial answers can't be read: they are asked away.
      ...(masked ? { set: [['accept-encoding', 'identity'] as const], remove: ['range', 'if-range'] } : {}),
    });
    const chunks = this.waiting;
    const end = this.waitingEnd && !this.trailers;
    if (chunks.length > 0) this.out.answers.push({ part: 'request_body', chunks, end });
    if (this.trailers) this.out.answers.push({ part: 'request_trailers' });
    this.waiting = [];
  }

  private onResponse(headers: readonly Header[], end: boolean): void {
    if (this.phase !== 'passing') return;
    const response = new Response(this.rules.masks, this.options.body_bytes_max);
    const unreadable = response.headers(headers, end, this.out);
    if (unreadable !== undefined) {
      this.refuse({
        status: 502,
        kind: 'unreadable',
        title: 'The answer can not be inspected',
        detail: unreadable,
        rule: '',
        hint: 'Let the server answer without packing.',
      });
      return;
    }
    this.response = response;
    if (end) this.finish();
  }

  private refuse(refusal: Refusal): void {
    const { headers, body } = problemOf(refusal, this.options.id);
    this.out.answers.push({
      part: 'immediate',
      status: refusal.status,
      headers,
      body,
      ...(this.grpc ? { grpcStatus: grpcStatusOf(refusal.status) } : {}),
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
    if (this.phase === 'passing') {
      // Bytes are on their way: only a broken stream tells the client that they are not all.
      if (this.response === undefined) return;
      this.out.fail = reason;
      return this.gone('the gateway is stopping');
    }
    if (this.phase === 'refused' || this.phase === 'new') return;
    if (this.phase === 'held') this.out.ended.push({ hold: this.operation!.hold, status: 'cancelled', reason });
    this.refuse({
      status: 503,
      kind: 'unavailable',
      title: 'The gateway is stopping',
      detail: reason,
      rule: '',
      hint: 'Send the request again.',
    });
  }

  private close(reason: string, phase: Phase = 'closed'): void {
    if (this.phase === 'closed') return;
    const opened = this.phase !== 'new';
    this.phase = phase === 'closed' ? 'closed' : phase;
    if (!opened) return;
    const inspected = this.bytesUp + this.bytesDown;
    this.record('session.close', {
      reason,
      totals: {
        requests: 1,
        denied: this.denied,
        held: this.heldCount,
        rows: 0,
        bytes_down: this.response?.bytes ?? 0,
        bytes_up: this.bytesUp,
      },
      coverage: { inspected_bytes: inspected, masked_bytes: this.response?.masked_bytes ?? 0, opaque: [] },
    });
    this.phase = 'closed';
  }

  private record(type: string, event: object, gating = false): void {
    this.recordLine(type, `,${JSON.stringify(event).slice(1, -1)}`, gating);
  }

  private recordLine(type: string, json: string, gating = false): void {
    this.out.records.push({ type, json, wire: undefined, gating, original: undefined });
  }
}
