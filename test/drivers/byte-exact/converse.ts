import net from 'node:net';
import type { Address } from '../context.js';

/** Send these bytes, then wait: for so many ReadyForQuery, for a message of this type, for one single byte (the answer to SSLRequest), or for the end. */
export interface Step {
  send: Buffer;
  until: number | { type: string } | 'byte' | 'end';
}

export interface Stream {
  name: string;
  steps: Step[];
}

/** How a step's bytes are cut: all at once, one by one, or in pieces of sizes that repeat. */
export type Cut = 'whole' | number[];

const WAIT_MS_MAX = 30_000;

/**
 * Plays a stream and gives everything that was answered up to the connection's end, normalised. Rejects when an awaited answer does
 * not come within 30 s. Without `places`, errors about names that are not
 * there come without the place in the server's source (file, line, routine): an injected Describe meets them before Execute does.
 */
export async function converse(address: Address, { steps }: Stream, cut: Cut, places = true): Promise<Buffer> {
  const socket = net.connect(address);
  socket.setNoDelay(true);
  const answer = new Answer();
  let ended = false;
  let wake = () => {};
  socket.on('data', (chunk) => {
    answer.push(chunk);
    wake();
  });
  socket.on('error', () => undefined); // the end that follows is what counts: a reset after the last byte is one too
  socket.on('close', () => {
    ended = true;
    wake();
  });
  const deadline = setTimeout(() => socket.destroy(new Error('late')), WAIT_MS_MAX);
  let late = true;
  try {
    for (const { send, until } of steps) {
      answer.mark(until === 'byte');
      await write(socket, send, cut);
      while (!ended && !answer.satisfies(until)) await new Promise<void>((resolve) => (wake = resolve));
      if (ended) break;
    }
    if (!ended) {
      socket.end();
      while (!ended) await new Promise<void>((resolve) => (wake = resolve));
    }
    late = socket.errored?.message === 'late';
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
  if (late) throw new Error(`no end after ${WAIT_MS_MAX / 1000} s; got ${answer.summary()}`);
  return answer.normalised(places);
}

async function write(socket: net.Socket, bytes: Buffer, cut: Cut): Promise<void> {
  if (cut === 'whole') {
    socket.write(bytes);
    return;
  }
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = cut[i % cut.length]!;
    if (!socket.writable) return;
    socket.write(bytes.subarray(at, at + size));
    at += size;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** What came, with marks where one answer is just a byte. */
class Answer {
  #bytes = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  /** complete messages since the last mark */
  #types: string[] = [];
  #scanned = 0;
  #single = false;
  /** offsets of the single bytes */
  readonly #singles: number[] = [];

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#scan();
  }

  mark(single: boolean): void {
    this.#types = [];
    this.#single = single;
  }

  satisfies(until: Step['until']): boolean {
    if (until === 'end') return false;
    if (until === 'byte') return !this.#single;
    if (typeof until === 'number') return this.#types.filter((type) => type === 'Z').length >= until;
    return this.#types.includes(until.type);
  }

  #join(): Buffer {
    if (this.#chunks.length > 0) {
      this.#bytes = Buffer.concat([this.#bytes, ...this.#chunks]);
      this.#chunks = [];
    }
    return this.#bytes;
  }

  #scan(): void {
    const bytes = this.#join();
    while (this.#scanned < bytes.length) {
      if (this.#single) {
        this.#singles.push(this.#scanned++);
        this.#single = false;
        continue;
      }
      if (bytes.length - this.#scanned < 5) return;
      const size = 1 + bytes.readUInt32BE(this.#scanned + 1);
      if (bytes.length - this.#scanned < size) return;
      this.#types.push(String.fromCharCode(bytes[this.#scanned]!));
      this.#scanned += size;
    }
  }

  summary(): string {
    return this.#types.slice(-20).join('') || 'nothing';
  }

  /** Process ids and cancel keys, which differ from connection to connection, are zeroed; nothing else is touched but places, where they are not asked for. */
  normalised(places: boolean): Buffer {
    const bytes = Buffer.from(this.#join());
    const parts: Buffer[] = [];
    let copied = 0;
    for (let at = 0; at + 5 <= bytes.length; ) {
      if (this.#singles.includes(at)) {
        at++;
        continue;
      }
      const end = Math.min(bytes.length, at + 1 + bytes.readUInt32BE(at + 1));
      if (bytes[at] === 0x4b) bytes.fill(0, at + 5, end);
      if (bytes[at] === 0x41) bytes.fill(0, at + 5, at + 9);
      if (bytes[at] === 0x45 && !places) {
        parts.push(bytes.subarray(copied, at), withoutPlace(bytes.subarray(at, end)));
        copied = end;
      }
      at = end;
    }
    parts.push(bytes.subarray(copied));
    return Buffer.concat(parts);
  }
}

const PLACE_FIELDS = ['F', 'L', 'R'];
/** invalid_cursor_name and invalid_sql_statement_name */
const NAME_CODES = ['C34000', 'C26000'];

/** An ErrorResponse about a name, without file, line and routine ("Error and Notice Message Fields"), and without its length word, which counts them. */
function withoutPlace(message: Buffer): Buffer {
  const fields = message.subarray(5).toString('latin1').split('\0');
  if (!fields.some((field) => NAME_CODES.includes(field))) return message;
  const kept = fields.filter((field) => !PLACE_FIELDS.includes(field[0] ?? ''));
  return Buffer.from(`E${kept.join('\0')}`, 'latin1');
}

/** Where two answers part, in words: offset, and the messages there. */
export function difference(expected: Buffer, actual: Buffer): string | undefined {
  if (expected.equals(actual)) return undefined;
  let at = 0;
  while (at < expected.length && at < actual.length && expected[at] === actual[at]) at++;
  const near = (bytes: Buffer) => JSON.stringify(bytes.subarray(Math.max(0, at - 40), at + 120).toString('latin1'));
  return `byte ${at} of ${expected.length} (through the gateway ${actual.length}): directly ${near(expected)}, through it ${near(actual)}`;
}
