import { asciicastEvent, asciicastHeader } from './asciicast.js';
import type { StoredEvent } from './chain.js';

const str = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A session of exec or attach as a terminal recording: what was shown, typed and resized, when, and how it ended. */
export class TerminalCast {
  private header: string | undefined;
  private readonly decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  private last = 0;
  private tty = false;

  /** @param first the session's first event */
  constructor(
    private readonly session: string,
    private readonly first: StoredEvent,
  ) {}

  /** Whether this event begins what can be shown so. */
  static begins(event: StoredEvent): boolean {
    return event.type === 'terminal' && event['stream'] === 'start';
  }

  /** Lines of the recording, without line feeds. */
  add(event: StoredEvent): string[] {
    if (event.type === 'terminal') return this.terminal(event);
    const verdict = str(event['verdict']);
    if (event.type !== 'decision' || verdict === 'allow') return [];
    return this.event(event, 'm', `${verdict === 'deny' ? 'refused' : 'held'} by ${str(event['rule'])}`);
  }

  /** What is left where the session had neither output nor size. */
  end(): string[] {
    return this.header === undefined ? [asciicastHeader(this.session, this.first)] : [];
  }

  private terminal(event: StoredEvent): string[] {
    const stream = str(event['stream']);
    if (stream === 'start') {
      this.tty = event['tty'] === true;
      this.last = event.t;
      return [];
    }
    if (stream === 'resize') {
      const size = { cols: Number(event['columns']), rows: Number(event['rows']) };
      if (this.header !== undefined) return this.event(event, 'r', `${size.cols}x${size.rows}`);
      this.header = asciicastHeader(this.session, this.first, size);
      return [this.header];
    }
    if (stream === 'stdin') return this.event(event, 'i', `${str(event['text'])}\r`);
    if (stream === 'exit') return this.event(event, 'x', event['code'] === null ? '1' : String(event['code']));
    if (stream !== 'stdout' && stream !== 'stderr') return [];
    const text = this.decoders[stream].decode(Buffer.from(str(event['data']), 'base64'), { stream: true });
    // Without a terminal nobody turned line feeds into line ends.
    return this.event(event, 'o', this.tty ? text : text.replace(/\r?\n/g, '\r\n'));
  }

  private event({ t }: StoredEvent, code: string, text: string): string[] {
    const lines: string[] = [];
    if (this.header === undefined) {
      this.header = asciicastHeader(this.session, this.first);
      lines.push(this.header);
    }
    lines.push(asciicastEvent(Math.max(0, t - this.last), code, text));
    this.last = Math.max(this.last, t);
    return lines;
  }
}
