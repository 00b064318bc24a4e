import { MidstreamError } from '../errors.js';
import type { CodecOptions, StreamCodec } from '../mask/codecs/codec.js';
import type { JoinedRules } from '../mask/joined.js';
import { type TextMasker, textMasker } from '../mask/stream/text-masker.js';
import type { BodyMask } from './masking.js';
import { maskPartHeaders } from './part-headers.js';

/** Headers of one part, bytes. */
const HEADERS_BYTES_MAX = 16 * 1024;
const LINE = 0x0a;

/** Makes the codec of a part; `contentType` as the part names it. */
export type MakeCodec = (contentType: string, options: CodecOptions) => StreamCodec;

/**
 * Masks a body of several parts (RFC 2046, 5.1): each by its own type, headers of parts as those of an answer, all else as text. Throws
 * MidstreamError for a part that is encoded, since its text can't be seen.
 */
export class MultipartMasker implements StreamCodec {
  private settled = 0;
  private rest: Buffer = Buffer.alloc(0);
  private inHeaders = false;
  /** bytes of this content went already, so that what is left begins in a line's middle */
  private begun = false;
  private codec: StreamCodec | TextMasker;
  private readonly delimiter: Buffer;

  constructor(
    private readonly options: CodecOptions,
    boundary: string,
    private readonly by: { masks: readonly BodyMask[]; rules: JoinedRules },
    private readonly make: MakeCodec,
  ) {
    this.delimiter = Buffer.from(`--${boundary}`, 'latin1');
    this.codec = textMasker(options);
  }

  get hits(): number {
    return this.settled + this.codec.hits;
  }

  get held(): number {
    return this.rest.length + this.codec.held;
  }

  push(chunk: Uint8Array): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    while (this.step());
  }

  /** What may be the beginning of a delimiter stays. */
  flush(): void {
    this.codec.flush();
  }

  end(): void {
    if (this.inHeaders) throw new MidstreamError('bad_input', 'the answer ends in the headers of a part');
    this.codec.push(this.rest);
    this.rest = Buffer.alloc(0);
    this.codec.end();
  }

  /** False when more is needed. */
  private step(): boolean {
    return this.inHeaders ? this.headers() : this.content();
  }

  /** A delimiter stands at a line's beginning, and its line end before it is part of it. */
  private content(): boolean {
    const { rest, delimiter } = this;
    const at = this.find();
    if (at < 0) {
      // a delimiter may have begun: CR LF and all of it but a byte
      const sure = Math.max(0, rest.length - delimiter.length - 2);
      if (sure === 0) return false;
      this.codec.push(rest.subarray(0, sure));
      this.rest = Buffer.from(rest.subarray(sure));
      this.begun = true;
      return false;
    }
    const end = rest.indexOf(LINE, at + delimiter.length);
    const last = rest.toString('latin1', at + delimiter.length, at + delimiter.length + 2) === '--';
    if (end < 0 && !last) return rest.length > at + HEADERS_BYTES_MAX ? this.fail() : false;
    let before = at;
    if (before > 0) before -= rest[before - 2] === 0x0d ? 2 : 1;
    this.codec.push(rest.subarray(0, before));
    this.codec.end();
    this.settled += this.codec.hits;
    const stop = last ? at + delimiter.length + 2 : end + 1;
    this.options.write(rest.subarray(before, stop));
    this.rest = Buffer.from(rest.subarray(stop));
    this.begun = true;
    this.inHeaders = !last;
    this.codec = textMasker(this.options);
    return true;
  }

  private find(): number {
    for (let at = this.rest.indexOf(this.delimiter); at >= 0; at = this.rest.indexOf(this.delimiter, at + 1))
      if (at === 0 ? !this.begun : this.rest[at - 1] === LINE) return at;
    return -1;
  }

  private fail(): never {
    throw new MidstreamError('limit_exceeded', `the headers of a part are longer than ${HEADERS_BYTES_MAX} bytes`);
  }

  private headers(): boolean {
    const text = this.rest.toString('latin1');
    const end = /^\r?\n|\r?\n\r?\n/.exec(text);
    if (end === null) return this.rest.length > HEADERS_BYTES_MAX ? this.fail() : false;
    const stop = end.index + end[0].length;
    const { masks, rules } = this.by;
    const { type, masked } = maskPartHeaders(masks, text.slice(0, stop), (rule) => {
      this.settled++;
      rules.counted(masks.findIndex(({ name }) => name === rule));
    });
    this.options.write(Buffer.from(masked, 'latin1'));
    this.rest = Buffer.from(this.rest.subarray(stop));
    this.inHeaders = false;
    this.begun = false;
    this.codec = this.make(type, this.options);
    return true;
  }
}
