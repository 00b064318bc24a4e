import type { Header, HeaderChanges, ProcessingResponse } from './http-ext-proc.js';
import { encodeStringStruct, field, fieldSize, openField as open, varintSize, writeVarint } from './wire.js';

const empty: Buffer = Buffer.alloc(0);

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

/** The response's bytes, behind `reserve` bytes that the caller fills. */
export function encodeProcessingResponse(response: ProcessingResponse, reserve = 0): Buffer {
  const metadata = response.dynamicMetadata ? encodeStringStruct(8, response.dynamicMetadata) : empty;
  const number = numberOf[response.part];
  switch (response.part) {
    case 'request_body':
    case 'response_body':
      return encodeBody(number, response.chunks, response.end, metadata, reserve);
    case 'request_headers':
    case 'response_headers':
    case 'request_trailers':
    case 'response_trailers':
      return encodeChanges(number, response, metadata, reserve);
    case 'local_headers': {
      const map = Buffer.concat(response.headers.map(([name, value]) => field(1, headerValue(name, value))));
      return behind(reserve, field(number, field(1, field(1, map))), metadata);
    }
    case 'local_body': {
      const body = field(1, Buffer.concat(response.chunks));
      return behind(reserve, field(number, field(2, response.end ? Buffer.concat([body, Buffer.of(16, 1)]) : body)), metadata);
    }
    case 'immediate':
      return behind(reserve, field(number, encodeImmediate(response)), metadata);
  }
}

const behind = (reserve: number, ...parts: Buffer[]): Buffer => Buffer.concat([Buffer.alloc(reserve), ...parts]);

/** BodyResponse.response.body_mutation.streamed_response, written once and not message by message. */
function encodeBody(number: number, chunks: readonly Buffer[], end: boolean, metadata: Buffer, reserve: number): Buffer {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const streamed = (length > 0 ? fieldSize(length) : 0) + (end ? 2 : 0);
  const mutation = fieldSize(streamed);
  const common = fieldSize(mutation);
  const body = fieldSize(common);
  const out = Buffer.allocUnsafe(reserve + fieldSize(body) + metadata.length);
  let pos = open(out, reserve, number * 8 + 2, body);
  pos = open(out, pos, 10, common);
  pos = open(out, pos, 26, mutation);
  pos = open(out, pos, 26, streamed);
  if (length > 0) {
    pos = open(out, pos, 10, length);
    for (const chunk of chunks) pos += chunk.copy(out, pos);
  }
  if (end) {
    out[pos++] = 16;
    out[pos++] = 1;
  }
  metadata.copy(out, pos);
  return out;
}

function latin1(out: Buffer, pos: number, tag: number, text: string): number {
  const start = open(out, pos, tag, text.length);
  return start + out.write(text, start, 'latin1');
}

const REPLACE = Buffer.of(8, 1);
const OVERWRITE_IF_EXISTS_OR_ADD = Buffer.of(24, 2);
/** By the older field, which Envoy asks first: without it, the action 0 counts as "not said", and overwrites. */
const APPEND_IF_EXISTS_OR_ADD = Buffer.of(18, 2, 8, 1);
const NONE: readonly never[] = [];

type Changing = Extract<ProcessingResponse, { part: 'request_headers' | 'response_headers' | 'request_trailers' | 'response_trailers' }>;

/**
 * HeadersResponse.response (CommonResponse: status CONTINUE_AND_REPLACE, header_mutation = 2, body_mutation.body = 3) or
 * TrailersResponse.header_mutation = 1; nothing in it where nothing changes.
 */
function encodeChanges(number: number, response: Changing, metadata: Buffer, reserve: number): Buffer {
  const common = number < 3;
  const mutation = mutationSize(response);
  const body = 'body' in response ? response.body : undefined;
  const replaced = body === undefined ? 0 : REPLACE.length + fieldSize(fieldSize(body.length));
  let inner = (mutation === 0 ? 0 : fieldSize(mutation)) + replaced;
  const wrapped = inner;
  if (common && inner > 0) inner = fieldSize(inner);
  const out = Buffer.allocUnsafe(reserve + fieldSize(inner) + metadata.length);
  let pos = open(out, reserve, number * 8 + 2, inner);
  if (common && inner > 0) pos = open(out, pos, 10, wrapped);
  if (body !== undefined) pos += REPLACE.copy(out, pos);
  if (mutation > 0) pos = writeMutation(out, open(out, pos, common ? 18 : 10, mutation), response);
  if (body !== undefined) {
    pos = open(out, pos, 26, fieldSize(body.length));
    pos = open(out, pos, 10, body.length);
    pos += body.copy(out, pos);
  }
  metadata.copy(out, pos);
  return out;
}

const valueSize = ([name, value]: Header): number => fieldSize(name.length) + fieldSize(value.length);
const optionSize = (header: Header, action: Buffer): number => fieldSize(valueSize(header)) + action.length;

/** Length of a HeaderMutation: set_headers = 1, remove_headers = 2. */
function mutationSize({ set = NONE, append = NONE, remove = NONE }: HeaderChanges): number {
  let size = 0;
  for (const header of set) size += fieldSize(optionSize(header, OVERWRITE_IF_EXISTS_OR_ADD));
  for (const header of append) size += fieldSize(optionSize(header, APPEND_IF_EXISTS_OR_ADD));
  for (const name of remove) size += fieldSize(name.length);
  return size;
}

function writeMutation(out: Buffer, start: number, { set = NONE, append = NONE, remove = NONE }: HeaderChanges): number {
  let pos = start;
  for (const header of set) pos = writeOption(out, pos, header, OVERWRITE_IF_EXISTS_OR_ADD);
  for (const header of append) pos = writeOption(out, pos, header, APPEND_IF_EXISTS_OR_ADD);
  for (const name of remove) pos = latin1(out, pos, 18, name);
  return pos;
}

/** A HeaderValueOption: header = 1 with key = 1 and raw_value = 3, and what is done where it is there already. */
function writeOption(out: Buffer, start: number, header: Header, action: Buffer): number {
  let pos = open(out, start, 10, optionSize(header, action));
  pos = open(out, pos, 10, valueSize(header));
  pos = latin1(out, pos, 10, header[0]);
  pos = latin1(out, pos, 26, header[1]);
  return pos + action.copy(out, pos);
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
  const changes = { set: headers };
  const mutation = Buffer.allocUnsafe(mutationSize(changes));
  writeMutation(mutation, 0, changes);
  return Buffer.concat([
    field(1, code(status)),
    headers.length === 0 ? empty : field(2, mutation),
    field(3, body),
    grpcStatus === undefined ? empty : field(4, code(grpcStatus)),
    field(5, Buffer.from(details)),
  ]);
}
