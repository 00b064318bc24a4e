import { decodeUtf8 } from './charset.js';
import { beginsLikeJson } from './json.js';
import { isUtf32 } from './look.js';

/** Bytes at the beginning of a body that tell whether it is text. */
export const BINARY_LOOK_BYTES = 4096;

/** White space and control characters that are no part of JSON, marks of order and of direction, at the beginning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are meant
export const UNSEEN = /^[\s\u0000-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202f\u2060\ufeff]+/;

/** A name and the sign behind it, as a form begins. */
export const LIKE_FORM = /^[\w.[\]%+-]{1,200}=/;

/**
 * The beginning of a body that no reader takes for JSON, for a form or for a document, whatever it does with bytes that are no text: it is not UTF-8, nor
 * UTF-16 or UTF-32 of which the first character is ASCII, and does not begin like any of them.
 */
export function isBinary(bytes: Buffer): boolean {
  const head = bytes.subarray(0, BINARY_LOOK_BYTES);
  if (head.length < 2 || decodes(head) || isUtf32(head)) return false;
  const mark = head.readUInt16BE(0);
  if (mark === 0xfeff || mark === 0xfffe || (head[0] === 0) !== (head[1] === 0)) return false;
  const begun = head.toString('utf8').replace(UNSEEN, '');
  return begun !== '' && !beginsLikeJson(begun) && !LIKE_FORM.test(begun);
}

/** UTF-8 as far as it goes: half of a character at the end is none that is wrong. */
function decodes(bytes: Buffer): boolean {
  for (let cut = 0; cut < Math.min(4, bytes.length); cut++)
    if (decodeUtf8(bytes.subarray(0, bytes.length - cut)) !== undefined) return true;
  return false;
}
