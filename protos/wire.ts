/**
 * The few pieces of the protocol-buffer wire format that the hot codecs need.
 * Source: protobuf.dev, "Encoding". Lengths are checked against the message before anything is sliced.
 */

export class ProtoError extends Error {}

/** A cursor over one message. */
export class Reader {
  pos: number;
  constructor(
    readonly buf: Buffer,
    start = 0,
    public end: number = buf.length,
  ) {
    this.pos = start;
  }

  /** Varint as a number; bits above 53 are an error, since no field we read holds them. */
  varint(): number {
    let result = 0;
    let shift = 1;
    for (let i = 0; i < 10; i++) {
      if (this.pos >= this.end) throw new ProtoError('a varint runs past the end of its message');
      const byte = this.buf[this.pos++]!;
      result += (byte & 0x7f) * shift;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(result)) throw new ProtoError('a varint does not fit 53 bits');
        return result;
      }
      shift *= 128;
    }
    throw new ProtoError('a varint is longer than 10 bytes');
  }

  /** Length-delimited field: returns its end and leaves `pos` at its start. */
  span(): number {
    const length = this.varint();
    const end = this.pos + length;
    if (end > this.end) throw new ProtoError(`a field of ${length} bytes runs past the end of its message`);
    return end;
  }

  skip(wireType: number): void {
    if (wireType === 0) {
      // Values of unknown fields may use all 64 bits, so they are stepped over, not read.
      for (let i = 0; i < 10; i++) {
        if (this.pos >= this.end) throw new ProtoError('a varint runs past the end of its message');
        if (this.buf[this.pos++]! < 0x80) return;
      }
      throw new ProtoError('a varint is longer than 10 bytes');
    }
    if (wireType === 1) this.pos += 8;
    else if (wireType === 2) this.pos = this.span();
    else if (wireType === 5) this.pos += 4;
    else throw new ProtoError(`wire type ${wireType} is not supported`);
    if (this.pos > this.end) throw new ProtoError('a field runs past the end of its message');
  }

  /** The next length-delimited field is a message: it is read up to its end, and leave() goes on behind it. Returns what leave() needs. */
  enter(): number {
    const outer = this.end;
    this.end = this.span();
    return outer;
  }

  /** `outer`: what enter() returned. */
  leave(outer: number): void {
    this.pos = this.end;
    this.end = outer;
  }

  string(): string {
    const end = this.span();
    const text = this.buf.toString('utf8', this.pos, end);
    this.pos = end;
    return text;
  }
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** google.protobuf.Struct at reader.pos up to end. Depth is bounded: attributes are flat, metadata is shallow. */
export function readStruct(buf: Buffer, start: number, end: number, depth = 0): { [key: string]: Json } {
  const out: { [key: string]: Json } = {};
  const reader = new Reader(buf, start, end);
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 10) {
      const entryEnd = reader.span();
      const [key, valueStart, valueEnd] = readEntry(buf, reader.pos, entryEnd);
      const value = readValue(buf, valueStart, valueEnd, depth + 1);
      // the one key that would not become a property of its own
      if (key === '__proto__') Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true });
      else out[key] = value;
      reader.pos = entryEnd;
    } else reader.skip(tag & 7);
  }
  return out;
}

/** Without a prototype: whatever a key is, `__proto__` too, it is a key and no more. */
export const dictionary = (): Record<string, Json> => Object.create(null) as Record<string, Json>;

/** Metadata: its only field is map<string, Struct> filter_metadata = 1. */
export function readNamespaces(buf: Buffer, start: number, end: number): Record<string, Json> {
  const out = dictionary();
  const reader = new Reader(buf, start, end);
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 10) {
      const entryEnd = reader.span();
      const [key, valueStart, valueEnd] = readEntry(buf, reader.pos, entryEnd);
      out[key] = readStruct(buf, valueStart, valueEnd);
      reader.pos = entryEnd;
    } else reader.skip(tag & 7);
  }
  return out;
}

/** One entry of a map<string, message>: the key and the span of the value. */
export function readEntry(buf: Buffer, start: number, end: number): [key: string, valueStart: number, valueEnd: number] {
  const reader = new Reader(buf, start, end);
  let key = '';
  let valueStart = start;
  let valueEnd = start;
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 10) key = reader.string();
    else if (tag === 18) {
      valueEnd = reader.span();
      valueStart = reader.pos;
      reader.pos = valueEnd;
    } else reader.skip(tag & 7);
  }
  return [key, valueStart, valueEnd];
}

function readValue(buf: Buffer, start: number, end: number, depth: number): Json {
  if (depth > 32) throw new ProtoError('a struct is nested deeper than 32');
  const reader = new Reader(buf, start, end);
  let value: Json = null;
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 17) {
      if (reader.pos + 8 > end) throw new ProtoError('a number runs past the end of its message');
      value = buf.readDoubleLE(reader.pos);
      reader.pos += 8;
    } else if (tag === 26) value = reader.string();
    else if (tag === 32) value = reader.varint() !== 0;
    else if (tag === 42) {
      const inner = reader.span();
      value = readStruct(buf, reader.pos, inner, depth);
      reader.pos = inner;
    } else if (tag === 50) {
      const inner = reader.span();
      value = readList(buf, reader.pos, inner, depth);
      reader.pos = inner;
    } else reader.skip(tag & 7);
  }
  return value;
}

function readList(buf: Buffer, start: number, end: number, depth: number): Json[] {
  const out: Json[] = [];
  const reader = new Reader(buf, start, end);
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 10) {
      const inner = reader.span();
      out.push(readValue(buf, reader.pos, inner, depth + 1));
      reader.pos = inner;
    } else reader.skip(tag & 7);
  }
  return out;
}

export function varintSize(value: number): number {
  let size = 1;
  while (value >= 128) {
    value = Math.floor(value / 128);
    size++;
  }
  return size;
}

/** Writes a varint and returns the position after it. */
export function writeVarint(buf: Buffer, pos: number, value: number): number {
  while (value >= 128) {
    buf[pos++] = (value % 128) | 0x80;
    value = Math.floor(value / 128);
  }
  buf[pos++] = value;
  return pos;
}

/** What encodeStringStruct() writes: all that dynamic metadata needs. */
export interface StringStruct {
  readonly [key: string]: string | StringStruct;
}

/** Bytes of a field whose number is below 16, with its tag. */
export const fieldSize = (length: number): number => 1 + varintSize(length) + length;

/** Begins a length-delimited field whose number is below 16; gives where its bytes go. */
export function openField(out: Buffer, pos: number, tag: number, length: number): number {
  out[pos] = tag;
  return writeVarint(out, pos + 1, length);
}

/** A field, whose number is below 16, that is a Struct with strings and such Structs for values. */
export function encodeStringStruct(number: number, values: StringStruct): Buffer {
  const size = structSize(values);
  const out = Buffer.allocUnsafe(fieldSize(size));
  writeStruct(out, openField(out, 0, number * 8 + 2, size), values);
  return out;
}

/** Of a google.protobuf.Value. */
const valueSize = (value: string | StringStruct): number =>
  fieldSize(typeof value === 'string' ? Buffer.byteLength(value) : structSize(value));

function structSize(values: StringStruct): number {
  let size = 0;
  for (const key in values) size += fieldSize(fieldSize(Buffer.byteLength(key)) + fieldSize(valueSize(values[key]!)));
  return size;
}

/** Returns where it ends. */
function writeStruct(out: Buffer, start: number, values: StringStruct): number {
  let pos = start;
  for (const key in values) {
    const value = values[key]!;
    const name = Buffer.byteLength(key);
    const size = valueSize(value);
    pos = openField(out, pos, 10, fieldSize(name) + fieldSize(size));
    pos = openField(out, pos, 10, name);
    pos += out.write(key, pos);
    pos = openField(out, pos, 18, size);
    if (typeof value === 'string') {
      pos = openField(out, pos, 26, Buffer.byteLength(value));
      pos += out.write(value, pos);
    } else {
      pos = openField(out, pos, 42, structSize(value));
      pos = writeStruct(out, pos, value);
    }
  }
  return pos;
}

/** One length-delimited field. */
export function field(number: number, body: Buffer): Buffer {
  const head = Buffer.alloc(varintSize(number * 8 + 2) + varintSize(body.length));
  writeVarint(head, writeVarint(head, 0, number * 8 + 2), body.length);
  return Buffer.concat([head, body]);
}
