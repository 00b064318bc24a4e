import type { Reader, Reading } from './reading.js';
import { hexDigit, readReference, reference } from './references.js';

const BACKSLASH = 0x5c;
const AMPERSAND = 0x26;

/** Escapes of one letter: JSON, JavaScript, C, YAML and TOML agree on these. */
const SIMPLE = new Map<number, number>(
  [...'abefnrtv'].map((letter) => [letter.charCodeAt(0), letter === 'n' || letter === 'r' ? 0x0a : 0x20]),
);

/**
 * Backslash escapes (`\u0034`, `\u{34}`, `\U00000034`, `\x34`, octal, `\"`, a line that goes on) as JSON, JavaScript, YAML, TOML, C and shells write
 * them, escaped as often as it may be: a run of backslashes counts as one. And character references of HTML and XML. A reading only: what is
 * found in it is looked for in the text too, so an escape too many costs nothing but the look.
 */
export const readEscapes: Reader = (buf, start, end, into) => {
  let slash = indexIn(buf, BACKSLASH, start, end);
  let amp = indexIn(buf, AMPERSAND, start, end);
  let from = start;
  let any = false;
  while (slash < end || amp < end) {
    const at = Math.min(slash, amp);
    const taken = at === amp ? takeReference(buf, at, end, from, into, any) : takeEscape(buf, at, end, from, into, any);
    if (taken > 0) {
      any = true;
      from = taken;
    }
    // only a run of backslashes that nothing follows is no escape
    const next = at === slash && taken === 0 ? end : Math.max(at + 1, from);
    if (slash < next) slash = indexIn(buf, BACKSLASH, next, end);
    if (amp < Math.max(at + 1, from)) amp = indexIn(buf, AMPERSAND, Math.max(at + 1, from), end);
  }
  if (any) into.copy(buf, from, end);
  // no more is given than was there: room for buf[start, end) is enough
  return any;

  function indexIn(bytes: Buffer, b: number, lo: number, hi: number): number {
    const found = lo < hi ? bytes.subarray(lo, hi).indexOf(b) : -1;
    return found < 0 ? hi : lo + found;
  }
};

/** Where the reference ends; 0 where there is none. */
function takeReference(buf: Buffer, at: number, end: number, from: number, into: Reading, begun: boolean): number {
  if (!readReference(buf, at, end)) return 0;
  const { code, end: to } = reference;
  before(buf, at, end, from, into, begun);
  into.character(code, at, to);
  return to;
}

function before(buf: Buffer, at: number, end: number, from: number, into: Reading, begun: boolean): void {
  if (!begun) into.reset(end - from);
  into.copy(buf, from, at);
}

function takeEscape(buf: Buffer, at: number, end: number, from: number, into: Reading, begun: boolean): number {
  let k = at + 1;
  while (k < end && buf[k] === BACKSLASH) k++;
  if (k === end) return 0;
  before(buf, at, end, from, into, begun);
  const b = buf[k]!;
  if (b === 0x75 || b === 0x55 || b === 0x78) {
    const to = hexEscape(buf, k, end);
    if (to > 0) {
      const high = escaped;
      const low = high >= 0xd800 && high < 0xdc00 ? lowHalf(buf, to, end) : 0;
      if (low > 0) into.character(0x10000 + ((high - 0xd800) << 10) + (escaped - 0xdc00), at, low);
      else if (b === 0x78 && high >= 0x80 && high < 0x100) into.add(high, at, to);
      else into.character(high >= 0xd800 && high < 0xe000 ? 0xfffd : Math.min(high, 0x10ffff), at, to);
      return Math.max(to, low);
    }
  } else if (b >= 0x30 && b <= 0x37) {
    let code = b - 0x30;
    let to = k + 1;
    while (to < end && to < k + (b <= 0x33 ? 3 : 2) && buf[to]! >= 0x30 && buf[to]! <= 0x37) code = 8 * code + buf[to++]! - 0x30;
    into.add(code === 0 ? 0x20 : code, at, to);
    return to;
  } else if (b === 0x0a || b === 0x0d) {
    // the line goes on: in YAML its indentation is no part of the value
    let to = k + 1;
    while (to < end && (buf[to] === 0x0a || buf[to] === 0x20 || buf[to] === 0x09)) to++;
    return to;
  }
  into.add(SIMPLE.get(b) ?? b, at, k + 1);
  return k + 1;
}

/** the code of the escape that hexEscape() read */
let escaped = 0;

/** Where the escape ends whose letter stands at `at`; 0 where it is none. */
function hexEscape(buf: Buffer, at: number, end: number): number {
  const letter = buf[at];
  let k = at + 1;
  let code = 0;
  if (buf[k] === 0x7b && letter !== 0x55) {
    for (k++; k < end; k++) {
      const digit = hexDigit(buf[k]!);
      if (digit < 0) break;
      code = Math.min(16 * code + digit, 0x110000);
    }
    if (k >= end || buf[k] !== 0x7d || k === at + 2 || code > 0x10ffff) return 0;
    escaped = code;
    return k + 1;
  }
  const to = k + (letter === 0x75 ? 4 : letter === 0x55 ? 8 : 2);
  if (to > end) return 0;
  for (; k < to; k++) {
    const digit = hexDigit(buf[k]!);
    if (digit < 0) return 0;
    code = 16 * code + digit;
  }
  if (code > 0x10ffff) return 0;
  escaped = code;
  return to;
}

/** Where the second half of a pair ends; 0 where none follows. */
function lowHalf(buf: Buffer, at: number, end: number): number {
  const high = escaped;
  let k = at;
  while (k < end && buf[k] === BACKSLASH) k++;
  const to = k > at && buf[k] === 0x75 ? hexEscape(buf, k, end) : 0;
  if (to > 0 && escaped >= 0xdc00 && escaped < 0xe000) return to;
  escaped = high;
  return 0;
}
