import type { ApprovalStore } from '../../filters/approval/types.js';
import { MidstreamError } from '../../filters/errors.js';
import type { LoginOutcome, LoginQuestion } from '../../filters/postgres/session/agent-login.js';
import type { Effects, LookupEffect, MaskedCount } from '../../filters/postgres/session/effects.js';
import { Session, type SessionInput, type SessionOptions } from '../../filters/postgres/session/session.js';
import type { SessionRecorder } from '../../filters/record/events.js';
import { HoldKeeper } from './hold-keeper.js';

/** Bytes and ends that wait until the recording of what they follow from is on disk. */
interface Batch {
  ticket: number;
  upstream: Buffer[];
  downstream: Buffer[];
  upstream_bytes: number;
  downstream_bytes: number;
  endUpstream: boolean;
  endDownstream: boolean;
  close: boolean;
  settles: 'downstream' | 'upstream' | undefined;
}

/** What carries the bytes: network ext_proc or the hop. */
export interface Transport {
  send(side: 'upstream' | 'downstream', chunks: Buffer[], end: boolean): void;
  /** the input of this side is dealt with: ext_proc owes Envoy one answer each */
  settle(side: 'upstream' | 'downstream'): void;
  /** close both sides once what was sent has gone */
  close(): void;
  /** stop or go on reading each side; what can't stop one alone stops both when either must */
  flow(client: boolean, server: boolean): void;
}

export interface ConnectionWorld {
  approvals: ApprovalStore;
  recorder: SessionRecorder;
  lookup: (database: string, what: LookupEffect) => Promise<void>;
  /** who is this, and as whom does it go to the server? Where the gateway ends the login; never rejects */
  login?: ((question: LoginQuestion) => Promise<LoginOutcome>) | undefined;
  /** sessions of this gateway by their cancel key */
  registry: Registry;
  /** events wait for the disk: nothing more may be read until they are written */
  recordingBusy: () => boolean;
  /** so many bytes came, from either side */
  received: (bytes: number) => void;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  metrics: ConnectionMetrics;
  now: () => number;
}

export interface ConnectionMetrics {
  decision(verdict: string, rule: string): void;
  closed(reason: string): void;
  held(outcome: string): void;
  bytes(side: 'upstream' | 'downstream', bytes: number): void;
  masked(values: readonly MaskedCount[]): void;
}

/** Open connections, and the way from a cancel key to its session. */
export class Registry {
  readonly connections = new Set<Connection>();
  readonly byCancelKey = new Map<string, Connection>();

  /** @param elsewhere asks the other workers of this gateway to cancel what they hold for this key; undefined where there are none */
  constructor(private readonly elsewhere?: (key: string) => Promise<boolean>) {}

  /** Cancels what is held here for this key; false when nothing is. */
  cancelHeld(key: string): boolean {
    const target = this.byCancelKey.get(key);
    if (!target?.session.held) return false;
    target.input({ type: 'cancel' });
    return true;
  }

  /** The same for other workers, where a cancel request may well arrive; undefined when nobody is to be asked. */
  cancelElsewhere(key: string): Promise<boolean> | undefined {
    return this.byCancelKey.has(key) ? undefined : this.elsewhere?.(key);
  }
}

/** Carries out what a session's steps ask for, in order: records first, then bytes, then approvals and look-ups. */
export class Connection {
  readonly session: Session;
  private readonly queue: Batch[] = [];
  private waitingFor = -1;
  private cancelKey: string | undefined;
  private readonly holds: HoldKeeper;
  private gone = false;
  private recordingFailed = false;
  private reading = { client: true, server: true };
  /** of the server, in the queue */
  private queued_bytes = 0;
  private retry: NodeJS.Timeout | undefined;
  /** ends a login that takes too long */
  private loginTimer: NodeJS.Timeout | undefined;
  /** ends the session with its token */
  private tokenTimer: NodeJS.Timeout | undefined;
  /** what came while other workers were asked about a cancel request, which must go to the server first */
  private later: (() => void)[] | undefined;

  constructor(
    options: SessionOptions,
    private readonly world: ConnectionWorld,
    private readonly transport: Transport,
    private readonly held_bytes_max: number,
  ) {
    this.session = new Session(options);
    this.holds = new HoldKeeper(world, {
      id: options.id,
      held: () => this.session.held?.operation.hold,
      ended: (input) => this.input({ type: 'approval', ...input }),
      stored: (hold) => this.input({ type: 'held', hold }),
      policyVersion: () => this.session.rules?.policy.version ?? '',
      tick: { every_ms: options.limits.notice_every_ms, call: () => this.input({ type: 'tick' }) },
    });
    world.registry.connections.add(this);
    if (options.login !== undefined) this.loginTimer = setTimeout(() => this.overdueLogin(), LOGIN_MS_MAX);
  }

  /** Bytes from one side; `end` when that side has sent its last. */
  receive(side: 'downstream' | 'upstream', bytes: Buffer, end: boolean, opinion?: object): void {
    if (this.later) {
      this.later.push(() => this.receive(side, bytes, end, opinion));
      return;
    }
    this.input(side === 'downstream' ? { type: 'downstream', bytes, end, opinion } : { type: 'upstream', bytes, end }, side);
    this.world.received(bytes.length);
  }

  input(input: SessionInput, settles?: 'downstream' | 'upstream'): void {
    const effects = this.session.step(input);
    if (this.gone) return;
    let ticket: number;
    try {
      ticket = this.append(effects);
    } catch (error) {
      // Nothing may pass that can't be recorded; the client learns why, and the connection ends.
      this.recordingFailed = true;
      const known = error instanceof MidstreamError ? error : new MidstreamError('unavailable', 'the recording failed', { cause: error });
      this.world.log.error({ session: this.session.options.id, code: known.code }, 'recording failed; closing the connection');
      // What waits for an earlier record waits in vain.
      this.queue.length = 0;
      // A stop passes nothing on but its own FATAL, which nobody can record now. Whatever else ended the session might.
      if (input.type === 'stop') this.carryOut(effects, 0, settles);
      else if (this.session.phase === 'closed') this.transport.close();
      else this.carryOut(this.session.step({ type: 'stop', reason: known.message, error: known }), 0, settles);
      return;
    }
    this.carryOut(effects, ticket, settles);
  }

  private append(effects: Effects): number {
    let ticket = 0;
    for (const record of effects.records) {
      const at = this.world.recorder.appendLine(record.type, record.json, record.original, record.wire);
      if (record.gating) ticket = at;
      if (record.masked !== undefined && record.masked.length > 0) this.world.metrics.masked(record.masked);
    }
    for (const { verdict, rule } of effects.decisions) this.world.metrics.decision(verdict, rule);
    return ticket;
  }

  private carryOut(effects: Effects, ticket: number, settles: 'downstream' | 'upstream' | undefined): void {
    if (effects.cause)
      this.world.log.error(
        { session: this.session.options.id, error: effects.cause.name, stack: stackOf(effects.cause) },
        'the session failed',
      );
    if (effects.cancel) this.cancel(effects.cancel, () => this.bytes(effects, ticket, settles));
    else this.bytes(effects, ticket, settles);
    if (effects.cancelKey !== undefined) {
      this.cancelKey = effects.cancelKey;
      this.world.registry.byCancelKey.set(effects.cancelKey, this);
    }
    for (const { operation } of effects.holds) void this.holds.hold(operation);
    for (const { hold, status, reason } of effects.ended) this.holds.end(hold, status, reason);
    if (effects.lookup) this.lookup(effects.lookup);
    if (effects.login) void this.world.login!(effects.login).then((outcome) => this.loggedIn(outcome));
    this.backpressure();
    if (this.session.phase === 'closed') this.release();
  }

  private bytes(effects: Effects, ticket: number, settles: 'downstream' | 'upstream' | undefined): void {
    const { upstream, downstream, endUpstream, endDownstream } = effects;
    const close = effects.close !== undefined;
    if (this.queue.length === 0 && (ticket === 0 || this.recordingFailed || this.world.recorder.durable(ticket))) {
      let owed = settles;
      if (upstream.length > 0 || endUpstream) {
        this.send('upstream', upstream.length, upstream.take(), endUpstream);
        if (owed === 'downstream') owed = undefined;
      }
      if (downstream.length > 0 || endDownstream) {
        this.send('downstream', downstream.length, downstream.take(), endDownstream);
        if (owed === 'upstream') owed = undefined;
      }
      this.sent(owed, close);
      return;
    }
    const downstream_bytes = downstream.length;
    this.queue.push({
      ticket,
      upstream_bytes: upstream.length,
      upstream: upstream.take(),
      downstream_bytes,
      downstream: downstream.take(),
      endUpstream,
      endDownstream,
      close,
      settles,
    });
    this.queued_bytes += downstream_bytes;
    this.awaitDurable();
  }

  private sendBatch(batch: Batch): void {
    let owed = batch.settles;
    if (batch.upstream_bytes > 0 || batch.endUpstream) {
      this.send('upstream', batch.upstream_bytes, batch.upstream, batch.endUpstream);
      if (owed === 'downstream') owed = undefined;
    }
    if (batch.downstream_bytes > 0 || batch.endDownstream) {
      this.send('downstream', batch.downstream_bytes, batch.downstream, batch.endDownstream);
      if (owed === 'upstream') owed = undefined;
    }
    this.sent(owed, batch.close);
  }

  private send(side: 'upstream' | 'downstream', bytes: number, chunks: Buffer[], end: boolean): void {
    if (bytes > 0) this.world.metrics.bytes(side, bytes);
    this.transport.send(side, chunks, end);
  }

  /** `owed` is the side whose input brought nothing to send on. */
  private sent(owed: 'downstream' | 'upstream' | undefined, close: boolean): void {
    if (owed !== undefined) this.transport.settle(owed === 'downstream' ? 'upstream' : 'downstream');
    if (close) this.transport.close();
  }

  private awaitDurable(): void {
    const first = this.queue[0];
    if (first === undefined || this.waitingFor >= 0) return;
    this.waitingFor = first.ticket;
    this.world.recorder.whenDurable(first.ticket, (error) => {
      this.waitingFor = -1;
      if (this.gone) return;
      if (error) {
        this.recordingFailed = true;
        this.queue.length = 0;
        this.queued_bytes = 0;
        this.input({
          type: 'stop',
          reason: 'the recording failed',
          error: error instanceof MidstreamError ? error : new MidstreamError('unavailable', 'the recording failed', { cause: error }),
        });
        return;
      }
      while (this.queue.length > 0 && (this.queue[0]!.ticket === 0 || this.world.recorder.durable(this.queue[0]!.ticket))) {
        const batch = this.queue.shift()!;
        this.queued_bytes -= batch.downstream_bytes;
        this.sendBatch(batch);
      }
      this.awaitDurable();
      this.backpressure();
    });
  }

  private backpressure(): void {
    const busy = this.world.recordingBusy();
    if (busy && this.retry === undefined) {
      this.retry = setTimeout(() => {
        this.retry = undefined;
        this.backpressure();
      }, RECORDING_RETRY_MS);
    }
    const { stall, queuedBytes, options } = this.session;
    const heldTooMuch = stall === 'hold' && queuedBytes > this.held_bytes_max;
    // By ext_proc the server's answers come behind what the client sends: whoever stops reading one has stopped both.
    const ahead = stall === 'answers' && options.transport === 'hop' && queuedBytes > CLIENT_BYTES_AHEAD_MAX;
    const client = !busy && !heldTooMuch && !ahead;
    // While a look-up or the disk is waited for, the server goes on: as fast as it can, and faster than any of them.
    const server = !busy && this.session.waitingServerBytes <= SERVER_BYTES_WAITING_MAX && this.queued_bytes <= SERVER_BYTES_WAITING_MAX;
    if (client === this.reading.client && server === this.reading.server) return;
    this.reading = { client, server };
    this.transport.flow(client, server);
  }

  private lookup(what: LookupEffect): void {
    const done = () => {
      if (!this.gone) this.input({ type: 'catalogue' });
    };
    this.world.lookup(this.session.database, what).then(done, (error: unknown) => {
      this.world.log.warn({ session: this.session.options.id, error: String(error) }, 'the catalogue could not be read; masks go by name');
      done();
    });
  }

  private loggedIn(outcome: LoginOutcome): void {
    if (this.gone) return;
    if (outcome.ok && outcome.ends_ms !== undefined && outcome.ends_ms < TIMER_MS_MAX)
      this.tokenTimer = setTimeout(() => {
        const error = new MidstreamError('unauthenticated', 'the token that this session began with has expired', {
          hint: 'connect again',
        });
        this.input({ type: 'stop', reason: error.message, error });
      }, outcome.ends_ms);
    this.input({ type: 'login', outcome });
  }

  /** PostgreSQL's authentication_timeout, for both halves of the login. */
  private overdueLogin(): void {
    if (this.session.phase !== 'startup' && this.session.phase !== 'login' && this.session.phase !== 'auth') return;
    const error = new MidstreamError('unauthenticated', 'the login took too long', { hint: 'connect again' });
    this.input({ type: 'stop', reason: error.message, error });
  }

  /** The request goes to the server before anything that came with it (`rest`), such as the end of the connection. */
  private cancel(cancel: { key: string; bytes: Buffer }, rest: () => void): void {
    const { registry } = this.world;
    const decide = (held: boolean) => {
      if (held) return this.transport.close();
      this.transport.send('upstream', [cancel.bytes], false);
      rest();
    };
    const here = registry.cancelHeld(cancel.key);
    const elsewhere = here ? undefined : registry.cancelElsewhere(cancel.key);
    if (elsewhere === undefined) return decide(here);
    this.later = [];
    const answered = (held: boolean) => {
      const later = this.later ?? [];
      this.later = undefined;
      if (this.gone || this.session.phase === 'closed') return;
      decide(held);
      if (!held) for (const input of later) input();
    };
    elsewhere.then(answered, () => answered(false));
  }

  /** The transport is gone: nothing can be sent any more. */
  lost(reason: string): void {
    if (this.gone) return;
    const effects = this.session.step({ type: 'gone', reason });
    this.gone = true;
    this.queue.length = 0;
    try {
      this.append(effects);
    } catch {
      // The connection is over and the recording's failure was reported where it happened.
    }
    for (const { hold, status, reason: why } of effects.ended) this.holds.end(hold, status, why);
    this.release();
    this.world.metrics.closed(reason);
  }

  private release(): void {
    this.holds.unwatch();
    clearTimeout(this.loginTimer);
    clearTimeout(this.tokenTimer);
    clearTimeout(this.retry);
    this.retry = undefined;
    if (this.cancelKey !== undefined && this.world.registry.byCancelKey.get(this.cancelKey) === this)
      this.world.registry.byCancelKey.delete(this.cancelKey);
    if (this.gone) this.world.registry.connections.delete(this);
  }
}

/** Bytes of a client that is far ahead of the server's answers. */
const CLIENT_BYTES_AHEAD_MAX = 256 * 1024;

/** Bytes of the server that wait for a look-up, or for the disk, above which it is not read; what was on the way then comes on top. */
const SERVER_BYTES_WAITING_MAX = 1024 * 1024;

/** Milliseconds that a login may take where the gateway ends it: authentication_timeout of PostgreSQL. */
const LOGIN_MS_MAX = 60_000;

/** Longest time that a timer of Node takes; a token that lives longer than 24 days outlives its session. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Milliseconds between looks at a recording that is behind. */
const RECORDING_RETRY_MS = 5;

/** A stack has file names and lines, and its first line the message, which our own errors keep free of payload. */
function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : error;
  return cause.stack?.split('\n').slice(1, 12).join('\n') ?? '';
}
