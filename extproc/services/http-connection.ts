import type { ApprovalStore } from '../../filters/approval/types.js';
import { MidstreamError } from '../../filters/errors.js';
import type { Forwarded } from '../../filters/http/begun-stream.js';
import type { Effects, Header } from '../../filters/http/effects.js';
import { Exchange, type ExchangeInput, type ExchangeOptions } from '../../filters/http/exchange.js';
import type { McpEffect } from '../../filters/mcp/side.js';
import type { SessionRecorder } from '../../filters/record/events.js';
import type { AcceptedRequests } from './accepted-requests.js';
import type { ConnectionMetrics } from './connection.js';
import type { ForwardEvents, Forwarding } from './forward.js';
import { HoldKeeper } from './hold-keeper.js';
import { awaitPause, noPause, type Pausing } from './pauses.js';

/** What an exchange sends, once what gates it is durable. */
interface Outgoing {
  answers: Effects['answers'];
  others: readonly McpEffect[];
  forward: Forwarded | undefined;
}

/** What carries an exchange: one stream of HTTP ext_proc. */
export interface HttpTransport {
  send(answers: Effects['answers']): void;
  /** ends the stream with an error: Envoy resets the request */
  fail(why: string): void;
  /** Envoy takes no more for now; `drained` is called when it does again */
  readonly full?: boolean;
  drained?: () => void;
}

export interface HttpWorld {
  approvals: ApprovalStore;
  recorder: SessionRecorder;
  /** exchanges that are open */
  open: Set<HttpConnection>;
  received: (bytes: number) => void;
  /** what exchanges with MCP servers have for each other */
  sessions: { carryOut(from: HttpConnection, effects: readonly McpEffect[]): void; ended(connection: HttpConnection): void };
  /** sends a request on, where the gateway has a way of its own to the server */
  forward: ((request: Forwarded, on: ForwardEvents) => Forwarding) | undefined;
  /** milliseconds between words to a client whose request waits */
  notice_every_ms: number;
  /** milliseconds that a request may wait for its body */
  body_ms_max: number;
  /** requests whose clients were sent away */
  accepted: AcceptedRequests;
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
  metrics: ConnectionMetrics;
  now: () => number;
}

/** Carries out what an exchange's steps ask for: records first, then answers once what gates them is durable, then approvals. */
export class HttpConnection implements Pausing {
  readonly exchange: Exchange;
  /** most requests are never held */
  private keeper: HoldKeeper | undefined;
  private readonly queue: ({ ticket: number } & Outgoing)[] = [];
  private waiting = false;
  private gone = false;
  /** waits for a pause of the sender */
  private pausing = false;
  private bodyTimer: NodeJS.Timeout | undefined;
  private forwarding: Forwarding | undefined;
  /** as they came; kept for a request that may go to the server on another stream, which one that has gone may not */
  requestHeaders: readonly Header[] = [];
  /** its client was told of this link */
  private link: string | undefined;
  /** nobody is there: its own stream is over, and none that asks carries it */
  private parked = false;
  private carried = false;

  constructor(
    options: ExchangeOptions,
    private readonly world: HttpWorld,
    private transport: HttpTransport,
  ) {
    this.exchange = new Exchange(options);
    world.open.add(this);
  }

  private get holds(): HoldKeeper {
    this.keeper ??= new HoldKeeper(this.world, {
      id: this.exchange.options.id,
      held: () => this.exchange.held,
      ended: (input) => this.input({ type: 'approval', ...input }),
      stored: () => this.stored(),
      policyVersion: () => this.exchange.policyVersion,
      waitsForClient: () => this.link !== undefined,
      approved: () => this.world.accepted.approved(this.link!),
      tick: this.exchange.options.mcp && { every_ms: this.world.notice_every_ms, call: () => this.input({ type: 'tick' }) },
    });
    return this.keeper;
  }

  input(input: ExchangeInput): void {
    if (this.gone) return;
    if (input.type === 'request_headers') {
      // One without a body is traffic as well.
      this.world.received(0);
    }
    if (input.type === 'request_body' || input.type === 'response_body') this.world.received(input.body.length);
    if (input.type === 'tunnel') this.world.received(input.bytes.length);
    const effects = this.exchange.step(input);
    if (input.type === 'request_headers' && this.exchange.phase !== 'passing') this.requestHeaders = input.headers;
    let ticket = 0;
    try {
      ticket = this.append(effects);
    } catch (error) {
      const code = error instanceof MidstreamError ? error.code : 'unavailable';
      this.world.log.error({ session: this.exchange.options.id, code }, 'recording failed; the request is reset');
      return this.fail('the recording failed');
    }
    if (effects.answers.length > 0 || effects.others.length > 0 || effects.forward !== undefined) this.send(ticket, effects);
    for (const operation of effects.holds) void this.holds.hold(operation);
    for (const { hold, status, reason } of effects.ended) this.holds.end(hold, status, reason);
    if (effects.fail !== undefined) return this.fail(effects.fail);
    this.awaitBody();
    this.awaitPause(effects.flush);
  }

  private awaitPause(waits: boolean): void {
    if (waits) awaitPause(this);
    else if (this.pausing) noPause(this);
    this.pausing = waits;
  }

  paused(): void {
    this.pausing = false;
    this.input({ type: 'flush' });
  }

  private awaitBody(): void {
    if (this.exchange.phase === 'collecting') this.bodyTimer ??= setTimeout(() => this.input({ type: 'late' }), this.world.body_ms_max);
    else if (this.bodyTimer !== undefined) {
      clearTimeout(this.bodyTimer);
      this.bodyTimer = undefined;
    }
  }

  private stored(): void {
    this.input({ type: 'tick' });
    if (!this.exchange.canBeAccepted) return;
    this.link = this.world.accepted.keep(this);
    if (this.link !== undefined) this.input({ type: 'accepted', id: this.link });
  }

  /** Approved, and here is a stream to run on. Carried out once: the store lets it go once. */
  async carry(transport: HttpTransport): Promise<void> {
    this.transport = transport;
    this.parked = false;
    this.carried = true;
    await this.holds.run();
  }

  /** What waited without its client has come to its end. */
  leave(): void {
    this.parked = false;
    queueMicrotask(() => this.lost('closed'));
  }

  /** The stream is over: by itself when the exchange is done, else because the client or Envoy is gone. */
  lost(reason: string): void {
    // Its first client has gone as it was told to.
    if (this.gone || this.parked) return;
    if (this.link !== undefined && this.exchange.phase === 'held' && !this.carried) this.world.accepted.drop(this.link);
    this.release();
    const done = this.exchange.phase === 'closed';
    const effects = this.exchange.step({ type: 'gone', reason });
    try {
      this.append(effects);
    } catch {
      // The exchange is over and the recording's failure was reported where it happened.
    }
    for (const { hold, status, reason: why } of effects.ended) this.holds.end(hold, status, why);
    this.world.metrics.closed(done ? 'closed' : reason);
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

  /** answers wait for the disk */
  get waitsForDisk(): boolean {
    return this.queue.length > 0;
  }

  private send(ticket: number, outgoing: Outgoing): void {
    if (this.queue.length === 0 && (ticket === 0 || this.world.recorder.durable(ticket))) return this.deliver(outgoing);
    const { answers, others, forward } = outgoing;
    this.queue.push({ ticket, answers, others, forward });
    this.awaitDurable();
  }

  private deliver({ answers, others, forward }: Outgoing): void {
    // A stream that is named in an answer must be known before the client can use it.
    if (others.length > 0) this.world.sessions.carryOut(this, others);
    if (forward !== undefined) this.forward(forward);
    if (answers.length === 0) return;
    this.transport.send(answers);
    this.count(answers);
    if (this.link === undefined || this.parked || this.exchange.phase !== 'held' || !answers.some(({ part }) => part === 'immediate'))
      return;
    this.parked = true;
    this.transport = this.world.accepted.parked(this.link);
  }

  /** Bytes of bodies; of an upgraded stream its socket counts. */
  private count(answers: Effects['answers']): void {
    if (this.exchange.options.transport === 'hop') return;
    let upstream = 0;
    let downstream = 0;
    for (const answer of answers) {
      if (answer.part === 'request_body') upstream += lengthOf(answer.chunks);
      else if (answer.part === 'response_body') downstream += lengthOf(answer.chunks);
      else if (answer.part === 'immediate') downstream += answer.body.length;
      else if (answer.part === 'request_headers') upstream += answer.body?.length ?? 0;
    }
    if (upstream > 0) this.world.metrics.bytes('upstream', upstream);
    if (downstream > 0) this.world.metrics.bytes('downstream', downstream);
  }

  private forward(request: Forwarded): void {
    const forwarding = this.world.forward!(request, {
      headers: (headers) => this.input({ type: 'response_headers', headers, end: false }),
      body: (body, end) => {
        this.input({ type: 'response_body', body, end });
        if (this.transport.full === true) forwarding.pause();
      },
      failed: () => this.input({ type: 'unreachable' }),
    });
    this.forwarding = forwarding;
    this.transport.drained = () => forwarding.resume();
  }

  private awaitDurable(): void {
    const first = this.queue[0];
    if (first === undefined || this.waiting) return;
    this.waiting = true;
    this.world.recorder.whenDurable(first.ticket, (error) => {
      this.waiting = false;
      if (this.gone) return;
      if (error) return this.fail('the recording failed');
      while (this.queue.length > 0 && (this.queue[0]!.ticket === 0 || this.world.recorder.durable(this.queue[0]!.ticket)))
        this.deliver(this.queue.shift()!);
      this.awaitDurable();
    });
  }

  private fail(why: string): void {
    this.transport.fail(why);
    this.lost(why);
  }

  private release(): void {
    this.gone = true;
    this.queue.length = 0;
    this.awaitPause(false);
    clearTimeout(this.bodyTimer);
    this.keeper?.unwatch();
    this.forwarding?.abort();
    this.world.open.delete(this);
    this.world.sessions.ended(this);
  }
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  return length;
}
