import { ALNUM, CLASS, IDENT } from '../bytes.js';
import type { Search } from '../search.js';

/** longest quoted and unquoted value that is judged, in bytes; where a longer one ends, longEnd says */
export const QUOTED_MAX = 4096;
export const PLAIN_MAX = 2048;

export function isQuote(b: number): boolean {
  return b === 0x22 || b === 0x27 || b === 0x60;
}

/** Where a value ends that is longer than what is judged: no end of a secret passes because the secret was too long. */
export function longEnd(s: Search, from: number, quote: number): number {
  const { buf, hi } = s;
  let p = from;
  while (p < hi && (quote !== 0 ? buf[p] !== quote && buf[p] !== 0x0a : buf[p]! > 0x20 && !isQuote(buf[p]!))) p++;
  s.steps += p - from;
  return p;
}

/** Where the closing quote stands. Inside a string of a string (`\\"`) the quotes themselves are escaped. */
export function quotedEnd(s: Search, from: number, quote: number, escaped: boolean): number {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + QUOTED_MAX);
  let p = from;
  while (p < limit && buf[p] !== quote && buf[p] !== 0x0a) p += buf[p] === 0x5c && (!escaped || buf[p + 1] !== quote) ? 2 : 1;
  p = Math.min(p, limit);
  s.steps += p - from;
  if (p > from && buf[p - 1] === 0x5c) p--;
  return p;
}

/** where a value stands, without its quotes; `quote` is 0 where it has none */
const extent = { from: 0, to: 0, quote: 0 };

/** The value at `at`, quoted or plain. What it gives holds until the next is asked for. */
export function valueAt(s: Search, at: number): typeof extent {
  const b = s.buf[at] ?? 0;
  const quote = isQuote(b) ? b : 0;
  extent.quote = quote;
  extent.from = quote === 0 ? at : at + 1;
  extent.to = quote === 0 ? plainEnd(s, at) : quotedEnd(s, at + 1, quote, false);
  return extent;
}

/** A value without quotes ends at white space and at what separates pairs; a mask of stars counts as one value. */
export function plainEnd(s: Search, from: number): number {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + PLAIN_MAX);
  let p = from;
  // many names in what may be one value: none of its bytes is read again
  if (from >= s.plainFrom && from < s.plainUntil) p = Math.min(s.plainUntil, limit);
  else s.plainFrom = from;
  const first = p;
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b <= 0x20 || isQuote(b) || b === 0x3b || b === 0x3c || (b === 0x26 && isNextPair(buf, p + 1, hi, 0x3d))) break;
    if (b === 0x2c || b === 0x29 || b === 0x7d || b === 0x5d) {
      if (p + 1 >= hi || !isInside(buf[p + 1]!)) break;
      // `key:m,other:E`, `key=a,other=b`: the next pair
      if (b === 0x2c && (isNextPair(buf, p + 1, hi, 0x3a) || isNextPair(buf, p + 1, hi, 0x3d))) break;
    }
  }
  s.steps += p - first;
  s.plainUntil = Math.max(p, first);
  if (p - from > 2 && (buf[p - 1] === 0x2e || buf[p - 1] === 0x2c)) p--;
  return p;
}

/** A name and `sign` begin the next pair of a query or a list; another ampersand or comma is part of the value. */
function isNextPair(buf: Uint8Array, from: number, hi: number, sign: number): boolean {
  let p = from;
  while (p < hi && p - from < 40 && (CLASS[buf[p]!]! & IDENT) !== 0) p++;
  return p > from && p < hi && buf[p] === sign;
}

/** A comma or bracket that letters follow can be part of a password. */
function isInside(b: number): boolean {
  return (CLASS[b]! & ALNUM) !== 0 || b === 0x21 || b === 0x23 || b === 0x24;
}
