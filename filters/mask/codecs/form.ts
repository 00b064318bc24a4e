import type { CodecOptions, StreamCodec } from './codec.js';
import { Decoded, type FieldContext, type FieldForm, FieldMasker } from './field.js';
import { Pieces } from './pieces.js';

/** a longer name is evidence by its end, bytes */
const NAME_MAX = 256;

/** Percent encoding with plus signs for blanks (WHATWG URL, application/x-www-form-urlencoded). What is no escape stands for itself. */
export const percentForm: FieldForm = {
  signs: [0x25, 0x2b],
  decode(buf, start, end) {
    let at = start;
    while (at < end && buf[at] !== 0x25 && buf[at] !== 0x2b) at++;
    if (at === end) return undefined;
    const out = new Decoded(end - start);
    for (let k = start; k < end; k++) {
      const b = buf[k]!;
      const high = b === 0x25 && k + 2 < end ? hex(buf[k + 1]!) : -1;
      const low = high < 0 ? -1 : hex(buf[k + 2]!);
      if (low >= 0) {
        out.add(high * 16 + low, k);
        k += 2;
      } else out.add(b === 0x2b ? 0x20 : b, k);
    }
    return out.done(end);
  },
  whole(buf, start, end) {
    for (let k = end - 1; k >= start && k >= end - 2; k--) if (buf[k] === 0x25) return k;
    return end;
  },
  encode(bytes) {
    let text = '';
    for (const b of bytes)
      text += b === 0x20 ? '+' : isPlain(b) ? String.fromCharCode(b) : `%${b.toString(16).toUpperCase().padStart(2, '0')}`;
    return Buffer.from(text, 'latin1');
  },
};

function hex(b: number): number {
  if (b >= 0x30 && b <= 0x39) return b - 0x30;
  const letter = b | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** letters, digits, `*-._`: what form encoding leaves */
function isPlain(b: number): boolean {
  const letter = b | 0x20;
  return (b >= 0x30 && b <= 0x39) || (letter >= 0x61 && letter <= 0x7a) || b === 0x2a || b === 0x2d || b === 0x2e || b === 0x5f;
}

/** Masks form bodies and query strings, `name=value&…`: each value through its encoding, with its name as evidence. Names are masked too. */
export class FormMasker implements StreamCodec {
  private readonly field: FieldMasker;
  private readonly out: Pieces;
  /** the name of the value that is read; undefined while a name is */
  private name: FieldContext | undefined;

  constructor(options: CodecOptions) {
    this.out = new Pieces(options.write);
    this.field = new FieldMasker(options, percentForm, this.out);
  }

  get hits(): number {
    return this.field.hits;
  }

  get held(): number {
    return this.field.held;
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.out.begin(buf);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (b !== 0x26 && (b !== 0x3d || this.name !== undefined)) continue;
      const said = this.field.end(buf, from, at, this.name, b === 0x3d);
      this.name = b === 0x3d ? { name: said.toString('utf8', Math.max(0, said.length - NAME_MAX)) } : undefined;
      from = at + 1;
    }
    this.field.push(buf, from, buf.length, this.name);
    this.out.end();
  }

  flush(): void {
    this.field.flush();
  }

  end(): void {
    this.field.end(Buffer.alloc(0), 0, 0, this.name);
  }
}
