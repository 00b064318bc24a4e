import { MidstreamError } from '../../errors.js';
import type { RowShape } from '../../mask/anchors/rows.js';
import type { CopyShape } from '../../sql/facts.js';
import { endOfMessage } from '../wire/runs.js';
import { violation } from '../wire/violation.js';
import { ByteSink } from './byte-sink.js';
import { Cell, type Cover, KEEP, NULLED, type Outcome } from './cell.js';
import { CopyBinary } from './copy-binary.js';
import { planCopy } from './copy-plan.js';
import { CopyText } from './copy-text.js';
import { type Fired, takeFired } from './data-row.js';
import { Finder } from './finder.js';
import { ManyRows } from './many-rows.js';
import type { MaskSet } from './mask-set.js';
import type { CatalogueView, Missing } from './origin.js';
import type { RowPlan } from './plan.js';
import { unknownCopyText } from './types.js';
import { coverOf, type ValueMasker } from './values/value.js';

/** Longest row that is held while its end has not come, bytes. */
export const COPY_HELD_BYTES_MAX = 64 * 1024 * 1024;

/** Cuts one format into rows and writes them masked. */
export interface CopyFormat {
  /**
   * Handles the whole rows at the beginning of buf[start, end) and appends what goes out; returns where the first row that is
   * not whole begins. `resume` is how far buf was scanned before. Sets `changed` when something was masked.
   */
  rows(buf: Buffer, start: number, resume: number, end: number, out: ByteSink): number;
  /** what is left when the COPY ends */
  tail(buf: Buffer, start: number, end: number, out: ByteSink): void;
  changed: boolean;
  count: number;
  /** what comes next begins a row, when nothing is held */
  readonly between: boolean;
  /** how its messages of one row each are read in bulk; undefined where they can't be */
  readonly shape: RowShape | undefined;
  /** something in buf[start, end) may hide from the bulk reading */
  hides(buf: Buffer, start: number, end: number): boolean;
  /** nothing in buf[start, end) can be masked and it ends between rows */
  clean(buf: Buffer, start: number, end: number): boolean;
}

/** The columns of a COPY, and the masking of one field. */
export class CopyColumns {
  readonly cells: Cell[];
  readonly finder: Finder;
  private readonly covers: (Cover | undefined)[];
  private readonly values: ValueMasker[];
  /** 1 for a column in which nothing can be masked */
  private readonly skipped: Uint8Array;
  /** a quick look at the raw bytes is enough to pass them */
  readonly plain: boolean;
  /** some column's type is not known: a backslash may begin an escape of its own */
  readonly guessed: boolean;

  constructor(plan: RowPlan) {
    this.finder = new Finder(plan.masks);
    this.cells = plan.columns.map((column) => new Cell(this.finder, column.name, column.cover));
    this.covers = this.cells.map((cell) => (cell.cover === undefined ? undefined : coverOf(cell)));
    this.values = plan.columns.map(({ values }) => values);
    this.guessed = this.values.includes(unknownCopyText);
    const looks = this.cells.map((cell, i) =>
      cell.cover !== undefined ? 'always' : this.finder.empty ? 'never' : this.values[i]!.looks(cell),
    );
    this.skipped = Uint8Array.from(looks, (look) => (look === 'never' ? 1 : 0));
    this.plain = looks.every((look, i) => look === 'never' || (look === 'plain' && !this.cells[i]!.sensitive));
  }

  get length(): number {
    return this.cells.length;
  }

  /** The fast way of rows, where there is one. */
  many(shape: RowShape): ManyRows | undefined {
    return ManyRows.of(shape, this.cells, this.values, this.finder);
  }

  /** Nothing in this column can be masked. */
  skips(i: number): boolean {
    return this.skipped[i] === 1;
  }

  /** Some field of nearly every row holds something: rows need not be asked. */
  anyHot(): boolean {
    for (let i = 0; i < this.cells.length; i++) if (this.cells[i]!.hot) return true;
    return false;
  }

  mask(i: number, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
    const cell = this.cells[i]!;
    const cover = this.covers[i];
    const values = this.values[i]!;
    if (cover === undefined) return this.finder.empty ? KEEP : values.detect(cell, buf, start, end, out);
    cell.count(cell.cover!.name, cover.kind);
    const outcome = values.cover(cell, cover, buf, start, end, out);
    return outcome === KEEP ? NULLED : outcome;
  }
}

const COPY_DATA = 0x64;
const HEADER_BYTES = 5;

/** Masks one COPY TO STDOUT, whatever way its bytes are cut into CopyData messages. */
export class CopyOutMasker {
  private readonly format: CopyFormat;
  private readonly columns: CopyColumns;
  private readonly held = new ByteSink(1024);
  /** undefined: every row goes the exact way */
  private readonly many: ManyRows | undefined;

  /** `exact`: no row goes the fast way (many-rows.ts); what comes out is the same. */
  constructor(
    shape: CopyShape,
    plan: RowPlan,
    private readonly held_bytes_max = COPY_HELD_BYTES_MAX,
    exact = false,
  ) {
    this.columns = new CopyColumns(plan);
    this.format = shape.format === 'binary' ? new CopyBinary(this.columns) : new CopyText(shape, this.columns);
    this.many = exact || this.format.shape === undefined ? undefined : this.columns.many(this.format.shape);
  }

  /**
   * The masker for a COPY whose CopyOutResponse came, or what must be looked up first. Throws MidstreamError protocol_violation
   * when the server's format is not the one that the statement asks for.
   * `typesInDoubt`: the open transaction may have changed what the catalogue says.
   */
  static plan(
    shape: CopyShape,
    response: { format: 0 | 1; column_formats: number[] },
    masks: MaskSet,
    catalogue: CatalogueView | undefined,
    typesInDoubt = false,
  ): CopyOutMasker | Missing {
    if ((response.format === 1) !== (shape.format === 'binary'))
      throw violation('CopyOutResponse', 'format', shape.format, response.format);
    const planned = planCopy(shape, response.column_formats.length, masks, catalogue, typesInDoubt);
    return 'columns' in planned ? new CopyOutMasker(shape, planned) : planned;
  }

  /** Rows seen so far, without the header. */
  get rows(): number {
    return this.format.count;
  }

  /**
   * Masks one CopyData message, whole, with its body in buf[body, end). False: it may pass as it is. Else a message to
   * send in its place was appended to `out`, or nothing, while the end of a row has not come.
   * Throws MidstreamError limit_exceeded for a row that is longer than may be held.
   */
  push(buf: Buffer, body: number, end: number, out: ByteSink): boolean {
    const { held, format } = this;
    if (held.length === 0 && !this.columns.anyHot() && format.clean(buf, body, end)) return false;
    const from = this.begin(out);
    if (held.length === 0) {
      const left = format.rows(buf, body, body, end, out);
      if (left === end && !format.changed) {
        out.truncate(from);
        return false;
      }
      this.hold(buf, left, end);
    } else {
      const resume = held.length;
      this.hold(buf, body, end);
      const left = format.rows(held.buf, 0, resume, held.length, out);
      held.buf.copyWithin(0, left, held.length);
      held.truncate(held.length - left);
    }
    this.finish(from, out);
    return true;
  }

  /**
   * Masks the consecutive CopyData messages that stand whole in buf[start, end), as push() would one by one. `changed` is false
   * when all of them may pass as they are; else what goes out in their place was appended to `out`, and `masked` says how many
   * bytes of that are masked. Stops before the first message that is no CopyData, not whole or longer than `message_bytes_max`:
   * `at` says where.
   */
  pushAll(
    buf: Buffer,
    start: number,
    end: number,
    message_bytes_max: number,
    out: ByteSink,
  ): { at: number; changed: boolean; masked: number } {
    const before = out.length;
    let at = start;
    let copied = start;
    let changed = false;
    let masked = 0;
    const { held, format } = this;
    const many = this.many !== undefined && format.hides(buf, start, end) ? undefined : this.many;
    for (;;) {
      if (many !== undefined && held.length === 0 && format.between && at < end && many.ready()) {
        out.copy(buf, copied, at);
        copied = at;
        const run = many.run(buf, at, end, message_bytes_max, out);
        if (run !== undefined) {
          at = copied = run.at;
          format.count += run.rows;
          masked += run.masked;
          if (run.masked > 0) changed = true;
        }
      }
      const stop = endOfMessage(buf, COPY_DATA, at, end, message_bytes_max);
      if (stop < 0) break;
      out.copy(buf, copied, at);
      copied = at;
      const from = out.length;
      if (this.push(buf, at + HEADER_BYTES, stop, out)) {
        changed = true;
        masked += out.length - from;
        copied = stop;
      }
      at = stop;
    }
    many?.release();
    if (changed) out.copy(buf, copied, at);
    else out.truncate(before);
    return { at, changed, masked };
  }

  /** When CopyDone comes: a message with what is still held, or nothing, is appended to `out`. */
  end(out: ByteSink): void {
    const from = this.begin(out);
    if (this.held.length > 0) this.format.tail(this.held.buf, 0, this.held.length, out);
    this.held.reset();
    this.finish(from, out);
  }

  /** What fired since the last time. */
  takeFired(): Fired[] {
    return takeFired(this.columns.cells);
  }

  private begin(out: ByteSink): number {
    const from = out.length;
    out.byte(COPY_DATA);
    out.int32(0);
    this.format.changed = false;
    return from;
  }

  private finish(from: number, out: ByteSink): void {
    if (out.length === from + HEADER_BYTES) out.truncate(from);
    else out.setInt32(from + 1, out.length - from - 1);
  }

  private hold(buf: Buffer, start: number, end: number): void {
    if (this.held.length + end - start > this.held_bytes_max) {
      throw new MidstreamError(
        'limit_exceeded',
        `a row of COPY is longer than ${this.held_bytes_max} bytes, which is as much as is held to be masked`,
      );
    }
    this.held.copy(buf, start, end);
  }
}
