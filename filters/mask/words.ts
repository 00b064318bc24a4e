import { ALPHA, CLASS } from './bytes.js';

/** more than any byte, so that no two short words have one hash (with 31, `cp2` was `cnp`) */
const FACTOR = 257;

const NO_WORD = 0;
const SMALL = 1;
const CAPITAL = 2;
const NUMERAL = 3;
/** what a byte is to a word */
const PARTS = Uint8Array.from({ length: 256 }, (_, b) =>
  b >= 0x61 && b <= 0x7a ? SMALL : b >= 0x41 && b <= 0x5a ? CAPITAL : b >= 0x30 && b <= 0x39 ? NUMERAL : NO_WORD,
);

/** bits of words' ends: first and last letter and length, of each the five lowest bits */
const ENDS_BYTES = 4096;

function endsOf(length: number, first: number, last: number): number {
  return ((length & 31) << 10) | ((first & 31) << 5) | (last & 31);
}

/** Another letter with a dot follows the dot at `k`. */
function isDottedLetter(buf: Uint8Array, k: number, end: number): boolean {
  return k + 2 < end && (CLASS[buf[k + 1]!]! & ALPHA) !== 0 && buf[k + 2] === 0x2e;
}

/** Bits by word. An open table: it is asked for every word beside every number, and a Map takes several times as long. */
export class WordTable {
  private readonly hashes: Int32Array;
  private readonly bitsAt: Int32Array;
  private readonly mask: number;
  /** a bit for each pair of ends and length that some word has: most words of a text are told by it to be none, and are not hashed */
  readonly ends = new Uint8Array(ENDS_BYTES);
  /** no byte beyond ASCII of what was read last is more than this; up to 0x7f there was none */
  highest = 0;

  /** `slots` is a power of two and at least twice the number of words; words are in lower case with a blank between. */
  constructor(
    words: readonly (readonly [bits: number, words: string])[],
    slots: number,
    /** bits that a word has with digits behind it, too (`password2`) */
    private readonly numbered = 0,
    /** words that another may stand before without a sign between (`mypassword`), and their bits; no two end alike */
    private readonly suffixes: readonly (readonly [word: Uint8Array, bits: number])[] = [],
  ) {
    this.hashes = new Int32Array(slots);
    this.bitsAt = new Int32Array(slots);
    this.mask = slots - 1;
    for (const [bits, list] of words) {
      for (const word of list.split(' ')) {
        let hash = 0;
        for (let k = 0; k < word.length; k++) hash = (Math.imul(hash, FACTOR) + word.charCodeAt(k)) | 0;
        const ends = endsOf(word.length, word.charCodeAt(0), word.charCodeAt(word.length - 1));
        this.ends[ends >> 3]! |= 1 << (ends & 7);
        const slot = this.slotOf(hash);
        this.hashes[slot] = hash;
        this.bitsAt[slot]! |= bits;
      }
    }
  }

  /** The table itself, for the first stage of the search. */
  slots(): { hashes: Int32Array; bits: Int32Array } {
    return { hashes: this.hashes, bits: this.bitsAt };
  }

  private slotOf(hash: number): number {
    const { hashes, bitsAt, mask } = this;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (bitsAt[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  /**
   * The bits of all words in buf[start, end). Words end at anything but a letter or a digit inside a word,
   * and where a small letter is followed by a capital (camel case), and before the last capital of a run (`APIKey`).
   */
  bitsOf(buf: Uint8Array, start: number, end: number): number {
    let bits = 0;
    let highest = 0;
    // letters with a dot behind each, `D.N.I.`: their hash has the dots, and counts from the second on
    let dotted = 0;
    let k = start;
    while (k < end) {
      const b = buf[k]!;
      let part = PARTS[b]!;
      if (part === NO_WORD || part === NUMERAL) {
        if (b > highest) highest = b;
        dotted = 0;
        k++;
        continue;
      }
      let from = k;
      let lower = part === SMALL;
      for (k++; k < end; k++) {
        part = PARTS[buf[k]!]!;
        if (part === NO_WORD) break;
        if (part === CAPITAL && (lower || (k + 1 < end && PARTS[buf[k + 1]!] === SMALL))) {
          if (k - from > 1) bits |= this.wordBits(buf, from, k);
          from = k;
        }
        lower = part === SMALL;
      }
      if (k - from > 1) bits |= this.wordBits(buf, from, k);
      else if (k < end && buf[k] === 0x2e) {
        const first = dotted === 0;
        dotted = (Math.imul(dotted, FACTOR * FACTOR) + Math.imul(buf[from]! | 0x20, FACTOR) + 0x2e) | 0;
        if (!first && !isDottedLetter(buf, k, end)) bits |= this.bitsAt[this.slotOf(dotted)]!;
        k++;
      }
    }
    this.highest = highest;
    return bits;
  }

  private wordBits(buf: Uint8Array, start: number, end: number): number {
    let bits = this.plainBits(buf, start, end);
    const last = buf[end - 1]!;
    if (last < 0x3a) {
      let to = end - 1;
      while (to > start && buf[to - 1]! < 0x3a) to--;
      if (to - start > 1) bits |= this.wordBits(buf, start, to) & this.numbered;
    } else
      for (const [word, own] of this.suffixes) {
        const from = end - word.length;
        if ((last | 0x20) !== word[word.length - 1] || from <= start) continue;
        let k = 0;
        while (k < word.length && (buf[from + k]! | 0x20) === word[k]) k++;
        if (k === word.length) bits |= own;
      }
    return bits;
  }

  private plainBits(buf: Uint8Array, start: number, end: number): number {
    const ends = endsOf(end - start, buf[start]!, buf[end - 1]!);
    if ((this.ends[ends >> 3]! & (1 << (ends & 7))) === 0) return 0;
    let hash = 0;
    for (let k = start; k < end; k++) {
      const b = buf[k]!;
      hash = (Math.imul(hash, FACTOR) + (b >= 0x41 ? b | 0x20 : b)) | 0;
    }
    return this.bitsAt[this.slotOf(hash)]!;
  }
}
