import type { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import type { ValueMasker } from './value.js';

/**
 * Dates are looked at only where their column's name makes them suspicious (birth dates): a date by itself says nothing.
 * Masked they are 2000-01-01, Postgres' own epoch, in the form that they came in.
 */

/** The same form with the fixed date; undefined where the form is not known (then NULL). */
export function fixedDate(text: string): string | undefined {
  const iso = /^\d{4,}-\d\d-\d\d(?:([ T])\d\d:\d\d:\d\d(?:\.\d+)?([+-]\d\d(?::?\d\d){0,2})?)?(?: BC)?$/.exec(text);
  if (iso) return `2000-01-01${iso[1] === undefined ? '' : `${iso[1]}00:00:00${iso[2] ?? ''}`}`;
  // German and SQL styles: 17.03.1984, 03/17/1984, 17-03-1984.
  const other = /^\d\d([./-])\d\d([./-])\d{4,}(?: BC)?$/.exec(text);
  return other ? `01${other[1]}01${other[2]}2000` : undefined;
}

function covered(cover: Cover, text: string, out: ByteSink): Outcome {
  const fixed = cover.as === 'null' ? undefined : fixedDate(text);
  if (fixed === undefined) return NULLED;
  out.ascii(fixed);
  return WRITTEN;
}

function hit(cell: Cell, text: Buffer, start: number, end: number): Cover | undefined {
  const { finder } = cell;
  if (!cell.sensitive || finder.find(text, start, end, cell.context) === 0) return undefined;
  cell.countHits();
  return finder.strongest();
}

/** date, timestamp and timestamptz in text. */
export const dateText: ValueMasker = {
  looks: (cell) => (cell.sensitive ? 'always' : 'never'),
  detect: (cell, buf, start, end, out) => {
    const cover = hit(cell, buf, start, end);
    return cover === undefined ? KEEP : covered(cover, buf.toString('latin1', start, end), out);
  },
  cover: (_cell, cover, buf, start, end, out) => covered(cover, buf.toString('latin1', start, end), out),
};

const EPOCH_MS = Date.UTC(2000, 0, 1);
const DAY_MS = 86_400_000;

/** date is a count of days in four bytes, timestamps are microseconds in eight, both since 2000-01-01. */
function isoDay(buf: Buffer, start: number, end: number): string {
  const ms = end - start === 4 ? buf.readInt32BE(start) * DAY_MS : Number(buf.readBigInt64BE(start) / 1000n);
  const date = new Date(EPOCH_MS + ms);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10);
}

/** date, timestamp and timestamptz in binary. */
export function dateBinary(bytes: 4 | 8): ValueMasker {
  const zero = (cover: Cover, out: ByteSink): Outcome => {
    if (cover.as === 'null') return NULLED;
    for (let i = 0; i < bytes; i += 4) out.int32(0);
    return WRITTEN;
  };
  return {
    looks: (cell) => (cell.sensitive ? 'always' : 'never'),
    detect: (cell, buf, start, end, out) => {
      if (end - start !== bytes) return NULLED;
      const text = Buffer.from(isoDay(buf, start, end), 'latin1');
      const cover = hit(cell, text, 0, text.length);
      return cover === undefined ? KEEP : zero(cover, out);
    },
    cover: (_cell, cover, _buf, _start, _end, out) => zero(cover, out),
  };
}
