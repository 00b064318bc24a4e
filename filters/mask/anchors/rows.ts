import { FILE_ENDINGS } from '../detectors/email.js';
import { FORMS } from '../detectors/national-forms.js';
import { automatonOfCode, digitCountsOf, IS_CALLING_CODE } from '../phone/plans.js';
import { DIGITS_ABROAD } from '../whole.js';
import { type Anchors, type Machine, theMachine } from './anchors.js';
import * as at from './layout.js';

/** How the module treats a column: a way of layout.ts, and what stands in place of a value; without it the middle of the value is starred out. */
export interface RowColumn {
  way: number;
  constant: Uint8Array | undefined;
  /** of a value, for W_FIXED */
  bytes?: number;
}

export interface RowShape {
  /** R_CELLS, R_TEXT or R_CSV */
  kind: number;
  /** type byte of the messages */
  type: number;
  delimiter: number;
  /** what NULL is written as, in text and CSV */
  null_text: Uint8Array;
}

/** What one run did: where it stopped in the buffer, how many rows it took and how many bytes of what it wrote are of masked rows. */
export interface RowRun {
  at: number;
  rows: number;
  masked: number;
  /** the row at `at` must go another way */
  stuck: boolean;
}

/** bytes on both sides of the rows that exact checks may read */
const AROUND = 16;
/** telephone numbers of so many calling codes */
let slots = 0;
let prepared = false;

/** Puts in what rows need beside what the search needs. */
function prepare({ bytes }: Machine): void {
  prepared = true;
  for (let code = 0; code < IS_CALLING_CODE.length; code++) {
    if (IS_CALLING_CODE[code] !== 1) continue;
    bytes[at.CODES_AT + code] = 1;
    const left = DIGITS_ABROAD - String(code).length;
    const counts = digitCountsOf(code);
    // with the last group, with the one before it, or with the one that holds the code
    if ([left, left - 4, left - 8].some((count) => count >= 0 && ((counts >> count) & 1) === 1))
      bytes[at.ABROAD_AT + (code >> 3)]! |= 1 << (code & 7);
  }
  for (const ending of FILE_ENDINGS) {
    const hash = hashOf(ending);
    bytes[at.FILE_ENDINGS_AT + (hash >> 3)]! |= 1 << (hash & 7);
  }
  if (FORMS.length > at.PRINTED_FORMS_MAX)
    throw new RangeError(`the module takes ${at.PRINTED_FORMS_MAX} printed forms, there are ${FORMS.length}`);
  FORMS.forEach(({ sizes, gaps }, n) => {
    if (sizes.length > 7 || gaps.length < sizes.length - 1) throw new RangeError('the module takes no such printed form');
    const form = at.PRINTED_FORMS_AT + 16 * n;
    bytes[form] = sizes.length;
    bytes.set(sizes, form + 1);
    for (let k = 0; k + 1 < sizes.length; k++) bytes[form + 8 + k] = gaps.charCodeAt(k);
  });
}

function hashOf(ending: string): number {
  let hash = 0;
  for (let k = 0; k < ending.length; k++) hash = Math.imul(hash ^ ending.charCodeAt(k), 16777619);
  return (hash ^ (hash >>> 15)) & 4095;
}

/** Gives a calling code a table, when there is still room for one. */
function reflectCode({ bytes }: Machine, code: number): void {
  if (bytes[at.CODES_AT + code] !== 1 || slots === at.PHONE_SLOTS) return;
  const start = bytes.byteOffset + at.PHONES_AT + 20 * at.PHONE_STATES * slots;
  const table = new Uint16Array(bytes.buffer, start, 10 * at.PHONE_STATES);
  automatonOfCode(code).reflect({ table, unknown: at.PHONE_UNKNOWN, accepting: 0x8000 });
  bytes[at.CODES_AT + code] = 2 + slots++;
}

/**
 * Rows of one layout through the module (assembly/rows.ts): as long as every cell is as most are, many of them in one call. What stops
 * it is for the caller to mask. Nothing of a row stays, save in memory that the next one is written over.
 */
export class RowModule {
  readonly fired: Uint32Array;
  private readonly state: Int32Array;
  private readonly column: Uint32Array;
  /** what stands in the input: buf[from, upto), put there as the n-th input */
  private buf: Uint8Array | undefined;
  private from = 0;
  private upto = 0;
  private input = 0;
  /** bytes that are put in at once: less where rows often stop it */
  private slice = at.BLOCK_BYTES;

  private constructor(
    private readonly machine: Machine,
    private readonly anchors: Anchors | undefined,
    private readonly shape: RowShape,
    private readonly columns: number,
    private readonly ids: boolean,
  ) {
    const { buffer } = machine.bytes;
    this.state = new Int32Array(buffer, at.ROWS_STATE_AT, 16);
    this.column = new Uint32Array(buffer, at.COLUMNS_AT, (at.COLUMN_BYTES / 4) * columns);
    this.fired = new Uint32Array(columns);
  }

  /**
   * Undefined where there is no WebAssembly, or the layout is too wide. `anchors` are those of a detector that finds all that is looked for;
   * without them no column may have the way W_PLAIN. `ids`: identifiers of countries are looked for.
   */
  static of(anchors: Anchors | undefined, shape: RowShape, columns: number, ids: boolean): RowModule | undefined {
    const machine = theMachine();
    if (machine === undefined || columns === 0 || columns > at.COLUMNS_MAX || shape.null_text.length > at.NULL_TEXT_MAX) return undefined;
    if (!prepared) prepare(machine);
    return new RowModule(machine, anchors, shape, columns, ids);
  }

  /** Says how columns are treated from now on; false where it can't. Due before the first run of each call from outside: others use the module too. */
  begin(columns: readonly RowColumn[], length_max: number): boolean {
    const { machine, state, column, shape } = this;
    let used = 0;
    let growth = 0;
    for (let i = 0; i < columns.length; i++) {
      const { way, constant, bytes } = columns[i]!;
      const length = constant?.length ?? 0;
      if (used + length + AROUND > at.CONSTANTS_BYTES) return false;
      column[4 * i] = way | (constant === undefined ? (bytes ?? 0) << 16 : 256 | (length << 16));
      column[4 * i + 1] = at.CONSTANTS_AT + used;
      column[4 * i + 2] = 0;
      if (constant !== undefined) machine.bytes.set(constant, at.CONSTANTS_AT + used);
      used += length;
      growth += length + 4;
    }
    state[at.S_TYPE] = shape.type;
    state[at.S_COLUMNS] = columns.length;
    state[at.S_DELIMITER] = shape.delimiter;
    state[at.S_NULL_BYTES] = shape.null_text.length;
    state[at.S_LENGTH_MAX] = length_max;
    state[at.S_GROWTH] = growth;
    state[at.S_IDS] = this.ids ? 1 : 0;
    machine.bytes.set(shape.null_text, at.NULL_TEXT_AT);
    return true;
  }

  /** Forgets the buffer: it may be written over before the next run. */
  release(): void {
    this.buf = undefined;
  }

  /** Masks rows of buf[start, end) from the first on and appends them to `out`; adds to `fired` how often each column was masked. */
  run(buf: Uint8Array, start: number, end: number, out: { buf: Buffer; length: number; reserve(bytes: number): void }): RowRun {
    const { machine, state } = this;
    const run: RowRun = { at: start, rows: 0, masked: 0, stuck: false };
    while (run.at < end) {
      this.put(buf, run.at, end);
      this.anchors?.own();
      machine.rows(run.at - this.from, this.upto - this.from, this.shape.kind);
      const rows = state[at.S_ROWS]!;
      const written = state[at.S_OUT]!;
      if (written > 0) {
        out.reserve(written);
        out.buf.set(machine.bytes.subarray(at.ROWS_OUT_AT, at.ROWS_OUT_AT + written), out.length);
        out.length += written;
      }
      run.rows += rows;
      run.masked += state[at.S_MASKED]!;
      run.at = this.from + state[at.S_AT]!;
      const code = state[at.S_CODE]!;
      if (code !== 0) reflectCode(machine, code);
      if (state[at.S_WHY] === at.WHY_FULL && rows > 0) continue;
      if (state[at.S_WHY] !== at.WHY_END || rows === 0) {
        this.slice = Math.max(SLICE_MIN, this.slice >> 1);
        run.stuck = true;
        break;
      }
      this.slice = Math.min(at.BLOCK_BYTES, this.slice << 1);
      this.upto = run.at;
    }
    this.countFired();
    return run;
  }

  private countFired(): void {
    const { column, fired } = this;
    for (let i = 0; i < this.columns; i++) {
      fired[i]! += column[4 * i + 2]!;
      column[4 * i + 2] = 0;
    }
  }

  /** Sees to it that what is at `start` stands in the input. */
  private put(buf: Uint8Array, start: number, end: number): void {
    const { machine } = this;
    if (this.buf === buf && this.input === machine.inputs && start >= this.from && start < this.upto) return;
    const before = Math.min(AROUND, start);
    const upto = Math.min(end, start + this.slice);
    this.from = start - before;
    this.upto = upto;
    machine.inputs++;
    this.input = machine.inputs;
    this.buf = buf;
    machine.bytes.set(buf.subarray(this.from, Math.min(buf.length, upto + AROUND)), at.IN_AT);
    const behind = at.IN_AT + Math.min(buf.length, upto + AROUND) - this.from;
    machine.bytes.fill(0, behind, behind + 2 * AROUND);
  }
}

/** bytes that are put in at once at least */
const SLICE_MIN = 2048;
