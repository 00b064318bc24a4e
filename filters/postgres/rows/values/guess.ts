import { ByteSink } from '../byte-sink.js';
import { type Cell, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import { arrayText } from './array-text.js';
import { byteaText, decodeByteaText, opaqueBinary } from './bytes.js';
import { hasBackslash, jsonValue, versioned } from './json.js';
import { arrayBinary, type ByOid, multirangeBinary, rangeBinary, recordBinary } from './nested-binary.js';
import { integerBinary, numberText, numericBinary } from './number.js';
import { recordText } from './record-text.js';
import { detectText, type Looks, type ValueMasker } from './value.js';

/**
 * Values whose type is not known (COPY tells none, types of extensions and new ones), or is known by a name that may be another
 * object's by now: they are read as what they look like. What is found is masked as in the type that they look like.
 */

const longNumber = numberText(Number.MAX_SAFE_INTEGER, true);

const OPENS_BYTEA = 0x5c;
const OPENS_OBJECT = 0x7b;
const OPENS_LIST = 0x5b;
const OPENS_STRING = 0x22;
const OPENS_RECORD = 0x28;

/** What a text may be read as beside plain text, by its first byte; escapes in it hide from a search of the text. */
function readings(self: ValueMasker): Map<number, ValueMasker[]> {
  const array = arrayText(self, 0x2c);
  const record = recordText(undefined, self);
  return new Map([
    [OPENS_OBJECT, [jsonValue, array]],
    [OPENS_LIST, [jsonValue, array]],
    [OPENS_STRING, [jsonValue]],
    [OPENS_RECORD, [record]],
  ]);
}

/** A text of an unknown type. `looks`: plain where every backslash is an escape of the format, so that no quick look passes one. */
export function guessedText(looks: Looks): ValueMasker {
  const self: ValueMasker = {
    looks: () => looks,
    detect: (cell, buf, start, end, out) => {
      if (start === end) return KEEP;
      if (hasBackslash(buf, start, end)) {
        if (buf[start] === OPENS_BYTEA && buf[start + 1] === 0x78 && decodeByteaText(buf, start, end) !== undefined)
          return byteaText.detect(cell, buf, start, end, out);
        const outcome = nested
          .get(buf[start]!)
          ?.reduce<Outcome>((found, one) => (found === KEEP ? one.detect(cell, buf, start, end, out) : found), KEEP);
        if (outcome !== undefined && outcome !== KEEP) return outcome;
      }
      const outcome = detectText(cell, buf, start, end, out);
      return outcome === KEEP && isNumber(buf, start, end) ? longNumber.detect(cell, buf, start, end, out) : outcome;
    },
    cover: (_cell, cover, buf, start, end, out) => (cover.masker.into(cover.kind, buf, start, end, out) ? WRITTEN : NULLED),
  };
  const nested = readings(self);
  return self;
}

/** Only digits, signs and points: nothing but a number can be found in it. */
function isNumber(buf: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (!(byte >= 0x30 && byte <= 0x39) && byte !== 0x2e && byte !== 0x2d && byte !== 0x2b) return false;
  }
  return true;
}

/** Digits of any base up to sixteen, signs, blanks, and what stands between the parts of dates, addresses and numbers. */
function isOfNumbers(buf: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    const hex = (byte >= 0x30 && byte <= 0x3a) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
    if (!hex && byte !== 0x20 && !(byte >= 0x2b && byte <= 0x2f)) return false;
  }
  return true;
}

/** A text whose type is known by a name: as that type, and as what it looks like where no value of the type looks so. */
export function believedText(believed: ValueMasker, guess: ValueMasker): ValueMasker {
  return {
    looks: (cell) => {
      const looks = believed.looks(cell);
      // what a float8 may hold stands in its raw bytes, though its own quick look is better
      return looks === 'never' || believed.short8 === 'float in text' ? 'plain' : looks;
    },
    detect: (cell, buf, start, end, out) => {
      const outcome = believed.looks(cell) === 'never' ? KEEP : believed.detect(cell, buf, start, end, out);
      if (outcome !== KEEP) return outcome;
      if (isNumber(buf, start, end)) return longNumber.detect(cell, buf, start, end, out);
      return isOfNumbers(buf, start, end) ? KEEP : guess.detect(cell, buf, start, end, out);
    },
    cover: believed.cover,
  };
}

/** Bytes of eight that are longer numbers than this are floats and times more often than anything that is looked for. */
const DIGITS_MAX = 16;

const integer = integerBinary(Number.MAX_SAFE_INTEGER, true);
const numeric = numericBinary(Number.MAX_SAFE_INTEGER);
const jsonb = versioned(jsonValue);

/** A binary value of an unknown type. `byOid`: arrays and composites tell the types of what is in them. */
export function guessedBinary(byOid: ByOid): ValueMasker {
  const inner: ValueMasker = { looks: () => 'always', detect: guessOne, cover: () => NULLED };
  const nested = [arrayBinary(byOid), recordBinary(byOid), rangeBinary(inner), multirangeBinary(rangeBinary(inner))];
  return {
    looks: () => 'always',
    detect: (cell, buf, start, end, out) => {
      if (guessOne(cell, buf, start, end) !== KEEP) return NULLED;
      for (const one of nested) {
        const outcome = one.detect(cell, buf, start, end, out);
        if (outcome !== KEEP) return outcome;
      }
      return KEEP;
    },
    cover: () => NULLED,
  };
}

const digitsOf = (value: bigint): number => String(value < 0n ? -value : value).length;

/** One value by itself: text, an integer, a numeric, JSON. What is found makes it NULL, for no other form is surely valid. */
function guessOne(cell: Cell, buf: Buffer, start: number, end: number): Outcome {
  const out = new ByteSink(64);
  const found = (one: ValueMasker): boolean => one.detect(cell, buf, start, end, out) !== KEEP;
  if (found(opaqueBinary)) return NULLED;
  if (end - start === 8 && digitsOf(buf.readBigInt64BE(start)) <= DIGITS_MAX && found(integer)) return NULLED;
  if (isNumeric(buf, start, end) && found(numeric)) return NULLED;
  const first = buf[start] === 1 ? buf[start + 1] : buf[start];
  const isJson = first === OPENS_OBJECT || first === OPENS_LIST || first === OPENS_STRING;
  return isJson && found(buf[start] === 1 ? jsonb : jsonValue) ? NULLED : KEEP;
}

/** The header of numeric_send fits the length, and no group of digits is above 9999. */
function isNumeric(buf: Buffer, start: number, end: number): boolean {
  if (end - start < 10 || end - start !== 8 + 2 * buf.readUInt16BE(start) || (buf.readUInt16BE(start + 4) & ~0x4000) !== 0) return false;
  for (let at = start + 8; at < end; at += 2) if (buf.readUInt16BE(at) > 9999) return false;
  return true;
}

/** A binary value of a type that always has so many bytes, known by a name: of another length it is something else. */
export function believedBinary(believed: ValueMasker, bytes: number, guess: ValueMasker): ValueMasker {
  return {
    short8: bytes === 8 ? believed.short8 : undefined,
    emptyBytes: (cell) => (believed.looks(cell) === 'never' ? bytes : undefined),
    looks: () => 'always',
    detect: (cell, buf, start, end, out) => {
      if (end - start !== bytes) return guess.detect(cell, buf, start, end, out);
      return believed.looks(cell) === 'never' ? KEEP : believed.detect(cell, buf, start, end, out);
    },
    cover: believed.cover,
  };
}
