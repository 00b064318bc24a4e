import { type ApprovalInput, POLICY_CHANGED } from '../../filters/approval/recorded.js';
import type { ApprovalStore, HeldOperation, HoldRecord } from '../../filters/approval/types.js';

export interface HoldWorld {
  approvals: ApprovalStore;
  now: () => number;
  log: { error(fields: object, message: string): void };
  metrics: { held(outcome: string): void };
}

/** What a session says and hears of what it holds. One operation is held at a time. */
export interface HoldingSession {
  id: string;
  /** the hold that waits now; undefined when none does */
  held(): string | undefined;
  ended(input: ApprovalInput): void;
  /** approvers can see it */
  stored(hold: string): void;
  /** the policy in force; what was approved under another one does not run */
  policyVersion: () => string;
  /** true where an approved operation waits for its client to come back: run() lets it go then */
  waitsForClient?: () => boolean;
  /** approved, and waiting for its client */
  approved?: () => void;
  /** now and again while it waits; undefined where nobody is told */
  tick: { every_ms: number; call(): void } | undefined;
}

/**
 * Resolves when what had come when it was called has been read: a client's end that reached this machine before its approval must not be
 * overtaken by it. The first turn ends the reading that goes on, the second is a whole one.
 */
const whatHasCome = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Stores what a session holds, waits for its end, and tells the session once. */
export class HoldKeeper {
  private stopWatching: (() => void) | undefined;
  private timers: NodeJS.Timeout[] = [];
  private ready: HoldRecord | undefined;

  constructor(
    private readonly world: HoldWorld,
    private readonly session: HoldingSession,
  ) {}

  async hold(operation: HeldOperation): Promise<void> {
    const { approvals, now, log, metrics } = this.world;
    const { session } = this;
    const { hold } = operation;
    try {
      const lease = await approvals.takeLease({ shape: operation.shape, digest: operation.digest }, now());
      if (lease) {
        metrics.held('lease');
        session.ended({ hold, outcome: 'approved', reason: '', decisions: [], lease: lease.lease });
        return;
      }
      await approvals.create(operation);
    } catch (error) {
      log.error({ session: session.id, hold, error: String(error) }, 'the approval could not be stored');
      session.ended({ hold, outcome: 'unavailable', reason: '', decisions: [], lease: '' });
      return;
    }
    if (session.held() !== hold) {
      // The client went away while the approval was being stored.
      this.end(hold, 'cancelled', 'the client is gone');
      return;
    }
    session.stored(hold);
    this.timers.push(setTimeout(() => void this.expire(hold), Math.max(0, operation.expires_ms - operation.created_ms)));
    const { tick } = session;
    if (tick) this.timers.push(setInterval(() => tick.call(), tick.every_ms));
    this.stopWatching = approvals.watch(hold, (record) => void this.decided(record));
  }

  /** The session itself ended it. */
  end(hold: string, status: 'cancelled' | 'expired', reason: string): void {
    this.unwatch();
    const { approvals, metrics, now, log } = this.world;
    metrics.held(status);
    approvals.end(hold, status, reason, now()).catch((error: unknown) => {
      log.error({ session: this.session.id, hold, error: String(error) }, 'the end of a hold could not be stored');
    });
  }

  unwatch(): void {
    this.stopWatching?.();
    this.stopWatching = undefined;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers = [];
  }

  private async decided(record: HoldRecord): Promise<void> {
    const { hold } = record.operation;
    if (record.status === 'pending' || this.session.held() !== hold) return;
    if (record.status === 'approved' && this.session.waitsForClient?.() === true) {
      // Its time goes on: what is approved and not run in time does not run.
      this.ready = record;
      this.session.approved?.();
      return;
    }
    await this.settle(record);
  }

  /** The client of an approved operation is there. */
  async run(): Promise<void> {
    const record = this.ready;
    this.ready = undefined;
    if (record !== undefined && this.session.held() === record.operation.hold) await this.settle(record);
  }

  private async settle(record: HoldRecord): Promise<void> {
    const { hold } = record.operation;
    this.unwatch();
    if (record.status === 'pending') return;
    if (record.status === 'approved') {
      await whatHasCome();
      // Its end told the store.
      if (this.session.held() !== hold) return;
    }
    let { reason } = record;
    let outcome: ApprovalInput['outcome'] = record.status;
    if (record.status === 'approved') {
      const { approvals, now, log } = this.world;
      try {
        if (this.session.policyVersion() !== record.operation.policy_version) {
          // It must not run, and approvers must not read that it did.
          outcome = 'expired';
          reason = POLICY_CHANGED;
          await approvals.end(hold, outcome, reason, now());
        } else if (!(await approvals.release(hold, now()))) outcome = 'expired';
      } catch (error) {
        log.error({ hold, error: String(error) }, 'an approved operation could not be released');
        outcome = 'unavailable';
      }
    }
    this.world.metrics.held(outcome);
    this.session.ended({ hold, outcome, reason, decisions: record.decisions, lease: '' });
  }

  private async expire(hold: string): Promise<void> {
    if (this.session.held() !== hold) return;
    try {
      await this.world.approvals.end(hold, 'expired', 'nobody decided in time', this.world.now());
    } catch (error) {
      this.world.log.error({ hold, error: String(error) }, 'an expired hold could not be stored');
    }
    if (this.session.held() !== hold) return;
    this.unwatch();
    this.world.metrics.held('expired');
    this.session.ended({ hold, outcome: 'expired', reason: 'nobody decided in time', decisions: [], lease: '' });
  }
}
