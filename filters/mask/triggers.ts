import { ASSIGNED_KINDS } from './detectors/judge.js';
import { KEYED_KINDS } from './detectors/labelled.js';
import { DIGIT_KINDS } from './detectors/numbers.js';
import { tokenAnchors } from './detectors/tokens.js';
import { LINK_BYTES } from './detectors/world-links.js';
import { FOREIGN_BYTES, SPELLED_KINDS } from './foreign.js';
import { kindId, kinds } from './kinds.js';

/** What a byte can begin or be in the middle of; bits of the trigger table. Bytes with none are passed over. */
export const T_DIGIT = 1;
export const T_AT = 2;
export const T_COLON = 4;
export const T_SIGN = 8;
export const T_DASH = 16;
export const T_B = 32;
export const T_DOT = 64;
export const T_TOKEN = 128;
export const T_J = 256;
export const T_TILDE = 512;
export const T_COMMA = 1024;
export const T_W = 2048;
export const T_BRACKET = 4096;
/** a letter that base64 of text has, and the percent sign: what stands around may be encoded */
export const T_CODED = 8192;
/** the first byte of a character that stands for one of ASCII in numbers (foreign.ts) */
export const T_FOREIGN = 16384;

/** The trigger table for these kinds: bytes that nothing wanted needs have no bit, so fewer kinds are found faster. */
export function triggerTable(wanted: Uint8Array): Uint16Array {
  const table = new Uint16Array(256);
  const has = (...kinds: string[]): boolean => kinds.some((k) => wanted[kindId(k)] === 1);
  const add = (bytes: string, bit: number): void => {
    for (let k = 0; k < bytes.length; k++) table[bytes.charCodeAt(k)]! |= bit;
  };
  if (DIGIT_KINDS.some((k) => wanted[k] === 1)) add('0123456789', T_DIGIT);
  if (has('email')) {
    add('@', T_AT);
    add('[(', T_BRACKET);
  }
  if (KEYED_KINDS.some((k) => wanted[k] === 1)) {
    add(':', T_COLON);
    add('=', T_SIGN);
  }
  const assigned = ASSIGNED_KINDS.some((k) => wanted[k] === 1);
  if (assigned) {
    add('=>', T_SIGN);
    add(',', T_COMMA);
    add('-', T_DASH);
  }
  const colons = ['ip_address', 'mac_address', 'connection_string', 'slack_webhook', 'discord_webhook', 'teams_webhook', 'webhook_url'];
  if (assigned || has(...colons, 'private_key', 'session_cookie', 'kubernetes_secret')) add(':', T_COLON);
  if (has('private_key', 'mac_address')) add('-', T_DASH);
  if (has('digest_auth')) add('=', T_SIGN);
  if (has('password')) add('w', T_W);
  if (has('mac_address')) add('.', T_DOT);
  if (has('date_of_birth', 'bic', 'bearer_token', 'basic_auth')) add('bB', T_B);
  if (has('jwt')) add('J', T_J);
  if (has('azure_client_secret')) add('~', T_TILDE);
  // Z is in nearly all text that is base64, M in what is of digits
  add('MZ%', T_CODED);
  if (kinds.some(({ kind }, id) => wanted[id] === 1 && SPELLED_KINDS.has(kind))) for (const b of FOREIGN_BYTES) table[b]! |= T_FOREIGN;
  // a colon of full width, and what links a password to its name
  if (has('password')) for (const b of [0xef, ...LINK_BYTES]) table[b]! |= T_FOREIGN;
  for (const b of tokenAnchors(wanted)) table[b]! |= T_TOKEN;
  return table;
}
