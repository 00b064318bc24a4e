import { isUtf8 } from 'node:buffer';
import { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import { detectText, type ValueMasker } from './value.js';

/** Shorter runs of printable bytes among others say nothing. */
const RUN_BYTES_MIN = 9;

/**
 * Detectors over bytes that may be anything: as text where they are UTF-8, else over each run of printable bytes, so that one
 * stray byte does not hide the rest. Gives the masked bytes in `out`.
 */
export function detectBytes(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  if (!cell.sensitive && !cell.finder.mayHold(buf, start, end)) return KEEP;
  if (isUtf8(buf.subarray(start, end))) return detectText(cell, buf, start, end, out);
  const mark = out.length;
  let copied = start;
  let found = false;
  for (let at = start; at < end; ) {
    if (!printable(buf[at]!)) {
      at++;
      continue;
    }
    let stop = at + 1;
    while (stop < end && printable(buf[stop]!)) stop++;
    if (stop - at >= RUN_BYTES_MIN) {
      out.copy(buf, copied, at);
      const outcome = detectText(cell, buf, at, stop, out);
      if (outcome === NULLED) {
        out.truncate(mark);
        return NULLED;
      }
      if (outcome === KEEP) out.copy(buf, at, stop);
      else found = true;
      copied = stop;
    }
    at = stop;
  }
  if (!found) {
    out.truncate(mark);
    return KEEP;
  }
  out.copy(buf, copied, end);
  return WRITTEN;
}

function printable(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** A type that is not known, in binary: what is found in it makes it NULL, for no other masked form is surely valid. */
export const opaqueBinary: ValueMasker = {
  looks: () => 'always',
  detect: (cell, buf, start, end, out) => {
    const mark = out.length;
    const outcome = detectBytes(cell, buf, start, end, out);
    out.truncate(mark);
    return outcome === KEEP ? KEEP : NULLED;
  },
  cover: () => NULLED,
};

/** The bytes behind `\x…` (bytea_output = hex) or the escape form. Undefined when it is neither. */
export function decodeByteaText(buf: Buffer, start: number, end: number): Buffer | undefined {
  if (buf[start] === 0x5c && buf[start + 1] === 0x78) {
    // Buffer.from stops at the first character that is no hex digit, which the length then tells.
    const bytes = Buffer.from(buf.toString('latin1', start + 2, end), 'hex');
    return bytes.length * 2 === end - start - 2 ? bytes : undefined;
  }
  const bytes = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (byte !== 0x5c) bytes[length++] = byte;
    else if (buf[at + 1] === 0x5c && at + 1 < end) {
      bytes[length++] = byte;
      at++;
    } else {
      if (at + 3 >= end) return undefined;
      const octal = buf.toString('latin1', at + 1, at + 4);
      if (!/^[0-3][0-7]{2}$/.test(octal)) return undefined;
      bytes[length++] = Number.parseInt(octal, 8);
      at += 3;
    }
  }
  return bytes.subarray(0, length);
}

function maskedText(cover: Cover, bytes: Buffer, out: ByteSink): Outcome {
  const masked = cover.masker.mask(cover.kind, bytes, 0, bytes.length);
  if (masked === undefined) return NULLED;
  out.ascii(`\\x${masked.toString('hex')}`);
  return WRITTEN;
}

/** bytea in text. */
export const byteaText: ValueMasker = {
  looks: () => 'always',
  detect: (cell, buf, start, end, out) => {
    const bytes = decodeByteaText(buf, start, end);
    if (bytes === undefined) return NULLED;
    const inner = new ByteSink(Math.max(64, bytes.length));
    const outcome = detectBytes(cell, bytes, 0, bytes.length, inner);
    if (outcome === WRITTEN) out.ascii(`\\x${inner.buf.toString('hex', 0, inner.length)}`);
    return outcome;
  },
  cover: (_cell, cover, buf, start, end, out) => {
    const bytes = decodeByteaText(buf, start, end);
    return bytes === undefined ? NULLED : maskedText(cover, bytes, out);
  },
};

/** bytea in binary. */
export const byteaBinary: ValueMasker = {
  looks: () => 'plain',
  detect: detectBytes,
  cover: (_cell, cover, buf, start, end, out) => {
    const masked = cover.masker.mask(cover.kind, buf, start, end);
    if (masked === undefined) return NULLED;
    out.copy(masked, 0, masked.length);
    return WRITTEN;
  },
};
