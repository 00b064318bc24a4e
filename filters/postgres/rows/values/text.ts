import { type Cell, KEEP, NULLED, type Outcome } from '../cell.js';
import { coverText, detectText, type ValueMasker } from './value.js';

/** text, varchar, name, citext, xml, unknown: the same bytes in both formats. */
export const textValue: ValueMasker = {
  looks: () => 'plain',
  detect: detectText,
  cover: (_cell, cover, buf, start, end, out) => coverText(cover, buf, start, end, out),
};

/** char(n) comes padded with blanks; what is kept of a value must not be the blanks. */
export const paddedTextValue: ValueMasker = {
  looks: () => 'plain',
  detect: detectText,
  cover: (_cell, cover, buf, start, end, out) => {
    let stop = end;
    while (stop > start && buf[stop - 1] === 0x20) stop--;
    return coverText(cover, buf, start, stop, out);
  },
};

function detectOrNull(cell: Cell, buf: Buffer, start: number, end: number): Outcome {
  const { finder } = cell;
  if (!cell.sensitive && !finder.mayHold(buf, start, end)) return KEEP;
  if (finder.find(buf, start, end, cell.context) === 0) return KEEP;
  cell.countHits();
  return NULLED;
}

/** Text that only certain words may be, or that has a grammar of its own (enum, tsvector): masked it is NULL. */
export const nullableText: ValueMasker = {
  looks: () => 'plain',
  detect: detectOrNull,
  cover: () => NULLED,
};

/** Values that hold no text and have no masked form. */
export const neverText: ValueMasker = {
  looks: () => 'never',
  detect: () => KEEP,
  cover: () => NULLED,
};
