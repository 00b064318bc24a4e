import type { Anchors } from './anchors/anchors.js';
import { M_NAMED } from './anchors/layout.js';
import { ALNUM, ALPHA, CLASS, HEX, uuidEnd } from './bytes.js';
import { assignmentAt, quotedPairAt, wideColonAt } from './detectors/assignment.js';
import { birthAt } from './detectors/birth.js';
import { emailAt, spelledEmailAt } from './detectors/email.js';
import { ENCODED_MIN, encodedAt } from './detectors/encoded.js';
import { isPasswordEnd, passwordWordAt, pgpassAt, puttyAt } from './detectors/files.js';
import { cookiesAt, digestAt } from './detectors/headers.js';
import { ipv6At } from './detectors/ip.js';
import { jwtAt } from './detectors/jwt.js';
import { secretAt } from './detectors/kubernetes.js';
import { bicAt, keyedAt } from './detectors/labelled.js';
import { macAt } from './detectors/mac.js';
import { numberAt } from './detectors/numbers.js';
import { optionAt, windowsPasswordAt } from './detectors/options.js';
import { privateKeyAt } from './detectors/private-key.js';
import { authSchemeAt, azureSecretAt } from './detectors/schemes.js';
import { blockAt, indentedAt, opensBlock } from './detectors/siblings.js';
import { spelledAt } from './detectors/spelled.js';
import { isNoAnchor, swallowedTokensAt, tokensAt } from './detectors/tokens.js';
import { urlAt } from './detectors/url.js';
import { worldLinkAt } from './detectors/world-links.js';
import { isGap } from './groups.js';
import { kindId } from './kinds.js';
import type { Search } from './search.js';
import {
  T_AT,
  T_B,
  T_BRACKET,
  T_CODED,
  T_COLON,
  T_COMMA,
  T_DASH,
  T_DIGIT,
  T_DOT,
  T_FOREIGN,
  T_J,
  T_SIGN,
  T_TILDE,
  T_TOKEN,
  T_W,
} from './triggers.js';

const IP = kindId('ip_address');
const BIC = kindId('bic');
const MAC = kindId('mac_address');
const PRIVATE_KEY = kindId('private_key');
const BIRTH = kindId('date_of_birth');
const BEARER = kindId('bearer_token');
const PASSWORD = kindId('password');
const BASIC = kindId('basic_auth');

/** Runs over the range once and calls the exact checks at the bytes that can be part of a value. */
export function scan(s: Search, triggers: Uint16Array): void {
  s.triggers = triggers;
  scanBytes(s, triggers, s.lo, false);
  s.steps += s.hi - s.lo;
}

/** The same by the places that the first stage gives: what it passes over no check would find anything at. */
export function scanAnchors(s: Search, triggers: Uint16Array, anchors: Anchors): void {
  const { buf, lo, hi } = s;
  const { places, contexts } = anchors;
  s.triggers = triggers;
  const mode = (s.name | s.labels) === 0 ? 0 : M_NAMED;
  let i = lo;
  for (let from = lo; from < hi; from = Math.max(i, anchors.next)) {
    const count = anchors.block(buf, from, lo, hi, mode);
    const { base, contextCount } = anchors;
    let known = 0;
    for (let k = 0; k < count; k++) {
      const place = places[k]! + base;
      if (known < contextCount && (contexts[2 * known]! & 0xffff) === k) {
        if (place >= i) s.know(base + (contexts[2 * known]! >>> 16), contexts[2 * known + 1]! | 0);
        known++;
      }
      if (place < i) continue;
      i = visit(s, triggers[buf[place]!]!, place);
      // behind a value the first stage may have read on otherwise
      if (i > place + 1 && (triggers[buf[place]!]! & T_DIGIT) === 0) i = scanBytes(s, triggers, i, true);
    }
  }
  s.steps += hi - lo;
}

/** Looks at every byte from `from` on: to the end of the range, or to where no run of digits or letters that began before can reach. */
function scanBytes(s: Search, triggers: Uint16Array, from: number, little: boolean): number {
  const { buf, hi } = s;
  let i = from;
  while (i < hi) {
    if (little && (CLASS[buf[i - 1]!]! & ALNUM) === 0 && !isGap(buf[i - 1]!)) return i;
    const t = triggers[buf[i]!]!;
    if (t === 0 || (t === T_TOKEN && i > s.lo && isNoAnchor(buf, i))) i++;
    else i = visit(s, t, i);
  }
  return i;
}

/** Calls the checks that are due at `i`; gives where the search goes on. */
function visit(s: Search, t: number, i: number): number {
  const { buf } = s;
  if (t === T_W) {
    if (isPasswordEnd(buf, i)) passwordWordAt(s, i);
    return i + 1;
  }
  if ((t & T_FOREIGN) !== 0) {
    spelledAt(s, i);
    if (buf[i] === 0xef && s.wanted[PASSWORD] === 1) wideColonAt(s, i);
    if (s.wanted[PASSWORD] === 1) worldLinkAt(s, i);
    if (buf[i]! >= 0x80) return i + 1;
  }
  if ((t & T_DIGIT) === 0) {
    if ((t & T_CODED) !== 0) encodedAt(s, i);
    return otherAt(s, t, i);
  }
  const uuid = uuidEnd(buf, i, s.lo, s.hi);
  if (uuid > 0) return uuid;
  if ((t & T_TOKEN) !== 0) tokensAt(s, i);
  const next = numberAt(s, i);
  swallowedTokensAt(s, i);
  // the rest of a word is passed over with its digits: it may be base64, which begins with a letter where it encodes text
  if (next - i >= ENCODED_MIN && i > s.lo && (CLASS[buf[i - 1]!]! & ALPHA) !== 0) encodedAt(s, i);
  return next;
}

function otherAt(s: Search, t: number, i: number): number {
  if ((t & T_TOKEN) !== 0) tokensAt(s, i);
  if ((t & T_AT) !== 0) emailAt(s, i);
  if ((t & T_BRACKET) !== 0) spelledEmailAt(s, i);
  if ((t & T_COLON) !== 0) return colonAt(s, i);
  if ((t & T_SIGN) !== 0) {
    assignmentAt(s, i);
    if (s.keyed) keyedAt(s, i);
    if (s.buf[i - 1] === 0x65) digestAt(s, i);
  }
  if ((t & T_DASH) !== 0) {
    if (s.wanted[MAC] === 1 && s.buf[i + 3] === 0x2d) macAt(s, i);
    if (s.buf[i + 1] === 0x2d && s.wanted[PRIVATE_KEY] === 1) {
      const end = privateKeyAt(s, i);
      if (end > i) return end;
    }
    if (s.wanted[PASSWORD] === 1 || s.wanted[BASIC] === 1) optionAt(s, i);
  }
  if ((t & T_COMMA) !== 0) quotedPairAt(s, i);
  if ((t & T_DOT) !== 0 && s.buf[i + 5] === 0x2e) macAt(s, i);
  if ((t & T_J) !== 0) jwtAt(s, i);
  if ((t & T_B) !== 0) {
    if (s.wanted[BIRTH] === 1) birthAt(s, i);
    if (s.wanted[BIC] === 1) bicAt(s, i);
    if (s.wanted[BEARER] === 1 || s.wanted[BASIC] === 1) authSchemeAt(s, i);
  }
  if ((t & T_TILDE) !== 0) azureSecretAt(s, i);
  return i + 1;
}

function colonAt(s: Search, i: number): number {
  const { buf, hi } = s;
  const next = i + 1 < hi ? buf[i + 1]! : 0;
  if (next === 0x2f) {
    urlAt(s, i);
    return i + 1;
  }
  if (next === 0x2a || (next >= 0x30 && next <= 0x39)) pgpassAt(s, i);
  const hex = (CLASS[next]! & HEX) !== 0;
  if (hex || next === 0x3a) {
    if (s.wanted[MAC] === 1 && buf[i + 3] === 0x3a) {
      const end = macAt(s, i);
      if (end > i) return end;
    }
    if (s.wanted[IP] === 1) {
      const end = ipv6At(s, i);
      if (end > i) return end;
    }
  }
  const last = buf[i - 1];
  if ((next === 0x20 || next === 0x22 || next === 0x27 || (next | 0x20) === 0x73) && (last === 0x64 || last === 0x22 || last === 0x27))
    secretAt(s, i);
  if (last === 0x70 && s.wanted[PASSWORD] === 1) windowsPasswordAt(s, i);
  if (last === 0x73) puttyAt(s, i);
  else if (last === 0x65 || last === 0x45 || last === 0x22 || last === 0x27) cookiesAt(s, i);
  assignmentAt(s, i);
  if (opensBlock(buf, i) && s.wanted[PASSWORD] === 1) blockAt(s, i);
  if (next <= 0x20 && next !== 0x20 && s.wanted[PASSWORD] === 1) indentedAt(s, i);
  if (s.keyed) keyedAt(s, i);
  return i + 1;
}
