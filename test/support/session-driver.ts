import type { Effects } from '../../filters/postgres/session/effects.js';
import type { Session } from '../../filters/postgres/session/session.js';
import {
  type BackendMessage,
  decodeBackend,
  decodeFrontend,
  encodeBackend,
  encodeFrontend,
  encodeStartupPacket,
  FrameReader,
  type FrontendMessage,
} from '../../filters/postgres/wire/index.js';
import { withWire } from '../../filters/record/events.js';
import { createAnalyzer } from '../../filters/sql/analyze.js';
import { bytesOf, type HarnessOptions, makeSession } from './session-harness.js';

const analyzer = createAnalyzer({ cache_entries_max: 100, cache_bytes_max: 1 << 20, statement_bytes_max: 1 << 20 });
export const startup = (extra: Record<string, string> = {}): Buffer =>
  encodeStartupPacket({
    kind: 'startup',
    version: 196608,
    parameters: Object.entries({ user: 'agent', database: 'shop', ...extra }).map(([name, value]) => ({ name, value: Buffer.from(value) })),
  });
const limits = { message_bytes_max: 1 << 26, stream_bytes_max: 1 << 26 };

/** Drives one session by hand and reads both sides as messages. */
export class Driver {
  readonly session: Session;
  last!: Effects;
  private readonly up = new FrameReader('frontend', limits, { startup: true });
  private readonly down = new FrameReader('backend', limits);

  constructor(options: Partial<HarnessOptions> = {}) {
    this.session = makeSession({ analyzer, ...options });
  }

  private did(effects: Effects): this {
    this.last = effects;
    this.up.push(bytesOf(effects, 'upstream'));
    this.down.push(bytesOf(effects, 'downstream'));
    return this;
  }

  client(...messages: (FrontendMessage | Buffer)[]): this {
    return this.did(
      this.session.step({
        type: 'downstream',
        bytes: Buffer.concat(messages.map((m) => (Buffer.isBuffer(m) ? m : encodeFrontend(m)))),
        end: false,
      }),
    );
  }

  server(...messages: (BackendMessage | Buffer)[]): this {
    return this.did(
      this.session.step({
        type: 'upstream',
        bytes: Buffer.concat(messages.map((m) => (Buffer.isBuffer(m) ? m : encodeBackend(m)))),
        end: false,
      }),
    );
  }

  input(input: Parameters<Session['step']>[0]): this {
    return this.did(this.session.step(input));
  }

  /** what the server has received since the last look */
  sent(): string[] {
    const out: string[] = [];
    for (let f = this.up.next(); f !== undefined; f = this.up.next()) {
      const m = decodeFrontend(f);
      if (m.name === 'StartupPacket') this.up.startupDone();
      out.push(
        m.name === 'Query'
          ? `Query ${m.value.text}`
          : m.name === 'Parse'
            ? `Parse ${m.value.statement}: ${m.value.text}`
            : m.name === 'Execute'
              ? `Execute ${m.value.portal}`
              : m.name,
      );
    }
    return out;
  }

  /** what the client has received since the last look */
  received(): string[] {
    const out: string[] = [];
    for (let f = this.down.next(); f !== undefined; f = this.down.next()) {
      const m = decodeBackend(f);
      if (m.name === 'ErrorResponse' || m.name === 'NoticeResponse') {
        const field = (code: string) => m.value.fields.find((one) => one.code === code.charCodeAt(0))?.value.toString() ?? '';
        out.push(`${m.name} ${field('S')} ${field('C')} ${field('M')}`);
      } else out.push(m.name);
    }
    return out;
  }

  login(extra: Record<string, string> = {}): this {
    this.client(startup(extra));
    this.server({ name: 'Authentication', value: { kind: 'Ok' } }, ready);
    this.sent();
    this.received();
    return this;
  }

  events(type: string): Record<string, unknown>[] {
    return this.last.records
      .filter((r) => r.type === type)
      .map((r) => JSON.parse(`{${withWire(r.json, r.wire).slice(1)}}`) as Record<string, unknown>);
  }
}

export const ready: BackendMessage = { name: 'ReadyForQuery', value: { status: 'idle' } };
export const complete = (tag: string): BackendMessage => ({ name: 'CommandComplete', value: { tag } });
export const query = (text: string): FrontendMessage => ({ name: 'Query', value: { text: Buffer.from(text) } });
export const parse = (statement: string, text: string): FrontendMessage => ({
  name: 'Parse',
  value: { statement, text: Buffer.from(text), parameter_types: [] },
});
export const bind = (statement: string, portal = ''): FrontendMessage => ({
  name: 'Bind',
  value: { portal, statement, formats: [], values: [], result_formats: [] },
});
export const execute = (portal = ''): FrontendMessage => ({ name: 'Execute', value: { portal, rows_max: 0 } });
export const sync: FrontendMessage = { name: 'Sync', value: {} };
