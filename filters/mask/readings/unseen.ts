import { isAscii } from 'node:buffer';
import { isUnseen, type Reader, type Reading } from './reading.js';

const ESC = 0x1b;
const BACKSPACE = 0x08;
/** A longer control string is none, bytes. */
const STRING_MAX = 1024;

/**
 * First bytes of what a reader does not see, or sees as another: the controls of terminals, NUL, characters of no width, marks over and through letters,
 * letters and digits of full width, raised, lowered, in circles.
 */
export const UNSEEN_BYTES: readonly number[] = [0, BACKSPACE, ESC, 0xc2, 0xcc, 0xcd, 0xd8, 0xe1, 0xe2, 0xe3, 0xef, 0xf3];
const MAY_BE = Uint8Array.from({ length: 256 }, (_, b) => (UNSEEN_BYTES.includes(b) ? 1 : 0));

/** What stands at a place: its bytes, and the byte of ASCII that it stands for, or 0 for nothing; no bytes where it is nothing special. */
const special = { bytes: 0, says: 0 };

/**
 * A text as it is seen: without control sequences of terminals (ECMA-48, section 5.4; colours that `grep` and loggers set within values), without
 * what a backspace strikes out, and without characters of no width and marks; letters and digits of other shapes in ASCII.
 */
export const readUnseen: Reader = (buf, start, end, into) => {
  let at = nextUnseen(buf, start, end);
  if (at === end) return false;
  into.reset(end - start);
  let from = start;
  // where what was struck out begins: it is part of what stands in its place
  let struck = -1;
  while (from < end) {
    if (at > from && struck >= 0) {
      into.add(buf[from]!, struck, from + 1);
      from++;
      struck = -1;
    }
    into.copy(buf, from, at);
    if (at === end) break;
    if (buf[at] === BACKSPACE) struck = strike(into, struck < 0 ? at : struck);
    else if (!specialAt(buf, at, end)) into.copy(buf, at, at + 1);
    else if (special.says !== 0) into.add(special.says, at, at + special.bytes);
    // nobody sees what is left of a value beside its mask; colours stay
    else if (buf[at] !== ESC && into.length > 0 && into.ends[into.length - 1] === at) into.ends[into.length - 1] = at + special.bytes;
    from = at + special.bytes;
    at = nextUnseen(buf, from, end);
  }
  return true;
};

/** Takes the last character away; gives where what was struck out begins. */
function strike(into: Reading, struck: number): number {
  special.bytes = 1;
  let n = into.length;
  if (n === 0 || into.text[n - 1]! <= 0x20) return struck;
  do n--;
  while (n > 0 && (into.text[n]! & 0xc0) === 0x80);
  into.length = n;
  return Math.min(struck, into.begins[n]!);
}

/** a loop is faster than calls into native code for so many bytes */
const LOOP_BYTES_MAX = 64;

/** Where something of that begins; `end` where nothing does. */
export function nextUnseen(buf: Buffer, start: number, end: number): number {
  let at = start;
  for (let near = Math.min(end, start + LOOP_BYTES_MAX); at < near; at++) if (MAY_BE[buf[at]!] === 1 && specialAt(buf, at, end)) return at;
  // Twice as many each time while they are ASCII: whoever asks again behind what was found pays for what is near, not for all the rest.
  for (let piece = PIECE_BYTES; at < end; ) {
    const stop = Math.min(end, at + piece);
    const range = buf.subarray(at, stop);
    const ascii = isAscii(range);
    piece = ascii ? 2 * piece : PIECE_BYTES;
    if (ascii) at += firstControl(range);
    for (; at < stop; at++) if (MAY_BE[buf[at]!] === 1 && specialAt(buf, at, end)) return at;
  }
  return end;
}

/** bytes that are asked about together, at least */
const PIECE_BYTES = 2048;

/** Where the first of these controls stands in a text of ASCII; behind it where there is none. */
function firstControl(text: Buffer): number {
  let first = text.length;
  for (const control of [0, BACKSPACE, ESC]) {
    const found = text.subarray(0, first).indexOf(control);
    if (found >= 0) first = found;
  }
  return first;
}

/** Whether something of that is in buf[start, end), or begins there. */
export function mayBeUnseen(buf: Buffer, start: number, end: number): boolean {
  return nextUnseen(buf, start, end) < end || buf.subarray(start, end).includes(ESC);
}

function specialAt(buf: Buffer, at: number, end: number): boolean {
  const b = buf[at]!;
  special.says = 0;
  if (b < 0x80) {
    special.bytes = b === ESC ? sequence(buf, at, end) : 1;
    return special.bytes > 0;
  }
  // signs and letters of Chinese and Japanese, mostly
  if (b === 0xe3 && buf[at + 1] !== 0x85) return false;
  special.bytes = b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
  if (at + special.bytes > end) return false;
  let code = b & (0x7f >> special.bytes);
  for (let k = 1; k < special.bytes; k++) code = (code << 6) | (buf[at + k]! & 0x3f);
  special.says = shaped(code);
  return special.says !== 0 || isUnseen(code) || (code >= 0x300 && code <= 0x36f);
}

/** The byte of ASCII that a character is another shape of; 0 for none. */
function shaped(code: number): number {
  if (code > 0xff00) return code < 0xff5f ? wide(code - 0xfee0) : 0;
  if (code >= 0x2070) {
    if (code <= 0x2079) return code === 0x2070 || code >= 0x2074 ? code - 0x2040 : 0;
    if (code <= 0x2089) return code >= 0x2080 ? code - 0x2050 : 0;
    if (code === 0x24ea) return 0x30;
    return (code >= 0x2460 && code <= 0x2468) || (code >= 0x2776 && code <= 0x277e) ? 0x31 + code - (code < 0x2776 ? 0x2460 : 0x2776) : 0;
  }
  return code === 0xb9 ? 0x31 : code === 0xb2 || code === 0xb3 ? code - 0x80 : 0;
}

/** Letters, digits, and the signs of addresses. */
function wide(b: number): number {
  const letter = b | 0x20;
  return (b >= 0x30 && b <= 0x39) || b === 0x40 || b === 0x2e || b === 0x5f || (letter >= 0x61 && letter <= 0x7a && b > 0x40) ? b : 0;
}

/** The bytes of the control sequence or control string at `at`; 0 where there is none, or its end has not come. */
function sequence(buf: Buffer, at: number, end: number): number {
  const b = buf[at + 1] ?? 0;
  let k = at + 2;
  if (b === 0x5b) while (k < end && buf[k]! >= 0x20 && buf[k]! <= 0x3f) k++;
  else if (b === 0x5d) {
    const limit = Math.min(end, at + STRING_MAX);
    while (k < limit && buf[k] !== 0x07 && buf[k] !== ESC) k++;
    if (k < end && buf[k] === ESC) k++;
    return k < limit ? k + 1 - at : 0;
  } else {
    k = at + 1;
    while (k < end && buf[k]! >= 0x20 && buf[k]! <= 0x2f) k++;
  }
  return k < end && buf[k]! >= 0x30 && buf[k]! <= 0x7e ? k + 1 - at : 0;
}
