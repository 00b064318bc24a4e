import { ALNUM, BASE64, CLASS, DIGIT, HEX, TOKEN } from '../bytes.js';
import type { Body } from './vendors/form.js';

/** For each alphabet of the vendors' table: 1 at the bytes that belong to it. */
export const BODIES: Record<Body, Uint8Array> = {
  alnum: bodyOf(ALNUM, ''),
  alnum_: bodyOf(ALNUM, '_'),
  lower: bodyOf(0, 'abcdefghijklmnopqrstuvwxyz0123456789'),
  token: bodyOf(TOKEN, ''),
  hex: bodyOf(HEX, ''),
  digit: bodyOf(DIGIT, ''),
  upper: bodyOf(0, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'),
  upper_: bodyOf(0, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_'),
  dotted: bodyOf(TOKEN, '.'),
  base64: bodyOf(BASE64 | TOKEN, '='),
  'base64+': bodyOf(BASE64, ''),
  percent: bodyOf(ALNUM, '%'),
  slashed: bodyOf(TOKEN, '/'),
  colons: bodyOf(TOKEN, ':'),
  dollars: bodyOf(TOKEN, '$'),
  crypt: bodyOf(TOKEN, './$='),
  phc: bodyOf(BASE64 | TOKEN, './$=,'),
  scram: bodyOf(BASE64 | TOKEN, '=.$:'),
  uuid: bodyOf(HEX, '-'),
};

function bodyOf(bits: number, more: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, b) => ((CLASS[b]! & bits) !== 0 || more.includes(String.fromCharCode(b)) ? 1 : 0));
}
