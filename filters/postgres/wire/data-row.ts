import { BodyReader } from './body-reader.js';
import { MessageWriter, valuesBytes } from './message-writer.js';
import { backend } from './types.js';
import { violation } from './violation.js';

export interface DataRow {
  /** views into the message; null is NULL */
  values: (Buffer | null)[];
}

export function decodeDataRow(buf: Buffer, body: number, end: number): DataRow {
  const r = new BodyReader('DataRow', buf, body, end);
  const values = r.values('values');
  r.done();
  return { values };
}

export function encodeDataRow({ values }: DataRow): Buffer {
  return new MessageWriter(backend.DataRow, valuesBytes(values)).values('values', values).finish();
}

/** Where the cells of one row lie, as offsets into its frame's buffer. Reused from row to row: no allocation for a row. */
export class RowCells {
  /** cells of the row that was read last */
  count = 0;
  /** first byte of each cell's value; the length word is the 4 bytes before it */
  starts: Int32Array = new Int32Array(32);
  /** end of each cell's value, exclusive; -1 for NULL */
  ends: Int32Array = new Int32Array(32);
}

/**
 * The hot form of decodeDataRow: fills `cells` with the same checks, by hand, without a view per cell.
 * Returns the number of cells.
 */
export function readCells(buf: Buffer, body: number, end: number, cells: RowCells): number {
  if (end - body < 2) throw violation('DataRow', 'values', '2 bytes', `${end - body} left`);
  const count = ((buf[body] as number) << 8) | (buf[body + 1] as number);
  const fits = (end - body - 2) >> 2;
  if (count > fits) throw violation('DataRow', 'values count', `0 to ${fits}`, count);
  if (count > cells.starts.length) {
    cells.starts = new Int32Array(count);
    cells.ends = new Int32Array(count);
  }
  const { starts, ends } = cells;
  let at = body + 2;
  for (let i = 0; i < count; i++) {
    if (end - at < 4) throw violation('DataRow', 'values', '4 bytes', `${end - at} left`);
    const length = ((buf[at] as number) << 24) | ((buf[at + 1] as number) << 16) | ((buf[at + 2] as number) << 8) | (buf[at + 3] as number);
    at += 4;
    starts[i] = at;
    if (length === -1) {
      ends[i] = -1;
      continue;
    }
    if (length < 0) throw violation('DataRow', 'values length', 'at least -1', length);
    if (length > end - at) throw violation('DataRow', 'values', `${length} bytes`, `${end - at} left`);
    at += length;
    ends[i] = at;
  }
  if (at !== end) throw violation('DataRow', 'trailing bytes', 0, end - at);
  cells.count = count;
  return count;
}
