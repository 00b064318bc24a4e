import type { ApprovalInput } from '../../approval/recorded.js';
import type { HeldOperation } from '../../approval/types.js';
import { noTotals, other, type Side, type Tunnel, type TunnelContext } from '../upgrade/tunnel.js';
import { closePayload, readClose } from './close.js';
import { CONTROL_BYTES_MAX, FrameError, type FrameHead, FrameReader, opcode, writeFrame } from './frames.js';
import { maskedText } from './mask.js';

/** What messages mean: messages of an API (messages.ts), or channels of a terminal (filters/kubernetes). */
export interface Speaker {
  /** a data frame begins */
  frame(side: Side, head: FrameHead): void;
  /** its payload, unmasked */
  payload(side: Side, piece: Buffer, last: boolean): void;
  /** This side sends no more messages: what waits of it is let go, or given up. `cut`: in the midst of a message, it may be. */
  closing(side: Side, cut: boolean): void;
  flush(): boolean;
  approval(input: ApprovalInput): void;
  gone(reason: string): void;
  readonly held: HeldOperation | undefined;
  readonly waiting: Record<Side, number>;
  readonly unsettled: boolean;
  /** a frame to this side is on its way and not whole: nothing can be said to it any more */
  torn(to: Side): boolean;
}

/** What a speaker may do. */
export interface Port {
  readonly context: TunnelContext;
  readonly totals: ReturnType<typeof noTotals>;
  send(to: Side, chunks: readonly Buffer[]): void;
  /** one message in one frame */
  message(to: Side, code: number, payload: Buffer, fin?: boolean): void;
  /** both sides are told, and nothing more passes */
  close(client: { code: number; reason: string }, server: { code: number; reason: string }): void;
  /** the peer broke the protocol */
  fail(side: Side, error: FrameError): void;
}

/** Frames of both sides (RFC 6455): control frames and the end are dealt with here, messages by the speaker. */
export class WebSocketTunnel implements Tunnel, Port {
  readonly totals = noTotals();
  private readonly speaker: Speaker;
  private readonly readers: Record<Side, FrameReader>;
  private readonly control: Record<Side, { head: FrameHead; pieces: Buffer[] } | undefined> = { client: undefined, server: undefined };
  /** a data message has begun and not ended */
  private readonly open = { client: false, server: false };
  private readonly closed = { client: false, server: false };
  private readonly ended = { client: false, server: false };
  private over = false;

  constructor(
    readonly context: TunnelContext,
    makeSpeaker: (port: Port) => Speaker,
  ) {
    const reader = (side: Side): FrameReader =>
      new FrameReader(side === 'client', {
        head: (head) => this.onHead(side, head),
        payload: (piece, last) => this.onPayload(side, piece, last),
      });
    this.readers = { client: reader('client'), server: reader('server') };
    this.speaker = makeSpeaker(this);
  }

  get held(): HeldOperation | undefined {
    return this.speaker.held;
  }

  get waiting(): Readonly<Record<Side, number>> {
    return this.speaker.waiting;
  }

  get unsettled(): boolean {
    return !this.over && this.speaker.unsettled;
  }

  receive(side: Side, bytes: Buffer, end: boolean): void {
    if (side === 'client') this.totals.bytes_up += bytes.length;
    // What comes after a close frame is nobody's (RFC 6455 section 5.5.1).
    if (!this.over && !this.closed[side] && bytes.length > 0) {
      try {
        this.readers[side].push(bytes);
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        this.fail(side, error);
      }
    }
    if (end) this.end(side);
  }

  private onHead(side: Side, head: FrameHead): void {
    if (this.over || this.closed[side]) return;
    if (head.opcode >= 8) {
      this.control[side] = { head, pieces: [] };
      return;
    }
    const continues = head.opcode === opcode.continuation;
    if (continues !== this.open[side])
      throw new FrameError(
        1002,
        continues ? 'a frame goes on with a message that none began' : 'a message begins before the one before it has ended',
      );
    this.open[side] = !head.fin;
    this.speaker.frame(side, head);
  }

  private onPayload(side: Side, piece: Buffer, last: boolean): void {
    if (this.over || this.closed[side]) return;
    const control = this.control[side];
    if (control === undefined) {
      this.speaker.payload(side, piece, last);
      return;
    }
    control.pieces.push(piece);
    if (!last) return;
    this.control[side] = undefined;
    this.onControl(side, control.head, Buffer.concat(control.pieces));
  }

  private onControl(side: Side, head: FrameHead, payload: Buffer): void {
    const to = other(side);
    const { masks } = this.context.rules();
    if (head.opcode !== opcode.close) {
      // It may carry anything; masks cover every way out.
      const shown = side === 'server' ? maskedText(masks, payload).subarray(0, CONTROL_BYTES_MAX) : payload;
      this.send(to, writeFrame(head.opcode, shown, head.key));
      return;
    }
    const { code, reason } = readClose(payload);
    this.speaker.closing(side, this.open[side]);
    if (this.over) return;
    this.closed[side] = true;
    const shown = side === 'server' ? maskedText(masks, Buffer.from(reason)).toString('utf8') : reason;
    this.context.record('close', { from: side, code: code ?? 1005, reason: this.context.rules().maskText(reason) });
    this.send(to, writeFrame(opcode.close, shown === reason ? payload : closePayload({ code, reason: shown }), head.key));
  }

  private end(side: Side): void {
    if (this.ended[side]) return;
    this.ended[side] = true;
    if (!this.closed[side] && !this.over) this.speaker.closing(side, this.open[side] || !this.readers[side].between);
    if (!this.over) this.context.out().answers.push({ part: 'tunnel', to: other(side), chunks: [], end: true });
  }

  send(to: Side, chunks: readonly Buffer[]): void {
    if (to === 'client') for (const chunk of chunks) this.totals.bytes_down += chunk.length;
    this.context.out().answers.push({ part: 'tunnel', to, chunks, end: false });
  }

  message(to: Side, code: number, payload: Buffer, fin = true): void {
    this.send(to, writeFrame(code, payload, to === 'server' ? this.key() : undefined, fin));
  }

  close(client: { code: number; reason: string }, server: { code: number; reason: string }): void {
    if (this.over) return;
    this.over = true;
    for (const [to, close] of [
      ['client', client],
      ['server', server],
    ] as const) {
      // One close frame a side: the other's may have gone there before.
      if (!this.closed[other(to)] && !this.speaker.torn(to)) this.message(to, opcode.close, closePayload(close));
      this.context.out().answers.push({ part: 'tunnel', to, chunks: [], end: true });
    }
  }

  fail(side: Side, error: FrameError): void {
    this.context.record('error', {
      request: 'r1',
      severity: 'ERROR',
      sqlstate: String(error.status),
      message: `${side}: ${error.message}`,
      own: true,
    });
    const told = { code: error.status, reason: error.message };
    if (side === 'client') this.close(told, { code: 1001, reason: 'the client broke off' });
    else this.close({ code: 1011, reason: `the server broke the protocol: ${error.message}` }, told);
    this.speaker.gone('the stream broke off');
  }

  flush(): boolean {
    return !this.over && this.speaker.flush();
  }

  approval(input: ApprovalInput): void {
    this.speaker.approval(input);
  }

  gone(reason: string): void {
    this.speaker.gone(reason);
    this.over = true;
  }

  stop(reason: string): void {
    this.close({ code: 1001, reason }, { code: 1001, reason });
    this.speaker.gone(reason);
  }

  /** RFC 6455 section 5.3: nobody may foresee it. */
  private key(): Buffer {
    const key = Buffer.alloc(4);
    key.write(this.context.newId().slice(0, 8), 'hex');
    return key;
  }
}
