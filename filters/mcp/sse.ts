/** One event of a stream, and the very bytes that it came as. */
export interface SseEvent {
  raw: Buffer;
  /** its type; empty where none is named, which means `message` */
  type: string;
  /** what its data lines say, joined; undefined where it has none */
  data: string | undefined;
  /** its lines but those of data and of the type */
  rest: string[];
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a stream of server-sent events (WHATWG HTML, 9.2.5 and 9.2.6) into its events, wherever its chunks are cut. Throws Error for an event that
 * is longer than `event_bytes_max`.
 */
export class SseReader {
  private parts: Buffer[] = [];
  private bytes = 0;
  /** the line that comes is empty so far */
  private lineEmpty = true;
  /** the last byte was a carriage return: a line feed that follows belongs to it */
  private afterCr = false;
  private first = true;

  constructor(private readonly event_bytes_max: number) {}

  push(chunk: Buffer): SseEvent[] {
    const events: SseEvent[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const b = chunk[at]!;
      if (b === LF && this.afterCr) {
        this.afterCr = false;
        continue;
      }
      this.afterCr = b === CR;
      if (b !== LF && b !== CR) {
        this.lineEmpty = false;
        continue;
      }
      if (!this.lineEmpty) {
        this.lineEmpty = true;
        continue;
      }
      // The line feed of a CRLF that ends an event goes with it, where it is here already.
      if (this.afterCr && chunk[at + 1] === LF) {
        at++;
        this.afterCr = false;
      }
      this.keep(chunk.subarray(from, at + 1));
      from = at + 1;
      events.push(this.take());
    }
    if (from < chunk.length) this.keep(chunk.subarray(from));
    return events;
  }

  /** What is no whole event: clients throw it away. */
  end(): Buffer {
    return this.take().raw;
  }

  private keep(part: Buffer): void {
    this.bytes += part.length;
    if (this.bytes > this.event_bytes_max) throw new Error(`an event is longer than ${this.event_bytes_max} bytes`);
    this.parts.push(Buffer.from(part));
  }

  private take(): SseEvent {
    const raw = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    this.parts = [];
    this.bytes = 0;
    let said = raw.toString('utf8');
    // A byte order mark at the beginning of the stream is none of it.
    if (this.first && said.startsWith('\ufeff')) said = said.slice(1);
    if (raw.length > 0) this.first = false;
    return { raw, ...readEvent(said) };
  }
}

function readEvent(said: string): Omit<SseEvent, 'raw'> {
  const data: string[] = [];
  const rest: string[] = [];
  let type = '';
  for (const line of said.split(/\r\n|\n|\r/)) {
    if (line === '') continue;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') data.push(value);
    else if (field === 'event') type = value;
    else rest.push(line);
  }
  return { type, data: data.length === 0 ? undefined : data.join('\n'), rest };
}

/**
 * What Python's `splitlines` takes for the end of a line, and server-sent events do not: httpx-sse below 0.4.2 reads events with it, so that a text
 * inside a message could be events of its own.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const BREAKS = /[\u000b\u000c\u001c-\u001e\u0085\u2028\u2029]/g;

const escaped = (text: string): string => text.replace(BREAKS, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** An event of the gateway's own that carries a message, JSON on one line. */
export const messageEvent = (json: string): Buffer => Buffer.from(`event: message\ndata: ${escaped(json)}\n\n`);

/** The event as every reader takes it: such characters are escaped as JSON has it; other lines with one are left out. The same one where there are none. */
export function withoutBreaks(event: SseEvent): SseEvent {
  const { type, data, rest } = event;
  if (![type, data ?? '', ...rest].some((text) => text.search(BREAKS) >= 0)) return event;
  return {
    ...event,
    type: escaped(type),
    data: data === undefined ? undefined : escaped(data),
    rest: rest.filter((line) => line.search(BREAKS) < 0),
  };
}

/** An event with other data; without data where it is undefined, so that its id still counts for whom resumes. */
export function writeEvent({ type, rest }: Pick<SseEvent, 'type' | 'rest'>, data: string | undefined): Buffer {
  const lines = [
    ...(type === '' || data === undefined ? [] : [`event: ${type}`]),
    ...rest,
    ...(data === undefined ? [] : data.split('\n').map((line) => `data: ${line}`)),
  ];
  return Buffer.from(lines.length === 0 ? '' : `${lines.join('\n')}\n\n`, 'utf8');
}
