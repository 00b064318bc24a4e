import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MidstreamError } from '../../filters/errors.js';

/** The key of `as: hash` and `as: token`. */
export interface MaskKey {
  /** 32 bytes */
  key: Uint8Array;
  /** what masked values show where the policy says so (`key_id: true`) */
  id: string;
}

const ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * The first key of a file, else of MIDSTREAM_MASK_KEY: a line each, 32 bytes in hex or base64, with an id and a blank before it if it is
 * to have a name. To rotate, put a new line before the others: it is the one in use, and the others tell whoever keeps the file which
 * key an older id was. Without file and variable a key is made that holds for this run only.
 * Throws MidstreamError config_invalid, which never holds a key.
 */
export function readMaskKey(file: string | undefined, variable: string | undefined): MaskKey {
  if (file === undefined && (variable === undefined || variable === '')) return { key: randomBytes(32), id: 'run' };
  const where = file ?? 'MIDSTREAM_MASK_KEY';
  const keys = (file === undefined ? variable! : readFileSync(file, 'utf8'))
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line, n) => keyOf(line, `${where}, key ${n + 1}`));
  const first = keys[0];
  if (first === undefined) throw new MidstreamError('config_invalid', `${where} holds no key`);
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new MidstreamError('config_invalid', `${where} holds two keys of one id`);
  return first;
}

function keyOf(line: string, where: string): MaskKey {
  const words = line.split(/\s+/);
  const text = words[words.length - 1]!;
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (words.length > 2 || key.length !== 32)
    throw new MidstreamError('config_invalid', `${where} must be 32 bytes as hex or base64; it is ${key.length}`, {
      hint: 'A line is the key alone, or an id, a blank and the key: k2 3f09…',
    });
  if (words.length === 2 && !ID.test(words[0]!))
    throw new MidstreamError('config_invalid', `the id of ${where} is not 1 to 32 letters, digits, dashes and underscores`);
  return { key, id: words.length === 2 ? words[0]! : createHash('sha256').update(key).digest('hex').slice(0, 8) };
}
