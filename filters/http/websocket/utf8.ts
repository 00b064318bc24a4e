import { isUtf8 } from 'node:buffer';

export const validUtf8 = (bytes: Uint8Array): boolean => isUtf8(bytes);

/** Bytes of the character that this byte begins; 0 where it begins none. */
const lengthOf = (b: number): number =>
  b < 0x80 ? 1 : b >= 0xc2 && b < 0xe0 ? 2 : b >= 0xe0 && b < 0xf0 ? 3 : b >= 0xf0 && b < 0xf5 ? 4 : 0;

/** Checks UTF-8 (RFC 3629) that comes in pieces; what is wrong is known as soon as a character can't become one. */
export class Utf8Check {
  private open: Buffer = Buffer.alloc(0);

  /** False when what came so far can't be UTF-8. */
  push(piece: Buffer): boolean {
    const bytes = this.open.length === 0 ? piece : Buffer.concat([this.open, piece]);
    let cut = bytes.length;
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const b = bytes[bytes.length - back]!;
      if ((b & 0xc0) === 0x80) continue;
      if (lengthOf(b) > back) cut = bytes.length - back;
      break;
    }
    if (!isUtf8(bytes.subarray(0, cut))) return false;
    this.open = Buffer.from(bytes.subarray(cut));
    return this.open.length === 0 || possible(this.open);
  }

  /** False when a character is cut off. */
  end(): boolean {
    return this.open.length === 0;
  }
}

/** A character's first bytes that may become one: no surrogates, nothing overlong, nothing beyond U+10FFFF. */
function possible(open: Buffer): boolean {
  const [first, second] = open;
  if (second === undefined) return true;
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second < 0xa0;
  if (first === 0xf0) return second >= 0x90;
  if (first === 0xf4) return second < 0x90;
  return true;
}
