import { BodyReader } from './body-reader.js';
import { MessageWriter, valuesBytes } from './message-writer.js';
import { backend, frontend } from './types.js';

/** The fast-path interface; libpq's large-object calls use it. */
export interface FunctionCall {
  function_oid: number;
  /** none, one for all, or one each; see formatOf */
  formats: number[];
  arguments: (Buffer | null)[];
  result_format: number;
}

export function decodeFunctionCall(buf: Buffer, body: number, end: number): FunctionCall {
  const r = new BodyReader('FunctionCall', buf, body, end);
  const function_oid = r.uint32('function_oid');
  const formats = r.formats('formats');
  const values = r.values('arguments');
  const result_format = r.int16('result_format');
  r.done();
  return { function_oid, formats, arguments: values, result_format };
}

export function encodeFunctionCall(call: FunctionCall): Buffer {
  return new MessageWriter(frontend.FunctionCall, 8 + 2 * call.formats.length + valuesBytes(call.arguments))
    .int32(call.function_oid)
    .formats('formats', call.formats)
    .values('arguments', call.arguments)
    .int16(call.result_format)
    .finish();
}

export interface FunctionCallResponse {
  value: Buffer | null;
}

export function decodeFunctionCallResponse(buf: Buffer, body: number, end: number): FunctionCallResponse {
  const r = new BodyReader('FunctionCallResponse', buf, body, end);
  const value = r.value('value');
  r.done();
  return { value };
}

export function encodeFunctionCallResponse({ value }: FunctionCallResponse): Buffer {
  return new MessageWriter(backend.FunctionCallResponse, 4 + (value?.length ?? 0)).value(value).finish();
}
