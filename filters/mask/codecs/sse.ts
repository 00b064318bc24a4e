import { StreamMasker } from '../stream/masker.js';
import type { CodecOptions, StreamCodec } from './codec.js';
import { JsonMasker } from './json.js';

/** the field that holds what an event says (WHATWG HTML, 9.2.6) */
const DATA = Buffer.from('data:', 'latin1');

const LINE = 0;
const VALUE = 1;
const BODY = 2;

/**
 * Masks a stream of server-sent events line by line: what is behind `data:` as JSON where it begins like an object or a list, all other
 * lines as text. A line's end settles it, so each event goes out as soon as it is complete. A value over several lines is not found.
 */
export class SseMasker implements StreamCodec {
  hits = 0;
  private state = LINE;
  private line: Buffer = Buffer.alloc(0);
  private body: StreamCodec | undefined;

  constructor(private readonly options: CodecOptions) {}

  get held(): number {
    return this.line.length + (this.body?.held ?? 0);
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (b === 0x0a || b === 0x0d) {
        if (this.body !== undefined) this.body.push(buf.subarray(from, at));
        else if (at > from) this.begin(Buffer.concat([this.line, buf.subarray(from, at)]));
        this.endLine();
        this.options.write(buf.subarray(at, at + 1));
        from = at + 1;
      } else if (this.state !== BODY && this.decided(buf, from, at)) {
        this.begin(Buffer.concat([this.line, buf.subarray(from, at + 1)]));
        from = at + 1;
      }
    }
    if (from === buf.length) return;
    if (this.body !== undefined) this.body.push(buf.subarray(from));
    else this.line = Buffer.concat([this.line, buf.subarray(from)]);
  }

  flush(): void {
    this.body?.flush();
  }

  end(): void {
    this.endLine();
  }

  /** True when enough of the line came to know what it is: a byte that is no blank behind `data:`, or no `data:`. */
  private decided(buf: Buffer, from: number, at: number): boolean {
    const length = this.line.length + at - from + 1;
    if (this.state === LINE) {
      if (length <= DATA.length) {
        if (buf[at] === DATA[length - 1]) {
          if (length === DATA.length) this.state = VALUE;
          return false;
        }
        return true;
      }
    }
    return buf[at] !== 0x20;
  }

  private begin(line: Buffer): void {
    this.line = Buffer.alloc(0);
    let start = 0;
    if (this.state === VALUE) {
      start = DATA.length;
      while (start < line.length && line[start] === 0x20) start++;
      this.options.write(line.subarray(0, start));
    }
    const first = line[start];
    const json = this.state === VALUE && (first === 0x7b || first === 0x5b);
    this.body = json ? new JsonMasker(this.options) : new StreamMasker(this.options);
    this.state = BODY;
    this.body.push(line.subarray(start));
  }

  private endLine(): void {
    if (this.body === undefined && this.line.length > 0) this.begin(this.line);
    this.body?.end();
    this.hits += this.body?.hits ?? 0;
    this.body = undefined;
    this.line = Buffer.alloc(0);
    this.state = LINE;
  }
}
