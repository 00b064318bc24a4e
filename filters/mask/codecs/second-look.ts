import { acrossMarkup } from '../readings/through.js';
import { StreamMasker } from '../stream/masker.js';
import { Target } from '../target.js';
import type { CodecOptions } from './codec.js';

/**
 * What a codec of markup gives, looked at once more as one text: for values that tags, comments or CDATA cut in parts, and those that attributes hide.
 * Pieces are gathered: a document has many small ones.
 */
export class SecondLook {
  /** one for each rule, strongest first */
  private readonly maskers: StreamMasker[] = [];
  private readonly pieces = new Target();

  constructor(options: CodecOptions) {
    const { limits } = options;
    let { write } = options;
    for (const { detector, masker } of [...(options.rules?.rules ?? [options])].reverse()) {
      const stage = new StreamMasker({ detector: acrossMarkup(detector), masker, write, ...(limits === undefined ? {} : { limits }) });
      this.maskers.unshift(stage);
      write = (bytes) => stage.push(bytes);
    }
  }

  get hits(): number {
    return this.maskers.reduce((sum, { hits }) => sum + hits, 0);
  }

  get held(): number {
    return this.maskers.reduce((sum, { held }) => sum + held, this.pieces.length);
  }

  readonly write = (bytes: Buffer): void => this.pieces.copy(bytes, 0, bytes.length);

  /** Hands on what was gathered. */
  send(): void {
    if (this.pieces.length === 0) return;
    this.maskers[0]!.push(this.pieces.buf.subarray(0, this.pieces.length));
    this.pieces.reset();
  }

  flush(): void {
    this.send();
    for (const masker of this.maskers) masker.flush();
  }

  end(): void {
    this.send();
    for (const masker of this.maskers) masker.end();
  }
}
