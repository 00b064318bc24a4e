import { BodyReader } from './body-reader.js';
import { MessageWriter, valuesBytes } from './message-writer.js';
import { frontend } from './types.js';

export interface Bind {
  /** latin1; empty is the unnamed portal */
  portal: string;
  /** latin1; empty is the unnamed statement */
  statement: string;
  /** none, one for all, or one each; see formatOf. Codes other than 0 and 1 are left for the server to refuse. */
  formats: number[];
  /** views into the message; null is NULL */
  values: (Buffer | null)[];
  result_formats: number[];
}

export function decodeBind(buf: Buffer, body: number, end: number): Bind {
  const r = new BodyReader('Bind', buf, body, end);
  const portal = r.name('portal');
  const statement = r.name('statement');
  const formats = r.formats('formats');
  const values = r.values('values');
  const result_formats = r.formats('result_formats');
  r.done();
  return { portal, statement, formats, values, result_formats };
}

export function encodeBind(bind: Bind): Buffer {
  const names = bind.portal.length + bind.statement.length + 2;
  const formats = 4 + 2 * (bind.formats.length + bind.result_formats.length);
  return new MessageWriter(frontend.Bind, names + formats + valuesBytes(bind.values))
    .name('portal', bind.portal)
    .name('statement', bind.statement)
    .formats('formats', bind.formats)
    .values('values', bind.values)
    .formats('result_formats', bind.result_formats)
    .finish();
}
