import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

export interface ParameterStatus {
  /** latin1 */
  name: string;
  /** raw */
  value: Buffer;
}

export function decodeParameterStatus(buf: Buffer, body: number, end: number): ParameterStatus {
  const r = new BodyReader('ParameterStatus', buf, body, end);
  const name = r.name('name');
  const value = r.string('value');
  r.done();
  return { name, value };
}

export function encodeParameterStatus({ name, value }: ParameterStatus): Buffer {
  return new MessageWriter(backend.ParameterStatus, name.length + value.length + 2).name('name', name).string('value', value).finish();
}
