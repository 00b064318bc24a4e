import type { JsonPlace } from './json-place.js';
import { unescapeJson } from './json-string.js';

/** A name may end so many bytes behind the value that it names; what a value is held for. */
export const NAME_BEHIND_MAX = 1024;
/** objects and lists between a value and its name are passed over to this depth: each byte is read at most so often, and once more */
const DEPTH_MAX = 3;

/** a text without the name */
const NONE = { start: 0, end: 0 };

/**
 * Where in buf the string stands that names a value, in the rest of the value's object, which begins at `from`:
 * `{"value": "x", "type": "env", "name": "DB_PASSWORD"}`. An empty range where there is none within NAME_BEHIND_MAX bytes, undefined
 * where that can't be told before more has come. Content alone decides, never how much of it is here.
 */
export function nameBehind(
  buf: Buffer,
  from: number,
  length: number,
  final: boolean,
  place: JsonPlace,
): { start: number; end: number } | undefined {
  const limit = Math.min(length, from + NAME_BEHIND_MAX);
  const open = limit === from + NAME_BEHIND_MAX || final ? NONE : undefined;
  let depth = 0;
  let naming = false;
  let key = NONE;
  for (let p = from; p < limit; p++) {
    const b = buf[p]!;
    if (b === 0x22) {
      const close = closing(buf, p + 1, limit);
      if (close >= limit) return open;
      if (depth === 0) {
        key = { start: p + 1, end: close };
        if (naming) return key;
      }
      p = close;
    } else if (b === 0x7b || b === 0x5b) {
      if (++depth > DEPTH_MAX) return NONE;
      naming = false;
    } else if (b === 0x7d || b === 0x5d) {
      if (--depth < 0) return NONE;
    } else if (depth === 0 && b === 0x3a) naming = names(buf, key.start, key.end, place);
    else if (b === 0x2c) naming = false;
  }
  return open;
}

/** Where the string ends whose inside begins at `from`; `limit` or more when it does not. */
function closing(buf: Buffer, from: number, limit: number): number {
  let p = from;
  while (p < limit && buf[p] !== 0x22) p += buf[p] === 0x5c ? 2 : 1;
  return p;
}

function names(buf: Buffer, start: number, end: number, place: JsonPlace): boolean {
  const escaped = buf.subarray(start, end).includes(0x5c);
  if (!escaped) return place.isNaming(buf, start, end);
  const text = unescapeJson(buf, start, end);
  return place.isNaming(text, 0, text.length);
}
