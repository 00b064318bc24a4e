import * as crypto from 'node:crypto';
import { MidstreamError } from '../errors.js';
import { isSessionId } from './session-id.js';

/** The chain of a session: each stored line carries the SHA-256 of the line before it (without its line feed). */

/** `prev` of a session's first line. */
export const FIRST_PREV = '0'.repeat(64);

/** Version of the format that is written; readers read every version up to it. */
export const FORMAT_VERSION = 1;

// crypto.hash exists from Node 20.12 on and saves half of the time of a stream-like Hash object for short lines.
const oneShot = (crypto as { hash?: (algorithm: string, data: string | Uint8Array) => string }).hash;

/** SHA-256 in hex over the bytes, or over the UTF-8 form of the string. */
export const sha256Hex: (data: string | Uint8Array) => string =
  oneShot === undefined ? (data) => crypto.createHash('sha256').update(data).digest('hex') : (data) => oneShot('sha256', data);

/** One line without its line feed. `json` is the inside of the event's object, beginning with a comma, or empty. */
export function formatLine(session: string, seq: number, t: number, prev: string, type: string, json: string): string {
  return `{"v":1,"session":"${session}","seq":${seq},"t":${t},"prev":"${prev}","type":"${type}"${json}}`;
}

/** A stored event with fields that this version may not know: they stay as they were read. */
export interface StoredEvent {
  v: number;
  session: string;
  seq: number;
  t: number;
  prev: string;
  type: string;
  [field: string]: unknown;
}

const hash = /^[0-9a-f]{64}$/;
const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Reads one line; throws `tampered` with what is wrong with it. Unknown types and fields are kept, versions above ours are refused. */
export function parseLine(text: string): StoredEvent {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MidstreamError('tampered', 'not a JSON object');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MidstreamError('tampered', 'not a JSON object');
  const { v, session, seq, t, prev, type } = value as Record<string, unknown>;
  if (!count(v) || v < 1) throw new MidstreamError('tampered', 'no format version');
  if (v > FORMAT_VERSION) throw new MidstreamError('tampered', `format version ${v} is newer than this program reads (${FORMAT_VERSION})`);
  if (typeof session !== 'string' || !isSessionId(session)) throw new MidstreamError('tampered', 'no valid session id');
  if (!count(seq)) throw new MidstreamError('tampered', 'no valid seq');
  if (!count(t)) throw new MidstreamError('tampered', 'no valid t');
  if (typeof prev !== 'string' || !hash.test(prev)) throw new MidstreamError('tampered', 'no valid prev');
  if (typeof type !== 'string' || type === '') throw new MidstreamError('tampered', 'no event type');
  return value as StoredEvent;
}
