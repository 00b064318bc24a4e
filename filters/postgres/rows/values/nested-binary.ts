import type { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import { DEPTH_MAX } from './array-text.js';
import { opaqueBinary } from './bytes.js';
import type { ValueMasker } from './value.js';

/** Gives the masker of a type in binary, by OID. */
export type ByOid = (oid: number) => ValueMasker;

const DIMENSIONS_MAX = 6;

/** Masks one value with its length before it; false when the lengths do not fit. Counts what became NULL in `state`. */
class Elements {
  changed = false;
  nulled = false;

  constructor(
    private readonly cell: Cell,
    private readonly cover: Cover | undefined,
    private readonly buf: Buffer,
    public at: number,
    private readonly end: number,
    private readonly out: ByteSink,
  ) {}

  next(masker: ValueMasker): boolean {
    const { buf, end, out } = this;
    if (this.at + 4 > end) return false;
    const length = buf.readInt32BE(this.at);
    const start = this.at + 4;
    if (length < -1 || length > end - start) return false;
    const stop = length < 0 ? start : start + length;
    const from = this.at;
    this.at = stop;
    if (length < 0) {
      out.copy(buf, from, stop);
      return true;
    }
    const mark = out.length;
    out.int32(0);
    const outcome =
      this.cover === undefined
        ? masker.detect(this.cell, buf, start, stop, out)
        : masker.cover(this.cell, this.cover, buf, start, stop, out);
    if (outcome === WRITTEN) out.setInt32(mark, out.length - mark - 4);
    else {
      out.truncate(mark);
      if (outcome === NULLED) out.int32(-1);
      else out.copy(buf, from, stop);
    }
    if (outcome !== KEEP) this.changed = true;
    if (outcome === NULLED) this.nulled = true;
    return true;
  }
}

export type Walk = (cell: Cell, cover: Cover | undefined, buf: Buffer, start: number, end: number, out: ByteSink) => Outcome | undefined;

/** Bounds nesting, and falls back to the opaque reading where the bytes are not what their type says. */
export function guarded(walk: Walk): ValueMasker {
  return {
    looks: () => 'always',
    detect: (cell, buf, start, end, out) => {
      const mark = out.length;
      if (cell.depth >= DEPTH_MAX) return opaqueBinary.detect(cell, buf, start, end, out);
      cell.depth++;
      const outcome = walk(cell, undefined, buf, start, end, out);
      cell.depth--;
      if (outcome !== WRITTEN) out.truncate(mark);
      return outcome ?? opaqueBinary.detect(cell, buf, start, end, out);
    },
    cover: (cell, cover, buf, start, end, out) => {
      const mark = out.length;
      if (cover.as === 'null' || cell.depth >= DEPTH_MAX) return NULLED;
      cell.depth++;
      const outcome = walk(cell, cover, buf, start, end, out);
      cell.depth--;
      if (outcome === WRITTEN) return WRITTEN;
      out.truncate(mark);
      return NULLED;
    },
  };
}

/** Array in binary (array_send): dimensions, flag of NULLs, element type, bounds, elements with their lengths. */
export function arrayBinary(byOid: ByOid): ValueMasker {
  return guarded((cell, cover, buf, start, end, out) => {
    if (end - start < 12) return undefined;
    const dimensions = buf.readInt32BE(start);
    if (dimensions < 0 || dimensions > DIMENSIONS_MAX) return undefined;
    const first = start + 12 + 8 * dimensions;
    if (first > end) return undefined;
    let count = dimensions === 0 ? 0 : 1;
    for (let d = 0; d < dimensions; d++) count *= buf.readInt32BE(start + 12 + 8 * d);
    if (count < 0 || count > (end - first) / 4) return undefined;
    const masker = byOid(buf.readUInt32BE(start + 8));
    if (cover === undefined && masker.looks(cell) === 'never') return KEEP;
    const mark = out.length;
    out.copy(buf, start, first);
    const elements = new Elements(cell, cover, buf, first, end, out);
    for (let i = 0; i < count; i++) if (!elements.next(masker)) return undefined;
    if (elements.at !== end) return undefined;
    if (elements.nulled) out.setInt32(mark + 4, 1);
    return elements.changed || cover !== undefined ? WRITTEN : KEEP;
  });
}

/** Composite in binary (record_send): count, then type, length and bytes of each field. */
export function recordBinary(byOid: ByOid): ValueMasker {
  return guarded((cell, cover, buf, start, end, out) => {
    if (end - start < 4) return undefined;
    const count = buf.readInt32BE(start);
    if (count < 0 || count > (end - start - 4) / 8) return undefined;
    out.copy(buf, start, start + 4);
    const fields = new Elements(cell, cover, buf, start + 4, end, out);
    for (let i = 0; i < count; i++) {
      if (fields.at + 4 > end) return undefined;
      const oid = buf.readUInt32BE(fields.at);
      out.int32(oid);
      fields.at += 4;
      if (!fields.next(byOid(oid))) return undefined;
    }
    if (fields.at !== end) return undefined;
    return fields.changed || cover !== undefined ? WRITTEN : KEEP;
  });
}

const RANGE_EMPTY = 0x01;
const RANGE_LOWER_INFINITE = 0x08;
const RANGE_UPPER_INFINITE = 0x10;

/** Range in binary (range_send): flags, then the bounds that there are. A masked range is the empty one. */
export function rangeBinary(bound: ValueMasker): ValueMasker {
  return {
    looks: (cell) => (bound.looks(cell) === 'never' ? 'never' : 'always'),
    ...pick(
      guarded((cell, cover, buf, start, end, out) => {
        if (end === start) return undefined;
        const flags = buf[start]!;
        if (cover === undefined) {
          const bounds = new Elements(cell, undefined, buf, start + 1, end, out);
          const count = flags & RANGE_EMPTY ? 0 : (flags & RANGE_LOWER_INFINITE ? 0 : 1) + (flags & RANGE_UPPER_INFINITE ? 0 : 1);
          const mark = out.length;
          for (let i = 0; i < count; i++) if (!bounds.next(bound)) return undefined;
          out.truncate(mark);
          if (!bounds.changed) return KEEP;
        }
        out.byte(RANGE_EMPTY);
        return WRITTEN;
      }),
    ),
  };
}

/** Multirange in binary (multirange_send): count, then ranges with their lengths. A masked one has none. */
export function multirangeBinary(range: ValueMasker): ValueMasker {
  return {
    looks: (cell) => range.looks(cell),
    ...pick(
      guarded((cell, cover, buf, start, end, out) => {
        if (end - start < 4) return undefined;
        const count = buf.readInt32BE(start);
        if (count < 0 || count > (end - start - 4) / 4) return undefined;
        if (cover === undefined) {
          const ranges = new Elements(cell, undefined, buf, start + 4, end, out);
          const mark = out.length;
          for (let i = 0; i < count; i++) if (!ranges.next(range)) return undefined;
          out.truncate(mark);
          if (!ranges.changed) return KEEP;
        }
        out.int32(0);
        return WRITTEN;
      }),
    ),
  };
}

const pick = (masker: ValueMasker): Pick<ValueMasker, 'detect' | 'cover'> => ({ detect: masker.detect, cover: masker.cover });
