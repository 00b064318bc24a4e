import { dictionary, type Json, ProtoError, Reader, readEntry, readNamespaces, readStruct } from './wire.js';

export { encodeProcessingResponse } from './http-ext-proc-response.js';

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
  /** the same object for the same bytes: nobody may change it */
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
export interface HeaderChanges {
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
      attributes =
        attributes === undefined
          ? knownAttributes(buf, reader.pos, end)
          : Object.assign(dictionary(), attributes, readAttributes(buf, reader.pos, end));
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
    case 'response_body': {
      const { body, end } = readBody(buf, start, stop);
      return { part, attributes, metadata, body, end };
    }
    case 'request_headers':
    case 'response_headers': {
      const { headers, end } = readHeaders(buf, start, stop);
      return { part, attributes, metadata, headers, end };
    }
    default:
      return { part, attributes, metadata, headers: readHeaders(buf, start, stop).headers };
  }
}

/** One entry of the map of attributes, by filter: what Envoy says of a connection comes with each of its requests. */
function readAttributes(buf: Buffer, start: number, end: number): Record<string, Json> {
  const [key, from, to] = readEntry(buf, start, end);
  const attributes = dictionary();
  attributes[key] = readStruct(buf, from, to);
  return attributes;
}

/** Connections whose attributes are kept, and the longest of those in bytes. */
const knownConnections = new Map<string, Record<string, Json>>();
const CONNECTIONS_MAX = 500;
const ATTRIBUTES_BYTES_MAX = 1024;

function knownAttributes(buf: Buffer, start: number, end: number): Record<string, Json> {
  if (end - start > ATTRIBUTES_BYTES_MAX) return readAttributes(buf, start, end);
  const bytes = buf.toString('latin1', start, end);
  const known = knownConnections.get(bytes);
  if (known !== undefined) return known;
  const read = readAttributes(buf, start, end);
  if (knownConnections.size >= CONNECTIONS_MAX) knownConnections.clear();
  knownConnections.set(bytes, read);
  return read;
}

/** HttpHeaders and HttpTrailers: a HeaderMap in field 1. */
function readHeaders(buf: Buffer, start: number, stop: number): { headers: Header[]; end: boolean } {
  const headers: Header[] = [];
  let end = false;
  const reader = new Reader(buf, start, stop);
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === 10) {
      const outer = reader.enter();
      readHeaderMap(reader, headers);
      reader.leave(outer);
    } else if (tag === 24) end = reader.varint() !== 0;
    else reader.skip(tag & 7);
  }
  return { headers, end };
}

function readHeaderMap(reader: Reader, headers: Header[]): void {
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === 10) {
      const outer = reader.enter();
      headers.push(readHeader(reader));
      reader.leave(outer);
    } else reader.skip(tag & 7);
  }
}

function readHeader(reader: Reader): Header {
  const { buf } = reader;
  let key = '';
  let value = '';
  let raw: string | undefined;
  while (reader.pos < reader.end) {
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
