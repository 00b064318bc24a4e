import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

export interface ParameterDescription {
  /** OIDs, in the order of $1, $2, … */
  parameter_types: number[];
}

export function decodeParameterDescription(buf: Buffer, body: number, end: number): ParameterDescription {
  const r = new BodyReader('ParameterDescription', buf, body, end);
  const parameter_types = r.oids('parameter_types');
  r.done();
  return { parameter_types };
}

export function encodeParameterDescription({ parameter_types }: ParameterDescription): Buffer {
  return new MessageWriter(backend.ParameterDescription, 2 + 4 * parameter_types.length).oids('parameter_types', parameter_types).finish();
}
