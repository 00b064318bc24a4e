import { textMasker } from '../stream/chain.js';
import type { CodecOptions, StreamCodec } from './codec.js';
import { JsonMasker } from './json.js';

/** the field that holds what an event says (WHATWG HTML, 9.2.6) */
const DATA = Buffer.from('data:', 'latin1');

const BRACE = 0x7b;
const BRACKET = 0x5b;

/**
 * Masks a stream of server-sent events line by line: what is behind `data:` as JSON where it begins like an object or a list, all other
 * lines as text. A line's end settles it, so each event goes out as soon as it is complete. A value over several lines is not found.
 */
export class SseMasker implements StreamCodec {
  private settled = 0;
  /** bytes of `data:` that the line began with so far */
  private matched = 0;
  private body: StreamCodec | undefined;

  constructor(private readonly options: CodecOptions) {}

  get hits(): number {
    return this.settled + (this.body?.hits ?? 0);
  }

  get held(): number {
    return this.body?.held ?? (this.matched < DATA.length ? this.matched : 0);
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (b === 0x0a || b === 0x0d) {
        this.take(buf, from, at);
        this.endLine();
        this.options.write(buf.subarray(at, at + 1));
        from = at + 1;
      } else if (this.body !== undefined) {
        // the line's end is all that is looked for
      } else if (this.matched === DATA.length) {
        if (b === 0x20) continue;
        this.options.write(buf.subarray(from, at));
        from = at;
        this.body = b === BRACE || b === BRACKET ? new JsonMasker(this.options) : textMasker(this.options);
      } else {
        from = at + 1;
        if (b === DATA[this.matched]) {
          if (++this.matched === DATA.length) this.options.write(DATA);
          continue;
        }
        this.asText();
        from = at;
      }
    }
    this.take(buf, from, buf.length);
  }

  flush(): void {
    this.body?.flush();
  }

  end(): void {
    this.endLine();
  }

  private take(buf: Buffer, from: number, to: number): void {
    if (to <= from) return;
    if (this.body !== undefined) this.body.push(buf.subarray(from, to));
    else this.options.write(buf.subarray(from, to));
  }

  /** A line that is no `data:`. */
  private asText(): void {
    this.body = textMasker(this.options);
    this.body.push(DATA.subarray(0, this.matched));
  }

  private endLine(): void {
    if (this.body === undefined && this.matched < DATA.length) this.asText();
    this.body?.end();
    this.settled += this.body?.hits ?? 0;
    this.body = undefined;
    this.matched = 0;
  }
}
