import { ALNUM, CLASS, DIGIT, HEX } from '../bytes.js';
import { NETWORK, VERSION } from '../evidence.js';
import type { Groups } from '../groups.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const IP = kindId('ip_address');
const DOT = 0x2e;
const COLON = 0x3a;

/** Four numbers up to 255 with single dots, not more of them: five and more are an object identifier. */
export function ipv4At(s: Search, groups: Groups, g: number): void {
  if (g + 4 > groups.last) return;
  const { start, end, gap } = groups;
  if (gap[g] !== DOT || gap[g + 1] !== DOT || gap[g + 2] !== DOT) return;
  if ((g > 0 && gap[g - 1] === DOT) || (g + 4 < groups.count && gap[g + 3] === DOT)) return;
  for (let k = g; k < g + 4; k++) if (!isOctet(s.buf, start[k]!, end[k]!)) return;
  const from = start[g]!;
  if (from > s.lo && s.buf[from - 1] === DOT) return;
  let score = 0.9;
  const bits = s.name | s.before(from);
  if ((bits & VERSION) !== 0 && (bits & NETWORK) === 0) score = 0.3;
  s.found(IP, from, end[g + 3]!, score);
}

/** A number up to 255 without zeros before it. */
export function isOctet(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length > 3 || (length > 1 && buf[start] === 0x30)) return false;
  return length < 3 || (buf[start]! - 0x30) * 100 + (buf[start + 1]! - 0x30) * 10 + buf[start + 2]! - 0x30 <= 255;
}

/** The longest text of an IPv6 address (RFC 4291 with an embedded IPv4 address) */
const IPV6_LENGTH_MAX = 45;

/**
 * IPv6 with one of its colons at `at`; only the first colon of a run is looked at. Returns where the run of colons and hex digits ends,
 * or `at` when it is none.
 */
export function ipv6At(s: Search, at: number): number {
  const { buf, lo, hi } = s;
  let start = at;
  const floor = Math.max(lo, at - 5);
  while (start > floor && (CLASS[buf[start - 1]!]! & HEX) !== 0) start--;
  if (at - start > 4) return at;
  if (start > lo && ((CLASS[buf[start - 1]!]! & ALNUM) !== 0 || buf[start - 1] === COLON || buf[start - 1] === DOT)) return at;
  let p = start;
  let groups = 0;
  let compressed = false;
  let inGroup = 0;
  const limit = Math.min(hi, start + IPV6_LENGTH_MAX + 1);
  for (; p < limit; p++) {
    const b = buf[p]!;
    if ((CLASS[b]! & HEX) !== 0) {
      if (++inGroup > 4) return at;
    } else if (b === COLON) {
      // a third colon, or a second pair
      if (inGroup === 0 && p > start) return at;
      if (inGroup > 0) groups++;
      inGroup = 0;
      if (buf[p + 1] === COLON && p + 1 < hi) {
        if (compressed) return at;
        compressed = true;
        p++;
      } else if (p === start) return at;
    } else break;
  }
  s.steps += p - start;
  return finish(s, at, start, p, groups, inGroup, compressed);
}

function finish(s: Search, at: number, start: number, stop: number, groups: number, inGroup: number, compressed: boolean): number {
  const { buf, hi } = s;
  let end = stop;
  if (inGroup > 0 && buf[end] === DOT && end < hi) {
    const embedded = embeddedIpv4(buf, end - inGroup, hi);
    if (embedded > 0) {
      end = embedded;
      groups++;
    } else if (end + 1 < hi && (CLASS[buf[end + 1]!]! & DIGIT) !== 0) return at;
  }
  if (inGroup > 0) groups++;
  else if (buf[end - 1] === COLON && buf[end - 2] !== COLON) return at;
  if (end < hi && ((CLASS[buf[end]!]! & ALNUM) !== 0 || buf[end] === 0x5f)) return at;
  if (compressed ? groups > 7 || end - start < 3 : groups !== 8) return at;
  // `::1` and `::` alone say nothing about anybody; `a::b` could be a name in a program, so it takes a digit
  let digit = false;
  for (let k = start; k < end && !digit; k++) digit = (CLASS[buf[k]!]! & DIGIT) !== 0;
  if (!digit) return at;
  s.found(IP, start, end, compressed && groups < 2 && end - start > 3 ? 0.6 : 0.9);
  return end;
}

/** One past an IPv4 address at `start`, 0 when there is none. */
function embeddedIpv4(buf: Uint8Array, start: number, hi: number): number {
  let p = start;
  for (let octet = 0; octet < 4; octet++) {
    const from = p;
    while (p < hi && p - from < 4 && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
    if (p === from || !isOctet(buf, from, p)) return 0;
    if (octet < 3 && (p >= hi || buf[p++] !== DOT)) return 0;
  }
  return p;
}
