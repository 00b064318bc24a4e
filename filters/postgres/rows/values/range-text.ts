import { ByteSink } from '../byte-sink.js';
import { type Cell, KEEP, NULLED, WRITTEN } from '../cell.js';
import { recordText } from './record-text.js';
import { detectText, type Looks, type ValueMasker } from './value.js';

const looksOf = (bound: ValueMasker, cell: Cell): Looks => (bound.looks(cell) === 'never' ? 'never' : 'always');

/** Detectors over the bounds of `[a,b)`: its quoting is that of composites, so it is read as one of two fields. */
function found(bound: ValueMasker, cell: Cell, buf: Buffer, start: number, end: number): boolean {
  const record = Buffer.from(buf.subarray(start, end));
  if (record.length < 2) return false;
  record[0] = 0x28;
  record[record.length - 1] = 0x29;
  const scratch = new ByteSink(record.length + 64);
  return recordText([bound, bound], bound).detect(cell, record, 0, record.length, scratch) !== KEEP;
}

/** Ranges in text; a masked one is `empty`, which is valid for every range. */
export function rangeText(bound: ValueMasker): ValueMasker {
  return {
    looks: (cell) => looksOf(bound, cell),
    detect: (cell, buf, start, end, out) => {
      if (buf[start] === 0x65 || !found(bound, cell, buf, start, end)) return KEEP;
      out.ascii('empty');
      return WRITTEN;
    },
    cover: (_cell, cover, _buf, _start, _end, out) => {
      if (cover.as === 'null') return NULLED;
      out.ascii('empty');
      return WRITTEN;
    },
  };
}

/** Multiranges in text, `{[a,b),[c,d)}`; a masked one is `{}`. */
export function multirangeText(range: ValueMasker): ValueMasker {
  return {
    looks: (cell) => looksOf(range, cell),
    detect: (cell, buf, start, end, out) => {
      const mark = out.length;
      const outcome = detectText(cell, buf, start, end, out);
      out.truncate(mark);
      if (outcome === KEEP) return KEEP;
      out.ascii('{}');
      return WRITTEN;
    },
    cover: (_cell, cover, _buf, _start, _end, out) => {
      if (cover.as === 'null') return NULLED;
      out.ascii('{}');
      return WRITTEN;
    },
  };
}

/** bit and varbit: no detector reads them; covered they are zeros of the same length. */
export function bitValue(format: 0 | 1): ValueMasker {
  return {
    looks: () => 'never',
    detect: () => KEEP,
    cover: (_cell, cover, buf, start, end, out) => {
      if (cover.as === 'null') return NULLED;
      if (format === 1 && end - start < 4) return NULLED;
      const from = format === 1 ? start + 4 : start;
      out.copy(buf, start, from);
      for (let at = from; at < end; at++) out.byte(format === 1 ? 0 : 0x30);
      return WRITTEN;
    },
  };
}
