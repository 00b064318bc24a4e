import { isUnseen } from '../readings/reading.js';
import { readReference, reference } from '../readings/references.js';
import type { CodecOptions, StreamCodec } from './codec.js';
import { Decoded, type FieldForm, FieldMasker } from './field.js';
import { Marks } from './marks.js';
import { Pieces } from './pieces.js';
import { SecondLook } from './second-look.js';

/** A reference that may go on behind what came is waited for so long, bytes: zeros before a number may be many. */
const REFERENCE_HELD_MAX = 256;

/** Text with character references. */
export const entityForm: FieldForm = {
  signs: [0x26],
  decode(buf, start, end) {
    if (!buf.subarray(start, end).includes(0x26)) return undefined;
    const out = new Decoded(end - start);
    for (let k = start; k < end; k++) {
      const b = buf[k]!;
      if (b !== 0x26 || !readReference(buf, k, end)) {
        out.add(b, k);
        continue;
      }
      // a reference is never shorter than the bytes of its character
      if (!isUnseen(reference.code)) for (const one of Buffer.from(String.fromCodePoint(reference.code), 'utf8')) out.add(one, k);
      k = reference.end - 1;
    }
    return out.done(end);
  },
  whole(buf, start, end) {
    for (let k = end - 1; k >= start && k > end - REFERENCE_HELD_MAX; k--) {
      if (buf[k] === 0x26) return k;
      if (!isReference(buf[k]!)) return end;
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

/** between texts and tags; quotes are read as they stand for themselves no longer (marks.ts) */
const SIGNS = [0x3c, 0x3e, 0x22];

/** What a reference is made of behind its ampersand. */
const isReference = (b: number): boolean => b === 0x23 || (b >= 0x30 && b <= 0x39) || ((b | 0x20) >= 0x61 && (b | 0x20) <= 0x7a);

/**
 * Masks HTML and XML: each piece of text and each tag by itself, through character references. What is found is replaced where it
 * stands, all other bytes stay. What tags cut is found by a second look: the tags stay.
 */
export class HtmlMasker implements StreamCodec {
  private readonly field: FieldMasker;
  private readonly second: SecondLook;
  private readonly out: Pieces;
  private readonly marks: Marks;

  constructor(options: CodecOptions) {
    this.second = new SecondLook(options);
    this.out = new Pieces(this.second.write);
    this.marks = new Marks(options.detector);
    this.marks.between(SIGNS);
    this.field = new FieldMasker(options, entityForm, this.out, this.marks);
  }

  get hits(): number {
    return this.field.hits + this.second.hits;
  }

  get held(): number {
    return this.field.held + this.second.held;
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.out.begin(buf);
    this.marks.look(buf);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (b !== 0x3c && b !== 0x3e) continue;
      this.field.end(buf, from, at, undefined);
      from = at + 1;
    }
    this.field.push(buf, from, buf.length, undefined);
    this.out.end();
    this.second.send();
  }

  flush(): void {
    this.field.flush();
    this.second.flush();
  }

  end(): void {
    this.field.end(Buffer.alloc(0), 0, 0, undefined);
    this.second.end();
  }
}
