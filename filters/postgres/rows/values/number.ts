import { createHash } from 'node:crypto';
import type { FindContext } from '../../../mask/types.js';
import { indexOfByte } from '../byte-search.js';
import type { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import type { Finder } from '../finder.js';
import { decodeNumeric, encodeNumeric } from './numeric-binary.js';
import type { Looks, ValueMasker } from './value.js';

/** Numbers shorter than this hold nothing that stands by itself (card numbers have 12 digits at least). */
const DIGITS_MIN = 12;

/**
 * The masked form of a number, in digits; undefined for NULL. `partial` leaves what the masker leaves of the last four
 * digits, `hash` and `token` give a number that is derived from the keyed mask of the text, up to `max`.
 */
export function maskNumber(cover: Cover, text: Buffer, start: number, end: number, max: number): string | undefined {
  if (cover.as === 'null') return undefined;
  if (cover.as === 'hash' || cover.as === 'token') {
    const masked = cover.masker.mask(cover.kind, text, start, end);
    if (masked === undefined) return undefined;
    // The masker's text is keyed; a digest of it spreads it over the range. 48 bits are exact in a double.
    const spread = createHash('sha256').update(masked).digest().readUIntBE(0, 6);
    return String(spread % (max + 1));
  }
  if (cover.as !== 'partial') return '0';
  // What the masker leaves visible at the end of the digits; a column rule leaves nothing.
  const kept = /\d{1,4}$/.exec(cover.masker.mask(cover.kind, text, start, end)?.toString('latin1') ?? '');
  const value = kept === null ? 0 : Number(kept[0]);
  return String(value > max ? 0 : value);
}

function covered(cover: Cover, text: Buffer, start: number, end: number, max: number, write: (digits: string) => void): Outcome {
  const digits = maskNumber(cover, text, start, end, max);
  if (digits === undefined) return NULLED;
  write(digits);
  return WRITTEN;
}

/** Detectors over a number, and over its whole part alone: `4111111111111111.00` is no card number, what stands before the point is. */
export function findNumber(finder: Finder, text: Buffer, start: number, end: number, context: FindContext | undefined): number {
  if (finder.find(text, start, end, context) > 0) return finder.count;
  const point = indexOfByte(text, 0x2e, start, end);
  return point > start ? finder.find(text, start, point, context) : 0;
}

/** Detectors over the digits of a number: a hit masks the whole number. */
function detectDigits(cell: Cell, text: Buffer, start: number, end: number): Cover | undefined {
  const { finder } = cell;
  if (findNumber(finder, text, start, end, cell.context) === 0) return undefined;
  cell.countHits();
  return finder.strongest();
}

/** Short numbers are read where the column's name says something, or a policy's own kinds may be numbers. */
const readsAll = (cell: Cell): boolean => cell.sensitive || cell.finder.shortNumbers;

const looksOfNumber =
  (long: boolean, format: 0 | 1) =>
  (cell: Cell): Looks =>
    readsAll(cell) ? 'always' : !long ? 'never' : format === 0 ? 'plain' : 'always';

/** int2, int4, int8, oid and numeric in text. `long`: the type has room for values that stand by themselves. */
export function numberText(max: number, long: boolean): ValueMasker {
  return {
    looks: looksOfNumber(long, 0),
    detect: (cell, buf, start, end, out) => {
      if (!readsAll(cell) && (end - start < DIGITS_MIN || !cell.finder.mayHold(buf, start, end))) return KEEP;
      const cover = detectDigits(cell, buf, start, end);
      return cover === undefined ? KEEP : covered(cover, buf, start, end, max, (digits) => out.ascii(digits));
    },
    cover: (_cell, cover, buf, start, end, out) => covered(cover, buf, start, end, max, (digits) => out.ascii(digits)),
  };
}

function integerText(buf: Buffer, start: number, end: number): Buffer | undefined {
  const bytes = end - start;
  if (bytes === 2) return Buffer.from(String(buf.readInt16BE(start)), 'latin1');
  if (bytes === 4) return Buffer.from(String(buf.readInt32BE(start)), 'latin1');
  if (bytes === 8) return Buffer.from(String(buf.readBigInt64BE(start)), 'latin1');
  return undefined;
}

function writeInteger(bytes: number, digits: string, out: ByteSink): void {
  const value = Number(digits);
  if (bytes === 8) out.int32(Math.floor(value / 2 ** 32));
  if (bytes === 2) out.int16(value);
  else out.int32(value >>> 0);
}

/** int2, int4, int8 and oid in binary. */
export function integerBinary(max: number, long: boolean): ValueMasker {
  return {
    short8: long ? 'integer' : undefined,
    looks: looksOfNumber(long, 1),
    detect: (cell, buf, start, end, out) => {
      // The upper half tells at once that an int8 is short: below 2^32 it has ten digits at most.
      if (!readsAll(cell) && end - start === 8 && (buf.readInt32BE(start) === 0 || buf.readInt32BE(start) === -1)) return KEEP;
      const text = integerText(buf, start, end);
      if (text === undefined) return NULLED;
      if (!readsAll(cell) && text.length < DIGITS_MIN) return KEEP;
      const cover = detectDigits(cell, text, 0, text.length);
      return cover === undefined ? KEEP : covered(cover, text, 0, text.length, max, (digits) => writeInteger(end - start, digits, out));
    },
    cover: (_cell, cover, buf, start, end, out) => {
      const text = integerText(buf, start, end);
      if (text === undefined) return NULLED;
      return covered(cover, text, 0, text.length, max, (digits) => writeInteger(end - start, digits, out));
    },
  };
}

/** numeric in binary: groups of four decimal digits (src/backend/utils/adt/numeric.c, numeric_send). */
export function numericBinary(max: number): ValueMasker {
  const masked = (cover: Cover, text: Buffer, out: ByteSink) =>
    covered(cover, text, 0, text.length, max, (digits) => encodeNumeric(digits, out));
  return {
    looks: () => 'always',
    detect: (cell, buf, start, end, out) => {
      // Eight bytes of header and two for four digits.
      if (!readsAll(cell) && end - start < 8 + 2 * (DIGITS_MIN / 4)) return KEEP;
      const text = decodeNumeric(buf, start, end);
      if (text === undefined) return NULLED;
      const cover = detectDigits(cell, text, 0, text.length);
      return cover === undefined ? KEEP : masked(cover, text, out);
    },
    cover: (_cell, cover, buf, start, end, out) => {
      const text = decodeNumeric(buf, start, end);
      return text === undefined ? NULLED : masked(cover, text, out);
    },
  };
}

const FLOAT_MIN = 10 ** (DIGITS_MIN - 1);
/** from here on a double holds no number of the digits that detectors look at */
const FLOAT_MAX = 1e19;

/** The digits of a float8 that is a whole number; undefined for others, in which no value stands by itself. */
function wholeDigits(cell: Cell, value: number): Buffer | undefined {
  const size = Math.abs(value);
  if (!Number.isInteger(value) || size >= FLOAT_MAX || (size < FLOAT_MIN && !readsAll(cell))) return undefined;
  return Buffer.from(String(BigInt(value)), 'latin1');
}

/**
 * float8, to which anybody can cast a number of 16 digits: `4.111111111111111e+15` in text (src/backend/utils/adt/float.c, float8out).
 * Covered it is zero.
 */
export function float8Value(format: 0 | 1): ValueMasker {
  const zero = zeroValue('0', Buffer.alloc(8), format);
  return {
    ...zero,
    short8: format === 1 ? 'float' : 'float in text',
    looks: () => 'always',
    detect: (cell, buf, start, end, out) => {
      if (format === 1 && end - start !== 8) return NULLED;
      if (format === 0 && end - start < DIGITS_MIN && !readsAll(cell)) return KEEP;
      const value = format === 1 ? buf.readDoubleBE(start) : Number(buf.toString('latin1', start, end));
      const digits = wholeDigits(cell, value);
      const found = digits && detectDigits(cell, digits, 0, digits.length);
      return found === undefined ? KEEP : zero.cover(cell, found, buf, start, end, out);
    },
  };
}

/** float4, money and their like: no detector reads them; covered they are zero (or NULL). */
export function zeroValue(text: string, binary: Buffer | undefined, format: 0 | 1): ValueMasker {
  const zero = format === 0 ? Buffer.from(text, 'latin1') : binary;
  return {
    looks: () => 'never',
    detect: () => KEEP,
    cover: (_cell, cover, _buf, _start, _end, out) => {
      if (cover.as === 'null' || zero === undefined) return NULLED;
      out.copy(zero, 0, zero.length);
      return WRITTEN;
    },
  };
}
