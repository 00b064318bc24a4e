import type { CodecOptions, StreamCodec } from './codec.js';
import { Decoded, type FieldContext, type FieldForm, FieldMasker } from './field.js';
import { Marks } from './marks.js';
import { Pieces } from './pieces.js';

/** the signs that may stand between cells */
const DELIMITERS = [0x2c, 0x3b, 0x09, 0x7c];
/** a longer first line is read as one with commas, bytes */
const FIRST_LINE_MAX = 64 * 1024;
/** columns whose names are kept */
export const COLUMNS_MAX = 4096;
export const NAME_MAX = 256;
const QUOTE = 0x22;
const QUOTE_BYTE = Buffer.of(QUOTE);

/** A quoted cell (RFC 4180): two quotes stand for one. */
const quoted: FieldForm = {
  signs: [QUOTE],
  decode(buf, start, end) {
    if (!buf.subarray(start, end).includes(QUOTE)) return undefined;
    const out = new Decoded(end - start);
    for (let k = start; k < end; k++) {
      out.add(buf[k]!, k);
      if (buf[k] === QUOTE && k + 1 < end && buf[k + 1] === QUOTE) k++;
    }
    return out.done(end);
  },
  whole(buf, start, end) {
    let run = 0;
    while (end - run > start && buf[end - run - 1] === QUOTE) run++;
    return run % 2 === 0 ? end : end - 1;
  },
  encode: (bytes) => (bytes.includes(QUOTE) ? Buffer.from(bytes.toString('latin1').replaceAll('"', '""'), 'latin1') : bytes),
};

/** A cell without quotes stands for itself. */
const bare: FieldForm = { signs: [], decode: () => undefined, whole: (_buf, _start, end) => end, encode: (bytes) => bytes };

/** where the reader is */
const START = 0;
const BARE = 1;
const QUOTED = 2;
/** behind a quote inside a quoted cell: its end, or the first of two */
const CLOSING = 3;

/**
 * Masks CSV so that it stays CSV: each cell by itself, with the name of its column as evidence. The sign between cells is the most
 * frequent of the first line (comma, semicolon, tab, bar). The first line names the columns if none of its cells is a number.
 */
export class CsvMasker implements StreamCodec {
  private readonly quotedCell: FieldMasker;
  private readonly bareCell: FieldMasker;
  private readonly out: Pieces;
  private readonly marks: Marks;
  private state = START;
  /** a quote that ended a chunk: the cell's end, or the first of two */
  private quoteHeld = false;
  private column = 0;
  private names: FieldContext[] = [];
  /** the cells of the first line */
  private readonly heads: FieldContext[] = [];
  private firstLine = true;
  private heading = true;
  private delimiter = 0;
  /** the first line, until it is complete */
  private head: Buffer[] | undefined = [];
  private headBytes = 0;
  private headQuoted = false;

  constructor(options: CodecOptions) {
    this.out = new Pieces(options.write);
    this.marks = new Marks(options.detector);
    this.quotedCell = new FieldMasker(options, quoted, this.out, this.marks);
    this.bareCell = new FieldMasker(options, bare, this.out, this.marks);
  }

  get hits(): number {
    return this.quotedCell.hits + this.bareCell.hits;
  }

  get held(): number {
    return this.quotedCell.held + this.bareCell.held + this.headBytes;
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.head === undefined) return this.read(buf);
    this.head.push(Buffer.from(buf));
    this.headBytes += buf.length;
    if (this.headBytes < FIRST_LINE_MAX && !this.endsLine(buf)) return;
    this.begin();
  }

  flush(): void {
    this.quotedCell.flush();
    this.bareCell.flush();
  }

  end(): void {
    if (this.head !== undefined) this.begin();
    this.endCell(Buffer.alloc(0), 0, 0);
  }

  /** Whether the first line ends in this piece of it. */
  private endsLine(buf: Buffer): boolean {
    for (const b of buf) {
      if (b === QUOTE) this.headQuoted = !this.headQuoted;
      else if (b === 0x0a && !this.headQuoted) return true;
    }
    return false;
  }

  private begin(): void {
    const head = Buffer.concat(this.head!);
    this.head = undefined;
    this.headBytes = 0;
    this.delimiter = delimiterOf(head);
    this.marks.between([this.delimiter, QUOTE, 0x0a, 0x0d]);
    this.read(head);
  }

  private read(buf: Buffer): void {
    this.out.begin(buf);
    this.marks.look(buf);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (this.state === QUOTED) {
        if (b === QUOTE) this.state = CLOSING;
        continue;
      }
      const line = b === 0x0a || b === 0x0d;
      if (this.state === CLOSING && b !== this.delimiter && !line) {
        // the first of two, or a quote that no writer would write: it is part of the cell either way
        this.takeQuote();
        this.state = QUOTED;
      } else if (this.state === START && b === QUOTE) {
        from = at + 1;
        this.state = QUOTED;
      } else if (b === this.delimiter || line) {
        this.endCell(buf, from, at);
        from = at + 1;
        if (line) this.endLine();
        else this.column++;
      } else if (this.state === START) this.state = BARE;
    }
    const context = this.names[this.column];
    if (this.state === CLOSING && !this.quoteHeld) {
      this.quotedCell.push(buf, from, buf.length - 1, context);
      this.out.leaveOut(buf.length - 1, buf.length);
      this.quoteHeld = true;
    } else if (this.state === QUOTED) this.quotedCell.push(buf, from, buf.length, context);
    else if (this.state === BARE) this.bareCell.push(buf, from, buf.length, context);
    this.out.end();
  }

  /** A quote that ended a chunk turned out to be part of the cell. */
  private takeQuote(): void {
    if (this.quoteHeld) this.quotedCell.push(QUOTE_BYTE, 0, 1, this.names[this.column]);
    this.quoteHeld = false;
  }

  private endCell(buf: Buffer, from: number, to: number): void {
    const context = this.names[this.column];
    const closed = this.state === CLOSING;
    const inQuotes = closed || this.state === QUOTED;
    const said = inQuotes
      ? this.quotedCell.end(buf, from, closed && !this.quoteHeld ? to - 1 : to, context, this.firstLine)
      : this.bareCell.end(buf, from, to, context, this.firstLine);
    if (closed && this.quoteHeld) this.out.put(QUOTE_BYTE);
    this.quoteHeld = false;
    if (this.firstLine && said.length > 0) {
      if (!inQuotes && isNumber(said)) this.heading = false;
      if (this.column < COLUMNS_MAX) this.heads[this.column] = { name: said.toString('utf8', 0, NAME_MAX) };
    }
    this.state = START;
  }

  private endLine(): void {
    if (this.firstLine && this.heads.length > 0) {
      this.firstLine = false;
      if (this.heading) this.names = this.heads;
    }
    this.column = 0;
  }
}

/** The sign between the cells of a text that begins so. */
export function delimiterOf(head: Buffer): number {
  const end = lineEnd(head);
  return mostFrequent(head, Math.min(end < 0 ? head.length : end, FIRST_LINE_MAX));
}

function lineEnd(buf: Buffer): number {
  let open = false;
  for (let k = 0; k < buf.length; k++) {
    if (buf[k] === QUOTE) open = !open;
    else if (!open && buf[k] === 0x0a) return k;
  }
  return -1;
}

function mostFrequent(buf: Buffer, end: number): number {
  let best = DELIMITERS[0]!;
  let most = 0;
  for (const delimiter of DELIMITERS) {
    let count = 0;
    let open = false;
    for (let k = 0; k < end; k++) {
      if (buf[k] === QUOTE) open = !open;
      else if (!open && buf[k] === delimiter) count++;
    }
    if (count > most) {
      most = count;
      best = delimiter;
    }
  }
  return best;
}

/** A cell of the first line that no column is called. */
export function isNumber(text: Buffer): boolean {
  return /^\s*[-+]?\d[\d.,]{0,40}\s*$/.test(text.toString('latin1', 0, 64));
}
