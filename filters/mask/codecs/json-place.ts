import type { Detector, FindContext, Kind, WholeForm } from '../types.js';

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

/** A key that was met; the same keys come with every object, so what is known of one is kept. */
export class JsonKey implements FindContext {
  /** it names the value beside it */
  readonly naming: boolean;
  /** its value is the one that is named */
  readonly named: boolean;
  /** what the detector says of the name; undefined: not asked yet */
  sensitive: boolean | undefined;
  /** how most values under it were written of late, and their kind (whole.ts) */
  form: WholeForm | undefined;
  kind: Kind = '';
  private wholes = 0;

  constructor(
    readonly name: string,
    readonly bytes: Buffer,
  ) {
    this.naming = NAMING.has(name);
    this.named = NAMED.has(name);
  }

  foundWhole(kind: Kind, detector: Detector): void {
    if (kind !== this.kind) {
      this.kind = kind;
      this.wholes = 0;
      this.form = undefined;
    }
    if (++this.wholes === WHOLES) this.form = detector.wholeForm?.(kind, this.name);
  }
}

/** So many values one after the other are one value of a kind from end to end before their form is asked first. */
const WHOLES = 8;

/** Keys that are kept, each in its place; another key of the same place takes it. Powers of two: most texts have few, and are short. */
const KEYS_KEPT_FIRST = 32;
const KEYS_KEPT_MAX = 1024;

/** Keys that were met by one detector. */
export class JsonKeys {
  private keys: (JsonKey | undefined)[] = [];
  /** keys that took another's place */
  private taken = 0;

  private grow(): void {
    this.keys = new Array<undefined>(this.keys.length === KEYS_KEPT_FIRST ? KEYS_KEPT_MAX / 4 : KEYS_KEPT_MAX).fill(undefined);
    this.taken = 0;
  }

  /** The key that is written in text[start, end), without escapes; undefined for an empty one. */
  of(text: Buffer, start: number, end: number): JsonKey | undefined {
    if (start === end) return undefined;
    // FNV-1a
    let hash = 0x811c9dc5;
    for (let k = start; k < end; k++) hash = Math.imul(hash ^ text[k]!, 0x01000193);
    if (this.keys.length === 0) this.keys = new Array<undefined>(KEYS_KEPT_FIRST).fill(undefined);
    const slot = (hash ^ (hash >>> 15)) & (this.keys.length - 1);
    const known = this.keys[slot];
    if (known !== undefined && same(known.bytes, text, start, end)) return known;
    const key = new JsonKey(text.toString('utf8', start, end), Buffer.from(text.subarray(start, end)));
    this.keys[slot] = key;
    if (known !== undefined && ++this.taken > this.keys.length && this.keys.length < KEYS_KEPT_MAX) this.grow();
    return key;
  }
}

interface Level {
  object: boolean;
  /** undefined: none, or an empty one */
  key: JsonKey | undefined;
  /** what the field `name` of this object says */
  named: JsonKey | undefined;
}

/** Where in a JSON text a token stands: what may come next, and the key that speaks for it. */
export class JsonPlace {
  /** nothing but blanks came yet */
  first = true;
  /** the string begun last is a key */
  isKey = false;
  private next = VALUE;
  private readonly levels: Level[] = [];

  /** `keys`: those of texts that are read one after the other */
  constructor(private readonly keys: JsonKeys = new JsonKeys()) {}

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
      levels.push({ object, key: object ? undefined : level?.key, named: undefined });
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

  /** The inside of the string that just ended, without escapes, stands in text[start, end). */
  said(text: Buffer, start: number, end: number): void {
    const level = this.levels[this.levels.length - 1];
    if (level === undefined) return;
    if (this.isKey) level.key = this.keys.of(text, Math.max(start, end - KEY_BYTES_MAX), end);
    else if (level.object && level.key?.naming === true) level.named = this.keys.of(text, start, Math.min(end, start + KEY_BYTES_MAX));
  }

  /** The key that speaks for the value begun last; undefined for keys and where there is none. */
  context(): JsonKey | undefined {
    const level = this.levels[this.levels.length - 1];
    if (level === undefined || this.isKey) return undefined;
    return level.named !== undefined && level.key?.named === true ? level.named : level.key;
  }
}

function same(bytes: Buffer, text: Buffer, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let k = 0; k < bytes.length; k++) if (bytes[k] !== text[start + k]) return false;
  return true;
}
