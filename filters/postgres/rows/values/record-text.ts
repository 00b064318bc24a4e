import { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import { DEPTH_MAX, writeQuoted } from './array-text.js';
import { detectText, type ValueMasker } from './value.js';

/**
 * Composite text (`(a,"b ""c""",)`, "Composite Type Input and Output Syntax"). `fields` are the attributes' maskers in order;
 * undefined where they are not known: then all are read as text, and a column rule gives NULL.
 */
export function recordText(fields: readonly ValueMasker[] | undefined, fallback: ValueMasker): ValueMasker {
  const walk = (cell: Cell, cover: Cover | undefined, buf: Buffer, start: number, end: number, out: ByteSink): Outcome => {
    if (buf[start] !== 0x28 || buf[end - 1] !== 0x29) return cover === undefined ? unreadable(cell, buf, start, end, out) : NULLED;
    const item = new ByteSink(256);
    let at = start + 1;
    let copied = start;
    let changed = false;
    for (let index = 0; at <= end - 1; index++) {
      const stop = fieldEnd(buf, at, end - 1);
      // An empty field without quotes is NULL.
      if (stop > at) {
        const value = fieldValue(buf, at, stop);
        const field = fields?.[index] ?? fallback;
        item.reset();
        const outcome =
          cover === undefined ? field.detect(cell, value, 0, value.length, item) : field.cover(cell, cover, value, 0, value.length, item);
        if (outcome !== KEEP) {
          changed = true;
          out.copy(buf, copied, at);
          if (outcome === WRITTEN) writeQuoted(item, out);
          copied = stop;
        }
      }
      at = stop + 1;
    }
    if (!changed && cover === undefined) return KEEP;
    out.copy(buf, copied, end);
    return WRITTEN;
  };
  return {
    looks: () => 'always',
    detect: (cell, buf, start, end, out) => {
      if (cell.depth >= DEPTH_MAX) return detectText(cell, buf, start, end, out) === KEEP ? KEEP : NULLED;
      cell.depth++;
      const outcome = walk(cell, undefined, buf, start, end, out);
      cell.depth--;
      return outcome;
    },
    cover: (cell, cover, buf, start, end, out) => {
      if (cover.as === 'null' || fields === undefined || cell.depth >= DEPTH_MAX) return NULLED;
      cell.depth++;
      const outcome = walk(cell, cover, buf, start, end, out);
      cell.depth--;
      return outcome;
    },
  };
}

function unreadable(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  const mark = out.length;
  const outcome = detectText(cell, buf, start, end, out);
  out.truncate(mark);
  return outcome === KEEP ? KEEP : NULLED;
}

/** Where the field that begins at `start` ends: a comma outside quotes, or the closing parenthesis at `end`. */
function fieldEnd(buf: Buffer, start: number, end: number): number {
  let quoted = false;
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (byte === 0x5c) at++;
    else if (byte === 0x22) quoted = !quoted;
    else if (byte === 0x2c && !quoted) return at;
  }
  return end;
}

function fieldValue(buf: Buffer, start: number, end: number): Buffer {
  const out = Buffer.allocUnsafe(end - start);
  let length = 0;
  let quoted = false;
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (byte === 0x5c && at + 1 < end) out[length++] = buf[++at]!;
    else if (byte !== 0x22) out[length++] = byte;
    else if (quoted && buf[at + 1] === 0x22 && at + 1 < end) {
      out[length++] = 0x22;
      at++;
    } else quoted = !quoted;
  }
  return out.subarray(0, length);
}
