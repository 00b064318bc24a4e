import type { ApprovalInput } from '../../approval/recorded.js';
import type { HeldOperation } from '../../approval/types.js';
import { maskedWords } from '../../http/request-text.js';
import type { Side } from '../../http/upgrade/tunnel.js';
import { FrameError, type FrameHead, opcode } from '../../http/websocket/frames.js';
import { maskedWhole } from '../../http/websocket/mask.js';
import type { Port, Speaker } from '../../http/websocket/tunnel.js';
import type { KubernetesFacts } from '../facts.js';
import { JudgedInput } from './input.js';
import type { CommandLine } from './lines.js';
import { Output } from './output.js';
import { type ChannelProtocol, channel, channelMessage, exitOf, failure, fromBase64, isCopy } from './protocol.js';
import { TypedLines } from './typed-lines.js';

/** Longest message of a channel, bytes; kubectl and the API server send 32 KiB. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

const NAMES: Record<number, string> = { 1: 'stdout', 2: 'stderr' };
const SECRET_PROMPT = /(pass(word|phrase|code)?|secret|token|\bpin\b)[^\n]{0,80}[:?>] ?$/i;

/** exec and attach: channels over WebSocket. Output is masked as streams, input recorded by lines, and judged where a rule on terminal is in force. */
export class Terminal implements Speaker {
  private readonly open: Record<Side, { pieces: Buffer[]; bytes: number; fin: boolean } | undefined> = {
    client: undefined,
    server: undefined,
  };
  private readonly output = new Map<number, Output>();
  private readonly input: JudgedInput | undefined;
  private readonly lines: TypedLines | undefined;
  private readonly copies: boolean;
  /** of a line that was sent whole: what the terminal will show of it, which its sender has seen */
  private swallow: Buffer = Buffer.alloc(0);
  /** bytes that may be recorded of what the last line made the process print */
  private room: number;
  private left_out = 0;
  private over = false;
  /** the server has said how the process ended */
  private exited = false;

  constructor(
    private readonly port: Port,
    private readonly k8s: KubernetesFacts,
    private readonly protocol: ChannelProtocol,
  ) {
    const { context } = port;
    this.room = context.body_bytes_max;
    this.copies = isCopy(k8s.command);
    if (context.rules().policy.usesTerminal && !this.copies) this.input = new JudgedInput(this.host());
    else if (!this.copies) this.lines = new TypedLines(k8s.tty, (line, left_out) => this.recordLine(line, left_out));
    const { maskText } = context.rules();
    context.record('terminal', { stream: 'start', tty: k8s.tty, command: maskedWords(k8s.command, maskText).map(maskText) });
  }

  get held(): HeldOperation | undefined {
    return this.input?.held;
  }

  get waiting(): Record<Side, number> {
    return { client: this.input?.backlog_bytes ?? 0, server: 0 };
  }

  get unsettled(): boolean {
    return [...this.output.values()].some(({ held }) => held > 0);
  }

  torn(): boolean {
    return false;
  }

  frame(side: Side, head: FrameHead): void {
    this.open[side] ??= { pieces: [], bytes: 0, fin: false };
    this.open[side]!.fin = head.fin;
  }

  payload(side: Side, piece: Buffer, last: boolean): void {
    const message = this.open[side]!;
    message.bytes += piece.length;
    if (message.bytes > MESSAGE_BYTES_MAX) throw new FrameError(1009, `a message is longer than ${MESSAGE_BYTES_MAX} bytes`);
    if (piece.length > 0) message.pieces.push(side === 'server' ? Buffer.from(piece) : piece);
    if (!last || !message.fin) return;
    this.open[side] = undefined;
    this.message(side, Buffer.concat(message.pieces));
  }

  private message(side: Side, payload: Buffer): void {
    if (this.over) return;
    if (payload.length === 0) return this.send(side === 'client' ? 'server' : 'client', payload);
    const { base64 } = this.protocol;
    const number = base64 ? payload[0]! - 0x30 : payload[0]!;
    const data = base64 ? fromBase64(payload.subarray(1)) : payload.subarray(1);
    if (data === undefined) throw new FrameError(1007, 'a message says that it is base64, and is not');
    if (side === 'server') this.fromServer(number, data);
    else this.fromClient(number, data);
  }

  private fromServer(number: number, data: Buffer): void {
    if (number === channel.error) return this.ended(data);
    if (data.length === 0) return this.toClient(number, data);
    if (number !== channel.stdout && number !== channel.stderr) throw new FrameError(1002, `the server writes to channel ${number}`);
    this.outputOf(number).push(number === channel.stdout ? this.withoutEcho(data) : data);
  }

  private outputOf(number: number): Output {
    let found = this.output.get(number);
    if (found === undefined) {
      const { k8s, port } = this;
      found = new Output({
        masks: () => {
          const { masks, policy } = port.context.rules();
          return { masks, version: policy.version };
        },
        tty: k8s.tty,
        interactive: k8s.tty || k8s.stdin,
        write: (bytes, masked) => {
          this.recordOutput(NAMES[number]!, bytes);
          if (masked) port.totals.masked_bytes += bytes.length;
          this.toClient(number, bytes);
        },
      });
      this.output.set(number, found);
    }
    return found;
  }

  /** The process has ended: all that it printed goes before that is said. */
  private ended(data: Buffer): void {
    this.exited = true;
    for (const one of this.output.values()) one.end();
    const { context } = this.port;
    const masked = maskedWhole(context.rules().masks, this.protocol.version >= 4 ? 'application/json' : 'text/plain', data).bytes;
    const { code, message } = exitOf(data, this.protocol);
    this.lines?.end();
    context.record('terminal', { stream: 'exit', code: code ?? null, message: context.rules().maskText(message), left_out: this.left_out });
    this.toClient(channel.error, masked);
  }

  private fromClient(number: number, data: Buffer): void {
    if (number === channel.stdin) return this.fromStdin(data);
    if (number === channel.close && this.protocol.version >= 5) {
      if (data.length !== 1) throw new FrameError(1002, 'the signal that closes a channel names none');
      if (data[0] === channel.stdin && this.input !== undefined) return this.input.end();
      if (data[0] === channel.stdin) this.lines?.end();
      return this.toServer(number, data);
    }
    if (number !== channel.resize) throw new FrameError(1002, `the client writes to channel ${number}`);
    this.recordSize(data);
    this.toServer(number, data);
  }

  private fromStdin(data: Buffer): void {
    if (data.length > 0 && this.input !== undefined) return this.input.push(data);
    this.lines?.push(data);
    if (data.length > 0) this.outputOf(channel.stdout).typed(data);
    this.toServer(channel.stdin, data);
  }

  private host(): ConstructorParameters<typeof JudgedInput>[0] {
    return {
      port: this.port,
      k8s: this.k8s,
      toProcess: (bytes) => this.toServer(channel.stdin, bytes),
      sendLine: (line) => this.sendLine(line),
      tell: (text) => this.tell(text),
      show: (text) => {
        this.recordOutput('stdout', Buffer.from(text));
        this.toClient(channel.stdout, Buffer.from(text));
      },
      asksSecret: () => this.asksSecret(),
      fail: (message) => this.fail(message),
      closed: () => {
        // Older protocols can't say that standard input is over; their clients never get here.
        if (this.protocol.version >= 5) this.toServer(channel.close, Buffer.from([channel.stdin]));
      },
    };
  }

  private sendLine(line: CommandLine): void {
    this.room = this.port.context.body_bytes_max;
    if (this.k8s.tty && !this.asksSecret()) this.swallow = line.bytes.subarray(0, line.bytes.length - 1);
    this.toServer(channel.stdin, line.bytes);
  }

  /** A terminal shows again what it is sent; of a line that was shown when it was typed, that is left out. */
  private withoutEcho(data: Buffer): Buffer {
    let at = 0;
    while (at < data.length && at < this.swallow.length && data[at] === this.swallow[at]) at++;
    this.swallow = at === data.length ? this.swallow.subarray(at) : Buffer.alloc(0);
    return data.subarray(at);
  }

  private asksSecret(): boolean {
    return this.k8s.tty && SECRET_PROMPT.test(this.output.get(channel.stdout)?.lastLine ?? '');
  }

  /** Words of the gateway's, where the one who types sees them, and the prompt again behind them. */
  private tell(text: string): void {
    const { tty } = this.k8s;
    const number = tty || this.port.context.http.query['stderr']?.[0] === 'false' ? channel.stdout : channel.stderr;
    const own = Buffer.from(tty ? `\r\nmidstream: ${text}\r\n` : `midstream: ${text}\n`);
    this.output.get(number)?.end();
    this.recordOutput(NAMES[number]!, own);
    this.toClient(number, own);
    if (!tty) return;
    const prompt = maskedWhole(this.port.context.rules().masks, 'text/plain', Buffer.from(this.outputOf(channel.stdout).lastLine)).bytes;
    if (prompt.length > 0) this.toClient(channel.stdout, prompt);
  }

  private fail(message: string): void {
    this.tell(`refused: ${message}`);
    for (const one of this.output.values()) one.end();
    this.toClient(channel.error, failure(`midstream: ${message}`, this.protocol));
    this.port.context.record('terminal', { stream: 'exit', code: null, message, left_out: this.left_out });
    this.over = true;
    this.port.close({ code: 1000, reason: '' }, { code: 1001, reason: 'refused by policy' });
  }

  private toClient(number: number, data: Buffer): void {
    this.send('client', channelMessage(number, data, this.protocol));
  }

  private toServer(number: number, data: Buffer): void {
    this.send('server', channelMessage(number, data, this.protocol));
  }

  private send(to: Side, message: Buffer): void {
    this.port.message(to, this.protocol.base64 ? opcode.text : opcode.binary, message);
  }

  closing(side: Side): void {
    this.open[side] = undefined;
    if (side === 'server') {
      // From v4 on the server says how a process ended: without that the stream broke off, and what is held may be half of a value.
      const broken = !this.exited && this.protocol.version >= 4;
      for (const one of this.output.values()) broken ? one.breakOff() : one.end();
    } else {
      this.input?.cancel('the client closed');
      this.lines?.end();
    }
  }

  flush(): boolean {
    let held = false;
    for (const one of this.output.values()) if (one.flush()) held = true;
    return held;
  }

  approval(input: ApprovalInput): void {
    this.input?.approval(input);
  }

  gone(reason: string): void {
    this.input?.cancel(reason);
    this.lines?.end();
    this.over = true;
  }

  private recordOutput(stream: string, bytes: Buffer): void {
    const part = bytes.subarray(0, this.room);
    this.room -= part.length;
    this.left_out += bytes.length - part.length;
    if (part.length > 0) this.port.context.record('terminal', { stream, data: part.toString('base64') });
  }

  /** What the terminal did not show again was not meant to be seen: a password, most of the time. */
  private recordLine(line: string, left_out: number): void {
    const { context } = this.port;
    const output = this.output.get(channel.stdout);
    const hidden = this.k8s.tty && (output?.unechoed ?? 0) > line.length / 2;
    output?.forgetTyped();
    this.room = context.body_bytes_max;
    context.record('terminal', {
      stream: 'stdin',
      text: hidden ? `[not shown: ${line.length} characters]` : context.rules().maskText(line),
      left_out,
    });
  }

  private recordSize(data: Buffer): void {
    try {
      const { Width, Height } = JSON.parse(data.toString('utf8')) as { Width?: unknown; Height?: unknown };
      if (Number.isInteger(Width) && Number.isInteger(Height) && Number(Width) > 0 && Number(Height) > 0)
        this.port.context.record('terminal', { stream: 'resize', columns: Width, rows: Height });
    } catch {
      throw new FrameError(1002, 'the size of a terminal is none');
    }
  }
}
