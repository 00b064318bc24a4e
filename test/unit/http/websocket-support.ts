import assert from 'node:assert/strict';
import type { Header } from '../../../filters/http/effects.js';
import { type FrameHead, FrameReader, opcode, writeFrame } from '../../../filters/http/websocket/frames.js';
import { Driver } from './support.js';

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const MASK = Buffer.from('37fa213d', 'hex');

export interface Heard {
  opcode: number;
  text: string;
}

/** An upgraded stream: speaks and hears as both sides. */
export class StreamDriver extends Driver {
  /** whole messages and control frames that each side heard */
  readonly heard: { client: Heard[]; server: Heard[] } = { client: [], server: [] };
  /** frames, as they were cut */
  readonly frames: { client: FrameHead[]; server: FrameHead[] } = { client: [], server: [] };
  readonly ended = { client: false, server: false };
  private readonly readers: { client: FrameReader; server: FrameReader };
  private taken = 0;

  constructor(policy: string, path = '/chat', protocol = '', offered = protocol) {
    super(policy, undefined, false, undefined, undefined, { transport: 'hop' });
    this.readers = { client: this.reader('client'), server: this.reader('server') };
    this.request(`GET ${path}`, [
      ['connection', 'Upgrade'],
      ['upgrade', 'websocket'],
      ['sec-websocket-key', KEY],
      ['sec-websocket-version', '13'],
      ['sec-websocket-extensions', 'permessage-deflate'],
      ...(offered === '' ? [] : [['sec-websocket-protocol', offered] as Header]),
    ]);
    if (this.exchange.phase !== 'passing') return;
    this.step({
      type: 'response_headers',
      end: false,
      headers: [
        [':status', '101'],
        ['connection', 'Upgrade'],
        ['upgrade', 'websocket'],
        ['sec-websocket-accept', ACCEPT],
        ...(protocol === '' ? [] : [['sec-websocket-protocol', protocol] as Header]),
      ],
    });
    assert.equal(this.exchange.phase, 'upgraded');
    this.hear();
  }

  private reader(side: 'client' | 'server'): FrameReader {
    let message: { code: number; pieces: Buffer[] } | undefined;
    let head!: FrameHead;
    let pieces: Buffer[] = [];
    return new FrameReader(side === 'server', {
      head: (one) => {
        head = one;
        pieces = [];
        this.frames[side].push(one);
      },
      payload: (piece, last) => {
        pieces.push(Buffer.from(piece));
        if (!last) return;
        const payload = Buffer.concat(pieces);
        if (head.opcode >= 8) {
          const text =
            head.opcode === opcode.close && payload.length >= 2
              ? `${payload.readUInt16BE(0)} ${payload.subarray(2)}`
              : payload.toString('latin1');
          this.heard[side].push({ opcode: head.opcode, text });
          return;
        }
        message ??= { code: head.opcode, pieces: [] };
        message.pieces.push(payload);
        if (!head.fin) return;
        const whole = Buffer.concat(message.pieces);
        this.heard[side].push({ opcode: message.code, text: whole.toString(message.code === opcode.text ? 'utf8' : 'latin1') });
        message = undefined;
      },
    });
  }

  /** Reads what the last steps sent. */
  hear(): void {
    for (const answer of this.answers.slice(this.taken)) {
      if (answer.part !== 'tunnel') continue;
      for (const chunk of answer.chunks) this.readers[answer.to].push(chunk);
      if (answer.end) this.ended[answer.to] = true;
    }
    this.taken = this.answers.length;
  }

  bytes(from: 'client' | 'server', bytes: Buffer, end = false): this {
    this.step({ type: 'tunnel', from, bytes, end });
    this.hear();
    return this;
  }

  /** One frame. */
  say(
    from: 'client' | 'server',
    payload: string | Buffer,
    code: number = typeof payload === 'string' ? opcode.text : opcode.binary,
    fin = true,
  ): this {
    return this.bytes(from, Buffer.concat(writeFrame(code, Buffer.from(payload), from === 'client' ? MASK : undefined, fin)));
  }

  pause(): this {
    this.step({ type: 'flush' });
    this.hear();
    return this;
  }

  decide(outcome: 'approved' | 'denied', comment = ''): this {
    const hold = this.exchange.held;
    assert.ok(hold !== undefined, 'nothing is held');
    const decisions = outcome === 'denied' ? [{ by: 'jane', groups: [], verdict: 'deny' as const, comment, at_ms: 0, from: 'test' }] : [];
    this.step({ type: 'approval', hold, outcome, reason: '', decisions, lease: '' });
    this.hear();
    return this;
  }

  texts(side: 'client' | 'server'): string[] {
    return this.heard[side].map(({ text }) => text);
  }
}
