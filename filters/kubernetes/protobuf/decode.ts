import type { JsonObject } from '../../foreign-json.js';
import { readJson } from '../../http/json.js';
import { BadMessage, WireReader } from './reader.js';
import { type Field, type Message, messageOf } from './table.js';

/** The four bytes before a runtime.Unknown (k8s.io/apimachinery/pkg/runtime/serializer/protobuf). */
const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
/** Levels of messages. */
const DEPTH_MAX = 100;

/**
 * An object as JSON would have it: `k8s\0` and a runtime.Unknown, whose type says which message its bytes are. Throws Error, with a reason that holds
 * nothing of it, for what is none, what it does not know, and what readers could take in two ways.
 */
export function readProtobuf(bytes: Buffer): JsonObject {
  if (bytes.length < MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw new Error('the body says that it is protobuf of Kubernetes, and is not');
  const envelope = decode(bytes.subarray(MAGIC.length), 'runtime.Unknown', 0);
  const { apiVersion = '', kind = '', raw = '', contentEncoding = '', contentType = '' } = envelope as Record<string, string>;
  if (contentEncoding !== '' || contentType !== '') throw new Error('the body is protobuf around something else');
  const name = messageName(apiVersion, kind);
  if (name === undefined) throw new Error('the body is protobuf of a kind that the gateway does not know');
  return { kind, apiVersion, ...decode(Buffer.from(raw, 'base64'), name, 0) };
}

/** Kinds of meta/v1 come under the group and version of what they are for. */
const META = new Set([
  'DeleteOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
  'GetOptions',
  'ListOptions',
  'Status',
  'WatchEvent',
  'PartialObjectMetadata',
]);

function messageName(apiVersion: string, kind: string): string | undefined {
  if (!/^[A-Za-z]{1,64}$/.test(kind)) return undefined;
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  const folder = group === '' ? 'core' : group.split('.')[0]!;
  const name = `${folder}.${version}.${kind}`;
  if (messageOf(name) !== undefined) return name;
  return META.has(kind) ? `meta.v1.${kind}` : undefined;
}

function decode(bytes: Buffer, name: string, depth: number): JsonObject {
  if (depth > DEPTH_MAX) throw new BadMessage(`the body is nested deeper than ${DEPTH_MAX} levels`);
  const message = messageOf(name);
  if (message === undefined) throw new BadMessage('the body has a message that the gateway does not know');
  const reader = new WireReader(bytes, 0, bytes.length);
  const out: JsonObject = Object.create(null) as JsonObject;
  const seen = new Set<number>();
  while (!reader.done) {
    const { number, wire } = reader.tag();
    const field = fieldOf(message, number);
    if (field.form === 'single' && seen.has(number)) throw new BadMessage('the body has a field twice');
    seen.add(number);
    put(out, field, reader, wire, depth);
  }
  return out;
}

function fieldOf(message: Message, number: number): Field {
  const field = message.get(number);
  if (field === undefined) throw new BadMessage('the body has a field that the gateway does not know');
  return field;
}

function put(out: JsonObject, field: Field, reader: WireReader, wire: number, depth: number): void {
  const { name, form, pointer, inline, type } = field;
  if (form === 'map') {
    out[name] ??= Object.create(null) as JsonObject;
    return putEntry(out[name] as JsonObject, type, expectBytes(reader, wire), depth);
  }
  if (form === 'repeated') {
    out[name] ??= [];
    const list = out[name] as unknown[];
    // Numbers may come packed, as protobuf allows.
    if (wire === 2 && isNumber(type)) {
      const packed = expectBytes(reader, wire);
      const inner = new WireReader(packed, 0, packed.length);
      while (!inner.done) list.push(number(type, inner.varint()));
    } else list.push(value(type, reader, wire, depth));
    return;
  }
  const read = value(type, reader, wire, depth);
  if (inline) Object.assign(out, read);
  // Go writes zeros of what is no pointer, and JSON leaves them out.
  else if (pointer || !isZero(read)) out[name] = read;
}

const isZero = (read: unknown): boolean =>
  read === '' ||
  read === 0 ||
  read === false ||
  read === null ||
  (typeof read === 'object' && !Array.isArray(read) && Object.keys(read).length === 0);

const isNumber = (type: string): boolean =>
  type === 'int32' || type === 'int64' || type === 'uint32' || type === 'uint64' || type === 'bool';

function number(type: string, raw: bigint): number | boolean {
  if (type === 'bool') return raw !== 0n;
  if (type === 'int32') return Number(BigInt.asIntN(32, raw));
  if (type === 'uint32') return Number(BigInt.asUintN(32, raw));
  return Number(type === 'int64' ? BigInt.asIntN(64, raw) : raw);
}

function expectBytes(reader: WireReader, wire: number): Buffer {
  if (wire !== 2) throw new BadMessage('the body has a field of another type');
  return reader.bytes();
}

function value(type: string, reader: WireReader, wire: number, depth: number): unknown {
  if (isNumber(type)) {
    if (wire !== 0) throw new BadMessage('the body has a field of another type');
    return number(type, reader.varint());
  }
  if (type === 'double') {
    if (wire !== 1) throw new BadMessage('the body has a field of another type');
    return reader.fixed(8).readDoubleLE();
  }
  const bytes = expectBytes(reader, wire);
  if (type === 'string') return text(bytes);
  if (type === 'bytes') return bytes.toString('base64');
  return special(type, bytes, depth) ?? decode(bytes, type, depth + 1);
}

/** Go takes any bytes for a string; JSON could not show them. */
function text(bytes: Buffer): string {
  const said = bytes.toString('utf8');
  if (said.includes('\ufffd') && !Buffer.from(said, 'utf8').equals(bytes)) throw new BadMessage('the body has text that is not UTF-8');
  return said;
}

function putEntry(map: JsonObject, type: string, entry: Buffer, depth: number): void {
  const reader = new WireReader(entry, 0, entry.length);
  let key = '';
  let read: unknown = type === 'string' || type === 'bytes' ? '' : Object.create(null);
  while (!reader.done) {
    const { number: field, wire } = reader.tag();
    if (field === 1) key = text(expectBytes(reader, wire));
    else if (field === 2) read = value(type, reader, wire, depth);
    else throw new BadMessage('the body has a map with a field that is not known');
  }
  if (key in map) throw new BadMessage('the body has a key of a map twice');
  map[key] = read;
}

/** Messages that JSON writes in forms of their own; undefined for all others. */
function special(type: string, bytes: Buffer, depth: number): unknown {
  switch (type) {
    case 'resource.Quantity':
      return decode(bytes, type, depth + 1)['string'] ?? '0';
    case 'meta.v1.Time':
    case 'meta.v1.MicroTime':
      return time(decode(bytes, type, depth + 1), type === 'meta.v1.MicroTime');
    case 'intstr.IntOrString': {
      const { type: which = 0, intVal = 0, strVal = '' } = decode(bytes, type, depth + 1);
      return which === 0 ? intVal : strVal;
    }
    case 'meta.v1.FieldsV1':
    case 'runtime.RawExtension': {
      const { Raw, raw } = decode(bytes, type, depth + 1);
      const json = Buffer.from(((Raw ?? raw) as string | undefined) ?? '', 'base64');
      return json.length === 0 ? null : readJson(json);
    }
    default:
      return type.endsWith('.ExtraValue') ? (decode(bytes, type, depth + 1)['items'] ?? []) : undefined;
  }
}

/** RFC 3339, with six digits of a second in a MicroTime. */
function time({ seconds = 0, nanos = 0 }: JsonObject, micro: boolean): string | null {
  const ms = Number(seconds) * 1000;
  if ((ms === 0 && nanos === 0) || Math.abs(ms) > 8.64e15) return null;
  const whole = new Date(ms).toISOString().slice(0, -'.000Z'.length);
  const micros = String(Math.floor(Number(nanos) / 1000)).padStart(6, '0');
  return micro ? `${whole}.${micros}Z` : `${whole}Z`;
}
