import type { CodecOptions, StreamCodec } from './codec.js';
import { Decoded, type FieldForm, FieldMasker } from './field.js';

/** Named references of signs that values are made of (HTML Living Standard, 13.5); all others stay as they are. */
const NAMED = new Map<string, number>([
  ['amp', 0x26],
  ['lt', 0x3c],
  ['gt', 0x3e],
  ['quot', 0x22],
  ['apos', 0x27],
  ['nbsp', 0x20],
  ['commat', 0x40],
  ['period', 0x2e],
  ['colon', 0x3a],
  ['sol', 0x2f],
  ['lowbar', 0x5f],
  ['hyphen', 0x2d],
  ['dash', 0x2d],
  ['plus', 0x2b],
  ['equals', 0x3d],
  ['num', 0x23],
  ['excl', 0x21],
  ['dollar', 0x24],
  ['percnt', 0x25],
  ['lpar', 0x28],
  ['rpar', 0x29],
]);
/** longest reference that is read, bytes: `&#x0010FFFF;` */
const REFERENCE_MAX = 12;

/** Text with character references. */
export const entityForm: FieldForm = {
  decode(buf, start, end) {
    if (!buf.subarray(start, end).includes(0x26)) return undefined;
    const out = new Decoded(end - start);
    for (let k = start; k < end; k++) {
      const b = buf[k]!;
      const close = b === 0x26 ? buf.subarray(k, Math.min(end, k + REFERENCE_MAX)).indexOf(0x3b) : -1;
      const code = close < 0 ? -1 : codeOf(buf.toString('latin1', k + 1, k + close));
      if (code < 0) {
        out.add(b, k);
        continue;
      }
      // a reference is never shorter than the bytes of its character
      for (const one of Buffer.from(String.fromCodePoint(code), 'utf8')) out.add(one, k);
      k += close;
    }
    return out.done(end);
  },
  whole(buf, start, end) {
    for (let k = end - 1; k >= start && k > end - REFERENCE_MAX; k--) {
      if (buf[k] === 0x3b) return end;
      if (buf[k] === 0x26) return k;
    }
    return end;
  },
  encode(bytes) {
    if (!bytes.some((b) => ESCAPES[b] !== undefined)) return bytes;
    const parts: Buffer[] = [];
    for (const b of bytes) parts.push(ESCAPES[b] ?? Buffer.of(b));
    return Buffer.concat(parts);
  },
};

const ESCAPES: (Buffer | undefined)[] = [];
for (const [sign, reference] of [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
] as const)
  ESCAPES[sign.charCodeAt(0)] = Buffer.from(reference, 'latin1');

function codeOf(reference: string): number {
  const known = NAMED.get(reference);
  if (known !== undefined) return known;
  const number = /^#(?:([0-9]{1,7})|[xX]([0-9a-fA-F]{1,6}))$/.exec(reference);
  if (number === null) return -1;
  const code = number[1] === undefined ? Number.parseInt(number[2]!, 16) : Number(number[1]);
  return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? code : -1;
}

/**
 * Masks HTML and XML: each piece of text and each tag by itself, through character references. What is found is replaced where it
 * stands, all other bytes stay. A value that tags cut in two is not found.
 */
export class HtmlMasker implements StreamCodec {
  private readonly field: FieldMasker;

  constructor(private readonly options: CodecOptions) {
    this.field = new FieldMasker(options, entityForm);
  }

  get hits(): number {
    return this.field.hits;
  }

  get held(): number {
    return this.field.held;
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (b !== 0x3c && b !== 0x3e) continue;
      this.field.end(buf, from, at, undefined);
      this.options.write(buf.subarray(at, at + 1));
      from = at + 1;
    }
    this.field.push(buf, from, buf.length, undefined);
  }

  flush(): void {
    this.field.flush();
  }

  end(): void {
    this.field.end(Buffer.alloc(0), 0, 0, undefined);
  }
}
