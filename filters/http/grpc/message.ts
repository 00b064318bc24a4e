import { MidstreamError } from '../../errors.js';
import { maskedNumber } from '../../mask/codecs/number.js';
import type { JoinedRules } from '../../mask/joined.js';
import type { GrpcField, GrpcSchema, GrpcType } from './schema.js';

/** Messages inside of messages; the libraries of protobuf stop at 100 too. */
const DEPTH_MAX = 100;
/** numbers of fewer digits are no values of any kind */
const NUMBER_MIN = 10_000_000n;
/** eight bytes of a type that is not known are a number of up to sixteen digits, or a double */
const WHOLE_MAX = 10n ** 16n;

const broken = (): MidstreamError => new MidstreamError('bad_input', 'a gRPC message of the answer is not of its type');

/**
 * Masks one message of protobuf by its descriptor, and gives it with its lengths written anew; the same bytes where nothing is found. Fields
 * that the descriptor does not know, or that are sent as another type than it says, are left out where something is found in them: nobody knows how they
 * could be written.
 */
export class MessageMasker {
  hits = 0;

  constructor(
    private readonly rules: JoinedRules,
    private readonly schema: GrpcSchema,
  ) {}

  /** Throws MidstreamError bad_input for what is no such message. */
  message(type: GrpcType, buf: Buffer): Buffer {
    return this.fields(type, buf, '', 0) ?? buf;
  }

  /** undefined where nothing changes. `key` is the name of the field or the key of the map that it stands under. */
  private fields(type: GrpcType, buf: Buffer, key: string, depth: number): Buffer | undefined {
    if (depth > DEPTH_MAX) throw new MidstreamError('limit_exceeded', `a gRPC message is nested deeper than ${DEPTH_MAX}`);
    const parts: Buffer[] = [];
    let kept = 0;
    let at = 0;
    while (at < buf.length) {
      const start = at;
      const tag = varint(buf, at);
      const number = Number(tag.value >> 3n);
      const wire = Number(tag.value & 7n);
      const field = type.fields.get(number);
      const end = valueEnd(buf, tag.end, wire);
      const name = type.wraps && key !== '' ? key : (field?.name ?? '');
      const changed = this.field(type, field, wire, buf, tag.end, end, name, depth);
      if (changed !== undefined) {
        parts.push(buf.subarray(kept, start), ...(changed === DROPPED ? [] : [buf.subarray(start, tag.end), changed]));
        kept = end;
      }
      at = end;
    }
    return kept === 0 ? undefined : Buffer.concat([...parts, buf.subarray(kept)]);
  }

  /** The value with its length, if it has one. */
  private field(
    type: GrpcType,
    field: GrpcField | undefined,
    wire: number,
    buf: Buffer,
    from: number,
    end: number,
    name: string,
    depth: number,
  ): Buffer | undefined {
    if (wire === 0) {
      const { value } = varint(buf, from);
      if (field?.kind === 'integer') return this.integer(value, name, varintBytes);
      return this.isNumber([value, zigzag(value)], name) ? DROPPED : undefined;
    }
    if (wire === 1) {
      const value = buf.readBigUInt64LE(from);
      if (field?.kind === 'fixed64') return this.integer(value, name, fixedBytes);
      // of more digits it is a double, whose bits are nobody's number
      const whole = value < WHOLE_MAX ? [value] : wholeOf(buf.readDoubleLE(from));
      return this.isNumber(whole, name) ? DROPPED : undefined;
    }
    if (wire !== 2) return undefined;
    const start = varint(buf, from).end;
    const value = buf.subarray(start, end);
    if (field?.kind === 'string' || field?.kind === 'bytes') return this.text(type, field, value, name);
    if (field?.kind === 'message') {
      const inner = this.inner(field, value, name, depth);
      return inner === undefined ? undefined : sized(inner);
    }
    if (this.find(value, '') !== undefined) return DROPPED;
    return field === undefined ? undefined : this.packed(field, value, name);
  }

  /** Numbers of a repeated field, one behind the other (protobuf, "Packed Repeated Fields"). */
  private packed(field: GrpcField, value: Buffer, name: string): Buffer | undefined {
    if (field.kind !== 'integer' && field.kind !== 'fixed64') return this.packedOther(value, name) ? DROPPED : undefined;
    const fixed = field.kind === 'fixed64';
    if (fixed && value.length % 8 !== 0) throw broken();
    const parts: Buffer[] = [];
    let kept = 0;
    for (let at = 0; at < value.length; ) {
      const end = fixed ? at + 8 : varint(value, at).end;
      const masked = fixed
        ? this.integer(value.readBigUInt64LE(at), name, fixedBytes)
        : this.integer(varint(value, at).value, name, varintBytes);
      if (masked !== undefined) {
        parts.push(value.subarray(kept, at), masked);
        kept = end;
      }
      at = end;
    }
    return kept === 0 ? undefined : sized(Buffer.concat([...parts, value.subarray(kept)]));
  }

  /** Is some number of these one that is looked for? Of signed ones and of those in floating point nobody says which they are. */
  private packedOther(value: Buffer, name: string): boolean {
    if (value.length % 8 === 0)
      for (let at = 0; at < value.length; at += 8) if (this.isNumber(wholeOf(value.readDoubleLE(at)), name)) return true;
    for (let at = 0; at < value.length; ) {
      const one = varint(value, at, false);
      if (one.end === 0) return false;
      if (this.isNumber([zigzag(one.value)], name)) return true;
      at = one.end;
    }
    return false;
  }

  /** Something is found in one of the numbers that a field may stand for: one that is signed, unknown, or sent as another than it is. */
  private isNumber(values: readonly bigint[], name: string): boolean {
    return values.some((value) => this.integer(value, name, varintBytes) !== undefined);
  }

  private text(type: GrpcType, field: GrpcField, value: Buffer, name: string): Buffer | undefined {
    const masked = this.find(value, name);
    if (masked === undefined) return undefined;
    // What a bytes field holds may be a message itself: text put into it would leave its lengths wrong.
    if (field.kind === 'bytes' && (type.name === 'google.protobuf.Any' || !isText(value))) return sized(NOTHING);
    return sized(masked);
  }

  private inner(field: GrpcField, value: Buffer, name: string, depth: number): Buffer | undefined {
    const type = field.type!;
    if (type.name === 'google.protobuf.Any') return this.any(type, value, depth);
    return this.fields(type, value, field.map === true ? keyOf(value) : name, depth + 1);
  }

  /** A message with its type's name beside it. */
  private any(type: GrpcType, buf: Buffer, depth: number): Buffer | undefined {
    const [url, packed] = [1, 2].map((number) => lastValue(buf, number));
    const known = this.schema.types.get((url ?? NOTHING).toString('utf8').replace(/^.*\//, ''));
    if (known === undefined || packed === undefined) return this.fields(type, buf, '', depth + 1);
    const masked = this.fields(known, packed, '', depth + 1);
    return masked === undefined ? undefined : Buffer.concat([Buffer.of(0x0a), sized(url!), Buffer.of(0x12), sized(masked)]);
  }

  private integer(value: bigint, name: string, write: (value: bigint) => Buffer): Buffer | undefined {
    const { rules } = this;
    const sensitive = name !== '' && rules.detector.sensitiveName(name);
    if (value < NUMBER_MIN && !sensitive) return undefined;
    const digits = Buffer.from(String(value), 'latin1');
    if (!sensitive && !rules.detector.mayHold(digits, 0, digits.length)) return undefined;
    const found = rules.first(digits, 0, digits.length, { name });
    if (found === undefined) return undefined;
    this.hits++;
    const masked = maskedNumber(found.masker, found.hit.kind, digits, found.hit.start, found.hit.end);
    return write(masked === 'null' ? 0n : BigInt(masked));
  }

  private find(value: Buffer, name: string): Buffer | undefined {
    const masked = this.rules.maskWhole(value, 0, value.length, { name });
    if (masked !== undefined) this.hits++;
    return masked;
  }
}

const NOTHING = Buffer.alloc(0);
/** stands for: the field is left out */
const DROPPED = Buffer.alloc(1);

/** Ends at 0 where there is none, if `must` does not have it throw. */
function varint(buf: Buffer, at: number, must = true): { value: bigint; end: number } {
  let value = 0n;
  for (let k = 0; k < 10; k++) {
    const b = buf[at + k];
    if (b === undefined) break;
    value |= BigInt(b & 0x7f) << BigInt(7 * k);
    if (b < 0x80) return { value: BigInt.asUintN(64, value), end: at + k + 1 };
  }
  if (must) throw broken();
  return { value: 0n, end: 0 };
}

/** What sint32 and sint64 stand for (protobuf, "Signed Integers"), without its sign. */
const zigzag = (value: bigint): bigint => (value + 1n) >> 1n;

/** A double that is a whole number of as many digits as are looked at. */
function wholeOf(value: number): bigint[] {
  const size = Math.abs(value);
  return Number.isInteger(value) && size >= Number(NUMBER_MIN) && size < 1e19 ? [BigInt(size)] : [];
}

/** Where the value ends that begins here. Groups (wire types 3 and 4) are of a time before gRPC. */
function valueEnd(buf: Buffer, at: number, wire: number): number {
  let end = -1;
  if (wire === 0) end = varint(buf, at).end;
  else if (wire === 1) end = at + 8;
  else if (wire === 5) end = at + 4;
  else if (wire === 2) {
    const length = varint(buf, at);
    end = length.value > BigInt(buf.length) ? -1 : length.end + Number(length.value);
  }
  if (end < 0 || end > buf.length) throw broken();
  return end;
}

function varintBytes(value: bigint): Buffer {
  const out: number[] = [];
  let rest = value;
  do {
    out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(out);
}

function fixedBytes(value: bigint): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(value);
  return out;
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([varintBytes(BigInt(bytes.length)), bytes]);

const isText = (bytes: Buffer): boolean => !bytes.some((b) => b < 9) && Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);

/** The last value of a field that is bytes, as readers take it. */
function lastValue(buf: Buffer, number: number): Buffer | undefined {
  let last: Buffer | undefined;
  for (let at = 0; at < buf.length; ) {
    const tag = varint(buf, at);
    const end = valueEnd(buf, tag.end, Number(tag.value & 7n));
    if (tag.value === BigInt((number << 3) | 2)) last = buf.subarray(varint(buf, tag.end).end, end);
    at = end;
  }
  return last;
}

/** The key of a map's entry, where it is text. */
const keyOf = (entry: Buffer): string => lastValue(entry, 1)?.toString('utf8', 0, 256) ?? '';
