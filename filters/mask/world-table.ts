import type { WordTable } from './words.js';
import { MARKS, NO_LETTER } from './world-words.js';

type Words = readonly (readonly [bits: number, words: string])[];
type Entry = readonly [codes: Uint16Array, bits: number];

/** more bytes than evidence is read from at once, names aside */
const WINDOW_MAX = 128;
const BROKEN = 0xfffd;
const DOT = 0x2e;

/** what is known of a character of the basic plane, learnt when it is first met */
const KNOWN = 1;
const LETTER = 2;
/** it is a mark, or other without its accents */
const CHANGES = 4;
/** what its small letter is, or its base, depends on more than itself */
const HARD = 8;
const facts = new Uint8Array(0x10000);
const small = new Uint16Array(0x10000);
/** the ASCII letter that is left without accents, 0 where nothing is left, 0x80 for all others */
const bases = new Uint8Array(0x10000);

function learn(code: number): number {
  const text = String.fromCharCode(code).toLowerCase();
  const plain = text.normalize('NFD').replace(MARKS, '');
  let fact = KNOWN;
  // a capital sigma is another small letter at a word's end
  if (text.length !== 1 || code === 0x3a3) fact |= HARD;
  if (text.search(NO_LETTER) < 0) fact |= LETTER;
  if (plain !== text) fact |= CHANGES;
  small[code] = text.charCodeAt(0);
  if (plain === '') bases[code] = 0;
  else if (plain.length === 1 && plain.charCodeAt(0) < 0x80) bases[code] = plain.charCodeAt(0);
  else {
    bases[code] = 0x80;
    for (let k = 0; k < plain.length; k++) if (plain.charCodeAt(k) < 0x80) fact |= HARD;
  }
  facts[code] = fact;
  return fact;
}

function hashed(hash: number, code: number): number {
  return (Math.imul(hash, 257) + code) | 0;
}

const SLOTS = 4096;
const codes = new Uint16Array(WINDOW_MAX);
const plainBytes = new Uint8Array(WINDOW_MAX);

/**
 * What words in other scripts say. It is asked beside every number of a text that is not English, so it reads bytes and makes
 * no string; a text of the planes beyond the basic one is read as a string.
 */
export class WorldTable {
  private readonly spaced = new Map<string, number>();
  /** words with blanks between by the slot of their hash */
  private readonly bySlot: (Entry[] | undefined)[] = new Array<Entry[] | undefined>(SLOTS).fill(undefined);
  private readonly unspaced: (readonly [word: string, bits: number])[] = [];
  /** words without blanks by the first character */
  private readonly byFirst = new Map<number, Entry[]>();
  private readonly begins = new Uint8Array(0x10000);

  /** `latin` are the words that are looked for again without their accents; words have a blank between, in small letters. */
  constructor(
    spaced: Words,
    unspaced: Words,
    private readonly latin: WordTable,
  ) {
    for (const [bits, list] of spaced)
      for (const word of list.split(' ')) {
        this.spaced.set(word, bits);
      }
    for (const [word, bits] of this.spaced) {
      const entry = entryOf(word, bits);
      let hash = 0;
      for (const code of entry[0]) hash = hashed(hash, code);
      const slot = slotOf(hash);
      const others = this.bySlot[slot];
      if (others === undefined) this.bySlot[slot] = [entry];
      else others.push(entry);
    }
    for (const [bits, list] of unspaced)
      for (const word of list.split(' ')) {
        this.unspaced.push([word, bits]);
        const first = word.charCodeAt(0);
        this.begins[first] = 1;
        const entry = entryOf(word, bits);
        const others = this.byFirst.get(first);
        if (others === undefined) this.byFirst.set(first, [entry]);
        else others.push(entry);
      }
  }

  /** The bits of the words in buf[start, end), of which no byte is more than `highest`. */
  bitsOf(buf: Uint8Array, start: number, end: number, highest: number): number {
    if (end - start > WINDOW_MAX || highest >= 0xf0) return this.bitsOfText(buf, start, end, highest);
    let n = 0;
    let changed = false;
    let dots = false;
    let plain = 0;
    for (let k = start; k < end; ) {
      const b = buf[k]!;
      let code = b;
      let size = 1;
      if (b >= 0x80) {
        code = BROKEN;
        if (b >= 0xc2 && b < 0xe0 && k + 1 < end && isRest(buf[k + 1]!)) {
          code = ((b & 0x1f) << 6) | (buf[k + 1]! & 0x3f);
          size = 2;
        } else if (b >= 0xe0 && k + 2 < end && isRest(buf[k + 1]!) && isRest(buf[k + 2]!)) {
          code = ((b & 0x0f) << 12) | ((buf[k + 1]! & 0x3f) << 6) | (buf[k + 2]! & 0x3f);
          // written longer than it need be, or half of a pair
          if (code < 0x800 || (code >= 0xd800 && code < 0xe000)) code = BROKEN;
          size = 3;
        }
      }
      k += size;
      const fact = facts[code]! === 0 ? learn(code) : facts[code]!;
      if ((fact & HARD) !== 0) return this.bitsOfText(buf, start, end, highest);
      if ((fact & CHANGES) !== 0) changed = true;
      if (code === DOT) dots = true;
      const base = bases[code]!;
      if (base !== 0 || code === 0) plainBytes[plain++] = base;
      codes[n++] = small[code]!;
    }
    let bits = highest >= 0xe0 ? this.withoutBlanks(n) : 0;
    if (highest >= 0xcd) {
      bits |= this.betweenBlanks(n, false);
      // `Α.Μ.Κ.Α.`, `ת.ז.`
      if (dots) bits |= this.betweenBlanks(n, true);
    }
    return changed ? bits | this.latin.bitsOf(plainBytes, 0, plain) : bits;
  }

  private withoutBlanks(n: number): number {
    let bits = 0;
    for (let k = 0; k < n; k++) {
      if (this.begins[codes[k]!] === 0) continue;
      for (const [word, what] of this.byFirst.get(codes[k]!)!) {
        if (k + word.length > n) continue;
        let same = 1;
        while (same < word.length && codes[k + same] === word[same]) same++;
        if (same === word.length) bits |= what;
      }
    }
    return bits;
  }

  private betweenBlanks(n: number, skipDots: boolean): number {
    let bits = 0;
    let hash = 0;
    let from = 0;
    for (let k = 0; k <= n; k++) {
      const code = k < n ? codes[k]! : BROKEN;
      if (skipDots && code === DOT) continue;
      const fact = facts[code]! === 0 ? learn(code) : facts[code]!;
      if ((fact & LETTER) !== 0) {
        hash = hashed(hash, code);
        continue;
      }
      const entries = from < k ? this.bySlot[slotOf(hash)] : undefined;
      if (entries !== undefined) for (const [word, what] of entries) if (isWord(word, from, k, skipDots)) bits |= what;
      hash = 0;
      from = k + 1;
    }
    return bits;
  }

  /** As bitsOf, of any text, by strings: what the bytes are held to. */
  bitsOfText(buf: Uint8Array, start: number, end: number, highest: number): number {
    const text = Buffer.from(buf.buffer, buf.byteOffset + start, end - start)
      .toString('utf8')
      .toLowerCase();
    let bits = 0;
    // Latin letters with accents are of two bytes up to 0xc8, or of three; other scripts are above
    if (highest >= 0xe0) for (const [word, what] of this.unspaced) if (text.includes(word)) bits |= what;
    if (highest >= 0xcd) for (const word of text.split(NO_LETTER)) bits |= this.spaced.get(word) ?? 0;
    // `Α.Μ.Κ.Α.`, `ת.ז.`
    if (highest >= 0xcd && text.includes('.'))
      for (const word of text.replaceAll('.', '').split(NO_LETTER)) bits |= this.spaced.get(word) ?? 0;
    const plain = text.normalize('NFD').replace(MARKS, '');
    if (plain.length === text.length && plain === text) return bits;
    const bytes = Buffer.from(plain, 'utf8');
    return bits | this.latin.bitsOf(bytes, 0, bytes.length);
  }
}

function entryOf(word: string, bits: number): Entry {
  return [Uint16Array.from(word, (c) => c.charCodeAt(0)), bits];
}

/** codes[from, to) is the word, perhaps with dots in it. */
function isWord(word: Uint16Array, from: number, to: number, skipDots: boolean): boolean {
  let n = 0;
  for (let k = from; k < to; k++) {
    if (skipDots && codes[k] === DOT) continue;
    if (codes[k] !== word[n++]) return false;
  }
  return n === word.length;
}

function isRest(b: number): boolean {
  return (b & 0xc0) === 0x80;
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
