import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

/** ErrorResponse and NoticeResponse ("Error and Notice Message Fields"). */

/** One field; unknown codes, order and repetitions are kept, so that what is passed on is what was sent. */
export interface ErrorField {
  /** ASCII code, see errorFieldCode */
  code: number;
  /** raw, without the terminator */
  value: Buffer;
}

export interface ErrorFields {
  fields: ErrorField[];
}

export const errorFieldCode = {
  severity: 0x53, // S, translated
  severity_plain: 0x56, // V, never translated
  code: 0x43, // C
  message: 0x4d, // M
  detail: 0x44, // D
  hint: 0x48, // H
  position: 0x50, // P
  internal_position: 0x70, // p
  internal_query: 0x71, // q
  where: 0x57, // W
  schema: 0x73, // s
  table: 0x74, // t
  column: 0x63, // c
  data_type: 0x64, // d
  constraint: 0x6e, // n
  file: 0x46, // F
  line: 0x4c, // L
  routine: 0x52, // R
} as const;

export type ErrorFieldName = keyof typeof errorFieldCode;

/** An error or notice of our own. severity_plain follows severity when it is left out. */
export type ErrorValues = { severity: string; code: string; message: string } & Partial<Record<ErrorFieldName, string>>;

function decode(message: string, buf: Buffer, body: number, end: number): ErrorFields {
  const r = new BodyReader(message, buf, body, end);
  const fields: ErrorField[] = [];
  for (let code = r.byte('field code'); code !== 0; code = r.byte('field code')) fields.push({ code, value: r.string('field value') });
  r.done();
  return { fields };
}

function encode(type: number, { fields }: ErrorFields): Buffer {
  const w = new MessageWriter(type, 256);
  for (const { code, value } of fields) w.byte(code).string('field value', value);
  return w.byte(0).finish();
}

export const decodeErrorResponse = (buf: Buffer, body: number, end: number): ErrorFields => decode('ErrorResponse', buf, body, end);
export const decodeNoticeResponse = (buf: Buffer, body: number, end: number): ErrorFields => decode('NoticeResponse', buf, body, end);
export const encodeErrorResponse = (value: ErrorFields): Buffer => encode(backend.ErrorResponse, value);
export const encodeNoticeResponse = (value: ErrorFields): Buffer => encode(backend.NoticeResponse, value);

/**
 * Fields in the server's own order. A zero byte in our text becomes U+FFFD: an error must go out, and it must not be cut short.
 * Fields left out or undefined are not sent.
 */
export function errorFields(values: ErrorValues): ErrorFields {
  const all: Partial<Record<ErrorFieldName, string>> = { severity_plain: values.severity, ...values };
  const fields: ErrorField[] = [];
  for (const [name, code] of Object.entries(errorFieldCode)) {
    const text = all[name as ErrorFieldName];
    if (text !== undefined) fields.push({ code, value: Buffer.from(text.replaceAll('\0', '\ufffd'), 'utf8') });
  }
  return { fields };
}

/** An ErrorResponse of our own, whole. */
export const buildErrorResponse = (values: ErrorValues): Buffer => encodeErrorResponse(errorFields(values));

/** A NoticeResponse of our own, whole. */
export const buildNoticeResponse = (values: ErrorValues): Buffer => encodeNoticeResponse(errorFields(values));

/** Raw value of the first field of that name; undefined when absent. */
export function errorField({ fields }: ErrorFields, name: ErrorFieldName): Buffer | undefined {
  const code = errorFieldCode[name];
  return fields.find((field) => field.code === code)?.value;
}
