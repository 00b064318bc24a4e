import { approvalFields } from '../approval/recorded.js';
import type { HeldOperation } from '../approval/types.js';
import type { KubernetesRequest } from '../kubernetes/conversation.js';
import type { McpSide } from '../mcp/side.js';
import type { Identity } from '../policy/types.js';
import type { AskedRequest } from './asked-request.js';
import type { BegunStream } from './begun-stream.js';
import { closing } from './closing.js';
import type { Effects, Header } from './effects.js';
import type { ExchangeOptions, HttpRules } from './exchange-options.js';
import type { HttpFacts } from './facts.js';
import type { MethodWatch } from './method-watch.js';
import type { Refusal } from './problem.js';
import { ExchangeRecord } from './recorded.js';
import { stopping, unknownCaller, unreadable } from './refusals.js';
import { refusalAnswer } from './refusing.js';
import type { RequestHead } from './request-facts.js';
import type { RequestText } from './request-text.js';
import type { Response } from './response.js';
import { isSpdy } from './upgrade/facts.js';
import { type FailedUpgrade, saidIn } from './upgrade/failed.js';
import type { UpgradedStream } from './upgrade/stream.js';
import { noTotals, type Tunnel } from './upgrade/tunnel.js';
import { WaitingRequest } from './waiting-request.js';

export type Phase = 'new' | 'foreign' | 'collecting' | 'held' | 'passing' | 'upgraded' | 'refused' | 'closed';

/** What is known of an exchange, and how it ends: refused, let go, stopped. Each ending tells what was under way, once. */
export abstract class EndingExchange {
  phase: Phase = 'new';
  /** of the step that is made */
  out!: Effects;
  protected rules!: HttpRules;
  identity!: Identity;
  protected head!: RequestHead;
  protected asked: AskedRequest | undefined;
  /** looks at a form that streams */
  protected watch: MethodWatch | undefined;
  protected text!: RequestText;
  /** the answer, where the gateway began it itself */
  protected begun: BegunStream | undefined;
  /** headers of the request as they came */
  protected sent: readonly Header[] = [];
  /** reason -> bytes; most answers have none */
  protected opaque: Map<string, number> | undefined;
  protected readonly waiting = new WaitingRequest();
  protected readonly record = new ExchangeRecord(() => this.out);
  operation: HeldOperation | undefined;
  protected response: Response | undefined;
  /** by hop: the request asks for another protocol */
  protected upgraded: UpgradedStream | undefined;
  protected bytesUp = 0;
  protected bytesDown = 0;
  protected denied = 0;
  protected heldCount = 0;

  constructor(readonly options: ExchangeOptions) {}

  /** of the policy in force */
  get policyVersion(): string {
    return this.options.rules(this.identity).policy.version;
  }

  /** after an upgrade */
  protected get tunnel(): Tunnel | undefined {
    return this.upgraded?.tunnel;
  }

  protected get facts(): HttpFacts {
    return this.asked!.facts;
  }

  protected get mcp(): McpSide | undefined {
    return this.asked?.mcp;
  }

  protected get kube(): KubernetesRequest | undefined {
    return this.asked?.kube;
  }

  /** No policy was asked about it: its recording says what it was all the same. */
  protected refuseUnjudged(refusal: Refusal): void {
    this.denied++;
    this.record.line('request', this.text.requestFields());
    this.refuse(refusal);
  }

  /** Words about an answer may hold words of it. */
  protected refuseAnswer(why: string): void {
    this.refuse(unreadable(this.rules.maskText(why)));
  }

  protected refuse(refusal: Refusal): void {
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

  /** `why` is read of the answer where somebody may ask for it alone. */
  protected upgradeFailed(why: () => FailedUpgrade): void {
    const { failedUpgrades, transport } = this.options;
    if (transport === 'hop' && this.asked?.facts.upgrade === 'websocket') failedUpgrades?.failed(this.upgradeKey, why());
  }

  protected failedBefore(): FailedUpgrade | undefined {
    return isSpdy(this.facts.upgrade) ? this.options.failedUpgrades?.take(this.upgradeKey) : undefined;
  }

  protected get upgradeKey(): string {
    const { source } = this.options.peer;
    return JSON.stringify([this.identity.id, source.slice(0, source.lastIndexOf(':')), this.facts.target]);
  }

  protected gone(reason: string): void {
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

  protected stop(reason: string): void {
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

  protected revoked(reason: string): void {
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

  protected close(reason: string, phase: Phase = 'closed'): void {
    if (this.phase === 'closed') return;
    this.response?.free();
    const opened = this.phase !== 'new' && this.phase !== 'foreign';
    this.phase = phase === 'closed' ? 'closed' : phase;
    if (!opened) return;
    this.record.line(
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
