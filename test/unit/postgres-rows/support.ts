import type { MaskAs } from '../../../filters/mask/types.js';
import { ByteSink } from '../../../filters/postgres/rows/byte-sink.js';
import type { CopyOutMasker } from '../../../filters/postgres/rows/copy-out.js';
import type { CatalogueView, ColumnOrigin, Relation } from '../../../filters/postgres/rows/origin.js';
import { buildMaskSet, buildRowPlan, type ColumnLayout, type MaskSet, type RowPlan } from '../../../filters/postgres/rows/plan.js';
import { matches } from '../../../filters/postgres/rows/rule-match.js';
import type { TypeEntry, TypesBy } from '../../../filters/postgres/rows/types.js';
import type { OutputColumn } from '../../../filters/sql/facts.js';

export const key = Buffer.alloc(32, 7);
export const EMAIL = 'jane.doe@example.com';
export const CARD = '4111 1111 1111 1111';

/** Detector rules by kind, column rules by pattern (a name with dots), in the order given. */
export function masksOf(...rules: [string | string[], MaskAs][]): MaskSet {
  return buildMaskSet(
    rules.map(([what, as], i) => {
      const all = [what].flat();
      const columns = all.filter((one) => one.includes('.'));
      return { name: `rule${i + 1}`, detect: columns.length > 0 ? [] : all, columns, as };
    }),
    { key },
  );
}

export const column = (name: string, type_oid = 25, format = 0, table_oid = 0, attribute = 0): ColumnLayout => ({
  name,
  table_oid,
  attribute,
  type_oid,
  type_modifier: -1,
  format,
});

/** A plan whose columns come from hr.people, under their own names. */
export function planOf(masks: MaskSet, ...layout: ColumnLayout[]): RowPlan {
  return planBy('exact', masks, ...layout);
}

export function planBy(by: TypesBy, masks: MaskSet, ...layout: ColumnLayout[]): RowPlan {
  const origins: ColumnOrigin[] = layout.map(({ name }) => ({ sources: [{ schema: 'hr', table: 'people', column: name }] }));
  return buildRowPlan(layout, origins, masks, undefined, by);
}

export type CellValue = string | Buffer | null;

/** The messages that leave in place of one CopyData; undefined when it may pass. */
export function pushCopy(masker: CopyOutMasker, message: Buffer): Buffer[] | undefined {
  const out = new ByteSink();
  if (!masker.push(message, 5, message.length, out)) return undefined;
  return out.length === 0 ? [] : [out.take()];
}

export function endCopy(masker: CopyOutMasker): Buffer[] {
  const out = new ByteSink();
  masker.end(out);
  return out.length === 0 ? [] : [out.take()];
}

/** A DataRow message. */
export function dataRow(...cells: CellValue[]): Buffer {
  const parts = [Buffer.from([0x44, 0, 0, 0, 0, cells.length >> 8, cells.length & 255])];
  for (const cell of cells) {
    const length = Buffer.alloc(4);
    const bytes = cell === null ? undefined : Buffer.from(cell as Buffer);
    length.writeInt32BE(bytes === undefined ? -1 : bytes.length);
    parts.push(length);
    if (bytes !== undefined) parts.push(bytes);
  }
  const message = Buffer.concat(parts);
  message.writeInt32BE(message.length - 1, 1);
  return message;
}

/** The cells of one DataRow message; throws when its lengths do not fit. */
export function cellsOf(message: Buffer): (Buffer | null)[] {
  if (message[0] !== 0x44 || message.readInt32BE(1) !== message.length - 1) throw new Error('not one DataRow');
  const cells: (Buffer | null)[] = [];
  let at = 7;
  for (let i = 0; i < message.readUInt16BE(5); i++) {
    const length = message.readInt32BE(at);
    at += 4;
    if (length === -1) cells.push(null);
    else {
      if (length < 0 || at + length > message.length) throw new Error('a cell is longer than its message');
      cells.push(message.subarray(at, at + length));
      at += length;
    }
  }
  if (at !== message.length) throw new Error('bytes behind the last cell');
  return cells;
}

export const textOf = (message: Buffer): (string | null)[] => cellsOf(message).map((cell) => cell?.toString('utf8') ?? null);

/** A CopyData message. */
export function copyData(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body as Buffer);
  const message = Buffer.concat([Buffer.from([0x64, 0, 0, 0, 0]), bytes]);
  message.writeInt32BE(bytes.length + 4, 1);
  return message;
}

export function message(type: string, body: Buffer): Buffer {
  const head = Buffer.from([type.charCodeAt(0), 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** One output of a statement. */
export const output = (name: string, rest: Partial<OutputColumn> = {}): OutputColumn => ({
  name,
  sources: [],
  star: [],
  direct: false,
  whole_rows: [],
  ...rest,
});

/** A catalogue from plain tables: `schema.name: columns`. OIDs count from 20000. What is not in it is unknown, or not looked up where `asked` is false. */
export function catalogueOf(
  tables: Record<string, string[]>,
  types: TypeEntry[] = [],
  asked = true,
  type = 25,
): CatalogueView & { oid(table: string): number } {
  const relations: Relation[] = Object.entries(tables).map(([full, columns], i) => {
    const [schema, name] = full.split('.') as [string, string];
    return {
      oid: 20_000 + i,
      schema,
      name,
      kind: 'r',
      columns: columns.map((one, n) => ({
        attribute: n + 1,
        name: one,
        type,
        generated: false,
        sources: [{ schema, table: name, column: one }],
      })),
    };
  });
  const missing = asked ? 'unknown' : undefined;
  return {
    relation: (oid) => relations.find((one) => one.oid === oid) ?? missing,
    byName: (schema, name) => {
      const found = relations.filter((one) => one.name === name && (schema === '' || one.schema === schema));
      return found.length === 0 && !asked ? undefined : found;
    },
    type: (oid) => types.find((one) => one.oid === oid) ?? missing,
    functionByOid: () => missing,
    covers: (pattern) =>
      asked
        ? relations.some((one) => one.columns.some((c) => matches(pattern, { schema: one.schema, table: one.name, column: c.name })))
        : undefined,
    oid: (table) => relations.find((one) => `${one.schema}.${one.name}` === table)!.oid,
  };
}
