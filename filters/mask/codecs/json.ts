import { StreamMasker } from '../stream/masker.js';
import { maskText } from '../text.js';
import type { Detector, FindContext, Masker } from '../types.js';
import type { CodecOptions, StreamCodec } from './codec.js';
import { JsonPlace } from './json-place.js';
import { decodable, escapeJson, unescapeJson } from './json-string.js';
import { maskedNumber } from './number.js';

/** A longer string is masked while it comes; a shorter one is held to its end, bytes. */
const STRING_HELD_MAX = 64 * 1024;
/** A longer number is no value of any kind; its first bytes are looked at, bytes. */
const NUMBER_HELD_MAX = 1024;
/** bytes before an error that are evidence for the text from there on */
const EVIDENCE = 256;

const NO_KEY = Buffer.alloc(0);
const STRING = 1;
const SCALAR = 2;

/**
 * Masks JSON, one value or several on lines of their own (RFC 8259; NDJSON), so that it stays JSON: strings are read through their
 * escapes, with their key as evidence, and written with escapes; numbers become numbers; what nothing is found in stays the same
 * bytes. From where the text is no JSON on it is masked as text.
 */
export class JsonMasker implements StreamCodec {
  hits = 0;
  /** those before the stream became text */
  private before = 0;
  private readonly detector: Detector;
  private readonly masker: Masker;
  private buf = Buffer.alloc(0);
  private length = 0;
  /** what stands before was written */
  private from = 0;
  private at = 0;
  private token = 0;
  private readonly place = new JsonPlace();
  /** a string too long to be held */
  private long: StreamMasker | undefined;
  /** the rest of the stream, once it is no JSON */
  private text: StreamMasker | undefined;
  /** a masked number goes on */
  private dropping = false;

  constructor(private readonly options: CodecOptions) {
    this.detector = options.detector;
    this.masker = options.masker;
  }

  get held(): number {
    return this.length - this.from + (this.long?.held ?? 0) + (this.text?.held ?? 0);
  }

  push(chunk: Uint8Array): void {
    if (this.text !== undefined) {
      this.text.push(chunk);
      this.hits = this.before + this.text.hits;
      return;
    }
    this.append(chunk);
    this.run(false);
    if (this.token === 0) this.pass(this.at);
  }

  flush(): void {
    this.long?.flush();
    this.text?.flush();
  }

  end(): void {
    if (this.text === undefined) {
      this.run(true);
      // cut off inside a token: what there is of it is masked as text
      if (this.token !== 0 && this.long === undefined) this.asText();
      else if (this.long === undefined) this.pass(this.length);
    }
    this.closeLong(this.length);
    this.text?.end();
    if (this.text !== undefined) this.hits = this.before + this.text.hits;
  }

  private append(chunk: Uint8Array): void {
    const kept = Math.max(0, this.from - EVIDENCE);
    const need = this.length - kept + chunk.length;
    if (this.length + chunk.length > this.buf.length) {
      const target = need > this.buf.length / 2 ? Buffer.allocUnsafeSlow(2 * need) : this.buf;
      this.buf.copy(target, 0, kept, this.length);
      this.buf = target;
      this.length -= kept;
      this.from -= kept;
      this.at -= kept;
    }
    this.buf.set(chunk, this.length);
    this.length += chunk.length;
  }

  private run(final: boolean): void {
    while (this.at < this.length && this.text === undefined) {
      if (this.token === STRING) {
        if (!this.string()) break;
      } else if (this.token === SCALAR) {
        if (!this.scalar()) break;
      } else this.between();
    }
    if (final && this.token === SCALAR && this.text === undefined) this.settleScalar();
  }

  /** White space and signs; begins the next token. */
  private between(): void {
    const b = this.buf[this.at]!;
    const begins = b === 0x22 || isScalar(b);
    if (!begins && (this.place.sign(b) || (this.place.first && isMark(b)))) {
      this.at++;
      return;
    }
    this.pass(this.at);
    if (!begins || !this.place.value(b === 0x22)) return this.asText();
    this.token = b === 0x22 ? STRING : SCALAR;
    this.at++;
  }

  /** Goes to the end of a string; false when it has not come. */
  private string(): boolean {
    const { buf, length } = this;
    let at = this.at;
    while (at < length && buf[at] !== 0x22) at += buf[at] === 0x5c ? 2 : 1;
    if (at < length) {
      this.at = at + 1;
      if (this.long === undefined) this.settleString(at);
      else this.closeLong(at);
      this.token = 0;
      return true;
    }
    // an escape whose second byte has not come begins again
    this.at = at > length ? length - 1 : length;
    if (this.long === undefined && length - this.from > STRING_HELD_MAX) this.openLong();
    if (this.long !== undefined) this.feedLong(decodable(buf, this.from, length));
    return false;
  }

  private settleString(close: number): void {
    const { buf, place } = this;
    const start = this.from + 1;
    const context: FindContext | undefined = place.context();
    const escaped = buf.subarray(start, close).includes(0x5c);
    const text = escaped ? unescapeJson(buf, start, close) : buf.subarray(start, close);
    place.said(text);
    const sensitive = context !== undefined && this.detector.sensitiveName(context.name);
    if (!sensitive && !this.detector.mayHold(text, 0, text.length)) return;
    const found = this.detector.find(text, 0, text.length, context);
    if (found.length === 0) return;
    this.hits += found.length;
    const whole = found.length === 1 && found[0]!.start === 0 && found[0]!.end === text.length;
    if (this.masker.as === 'null' && whole) this.write(place.isKey ? '""' : 'null');
    else {
      this.write('"');
      this.escaped(maskText(this.detector, this.masker, text, 0, text.length, context) ?? text);
      this.write('"');
    }
    this.from = close + 1;
  }

  private openLong(): void {
    this.write('"');
    this.from++;
    const context = this.place.context();
    const { detector, masker, limits } = this.options;
    this.long = new StreamMasker({
      detector,
      masker,
      write: (bytes) => this.escaped(bytes),
      ...(context === undefined ? {} : { context }),
      ...(limits === undefined ? {} : { limits }),
    });
  }

  private feedLong(to: number): void {
    this.long!.push(unescapeJson(this.buf, this.from, to));
    this.from = to;
  }

  private closeLong(close: number): void {
    if (this.long === undefined) return;
    this.feedLong(close);
    this.long.end();
    this.hits += this.long.hits;
    this.long = undefined;
    if (this.place.isKey) this.place.said(NO_KEY);
    if (close >= this.length) return;
    this.write('"');
    this.from = close + 1;
  }

  /** A number or a word, with the blanks behind it: only what comes next shows that it is one. */
  private scalar(): boolean {
    const { buf, length, place } = this;
    let at = this.at;
    // behind the blanks another word is not part of this one, wherever the chunks are cut
    if (!isBlank(buf[at - 1]!)) while (at < length && isScalar(buf[at]!)) at++;
    while (at < length && (place.top ? buf[at] === 0x20 || buf[at] === 0x09 : isBlank(buf[at]!))) at++;
    this.at = at;
    if (this.dropping) this.from = at;
    if (at === length) {
      if (at - this.from > NUMBER_HELD_MAX && !this.dropping) this.longScalar();
      return false;
    }
    this.settleScalar();
    return true;
  }

  private settleScalar(): void {
    const { buf, place, from } = this;
    this.token = 0;
    if (this.dropping) {
      this.dropping = false;
      return;
    }
    let end = from;
    while (end < this.at && isScalar(buf[end]!)) end++;
    const next = this.at < this.length ? buf[this.at]! : 0x0a;
    const ends = next === 0x2c || next === 0x5d || next === 0x7d || (place.top && (next === 0x0a || next === 0x0d));
    const number = isNumberStart(buf[from]!);
    if (!ends || (!number && !isWord(buf, from, end))) return this.asText();
    if (number) this.maskNumber(end);
  }

  private maskNumber(end: number): void {
    const { buf, from } = this;
    const context = this.place.context();
    const { detector } = this;
    if (!(context !== undefined && detector.sensitiveName(context.name)) && !detector.mayHold(buf, from, end)) return;
    let found = detector.find(buf, from, end, context);
    // 4111111111111111.00 is no card number, what stands before the point is
    const point = buf.subarray(from, end).indexOf(0x2e);
    if (found.length === 0 && point > 0) found = detector.find(buf, from, from + point, context);
    const hit = found[0];
    if (hit === undefined) return;
    this.hits++;
    this.write(maskedNumber(this.masker, hit.kind, buf, hit.start, hit.end));
    this.from = end;
  }

  /** A number without an end: decided by what there is of it. */
  private longScalar(): void {
    if (!isNumberStart(this.buf[this.from]!)) return this.asText();
    const before = this.hits;
    this.maskNumber(this.from + NUMBER_HELD_MAX);
    this.dropping = this.hits > before;
    if (!this.dropping) this.pass(this.at);
  }

  private asText(): void {
    const { detector, masker, write, limits } = this.options;
    this.token = 0;
    this.before = this.hits;
    this.text = new StreamMasker({ detector, masker, write, ...(limits === undefined ? {} : { limits }) });
    this.text.prime(this.buf.subarray(Math.max(0, this.from - EVIDENCE), this.from));
    this.text.push(this.buf.subarray(this.from, this.length));
    this.from = this.length;
    this.at = this.length;
  }

  private pass(to: number): void {
    if (to > this.from) this.options.write(this.buf.subarray(this.from, to));
    this.from = to;
  }

  private write(text: string): void {
    this.options.write(Buffer.from(text, 'latin1'));
  }

  private escaped(bytes: Buffer): void {
    const parts: Buffer[] = [];
    let from = 0;
    for (let k = 0; k < bytes.length; k++) {
      const b = bytes[k]!;
      if (b >= 0x20 && b !== 0x22 && b !== 0x5c) continue;
      if (k > from) parts.push(bytes.subarray(from, k));
      let text = '';
      escapeJson(bytes, k, k + 1, { byte: (v) => (text += String.fromCharCode(v)), ascii: (t) => (text += t) });
      parts.push(Buffer.from(text, 'latin1'));
      from = k + 1;
    }
    if (from < bytes.length) parts.push(bytes.subarray(from));
    this.options.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts));
  }
}

function isScalar(b: number): boolean {
  return isNumberStart(b) || (b >= 0x61 && b <= 0x7a) || b === 0x2e || b === 0x2b || b === 0x45;
}

function isNumberStart(b: number): boolean {
  return (b >= 0x30 && b <= 0x39) || b === 0x2d;
}

function isBlank(b: number): boolean {
  return b === 0x20 || b === 0x0a || b === 0x0d || b === 0x09;
}

/** the bytes of U+FEFF, and the record separator of RFC 7464 */
function isMark(b: number): boolean {
  return b === 0xef || b === 0xbb || b === 0xbf || b === 0x1e;
}

function isWord(buf: Buffer, start: number, end: number): boolean {
  const word = buf.toString('latin1', start, Math.min(end, start + 8));
  return word === 'true' || word === 'false' || word === 'null';
}
