import type { CodecOptions, StreamCodec } from './codec.js';
import { type FieldContext, type FieldForm, FieldMasker } from './field.js';
import { entityForm } from './html.js';
import { Marks } from './marks.js';
import { Pieces } from './pieces.js';
import { SecondLook } from './second-look.js';

/** Text without references: CDATA. Brackets would end it where two come together, so masked values have round ones. */
const bareForm: FieldForm = {
  signs: [],
  decode: () => undefined,
  whole: (_buf, _start, end) => end,
  encode: (bytes) => Buffer.from(bytes.toString('latin1').replaceAll('[', '(').replaceAll(']', ')'), 'latin1'),
};

/** Elements whose names are kept; inside of deeper ones names are no evidence. */
const DEPTH_MAX = 1000;
/** a longer name is evidence by its beginning, bytes */
const NAME_MAX = 256;
/** names that are kept; beyond it the memory is emptied */
const NAMES_KEPT_MAX = 256;
/** attributes that name what the element or its attribute `value` holds */
const NAMING = new Set(['name', 'key']);

const CDATA = '<![CDATA[';
const COMMENT = '<!--';

/** where the reader is */
const TEXT = 0;
/** behind `<`, until it is known what it begins */
const OPENING = 1;
const TAG = 2;
const QUOTED = 3;
const CDATA_TEXT = 4;
const COMMENT_TEXT = 5;
/** declarations and processing instructions */
const OTHER = 6;

/**
 * Masks XML so that it stays XML (XML 1.0): text and values of attributes through their references, CDATA as it is, each with the name of
 * its element or attribute as evidence, comments and all else as text. What tags, comments or CDATA cut is found by a second
 * look; what a document's own entities make is not.
 */
export class XmlMasker implements StreamCodec {
  private readonly field: FieldMasker;
  private readonly bare: FieldMasker;
  private readonly second: SecondLook;
  private readonly out: Pieces;
  private readonly marks: Marks;
  private state = TEXT;
  private opening = '';
  /** what of it came in earlier chunks */
  private carried = '';
  /** the last bytes, as far as an end is looked for in them */
  private tail = '';
  private readonly elements: FieldContext[] = [];
  private readonly contexts = new Map<string, FieldContext>();
  /** open elements beyond DEPTH_MAX: counted, so that endless nesting takes no room */
  private deeper = 0;
  private tag = '';
  private attribute = '';
  private inName = false;
  private closing = false;
  private quote = 0;
  /** what an attribute of this tag names */
  private named: FieldContext | undefined;
  private last = 0;

  constructor(options: CodecOptions) {
    this.second = new SecondLook(options);
    this.out = new Pieces(this.second.write);
    this.marks = new Marks(options.detector);
    this.marks.between(SIGNS);
    this.field = new FieldMasker(options, entityForm, this.out, this.marks);
    this.bare = new FieldMasker(options, bareForm, this.out);
  }

  get hits(): number {
    return this.field.hits + this.bare.hits + this.second.hits;
  }

  get held(): number {
    return this.field.held + this.bare.held + this.second.held + this.opening.length;
  }

  flush(): void {
    this.field.flush();
    this.bare.flush();
    this.second.flush();
  }

  end(): void {
    if (this.opening !== '') this.field.push(Buffer.from(this.opening, 'latin1'), 0, this.opening.length, undefined);
    this.field.end(NOTHING, 0, 0, this.context);
    this.bare.end(NOTHING, 0, 0, this.context);
    this.second.end();
  }

  push(chunk: Uint8Array): void {
    const buf = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    this.out.begin(buf);
    this.marks.look(buf);
    let from = 0;
    for (let at = 0; at < buf.length; at++) from = this.take(buf, from, at);
    if (this.state !== OPENING) this.piece(buf, from, buf.length);
    else {
      this.out.leaveOut(buf.length - (this.opening.length - this.carried.length), buf.length);
      this.carried = this.opening;
    }
    this.out.end();
    this.second.send();
  }

  /** Takes one byte; gives where what is not settled yet begins. */
  private take(buf: Buffer, from: number, at: number): number {
    const b = buf[at]!;
    switch (this.state) {
      case TEXT:
        if (b !== LT) return from;
        this.settle(buf, from, at);
        this.opening = '<';
        this.state = OPENING;
        return at + 1;
      case OPENING:
        return this.open(buf, at);
      case TAG:
        return this.inTag(buf, from, at);
      case QUOTED:
        if (b !== this.quote) return from;
        this.endValue(buf, from, at);
        return at + 1;
      case CDATA_TEXT:
        return this.until(']]>', buf, from, at);
      case COMMENT_TEXT:
        return this.until('-->', buf, from, at);
      default:
        return this.until('>', buf, from, at);
    }
  }

  private open(buf: Buffer, at: number): number {
    this.opening += String.fromCharCode(buf[at]!);
    const { opening } = this;
    if (opening !== CDATA && opening !== COMMENT && (CDATA.startsWith(opening) || COMMENT.startsWith(opening))) return at + 1;
    if (this.carried !== '') this.out.put(Buffer.from(this.carried, 'latin1'));
    this.carried = '';
    this.opening = '';
    this.tail = '';
    if (opening === CDATA || opening === COMMENT) {
      this.state = opening === CDATA ? CDATA_TEXT : COMMENT_TEXT;
      return at + 1;
    }
    this.state = opening[1] === '!' || opening[1] === '?' ? OTHER : TAG;
    this.tag = '';
    this.attribute = '';
    this.named = undefined;
    this.inName = true;
    this.closing = opening === '</';
    this.last = 0;
    return this.take(buf, at, at);
  }

  private inTag(buf: Buffer, from: number, at: number): number {
    const b = buf[at]!;
    if (b === QUOTE || b === APOSTROPHE) {
      this.settle(buf, from, at);
      this.quote = b;
      this.state = QUOTED;
      return at + 1;
    }
    if (b === GT || b === LT) {
      this.settle(buf, from, at);
      this.endTag();
      this.state = TEXT;
      return at + 1;
    }
    if (isBlank(b)) {
      this.inName = false;
      this.attribute = '';
    } else if (b !== EQUALS && b !== SLASH) {
      if (this.inName) this.tag = add(this.tag, b);
      else this.attribute = add(this.attribute, b);
    }
    this.last = b;
    return from;
  }

  /** The name of an element or attribute without its prefix: the same names come again and again. */
  private contextOf(written: string): FieldContext {
    let known = this.contexts.get(written);
    if (known === undefined) {
      known = { name: local(written) };
      if (this.contexts.size >= NAMES_KEPT_MAX) this.contexts.clear();
      this.contexts.set(written, known);
    }
    return known;
  }

  private endTag(): void {
    if (this.closing) {
      if (this.deeper > 0) this.deeper--;
      else this.elements.pop();
      return;
    }
    if (this.last === SLASH) return;
    if (this.elements.length >= DEPTH_MAX) this.deeper++;
    else this.elements.push(this.named ?? this.contextOf(this.tag));
  }

  private endValue(buf: Buffer, from: number, at: number): void {
    const { name } = this.contextOf(this.attribute);
    const context = name === 'value' && this.named !== undefined ? this.named : this.contextOf(this.attribute);
    const naming = NAMING.has(name);
    const said = this.field.end(buf, from, at, context, naming);
    if (naming && said.length > 0) this.named = { name: said.toString('utf8', 0, NAME_MAX) };
    this.attribute = '';
    this.state = TAG;
    this.last = 0;
  }

  /** Text up to an end that stays. */
  private until(end: string, buf: Buffer, from: number, at: number): number {
    this.tail = (this.tail + String.fromCharCode(buf[at]!)).slice(-end.length);
    if (this.tail !== end) return from;
    this.settle(buf, from, at + 1);
    this.state = TEXT;
    return at + 1;
  }

  private get context(): FieldContext | undefined {
    if (this.deeper > 0) return undefined;
    return this.state === TEXT || this.state === CDATA_TEXT ? this.elements[this.elements.length - 1] : undefined;
  }

  private settle(buf: Buffer, from: number, to: number): void {
    (this.state === CDATA_TEXT ? this.bare : this.field).end(buf, from, to, this.context);
  }

  private piece(buf: Buffer, from: number, to: number): void {
    const context = this.state === QUOTED ? this.contextOf(this.attribute) : this.context;
    (this.state === CDATA_TEXT ? this.bare : this.field).push(buf, from, to, context);
  }
}

const NOTHING = Buffer.alloc(0);
const LT = 0x3c;
const GT = 0x3e;
const QUOTE = 0x22;
const APOSTROPHE = 0x27;
/** between texts, tags and values (marks.ts) */
const SIGNS = [LT, GT, QUOTE, APOSTROPHE];
const EQUALS = 0x3d;
const SLASH = 0x2f;

const isBlank = (b: number): boolean => b === 0x20 || b === 0x0a || b === 0x0d || b === 0x09;
const add = (name: string, b: number): string => (name.length < NAME_MAX ? name + String.fromCharCode(b) : name);
/** without the prefix of its namespace */
const local = (name: string): string => name.slice(name.lastIndexOf(':') + 1);
