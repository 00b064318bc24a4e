import { R_CSV, R_TEXT } from '../../mask/anchors/layout.js';
import type { RowShape } from '../../mask/anchors/rows.js';
import type { CopyShape } from '../../sql/facts.js';
import { backend } from '../wire/types.js';
import { violation } from '../wire/violation.js';
import { indexOfByte } from './byte-search.js';
import { ByteSink } from './byte-sink.js';
import { KEEP, NULLED } from './cell.js';
import { escapeText, quoteCsv, unescapeText, unquoteCsv } from './copy-fields.js';
import type { CopyColumns, CopyFormat } from './copy-out.js';
import { RowScanner } from './copy-scan.js';

/** tab, comma, semicolon, bar */
const BULK_DELIMITERS = [0x09, 0x2c, 0x3b, 0x7c];

/** COPY in text and CSV. */
export class CopyText implements CopyFormat {
  changed = false;
  count = 0;
  private readonly csv: { quote: number; escape: number } | undefined;
  private readonly delimiter: number;
  private readonly null: Buffer;
  private readonly scanner: RowScanner;
  readonly shape: RowShape | undefined;
  private header: boolean;
  /** what stands in place of a field of plain bytes needs no escape: maskers write no control character */
  private readonly direct: boolean;
  /** the row is written up to here */
  private copied = 0;
  /** the fields of the row that was cut last */
  private fields = 0;
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  private readonly specials: Uint8Array;
  /** the field that was cut last holds an escape or a quote */
  private special = false;
  private readonly field = new ByteSink(1024);
  private readonly masked = new ByteSink(1024);

  constructor(
    shape: CopyShape,
    private readonly columns: CopyColumns,
  ) {
    this.csv = shape.format === 'csv' ? { quote: shape.quote.charCodeAt(0), escape: shape.escape.charCodeAt(0) } : undefined;
    this.delimiter = shape.delimiter.charCodeAt(0);
    this.null = Buffer.from(shape.null_string, 'utf8');
    this.header = shape.header;
    this.scanner = new RowScanner(this.csv);
    this.shape = this.bulkShape();
    this.direct = this.csv === undefined && this.delimiter < 0x20;
    this.starts = new Int32Array(columns.length);
    this.ends = new Int32Array(columns.length);
    this.specials = new Uint8Array(columns.length);
  }

  get between(): boolean {
    return !this.header && this.scanner.between;
  }

  /** Delimiters that no masked value holds; quotes as they are usually written. */
  private bulkShape(): RowShape | undefined {
    const { csv, delimiter } = this;
    if (!this.nullIsSure) return undefined;
    if (!BULK_DELIMITERS.includes(delimiter) || (csv !== undefined && (csv.quote !== 0x22 || csv.escape !== 0x22))) return undefined;
    if (this.null.includes(0x2a)) return undefined;
    return { kind: csv === undefined ? R_TEXT : R_CSV, type: backend.CopyData, delimiter, null_text: this.null };
  }

  /** In CSV a backslash is a letter: of a value whose type is not known it may begin an escape of its own (`\x41`, `\u0041`). */
  hides(buf: Buffer, start: number, end: number): boolean {
    return this.csv !== undefined && this.columns.guessed && indexOfByte(buf, 0x5c, start, end) >= 0;
  }

  clean(buf: Buffer, start: number, end: number): boolean {
    if (this.header || !this.columns.plain || end === start || buf[end - 1] !== 0x0a) return false;
    if (this.columns.finder.mayHold(buf, start, end)) return false;
    // Escapes could hide something from the quick look.
    const hiding = this.csv === undefined ? 0x5c : this.csv.quote;
    if (indexOfByte(buf, hiding, start, end) >= 0) return false;
    if (this.hides(buf, start, end)) return false;
    let rows = 0;
    for (let line = indexOfByte(buf, 0x0a, start, end); line >= 0; line = indexOfByte(buf, 0x0a, line + 1, end)) rows++;
    this.count += rows;
    return true;
  }

  rows(buf: Buffer, start: number, resume: number, end: number, out: ByteSink): number {
    let row = start;
    // Only where a row begins: a long one that comes in many pieces is not read from its beginning for each.
    if (this.direct && resume === start && !this.header && this.columns.length > 0) {
      for (let next = this.cut(buf, row, end); next > row; next = this.cut(buf, row, end)) {
        this.writeCut(buf, row, next, out);
        row = next;
      }
      if (row >= end) return row;
      resume = row;
    }
    for (let at = this.scanner.next(buf, resume, end); at >= 0; at = this.scanner.next(buf, row, end)) {
      this.row(buf, row, at, out);
      row = at;
    }
    return row;
  }

  tail(buf: Buffer, start: number, end: number, out: ByteSink): void {
    this.row(buf, start, end, out);
  }

  /**
   * Notes where the fields of the row stand that begins at `row`, in one pass, and returns where the next row begins. Returns `row` where
   * the rows() of every format must look: the row's end has not come, it ends otherwise than with a newline, or has more fields than columns.
   */
  private cut(buf: Buffer, row: number, end: number): number {
    const { delimiter, starts, ends, specials } = this;
    const columns = starts.length;
    let index = 0;
    let special = 0;
    let from = row;
    for (let at = row; at < end; at++) {
      const byte = buf[at]!;
      if (byte > 0x1f && byte !== 0x5c) continue;
      if (byte === delimiter || byte === 0x0a) {
        if (index >= columns) return row;
        starts[index] = from;
        ends[index] = at;
        specials[index++] = special;
        if (byte === 0x0a) {
          if (index !== columns || buf[at - 1] === 0x0d || (special === 1 && at - row === 2 && buf[row + 1] === 0x2e)) return row;
          this.fields = index;
          return at + 1;
        }
        special = 0;
        from = at + 1;
      } else if (byte === 0x5c) {
        special = 1;
        at++;
      }
    }
    return row;
  }

  /** Writes the row that was cut, masked. */
  private writeCut(buf: Buffer, start: number, end: number, out: ByteSink): void {
    const { columns, starts, ends, specials, null: nothing } = this;
    this.count++;
    this.copied = start;
    for (let i = 0; i < this.fields; i++) {
      if (columns.skips(i)) continue;
      const from = starts[i]!;
      const to = ends[i]!;
      if (specials[i] === 1) {
        this.special = true;
        this.maskField(i, buf, from, to, out);
        continue;
      }
      if (this.isNull(buf, from, to)) continue;
      out.copy(buf, this.copied, from);
      this.copied = from;
      const outcome = columns.mask(i, buf, from, to, out);
      if (outcome === KEEP) continue;
      if (outcome === NULLED) out.copy(nothing, 0, nothing.length);
      this.changed = true;
      this.copied = to;
    }
    out.copy(buf, this.copied, end);
  }

  /** One row with its line end in buf[start, end). */
  private row(buf: Buffer, start: number, end: number, out: ByteSink): void {
    if (this.header) {
      this.header = false;
      out.copy(buf, start, end);
      return;
    }
    let stop = end;
    if (stop > start && buf[stop - 1] === 0x0a) stop--;
    if (stop > start && buf[stop - 1] === 0x0d) stop--;
    // The end-of-data mark is no row; old servers send it.
    if (stop - start === 2 && buf[start] === 0x5c && buf[start + 1] === 0x2e) {
      out.copy(buf, start, end);
      return;
    }
    this.count++;
    const { columns } = this;
    // A table without columns has rows without fields.
    if (columns.length === 0 && stop === start) {
      out.copy(buf, start, end);
      return;
    }
    let at = start;
    let index = 0;
    this.copied = start;
    for (;;) {
      const fieldStop = this.fieldEnd(buf, at, stop);
      if (index >= columns.length) throw violation('CopyData', 'fields in a row', columns.length, 'more');
      this.maskField(index, buf, at, fieldStop, out);
      index++;
      if (fieldStop >= stop) break;
      at = fieldStop + 1;
    }
    if (index !== columns.length) throw violation('CopyData', 'fields in a row', columns.length, index);
    out.copy(buf, this.copied, end);
  }

  /** Where the field ends that begins at `start`; says too whether it holds an escape or a quote. */
  private fieldEnd(buf: Buffer, start: number, stop: number): number {
    const { csv, delimiter } = this;
    this.special = false;
    if (csv === undefined) {
      for (let at = start; at < stop; at++) {
        const byte = buf[at]!;
        if (byte === delimiter) return at;
        if (byte === 0x5c) {
          this.special = true;
          at++;
        }
      }
      return stop;
    }
    let quoted = false;
    for (let at = start; at < stop; at++) {
      const byte = buf[at]!;
      if (quoted && byte === csv.escape && at + 1 < stop && (buf[at + 1] === csv.quote || buf[at + 1] === csv.escape)) at++;
      else if (byte === csv.quote) {
        quoted = !quoted;
        this.special = true;
      } else if (byte === delimiter && !quoted) return at;
    }
    return stop;
  }

  /**
   * In the text format a value that reads like NULL is written like it. Without a backslash the string may be one: then it is masked as one,
   * or a client could ask whether a value is what it guessed.
   */
  private isNull(buf: Buffer, start: number, end: number): boolean {
    const { null: nothing } = this;
    if (end - start !== nothing.length || nothing.compare(buf, start, end) !== 0) return false;
    return this.nullIsSure;
  }

  private get nullIsSure(): boolean {
    return this.csv !== undefined || this.null.length === 0 || this.null[0] === 0x5c;
  }

  /** Writes what stands before the field and its masked form, when it has one. */
  private maskField(index: number, buf: Buffer, start: number, end: number, out: ByteSink): void {
    if (this.isNull(buf, start, end)) return;
    const { csv, field, masked, columns } = this;
    masked.reset();
    let outcome: number;
    if (!this.special) outcome = columns.mask(index, buf, start, end, masked);
    else {
      field.reset();
      if (csv === undefined) unescapeText(buf, start, end, field);
      else unquoteCsv(buf, start, end, csv.quote, csv.escape, field);
      outcome = columns.mask(index, field.buf, 0, field.length, masked);
    }
    if (outcome === KEEP) return;
    this.changed = true;
    out.copy(buf, this.copied, start);
    this.copied = end;
    if (outcome === NULLED) out.copy(this.null, 0, this.null.length);
    else if (csv === undefined) escapeText(masked, this.delimiter, out);
    else this.writeCsv(masked, buf[start] === csv.quote, out);
  }

  /** Quoted where it was quoted before, or where it would be read as something else without. */
  private writeCsv(item: ByteSink, wasQuoted: boolean, out: ByteSink): void {
    const { delimiter, csv } = this;
    const { quote, escape: escapes } = csv!;
    let needs = wasQuoted || (item.length === this.null.length && this.null.compare(item.buf, 0, item.length) === 0);
    for (let i = 0; i < item.length && !needs; i++) {
      const byte = item.buf[i]!;
      needs = byte === quote || byte === delimiter || byte === 0x0a || byte === 0x0d;
    }
    if (needs || (item.length === 2 && item.buf[0] === 0x5c && item.buf[1] === 0x2e)) quoteCsv(item, quote, escapes, out);
    else out.copy(item.buf, 0, item.length);
  }
}
