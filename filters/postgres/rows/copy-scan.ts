import { indexOfByte } from './byte-search.js';

/**
 * Finds where rows of COPY's text formats end. The state is kept between pieces, so that a row cut anywhere is scanned once.
 */
export class RowScanner {
  private escaped = false;
  private quoted = false;
  /** the last byte was an escape inside quotes that is not the quote itself */
  private readonly csv: { quote: number; escape: number } | undefined;

  constructor(csv: { quote: number; escape: number } | undefined) {
    this.csv = csv;
  }

  /** True between rows, outside of anything quoted. */
  get between(): boolean {
    return !this.escaped && !this.quoted;
  }

  /** The place behind the next end of row in buf[start, end); -1 when there is none, and the rest is remembered. */
  next(buf: Buffer, start: number, end: number): number {
    return this.csv === undefined ? this.nextText(buf, start, end) : this.nextCsv(buf, start, end, this.csv);
  }

  private nextText(buf: Buffer, start: number, end: number): number {
    let at = start;
    if (this.escaped && at < end) {
      this.escaped = false;
      at++;
    }
    while (at < end) {
      const line = indexOfByte(buf, 0x0a, at, end);
      const stop = line < 0 ? end : line;
      // A newline in data is written as \n; only one behind a single backslash would be part of a field.
      let slashes = 0;
      while (stop - slashes - 1 >= at && buf[stop - slashes - 1] === 0x5c) slashes++;
      if (stop === end) {
        this.escaped = slashes % 2 === 1;
        return -1;
      }
      if (slashes % 2 === 0) return stop + 1;
      at = stop + 1;
    }
    return -1;
  }

  private nextCsv(buf: Buffer, start: number, end: number, { quote, escape: escapes }: { quote: number; escape: number }): number {
    for (let at = start; at < end; at++) {
      const byte = buf[at]!;
      if (this.escaped) {
        this.escaped = false;
        // The escape stood for itself, unless it escapes a quote or another escape.
        if (byte === quote || byte === escapes) continue;
      }
      // Where the escape is the quote itself, a doubled quote closes and opens again, which comes to the same.
      if (this.quoted && byte === escapes && escapes !== quote) this.escaped = true;
      else if (byte === quote) this.quoted = !this.quoted;
      else if (byte === 0x0a && !this.quoted) return at + 1;
    }
    return -1;
  }
}
