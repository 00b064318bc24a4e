import {
  dictionary,
  encodeStringStruct,
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
export const serviceName = 'envoy.service.network_ext_proc.v3.NetworkExternalProcessor';

export enum ConnectionStatus {
  Continue = 0,
  Close = 1,
  CloseReset = 2,
}

/** One chunk of the connection. `data` is a view into the gRPC message, never a copy. */
export interface ProcessingRequest {
  /** read: from the agent; write: from the backend; none: only attributes or metadata */
  direction: 'read' | 'write' | 'none';
  data: Buffer;
  endOfStream: boolean;
  attributes: Record<string, Json> | undefined;
  metadata: Record<string, Json> | undefined;
}

/** `chunks` are written one after the other into one Data message, so that nothing is concatenated twice. */
export interface ProcessingResponse {
  direction: 'read' | 'write' | 'none';
  chunks: readonly Buffer[];
  endOfStream: boolean;
  connectionStatus: ConnectionStatus;
  /** namespaces of dynamic metadata, each a flat map of strings */
  dynamicMetadata?: Record<string, Record<string, string>>;
  closeStream: boolean;
}

const empty = Buffer.alloc(0);

export function decodeProcessingRequest(buf: Buffer): ProcessingRequest {
  const out: ProcessingRequest = { direction: 'none', data: empty, endOfStream: false, attributes: undefined, metadata: undefined };
  const reader = new Reader(buf);
  while (reader.pos < buf.length) {
    const tag = reader.varint();
    if (tag === 10 || tag === 18) {
      if (out.direction !== 'none') throw new ProtoError('one request carries data of both directions');
      out.direction = tag === 10 ? 'read' : 'write';
      const end = reader.span();
      decodeData(buf, reader.pos, end, out);
      reader.pos = end;
    } else if (tag === 26) {
      const end = reader.span();
      out.metadata = readNamespaces(buf, reader.pos, end);
      reader.pos = end;
    } else if (tag === 34) {
      const end = reader.span();
      const [key, start, valueEnd] = readEntry(buf, reader.pos, end);
      out.attributes ??= dictionary();
      out.attributes[key] = readStruct(buf, start, valueEnd);
      reader.pos = end;
    } else reader.skip(tag & 7);
  }
  return out;
}

function decodeData(buf: Buffer, start: number, end: number, out: ProcessingRequest): void {
  const reader = new Reader(buf, start, end);
  while (reader.pos < end) {
    const tag = reader.varint();
    if (tag === 10) {
      const dataEnd = reader.span();
      out.data = buf.subarray(reader.pos, dataEnd);
      reader.pos = dataEnd;
    } else if (tag === 16) out.endOfStream = reader.varint() !== 0;
    else reader.skip(tag & 7);
  }
}

/** The response's bytes, behind `reserve` bytes that the caller fills. */
export function encodeProcessingResponse(response: ProcessingResponse, reserve = 0): Buffer {
  let length = 0;
  for (const chunk of response.chunks) length += chunk.length;
  const dataSize = (length > 0 ? 1 + varintSize(length) + length : 0) + (response.endOfStream ? 2 : 0);
  const metadata = response.dynamicMetadata ? encodeStringStruct(5, response.dynamicMetadata) : empty;
  const hasData = response.direction !== 'none';
  const total =
    (hasData ? 1 + varintSize(dataSize) + dataSize : 0) +
    (response.connectionStatus !== ConnectionStatus.Continue ? 2 : 0) +
    metadata.length +
    (response.closeStream ? 2 : 0);
  const out = Buffer.allocUnsafe(reserve + total);
  let pos = reserve;
  if (hasData) {
    out[pos++] = response.direction === 'read' ? 10 : 18;
    pos = writeVarint(out, pos, dataSize);
    if (length > 0) {
      out[pos++] = 10;
      pos = writeVarint(out, pos, length);
      for (const chunk of response.chunks) pos += chunk.copy(out, pos);
    }
    if (response.endOfStream) {
      out[pos++] = 16;
      out[pos++] = 1;
    }
  }
  if (response.connectionStatus !== ConnectionStatus.Continue) {
    out[pos++] = 32;
    out[pos++] = response.connectionStatus;
  }
  pos += metadata.copy(out, pos);
  if (response.closeStream) {
    out[pos++] = 48;
    out[pos++] = 1;
  }
  return out;
}
