import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { frontend } from './types.js';

/** CopyData and CopyFail; CopyDone has no body (empty.ts). CopyData has one code in both directions. */

export interface CopyData {
  /** need not end at a row's end */
  data: Buffer;
}

export function decodeCopyData(buf: Buffer, body: number, end: number): CopyData {
  return { data: new BodyReader('CopyData', buf, body, end).rest() };
}

export function encodeCopyData({ data }: CopyData): Buffer {
  return new MessageWriter(frontend.CopyData, data.length).bytes(data).finish();
}

export interface CopyFail {
  /** why, raw */
  reason: Buffer;
}

export function decodeCopyFail(buf: Buffer, body: number, end: number): CopyFail {
  const r = new BodyReader('CopyFail', buf, body, end);
  const reason = r.string('reason');
  r.done();
  return { reason };
}

export function encodeCopyFail({ reason }: CopyFail): Buffer {
  return new MessageWriter(frontend.CopyFail, reason.length + 1).string('reason', reason).finish();
}
