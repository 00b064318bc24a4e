import { decodeDataRow } from '../postgres/wire/data-row.js';
import { decodeRowDescription } from '../postgres/wire/row-description.js';
import { backend } from '../postgres/wire/types.js';

/** What a response's recorded backend messages show: tables, as people read them. */
export interface RecordedRows {
  /** column names by RowDescription; empty when the recording begins behind it */
  columns: string[];
  /** cells as text, binary ones as \x hex; null is NULL */
  rows: (string | null)[][];
}

interface Layout {
  names: string[];
  /** per column: whether its bytes are text; undefined when nothing says */
  textual: boolean[];
}

// Types whose binary form is their text: bytea is not one of them.
const TEXTUAL_OIDS = new Set([18, 19, 25, 114, 142, 705, 1042, 1043]);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Text where the bytes are text, hex otherwise. `known`: what the layout says, if there is one. */
function cell(bytes: Buffer | null, known: boolean | undefined): string | null {
  if (bytes === null) return null;
  if (known === true) return bytes.toString('utf8');
  if (known === undefined) {
    try {
      const text = utf8.decode(bytes);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: a number in binary form is full of them
      if (!/[\u0000-\u0008\u000e-\u001f]/.test(text)) return text;
    } catch {
      // Not text.
    }
  }
  return `\\x${bytes.toString('hex')}`;
}

/**
 * Decodes the messages of `wire` (base64) as far as they are whole. `columns` are the names that the event gives, for rows without a RowDescription.
 * Never throws: what does not decode ends the result (`cut`).
 */
export function recordedRows(wire: string, columns: readonly string[] = []): { results: RecordedRows[]; cut: boolean } {
  const buf = Buffer.from(wire, 'base64');
  const results: RecordedRows[] = [];
  let layout: Layout | undefined;
  let current: RecordedRows | undefined;
  const result = (): RecordedRows => {
    if (current === undefined) {
      current = { columns: layout?.names ?? [...columns], rows: [] };
      results.push(current);
    }
    return current;
  };
  let at = 0;
  while (at + 5 <= buf.length) {
    const end = at + 1 + buf.readInt32BE(at + 1);
    if (end < at + 5 || end > buf.length) break;
    try {
      switch (buf[at]) {
        case backend.RowDescription: {
          const described = decodeRowDescription(buf, at + 5, end).columns;
          layout = {
            names: described.map(({ name }) => name.toString('utf8')),
            textual: described.map(({ format, type_oid }) => format === 0 || TEXTUAL_OIDS.has(type_oid)),
          };
          current = undefined;
          break;
        }
        case backend.DataRow:
          result().rows.push(decodeDataRow(buf, at + 5, end).values.map((bytes, i) => cell(bytes, layout?.textual[i])));
          break;
        case backend.CopyData:
          result().rows.push([cell(buf.subarray(at + 5, end), undefined)]);
          break;
        case backend.CommandComplete:
          // A layout without rows is a result too.
          if (layout !== undefined) result();
          current = undefined;
          layout = undefined;
          break;
      }
    } catch {
      break;
    }
    at = end;
  }
  return { results, cut: at < buf.length };
}
