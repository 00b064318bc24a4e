import { R_CELLS } from '../../mask/anchors/layout.js';
import { violation } from '../wire/violation.js';
import { ByteSink } from './byte-sink.js';
import { Cell, type Cover, KEEP, NULLED, type Outcome } from './cell.js';
import { Finder } from './finder.js';
import { ManyRows } from './many-rows.js';
import type { RowPlan } from './plan.js';
import { coverOf, type ValueMasker } from './values/value.js';

/** Which mask fired how often, for the recording. */
export interface Fired {
  column: string;
  rule: string;
  kind: string;
  count: number;
}

/** Counts of all cells since the last time, which are set back. */
export function takeFired(cells: readonly Cell[]): Fired[] {
  const all: Fired[] = [];
  for (const cell of cells) {
    for (const { rule, kind, count } of cell.fired) all.push({ column: cell.name, rule, kind, count });
    cell.fired.length = 0;
  }
  return all;
}

const DATA_ROW = 0x44;
const HEADER_BYTES = 5;

const SHAPE = { kind: R_CELLS, type: DATA_ROW, delimiter: 0, null_text: Buffer.alloc(0) };

/** How a column's cells are treated, as a byte: the loop over cells reads it for each. */
const SKIP = 0;
const PLAIN = 1;
const ALWAYS = 2;
const COVER = 3;

/** So many rows one after the other may hold something: then the row is not asked for the next REST_ROWS. */
const SUSPECTS_BEFORE_REST = 8;
const REST_ROWS = 31;

/** Masks the DataRow messages of one layout. Belongs to one connection: its buffers are used again for every row. */
export class RowMasker {
  private readonly cells: Cell[];
  private readonly values: ValueMasker[];
  private readonly ways: Uint8Array;
  private readonly covers: (Cover | undefined)[];
  private readonly finder: Finder;
  private readonly starts: Int32Array;
  private readonly ends: Int32Array;
  /** some cell must be looked at whatever a quick look at the row says */
  private readonly always: boolean;
  private readonly anyPlain: boolean;
  /** rows in a row that may hold something */
  private suspects = 0;
  /** rows for which the row is not asked any more */
  private unasked = 0;
  private readonly own = new ByteSink();
  /** undefined: every row goes the exact way */
  private readonly many: ManyRows | undefined;
  readonly columns: number;

  /** `exact`: no row goes the fast way (many-rows.ts); what comes out is the same. */
  constructor(plan: RowPlan, exact = false) {
    this.finder = new Finder(plan.masks);
    this.cells = plan.columns.map((column) => new Cell(this.finder, column.name, column.cover));
    this.values = plan.columns.map((column) => column.values);
    this.covers = this.cells.map((cell) => (cell.cover === undefined ? undefined : coverOf(cell)));
    this.columns = plan.columns.length;
    this.ways = Uint8Array.from(this.cells, (cell, i) => wayOf(cell, this.values[i]!, this.finder));
    this.starts = new Int32Array(this.columns);
    this.ends = new Int32Array(this.columns);
    this.always = this.ways.some((way) => way === ALWAYS || way === COVER);
    this.anyPlain = this.ways.includes(PLAIN);
    this.many = exact ? undefined : ManyRows.of(SHAPE, this.cells, this.values, this.finder);
  }

  /**
   * Masks one DataRow: the whole message stands in buf[start, end), its body at `body`. False when it may pass unchanged;
   * else the new message was appended to `out`. Throws MidstreamError protocol_violation for a row that is not of the layout.
   */
  mask(buf: Buffer, start: number, body: number, end: number, out: ByteSink): boolean {
    this.cut(buf, body, end);
    const look = this.looksAt(buf, body, end);
    return (look || this.always) && this.rewrite(buf, start, end, look, out);
  }

  /**
   * May some plain cell of the row hold something? Where row after row may, the cells are asked one by one and the row only now
   * and then: it never says no where a cell holds something, so not asking changes nothing but the time.
   */
  private looksAt(buf: Buffer, body: number, end: number): boolean {
    if (!this.anyPlain) return false;
    if (this.unasked > 0) {
      this.unasked--;
      return true;
    }
    if (this.finder.mayHold(buf, body, end)) {
      if (++this.suspects < SUSPECTS_BEFORE_REST) return true;
      this.unasked = REST_ROWS;
      return true;
    }
    this.suspects = 0;
    return false;
  }

  /** Writes the row that was cut, masked; false when nothing was, and then nothing is written. */
  private rewrite(buf: Buffer, start: number, end: number, look: boolean, out: ByteSink): boolean {
    const { starts, ends, ways } = this;
    const head = out.length;
    let copied = start;
    let changed = false;
    for (let i = 0; i < ways.length; i++) {
      const way = ways[i]!;
      if (way === SKIP || (way === PLAIN && !look)) continue;
      const from = starts[i]!;
      const to = ends[i]!;
      if (to < from) continue;
      out.copy(buf, copied, from);
      copied = from;
      const at = out.length;
      const outcome = this.maskValue(i, buf, from, to, out);
      if (outcome === KEEP) continue;
      out.setInt32(at - 4, outcome === NULLED ? -1 : out.length - at);
      copied = to;
      changed = true;
    }
    if (!changed) {
      out.truncate(head);
      return false;
    }
    out.copy(buf, copied, end);
    out.setInt32(head + 1, out.length - head - 1);
    return true;
  }

  private maskValue(i: number, buf: Buffer, from: number, to: number, out: ByteSink): Outcome {
    const cell = this.cells[i]!;
    const cover = this.covers[i];
    if (cover === undefined) return this.values[i]!.detect(cell, buf, from, to, out);
    cell.count(cell.cover!.name, cover.kind);
    return this.values[i]!.cover(cell, cover, buf, from, to, out);
  }

  /** The masked message as a buffer of its own; undefined when the message may pass unchanged. */
  maskRow(buf: Buffer, start: number, body: number, end: number): Buffer | undefined {
    this.own.reset();
    return this.mask(buf, start, body, end, this.own) ? this.own.take() : undefined;
  }

  /**
   * Masks the consecutive DataRow messages that stand whole in buf[start, end). `masked` is 0 when all of them may pass as they are;
   * else their masked form was appended to `out`, and it says how many bytes of that are of masked rows. Stops before the first
   * message that is no DataRow, not whole or longer than `message_bytes_max`: `at` says where.
   */
  maskChunk(
    buf: Buffer,
    start: number,
    end: number,
    message_bytes_max: number,
    out: ByteSink,
  ): { at: number; rows: number; masked: number } {
    const before = out.length;
    let at = start;
    let copied = start;
    let rows = 0;
    let masked = 0;
    const { many } = this;
    while (at + HEADER_BYTES <= end && buf[at] === DATA_ROW) {
      if (many?.ready()) {
        out.copy(buf, copied, at);
        copied = at;
        const run = many.run(buf, at, end, message_bytes_max, out);
        if (run !== undefined) {
          at = copied = run.at;
          rows += run.rows;
          masked += run.masked;
          if (!run.stuck || at + HEADER_BYTES > end || buf[at] !== DATA_ROW) break;
        }
      }
      const length = buf.readInt32BE(at + 1);
      if (length < 4) throw violation('DataRow', 'length', 'at least 4', length);
      const stop = at + 1 + length;
      if (stop > end || length >= message_bytes_max) break;
      this.cut(buf, at + HEADER_BYTES, stop);
      const look = this.looksAt(buf, at + HEADER_BYTES, stop);
      if (look || this.always) {
        out.copy(buf, copied, at);
        copied = at;
        const from = out.length;
        if (this.rewrite(buf, at, stop, look, out)) {
          masked += out.length - from;
          copied = stop;
        }
      }
      at = stop;
      rows++;
    }
    many?.release();
    if (masked > 0) out.copy(buf, copied, at);
    else out.truncate(before);
    return { at, rows, masked };
  }

  /** What fired since the last time. */
  takeFired(): Fired[] {
    return takeFired(this.cells);
  }

  /** Finds where each cell stands; a NULL ends before it starts. */
  private cut(buf: Buffer, body: number, end: number): void {
    const { starts, ends, columns } = this;
    if (end - body < 2) throw violation('DataRow', 'columns', '2 bytes', end - body);
    const count = (buf[body]! << 8) | buf[body + 1]!;
    if (count !== columns) throw violation('DataRow', 'columns', columns, count);
    let at = body + 2;
    for (let i = 0; i < count; i++) {
      if (at + 4 > end) throw violation('DataRow', 'column length', '4 bytes', `${end - at} left`);
      const length = (buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!;
      at += 4;
      starts[i] = at;
      if (length === -1) ends[i] = at - 1;
      else if (length < 0 || length > end - at) throw violation('DataRow', 'column length', `-1 to ${end - at}`, length);
      else {
        at += length;
        ends[i] = at;
      }
    }
    if (at !== end) throw violation('DataRow', 'trailing bytes', 0, end - at);
  }
}

function wayOf(cell: Cell, values: ValueMasker, finder: Finder): number {
  if (cell.cover !== undefined) return COVER;
  if (finder.empty) return SKIP;
  const looks = values.looks(cell);
  if (looks === 'never') return SKIP;
  return looks === 'plain' && !cell.sensitive ? PLAIN : ALWAYS;
}
