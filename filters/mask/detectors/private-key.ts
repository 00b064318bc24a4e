import { ALPHA, ascii, BASE64, CLASS, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const PRIVATE_KEY = kindId('private_key');
const BEGIN = ascii('-----BEGIN ');
const END = ascii('-----END ');
const PRIVATE = ascii('PRIVATE KEY');
/** longest label between BEGIN and the dashes, in bytes */
const LABEL_MAX = 64;

/**
 * A block of armour (RFC 7468, RFC 9580, OpenSSH) that begins at `at` and holds a private key, to the end of its last line.
 * A block that is cut off is taken as far as it looks like one. Returns where the scan may go on.
 */
export function privateKeyAt(s: Search, at: number): number {
  const { buf, hi } = s;
  if (!startsWith(buf, at, BEGIN) || at + BEGIN.length > hi) return at;
  const label = at + BEGIN.length;
  const labelEnd = find(s, DASHES, label, Math.min(hi, label + LABEL_MAX));
  if (labelEnd < 0 || find(s, PRIVATE, label, labelEnd) < 0) return at;
  let end = -1;
  if (labelEnd < s.noArmourEndFrom) {
    end = find(s, END, labelEnd, hi);
    // asked once in vain it is never asked again, or a text of nothing but beginnings would take quadratic time
    if (end < 0) s.noArmourEndFrom = labelEnd;
  }
  const body = end;
  const from = headersEnd(s, labelEnd + 5);
  if (end < 0) end = bodyEnd(s, from);
  else {
    const close = find(s, DASHES, end + END.length, Math.min(hi, end + END.length + LABEL_MAX));
    end = close < 0 ? end + END.length : close + 5;
  }
  if (isEmptyBody(buf, from, body < 0 ? end : body)) return at;
  s.found(PRIVATE_KEY, at, end, 0.99);
  return end;
}

/** from so many bytes of base64 on a body holds a key: those of an Ed25519 key in OpenSSL's form are 64 */
const BODY_MIN = 40;

/** Nothing between the lines, one letter again and again, or the end of a text and the beginning of another: documentation and parsers of keys. */
function isEmptyBody(buf: Uint8Array, from: number, to: number): boolean {
  let count = 0;
  let changes = 0;
  let quotes = 0;
  for (let k = from; k < to && count < BODY_MIN; k++) {
    const b = buf[k]!;
    if (b === 0x22 || b === 0x27) quotes++;
    if ((CLASS[b]! & BASE64) === 0) continue;
    count++;
    if (buf[k - 1] !== b && buf[k - 1] !== 0x5c && buf[k - 1]! > 0x20) changes++;
  }
  return count < BODY_MIN && (changes < 3 || quotes > 1);
}

const DASHES = ascii('-----');

function find(s: Search, text: Uint8Array, from: number, to: number): number {
  for (let k = from; k + text.length <= to; k++) {
    if (s.buf[k] === text[0] && startsWith(s.buf, k, text)) {
      s.steps += k - from;
      return k;
    }
  }
  s.steps += Math.max(0, to - from);
  return -1;
}

/** As far as lines of base64 go, with the line ends of texts and of JSON strings. */
function bodyEnd(s: Search, from: number): number {
  const { buf, hi } = s;
  let p = from;
  while (
    p < hi &&
    ((CLASS[buf[p]!]! & BASE64) !== 0 || buf[p] === 0x3d || buf[p] === 0x0a || buf[p] === 0x0d || buf[p] === 0x5c || buf[p] === 0x20)
  )
    p++;
  s.steps += p - from;
  while (p > from && buf[p - 1]! <= 0x20) p--;
  return Math.max(p, Math.min(from, hi));
}

const HEADERS_MAX = 16;
const HEADER_NAME_MAX = 32;
const HEADER_MAX = 1024;

/** Headers of armour (RFC 1421 section 4.6, RFC 9580 section 6.2): `Proc-Type: 4,ENCRYPTED`, `Version: …`, a line each. */
function headersEnd(s: Search, from: number): number {
  const { buf, hi } = s;
  let end = from;
  for (let n = 0; n < HEADERS_MAX; n++) {
    let p = afterLineEnd(buf, end, hi);
    const name = p;
    while (p < hi && p - name < HEADER_NAME_MAX && ((CLASS[buf[p]!]! & ALPHA) !== 0 || buf[p] === 0x2d)) p++;
    if (p === name || p >= hi || buf[p] !== 0x3a) break;
    const limit = Math.min(hi, p + HEADER_MAX);
    while (p < limit && afterLineEnd(buf, p, hi) === p) p++;
    s.steps += p - end;
    end = p;
  }
  return end;
}

/** Behind the line end at `at`, as such or as an escape of JSON; `at` where there is none. */
function afterLineEnd(buf: Uint8Array, at: number, hi: number): number {
  let p = at;
  if (buf[p] === 0x0d) p++;
  if (p < hi && buf[p] === 0x0a) return p + 1;
  if (buf[p] === 0x5c && buf[p + 1] === 0x72) p += 2;
  return p + 1 < hi && buf[p] === 0x5c && buf[p + 1] === 0x6e ? p + 2 : at;
}
