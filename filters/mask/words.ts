import { ALPHA, CLASS } from './bytes.js';

/** more than any byte, so that no two short words have one hash (with 31, `cp2` was `cnp`) */
const FACTOR = 257;

/** Another letter with a dot follows the dot at `k`. */
function isDottedLetter(buf: Uint8Array, k: number, end: number): boolean {
  return k + 2 < end && (CLASS[buf[k + 1]!]! & ALPHA) !== 0 && buf[k + 2] === 0x2e;
}

/** Bits by word. An open table: it is asked for every word beside every number, and a Map takes several times as long. */
export class WordTable {
  private readonly hashes: Int32Array;
  private readonly bitsAt: Int32Array;
  private readonly mask: number;
  /** no byte of what was read last is more than this; beyond 0x7f there was more than ASCII */
  highest = 0;

  /** `slots` is a power of two and at least twice the number of words; words are in lower case with a blank between. */
  constructor(words: readonly (readonly [bits: number, words: string])[], slots: number) {
    this.hashes = new Int32Array(slots);
    this.bitsAt = new Int32Array(slots);
    this.mask = slots - 1;
    for (const [bits, list] of words) {
      for (const word of list.split(' ')) {
        let hash = 0;
        for (let k = 0; k < word.length; k++) hash = (Math.imul(hash, FACTOR) + word.charCodeAt(k)) | 0;
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
    const { bitsAt } = this;
    let bits = 0;
    let hash = 0;
    let length = 0;
    let previousLower = false;
    let highest = 0;
    // letters with a dot behind each, `D.N.I.`: their hash has the dots, and counts from the second on
    let dotted = 0;
    for (let k = start; k < end; k++) {
      const b = buf[k]!;
      if (b > highest) highest = b;
      const letter = (CLASS[b]! & ALPHA) !== 0;
      if (!letter && !(length > 0 && b >= 0x30 && b <= 0x39)) {
        if (length > 1) bits |= bitsAt[this.slotOf(hash)]!;
        if (length === 1 && b === 0x2e) {
          const first = dotted === 0;
          dotted = (Math.imul(dotted, FACTOR * FACTOR) + Math.imul(hash, FACTOR) + 0x2e) | 0;
          if (!first && !isDottedLetter(buf, k, end)) bits |= bitsAt[this.slotOf(dotted)]!;
        } else dotted = 0;
        hash = 0;
        length = 0;
        previousLower = false;
        continue;
      }
      const upper = letter && b < 0x61;
      const next = k + 1 < end ? buf[k + 1]! : 0;
      if (upper && length > 0 && (previousLower || (next >= 0x61 && next <= 0x7a))) {
        if (length > 1) bits |= bitsAt[this.slotOf(hash)]!;
        hash = 0;
        length = 0;
      }
      hash = (Math.imul(hash, FACTOR) + (letter ? b | 0x20 : b)) | 0;
      length++;
      previousLower = letter && !upper;
    }
    this.highest = highest;
    return length > 1 ? bits | bitsAt[this.slotOf(hash)]! : bits;
  }
}
