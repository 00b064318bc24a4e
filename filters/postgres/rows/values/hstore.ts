import type { FindContext } from '../../../mask/types.js';
import { ByteSink } from '../byte-sink.js';
import { type Cell, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import { writeQuoted } from './array-text.js';
import { guarded } from './nested-binary.js';
import { detectText, type ValueMasker, writeHits } from './value.js';

/** hstore (contrib): a flat map of text to text or NULL. A key is the name that its value stands under. */

/** Detectors over one key or value. */
function detectPart(cell: Cell, context: FindContext | undefined, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  if (cell.finder.find(buf, start, end, context) === 0) return KEEP;
  cell.countHits();
  return writeHits(cell, buf, start, end, out);
}

export const hstoreBinary: ValueMasker = guarded((cell, cover, buf, start, end, out) => {
  if (cover !== undefined) return NULLED;
  if (end - start < 4) return undefined;
  const count = buf.readInt32BE(start);
  if (count < 0 || count > (end - start - 4) / 8) return undefined;
  out.copy(buf, start, start + 4);
  let at = start + 4;
  let changed = false;
  let context: FindContext | undefined;
  for (let i = 0; i < 2 * count; i++) {
    if (at + 4 > end) return undefined;
    const length = buf.readInt32BE(at);
    const from = at + 4;
    const isKey = i % 2 === 0;
    if (length < (isKey ? 0 : -1) || length > end - from) return undefined;
    const to = length < 0 ? from : from + length;
    const mark = out.length;
    out.int32(length);
    const outcome = length < 0 ? KEEP : detectPart(cell, isKey ? undefined : context, buf, from, to, out);
    if (outcome === KEEP) out.copy(buf, from, to);
    else changed = true;
    // A key can't be NULL: then nothing of the map goes out.
    if (outcome === NULLED && isKey) return NULLED;
    if (outcome === NULLED) out.setInt32(mark, -1);
    if (outcome === WRITTEN) out.setInt32(mark, out.length - mark - 4);
    if (isKey) context = { name: buf.toString('utf8', from, to) };
    at = to;
  }
  if (at !== end) return undefined;
  return changed ? WRITTEN : KEEP;
});

/** `"key"=>"value", "other"=>NULL`, backslashes escape inside quotes (hstore_out always quotes). */
function walkText(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  const item = new ByteSink(256);
  let copied = start;
  let at = start;
  let context: FindContext | undefined;
  let isKey = true;
  while (at < end) {
    const byte = buf[at]!;
    if (byte === 0x2c) isKey = true;
    else if (byte === 0x3e) isKey = false;
    if (byte !== 0x22) {
      at++;
      continue;
    }
    let stop = at + 1;
    const text: number[] = [];
    while (stop < end && buf[stop] !== 0x22) {
      if (buf[stop] === 0x5c && stop + 1 < end) stop++;
      text.push(buf[stop++]!);
    }
    const value = Buffer.from(text);
    item.reset();
    const outcome = detectPart(cell, isKey ? undefined : context, value, 0, value.length, item);
    if (outcome === NULLED && isKey) return NULLED;
    if (isKey) context = { name: value.toString('utf8') };
    const after = Math.min(stop + 1, end);
    if (outcome !== KEEP) {
      out.copy(buf, copied, at);
      if (outcome === NULLED) out.ascii('NULL');
      else writeQuoted(item, out);
      copied = after;
    }
    at = after;
  }
  if (copied === start) return KEEP;
  out.copy(buf, copied, end);
  return WRITTEN;
}

export const hstoreText: ValueMasker = {
  looks: () => 'always',
  detect: (cell, buf, start, end, out) => {
    const mark = out.length;
    if (start < end && buf[start] !== 0x22) return detectText(cell, buf, start, end, out);
    const outcome = walkText(cell, buf, start, end, out);
    if (outcome !== WRITTEN) out.truncate(mark);
    return outcome;
  },
  cover: () => NULLED,
};
