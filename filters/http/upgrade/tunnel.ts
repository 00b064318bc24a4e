import type { ApprovalInput } from '../../approval/recorded.js';
import type { HeldOperation } from '../../approval/types.js';
import type { Decision, Identity } from '../../policy/types.js';
import type { Effects } from '../effects.js';
import type { HttpRules } from '../exchange.js';
import type { HttpFacts } from '../facts.js';
import type { RequestText } from '../request-text.js';

export type Side = 'client' | 'server';
export const other = (side: Side): Side => (side === 'client' ? 'server' : 'client');

/** What an upgraded stream has of the exchange that opened it. */
export interface TunnelContext {
  readonly http: HttpFacts;
  readonly text: RequestText;
  readonly identity: Identity;
  readonly resource: string;
  /** the server is a Kubernetes API */
  readonly kubernetes: boolean;
  /** the subprotocol that the server chose; empty when none */
  readonly subprotocol: string;
  /** bytes of one message that are kept in the recording */
  readonly body_bytes_max: number;
  /** what is in force now */
  rules(): HttpRules;
  /** effects of the step that runs */
  out(): Effects;
  record(type: string, event: object, gating?: boolean): void;
  /** counts it, and tells the metrics */
  decided(request: string, decision: Decision): void;
  newId(): string;
  now(): number;
  session: string;
}

/** What goes on after a 101, as the rest of the exchange's machine: bytes of both sides in, bytes of both sides out. */
export interface Tunnel {
  /** `end`: this side has sent its last */
  receive(side: Side, bytes: Buffer, end: boolean): void;
  /** the senders pause; true when something is held yet that may go later */
  flush(): boolean;
  approval(input: ApprovalInput): void;
  gone(reason: string): void;
  stop(reason: string): void;
  /** the operation that waits for a person */
  readonly held: HeldOperation | undefined;
  /** bytes of each side that wait behind it */
  readonly waiting: Readonly<Record<Side, number>>;
  /** something is held that may go when the senders pause */
  readonly unsettled: boolean;
  readonly totals: TunnelTotals;
}

export interface TunnelTotals {
  /** messages, or lines of a terminal, that were judged */
  requests: number;
  denied: number;
  held: number;
  bytes_up: number;
  bytes_down: number;
  masked_bytes: number;
  opaque: { reason: string; bytes: number }[];
}

export const noTotals = (): TunnelTotals => ({
  requests: 0,
  denied: 0,
  held: 0,
  bytes_up: 0,
  bytes_down: 0,
  masked_bytes: 0,
  opaque: [],
});

/** A protocol that is not read: it came this far because `defaults.opaque` let it. */
export class OpaqueTunnel implements Tunnel {
  readonly held = undefined;
  readonly waiting = { client: 0, server: 0 };
  readonly unsettled = false;
  readonly totals = noTotals();

  constructor(
    private readonly context: Pick<TunnelContext, 'out'>,
    private readonly reason: string,
  ) {}

  receive(side: Side, bytes: Buffer, end: boolean): void {
    if (side === 'client') this.totals.bytes_up += bytes.length;
    else this.totals.bytes_down += bytes.length;
    this.totals.opaque = [{ reason: this.reason, bytes: this.totals.bytes_up + this.totals.bytes_down }];
    this.context.out().answers.push({ part: 'tunnel', to: other(side), chunks: bytes.length === 0 ? [] : [bytes], end });
  }

  flush(): boolean {
    return false;
  }

  approval(): void {}

  gone(): void {}

  stop(): void {
    for (const to of ['client', 'server'] as const) this.context.out().answers.push({ part: 'tunnel', to, chunks: [], end: true });
  }
}
