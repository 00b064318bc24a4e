import { ALPHA, CLASS, DIGIT, latin1 } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const CVV = kindId('card_cvv');
const EXPIRY = kindId('card_expiry');
const TRACK = kindId('card_track');
/** how far behind a card its expiry and check value are looked for, bytes */
const REACH = 80;
/** ISO/IEC 7813: track 1 has 79 characters, track 2 has 40 */
const TRACK_MAX = 80;

/** Each is tried on at most REACH characters and repeats nothing without a bound. */
const EXPIRES =
  /\b(?:exp(?:iry|ires|iration)?(?: date)?|valid (?:thru|until|to)|good thru|g..?ltig bis)\b[^0-9\n]{0,12}((?:0?[1-9]|1[0-2]) ?[/-] ?(?:20)?\d\d)(?![\d/-])/i;
const NEXT = /^[ ,|;\t]{1,3}((?:0[1-9]|1[0-2])\/(?:20)?[2-4]\d)(?![\d/-])/;
const CHECK = /\b(?:cvv2?|cvc2?|csc|cvn|cid|security code|card code)\b[^0-9\n]{0,12}(\d{3,4})(?![\d])/i;

/** What stands beside the card buf[start, end): its expiry, its check value, the rest of its magnetic track. */
export function besideCard(s: Search, start: number, end: number): void {
  const { buf, hi, wanted } = s;
  if (wanted[TRACK] === 1) track(s, start, end);
  if (wanted[CVV] === 0 && wanted[EXPIRY] === 0) return;
  const until = textEnd(buf, end, Math.min(hi, end + REACH));
  s.steps += until - end;
  if (!wordy && buf[end + 3] !== SLASH && buf[end + 4] !== SLASH && buf[end + 5] !== SLASH) return;
  const text = latin1(buf, end, until);
  if (wanted[EXPIRY] === 1) note(s, EXPIRY, end, NEXT.exec(text) ?? EXPIRES.exec(text));
  if (wanted[CVV] === 1) note(s, CVV, end, CHECK.exec(text));
}

const SLASH = 0x2f;
/** a word that the patterns ask for may stand in the text read last */
let wordy = false;

/** Where the text ends that is looked at, and whether two or three letters of such a word are in it: the patterns cost more than all else about a card. */
function textEnd(buf: Uint8Array, from: number, limit: number): number {
  wordy = false;
  let p = from;
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b === 0) break;
    if (MARKS[b] === 1 && !wordy && isMark(buf, b | 0x20, p)) wordy = true;
  }
  return p;
}

/** the letters that isMark knows */
const MARKS = Uint8Array.from({ length: 256 }, (_, b) => (b < 128 && 'xvdsXVDS'.includes(String.fromCharCode(b)) ? 1 : 0));

/** The x of `exp`, v of `cvv`, `cvc`, `cvn` and `valid`, the d of `good`, `cid` and `code`, the last s of `csc` and `bis`. */
function isMark(buf: Uint8Array, letter: number, at: number): boolean {
  const before = buf[at - 1]! | 0x20;
  const behind = buf[at + 1]! | 0x20;
  switch (letter) {
    case 0x78:
      return before === 0x65 && behind === 0x70;
    case 0x76:
      return before === 0x63 || (behind === 0x61 && (buf[at + 2]! | 0x20) === 0x6c);
    case 0x64: {
      const second = buf[at - 2]! | 0x20;
      // `cid` as a word, `code` behind a blank
      if (before === 0x69) return second === 0x63 && (CLASS[buf[at - 3]!]! & (DIGIT | ALPHA)) === 0;
      return before === 0x6f && (second === 0x6f || (behind === 0x65 && buf[at - 3] === 0x20));
    }
    case 0x73:
      return (before === 0x63 && behind === 0x63) || (before === 0x69 && (buf[at - 2]! | 0x20) === 0x62);
  }
  return false;
}

function note(s: Search, kind: number, from: number, match: RegExpExecArray | null): void {
  if (match === null) return;
  const end = from + match.index + match[0].length;
  // the window's end may have cut the number
  if (end < s.hi && (CLASS[s.buf[end]!]! & DIGIT) !== 0) return;
  s.found(kind, end - match[1]!.length, end, 0.85);
}

/** `%B4111…^DOE/JANE^2512…?` and `;4111…=2512…?`, from the first sign to the last or as far as it goes on. */
function track(s: Search, start: number, end: number): void {
  const { buf, lo, hi } = s;
  const sign = buf[end];
  const limit = Math.min(hi, start + TRACK_MAX);
  let p = end + 1;
  let from = start;
  if (sign === 0x5e) {
    while (p < limit && buf[p] !== 0x5e && buf[p]! >= 0x20) p++;
    if (p >= limit || buf[p] !== 0x5e) return;
    p++;
    if (start - 2 >= lo && buf[start - 1] === 0x42 && buf[start - 2] === 0x25) from = start - 2;
  } else if (sign === 0x3d || sign === 0x44) {
    if (start - 1 >= lo && buf[start - 1] === 0x3b) from = start - 1;
  } else return;
  const digits = p;
  while (p < limit && (CLASS[buf[p]!]! & DIGIT) !== 0) p++;
  // year, month, service code
  if (p - digits < 7) return;
  while (p < limit && sign === 0x5e && (CLASS[buf[p]!]! & (DIGIT | ALPHA)) !== 0) p++;
  if (p < limit && buf[p] === 0x3f) p++;
  s.steps += p - start;
  s.found(TRACK, from, p, 0.97);
}
