import * as crypto from 'node:crypto';
import { MidstreamError } from '../errors.js';
import { isSessionId } from './session-id.js';

/** The chain of a session: each stored line carries the SHA-256 of the line before it (without its line feed). */

/** `prev` of a session's first line. */
export const FIRST_PREV = '0'.repeat(64);

/** Version of the format that is written; readers read every version up to it. */
export const FORMAT_VERSION = 1;

// crypto.hash exists from Node 20.12 on and saves half of the time of a stream-like Hash object for short lines.
const oneShot = (crypto as { hash?: (algorithm: string, data: string | Uint8Array, encoding?: string) => string | Buffer }).hash;

/** SHA-256 in hex over the bytes, or over the UTF-8 form of the string. */
export const sha256Hex: (data: string | Uint8Array) => string =
  oneShot === undefined ? (data) => crypto.createHash('sha256').update(data).digest('hex') : (data) => oneShot('sha256', data) as string;

/** SHA-256 of the bytes, or of the UTF-8 form of the string. */
export const sha256: (data: string | Uint8Array) => Buffer =
  oneShot === undefined
    ? (data) => crypto.createHash('sha256').update(data).digest()
    : (data) => oneShot('sha256', data, 'buffer') as Buffer;

/** One line without its line feed. `json` is the inside of the event's object, beginning with a comma, or empty. */
export function formatLine(session: string, seq: number, t: number, prev: string, type: string, json: string): string {
  return `{"v":1,"session":"${session}","seq":${seq},"t":${t},"prev":"${prev}","type":"${type}"${json}}`;
}

/** Most bytes that writeHead() writes beside a session and a type: names of the fields, two whole numbers, a hash. */
const HEAD_BYTES_MAX = 18 + 8 + 24 + 5 + 24 + 9 + 64 + 10 + 1;

/** Room that writeHead() needs. */
export const headRoom = (session: string, type: string): number => session.length + HEAD_BYTES_MAX + type.length;

/**
 * Writes what formatLine() puts before `json`, without a string being made of it: a line is mostly its head, and every statement has
 * several. Returns where it ends. `seq` and `t` are whole numbers from 0 on; `prev` is 64 hexadecimal digits; `session` and `type` are ASCII.
 */
export function writeHead(out: Uint8Array, start: number, session: string, seq: number, t: number, prev: string, type: string): number {
  let at = writeAscii(out, start, '{"v":1,"session":"');
  at = writeAscii(out, at, session);
  at = writeAscii(out, at, '","seq":');
  at = writeWhole(out, at, seq);
  at = writeAscii(out, at, ',"t":');
  at = writeWhole(out, at, t);
  at = writeAscii(out, at, ',"prev":"');
  at = writeAscii(out, at, prev);
  at = writeAscii(out, at, '","type":"');
  at = writeAscii(out, at, type);
  out[at++] = 0x22;
  return at;
}

function writeAscii(out: Uint8Array, start: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[start + i] = text.charCodeAt(i);
  return start + text.length;
}

const BILLION = 1_000_000_000;

/** Digits by small integers: a number above 2^31 would be divided as a float, digit by digit. */
function writeWhole(out: Uint8Array, start: number, value: number): number {
  if (value < BILLION) return writeDigits(out, start, value, 1);
  // Thirty years of nanoseconds: no clock that goes right says so, and then it need not be fast.
  if (value >= BILLION * BILLION) return writeAscii(out, start, String(value));
  const high = Math.floor(value / BILLION);
  return writeDigits(out, writeDigits(out, start, high, 1), value - high * BILLION, 9);
}

/** `value` is below 10^9, with zeros before it up to `width` digits. */
function writeDigits(out: Uint8Array, start: number, value: number, width: number): number {
  let digits = 1;
  for (let limit = 10; limit <= value && digits < 9; limit *= 10) digits++;
  if (digits < width) digits = width;
  let left = value | 0;
  for (let at = start + digits - 1; at >= start; at--) {
    const rest = (left / 10) | 0;
    out[at] = 0x30 + left - rest * 10;
    left = rest;
  }
  return start + digits;
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
