import { CLASS, HEX } from './bytes.js';
import { assignmentAt, authSchemeAt, azureSecretAt, optionAt, quotedPairAt } from './detectors/assignment.js';
import { birthAt } from './detectors/birth.js';
import { emailAt, spelledEmailAt } from './detectors/email.js';
import { passwordWordAt, pgpassAt, puttyAt } from './detectors/files.js';
import { cookiesAt, digestAt } from './detectors/headers.js';
import { ipv6At } from './detectors/ip.js';
import { jwtAt } from './detectors/jwt.js';
import { bicAt, keyedAt } from './detectors/labelled.js';
import { macAt } from './detectors/mac.js';
import { numberAt } from './detectors/numbers.js';
import { privateKeyAt } from './detectors/private-key.js';
import { isNoAnchor, tokensAt } from './detectors/tokens.js';
import { urlAt } from './detectors/url.js';
import { kindId } from './kinds.js';
import type { Search } from './search.js';
import { T_AT, T_B, T_BRACKET, T_COLON, T_COMMA, T_DASH, T_DIGIT, T_DOT, T_J, T_SIGN, T_TILDE, T_TOKEN, T_W } from './triggers.js';

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
  const { buf, hi } = s;
  let i = s.lo;
  while (i < hi) {
    const t = triggers[buf[i]!]!;
    if (t === 0 || (t === T_TOKEN && i > s.lo && isNoAnchor(buf, i))) {
      i++;
      continue;
    }
    if (t === T_W) {
      if (buf[i - 1] === 0x73 && buf[i - 2] === 0x73) passwordWordAt(s, i);
      i++;
      continue;
    }
    if ((t & T_DIGIT) !== 0) {
      if ((t & T_TOKEN) !== 0) tokensAt(s, i);
      i = numberAt(s, i);
      continue;
    }
    i = otherAt(s, t, i);
  }
  s.steps += hi - s.lo;
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
  if (last === 0x73) puttyAt(s, i);
  else if (last === 0x65 || last === 0x45 || last === 0x22 || last === 0x27) cookiesAt(s, i);
  assignmentAt(s, i);
  if (s.keyed) keyedAt(s, i);
  return i + 1;
}
