import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { frontend } from './types.js';

export interface Execute {
  /** latin1; empty is the unnamed portal */
  portal: string;
  /** signed; the server takes 0 and below for "all rows" */
  rows_max: number;
}

export function decodeExecute(buf: Buffer, body: number, end: number): Execute {
  const r = new BodyReader('Execute', buf, body, end);
  const portal = r.name('portal');
  const rows_max = r.int32('rows_max');
  r.done();
  return { portal, rows_max };
}

export function encodeExecute({ portal, rows_max }: Execute): Buffer {
  return new MessageWriter(frontend.Execute, portal.length + 5).name('portal', portal).int32(rows_max).finish();
}
