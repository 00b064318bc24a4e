import { violation } from '../wire/violation.js';
import { arrayElements, builtinShapes, type Shape } from './oids.js';
import { arrayText } from './values/array-text.js';
import { byteaBinary, byteaText, opaqueBinary } from './values/bytes.js';
import { dateBinary, dateText } from './values/datetime.js';
import { believedBinary, believedText, guessedBinary, guessedText } from './values/guess.js';
import { hstoreBinary, hstoreText } from './values/hstore.js';
import { jsonpathValue, jsonValue, versioned } from './values/json.js';
import { arrayBinary, multirangeBinary, rangeBinary, recordBinary } from './values/nested-binary.js';
import { inetBinary, inetText, macValue, uuidValue } from './values/network.js';
import { float8Value, integerBinary, numberText, numericBinary, zeroValue } from './values/number.js';
import { bitValue, multirangeText, rangeText } from './values/range-text.js';
import { recordText } from './values/record-text.js';
import { neverText, nullableText, paddedTextValue, textValue } from './values/text.js';
import type { ValueMasker } from './values/value.js';

/** A row of pg_type, as far as masking needs it. */
export interface TypeEntry {
  oid: number;
  schema: string;
  name: string;
  /** pg_type.typtype: b base, c composite, d domain, e enum, p pseudo, r range, m multirange */
  kind: string;
  /** pg_type.typcategory: A array, S string, … */
  category: string;
  /** element type where category is A, else 0 */
  element: number;
  /** pg_type.typdelim of the element, one character */
  delimiter: string;
  /** base type of a domain, subtype of a range, range of a multirange, else 0 */
  base: number;
  /** attributes of a composite in order, dropped ones left out */
  attributes: { name: string; type: number }[];
}

/** What is known of types beside the built-in ones. `undefined`: not looked up yet; `unknown`: looked up in vain. */
export interface TypeInfo {
  type(oid: number): TypeEntry | undefined | 'unknown';
}

/** Postgres gives OIDs from here on to what users and extensions create. */
const FIRST_NORMAL_OID = 16384;

/** True when the type is not built in, so that its masker depends on a look-up. */
export function needsLookup(oid: number): boolean {
  return !builtinShapes.has(oid) && !arrayElements.has(oid) && oid >= FIRST_NORMAL_OID;
}

/**
 * How types are known. exact: the server tells them with the values. statement: by the names in it, which may be mistaken, so that values must
 * look as their type does.
 */
export type TypesBy = 'exact' | 'statement';

/** Maskers by type and format; made once for each type of a plan. */
export class ValueMaskers {
  private readonly made: [Map<number, ValueMasker>, Map<number, ValueMasker>] = [new Map(), new Map()];
  private readonly guessed: readonly [ValueMasker, ValueMasker];

  constructor(
    private readonly types: TypeInfo | undefined,
    private readonly by: TypesBy = 'exact',
  ) {
    this.guessed = [by === 'exact' ? unknownText : unknownCopyText, guessedBinary((oid) => this.of(oid, 1))];
  }

  of(oid: number, format: number): ValueMasker {
    if (format !== 0 && format !== 1) return refusedValue(format);
    const known = this.made[format].get(oid);
    if (known !== undefined) return known;
    // A type may hold itself (a composite with an array of it): while it is made, a stand-in is found in its place.
    let made: ValueMasker | undefined;
    const standIn: ValueMasker = {
      looks: () => 'always',
      detect: (...args) => made!.detect(...args),
      cover: (...args) => made!.cover(...args),
    };
    this.made[format].set(oid, standIn);
    made = this.make(oid, format);
    this.made[format].set(oid, made);
    return made;
  }

  private make(oid: number, format: 0 | 1): ValueMasker {
    const shape = builtinShapes.get(oid);
    if (shape !== undefined) return this.shaped(shape, format);
    const element = arrayElements.get(oid);
    if (element !== undefined) return this.array(element, element === BOX ? ';' : ',', format);
    const entry = this.types?.type(oid);
    if (entry === undefined || entry === 'unknown') return this.guessed[format];
    return this.entry(entry, format);
  }

  private array(element: number, delimiter: string, format: 0 | 1): ValueMasker {
    if (format === 1) return arrayBinary((oid) => this.of(oid, 1));
    return arrayText(this.of(element, 0), (delimiter || ',').charCodeAt(0));
  }

  private entry(entry: TypeEntry, format: 0 | 1): ValueMasker {
    const base = () => this.of(entry.base, format);
    if (entry.category === 'A' && entry.element !== 0) return this.array(entry.element, entry.delimiter, format);
    switch (entry.kind) {
      case 'd':
        return base();
      case 'e':
        return nullableText;
      case 'c':
        if (format === 1) return recordBinary((oid) => this.of(oid, 1));
        // Its attributes are what the catalogue says, which an open transaction may have changed.
        return recordText(
          entry.attributes.map((attribute) => believedText(this.of(attribute.type, 0), unknownText)),
          unknownText,
        );
      case 'r':
        return format === 1 ? rangeBinary(base()) : rangeText(base());
      case 'm':
        return format === 1 ? multirangeBinary(base()) : multirangeText(base());
    }
    if (entry.name === 'hstore') return format === 1 ? hstoreBinary : hstoreText;
    // citext and other text-like types of extensions send their text in binary too.
    if (entry.name === 'citext') return textValue;
    if (entry.category === 'S') return format === 0 ? textValue : opaqueBinary;
    return this.guessed[format];
  }

  private shaped(shape: Shape, format: 0 | 1): ValueMasker {
    switch (shape) {
      case 'record':
        return format === 1 ? recordBinary((oid) => this.of(oid, 1)) : recordText(undefined, unknownText);
      case 'anyarray':
        return this.array(TEXT, ',', format);
      default:
        return typeof shape === 'object' ? this.range(shape, format) : this.plain(shape, format);
    }
  }

  private plain(shape: string, format: 0 | 1): ValueMasker {
    const masker = (plain.get(shape) ?? [textValue, opaqueBinary])[format];
    if (this.by === 'exact' || !confirmable.has(shape)) return masker;
    if (format === 0) return believedText(masker, this.guessed[0]);
    const bytes = confirmable.get(shape)!;
    return bytes > 0 ? believedBinary(masker, bytes, this.guessed[1]) : masker;
  }

  private range(shape: { range?: number; multirange?: number }, format: 0 | 1): ValueMasker {
    if (shape.range !== undefined) {
      const bound = this.of(shape.range, format);
      return format === 1 ? rangeBinary(bound) : rangeText(bound);
    }
    const range = this.of(shape.multirange!, format);
    return format === 1 ? multirangeBinary(range) : multirangeText(range);
  }
}

const TEXT = 25;
const BOX = 603;

/** Values in a format that the protocol does not have ("Formats and Format Codes"): no server sends any, so none is let through. */
function refusedValue(format: number): ValueMasker {
  const refuse = (): never => {
    throw violation('DataRow', 'format', '0 or 1', format);
  };
  return { looks: () => 'always', detect: refuse, cover: refuse };
}

const unknownText = guessedText('always');
/** In COPY's text format a backslash is an escape; CSV sees to it itself. */
export const unknownCopyText = guessedText('plain');

const INT8_MAX = Number.MAX_SAFE_INTEGER;
const bytesOf = (count: number) => Buffer.alloc(count);
const number = (max: number, long: boolean): [ValueMasker, ValueMasker] => [numberText(max, long), integerBinary(max, long)];
const zero = (text: string, binary: Buffer): [ValueMasker, ValueMasker] => [zeroValue(text, undefined, 0), zeroValue('', binary, 1)];
const both = (masker: ValueMasker): [ValueMasker, ValueMasker] => [masker, masker];

/** Types whose values are told from text by their looks, and how many bytes they have in binary; 0: any number. */
const confirmable = new Map<string, number>(
  Object.entries({
    int2: 2,
    int4: 4,
    oid: 4,
    int8: 8,
    numeric: 0,
    float4: 4,
    float8: 8,
    money: 8,
    bool: 1,
    date: 4,
    timestamp: 8,
    time: 8,
  }),
);
for (const [shape, bytes] of Object.entries({ timetz: 12, interval: 16, uuid: 16, inet: 0, macaddr: 6, macaddr8: 8, bit: 0, never: 0 }))
  confirmable.set(shape, bytes);

/** [text, binary] of the types that are not made of others. */
const plain = new Map<string, [ValueMasker, ValueMasker]>(
  Object.entries({
    text: both(textValue),
    bpchar: both(paddedTextValue),
    json: both(jsonValue),
    jsonb: [jsonValue, versioned(jsonValue)],
    jsonpath: [jsonpathValue, versioned(jsonpathValue)],
    nullable: [nullableText, opaqueBinary],
    int2: number(0x7fff, false),
    int4: number(0x7fffffff, false),
    oid: number(0x7fffffff, false),
    int8: number(INT8_MAX, true),
    numeric: [numberText(INT8_MAX, true), numericBinary(INT8_MAX)],
    float4: zero('0', bytesOf(4)),
    float8: [float8Value(0), float8Value(1)],
    money: zero('$0.00', bytesOf(8)),
    bool: zero('f', bytesOf(1)),
    date: [dateText, dateBinary(4)],
    timestamp: [dateText, dateBinary(8)],
    time: zero('00:00:00', bytesOf(8)),
    timetz: zero('00:00:00+00', bytesOf(12)),
    interval: zero('00:00:00', bytesOf(16)),
    uuid: [uuidValue(0), uuidValue(1)],
    bytea: [byteaText, byteaBinary],
    inet: [inetText, inetBinary],
    macaddr: [macValue(6, 0), macValue(6, 1)],
    macaddr8: [macValue(8, 0), macValue(8, 1)],
    bit: [bitValue(0), bitValue(1)],
    never: both(neverText),
  }),
);
