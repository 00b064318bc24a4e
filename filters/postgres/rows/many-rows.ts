import { Anchors } from '../../mask/anchors/anchors.js';
import * as at from '../../mask/anchors/layout.js';
import { type RowColumn, RowModule, type RowRun, type RowShape } from '../../mask/anchors/rows.js';
import type { Masker } from '../../mask/types.js';
import type { ByteSink } from './byte-sink.js';
import { type Cell, COLUMN_KIND, type Usual } from './cell.js';
import type { Finder } from './finder.js';
import { unknownCopyText } from './types.js';
import { paddedTextValue, textValue } from './values/text.js';
import type { ValueMasker } from './values/value.js';

/** ways of columns that are written in the usual form of a kind */
const WAYS: Readonly<Record<string, number>> = { email: at.W_EMAIL, credit_card: at.W_CARD, phone: at.W_PHONE };

/** A run of fewer rows was not worth its call; after so many of those the rows go the exact way for a while. */
const FEW_ROWS = 4;
const MISSES_MAX = 8;
const REST_ROWS_MIN = 32;
const REST_ROWS_MAX = 2048;

const nothing = Buffer.alloc(0);

/**
 * The fast way of rows: many in one call of the module, as long as each cell is as most are (decision 0165). What it writes is what the
 * exact way would write; where it is not sure it stops, and that row goes the exact way.
 */
export class ManyRows {
  private columns: RowColumn[] = [];
  private usual: (Usual | undefined)[] | undefined;
  private usable = false;
  private misses = 0;
  private rest = REST_ROWS_MIN;
  private resting = 0;

  private constructor(
    private readonly module: RowModule,
    private readonly shape: RowShape,
    private readonly cells: readonly Cell[],
    private readonly values: readonly ValueMasker[],
    private readonly plain: boolean,
  ) {}

  /** Undefined where rows of this layout can never go this way. */
  static of(shape: RowShape, cells: readonly Cell[], values: readonly ValueMasker[], finder: Finder): ManyRows | undefined {
    const { quick } = finder.masks;
    const anchors = quick?.anchors instanceof Anchors ? quick.anchors : undefined;
    if (!cells.every((cell, i) => mayGo(cell, values[i]!, finder, anchors !== undefined))) return undefined;
    const module = RowModule.of(anchors, shape, cells.length, finder.looksFor('national_id'));
    return module && new ManyRows(module, shape, cells, values, anchors !== undefined);
  }

  /** Shall the next row go this way? */
  ready(): boolean {
    if (this.resting === 0) return true;
    this.resting--;
    return false;
  }

  /** Masks rows of buf[start, end) from the first on; undefined where columns are not yet known well enough. */
  run(buf: Buffer, start: number, end: number, message_bytes_max: number, out: ByteSink): RowRun | undefined {
    const { module, cells } = this;
    this.learn();
    if (!this.usable || !module.begin(this.columns, message_bytes_max)) {
      this.resting = REST_ROWS_MIN;
      return undefined;
    }
    const run = module.run(buf, start, end, out);
    const { fired } = module;
    for (let i = 0; i < cells.length; i++) {
      if (fired[i] === 0) continue;
      const cell = cells[i]!;
      if (cell.cover !== undefined) cell.count(cell.cover.name, COLUMN_KIND, fired[i]!);
      else cell.masked(fired[i]!);
      fired[i] = 0;
    }
    if (run.rows >= FEW_ROWS) {
      this.misses = 0;
      this.rest = REST_ROWS_MIN;
    } else if (run.stuck && ++this.misses >= MISSES_MAX) {
      this.misses = 0;
      this.resting = this.rest;
      this.rest = Math.min(REST_ROWS_MAX, 2 * this.rest);
    }
    return run;
  }

  /** Nothing of the buffer is used any more. */
  release(): void {
    this.module.release();
  }

  /** Makes the columns anew when the usual form of one changed. */
  private learn(): void {
    const { cells, usual } = this;
    if (usual !== undefined && cells.every((cell, i) => cell.usual === usual[i])) return;
    this.usual = cells.map((cell) => cell.usual);
    const columns = cells.map((cell, i) => columnOf(cell, this.values[i]!, this.plain));
    this.usable = columns.every((column) => column?.constant === undefined || this.fits(column.constant)) && !columns.includes(undefined);
    if (this.usable) this.columns = columns as RowColumn[];
  }

  /** What stands in place of values needs no quotes and no escape, and is not NULL. */
  private fits(constant: Uint8Array): boolean {
    const { kind, delimiter, null_text } = this.shape;
    return kind === at.R_CELLS || !(constant.includes(delimiter) || constant.includes(0x22) || Buffer.compare(null_text, constant) === 0);
  }
}

const isText = (values: ValueMasker): boolean => values === textValue || values === paddedTextValue || values === unknownCopyText;

/** May the column ever have a way? */
function mayGo(cell: Cell, values: ValueMasker, finder: Finder, plain: boolean): boolean {
  if (cell.cover !== undefined) return isText(values) && constantOf(cell.cover.masker, COLUMN_KIND) !== undefined;
  return finder.empty || values.looks(cell) === 'never' || isText(values) || columnOf(cell, values, plain) !== undefined;
}

function columnOf(cell: Cell, values: ValueMasker, plain: boolean): RowColumn | undefined {
  const { cover, usual, finder } = cell;
  if (cover !== undefined) return { way: at.W_COVER, constant: constantOf(cover.masker, COLUMN_KIND) };
  if (finder.empty) return { way: at.W_SKIP, constant: undefined };
  const looks = values.looks(cell);
  if (looks === 'never') return { way: at.W_SKIP, constant: undefined };
  if (usual !== undefined && isText(values)) {
    const way = WAYS[usual.kind];
    if (way === undefined) return undefined;
    if (usual.masker.as === 'partial') return { way, constant: undefined };
    const constant = constantOf(usual.masker, usual.kind);
    return constant && { way, constant };
  }
  if (looks === 'plain' && !cell.sensitive) return plain ? { way: at.W_PLAIN, constant: undefined } : undefined;
  const bytes = values.emptyBytes?.(cell);
  if (bytes !== undefined) return { way: at.W_FIXED, constant: undefined, bytes };
  if (values.short8 === undefined || cell.sensitive || finder.shortNumbers) return undefined;
  return { way: SHORT_WAYS[values.short8], constant: undefined };
}

const SHORT_WAYS = { integer: at.W_INT8, float: at.W_FLOAT8, 'float in text': at.W_FLOAT8_TEXT };

/** What the masker gives for every value of the kind, whatever the value; undefined where that depends on it. */
function constantOf(masker: Masker, kind: string): Uint8Array | undefined {
  const depends = masker.as === 'partial' ? kind !== COLUMN_KIND : masker.as !== 'redact' && masker.as !== 'fixed';
  return depends ? undefined : masker.mask(kind, nothing, 0, 0);
}
