import { mayEscape, READING_BYTES, throughEscapes } from '../readings/through.js';
import { Rewritten, reachesInto } from '../rewritten.js';
import { type TextMasker, textMasker } from '../stream/text-masker.js';
import { maskHit, takeForm, valuesIn } from '../text.js';
import type { Detector, FindContext, Masker } from '../types.js';
import type { CodecOptions } from './codec.js';
import type { Marks } from './marks.js';
import type { Pieces } from './pieces.js';

/** A longer field is masked while it comes; a shorter one is held to its end, bytes. */
const FIELD_HELD_MAX = 64 * 1024;
/** What was masked is searched again at most so often (text.ts). */
const ROUNDS_MAX = 4;

/** The name beside fields. One is kept for all fields of a name, with what the detector says of it. */
export interface FieldContext extends FindContext {
  /** undefined: not asked yet */
  sensitive?: boolean;
}

/** How a value is written in a field. */
export interface FieldForm {
  /** bytes without which a field stands for itself */
  signs: readonly number[];
  /** What buf[start, end) stands for; undefined when it stands for itself. `at[i]` is where the byte i of the text begins, `at[length]` is `end`. */
  decode(buf: Buffer, start: number, end: number): { text: Buffer; at: Int32Array } | undefined;
  /** How far buf[start, end) can be decoded when more is to come. */
  whole(buf: Buffer, start: number, end: number): number;
  /** Bytes as they are written in the field. */
  encode(bytes: Buffer): Buffer;
}

const NOTHING = Buffer.alloc(0);
/** what a byte is to a field: begins something that is undone; parts fields for the look at all of a chunk */
const UNDONE = 1;
const PARTS = 2;

/**
 * Masks one field after the other through the way it is written; what nothing is found in stays the same bytes, and most costs no object.
 * `out` takes the fields and is told of each chunk by the codec; `marks` too, where one look at a whole chunk is of use.
 */
export class FieldMasker {
  hits = 0;
  private kept: Buffer[] = [];
  private bytes = 0;
  private long: TextMasker | undefined;
  private rest: Buffer = NOTHING;
  private signs: Uint8Array | undefined;

  constructor(
    private readonly options: CodecOptions,
    private readonly form: FieldForm,
    private readonly out: Pieces,
    private readonly marks?: Marks,
  ) {}

  get held(): number {
    return this.bytes + this.rest.length + (this.long?.held ?? 0);
  }

  /** A piece of the field. */
  push(buf: Buffer, start: number, end: number, context: FieldContext | undefined): void {
    if (end <= start) return;
    this.take(buf, start, end);
    if (this.long === undefined) {
      this.kept.push(Buffer.from(buf.subarray(start, end)));
      this.bytes += end - start;
      if (this.bytes > FIELD_HELD_MAX) this.openLong(context);
    } else this.feed(buf.subarray(start, end), false);
  }

  /** The last piece of the field. Gives what the field stands for where that is asked and it was short enough to be held, else an empty text. */
  end(buf: Buffer, start: number, end: number, context: FieldContext | undefined, asked = false): Buffer {
    if (this.long !== undefined) {
      this.take(buf, start, end);
      this.feed(buf.subarray(start, end), true);
      this.long.end();
      this.hits += this.long.hits;
      this.long = undefined;
      return NOTHING;
    }
    if (this.bytes === 0) {
      if (end <= start) return NOTHING;
      if (!this.isClean(buf, start, end, context)) {
        const field = buf.subarray(start, end);
        const masked = this.settle(field, context);
        if (masked !== field) {
          this.take(buf, start, end);
          this.out.put(masked);
        }
      }
      return asked ? (this.form.decode(buf, start, end)?.text ?? buf.subarray(start, end)) : NOTHING;
    }
    this.take(buf, start, end);
    const field = Buffer.concat([...this.kept, buf.subarray(start, end)]);
    this.kept = [];
    this.bytes = 0;
    this.out.put(this.settle(field, context));
    return asked ? (this.form.decode(field, 0, field.length)?.text ?? field) : NOTHING;
  }

  flush(): void {
    this.long?.flush();
  }

  /** The chunk's bytes are not to go out as they are. */
  private take(buf: Buffer, start: number, end: number): void {
    if (buf === this.out.chunk) this.out.leaveOut(start, end);
  }

  /** Is it sure, without a search, that nothing is found? */
  private isClean(buf: Buffer, start: number, end: number, context: FieldContext | undefined): boolean {
    if (context !== undefined && this.isSensitive(context)) return false;
    this.signs ??= this.signTable();
    const { signs, marks } = this;
    let what = 0;
    for (let k = start; k < end; k++) what |= signs[buf[k]!]!;
    if ((what & UNDONE) !== 0) return false;
    // what another sign cuts was not looked at as one
    if (marks?.knows(buf) === true && what === 0) return !marks.mayHold(start, end);
    return !this.options.detector.mayHold(buf, start, end);
  }

  private signTable(): Uint8Array {
    const table = new Uint8Array(256);
    for (let b = 0; b < 256; b++) if (this.marks?.parts(b) === true) table[b] = PARTS;
    for (const sign of [...READING_BYTES, ...this.form.signs]) table[sign]! |= UNDONE;
    return table;
  }

  private isSensitive(context: FieldContext): boolean {
    context.sensitive ??= this.options.detector.sensitiveName(context.name);
    return context.sensitive;
  }

  /** The field, masked; itself where nothing is found. */
  private settle(whole: Buffer, context: FieldContext | undefined): Buffer {
    const { masker, rules } = this.options;
    const said = this.form.decode(whole, 0, whole.length)?.text ?? whole;
    const detector = this.detectorFor(said);
    let field = whole;
    if ((context !== undefined && this.isSensitive(context)) || detector.mayHold(said, 0, said.length)) {
      if (rules === undefined) field = this.masked(field, context, detector, masker);
      else if (detector.search(said, 0, said.length, context) > 0) {
        // what none finds anything in costs one search
        field = this.masked(field, context, rules.union(detector === this.options.detector ? undefined : throughEscapes), masker);
      }
    }
    return field;
  }

  private masked(field: Buffer, context: FieldContext | undefined, detector: Detector, masker: Masker): Buffer {
    let text = field;
    let kept: readonly number[] = [];
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const next = this.once(text, context, detector, masker, kept);
      if (next === undefined) break;
      text = next.text.bytes();
      kept = next.text.kept;
      if (!next.again) break;
    }
    return text;
  }

  /** Fields hold JSON, code and HTML too, with escapes of their own. */
  private detectorFor(said: Buffer): Detector {
    const { detector } = this.options;
    return mayEscape(said, 0, said.length) ? throughEscapes(detector) : detector;
  }

  /** The field with every value in it masked but for what is kept, and whether to search it again; undefined when nothing was found. */
  private once(
    field: Buffer,
    context: FieldContext | undefined,
    detector: Detector,
    masker: Masker,
    kept: readonly number[],
  ): { text: Rewritten; again: boolean } | undefined {
    const decoded = this.form.decode(field, 0, field.length);
    const text = decoded?.text ?? field;
    const at = (k: number): number => (decoded === undefined ? k : decoded.at[k]!);
    const found = detector.find(text, 0, text.length, context).filter(({ start, end }) => !reachesInto(kept, at(start), at(end)));
    if (found.length === 0) return undefined;
    this.hits += valuesIn(found);
    const into = new Rewritten(field.length, kept);
    let from = 0;
    for (const hit of found) {
      into.stays(field, from, at(hit.start));
      const masked = this.form.encode(maskHit(masker, hit, text));
      const start = into.out.length;
      into.out.copy(masked, 0, masked.length);
      into.masked(hit.masker ?? masker, start);
      from = at(hit.end);
    }
    into.stays(field, from, field.length);
    return { text: into, again: takeForm(masker, found) };
  }

  private openLong(context: FieldContext | undefined): void {
    const { detector, masker, limits, rules } = this.options;
    this.long = textMasker({
      detector,
      masker,
      write: (bytes) => this.out.put(this.form.encode(bytes)),
      ...(rules === undefined ? {} : { rules }),
      ...(context === undefined ? {} : { context }),
      ...(limits === undefined ? {} : { limits }),
    });
    const kept = Buffer.concat(this.kept);
    this.kept = [];
    this.bytes = 0;
    this.feed(kept, false);
  }

  private feed(piece: Buffer, last: boolean): void {
    const buf = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece]);
    const end = last ? buf.length : this.form.whole(buf, 0, buf.length);
    this.long!.push(this.form.decode(buf, 0, end)?.text ?? buf.subarray(0, end));
    this.rest = Buffer.from(buf.subarray(end));
  }
}

/** Collects decoded bytes with the places they come from. */
export class Decoded {
  readonly text: Buffer;
  readonly at: Int32Array;
  length = 0;

  /** at most `bytes` will be added */
  constructor(bytes: number) {
    this.text = Buffer.allocUnsafe(bytes);
    this.at = new Int32Array(bytes + 1);
  }

  add(b: number, from: number): void {
    this.at[this.length] = from;
    this.text[this.length++] = b;
  }

  done(end: number): { text: Buffer; at: Int32Array } {
    this.at[this.length] = end;
    return { text: this.text.subarray(0, this.length), at: this.at };
  }
}
