import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { frontend } from './types.js';

export interface Parse {
  /** latin1; empty is the unnamed statement */
  statement: string;
  /** raw bytes in the client's encoding, without the terminator */
  text: Buffer;
  /** OIDs; 0 leaves the type to the server */
  parameter_types: number[];
}

export function decodeParse(buf: Buffer, body: number, end: number): Parse {
  const r = new BodyReader('Parse', buf, body, end);
  const statement = r.name('statement');
  const text = r.string('text');
  const parameter_types = r.oids('parameter_types');
  r.done();
  return { statement, text, parameter_types };
}

export function encodeParse(parse: Parse): Buffer {
  return new MessageWriter(frontend.Parse, parse.statement.length + parse.text.length + 4 + 4 * parse.parameter_types.length)
    .name('statement', parse.statement)
    .string('text', parse.text)
    .oids('parameter_types', parse.parameter_types)
    .finish();
}
