import { putSigns } from '../anchors/anchors.js';
import type { JoinedRules } from '../joined.js';
import { mayEscape, throughEscapes } from '../readings/through.js';
import { mayBeUnseen } from '../readings/unseen.js';
import { type TextMasker, textMasker } from '../stream/text-masker.js';
import { Target } from '../target.js';
import { maskText, valuesIn } from '../text.js';
import type { Detector, Hit, Kind, Masker } from '../types.js';
import type { CodecOptions, StreamCodec } from './codec.js';
import { nameBehind } from './json-behind.js';
import { type JsonKey, JsonPlace } from './json-place.js';
import { decodable, escapeJson, unescapeJson } from './json-string.js';
import { maskedNumber } from './number.js';

/** A longer string is masked while it comes; a shorter one is held to its end, bytes. */
const STRING_HELD_MAX = 64 * 1024;
/** A longer number is no value of any kind; its first bytes are looked at, bytes. */
const NUMBER_HELD_MAX = 1024;
/** bytes before an error that are evidence for the text from there on */
const EVIDENCE = 256;

/** less than this is looked at value by value, bytes */
const MARKED_MIN = 128;

const NO_KEY = Buffer.alloc(0);
const NO_SIGNS = new Int32Array(0);
/** for less no more room is made than is needed */
const SIGN_WORDS_MIN = 128;
/** what ends a string or makes it say more than its bytes: a quote, a backslash, an ampersand, a `<` */
const SIGN = Uint8Array.from({ length: 256 }, (_, b) => (b === 0x22 || b === 0x5c || b === 0x26 || b === 0x3c ? 1 : 0));
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
  /** where the token that is read begins; what stands before may go */
  private from = 0;
  /** what stands before was written */
  private written = 0;
  /** the string that is read has an escape */
  private escapes = false;
  /** it has an ampersand or a `<`, as character references and tags do */
  private refers = false;
  /** what came since the last token has something that a reader does not see, or sees as another (readings/unseen.ts) */
  private unseen = false;
  private at = 0;
  private token = 0;
  private readonly place: JsonPlace;
  private readonly out = new Target();
  /** a string too long to be held */
  private long: StreamCodec | undefined;
  /** the rest of the stream, once it is no JSON */
  private text: TextMasker | undefined;
  /** places in `buf` where something may be found (anchors.ts), from `marked` on, and the first that was not passed yet */
  private readonly marks: number[] = [];
  private markCount = 0;
  /** a bit for each byte from `signed` on that is a quote, a backslash, an ampersand or a `<` */
  private signs = NO_SIGNS;
  private signed = Number.POSITIVE_INFINITY;
  private nextMark = 0;
  private marked = Number.POSITIVE_INFINITY;
  /** a masked number goes on */
  private dropping = false;

  constructor(private readonly options: CodecOptions) {
    this.detector = options.detector;
    this.masker = options.masker;
    this.place = new JsonPlace(options.keys, (key) => this.isSensitive(key));
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
    this.mark();
    this.run(false);
    if (this.token === 0) this.from = this.at;
    this.send();
  }

  flush(): void {
    this.long?.flush();
    if (this.text === undefined) this.send();
    this.text?.flush();
  }

  end(): void {
    if (this.text === undefined) {
      this.run(true);
      // cut off inside a token: what there is of it is masked as text
      if (this.token !== 0 && this.long === undefined) this.asText();
      else if (this.long === undefined) this.from = this.length;
      this.pass();
    }
    this.closeLong(this.length);
    this.send();
    this.text?.end();
    if (this.text !== undefined) this.hits = this.before + this.text.hits;
  }

  private append(chunk: Uint8Array): void {
    const kept = Math.max(0, this.from - EVIDENCE);
    const need = this.length - kept + chunk.length;
    if (this.length + chunk.length > this.buf.length) {
      const target = need > this.buf.length / 2 ? roomFor(need, kept === 0 && this.length === 0) : this.buf;
      this.buf.copy(target, 0, kept, this.length);
      this.buf = target;
      this.length -= kept;
      this.from -= kept;
      this.written = this.from;
      this.at -= kept;
    }
    const before = this.length;
    this.buf.set(chunk, before);
    this.length += chunk.length;
    // a character may have begun in the chunk before
    if (this.token === 0) this.unseen = false;
    this.unseen ||= mayBeUnseen(this.buf, Math.max(0, before - 3), this.length);
  }

  /** Looks at all that came at once; what stands whole in it and has no mark needs no look of its own. */
  private mark(): void {
    const { anchors } = this.detector;
    this.marked = anchors === undefined || this.length - this.at < MARKED_MIN ? Number.POSITIVE_INFINITY : this.at;
    this.nextMark = 0;
    if (this.marked === this.at) this.markCount = anchors!.json(this.buf, this.at, this.length, this.marks);
    this.sign();
  }

  /** Looks at once for what ends strings, in the same way. */
  private sign(): void {
    this.signed = Number.POSITIVE_INFINITY;
    const bytes = this.length - this.at;
    if (bytes < MARKED_MIN) return;
    const words = (bytes + 31) >> 5;
    if (this.signs.length < words) this.signs = new Int32Array(words < SIGN_WORDS_MIN ? words : 2 * words);
    if (putSigns(this.buf, this.at, this.length, this.signs)) this.signed = this.at;
  }

  /** The next quote, backslash, ampersand or `<` from `at` on; `length` or more when there is none. */
  private nextSign(at: number): number {
    const { buf, length, signed, signs } = this;
    let next = at;
    if (at < signed) {
      while (next < length && SIGN[buf[next]!] === 0) next++;
      return next;
    }
    if (at >= length) return at;
    let word = (at - signed) >> 5;
    const last = (length - 1 - signed) >> 5;
    let bits = signs[word]! & (-1 << (at - signed));
    while (bits === 0) {
      if (word === last) return length;
      bits = signs[++word]!;
    }
    return signed + 32 * word + 31 - Math.clz32(bits & -bits);
  }

  /** May text[start, end) hold something? The text is a string's inside, or a number. */
  private mayHold(text: Buffer, start: number, end: number): boolean {
    if (text !== this.buf || start < this.marked) return this.detector.mayHold(text, start, end);
    const { marks, markCount } = this;
    let next = this.nextMark;
    while (next < markCount && marks[next]! < start) next++;
    this.nextMark = next;
    return next < markCount && marks[next]! < end;
  }

  private run(final: boolean): void {
    while (this.at < this.length && this.text === undefined) {
      if (this.token === STRING) {
        if (!this.string(final)) break;
      } else if (this.token === SCALAR) {
        if (!this.scalar(final)) break;
      } else this.between();
    }
    if (final && this.token === SCALAR && this.text === undefined) this.settleScalar();
  }

  /** White space and signs; begins the next token. */
  private between(): void {
    const b = this.buf[this.at]!;
    const begins = b === 0x22 || SCALARS[b] !== 0;
    if (!begins && (this.place.sign(b) || (this.place.first && isMark(b)))) {
      this.at++;
      return;
    }
    this.from = this.at;
    this.escapes = false;
    this.refers = false;
    if (!begins || !this.place.value(b === 0x22)) return this.asText();
    this.token = b === 0x22 ? STRING : SCALAR;
    this.at++;
  }

  /** Goes to the end of a string; false when it has not come. */
  private string(final: boolean): boolean {
    const { buf, length } = this;
    let at = this.nextSign(this.at);
    while (at < length) {
      const b = buf[at]!;
      if (b === 0x22) break;
      if (b === 0x5c) this.escapes = true;
      else this.refers = true;
      at = this.nextSign(b === 0x5c ? at + 2 : at + 1);
    }
    if (at < length) {
      if (this.long === undefined && this.waits(at + 1, final)) {
        this.at = at;
        return false;
      }
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
    const start = this.from + 1;
    if (!this.escapes) return this.settleText(this.buf, start, close, close);
    const text = unescapeJson(this.buf, start, close);
    this.settleText(text, 0, text.length, close);
  }

  /** The string that ends at `close` says text[start, end). */
  private settleText(text: Buffer, start: number, end: number, close: number): void {
    const { place, detector, masker } = this;
    const context = place.context();
    place.said(text, start, end);
    if (context !== undefined && this.maskUsual(context, text, start, end, close)) return;
    if (!this.isSensitive(context) && this.maskInside(text, start, end, close)) return;
    const read = (this.refers || this.unseen || text !== this.buf) && mayEscape(text, start, end);
    if (read ? this.maskRead(text, start, end, close, context) : !this.isSensitive(context) && !this.mayHold(text, start, end)) return;
    if (this.options.rules !== undefined) return this.settleByRules(this.options.rules, text, start, end, close, context);
    const found = detector.find(text, start, end, context);
    if (found.length === 0) return;
    this.hits += found.length;
    const whole = found.length === 1 && found[0]!.start === start && found[0]!.end === end;
    if (masker.as === 'null' && whole) this.write(place.isKey ? '""' : 'null');
    else {
      if (whole) context?.foundWhole(found[0]!.kind, detector);
      this.passQuote();
      // what a masker gives needs no escape
      if (whole && found[0]!.says === undefined) masker.into(found[0]!.kind, text, start, end, this.out);
      else this.escaped(maskText(detector, masker, text, start, end, context, found)!);
      return this.skip(close);
    }
    this.skip(close + 1);
  }

  /** A string that holds escapes or references of its own: code, log lines, HTML. Always true. */
  private maskRead(text: Buffer, start: number, end: number, close: number, context: JsonKey | undefined): boolean {
    const { rules } = this.options;
    const detector = throughEscapes(this.detector);
    const found = detector.find(text, start, end, context);
    if (found.length === 0) return true;
    const masked =
      rules === undefined
        ? maskText(detector, this.masker, text, start, end, context, found)
        : rules.mask(text, start, end, context, false, throughEscapes);
    if (masked === undefined || masked === null) return true;
    this.hits += valuesIn(found);
    this.write('"');
    this.escaped(masked);
    this.write('"');
    this.skip(close + 1);
    return true;
  }

  /** The same by several rules. */
  private settleByRules(rules: JoinedRules, text: Buffer, start: number, end: number, close: number, context: JsonKey | undefined): void {
    const { detector } = this;
    const count = detector.search(text, start, end, context);
    if (count === 0) return;
    const { only } = detector;
    let masked: Buffer | null | undefined;
    if (count === 1 && detector.counts_candidates === true && only.start === start && only.end === end) {
      context?.foundWhole(only.kind, detector);
      const masker = rules.maskerOf(only.kind);
      masked = masker.mask(only.kind, text, start, end) ?? null;
    } else masked = rules.mask(text, start, end, context, true);
    if (masked === undefined) return;
    this.hits += count;
    if (masked === null) this.write(this.place.isKey ? '""' : 'null');
    else {
      this.write('"');
      this.escaped(masked);
      this.write('"');
    }
    this.skip(close + 1);
  }

  /** What masks values of a kind. */
  private maskerOf(kind: Kind): Masker {
    return this.options.rules?.maskerOf(kind) ?? this.masker;
  }

  /** JSON, and base64 where the rule says so, that a string holds is masked by its own form. False where there is none, or nothing in it. */
  private maskInside(text: Buffer, start: number, end: number, close: number): boolean {
    const { options } = this;
    const holdsJson = beginsJson(text, start, end);
    // Most strings are neither.
    if (!holdsJson && options.base64 !== true) return false;
    let inside: Inside | undefined;
    const counts = options.rules?.counts;
    if (holdsJson) inside = maskedJson(text.subarray(start, end), options);
    else inside = maskedBase64(text, start, end, options);
    if (inside === undefined) {
      if (counts !== undefined) options.rules!.reset(counts);
      return false;
    }
    this.hits += inside.hits;
    this.write('"');
    this.escaped(inside.bytes);
    this.write('"');
    this.skip(close + 1);
    return true;
  }

  /** from somewhere on it was no JSON */
  get isText(): boolean {
    return this.text !== undefined;
  }

  /** A value that is written as most under its key were is masked without the search; the same comes out. */
  private maskUsual(key: JsonKey, text: Buffer, start: number, end: number, close: number): boolean {
    if (key.form === undefined) return false;
    const masker = this.maskerOf(key.kind);
    if (masker.as === 'null' || !key.form(text, start, end)) return false;
    this.hits++;
    this.passQuote();
    masker.into(key.kind, text, start, end, this.out);
    this.skip(close);
    return true;
  }

  private isSensitive(key: JsonKey | undefined): boolean {
    if (key === undefined) return false;
    key.sensitive ??= this.detector.sensitiveName(key.name);
    return key.sensitive;
  }

  private openLong(): void {
    this.write('"');
    this.skip(this.from + 1);
    const context = this.place.context();
    const { detector, masker, limits, rules } = this.options;
    const write = (bytes: Buffer): void => this.escaped(bytes);
    if (!this.isSensitive(context) && beginsJson(this.buf, this.from, this.length) && (this.options.depth ?? 0) < DEPTH_MAX) {
      this.long = new JsonMasker({ ...this.options, write, depth: (this.options.depth ?? 0) + 1 });
      return;
    }
    this.long = textMasker({
      detector,
      masker,
      write,
      ...(rules === undefined ? {} : { rules }),
      ...(context === undefined ? {} : { context }),
      ...(limits === undefined ? {} : { limits }),
    });
  }

  private feedLong(to: number): void {
    this.long!.push(unescapeJson(this.buf, this.from, to));
    this.skip(to);
  }

  private closeLong(close: number): void {
    if (this.long === undefined) return;
    this.feedLong(close);
    this.long.end();
    this.hits += this.long.hits;
    this.long = undefined;
    if (this.place.isKey) this.place.said(NO_KEY, 0, 0);
    if (close >= this.length) return;
    this.write('"');
    this.skip(close + 1);
  }

  /** A number or a word, with the blanks behind it: only what comes next shows that it is one. */
  private scalar(final: boolean): boolean {
    const { buf, length, place } = this;
    let at = this.at;
    // behind the blanks another word is not part of this one, wherever the chunks are cut
    if (!isBlank(buf[at - 1]!)) while (at < length && SCALARS[buf[at]!] !== 0) at++;
    while (at < length && (place.top ? buf[at] === 0x20 || buf[at] === 0x09 : isBlank(buf[at]!))) at++;
    this.at = at;
    if (this.dropping) this.skip(at);
    if (at === length) {
      if (at - this.from > NUMBER_HELD_MAX && !this.dropping) this.longScalar();
      return false;
    }
    if (!this.dropping && isNumberStart(buf[this.from]!) && this.waits(at, final)) return false;
    this.settleScalar();
    return true;
  }

  /** The value that ends at `end` waits for what may name it: bytes behind it in its object that have not come. */
  private waits(end: number, final: boolean): boolean {
    const { place, buf } = this;
    if (!place.awaitsName()) return false;
    const name = nameBehind(buf, end, this.length, final, place);
    if (name === undefined) return true;
    if (name.end <= name.start) place.looked();
    else {
      const text = unescapeJson(buf, name.start, name.end);
      place.looked(text, 0, text.length);
    }
    return false;
  }

  private settleScalar(): void {
    const { buf, place, from } = this;
    this.token = 0;
    if (this.dropping) {
      this.dropping = false;
      return;
    }
    let end = from;
    while (end < this.at && SCALARS[buf[end]!] !== 0) end++;
    const next = this.at < this.length ? buf[this.at]! : 0x0a;
    const ends = next === 0x2c || next === 0x5d || next === 0x7d || (place.top && (next === 0x0a || next === 0x0d));
    const number = isNumberStart(buf[from]!);
    if (!ends || (!number && !isWord(buf, from, end))) return this.asText();
    if (number) this.maskNumber(end);
  }

  private maskNumber(end: number): void {
    const { buf, from } = this;
    const context = this.place.context();
    if (!this.isSensitive(context) && !this.mayHold(buf, from, end)) return;
    const found = this.inNumber(buf, from, end, context);
    if (found === undefined) return;
    const { hit, masker } = found;
    this.hits++;
    this.write(maskedNumber(masker, hit.kind, buf, hit.start, hit.end));
    this.skip(end);
  }

  private inNumber(buf: Buffer, from: number, end: number, context: JsonKey | undefined): { hit: Hit; masker: Masker } | undefined {
    const { detector, masker } = this;
    const { rules } = this.options;
    for (let to = end; to > from; ) {
      const [hit] = detector.find(buf, from, to, context);
      if (hit !== undefined) return rules === undefined ? { hit, masker } : rules.first(buf, from, to, context);
      if (to < end) return undefined;
      // 4111111111111111.00 is no card number, what stands before the point is
      const point = buf.subarray(from, end).indexOf(0x2e);
      if (point <= 0) return undefined;
      to = from + point;
    }
    return undefined;
  }

  /** A number without an end: decided by what there is of it. */
  private longScalar(): void {
    if (!isNumberStart(this.buf[this.from]!)) return this.asText();
    const before = this.hits;
    this.maskNumber(this.from + NUMBER_HELD_MAX);
    this.dropping = this.hits > before;
    if (!this.dropping) this.from = this.at;
  }

  private asText(): void {
    const { detector, masker, write, limits, rules } = this.options;
    this.send();
    this.token = 0;
    this.before = this.hits;
    this.text = textMasker({
      detector,
      masker,
      write,
      ...(rules === undefined ? {} : { rules }),
      ...(limits === undefined ? {} : { limits }),
    });
    this.text.prime(this.buf.subarray(Math.max(0, this.from - EVIDENCE), this.from));
    this.text.push(this.buf.subarray(this.from, this.length));
    this.skip(this.length);
    this.at = this.length;
  }

  /** Writes what may go: many tokens at once, since most stay as they are. */
  private pass(): void {
    if (this.from > this.written) {
      if (this.out.length > 0) this.out.copy(this.buf, this.written, this.from);
      else this.options.write(this.buf.subarray(this.written, this.from));
    }
    this.written = this.from;
  }

  /** All before the string that was read goes out, and its opening quote. */
  private passQuote(): void {
    this.from++;
    this.pass();
  }

  /** All that may go, and what was gathered of it. */
  private send(): void {
    this.pass();
    if (this.out.length === 0) return;
    this.options.write(this.out.buf.subarray(0, this.out.length));
    this.out.reset();
  }

  /** What stands before `to` was written in another form, or is left out. */
  private skip(to: number): void {
    this.from = to;
    this.written = to;
  }

  private write(text: string): void {
    this.pass();
    this.out.ascii(text);
  }

  private escaped(bytes: Buffer): void {
    escapeJson(bytes, 0, bytes.length, this.out);
  }
}

/** what numbers and words are made of */
const SCALARS = Uint8Array.from({ length: 256 }, (_, b) =>
  isNumberStart(b) || (b >= 0x61 && b <= 0x7a) || b === 0x2e || b === 0x2b || b === 0x45 ? 1 : 0,
);

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

const WORDS = ['true', 'false', 'null'].map((word) => Buffer.from(word));

function isWord(buf: Buffer, start: number, end: number): boolean {
  for (const word of WORDS) {
    if (word.length !== end - start) continue;
    let k = 0;
    while (k < word.length && word[k] === buf[start + k]) k++;
    if (k === word.length) return true;
  }
  return false;
}

/** A first chunk that is short is often all there is: its room comes out of the shared pool. */
function roomFor(bytes: number, first: boolean): Buffer<ArrayBuffer> {
  return first && bytes <= POOLED_BYTES_MAX ? Buffer.allocUnsafe(bytes) : Buffer.allocUnsafeSlow(2 * bytes);
}

/** Node's pool gives no more at once. */
const POOLED_BYTES_MAX = 4095;

/** JSON inside of JSON is looked into so often; what stands deeper is read as text. */
const DEPTH_MAX = 4;

interface Inside {
  bytes: Buffer;
  hits: number;
}

/** An object or a list, by its first sign and, where it is whole, its last. */
function beginsJson(text: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && isBlank(text[at]!)) at++;
  return at + 1 < end && (text[at] === 0x7b || text[at] === 0x5b);
}

/** undefined where it is no JSON, or nothing was found. */
function maskedJson(bytes: Buffer, options: CodecOptions): Inside | undefined {
  const depth = (options.depth ?? 0) + 1;
  if (depth > DEPTH_MAX) return undefined;
  const parts: Buffer[] = [];
  const codec = new JsonMasker({ ...options, depth, write: (part) => parts.push(Buffer.from(part)) });
  codec.push(bytes);
  codec.end();
  return codec.isText || codec.hits === 0 ? undefined : { bytes: Buffer.concat(parts), hits: codec.hits };
}

/** shorter base64 holds no value, characters */
const BASE64_MIN = 12;
const BASE64 = /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/;

/** A string that is base64 from end to end, in either alphabet, is masked inside and written in the same way (RFC 4648). */
function maskedBase64(text: Buffer, start: number, end: number, options: CodecOptions): Inside | undefined {
  if (end - start < BASE64_MIN || end - start > STRING_HELD_MAX) return undefined;
  const written = text.toString('latin1', start, end);
  if (!BASE64.test(written)) return undefined;
  const decoded = Buffer.from(written, 'base64');
  const inside = beginsJson(decoded, 0, decoded.length) ? maskedJson(decoded, options) : undefined;
  const { detector, masker, rules } = options;
  const masked =
    inside?.bytes ??
    (rules === undefined
      ? maskText(detector, masker, decoded, 0, decoded.length)
      : rules.mask(decoded, 0, decoded.length, undefined, false));
  if (masked === undefined || masked === null) return undefined;
  const url = /[_-]/.test(written);
  const again = masked.toString(url ? 'base64url' : 'base64');
  const padded = written.length % 4 === 0 && (!url || written.endsWith('='));
  const full = url && padded ? again.padEnd(Math.ceil(again.length / 4) * 4, '=') : padded ? again : again.replace(/=+$/, '');
  return { bytes: Buffer.from(full, 'latin1'), hits: inside?.hits ?? 1 };
}
