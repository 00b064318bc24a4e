import { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import { hasBackslash } from './json.js';
import { detectText, type ValueMasker } from './value.js';

/** Arrays in arrays, composites in arrays: deeper than this is read as plain text. */
export const DEPTH_MAX = 16;

/** Array text (`{a,"b c",NULL}`, "Array Input and Output Syntax"); elements are masked one by one and stay quoted. */
export function arrayText(element: ValueMasker, delimiter: number): ValueMasker {
  const walk = (cell: Cell, cover: Cover | undefined, buf: Buffer, start: number, end: number, out: ByteSink): Outcome => {
    const mark = out.length;
    let at = start;
    let copied = start;
    // Bounds that are not the usual ones come first: [0:2]={…}
    if (buf[at] === 0x5b) {
      while (at < end && buf[at] !== 0x3d) at++;
      at++;
    }
    if (buf[at] !== 0x7b) return unreadable(cell, cover, buf, start, end, out);
    const item = new ByteSink(256);
    while (at < end) {
      const byte = buf[at]!;
      if (byte === 0x7b || byte === 0x7d || byte === delimiter) {
        at++;
        continue;
      }
      const stop = elementEnd(buf, at, end, delimiter);
      const value = elementValue(buf, at, stop);
      if (value !== undefined) {
        item.reset();
        const outcome =
          cover === undefined
            ? element.detect(cell, value, 0, value.length, item)
            : element.cover(cell, cover, value, 0, value.length, item);
        if (outcome !== KEEP) {
          out.copy(buf, copied, at);
          if (outcome === NULLED) out.ascii('NULL');
          else writeQuoted(item, out);
          copied = stop;
        }
      }
      at = stop;
    }
    if (copied === start) return cover === undefined ? KEEP : whole(buf, start, end, out);
    if (out.length === mark) return KEEP;
    out.copy(buf, copied, end);
    return WRITTEN;
  };
  const looks: ValueMasker['looks'] = (cell) => (element.looks(cell) === 'never' ? 'never' : 'always');
  return {
    looks,
    detect: (cell, buf, start, end, out) => {
      if (element.looks(cell) === 'plain' && !cell.sensitive && !cell.finder.mayHold(buf, start, end) && !hasBackslash(buf, start, end))
        return KEEP;
      if (cell.depth >= DEPTH_MAX) return detectText(cell, buf, start, end, out) === KEEP ? KEEP : NULLED;
      cell.depth++;
      const outcome = walk(cell, undefined, buf, start, end, out);
      cell.depth--;
      return outcome;
    },
    cover: (cell, cover, buf, start, end, out) => {
      if (cover.as === 'null' || cell.depth >= DEPTH_MAX) return NULLED;
      cell.depth++;
      const outcome = walk(cell, cover, buf, start, end, out);
      cell.depth--;
      return outcome;
    },
  };
}

/** Nothing but NULLs and braces: it may go as it is. */
function whole(buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  out.copy(buf, start, end);
  return WRITTEN;
}

/** Not the text of an array: NULL if anything is found in it. */
function unreadable(cell: Cell, cover: Cover | undefined, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  if (cover !== undefined) return NULLED;
  const mark = out.length;
  const outcome = detectText(cell, buf, start, end, out);
  out.truncate(mark);
  return outcome === KEEP ? KEEP : NULLED;
}

function elementEnd(buf: Buffer, start: number, end: number, delimiter: number): number {
  let at = start;
  if (buf[at] === 0x22) {
    at++;
    while (at < end && buf[at] !== 0x22) at += buf[at] === 0x5c ? 2 : 1;
    return Math.min(at + 1, end);
  }
  while (at < end && buf[at] !== delimiter && buf[at] !== 0x7d && buf[at] !== 0x7b) at += buf[at] === 0x5c ? 2 : 1;
  return Math.min(at, end);
}

/** The element's own text; undefined for NULL. */
function elementValue(buf: Buffer, start: number, end: number): Buffer | undefined {
  const quoted = buf[start] === 0x22;
  if (!quoted && end - start === 4 && buf.toString('latin1', start, end).toUpperCase() === 'NULL') return undefined;
  const from = quoted ? start + 1 : start;
  const to = quoted && end > from && buf[end - 1] === 0x22 ? end - 1 : end;
  return hasBackslash(buf, from, to) ? unescaped(buf, from, to) : buf.subarray(from, to);
}

function unescaped(buf: Buffer, start: number, end: number): Buffer {
  const out = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    if (buf[at] === 0x5c && at + 1 < end) at++;
    out[length++] = buf[at]!;
  }
  return out.subarray(0, length);
}

/** Always quoted, with backslashes: right for every content, in arrays and in composites. */
export function writeQuoted(item: ByteSink, out: ByteSink): void {
  out.byte(0x22);
  for (let i = 0; i < item.length; i++) {
    const byte = item.buf[i]!;
    if (byte === 0x22 || byte === 0x5c) out.byte(0x5c);
    out.byte(byte);
  }
  out.byte(0x22);
}
