import { type ApprovalInput, approvalFields, holdFields } from '../../approval/recorded.js';
import type { HeldOperation } from '../../approval/types.js';
import type { Decision } from '../../policy/types.js';
import type { HttpRules } from '../exchange-options.js';
import { BodyMasker } from '../masking.js';
import { notApproved } from '../refusals.js';
import type { Side } from '../upgrade/tunnel.js';
import { type MessageFacts, messageFacts } from './facts.js';
import { FrameError, type FrameHead, opcode } from './frames.js';
import { SHOWN_UNITS_MAX, shapeOfBody, streamOperation } from './hold.js';
import { type MessageMasking, typeOfMessage } from './mask.js';
import { Message, WHOLE_BYTES_MAX } from './message.js';
import type { Port, Speaker } from './tunnel.js';
import { validUtf8 } from './utf8.js';

/** What detectors find in messages of any API. */
const masksOfBodies = ({ masks }: HttpRules): MessageMasking | undefined =>
  masks.length === 0 ? undefined : (first, write) => new BodyMasker(masks, typeOfMessage(first), write);

type Piece = { head: FrameHead } | { piece: Buffer; last: boolean };

interface Held {
  side: Side;
  message: Message;
  operation: HeldOperation;
}

/** Messages of an API: each is masked, judged where a rule on websocket is in force, and recorded. */
export class Messages implements Speaker {
  private readonly current: Record<Side, Message | undefined> = { client: undefined, server: undefined };
  /** what came behind a message that waits for a person */
  private readonly backlog: Record<Side, Piece[]> = { client: [], server: [] };
  private readonly backlog_bytes: Record<Side, number> = { client: 0, server: 0 };
  private holding: Held | undefined;
  /** one operation of a session waits at a time; this one is next */
  private next: { side: Side; message: Message; decision: Decision; facts: MessageFacts; request: string } | undefined;
  private count = 0;

  constructor(
    private readonly port: Port,
    private readonly masking: (rules: HttpRules) => MessageMasking | undefined = masksOfBodies,
  ) {}

  get held(): HeldOperation | undefined {
    return this.holding?.operation;
  }

  get waiting(): Record<Side, number> {
    return this.backlog_bytes;
  }

  get unsettled(): boolean {
    return (this.current.client?.unsettled ?? false) || (this.current.server?.unsettled ?? false);
  }

  torn(to: Side): boolean {
    return this.current[to === 'client' ? 'server' : 'client']?.torn ?? false;
  }

  frame(side: Side, head: FrameHead): void {
    if (this.blocked(side)) this.backlog[side].push({ head });
    else this.onFrame(side, head);
  }

  payload(side: Side, piece: Buffer, last: boolean): void {
    if (this.blocked(side)) {
      this.backlog[side].push({ piece: Buffer.from(piece), last });
      this.backlog_bytes[side] += piece.length;
    } else this.onPayload(side, piece, last);
  }

  private blocked(side: Side): boolean {
    return this.holding?.side === side || this.next?.side === side;
  }

  private onFrame(side: Side, head: FrameHead): void {
    this.current[side] ??= this.begin(side, head);
    this.current[side]!.frame(head);
  }

  private begin(side: Side, head: FrameHead): Message {
    const rules = this.port.context.rules();
    const { policy } = rules;
    const judged = policy.usesMessages;
    const masking = side === 'server' ? this.masking(rules) : undefined;
    const mode = judged || masking !== undefined ? 'collect' : 'pass';
    const max = judged ? policy.limits.held_bytes_max : WHOLE_BYTES_MAX;
    return new Message(side, head, mode, max, judged, masking, this.port.context.body_bytes_max, this.port);
  }

  private onPayload(side: Side, piece: Buffer, last: boolean): void {
    const message = this.current[side]!;
    message.payload(piece, last);
    if (!message.whole) return;
    this.current[side] = undefined;
    this.whole(side, message);
  }

  private whole(side: Side, message: Message): void {
    const { context, totals } = this.port;
    const { policy } = context.rules();
    const request = `m${++this.count}`;
    if (!message.judged) {
      message.release();
      this.recordMessage(request, side, message);
      return;
    }
    totals.requests++;
    const facts = messageFacts(side, message.code === opcode.text ? 'text' : 'binary', message.content());
    const decision = policy.decide({
      on: 'websocket',
      message: facts,
      http: context.http,
      identity: context.identity,
      resource: context.resource,
    });
    this.recordJudged(request, side, message, facts);
    context.decided(request, decision);
    if (decision.verdict === 'deny') return this.refuse(request, decision.message, decision.rule);
    if (decision.verdict === 'approve') {
      const asked = { side, message, decision, facts, request };
      if (this.holding === undefined) this.hold(asked);
      else this.next = asked;
      return;
    }
    this.release(request, side, message);
  }

  private hold({ side, message, decision, facts, request }: NonNullable<Messages['next']>): void {
    const { context, totals } = this.port;
    const bytes = message.content();
    const shown = context.rules().maskText(bytes.toString('utf8'));
    if (shown.length > SHOWN_UNITS_MAX || !validUtf8(bytes))
      return this.refuse(request, 'This message needs an approval, and it can not be shown to an approver whole.', decision.rule);
    const shape = `${side} ${facts.opcode} ${shapeOfBody(facts.body)}`;
    const operation = streamOperation(context, { request, bytes, shown, shape, decision });
    this.holding = { side, message, operation };
    totals.held++;
    context.record('hold', JSON.parse(`{${holdFields(operation).slice(1)}}`) as object, true);
    context.out().holds.push(operation);
  }

  approval(input: ApprovalInput): void {
    const { holding } = this;
    if (holding === undefined || holding.operation.hold !== input.hold) return;
    const { context } = this.port;
    const { side, message, operation } = holding;
    const outcome = input.outcome === 'unavailable' ? 'cancelled' : input.outcome;
    this.recordApproval(operation, outcome, input.decisions, input.lease);
    this.holding = undefined;
    if (input.outcome !== 'approved' || context.rules().policy.version !== operation.policy_version) {
      const { detail } = notApproved(input, operation.rule, context.rules().maskText);
      return this.refuse(operation.request, detail, operation.rule);
    }
    this.release(operation.request, side, message);
    const { next } = this;
    this.next = undefined;
    if (next !== undefined) this.hold(next);
    for (const one of ['client', 'server'] as const) this.drain(one);
  }

  private drain(side: Side): void {
    const { backlog, backlog_bytes } = this;
    try {
      while (backlog[side].length > 0 && !this.blocked(side)) {
        const item = backlog[side].shift()!;
        if ('head' in item) this.onFrame(side, item.head);
        else {
          backlog_bytes[side] -= item.piece.length;
          this.onPayload(side, item.piece, item.last);
        }
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.port.fail(side, error);
    }
  }

  private release(request: string, side: Side, message: Message): void {
    message.release();
    if (side === 'server') this.recordMessage(request, side, message);
  }

  /** RFC 6455 section 7.4.1: 1008 is what a policy says. */
  private refuse(request: string, why: string, rule: string): void {
    const { context, totals } = this.port;
    totals.denied++;
    context.record('error', { request, severity: 'ERROR', sqlstate: '1008', message: why, own: true }, true);
    this.port.close({ code: 1008, reason: rule === '' ? why : `${rule}: ${why}` }, { code: 1001, reason: 'refused by policy' });
    this.forget('refused');
  }

  closing(side: Side, cut: boolean): void {
    if (this.holding?.side === side) this.cancel('the sender closed');
    if (this.next?.side === side) this.next = undefined;
    this.backlog[side] = [];
    this.backlog_bytes[side] = 0;
    const message = this.current[side];
    this.current[side] = undefined;
    // Nobody knows what the rest would have been: what is held of it does not go.
    if (cut && message !== undefined) this.recordMessage(`m${++this.count}`, side, message, true);
  }

  flush(): boolean {
    let held = false;
    for (const side of ['client', 'server'] as const) if (this.current[side]?.flush() === true) held = true;
    return held;
  }

  gone(reason: string): void {
    if (this.holding !== undefined) this.cancel(reason);
    for (const side of ['client', 'server'] as const) {
      const message = this.current[side];
      if (message !== undefined && message.frames > 0) this.recordMessage(`m${++this.count}`, side, message, true);
    }
    this.forget(reason);
  }

  private cancel(reason: string): void {
    const { operation } = this.holding!;
    this.holding = undefined;
    this.port.context.out().ended.push({ hold: operation.hold, status: 'cancelled', reason });
    this.recordApproval(operation, 'cancelled', [], '');
  }

  private forget(reason: string): void {
    if (this.holding !== undefined) this.cancel(reason);
    this.next = undefined;
    this.backlog.client = [];
    this.backlog.server = [];
    this.backlog_bytes.client = 0;
    this.backlog_bytes.server = 0;
    this.current.client = undefined;
    this.current.server = undefined;
  }

  private recordApproval(
    ...[operation, outcome, decisions, lease]: [...Parameters<typeof approvalFields>] extends [...infer First, unknown] ? First : never
  ): void {
    const { context } = this.port;
    const fields = approvalFields(operation, outcome, decisions, lease, context.rules().maskText);
    context.record('approval', JSON.parse(`{${fields.slice(1)}}`) as object, true);
  }

  /** A message that is judged stands in the recording before its decision, whoever sent it. */
  private recordJudged(request: string, side: Side, message: Message, { unparsed, unreadable }: MessageFacts): void {
    const { context } = this.port;
    const bytes = message.content().subarray(0, context.body_bytes_max);
    const shown = validUtf8(message.content()) ? { text: context.rules().maskText(bytes.toString('utf8')) } : { text: '' };
    const left_out = message.bytes - (shown.text === '' ? 0 : bytes.length);
    context.record('request', {
      request,
      operation: `message from the ${side}`,
      ...shown,
      facts: { from: side, unparsed, unreadable },
      bytes: message.bytes,
      left_out,
    });
  }

  /** As it went on: from the server with its masks, from the client with values masked, as recordings have it. */
  private recordMessage(request: string, side: Side, message: Message, cut = false): void {
    const { context, totals } = this.port;
    const kept = Buffer.concat(message.kept);
    const text = message.code === opcode.text || validUtf8(kept);
    const plain = kept.toString('utf8');
    context.record('message', {
      request,
      from: side,
      opcode: message.code === opcode.text ? 'text' : 'binary',
      bytes: message.bytes,
      ...(text
        ? { text: side === 'client' ? context.rules().maskText(plain) : plain }
        : side === 'server'
          ? { data: kept.toString('base64') }
          : {}),
      left_out: message.sent_bytes - (text || side === 'server' ? message.kept_bytes : 0),
      masked: message.fired,
      ...(cut ? { incomplete: true } : {}),
    });
    if (message.fired.length > 0) totals.masked_bytes += message.sent_bytes;
  }
}
