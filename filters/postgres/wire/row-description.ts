import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

export interface ColumnDescription {
  /** raw bytes in the client's encoding; see displayText */
  name: Buffer;
  /** 0 when the column is not a table's own */
  table_oid: number;
  /** column number in that table; 0 when it is not a table's own, negative for system columns */
  attribute: number;
  type_oid: number;
  /** bytes; negative for variable width */
  type_size: number;
  type_modifier: number;
  /**
   * 0 text, 1 binary; 0 too where it is not known yet (after Describe of a statement). Anything else is what a Bind asked for:
   * servers give it back, and answer Execute with 22023.
   */
  format: number;
}

export interface RowDescription {
  columns: ColumnDescription[];
}

/** A column takes its name's terminator and 18 bytes at least. */
const COLUMN_BYTES_MIN = 19;

export function decodeRowDescription(buf: Buffer, body: number, end: number): RowDescription {
  const r = new BodyReader('RowDescription', buf, body, end);
  const count = r.count16('columns', COLUMN_BYTES_MIN);
  const columns: ColumnDescription[] = [];
  for (let i = 0; i < count; i++) {
    const name = r.string('name');
    const table_oid = r.uint32('table_oid');
    const attribute = r.int16('attribute');
    const type_oid = r.uint32('type_oid');
    const type_size = r.int16('type_size');
    const type_modifier = r.int32('type_modifier');
    const format = r.int16('format');
    columns.push({ name, table_oid, attribute, type_oid, type_size, type_modifier, format });
  }
  r.done();
  return { columns };
}

export function encodeRowDescription({ columns }: RowDescription): Buffer {
  let bytes = 2;
  for (const column of columns) bytes += COLUMN_BYTES_MIN + column.name.length;
  const w = new MessageWriter(backend.RowDescription, bytes).count16('columns', columns.length);
  for (const c of columns)
    w.string('name', c.name)
      .int32(c.table_oid)
      .int16(c.attribute)
      .int32(c.type_oid)
      .int16(c.type_size)
      .int32(c.type_modifier)
      .int16(c.format);
  return w.finish();
}
