import { ALNUM, CLASS } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isQuote } from './extent.js';
import { PASSWORD_WORD, worldName } from './password-words.js';
import { isChosen, isPlaceholder } from './values.js';

/** Sentences of Japanese, Chinese and Korean, and names with a dash behind them, in which a password stands: `パスワードはxです`, `密码是x`, `пароль — x`. */
const PASSWORD = kindId('password');
const VALUE_MAX = 128;
const NAME_REACH = 48;

/** The last bytes of the words that link them (は, 是, 为, 為, 는, 은) and of the dashes. The scan stops there (triggers.ts). */
export const LINK_BYTES = [0xaf, 0xba, 0x94, 0x93];

/** A link of three bytes of UTF-8 ends with the byte at `at`. The first stage asks the same (anchors.ts). */
export function isWorldLink(buf: Uint8Array, at: number): boolean {
  const b = buf[at];
  const c = buf[at - 1];
  const d = buf[at - 2];
  if (b === 0xaf) return (c === 0x81 && d === 0xe3) || (c === 0x98 && d === 0xe6);
  if (b === 0xba) return (c === 0xb8 && d === 0xe4) || (c === 0x82 && d === 0xe7);
  return (b === 0x94 && ((c === 0x8a && d === 0xeb) || (c === 0x80 && d === 0xe2))) || (b === 0x93 && c === 0x80 && d === 0xe2);
}

/** What was chosen as a password behind the link that ends at `at`. */
export function worldLinkAt(s: Search, at: number): void {
  const { buf, lo } = s;
  if (!isWorldLink(buf, at) || at - 3 < lo) return;
  const end = buf[at - 3] === 0x20 ? at - 3 : at - 2;
  s.steps += NAME_REACH;
  if (worldName(buf, end, lo) === PASSWORD_WORD) chosenAt(s, at);
}

/** The value behind the sign or link at `at`, if it is what one chooses as a password. */
function chosenAt(s: Search, at: number): void {
  const { buf, hi } = s;
  let p = at + 1;
  // a blank, a colon, quotes, the corner bracket
  while (p < hi && p - at < 12 && (buf[p] === 0x20 || buf[p] === 0x3a || isQuote(buf[p]!) || buf[p]! >= 0x80)) p++;
  const from = p;
  const limit = Math.min(hi, from + VALUE_MAX);
  while (p < limit && buf[p]! > 0x20 && buf[p]! < 0x80 && !isQuote(buf[p]!)) p++;
  while (p > from && (CLASS[buf[p - 1]!]! & ALNUM) === 0 && buf[p - 1] !== 0x21) p--;
  s.steps += p - at;
  if (isChosen(buf, from, p) && !isPlaceholder(buf, from, p)) s.found(PASSWORD, from, p, 0.6);
}

/** how far before the colon the word may stand, in bytes and in words */
const PHRASE_REACH = 64;
const PHRASE_WORDS = 4;

/** `Пароль от базы: x`: the word for a password stands some words before the colon at `at`, the last of which is of another script too. */
export function isWorldPhrase(buf: Uint8Array, at: number, lo: number): boolean {
  if (at === lo || buf[at - 1]! < 0x80 || buf[at + 1] !== 0x20) return false;
  const floor = Math.max(lo, at - PHRASE_REACH);
  let words = 0;
  for (let k = at - 1; k > floor && buf[k] !== 0x0a && words < PHRASE_WORDS; k--) {
    if (buf[k] !== 0x20) continue;
    words++;
    if (worldName(buf, k, lo) === PASSWORD_WORD) return true;
  }
  return false;
}

/** The password behind such a colon. */
export function worldPhraseAt(s: Search, at: number): void {
  s.steps += PHRASE_REACH;
  if (isWorldPhrase(s.buf, at, s.lo)) chosenAt(s, at);
}
