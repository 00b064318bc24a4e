import type { Bind } from '../wire/bind.js';

/** Bound values as text, for facts and recordings. undefined where a binary value's type is not known to us. */
export function parameterTexts(bind: Bind, types: readonly number[]): (string | null | undefined)[] {
  const { values, formats } = bind;
  const texts: (string | null | undefined)[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const format = formats.length === 0 ? 0 : formats.length === 1 ? formats[0] : formats[i];
    texts.push(value === null ? null : format === 1 ? binaryText(value, types[i] ?? 0) : value.toString('utf8'));
  }
  return texts;
}

const textTypes = new Set([18, 19, 25, 114, 142, 705, 1042, 1043]);

/** The binary formats that drivers use (the types' send functions in the server's sources are their only specification). */
function binaryText(value: Buffer, type: number): string | undefined {
  const { length } = value;
  if (textTypes.has(type)) return value.toString('utf8');
  if (type === 16 && length === 1) return value[0] === 0 ? 'false' : 'true';
  if (type === 21 && length === 2) return String(value.readInt16BE());
  if (type === 23 && length === 4) return String(value.readInt32BE());
  if (type === 26 && length === 4) return String(value.readUInt32BE());
  if (type === 20 && length === 8) return String(value.readBigInt64BE());
  if (type === 700 && length === 4) return String(value.readFloatBE());
  if (type === 701 && length === 8) return String(value.readDoubleBE());
  if (type === 2950 && length === 16) return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  if (type === 3802 && length > 0) return value.toString('utf8', 1);
  if (type === 17) return `\\x${value.toString('hex')}`;
  return undefined;
}

/** For people: what could not be read is shown as bytes. */
export function shownParams(bind: Bind, texts: (string | null | undefined)[], mask: (text: string) => string): (string | null)[] {
  const shown: (string | null)[] = [];
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i];
    if (text === null) shown.push(null);
    // Binary of an unknown type may hold text; only its size is shown.
    else shown.push(text === undefined ? `(${bind.values[i]!.length} bytes, binary)` : maskedHead(text, SHOWN_UNITS_MAX, mask));
  }
  return shown;
}

/** The masked beginning of a long text. What stands across the cut is seen whole by the detectors before it is cut. */
export function maskedHead(text: string, units_max: number, mask: (text: string) => string): string {
  if (text.length <= units_max) return mask(text);
  return `${mask(text.slice(0, units_max + CUT_UNITS)).slice(0, units_max)}…`;
}

/** Longest secret that must not be cut, UTF-16 units; only keys in PEM are longer, and those are known by their beginning. */
const CUT_UNITS = 1024;

/** Longest bound value kept in an event, UTF-16 units. */
const SHOWN_UNITS_MAX = 4096;
