import { MidstreamError } from '../../errors.js';

/** A piece of an answer. `json` is a whole document; of a piece of a list it has what the piece lacks to be one: `before` bytes of it at its
 * beginning, `after` at its end. */
export type Piece = { blank: Buffer } | { json: Buffer; before: number; after: number; element: boolean };

const LIST_END = Buffer.from(']}');
const LIST_START = Buffer.from('{"items":[');
type Kind = 'blank' | 'whole' | 'head' | 'element' | 'tail';

const LISTS = ['items', 'rows'];

/**
 * Cuts JSON as the Kubernetes API sends it into pieces that can be masked alone: each document (one, or the events of a watch), and of a list
 * its beginning, each element, its end. So nothing longer than one object is held. Other values are cut as they come, and what is no JSON is
 * found by whoever reads the pieces.
 */
export class Units {
  private chunks: Buffer[] = [];
  /** bytes held */
  held = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** inside the list of a document */
  private list = false;
  /** of the document's own keys: the bytes of the last one, as far as they came */
  private key: number[] | undefined;
  private lastKey = '';
  /** the value that comes next is of that key */
  private colon = false;
  /** in a number or a word */
  private bare = false;
  /** the document is an object */
  private object = false;
  /** what is held, and what comes after it */
  private kind: Kind = 'blank';
  private next: Kind = 'blank';

  constructor(
    private readonly bytes_max: number,
    private readonly give: (piece: Piece) => void,
  ) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      at = this.skip(chunk, at);
      if (at === chunk.length) break;
      const cut = this.step(chunk[at]!);
      if (cut === 'none') continue;
      const to = cut === 'before' ? at : at + 1;
      this.hold(chunk.subarray(from, to));
      this.cut();
      from = to;
    }
    this.hold(Buffer.from(chunk.subarray(from)));
  }

  /** Throws MidstreamError bad_input where a document was cut off. */
  end(): void {
    if (this.depth > 0 || this.inString) throw new MidstreamError('bad_input', 'it ends inside a document');
    this.next = 'blank';
    this.cut();
  }

  private hold(part: Buffer): void {
    if (part.length === 0) return;
    this.held += part.length;
    if (this.held > this.bytes_max)
      throw new MidstreamError('limit_exceeded', `an object of it is longer than ${this.bytes_max} bytes (limits.held_bytes_max)`);
    this.chunks.push(part);
  }

  private cut(): void {
    const { kind } = this;
    this.kind = this.next;
    if (this.held === 0) return;
    const bytes = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
    this.chunks = [];
    this.held = 0;
    if (kind === 'blank') this.give({ blank: bytes });
    else if (kind === 'head') this.give({ json: Buffer.concat([bytes, LIST_END]), before: 0, after: LIST_END.length, element: false });
    else if (kind === 'tail') this.give({ json: Buffer.concat([LIST_START, bytes]), before: LIST_START.length, after: 0, element: false });
    else this.give({ json: bytes, before: 0, after: 0, element: kind === 'element' });
  }

  /** Where the next byte is that means something: inside of strings and objects most do not. */
  private skip(chunk: Buffer, from: number): number {
    const { length } = chunk;
    let at = from;
    if (this.inString) {
      if (this.key === undefined && !this.escaped) while (at < length && chunk[at] !== 0x22 && chunk[at] !== 0x5c) at++;
    } else if (this.depth > 2 || (this.depth > 0 && !this.list)) while (at < length && SIGNS[chunk[at]!] === 0) at++;
    return at;
  }

  /** Takes one byte; says whether a piece ends before or behind it. */
  private step(b: number): 'none' | 'before' | 'behind' {
    if (this.inString) return this.inside(b);
    if (this.depth === 0) return this.top(b);
    if (this.list && this.depth === 2) return this.between(b);
    switch (b) {
      case 0x22:
        this.inString = true;
        if (this.depth === 1 && !this.colon) this.key = [];
        return 'none';
      case 0x3a:
        if (this.depth === 1) this.colon = true;
        return 'none';
      case 0x2c:
        if (this.depth === 1) this.colon = false;
        return 'none';
      case 0x5b:
        this.depth++;
        if (this.depth === 2 && this.colon && this.kind === 'whole' && this.object && LISTS.includes(this.lastKey)) {
          this.list = true;
          return this.ends('head', 'blank', 'behind');
        }
        return 'none';
      case 0x7b:
        this.depth++;
        return 'none';
      case 0x5d:
      case 0x7d:
        return this.closes();
      default:
        return 'none';
    }
  }

  private inside(b: number): 'none' | 'before' | 'behind' {
    if (this.escaped) this.escaped = false;
    else if (b === 0x5c) this.escaped = true;
    else if (b === 0x22) {
      this.inString = false;
      if (this.key !== undefined) this.lastKey = Buffer.from(this.key).toString('latin1');
      this.key = undefined;
      if (this.depth === 0 || (this.list && this.depth === 2)) return this.ends(this.kind, 'blank', 'behind');
      return 'none';
    }
    if (this.key !== undefined && this.key.length < KEY_BYTES_MAX) this.key.push(b);
    return 'none';
  }

  /** Between documents. */
  private top(b: number): 'none' | 'before' | 'behind' {
    const blank = isBlank(b);
    if (this.bare) {
      if (!blank) return 'none';
      this.bare = false;
      return this.ends('whole', 'blank', 'before');
    }
    if (blank) return 'none';
    this.begin(b);
    return this.ends('blank', 'whole', 'before');
  }

  private begin(b: number): void {
    this.object = b === 0x7b;
    this.colon = false;
    this.lastKey = '';
    if (b === 0x7b || b === 0x5b) this.depth++;
    else if (b === 0x22) this.inString = true;
    else this.bare = true;
  }

  /** Between the elements of a list, or in one that is a number or a word. */
  private between(b: number): 'none' | 'before' | 'behind' {
    if (b === 0x5d) {
      this.list = false;
      this.depth--;
      this.bare = false;
      return this.ends(this.kind, 'tail', 'before');
    }
    if (isBlank(b) || b === 0x2c) {
      if (!this.bare) return 'none';
      this.bare = false;
      return this.ends('element', 'blank', 'before');
    }
    if (this.bare) return 'none';
    if (b === 0x22) this.inString = true;
    else if (b === 0x7b || b === 0x5b) this.depth++;
    else this.bare = true;
    return this.ends('blank', 'element', 'before');
  }

  private closes(): 'none' | 'before' | 'behind' {
    this.depth--;
    if (this.depth < 0) throw new MidstreamError('bad_input', 'it is not JSON');
    if (this.depth === 0 || (this.list && this.depth === 2)) return this.ends(this.kind, 'blank', 'behind');
    return 'none';
  }

  private ends(kind: Kind, next: Kind, where: 'before' | 'behind'): 'before' | 'behind' {
    this.kind = kind;
    this.next = next;
    return where;
  }
}

/** `"`, `,`, `:`, brackets and braces. */
const SIGNS = new Uint8Array(256);
for (const c of Buffer.from('",:[]{}')) SIGNS[c] = 1;

/** Keys of documents that are looked for are shorter, bytes. */
const KEY_BYTES_MAX = 16;

function isBlank(b: number): boolean {
  return b === 0x20 || b === 0x0a || b === 0x0d || b === 0x09;
}
