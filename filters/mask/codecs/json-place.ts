import type { FindContext } from '../types.js';

/** What may come next. */
const VALUE = 0;
const VALUE_OR_END = 1;
const KEY = 2;
const KEY_OR_END = 3;
const COLON = 4;
const COMMA_OR_END = 5;

/** Deeper than this a text is masked as text. */
const DEPTH_MAX = 10_000;
/** a longer key is evidence by its end, bytes */
const KEY_BYTES_MAX = 256;
/** fields that name the value of the field `value` beside them, as in lists of variables and of headers */
const NAMING = new Set(['name', 'key', 'Name', 'Key']);
const NAMED = new Set(['value', 'Value']);

interface Level {
  object: boolean;
  key: string;
  /** what the field `name` of this object says */
  named: string;
}

/** Where in a JSON text a token stands: what may come next, and the key that speaks for it. */
export class JsonPlace {
  /** nothing but blanks came yet */
  first = true;
  /** the string begun last is a key */
  isKey = false;
  private next = VALUE;
  private readonly levels: Level[] = [];

  /** outside of all objects and lists */
  get top(): boolean {
    return this.levels.length === 0;
  }

  /** Takes the beginning of a string or of another value; false where none may stand. */
  value(string: boolean): boolean {
    this.first = false;
    const { next } = this;
    if (next === KEY || next === KEY_OR_END) {
      this.isKey = true;
      this.next = COLON;
      return string;
    }
    this.isKey = false;
    if (next !== VALUE && next !== VALUE_OR_END) return false;
    this.next = COMMA_OR_END;
    return true;
  }

  /** Takes a sign or a blank; false where it may not stand. */
  sign(b: number): boolean {
    if (b === 0x20 || b === 0x0a || b === 0x0d || b === 0x09) {
      // another value may stand on the next line
      if (b === 0x0a && this.levels.length === 0) this.next = VALUE;
      return true;
    }
    this.first = false;
    const { next, levels } = this;
    const level = levels[levels.length - 1];
    if (b === 0x7b || b === 0x5b) {
      if ((next !== VALUE && next !== VALUE_OR_END) || levels.length === DEPTH_MAX) return false;
      const object = b === 0x7b;
      // a list's elements stand under the list's key, an object's members each under their own
      levels.push({ object, key: object ? '' : (level?.key ?? ''), named: '' });
      this.next = object ? KEY_OR_END : VALUE_OR_END;
      return true;
    }
    if (level === undefined) return false;
    if (b === 0x7d || b === 0x5d) {
      if (level.object !== (b === 0x7d)) return false;
      if (next !== COMMA_OR_END && next !== (level.object ? KEY_OR_END : VALUE_OR_END)) return false;
      levels.pop();
      this.next = COMMA_OR_END;
      return true;
    }
    if (b === 0x2c && next === COMMA_OR_END) {
      this.next = level.object ? KEY : VALUE;
      return true;
    }
    if (b === 0x3a && next === COLON) {
      this.next = VALUE;
      return true;
    }
    return false;
  }

  /** The inside of the string that just ended, without escapes. */
  said(text: Buffer): void {
    const level = this.levels[this.levels.length - 1];
    if (level === undefined) return;
    if (this.isKey) level.key = text.toString('utf8', Math.max(0, text.length - KEY_BYTES_MAX));
    else if (level.object && NAMING.has(level.key)) level.named = text.toString('utf8', 0, KEY_BYTES_MAX);
  }

  /** The key that speaks for the value begun last; undefined for keys and where there is none. */
  context(): FindContext | undefined {
    const level = this.levels[this.levels.length - 1];
    if (level === undefined || this.isKey) return undefined;
    const name = level.named !== '' && NAMED.has(level.key) ? level.named : level.key;
    return name === '' ? undefined : { name };
  }
}
