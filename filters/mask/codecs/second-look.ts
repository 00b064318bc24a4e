import { acrossMarkup } from '../readings/through.js';
import { type TextMasker, textMasker } from '../stream/text-masker.js';
import { Target } from '../target.js';
import type { CodecOptions } from './codec.js';

/**
 * What a codec of markup gives, looked at once more as one text: for values that tags, comments or CDATA cut in parts, and those that attributes hide.
 * Pieces are gathered: a document has many small ones.
 */
export class SecondLook {
  private readonly masker: TextMasker;
  private readonly pieces = new Target();

  constructor({ detector, masker, limits, write, rules }: CodecOptions) {
    const more = { ...(limits === undefined ? {} : { limits }), ...(rules === undefined ? {} : { rules }) };
    this.masker = textMasker({ detector, masker, write, ...more }, acrossMarkup);
  }

  get hits(): number {
    return this.masker.hits;
  }

  get held(): number {
    return this.masker.held + this.pieces.length;
  }

  readonly write = (bytes: Buffer): void => this.pieces.copy(bytes, 0, bytes.length);

  /** Hands on what was gathered. */
  send(): void {
    if (this.pieces.length === 0) return;
    this.masker.push(this.pieces.buf.subarray(0, this.pieces.length));
    this.pieces.reset();
  }

  flush(): void {
    this.send();
    this.masker.flush();
  }

  end(): void {
    this.send();
    this.masker.end();
  }
}
