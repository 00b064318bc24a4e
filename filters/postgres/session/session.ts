import { MidstreamError } from '../../errors.js';
import type { Decision, Identity } from '../../policy/types.js';
import type { WireField } from '../../record/events.js';
import type { SqlAnalysis } from '../../sql/facts.js';
import { ByteSink } from '../rows/byte-sink.js';
import type { RowMasker } from '../rows/data-row.js';
import type { CatalogueView } from '../rows/origin.js';
import { type Frame, FrameReader } from '../wire/frame-reader.js';
import { backend, frontend, messageName } from '../wire/types.js';
import { type AgentLogin, onLoginOutcome } from './agent-login.js';
import { onBackend } from './backend.js';
import { Effects, type LookupEffect } from './effects.js';
import { fatal, serverSilent } from './fatal.js';
import { onFrontend, recordCopied } from './frontend.js';
import { endHold, type Held, heldNotice, onApproval } from './hold.js';
import { RowPlans } from './layouts.js';
import { Names } from './names.js';
import type { CopyOut, Phase, Rules, SessionInput, SessionOptions, Stall } from './options.js';
import { type Entry, PendingQueue, type Portal, type Statement } from './pending.js';
import { Request } from './request.js';
import { type SecondOpinion, takeOpinion } from './second-opinion.js';

export type { CopyOut, Phase, Rules, SessionInput, SessionLimits, SessionOptions, Stall } from './options.js';

const TERMINATE = Buffer.from('X\0\0\0\x04', 'latin1');

/**
 * One Postgres connection. step() takes what happened and fills Effects; it does no input or output, so every interleaving,
 * split and fault can be tested without a socket. State is changed in place rather than copied (decisions/0001).
 */
export class Session {
  phase: Phase = 'startup';
  /** the server has said something */
  private heard = false;
  rules: Rules | undefined;
  identity: Identity | undefined;
  database = '';
  user = '';
  application = '';
  catalogue: CatalogueView | undefined;

  readonly front: FrameReader;
  readonly back: FrameReader;
  readonly pending = new PendingQueue();
  readonly statements = new Names<Statement>();
  readonly portals = new Names<Portal>();
  /** counts Syncs and Queries sent, so that names know what may have been skipped */
  segment = 0;
  /** the server skips everything up to the next Sync */
  skipping = false;
  /** Syncs that the server may or may not have eaten while a COPY failed */
  spareSyncs = 0;

  stall: Stall | undefined;
  /** the client's message that waits */
  waiting: Frame | undefined;
  /** the server's message that waits for a look-up */
  backWaiting: Frame | undefined;
  held: Held | undefined;
  /** a large message is passing in pieces: nothing may be put between them */
  midDown = false;
  midUp = false;
  injectedDown: Buffer[] = [];

  /** entries in the queue that are, or may become, a COPY FROM STDIN under way */
  copies = 0;
  /** masker of the rows that are coming */
  rows: RowMasker | 'clean' | 'none' | undefined;
  copyOut: CopyOut | undefined;
  /** masked rows of a step, until they are handed over */
  readonly rowSink = new ByteSink();
  readonly plans = new RowPlans();
  /** views or names were redefined in a transaction that is still open */
  originsInDoubt = false;
  /** tables and types may have been redefined in a transaction that is still open */
  typesInDoubt = false;
  /** what another parser read, where Envoy forwards it */
  second: SecondOpinion | undefined;
  /** our copy of the encoding that texts are in */
  encoding = 'UTF8';
  authenticated = false;
  /** the server offered a login that is bound to its TLS, and the client did not hear of it */
  bindingHidden = false;
  /** the login that the gateway itself ends; undefined where the client's own passes through */
  login: AgentLogin | undefined;
  frontEnded = false;
  backEnded = false;
  private frontEndPassed = false;
  private backEndPassed = false;
  requests = 0;
  /** what was analysed -> the request that holds its facts */
  private readonly describedBy = new WeakMap<SqlAnalysis, string>();
  /** the last look-up of these: most sessions run one statement again and again */
  private lastDescribed: SqlAnalysis | undefined;
  private lastDescribedBy = '';
  readonly totals = { requests: 0, denied: 0, held: 0, rows: 0, bytes_down: 0, bytes_up: 0 };
  readonly coverage = { inspected_bytes: 0, masked_bytes: 0, opaque: new Map<string, number>() };
  opened = false;
  out = new Effects();

  constructor(readonly options: SessionOptions) {
    const limits = { message_bytes_max: options.limits.message_bytes_max, stream_bytes_max: 0x3fffffff };
    this.front = new FrameReader('frontend', limits, {
      startup: true,
      stream: (type, length) => type === frontend.CopyData && length > STREAM_BYTES_MIN,
    });
    this.back = new FrameReader('backend', limits, { stream: (type, length) => length > STREAM_BYTES_MIN && this.mayStreamDown(type) });
  }

  private mayStreamDown(type: number): boolean {
    if (type === backend.DataRow) return this.rows === 'clean' || this.rules?.masks === undefined;
    return type === backend.CopyData && this.copyOut?.masker === undefined;
  }

  /** Bytes of the client that wait here; the transport stops reading above its limit. */
  get queuedBytes(): number {
    return this.front.buffered;
  }

  /** Bytes of the server that wait here for a look-up; the transport stops reading above its limit. */
  get waitingServerBytes(): number {
    return this.backWaiting === undefined ? 0 : this.back.buffered;
  }

  get transparent(): boolean {
    return this.rules?.policy.transparent === true;
  }

  /** Carries one input through. Never throws: a broken peer or a bug ends in a FATAL error and a close. */
  step(input: SessionInput): Effects {
    const out = new Effects();
    this.out = out;
    try {
      this.dispatch(input);
      this.passEnds();
      if (!this.midDown && this.injectedDown.length > 0) {
        for (const bytes of this.injectedDown) out.downstream.add(bytes);
        this.injectedDown = [];
      }
    } catch (error) {
      const known =
        error instanceof MidstreamError ? error : new MidstreamError('internal', 'the gateway failed on this message', { cause: error });
      fatal(this, known);
    }
    out.downstream.settle();
    this.rowSink.reset();
    return out;
  }

  private dispatch(input: SessionInput): void {
    if (this.phase === 'closed') return;
    switch (input.type) {
      case 'downstream':
        this.totals.bytes_up += input.bytes.length;
        this.fromClient(input.bytes, input.end, input.opinion);
        return;
      case 'upstream':
        this.totals.bytes_down += input.bytes.length;
        this.fromServer(input.bytes, input.end);
        return;
      case 'catalogue':
        this.afterLookup();
        return;
      case 'login':
        onLoginOutcome(this, input.outcome);
        this.runFront();
        return;
      case 'held':
        if (this.held?.operation.hold === input.hold) heldNotice(this, true);
        return;
      case 'approval':
        onApproval(this, input);
        this.runFront();
        return;
      case 'cancel':
        if (this.held) {
          endHold(this, {
            status: 'cancelled',
            reason: 'the client asked to cancel',
            sqlstate: '57014',
            message: 'canceling statement due to user request',
          });
          this.runFront();
        }
        return;
      case 'policy':
        this.applyPolicy();
        return;
      case 'tick':
        if (this.held) heldNotice(this, false);
        return;
      case 'gone':
        this.finish(input.reason);
        return;
      case 'stop':
        fatal(
          this,
          input.error ?? new MidstreamError('unavailable', input.reason, { hint: 'connect again' }),
          input.error ? undefined : '57P01',
        );
        return;
    }
  }

  private fromClient(bytes: Buffer, end: boolean, opinion: object | undefined): void {
    if (this.phase === 'opaque' || this.phase === 'cancel') {
      if (bytes.length > 0) this.out.upstream.add(bytes);
      this.countOpaque(this.phase === 'cancel' ? 'cancel request' : 'replication', bytes.length);
    } else {
      this.front.push(bytes);
      if (this.phase === 'startup' && this.front.peekRest().subarray(0, TERMINATE.length).equals(TERMINATE)) return this.farewell();
      if (opinion !== undefined && this.rules !== undefined) takeOpinion(this, opinion);
      this.runFront();
      this.checkQueue();
    }
    if (!end || this.frontEnded) return;
    this.frontEnded = true;
    // What was held must never run now, and what came behind it has nobody to answer to.
    if (this.held)
      endHold(this, {
        status: 'cancelled',
        reason: 'the client is gone',
        sqlstate: '57014',
        message: 'the client went away while the operation was held',
      });
  }

  /** Postgres reads a Terminate in place of a startup packet as a length that cannot be, and closes without a word. */
  private farewell(): void {
    this.out.close = { reason: 'the client left before the login' };
    this.finish('the client left before the login');
  }

  private fromServer(bytes: Buffer, end: boolean): void {
    if (this.phase === 'opaque' || this.phase === 'cancel') {
      if (bytes.length > 0) this.out.downstream.add(bytes);
      this.countOpaque(this.phase === 'cancel' ? 'cancel request' : this.phase, bytes.length);
    } else {
      if (bytes.length > 0) this.heard = true;
      this.back.push(bytes);
      this.runBack();
      this.resumeFront();
    }
    if (!end) return;
    if (this.phase === 'auth' && !this.heard) return serverSilent(this);
    this.backEnded = true;
    if (this.held)
      endHold(this, {
        status: 'cancelled',
        reason: 'the server closed the connection',
        sqlstate: '57P01',
        message: 'the server closed the connection while the operation was held',
      });
  }

  /** The end of a direction goes on after the last message that waited for something. */
  private passEnds(): void {
    if (this.frontEnded && !this.frontEndPassed && this.stall === undefined) {
      this.frontEndPassed = true;
      this.out.endUpstream = true;
    }
    if (this.backEnded && !this.backEndPassed && this.backWaiting === undefined) {
      this.backEndPassed = true;
      this.out.endDownstream = true;
    }
  }

  /** Handles the client's messages until one has to wait. */
  runFront(): void {
    while (this.phase !== 'closed') {
      if (this.stall !== undefined && this.stall === 'hold') return;
      const frame = this.waiting ?? this.front.next();
      if (frame === undefined) return;
      this.stall = undefined;
      this.waiting = undefined;
      const stall = onFrontend(this, frame);
      if (stall !== undefined) {
        this.stall = stall;
        this.waiting = { ...frame };
        return;
      }
      if (this.phase === 'opaque' || this.phase === 'cancel') return this.passRest();
    }
  }

  /** After the startup packet of a connection that is not inspected: what was read along with it. */
  private passRest(): void {
    const rest = this.front.takeRest();
    if (rest.length > 0) this.out.upstream.add(rest);
  }

  /**
   * Behind a held operation the client is simply not read any more. Every other wait ends with an answer of the server,
   * which comes on the same stream, so reading must go on, and the queue needs an end of its own.
   */
  private checkQueue(): void {
    const max = this.options.limits.queued_bytes_max;
    if (this.stall === undefined || this.stall === 'hold' || this.front.buffered <= max) return;
    throw new MidstreamError('limit_exceeded', `more than ${max} bytes wait for an earlier message to be answered (queued_bytes_max)`, {
      hint: 'read the answers while sending',
    });
  }

  private resumeFront(): void {
    if (this.stall === undefined || this.stall === 'hold' || this.stall === 'catalogue') return;
    this.runFront();
  }

  runBack(): void {
    while (this.phase !== 'closed') {
      if (this.backWaiting !== undefined) return;
      const frame = this.back.next();
      if (frame === undefined) return;
      if (!onBackend(this, frame)) {
        this.backWaiting = { ...frame };
        return;
      }
      if (this.phase === 'opaque') {
        const rest = this.back.takeRest();
        if (rest.length > 0) this.out.downstream.add(rest);
        return;
      }
    }
  }

  private afterLookup(): void {
    const waits = this.backWaiting;
    if (waits !== undefined) {
      this.backWaiting = undefined;
      if (!onBackend(this, waits)) this.backWaiting = waits;
      this.runBack();
    }
    if (this.stall === 'catalogue') {
      this.stall = undefined;
      this.runFront();
    } else this.resumeFront();
  }

  applyPolicy(): void {
    if (this.identity === undefined) return;
    this.rules = this.options.rules({
      identity: this.identity,
      resource: this.options.resource,
      database: this.database,
      user: this.user,
      application: this.application,
    });
  }

  noteOriginChanges(item: Entry, changes: boolean): void {
    if (!changes) return;
    item.changesOrigins = true;
    this.originsInDoubt = true;
  }

  /** A transaction is over: what it redefined is in the catalogue now, or gone. */
  settleOrigins(): void {
    this.typesInDoubt = false;
    if (!this.originsInDoubt) return;
    for (const item of this.pending) if (item.changesOrigins) return;
    this.originsInDoubt = false;
    this.plans.clear();
    if (this.catalogue !== undefined) this.lookup({ invalidate: true });
  }

  /** `count` COPYs FROM STDIN may come of this entry. */
  expectCopyIn(item: Entry, count: number): void {
    item.copiesLeft = count;
    if (count === 0) return this.endCopyIn(item);
    if (item.copyIn === 'no') this.copies++;
    item.copyIn = 'maybe';
  }

  endCopyIn(item: Entry): void {
    if (item.copyIn !== 'no') this.copies--;
    item.copyIn = 'no';
  }

  /** Sends a message whose answer is awaited; in a failed pipeline the server skips it, so no answer comes. */
  expect(item: Entry): void {
    if (this.skipping) this.dropped(item);
    else this.pending.push(item);
  }

  /** An entry whose message had no effect. */
  dropped(item: Entry): void {
    this.endCopyIn(item);
    if (item.statementChanges !== undefined) for (const { change } of item.statementChanges) this.statements.drop(change);
    if (item.portalChanges !== undefined) for (const { change } of item.portalChanges) this.portals.drop(change);
    item.statementChanges = undefined;
    item.portalChanges = undefined;
  }

  lookup(what: Partial<LookupEffect>): void {
    const known = this.out.lookup ?? { relations: [], names: [], types: [], functions: [], patterns: [], invalidate: false };
    this.out.lookup = {
      relations: [...known.relations, ...(what.relations ?? [])],
      names: [...known.names, ...(what.names ?? [])],
      types: [...known.types, ...(what.types ?? [])],
      functions: [...known.functions, ...(what.functions ?? [])],
      patterns: [...known.patterns, ...(what.patterns ?? [])],
      invalidate: known.invalidate || what.invalidate === true,
    };
  }

  countOpaque(reason: string, bytes: number): void {
    if (bytes > 0) this.coverage.opaque.set(reason, (this.coverage.opaque.get(reason) ?? 0) + bytes);
  }

  newRequest(): Request {
    this.requests++;
    this.totals.requests++;
    return new Request(`r${this.requests}`, this.options.limits.wire_bytes_max, this.options.originals);
  }

  /** The request whose event has the facts of this analysis; undefined when none has yet, then it is `request` from now on. */
  described(analysis: SqlAnalysis, request: string): string | undefined {
    if (analysis === this.lastDescribed) return this.lastDescribedBy;
    const known = this.describedBy.get(analysis);
    if (known === undefined) this.describedBy.set(analysis, request);
    this.lastDescribed = analysis;
    this.lastDescribedBy = known ?? request;
    return known;
  }

  /** The answer to one request, as far as it went. */
  recordResponse(request: Request, more = ''): void {
    const { json, wire, masked } = request.responseFields(this.rules!.maskText, more);
    this.out.records.push({ type: 'response', json, wire, gating: false, original: request.takeOriginal(), masked });
  }

  record(type: string, json: string, gating: boolean, original?: Buffer, wire?: WireField): void {
    this.out.records.push({ type, json, wire, gating, original });
  }

  /** The message itself, where originals are sealed. */
  original(f: Frame): Buffer | undefined {
    return this.options.originals ? f.buf.subarray(f.start, f.end) : undefined;
  }

  recordDecision(request: Request, decision: Decision, fields: string): void {
    this.record('decision', `,"request":"${request.id}"${fields}`, true);
    this.out.decisions.push(decision);
    if (decision.verdict === 'deny') this.totals.denied++;
  }

  /** Ends the session: whatever is held is cancelled, and the recording gets its last event. */
  finish(reason: string): void {
    if (this.phase === 'closed') return;
    if (this.held) this.out.ended.push({ hold: this.held.operation.hold, status: 'cancelled', reason });
    this.held = undefined;
    this.phase = 'closed';
    if (!this.opened) return;
    for (const { request, injected } of this.pending) {
      // Answers that the connection did not live to see whole: what went out is told all the same.
      if (request !== undefined && !injected && request.bytes > 0) this.recordResponse(request, ',"incomplete":true');
      if (request !== undefined && request.copied > 0) recordCopied(this, request);
    }
    const opaque = [...this.coverage.opaque].map(([why, bytes]) => ({ reason: why, bytes }));
    const close = {
      reason,
      totals: this.totals,
      coverage: { inspected_bytes: this.coverage.inspected_bytes, masked_bytes: this.coverage.masked_bytes, opaque },
    };
    this.record('session.close', `,${JSON.stringify(close).slice(1, -1)}`, false);
  }

  /** The message that is being worked on, for errors. */
  static describe(frame: Frame, side: 'frontend' | 'backend'): string {
    return messageName(side, frame.type);
  }
}

/** Messages above this may pass in pieces where nothing in them is looked at, so that memory stays flat. */
const STREAM_BYTES_MIN = 65_536;
