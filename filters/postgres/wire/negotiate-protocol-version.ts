import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

/** The server's answer to a minor version or `_pq_.` options that it does not know. */
export interface NegotiateProtocolVersion {
  /** newest version the server supports for the major version asked for; Postgres sends the whole number, 3 << 16 | minor */
  version: number;
  /** latin1 names of the options it did not recognise */
  unrecognized: string[];
}

export function decodeNegotiateProtocolVersion(buf: Buffer, body: number, end: number): NegotiateProtocolVersion {
  const r = new BodyReader('NegotiateProtocolVersion', buf, body, end);
  const version = r.int32('version');
  const count = r.count32('unrecognized', 1);
  const unrecognized: string[] = [];
  for (let i = 0; i < count; i++) unrecognized.push(r.name('unrecognized'));
  r.done();
  return { version, unrecognized };
}

export function encodeNegotiateProtocolVersion({ version, unrecognized }: NegotiateProtocolVersion): Buffer {
  const w = new MessageWriter(backend.NegotiateProtocolVersion).int32(version).int32(unrecognized.length);
  for (const name of unrecognized) w.name('unrecognized', name);
  return w.finish();
}
