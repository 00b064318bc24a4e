import { mayEscape } from '../readings/through.js';
import { type TextMasker, textMasker } from '../stream/text-masker.js';
import { Target } from '../target.js';
import type { CodecOptions, StreamCodec } from './codec.js';
import { JsonMasker } from './json.js';
import { JsonKeys } from './json-place.js';
import { DataBreaks } from './sse-breaks.js';

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const BRACE = 0x7b;
const BRACKET = 0x5b;
const NOTHING = Buffer.alloc(0);
const LINE_FEED = Buffer.of(LF);
const CARRIAGE_RETURN = Buffer.of(CR);

/** the field that holds what an event says (WHATWG HTML, 9.2.6) */
const DATA = Buffer.from('data:', 'latin1');
const DATA_SPACE = Buffer.from('data: ', 'latin1');
/** a line without a colon is a field that says nothing */
const DATA_BARE = Buffer.from('data', 'latin1');

/** Lines of other fields between lines of data wait for the next one, bytes; what is longer parts the event for its masks. */
const BESIDES_HELD_MAX = 64 * 1024;

/** where a line is */
const FIELD = 0;
const COLON = 1;
const BLANKS = 2;
const SAYS = 3;
const OTHER = 4;

/**
 * Masks a stream of server-sent events. What an event says are its lines of data, joined by line feeds (WHATWG HTML, 9.2.6): they are masked
 * together, as JSON from a line on that begins like an object or a list, else as text. All other lines are text, each by itself. An empty line
 * settles the event, so each goes out as soon as it is complete.
 */
export class SseMasker implements StreamCodec {
  private settled = 0;
  private place = FIELD;
  /** bytes of `data:` that the line began with so far */
  private matched = 0;
  /** the last byte was a carriage return: a line feed behind it is the same line's end */
  private afterCr = false;
  /** masks what the event says */
  private body: JsonMasker | TextMasker | undefined;
  /** masks a line of another field */
  private other: TextMasker | undefined;
  private readonly breaks: DataBreaks;
  /** of all events */
  private readonly keys: JsonKeys;
  /** what was written since send(): an event has many small pieces */
  private readonly pieces = new Target();
  private readonly write = (bytes: Buffer): void => this.pieces.copy(bytes, 0, bytes.length);
  private readonly said = (bytes: Buffer): void => this.breaks.said(bytes);

  constructor(private readonly options: CodecOptions) {
    this.keys = options.keys ?? new JsonKeys();
    this.breaks = new DataBreaks(this.write);
  }

  get hits(): number {
    return this.settled + (this.body?.hits ?? 0) + (this.other?.hits ?? 0);
  }

  get held(): number {
    return (this.body?.held ?? 0) + (this.other?.held ?? 0) + (this.place === FIELD ? this.matched : 0);
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = 0; at < buf.length; at++) {
      const b = buf[at]!;
      if (b !== LF && b !== CR) {
        this.afterCr = false;
        continue;
      }
      if (at > from && !this.passes(buf, from, at)) this.piece(buf.subarray(from, at));
      from = at + 1;
      if (b === LF && this.afterCr) this.breaks.more(LINE_FEED);
      else this.endLine(b === CR ? CARRIAGE_RETURN : LINE_FEED);
      this.afterCr = b === CR;
    }
    if (from < buf.length) this.piece(buf.subarray(from));
    this.send();
  }

  flush(): void {
    this.body?.flush();
    this.other?.flush();
    this.send();
  }

  end(): void {
    this.endLine(NOTHING);
    this.endEvent();
    this.send();
  }

  private send(): void {
    const { pieces } = this;
    if (pieces.length > 0) this.options.write(pieces.buf.subarray(0, pieces.length));
    pieces.reset();
  }

  /** A whole line of another field, in which surely nothing is found, needs no masker of its own. */
  private passes(buf: Buffer, from: number, to: number): boolean {
    if (this.place !== FIELD || this.matched > 0) return false;
    let same = 0;
    while (from + same < to && same < DATA.length && buf[from + same] === DATA[same]) same++;
    // `data` without a colon is one too
    if (same === DATA.length || (same === DATA_BARE.length && from + same === to)) return false;
    if (mayEscape(buf, from, to) || this.options.detector.mayHold(buf, from, to)) return false;
    this.place = OTHER;
    this.besides(buf.subarray(from, to));
    return true;
  }

  /** A piece of a line. */
  private piece(bytes: Buffer): void {
    let at = 0;
    if (this.place === FIELD) {
      while (at < bytes.length && this.matched < DATA.length && bytes[at] === DATA[this.matched]) {
        at++;
        this.matched++;
      }
      if (this.matched === DATA.length) this.place = COLON;
      else if (at < bytes.length) this.beginOther();
      else return;
    }
    if (this.place === COLON) {
      if (at === bytes.length) return;
      // one blank behind the colon is none of the data
      this.beginData(bytes[at] === SPACE ? DATA_SPACE : DATA);
      if (bytes[at] === SPACE) at++;
    }
    if (this.place === OTHER) this.other!.push(bytes.subarray(at));
    else this.say(bytes.subarray(at));
  }

  private endLine(end: Buffer): void {
    if (this.place === FIELD && this.matched === 0) {
      this.endEvent();
      this.write(end);
      return;
    }
    if (this.place === COLON) this.beginData(DATA);
    else if (this.place === FIELD && this.matched === DATA_BARE.length) this.beginData(DATA_BARE);
    else if (this.place === FIELD) this.beginOther();
    if (this.place === OTHER) {
      if (this.other !== undefined) this.settled += ended(this.other);
      this.other = undefined;
      this.breaks.besides(end);
    } else this.breaks.endData(end);
    this.place = FIELD;
    this.matched = 0;
  }

  private beginOther(): void {
    this.place = OTHER;
    this.other = textMasker({ ...this.options, write: (bytes) => this.besides(bytes) });
    if (this.matched > 0) this.other.push(DATA.subarray(0, this.matched));
  }

  private besides(bytes: Buffer): void {
    if (this.breaks.held + bytes.length > BESIDES_HELD_MAX) this.endEvent();
    this.breaks.besides(bytes);
  }

  private beginData(prefix: Buffer): void {
    this.place = BLANKS;
    this.breaks.begin(prefix, this.body !== undefined);
    this.body?.push(LINE_FEED);
  }

  private say(bytes: Buffer): void {
    let at = 0;
    if (this.place === BLANKS) {
      while (at < bytes.length && (bytes[at] === SPACE || bytes[at] === 0x09)) at++;
      if (at > 0) {
        if (this.body === undefined) this.write(bytes.subarray(0, at));
        else this.body.push(bytes.subarray(0, at));
      }
      if (at === bytes.length) return;
      this.place = SAYS;
      this.open(bytes[at] === BRACE || bytes[at] === BRACKET);
    }
    if (at < bytes.length) this.body!.push(bytes.subarray(at));
  }

  /** A line of data begins so. */
  private open(json: boolean): void {
    if (this.body !== undefined && (!json || (this.body instanceof JsonMasker && !this.body.isText))) return;
    if (this.body !== undefined) {
      this.settled += ended(this.body);
      this.breaks.settle();
    }
    const options = { ...this.options, write: this.said };
    this.body = json ? new JsonMasker({ ...options, keys: this.keys }) : textMasker(options);
  }

  private endEvent(): void {
    if (this.body !== undefined) this.settled += ended(this.body);
    this.body = undefined;
    this.breaks.endEvent();
  }
}

function ended(masker: StreamCodec | TextMasker): number {
  masker.end();
  return masker.hits;
}
