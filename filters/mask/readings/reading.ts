/**
 * What a text says to somebody who undoes its escapes or its markup, and where each byte of that comes from. It holds until the next
 * reading into the same one.
 */
export class Reading {
  text: Buffer = Buffer.alloc(0);
  length = 0;
  /** where the byte begins that text[i] comes from, and where that ends: an escape's bytes are all of its character's */
  begins = new Int32Array(0);
  ends = new Int32Array(0);

  /** Empties it, with room for so many bytes. */
  reset(bytes: number): void {
    this.length = 0;
    if (this.text.length >= bytes) return;
    this.text = Buffer.allocUnsafeSlow(bytes);
    this.begins = new Int32Array(bytes);
    this.ends = new Int32Array(bytes);
  }

  /** A byte, which buf[from, to) stands for. */
  add(b: number, from: number, to: number): void {
    const n = this.length++;
    this.text[n] = b;
    this.begins[n] = from;
    this.ends[n] = to;
  }

  /** Bytes that stand for themselves. */
  copy(buf: Uint8Array, from: number, to: number): void {
    const { text, begins, ends } = this;
    let n = this.length;
    for (let k = from; k < to; k++, n++) {
      text[n] = buf[k]!;
      begins[n] = k;
      ends[n] = k + 1;
    }
    this.length = n;
  }

  /** A character by its code point; what has no width is left out: readers see nothing of it. */
  character(code: number, from: number, to: number): void {
    if (code < 0x80) return this.add(code, from, to);
    if (isUnseen(code)) return;
    for (const b of Buffer.from(String.fromCodePoint(code), 'utf8')) this.add(b, from, to);
  }

  /** Makes the places those of the text that `below` was read from, of which this is a reading. */
  through(below: Reading): void {
    for (let n = 0; n < this.length; n++) {
      if (this.begins[n] === this.ends[n]) {
        // it stands for nothing
        const at = this.begins[n]!;
        const place = at < below.length ? below.begins[at]! : below.ends[below.length - 1]!;
        this.begins[n] = place;
        this.ends[n] = place;
        continue;
      }
      this.begins[n] = below.begins[this.begins[n]!]!;
      this.ends[n] = below.ends[this.ends[n]! - 1]!;
    }
  }
}

/** What a reader sees nothing of: Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt), with joiners, marks of direction, selectors, tags. */
export function isUnseen(code: number): boolean {
  if (code < 0x200b)
    return code === 0xad || code === 0x34f || code === 0x61c || code === 0x115f || code === 0x1160 || (code >= 0x180b && code <= 0x180f);
  if (code <= 0x206f) return code <= 0x200f || (code >= 0x202a && code <= 0x202e) || code >= 0x2060;
  return (
    code === 0x3164 || (code >= 0xfe00 && code <= 0xfe0f) || code === 0xfeff || code === 0xffa0 || (code >= 0xe0000 && code <= 0xe0fff)
  );
}

/** Reads buf[start, end) into `into`; false where it says just what it is, and `into` holds nothing. */
export type Reader = (buf: Buffer, start: number, end: number, into: Reading) => boolean;
