import type { ByteSink } from '../byte-sink.js';
import { type Cell, COLUMN_KIND, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import type { Finder } from '../finder.js';

/**
 * never: detectors have nothing to find in it.
 * plain: what detectors could find stands in the raw bytes, so one quick look may cover many cells.
 * always: escaped, encoded or binary; each value is looked at by itself.
 */
export type Looks = 'never' | 'plain' | 'always';

/** Reads and masks the values of one type in one format. Values come and go without their length. */
export interface ValueMasker {
  /** a number of eight bytes, in which nothing is found while its first bytes tell that it is short, where short numbers are not read */
  short8?: 'integer' | 'float' | 'float in text' | undefined;
  /** bytes of a value in which nothing is found in this column; undefined where that depends on more than its length */
  emptyBytes?(cell: Cell): number | undefined;
  looks(cell: Cell): Looks;
  /** Masks what detectors find in buf[start, end); the sink gets the whole new value. */
  detect(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink): Outcome;
  /** Masks the whole value, valid for its type; NULLED where there is no such form. */
  cover(cell: Cell, cover: Cover, buf: Buffer, start: number, end: number, out: ByteSink): Outcome;
}

/** Ranges of a written value, in pairs from its start on, that a masker gave in the form of a value: they are not to be masked again. */
export interface Kept {
  /** of what is read */
  before: readonly number[];
  /** of what is written */
  now: number[];
}

/** Writes buf[start, end) with the finder's hits masked. Kinds are counted by the caller. */
export function writeHits(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink, kept?: Kept): Outcome {
  const { finder } = cell;
  const mark = out.length;
  let at = start;
  for (let i = 0; i < finder.count; i++) {
    const from = finder.starts[i]!;
    const to = finder.ends[i]!;
    if (kept !== undefined) moveKept(kept, at - start, from - start, out.length - mark);
    out.copy(buf, at, from);
    const { masker } = finder.ruleOf(i);
    const begins = out.length;
    if (!masker.into(finder.kinds[i]!, buf, from, to, out)) {
      out.truncate(mark);
      return NULLED;
    }
    if (kept !== undefined && masker.as !== 'redact') kept.now.push(begins - mark, out.length - mark);
    at = to;
  }
  if (kept !== undefined) moveKept(kept, at - start, end - start, out.length - mark);
  out.copy(buf, at, end);
  return WRITTEN;
}

/** What was kept of [from, to) is kept where that is written now. */
function moveKept({ before, now }: Kept, from: number, to: number, at: number): void {
  for (let k = 0; k < before.length; k += 2)
    if (before[k]! >= from && before[k + 1]! <= to) now.push(before[k]! - from + at, before[k + 1]! - from + at);
}

/** The detectors over buf[start, end) as text. */
export function detectText(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  const usual = cell.maskUsual(buf, start, end, out);
  if (usual !== undefined) return usual;
  const { finder } = cell;
  if (!cell.sensitive && !cell.hot && !finder.mayHold(buf, start, end)) return KEEP;
  if (finder.find(buf, start, end, cell.context) === 0) {
    cell.cool();
    return KEEP;
  }
  cell.warm();
  cell.countHits();
  const whole = finder.count === 1 && finder.starts[0] === start && finder.ends[0] === end;
  if (whole) cell.foundWhole();
  const mark = out.length;
  const kept = whole || !takesForm(finder) ? undefined : { before: [], now: [] };
  const outcome = writeHits(cell, buf, start, end, out, kept);
  return kept === undefined || outcome !== WRITTEN ? outcome : searchAgain(cell, mark, out, kept.now);
}

/** Was something redacted? */
function takesForm(finder: Finder): boolean {
  for (let i = 0; i < finder.count; i++) if (finder.ruleOf(i).as === 'redact') return true;
  return false;
}

/** A text is masked again at most so often. */
const ROUNDS_MAX = 3;

/**
 * What was redacted may have hidden its neighbour (digits that ran into it, a word that spoke against it), so the result is
 * searched again. What other maskers gave has the form of a value and is left as it is (rewritten.ts says the same of streams).
 */
function searchAgain(cell: Cell, mark: number, out: ByteSink, kept: number[]): Outcome {
  const { finder } = cell;
  let before = kept;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const written = out.take(mark);
    finder.find(written, 0, written.length, cell.context);
    finder.leaveOut(before);
    if (finder.count === 0) return WRITTEN;
    cell.countHits();
    out.truncate(mark);
    const now: number[] = [];
    if (writeHits(cell, written, 0, written.length, out, { before, now }) === NULLED) return NULLED;
    if (!takesForm(finder)) return WRITTEN;
    before = now;
  }
  return WRITTEN;
}

/** The masker's own output for the whole of buf[start, end). */
export function coverText(cover: Cover, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  return cover.masker.into(cover.kind, buf, start, end, out) ? WRITTEN : NULLED;
}

/** What a column rule asks for. */
export const coverOf = (cell: Cell): Cover => ({ as: cell.cover!.as, masker: cell.cover!.masker, kind: COLUMN_KIND });
