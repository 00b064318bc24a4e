import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

/** CopyInResponse, CopyOutResponse and CopyBothResponse have one shape. */
export interface CopyResponse {
  /** 0 text (and CSV), 1 binary */
  format: 0 | 1;
  /** one code a column, 0 or 1 */
  column_formats: number[];
}

function decode(message: string, buf: Buffer, body: number, end: number): CopyResponse {
  const r = new BodyReader(message, buf, body, end);
  const format = r.byte('format');
  if (format !== 0 && format !== 1) r.refuse('format', '0 or 1', format);
  const column_formats = r.formats('column_formats');
  for (const code of column_formats) if (code !== 0 && code !== 1) r.refuse('column_formats', '0 or 1', code);
  r.done();
  return { format: format as 0 | 1, column_formats };
}

function encode(type: number, { format, column_formats }: CopyResponse): Buffer {
  return new MessageWriter(type, 3 + 2 * column_formats.length).byte(format).formats('column_formats', column_formats).finish();
}

export const decodeCopyInResponse = (buf: Buffer, body: number, end: number): CopyResponse => decode('CopyInResponse', buf, body, end);
export const decodeCopyOutResponse = (buf: Buffer, body: number, end: number): CopyResponse => decode('CopyOutResponse', buf, body, end);
export const decodeCopyBothResponse = (buf: Buffer, body: number, end: number): CopyResponse => decode('CopyBothResponse', buf, body, end);
export const encodeCopyInResponse = (value: CopyResponse): Buffer => encode(backend.CopyInResponse, value);
export const encodeCopyOutResponse = (value: CopyResponse): Buffer => encode(backend.CopyOutResponse, value);
export const encodeCopyBothResponse = (value: CopyResponse): Buffer => encode(backend.CopyBothResponse, value);
