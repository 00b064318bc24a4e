import type { ByteSink } from './byte-sink.js';

/** Escapes of COPY's text format ("COPY", Text Format): one letter for one byte. */
const LETTERS = new Uint8Array(256);
/** The letter of a byte that is written as an escape; 0 for the others. */
const ESCAPES = new Uint8Array(256);
for (const [letter, byte] of [
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
] as const) {
  LETTERS[letter.charCodeAt(0)] = byte;
  ESCAPES[byte] = letter.charCodeAt(0);
}

/** What a field of the text format stands for, appended to `out`. */
export function unescapeText(buf: Buffer, start: number, end: number, out: ByteSink): void {
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (byte !== 0x5c || at + 1 >= end) {
      out.byte(byte);
      continue;
    }
    const next = buf[++at]!;
    if (isOctal(next)) {
      let value = next - 0x30;
      for (let i = 0; i < 2 && at + 1 < end && isOctal(buf[at + 1]!); i++) value = value * 8 + buf[++at]! - 0x30;
      out.byte(value & 0xff);
    } else if (next === 0x78 && at + 1 < end && hexDigit(buf[at + 1]!) >= 0) {
      let value = hexDigit(buf[++at]!);
      if (at + 1 < end && hexDigit(buf[at + 1]!) >= 0) value = value * 16 + hexDigit(buf[++at]!);
      out.byte(value);
    } else out.byte(LETTERS[next] || next);
  }
}

const isOctal = (byte: number): boolean => byte >= 0x30 && byte <= 0x37;

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function needsEscape(item: ByteSink, delimiter: number): boolean {
  const { buf, length } = item;
  for (let i = 0; i < length; i++) {
    const byte = buf[i]!;
    if (byte === 0x5c || byte === delimiter || ESCAPES[byte] !== 0) return true;
  }
  return false;
}

/** Writes a field of the text format. */
export function escapeText(item: ByteSink, delimiter: number, out: ByteSink): void {
  if (!needsEscape(item, delimiter)) {
    out.copy(item.buf, 0, item.length);
    return;
  }
  for (let i = 0; i < item.length; i++) {
    const byte = item.buf[i]!;
    const letter = ESCAPES[byte]!;
    if (letter !== 0) {
      out.byte(0x5c);
      out.byte(letter);
    } else {
      if (byte === 0x5c || byte === delimiter) out.byte(0x5c);
      out.byte(byte);
    }
  }
}

/** What a field of the CSV format stands for: quotes open and close anywhere in it, as the server reads it. */
export function unquoteCsv(buf: Buffer, start: number, end: number, quote: number, escapes: number, out: ByteSink): void {
  let quoted = false;
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (quoted && byte === escapes && at + 1 < end && (buf[at + 1] === quote || buf[at + 1] === escapes)) out.byte(buf[++at]!);
    else if (byte === quote) quoted = !quoted;
    else out.byte(byte);
  }
}

/** Writes a quoted field of the CSV format. */
export function quoteCsv(item: ByteSink, quote: number, escapes: number, out: ByteSink): void {
  out.byte(quote);
  for (let i = 0; i < item.length; i++) {
    const byte = item.buf[i]!;
    if (byte === quote || byte === escapes) out.byte(escapes);
    out.byte(byte);
  }
  out.byte(quote);
}
