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
const set = (words: string): ReadonlySet<string> => new Set(words.split(' '));
/**
 * Fields that name the value beside them, as in lists of variables, headers, parameters and fields of forms; without signs, in small
 * letters. What `field` or `variable` begins with is one too (`fieldName`, `variable_key`).
 */
const NAMING = set(
  'name key label field variable var param parameter property option setting header attribute question prompt optionname parameterkey parametername paramname varname envname propertyname settingname headername attributename configkey configname itemkey cookiename displayname fieldname fieldlabel fieldkey variablename variablekey',
);
/** Fields whose value is named so, by the field beside them or by the object's own key (`"DB_PASSWORD": {"defaultValue": "x"}`). */
const NAMED = set(
  'value val default defaultvalue stringvalue currentvalue rawvalue secretvalue plainvalue parametervalue optionvalue fieldvalue propertyvalue settingvalue headervalue attributevalue variablevalue initialvalue',
);
/** Fields that hold text of all kinds: named by the field before them alone. */
const NAMED_BEHIND = set('content text answer input response');
/** longest of these words with its signs */
const WORD_MAX = 32;

/** A key that was met; the same keys come with every object, so what is known of one is kept. */
export class JsonKey implements FindContext {
  /** it names the value beside it */
  readonly naming: boolean;
  /** its value is the one that is named */
  readonly named: boolean;
  /** the same, and the name may stand behind it, or be the key of its object */
  readonly awaits: boolean;
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
    const word = name.length > WORD_MAX ? '' : name.replace(/[_.\s-]/g, '').toLowerCase();
    this.naming = NAMING.has(word);
    this.awaits = NAMED.has(word);
    this.named = this.awaits || NAMED_BEHIND.has(word);
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
  /** the key of the object itself */
  owner: JsonKey | undefined;
  /** it was looked for a name behind the object's first value */
  looked: boolean;
}

/** Where in a JSON text a token stands: what may come next, and the key that speaks for it. */
export class JsonPlace {
  /** nothing but blanks came yet */
  first = true;
  /** the string begun last is a key */
  isKey = false;
  private next = VALUE;
  private readonly levels: Level[] = [];

  /** `keys`: those of texts that are read one after the other; `isSensitive`: what a key says of its value */
  constructor(
    private readonly keys: JsonKeys = new JsonKeys(),
    private readonly isSensitive: (key: JsonKey) => boolean = () => false,
  ) {}

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
      const key = level?.key;
      levels.push({
        object,
        key: object ? undefined : key,
        named: undefined,
        owner: level?.object === true ? key : undefined,
        looked: false,
      });
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
    else if (level.object && level.key?.naming === true) this.name(level, text, start, end);
  }

  /** Where several fields name the value, one that says secret stands. */
  private name(level: Level, text: Buffer, start: number, end: number): void {
    if (level.named === undefined || !this.isSensitive(level.named))
      level.named = this.keys.of(text, start, Math.min(end, start + KEY_BYTES_MAX));
  }

  /** The value begun last may be named by a field that stands behind it in its object. It is asked once an object: its first value. */
  awaitsName(): boolean {
    const level = this.levels[this.levels.length - 1];
    return level?.object === true && !this.isKey && !level.looked && level.named === undefined && level.key?.awaits === true;
  }

  /** What was behind the value: text[start, end) names it, or nothing does. */
  looked(text?: Buffer, start = 0, end = 0): void {
    const level = this.levels[this.levels.length - 1]!;
    level.looked = true;
    if (text !== undefined) this.name(level, text, start, end);
  }

  /** Is the field called text[start, end) one that names the value beside it? */
  isNaming(text: Buffer, start: number, end: number): boolean {
    return this.keys.of(text, start, end)?.naming === true;
  }

  /** The key that speaks for the value begun last; undefined for keys and where there is none. */
  context(): JsonKey | undefined {
    const level = this.levels[this.levels.length - 1];
    if (level === undefined || this.isKey) return undefined;
    const { key } = level;
    if (key?.named !== true) return key;
    return level.named ?? (key.awaits && level.owner !== undefined && this.isSensitive(level.owner) ? level.owner : key);
  }
}

function same(bytes: Buffer, text: Buffer, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let k = 0; k < bytes.length; k++) if (bytes[k] !== text[start + k]) return false;
  return true;
}
