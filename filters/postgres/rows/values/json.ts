import { escapeJson, unescapeJson } from '../../../mask/codecs/json-string.js';
import type { FindContext, Kind } from '../../../mask/types.js';
import { indexOfByte } from '../byte-search.js';
import { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import type { Finder } from '../finder.js';
import { findNumber, maskNumber } from './number.js';
import { detectText, type ValueMasker, writeHits } from './value.js';

/**
 * JSON text (json, jsonb): only the insides of strings and bare numbers are changed, so that it stays valid. Detectors see
 * the text as a whole (for words around a value), and each string decoded, under the name of its key.
 */

interface Span {
  start: number;
  end: number;
  kind: Kind;
  rule: number;
}

/** What is found in the raw text, kept aside: the finder is used again for each string. */
function spansOf(finder: Finder): Span[] {
  const spans: Span[] = [];
  for (let i = 0; i < finder.count; i++)
    spans.push({ start: finder.starts[i]!, end: finder.ends[i]!, kind: finder.kinds[i]!, rule: finder.ruleIndex(i) });
  return spans;
}

const LITERALS = ['true', 'false', 'null'].map((word) => Buffer.from(word, 'latin1'));

class JsonWalk {
  private at: number;
  private copied: number;
  private changed = false;
  private span = 0;
  private readonly spans: Span[];
  private readonly finder: Finder;
  /** key in force at each level of nesting; index 0 is the column's own name */
  private readonly keys: FindContext[];
  private readonly objects: boolean[] = [];
  private keyNext = false;
  private readonly mark: number;

  constructor(
    private readonly cell: Cell,
    private readonly buf: Buffer,
    private readonly start: number,
    private readonly end: number,
    private readonly out: ByteSink,
  ) {
    this.finder = cell.finder;
    this.mark = out.length;
    this.at = start;
    this.copied = start;
    this.finder.find(buf, start, end, cell.context);
    this.spans = spansOf(this.finder);
    this.keys = [cell.context];
  }

  run(): Outcome {
    const { buf, end } = this;
    while (this.at < end) {
      const byte = buf[this.at]!;
      if (byte === 0x22) this.string();
      else if (byte === 0x7b || byte === 0x5b) this.open(byte === 0x7b);
      else if (byte === 0x7d || byte === 0x5d) this.close();
      else if (byte === 0x2c) {
        this.keyNext = this.objects[this.objects.length - 1] === true;
        this.at++;
      } else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) this.number();
      else if (!this.filler(byte)) return this.asText();
    }
    if (!this.changed) return KEEP;
    this.out.copy(buf, this.copied, end);
    return WRITTEN;
  }

  /** Steps over blanks, colons, true, false and null; false for what JSON has no place for. */
  private filler(byte: number): boolean {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09 || byte === 0x3a) {
      this.at++;
      return true;
    }
    const word = LITERALS.find((one) => this.buf.compare(one, 0, one.length, this.at, Math.min(this.at + one.length, this.end)) === 0);
    this.at += word?.length ?? 0;
    return word !== undefined;
  }

  /** Not JSON: masked as the text that it is. */
  private asText(): Outcome {
    this.out.truncate(this.mark);
    return detectText(this.cell, this.buf, this.start, this.end, this.out);
  }

  private open(object: boolean): void {
    this.objects.push(object);
    // An array's elements stand under the array's key, an object's members each under their own.
    this.keys.push(this.keys[this.keys.length - 1]!);
    this.keyNext = object;
    this.at++;
  }

  private close(): void {
    this.objects.pop();
    if (this.keys.length > 1) this.keys.pop();
    this.keyNext = false;
    this.at++;
  }

  private string(): void {
    const { buf, end } = this;
    const open = this.at;
    let at = open + 1;
    let escaped = false;
    while (at < end && buf[at] !== 0x22) {
      if (buf[at] === 0x5c) {
        escaped = true;
        at++;
      }
      at++;
    }
    const close = Math.min(at, end);
    this.at = close + 1;
    const isKey = this.keyNext;
    this.keyNext = false;
    if (escaped) this.decoded(open, close, isKey);
    else this.raw(open, close, isKey);
    if (isKey) this.keys[this.keys.length - 1] = { name: buf.toString('utf8', open + 1, close) };
  }

  private contextOf(isKey: boolean): FindContext | undefined {
    return isKey ? undefined : this.keys[this.keys.length - 1]!;
  }

  private raw(open: number, close: number, isKey: boolean): void {
    const { finder, buf } = this;
    finder.find(buf, open + 1, close, this.contextOf(isKey));
    for (const span of this.spansIn(open + 1, close))
      finder.add(Math.max(span.start, open + 1), Math.min(span.end, close), span.kind, span.rule);
    if (finder.count === 0) return;
    this.cell.countHits();
    const mark = this.begin(open + 1);
    if (writeHits(this.cell, buf, open + 1, close, this.out) === NULLED) this.nulled(mark, close, isKey);
    else this.copied = close;
  }

  private decoded(open: number, close: number, isKey: boolean): void {
    const { finder, buf } = this;
    const text = unescapeJson(buf, open + 1, close);
    finder.find(text, 0, text.length, this.contextOf(isKey));
    // Places in the raw text are none in the decoded one: what was found only there takes the whole string.
    const spans = this.spansIn(open + 1, close);
    if (finder.count === 0) for (const span of spans) finder.add(0, text.length, span.kind, span.rule);
    if (finder.count === 0) return;
    this.cell.countHits();
    const mark = this.begin(open + 1);
    const inner = new ByteSink(text.length + 64);
    if (writeHits(this.cell, text, 0, text.length, inner) === NULLED) this.nulled(mark, close, isKey);
    else {
      escapeJson(inner.buf, 0, inner.length, this.out);
      this.copied = close;
    }
  }

  private number(): void {
    const { finder, buf, end } = this;
    const start = this.at;
    let at = start + 1;
    while (at < end && isNumberByte(buf[at]!)) at++;
    this.at = at;
    findNumber(finder, buf, start, at, this.contextOf(false));
    for (const span of this.spansIn(start, at)) finder.add(Math.max(span.start, start), Math.min(span.end, at), span.kind, span.rule);
    if (finder.count === 0) return;
    this.cell.countHits();
    this.begin(start);
    this.out.ascii(maskNumber(finder.strongest(), buf, start, at, Number.MAX_SAFE_INTEGER) ?? 'null');
    this.copied = at;
  }

  /** Copies what comes before a change; returns where the change begins in the sink. */
  private begin(at: number): number {
    this.changed = true;
    this.out.copy(this.buf, this.copied, at);
    return this.out.length;
  }

  /** A string that is to become NULL: null where a value stands, an empty key where a key stands. */
  private nulled(mark: number, close: number, isKey: boolean): void {
    this.out.truncate(mark - 1);
    this.out.ascii(isKey ? '""' : 'null');
    // Behind the closing quote; an unterminated string (never sent by a server) ends with the text.
    this.copied = Math.min(close + 1, this.end);
  }

  private spansIn(from: number, to: number): Span[] {
    const { spans } = this;
    while (this.span < spans.length && spans[this.span]!.end <= from) this.span++;
    const found: Span[] = [];
    for (let i = this.span; i < spans.length && spans[i]!.start < to; i++) found.push(spans[i]!);
    return found;
  }
}

function isNumberByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2e || byte === 0x2d || byte === 0x2b || byte === 0x65 || byte === 0x45;
}

/** Detectors over JSON text. */
export function detectJson(cell: Cell, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  if (!cell.sensitive && !cell.finder.mayHold(buf, start, end) && !hasBackslash(buf, start, end)) return KEEP;
  return new JsonWalk(cell, buf, start, end, out).run();
}

/** True where escapes may hide bytes from a look at the raw text. */
export function hasBackslash(buf: Buffer, start: number, end: number): boolean {
  return indexOfByte(buf, 0x5c, start, end) >= 0;
}

/** A JSON string in place of the whole document. */
function coverJson(cover: Cover, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  if (cover.as === 'null') return NULLED;
  if (cover.as !== 'hash' && cover.as !== 'token') {
    out.ascii('"[redacted]"');
    return WRITTEN;
  }
  const masked = cover.masker.mask(cover.kind, buf, start, end);
  if (masked === undefined) return NULLED;
  out.byte(0x22);
  escapeJson(masked, 0, masked.length, out);
  out.byte(0x22);
  return WRITTEN;
}

/** json in both formats, jsonb in text. */
export const jsonValue: ValueMasker = {
  looks: () => 'always',
  detect: detectJson,
  cover: (_cell, cover, buf, start, end, out) => coverJson(cover, buf, start, end, out),
};

/** jsonpath: covered it is a string literal, which JSON and jsonpath write alike. */
export const jsonpathValue: ValueMasker = { looks: () => 'plain', detect: detectText, cover: jsonValue.cover };

/** jsonb and jsonpath in binary: a version byte of 1, then text. */
export function versioned(inner: ValueMasker): ValueMasker {
  return {
    looks: (cell) => inner.looks(cell),
    detect: (cell, buf, start, end, out) => {
      const mark = out.length;
      if (buf[start] !== 1 || start === end) return detectText(cell, buf, start, end, out) === KEEP ? KEEP : dropped(out, mark);
      out.byte(1);
      const outcome = inner.detect(cell, buf, start + 1, end, out);
      if (outcome !== WRITTEN) out.truncate(mark);
      return outcome;
    },
    cover: (cell, cover, buf, start, end, out) => {
      const mark = out.length;
      out.byte(1);
      const outcome = inner.cover(cell, cover, buf, Math.min(start + 1, end), end, out);
      if (outcome !== WRITTEN) out.truncate(mark);
      return outcome;
    },
  };
}

function dropped(out: ByteSink, mark: number): Outcome {
  out.truncate(mark);
  return NULLED;
}
