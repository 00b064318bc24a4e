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

const NOWHERE = -1;

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
  /** place of the key that came behind it last; objects of a list have the same keys in the same order */
  next = NOWHERE;

  constructor(
    readonly name: string,
    readonly bytes: Buffer,
    /** among the keys that are kept */
    readonly place: number,
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

  /** The key at this place, if it is the one that is written in text[start, end). By a place and not by the key itself, which would keep all that ever came behind it. */
  at(place: number, text: Buffer, start: number, end: number): JsonKey | undefined {
    const known = place === NOWHERE ? undefined : this.keys[place];
    return known !== undefined && same(known.bytes, text, start, end) ? known : undefined;
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
    const key = new JsonKey(text.toString('utf8', start, end), Buffer.from(text.subarray(start, end)), slot);
    this.keys[slot] = key;
    if (known !== undefined && ++this.taken > this.keys.length && this.keys.length < KEYS_KEPT_MAX) this.grow();
    return key;
  }
}

const NOTHING = Buffer.alloc(0);

/** An object or a list that is open. What one of them needed is used again for the next one of its depth. */
class Level {
  object = false;
  /** undefined: none, or an empty one */
  key: JsonKey | undefined;
  /** what the field `name` of this object says; asked for by namedOf() */
  named: JsonKey | undefined;
  /** the same in bytes, so many of them, as long as nobody has asked: most objects have a name, and few have a value that it is about */
  readonly said: { bytes: Buffer; length: number } = { bytes: NOTHING, length: 0 };
  /** the key of the object itself */
  owner: JsonKey | undefined;
  /** it was looked for a name behind the object's first value */
  looked = false;
  /** place of the first key of the last object of this depth */
  first = NOWHERE;

  open(object: boolean, around: Level | undefined): void {
    const key = around?.key;
    this.object = object;
    // a list's elements stand under the list's key, an object's members each under their own
    this.key = object ? undefined : key;
    this.named = undefined;
    this.said.length = 0;
    this.owner = around?.object === true ? key : undefined;
    this.looked = false;
  }

  /** Keeps what names its value until somebody asks. */
  say(text: Buffer, start: number, end: number): void {
    const { said } = this;
    if (said.bytes.length === 0) said.bytes = Buffer.allocUnsafe(KEY_BYTES_MAX);
    for (let k = start; k < end; k++) said.bytes[k - start] = text[k]!;
    said.length = end - start;
  }
}

/** Where in a JSON text a token stands: what may come next, and the key that speaks for it. */
export class JsonPlace {
  /** nothing but blanks came yet */
  first = true;
  /** the string begun last is a key */
  isKey = false;
  private next = VALUE;
  /** those that are open, and behind them some that were */
  private readonly levels: Level[] = [];
  private depth = 0;

  /** `keys`: those of texts that are read one after the other; `isSensitive`: what a key says of its value */
  constructor(
    private readonly keys: JsonKeys = new JsonKeys(),
    private readonly isSensitive: (key: JsonKey) => boolean = () => false,
  ) {}

  /** outside of all objects and lists */
  get top(): boolean {
    return this.depth === 0;
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
    // most are these two
    if (b === 0x3a && this.next === COLON) {
      this.next = VALUE;
      return true;
    }
    if (b === 0x2c && this.next === COMMA_OR_END && this.depth > 0) {
      this.next = this.levels[this.depth - 1]!.object ? KEY : VALUE;
      return true;
    }
    if (b === 0x20 || b === 0x0a || b === 0x0d || b === 0x09) {
      // another value may stand on the next line
      if (b === 0x0a && this.depth === 0) this.next = VALUE;
      return true;
    }
    this.first = false;
    const { next } = this;
    const level = this.level();
    if (b === 0x7b || b === 0x5b) {
      if ((next !== VALUE && next !== VALUE_OR_END) || this.depth === DEPTH_MAX) return false;
      const object = b === 0x7b;
      if (this.depth === this.levels.length) this.levels.push(new Level());
      this.levels[this.depth++]!.open(object, level);
      this.next = object ? KEY_OR_END : VALUE_OR_END;
      return true;
    }
    if (level === undefined) return false;
    if (b === 0x7d || b === 0x5d) {
      if (level.object !== (b === 0x7d)) return false;
      if (next !== COMMA_OR_END && next !== (level.object ? KEY_OR_END : VALUE_OR_END)) return false;
      this.depth--;
      this.next = COMMA_OR_END;
      return true;
    }
    return false;
  }

  /** The inside of the string that just ended, without escapes, stands in text[start, end). */
  said(text: Buffer, start: number, end: number): void {
    const level = this.level();
    if (level === undefined) return;
    if (this.isKey) level.key = this.keyOf(level, text, Math.max(start, end - KEY_BYTES_MAX), end);
    else if (level.object && level.key?.naming === true) this.name(level, text, start, end);
  }

  /** The innermost that is open. */
  private level(): Level | undefined {
    return this.depth === 0 ? undefined : this.levels[this.depth - 1];
  }

  private keyOf(level: Level, text: Buffer, start: number, end: number): JsonKey | undefined {
    const before = level.key;
    const guessed = this.keys.at(before === undefined ? level.first : before.next, text, start, end);
    if (guessed !== undefined) return guessed;
    const key = this.keys.of(text, start, end);
    const place = key?.place ?? NOWHERE;
    if (before === undefined) level.first = place;
    else before.next = place;
    return key;
  }

  private namedOf(level: Level): JsonKey | undefined {
    const { said } = level;
    if (said.length > 0) {
      level.named = this.keys.of(said.bytes, 0, said.length);
      said.length = 0;
    }
    return level.named;
  }

  /** Where several fields name the value, one that says secret stands. */
  private name(level: Level, text: Buffer, start: number, end: number): void {
    const before = this.namedOf(level);
    if (before !== undefined && this.isSensitive(before)) return;
    level.named = undefined;
    level.say(text, start, Math.min(end, start + KEY_BYTES_MAX));
  }

  /** The value begun last may be named by a field that stands behind it in its object. It is asked once an object: its first value. */
  awaitsName(): boolean {
    const level = this.level();
    if (level?.object !== true || this.isKey || level.looked || level.key?.awaits !== true) return false;
    return level.said.length === 0 && level.named === undefined;
  }

  /** What was behind the value: text[start, end) names it, or nothing does. */
  looked(text?: Buffer, start = 0, end = 0): void {
    const level = this.level()!;
    level.looked = true;
    if (text !== undefined) this.name(level, text, start, end);
  }

  /** Is the field called text[start, end) one that names the value beside it? */
  isNaming(text: Buffer, start: number, end: number): boolean {
    return this.keys.of(text, start, end)?.naming === true;
  }

  /** The key that speaks for the value begun last; undefined for keys and where there is none. */
  context(): JsonKey | undefined {
    const level = this.level();
    if (level === undefined || this.isKey) return undefined;
    const { key } = level;
    if (key?.named !== true) return key;
    return this.namedOf(level) ?? (key.awaits && level.owner !== undefined && this.isSensitive(level.owner) ? level.owner : key);
  }
}

function same(bytes: Buffer, text: Buffer, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let k = 0; k < bytes.length; k++) if (bytes[k] !== text[start + k]) return false;
  return true;
}
