import {
  dictionary,
  encodeStringStruct,
  field,
  type Json,
  ProtoError,
  Reader,
  readEntry,
  readNamespaces,
  readStruct,
  varintSize,
  writeVarint,
} from './wire.js';

/** The fully qualified name that Envoy calls. */
export const serviceName = 'envoy.service.ext_proc.v3.ExternalProcessor';

/** Name in small letters, and value: one character a byte. */
export type Header = readonly [name: string, value: string];

const requestParts = [
  'request_headers',
  'response_headers',
  'request_body',
  'response_body',
  'request_trailers',
  'response_trailers',
] as const;

/** One part of a request or of its answer. A body is a view into the gRPC message, never a copy. */
export type ProcessingRequest = {
  attributes: Record<string, Json> | undefined;
  /** other filters' metadata, by namespace */
  metadata: Record<string, Json> | undefined;
} & (
  | { part: 'request_headers' | 'response_headers'; headers: Header[]; end: boolean }
  | { part: 'request_body' | 'response_body'; body: Buffer; end: boolean }
  | { part: 'request_trailers' | 'response_trailers'; headers: Header[] }
  | { part: 'none' }
);

/** Done in this order: remove, then set (in place of what is there), then append (beside it). */
interface HeaderChanges {
  set?: readonly Header[];
  append?: readonly Header[];
  remove?: readonly string[];
}

export type ProcessingResponse = {
  /** namespaces of dynamic metadata, each a flat map of strings */
  dynamicMetadata?: Record<string, Record<string, string>>;
} & (
  | ({ part: 'request_headers' | 'response_headers'; body?: Buffer } & HeaderChanges)
  | { part: 'request_body' | 'response_body'; chunks: readonly Buffer[]; end: boolean }
  | ({ part: 'request_trailers' | 'response_trailers' } & HeaderChanges)
  | { part: 'immediate'; status: number; headers: readonly Header[]; body: Buffer; grpcStatus?: number; details: string }
  /** an answer of the gateway's own that goes out piece by piece; the server never sees the request */
  | { part: 'local_headers'; headers: readonly Header[] }
  | { part: 'local_body'; chunks: readonly Buffer[]; end: boolean }
);

const empty: Buffer = Buffer.alloc(0);

export function decodeProcessingRequest(buf: Buffer): ProcessingRequest {
  const reader = new Reader(buf);
  let attributes: Record<string, Json> | undefined;
  let metadata: Record<string, Json> | undefined;
  let part: (typeof requestParts)[number] | undefined;
  let start = 0;
  let stop = 0;
  while (reader.pos < buf.length) {
    const tag = reader.varint();
    const number = tag >>> 3;
    if ((tag & 7) !== 2 || number < 2 || number > 9) {
      reader.skip(tag & 7);
      continue;
    }
    const end = reader.span();
    if (number === 8) metadata = readNamespaces(buf, reader.pos, end);
    else if (number === 9) {
      const [key, from, to] = readEntry(buf, reader.pos, end);
      attributes ??= dictionary();
      attributes[key] = readStruct(buf, from, to);
    } else {
      if (part !== undefined) throw new ProtoError('one request carries two parts');
      part = requestParts[number - 2]!;
      start = reader.pos;
      stop = end;
    }
    reader.pos = end;
  }
  switch (part) {
    case undefined:
      return { part: 'none', attributes, metadata };
    case 'request_body':
    case 'response_body':
      return { part, attributes, metadata, ...readBody(buf, start, stop) };
    case 'request_headers':
    case 'response_headers':
      return { part, attributes, metadata, ...readHeaders(buf, start, stop) };
    default:
      return { part, attributes, metadata, headers: readHeaders(buf, start, stop).headers };
  }
}

/** HttpHeaders and HttpTrailers: a HeaderMap in field 1. */
function readHeaders(buf: Buffer, start: number, stop: number): { headers: Header[]; end: boolean } {
  const headers: Header[] = [];
  let end = false;
  const reader = new Reader(buf, start, stop);
  while (reader.pos < stop) {
    const tag = reader.varint();
    if (tag === 10) {
      const mapEnd = reader.span();
      readHeaderMap(buf, reader.pos, mapEnd, headers);
      reader.pos = mapEnd;
    } else if (tag === 24) end = reader.varint() !== 0;
    else reader.skip(tag & 7);
  }
  return { headers, end };
}

function readHeaderMap(buf: Buffer, start: number, stop: number, headers: Header[]): void {
  const reader = new Reader(buf, start, stop);
  while (reader.pos < stop) {
    const tag = reader.varint();
    if (tag === 10) {
      const end = reader.span();
      headers.push(readHeader(buf, reader.pos, end));
      reader.pos = end;
    } else reader.skip(tag & 7);
  }
}

function readHeader(buf: Buffer, start: number, stop: number): Header {
  let key = '';
  let value = '';
  let raw: string | undefined;
  const reader = new Reader(buf, start, stop);
  while (reader.pos < stop) {
    const tag = reader.varint();
    if (tag === 10 || tag === 18 || tag === 26) {
      const end = reader.span();
      const text = buf.toString('latin1', reader.pos, end);
      if (tag === 10) key = text.toLowerCase();
      else if (tag === 18) value = text;
      else raw = text;
      reader.pos = end;
    } else reader.skip(tag & 7);
  }
  return [key, raw === undefined || raw === '' ? value : raw];
}

function readBody(buf: Buffer, start: number, stop: number): { body: Buffer; end: boolean } {
  let body: Buffer = empty;
  let end = false;
  const reader = new Reader(buf, start, stop);
  while (reader.pos < stop) {
    const tag = reader.varint();
    if (tag === 10) {
      const dataEnd = reader.span();
      body = buf.subarray(reader.pos, dataEnd);
      reader.pos = dataEnd;
    } else if (tag === 16) end = reader.varint() !== 0;
    else reader.skip(tag & 7);
  }
  return { body, end };
}

const numberOf = {
  request_headers: 1,
  response_headers: 2,
  request_body: 3,
  response_body: 4,
  request_trailers: 5,
  response_trailers: 6,
  immediate: 7,
  local_headers: 11,
  local_body: 11,
} as const;

export function encodeProcessingResponse(response: ProcessingResponse): Buffer {
  const metadata = response.dynamicMetadata ? field(8, encodeStringStruct(response.dynamicMetadata)) : empty;
  const number = numberOf[response.part];
  switch (response.part) {
    case 'request_body':
    case 'response_body':
      return encodeBody(number, response.chunks, response.end, metadata);
    case 'local_headers': {
      const map = Buffer.concat(response.headers.map(([name, value]) => field(1, headerValue(name, value))));
      return Buffer.concat([field(number, field(1, field(1, map))), metadata]);
    }
    case 'local_body': {
      const body = field(1, Buffer.concat(response.chunks));
      return Buffer.concat([field(number, field(2, response.end ? Buffer.concat([body, Buffer.of(16, 1)]) : body)), metadata]);
    }
    case 'immediate':
      return Buffer.concat([field(number, encodeImmediate(response)), metadata]);
    case 'request_trailers':
    case 'response_trailers':
      return Buffer.concat([field(number, changesField(1, response)), metadata]);
    default: {
      const { body } = response;
      // CommonResponse: status CONTINUE_AND_REPLACE, header_mutation, body_mutation.body
      const changes =
        body === undefined ? changesField(2, response) : Buffer.concat([REPLACE, changesField(2, response), field(3, field(1, body))]);
      return Buffer.concat([field(number, changes.length === 0 ? empty : field(1, changes)), metadata]);
    }
  }
}

const REPLACE = Buffer.of(8, 1);

/** BodyResponse.response.body_mutation.streamed_response, written once and not message by message. */
function encodeBody(number: number, chunks: readonly Buffer[], end: boolean, metadata: Buffer): Buffer {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const streamed = (length > 0 ? 1 + varintSize(length) + length : 0) + (end ? 2 : 0);
  const mutation = 1 + varintSize(streamed) + streamed;
  const common = 1 + varintSize(mutation) + mutation;
  const body = 1 + varintSize(common) + common;
  const out = Buffer.allocUnsafe(1 + varintSize(body) + body + metadata.length);
  let pos = 0;
  const open = (tag: number, size: number): void => {
    out[pos++] = tag;
    pos = writeVarint(out, pos, size);
  };
  open(number * 8 + 2, body);
  open(10, common);
  open(26, mutation);
  open(26, streamed);
  if (length > 0) {
    open(10, length);
    for (const chunk of chunks) pos += chunk.copy(out, pos);
  }
  if (end) {
    out[pos++] = 16;
    out[pos++] = 1;
  }
  metadata.copy(out, pos);
  return out;
}

/** A HeaderMutation as field `number`; nothing where nothing changes. */
function changesField(number: number, { set = [], append = [], remove = [] }: HeaderChanges): Buffer {
  if (set.length + append.length + remove.length === 0) return empty;
  return field(
    number,
    Buffer.concat([
      ...set.map((header) => option(header, OVERWRITE_IF_EXISTS_OR_ADD)),
      ...append.map((header) => option(header, APPEND_IF_EXISTS_OR_ADD)),
      ...remove.map((name) => field(2, Buffer.from(name, 'latin1'))),
    ]),
  );
}

const OVERWRITE_IF_EXISTS_OR_ADD = Buffer.of(24, 2);
/** By the older field, which Envoy asks first: without it, the action 0 counts as "not said", and overwrites. */
const APPEND_IF_EXISTS_OR_ADD = Buffer.of(18, 2, 8, 1);

function option([name, value]: Header, action: Buffer): Buffer {
  return field(1, Buffer.concat([field(1, headerValue(name, value)), action]));
}

const headerValue = (name: string, value: string): Buffer =>
  Buffer.concat([field(1, Buffer.from(name, 'latin1')), field(3, Buffer.from(value, 'latin1'))]);

function encodeImmediate({ status, headers, body, grpcStatus, details }: Extract<ProcessingResponse, { part: 'immediate' }>): Buffer {
  const code = (value: number): Buffer => {
    const out = Buffer.alloc(1 + varintSize(value));
    out[0] = 8;
    writeVarint(out, 1, value);
    return out;
  };
  return Buffer.concat([
    field(1, code(status)),
    changesField(2, { set: headers }),
    field(3, body),
    grpcStatus === undefined ? empty : field(4, code(grpcStatus)),
    field(5, Buffer.from(details)),
  ]);
}
