/** Where escaped text goes. */
export interface TextTarget {
  byte(value: number): void;
  /** text of one byte a character */
  ascii(text: string): void;
}

const SIMPLE = new Map([
  [0x62, 8],
  [0x66, 12],
  [0x6e, 10],
  [0x72, 13],
  [0x74, 9],
]);

/** The bytes that a JSON string's inside stands for (RFC 8259, 7). What is no valid escape stands for itself. */
export function unescapeJson(buf: Buffer, start: number, end: number): Buffer {
  // An escape is never shorter than what it stands for.
  const out = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (byte !== 0x5c || at + 1 >= end) {
      out[length++] = byte;
      continue;
    }
    const next = buf[++at]!;
    if (next !== 0x75) {
      out[length++] = SIMPLE.get(next) ?? next;
      continue;
    }
    let unit = hex4(buf, at + 1, end);
    if (unit < 0) {
      out[length++] = next;
      continue;
    }
    at += 4;
    if (unit >= 0xd800 && unit < 0xdc00 && buf[at + 1] === 0x5c && buf[at + 2] === 0x75) {
      const low = hex4(buf, at + 3, end);
      if (low >= 0xdc00 && low < 0xe000) {
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
    }
    length += out.write(String.fromCodePoint(unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit), length, 'utf8');
  }
  return out.subarray(0, length);
}

function hex4(buf: Buffer, at: number, end: number): number {
  if (at + 4 > end) return -1;
  const text = buf.toString('latin1', at, at + 4);
  return /^[0-9a-fA-F]{4}$/.test(text) ? Number.parseInt(text, 16) : -1;
}

/** Writes the inside of a JSON string. */
export function escapeJson(buf: Buffer, start: number, end: number, out: TextTarget): void {
  for (let at = start; at < end; at++) {
    const byte = buf[at]!;
    if (byte === 0x22 || byte === 0x5c) {
      out.byte(0x5c);
      out.byte(byte);
    } else if (byte < 0x20) out.ascii(`\\u${byte.toString(16).padStart(4, '0')}`);
    else out.byte(byte);
  }
}

/** How far buf[start, end), a piece of a JSON string's inside that goes on, can be decoded: not into an escape, nor between the halves of a pair. */
export function decodable(buf: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end) {
    if (buf[at] !== 0x5c) {
      at++;
      continue;
    }
    if (at + 1 >= end) return at;
    if (buf[at + 1] !== 0x75) {
      at += 2;
      continue;
    }
    if (at + 6 > end) return at;
    const unit = hex4(buf, at + 2, end);
    const high = unit >= 0xd800 && unit < 0xdc00;
    if (high && at + 12 > end) return at;
    const low = high && buf[at + 6] === 0x5c && buf[at + 7] === 0x75 ? hex4(buf, at + 8, end) : -1;
    at += low >= 0xdc00 && low < 0xe000 ? 12 : unit < 0 ? 2 : 6;
  }
  return Math.min(at, end);
}
