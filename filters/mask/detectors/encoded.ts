import { BASE64, CLASS, HEX } from '../bytes.js';
import { innerOf } from '../inner.js';
import { scan } from '../scan.js';
import type { Search } from '../search.js';

/**
 * Values inside base64 and percent encoding, looked into once: a run that decodes to text is searched like any other text. A run that does
 * not is told apart by its first bytes, so hashes, keys and pictures cost a few steps each.
 */

/** shortest run of base64 that is decoded, in bytes: twelve of text, what the shortest values have with a word beside them */
const BASE64_MIN = 16;
/** so much of a word from its first digit on is passed over at once: a longer one is looked at as base64 there, in bytes */
export const ENCODED_MIN = 4;
/** most of a run that is decoded, in bytes of the encoded text */
const RUN_MAX = 16 * 1024;
/** so many decoded bytes must be text for the run to be looked into */
const TEXT_MIN = 9;
/** candidates of a lower score are not told from inside of base64 */
const SCORE_MIN_INSIDE = 0.6;

/** text that was decoded is decoded once more, as secrets of Kubernetes inside of other base64 are */
const DEPTH_MAX = 2;

interface Decoded {
  text: Buffer;
  /** where in the encoded text each decoded byte begins; one more for the end */
  origin: Int32Array;
}

const buffers: Decoded[] = [];

function decodedAt(depth: number): Decoded {
  buffers[depth] ??= { text: Buffer.allocUnsafeSlow(RUN_MAX), origin: new Int32Array(RUN_MAX + 1) };
  return buffers[depth]!;
}

const VALUE = new Uint8Array(256).fill(255);
for (const [k, c] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) VALUE[c.charCodeAt(0)] = k;

function isText(b: number): boolean {
  return (b >= 0x20 && b < 0x7f) || b === 0x0a || b === 0x0d || b === 9;
}

/** True when the base64 from `at` on begins as text does. Reads twelve bytes at most. */
export function beginsAsText(buf: Uint8Array, at: number, hi: number): boolean {
  if (at + BASE64_MIN > hi) return false;
  for (let p = at; p < at + (TEXT_MIN / 3) * 4; p += 4) {
    const a = VALUE[buf[p]!]!;
    const b = VALUE[buf[p + 1]!]!;
    const c = VALUE[buf[p + 2]!]!;
    const d = VALUE[buf[p + 3]!]!;
    if (a > 31 || b > 63 || c > 63 || d > 63) return false;
    if (!isText((a << 2) | (b >> 4)) || !isText(((b << 4) & 0xff) | (c >> 2)) || !isText(((c << 6) & 0xff) | d)) return false;
  }
  return true;
}

/** Where the run of base64 begins that `at` is in; not before `lo`. */
export function base64Start(buf: Uint8Array, at: number, lo: number): number {
  let start = at;
  while (start > lo && (CLASS[buf[start - 1]!]! & BASE64) !== 0) start--;
  return start;
}

/** Where the run of base64 ends that `at` is in. */
export function base64End(buf: Uint8Array, at: number, hi: number): number {
  let end = at;
  while (end < hi && (CLASS[buf[end]!]! & BASE64) !== 0) end++;
  return end;
}

/** An M at `at` that is not the beginning of the digits 0 to 3 in base64, with another digit behind them: D, T, j, z. */
export function isOtherM(buf: Uint8Array, at: number): boolean {
  if (buf[at] !== 0x4d) return false;
  const next = buf[at + 1];
  return next !== 0x44 && next !== 0x54 && next !== 0x6a && next !== 0x7a;
}

/** A byte inside a run of base64, or the percent sign of an encoded byte. */
export function encodedAt(s: Search, at: number): void {
  if (at < s.encodedUntil || s.depth >= DEPTH_MAX || isOtherM(s.buf, at)) return;
  if (s.buf[at] === 0x25) percentRun(s, at);
  else base64Run(s, at);
}

/** Lines of base64 (RFC 2045 has 76 characters, RFC 7468 has 64) are one text; shorter ones are a word each, bytes. */
const LINE_MIN = 60;
const LINE_MAX = 76;
/** blanks before a line, as YAML has them */
const INDENT_MAX = 32;
const LINES_MAX = RUN_MAX / LINE_MIN;

/** of the text decoded last, by depth: where each line begins and ends in the encoded text, and where in the decoded one it begins */
interface Lines {
  start: Int32Array;
  end: Int32Array;
  decoded: Int32Array;
}
const linesOf: Lines[] = [];

function linesAt(depth: number): Lines {
  linesOf[depth] ??= { start: new Int32Array(LINES_MAX + 2), end: new Int32Array(LINES_MAX + 2), decoded: new Int32Array(LINES_MAX + 2) };
  return linesOf[depth]!;
}

/** Where the next line of the same text begins, when buf[start, end) is a whole line of base64; -1 when it is none or the last. */
function nextLine(buf: Uint8Array, start: number, end: number, hi: number): number {
  const length = end - start;
  if (length < LINE_MIN || length > LINE_MAX || length % 4 !== 0) return -1;
  let p = end;
  if (buf[p] === 0x0d) p++;
  if (p >= hi || buf[p] !== 0x0a) return -1;
  const limit = Math.min(hi, ++p + INDENT_MAX);
  while (p < limit && (buf[p] === 0x20 || buf[p] === 9)) p++;
  return p < hi && VALUE[buf[p]!]! <= 63 ? p : -1;
}

function base64Run(s: Search, at: number): void {
  const { buf, hi } = s;
  const start = base64Start(buf, at, Math.max(s.lo, s.encodedUntil));
  s.steps += at - start + 12;
  if (!beginsAsText(buf, start, hi)) {
    s.encodedUntil = base64End(buf, at, hi);
    s.steps += s.encodedUntil - at;
    return;
  }
  const { text: decoded } = decodedAt(s.depth);
  const lines = linesAt(s.depth);
  let line = 0;
  lines.start[0] = start;
  lines.decoded[0] = 0;
  let n = 0;
  let p = start;
  const limit = Math.min(hi, start + RUN_MAX);
  let bits = 0;
  let have = 0;
  for (; p < limit; p++) {
    const v = VALUE[buf[p]!]!;
    if (v > 63) {
      const next = line < LINES_MAX ? nextLine(buf, lines.start[line]!, p, limit) : -1;
      if (next < 0) break;
      lines.end[line++] = p;
      lines.start[line] = next;
      lines.decoded[line] = n;
      p = next - 1;
      continue;
    }
    bits = ((bits << 6) | v) & 0xffff;
    have += 6;
    if (have < 8) continue;
    have -= 8;
    const b = (bits >> have) & 0xff;
    if (!isText(b) && b < 0x80) break;
    decoded[n++] = b;
  }
  // a value that has no text behind some byte ends there
  p = base64End(buf, p, hi);
  while (p < hi && buf[p] === 0x3d && p < limit + 2) p++;
  lines.end[line] = p;
  s.steps += p - start;
  s.encodedUntil = p;
  if (p - start < BASE64_MIN) return;
  const inner = innerOf(s);
  inner.begin(decoded, 0, n, s.name, s.labels);
  scan(inner, s.triggers);
  s.steps += n;
  if (line === 0) bestOf(s, inner, start, p);
  else linesHit(s, inner, lines, line);
}

/** A run of one line is masked whole, by the surest value in it. */
function bestOf(s: Search, inner: Search, start: number, end: number): void {
  let best = -1;
  for (let k = 0; k < inner.count; k++)
    if (inner.score[k]! >= SCORE_MIN_INSIDE && (best < 0 || inner.score[k]! > inner.score[best]!)) best = k;
  if (best >= 0) s.found(inner.kind[best]!, start, end, Math.min(1, inner.score[best]!) - 0.05);
}

/** Of several lines those are masked that hold a part of the value: each decodes by itself. */
function linesHit(s: Search, inner: Search, lines: Lines, last: number): void {
  for (let k = 0; k < inner.count; k++) {
    if (inner.score[k]! < SCORE_MIN_INSIDE) continue;
    let first = 0;
    // candidates come nearly in order, but not quite
    let high = last;
    while (first < high) {
      const middle = (first + high + 1) >> 1;
      if (lines.decoded[middle]! <= inner.start[k]!) first = middle;
      else high = middle - 1;
    }
    let to = first;
    while (to < last && lines.decoded[to + 1]! < inner.end[k]!) to++;
    s.steps += to - first;
    s.found(inner.kind[k]!, lines.start[first]!, lines.end[to]!, Math.min(1, inner.score[k]!) - 0.05);
  }
}

/** What ends a run of percent encoding: white space, quotes, angle brackets, and what separates the parts of a URL. */
function endsRun(b: number): boolean {
  return (
    b <= 0x20 || b === 0x22 || b === 0x27 || b === 0x3c || b === 0x3e || b === 0x60 || b === 0x5c || b === 0x26 || b === 0x3f || b === 0x23
  );
}

/** True when the percent sign at `at` begins an encoded byte of ASCII: `%DB_NAME%` is the variable of a shell. */
export function isPercentByte(buf: Uint8Array, at: number, hi: number): boolean {
  return at + 2 < hi && buf[at + 1]! >= 0x32 && buf[at + 1]! <= 0x37 && (CLASS[buf[at + 2]!]! & HEX) !== 0;
}

const RUN_BEFORE_MAX = 256;

function percentRun(s: Search, at: number): void {
  const { buf, hi } = s;
  if (!isPercentByte(buf, at, hi)) return;
  let start = at;
  const floor = Math.max(s.lo, s.encodedUntil, at - RUN_BEFORE_MAX);
  while (start > floor && !endsRun(buf[start - 1]!)) start--;
  const { text: decoded, origin } = decodedAt(s.depth);
  let n = 0;
  let p = start;
  const limit = Math.min(hi, start + RUN_MAX);
  while (p < limit && !endsRun(buf[p]!)) {
    origin[n] = p;
    if (buf[p] === 0x25 && isPercentByte(buf, p, hi)) {
      decoded[n++] = (digitOf(buf[p + 1]!) << 4) | digitOf(buf[p + 2]!);
      p += 3;
    } else {
      // a plus is a blank in forms; in telephone numbers it is written %2B
      decoded[n++] = buf[p] === 0x2b ? 0x20 : buf[p]!;
      p++;
    }
  }
  origin[n] = p;
  s.steps += (p - start) * 2;
  s.encodedUntil = p;
  const inner = innerOf(s);
  inner.begin(decoded, 0, n, s.name, s.labels);
  scan(inner, s.triggers);
  for (let k = 0; k < inner.count; k++) s.found(inner.kind[k]!, origin[inner.start[k]!]!, origin[inner.end[k]!]!, inner.score[k]!);
}

function digitOf(b: number): number {
  return b <= 0x39 ? b - 0x30 : (b | 0x20) - 0x57;
}
