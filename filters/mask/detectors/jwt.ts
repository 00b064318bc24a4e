import { ALNUM, CLASS, TOKEN } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const JWT = kindId('jwt');
const DOT = 0x2e;

/** RFC 7519 in compact form: `eyJ` (base64url of `{"`) with its J at `at`, then at least one more segment. An empty signature counts. */
export function jwtAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  const start = at - 2;
  if (start < lo || start < s.claimedUntilJwt || buf[start] !== 0x65 || buf[at - 1] !== 0x79) return;
  if (start > lo && (CLASS[buf[start - 1]!]! & ALNUM) !== 0) return;
  let dots = 0;
  let p = at + 1;
  let lastDot = start;
  for (; p < hi; p++) {
    const b = buf[p]!;
    if ((CLASS[b]! & TOKEN) !== 0) continue;
    if (b !== DOT || dots === 4) break;
    // header and payload are never short
    if (p - lastDot < (dots < 2 ? 9 : 1)) break;
    dots++;
    lastDot = p;
  }
  s.steps += p - start;
  s.claimedUntilJwt = p;
  if (dots === 0) return;
  // one dot and then a word is a name; the payload of a token begins with a brace too
  if (dots === 1 && (p - lastDot < 20 || buf[lastDot + 1] !== 0x65)) return;
  const end = buf[p - 1] === DOT && dots < 2 ? p - 1 : p;
  s.found(JWT, start, end, 0.97);
}
