import { startsWith } from '../bytes.js';
import type { Search } from '../search.js';
import { isTokenText } from './code-values.js';
import { plainEnd, valueAt } from './extent.js';
import { judgeValue } from './judge.js';
import type { Name } from './named.js';
import { STRONG, WEAK } from './names.js';
import { byFirst } from './shell.js';
import { isChosen, looksRandom } from './values.js';

/** Values that a sentence gives to a name: `the token is x`, `password -> x`, `Hasło do bazy: x`, `Password (temporary): x`. */

/** Texts of any script, with bars between. */
function bytesOf(list: string): Uint8Array[] {
  return list.split('|').map((word) => Buffer.from(word, 'utf8'));
}

/** words between a name and its value in a sentence or a program, a blank before and behind each */
const LINKS = bytesOf(
  'is|was|are|is now|is set to|was set to|was reset to|was changed to|has been set to|set to|reset to|changed to|will be|to be|->|-->|=>|<-|-|–|—|to|ist|lautet|est|es|jest|je|on|este|è|é|är|er|wynosi|là|adalah',
);

const LINKS_BY_FIRST = byFirst(LINKS);

/** Where the word ends that links a name to its value, with the blank behind it; 0 where there is none. */
export function linkEnd(buf: Uint8Array, from: number, hi: number): number {
  let end = 0;
  for (const word of LINKS_BY_FIRST[buf[from]!] ?? []) {
    const to = from + word.length;
    if (to + 1 < hi && buf[to] === 0x20 && to + 1 > end && startsWith(buf, from, word)) end = to + 1;
  }
  return end;
}

/** The value at `at`; what ends the sentence is no part of it. */
function sentenceValueAt(s: Search, at: number): ReturnType<typeof valueAt> {
  const value = valueAt(s, at);
  const last = s.buf[value.to - 1];
  if (value.quote === 0 && (last === 0x2e || last === 0x3f)) value.to--;
  return value;
}

/** `the token is x`, `password -> x`: what was chosen as a password, or is random. */
export function linked(s: Search, p: number, { bits, strength }: Name): void {
  const { buf } = s;
  const { from, to, quote } = sentenceValueAt(s, p);
  const sure = strength === STRONG ? isChosen(buf, from, to) : looksRandom(buf, from, to, strength === WEAK ? 20 : 16);
  if (sure && isTokenTextOrQuoted(buf, from, to, quote !== 0 || strength === STRONG))
    judgeValue(s, from, to, strength, bits, quote !== 0, 0);
}

const FOR_WHOM_BY_FIRST = byFirst(bytesOf('for|of|to|on|von|für|fuer|zum|zur|pour|de|del|della|do|dla|na|voor|för|till'));
const ENDS = bytesOf(' is | was |: | ist | lautet | est | es | é | è | jest | = | -> ');
/** how far from the name whom it is for may go, bytes */
const WHOM_REACH = 48;

/** `Password (temporary): x` */
function inBrackets(s: Search, from: number, bits: number): boolean {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + BRACKETS_MAX);
  let p = from;
  while (p < limit && buf[p] !== 0x29 && buf[p] !== 0x0a) p++;
  s.steps += p - from;
  if (p + 3 >= hi || buf[p] !== 0x29 || buf[p + 1] !== 0x3a || buf[p + 2] !== 0x20) return false;
  if (isChosen(buf, p + 3, plainEnd(s, p + 3))) judgeValue(s, p + 3, plainEnd(s, p + 3), STRONG, bits, false, 0);
  return true;
}

const BRACKETS_MAX = 32;

/** `the password for bob on db1 is x`, `Hasło do bazy: x`: what was chosen as a password, at the end of whom it is for. */
export function forWhom(s: Search, from: number, { bits, strength }: Name): boolean {
  const { buf, hi } = s;
  if (strength === STRONG && buf[from] === 0x28) return inBrackets(s, from, bits);
  if (
    strength !== STRONG ||
    !FOR_WHOM_BY_FIRST[buf[from]!]!.some((word) => buf[from + word.length] === 0x20 && startsWith(buf, from, word))
  )
    return false;
  const limit = Math.min(hi, from + WHOM_REACH);
  let p = from;
  for (; p < limit && buf[p] !== 0x0a; p++) {
    if (buf[p] !== 0x20 && buf[p] !== 0x3a) continue;
    const end = ENDS.find((word) => startsWith(buf, p, word));
    if (end === undefined) continue;
    s.steps += p - from;
    const at = p + end.length;
    const { from: first, to, quote } = sentenceValueAt(s, at);
    if (isChosen(buf, first, to)) judgeValue(s, first, to, strength, bits, quote !== 0, 0);
    return true;
  }
  s.steps += p - from;
  return false;
}

function isTokenTextOrQuoted(buf: Uint8Array, from: number, to: number, free: boolean): boolean {
  return free || isTokenText(buf, from, to);
}
