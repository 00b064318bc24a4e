import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

export interface ParameterDescription {
  /** OIDs, in the order of $1, $2, … */
  parameter_types: number[];
}

export function decodeParameterDescription(buf: Buffer, body: number, end: number): ParameterDescription {
  const r = new BodyReader('ParameterDescription', buf, body, end);
  // A statement may be prepared with more than 65,535 parameters (pgx's own suite does); the server then writes the count modulo 65,536.
  const room = (r.left - 2) / 4;
  if (Number.isInteger(room) && room > 0xffff && room % 0x10000 === (r.int16('parameter_types') & 0xffff)) {
    const parameter_types: number[] = [];
    while (r.left > 0) parameter_types.push(r.uint32('parameter_types'));
    return { parameter_types };
  }
  return decodeWhole(new BodyReader('ParameterDescription', buf, body, end));
}

function decodeWhole(r: BodyReader): ParameterDescription {
  const parameter_types = r.oids('parameter_types');
  r.done();
  return { parameter_types };
}

export function encodeParameterDescription({ parameter_types }: ParameterDescription): Buffer {
  return new MessageWriter(backend.ParameterDescription, 2 + 4 * parameter_types.length).oids('parameter_types', parameter_types).finish();
}
