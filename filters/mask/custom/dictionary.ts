import { ALNUM, CLASS } from '../bytes.js';

/**
 * Many words at once, by the automaton of Aho and Corasick (Communications of the ACM 18, 1975): one pass, however many words there are.
 * Nodes keep their children in lists, so that memory grows with the words and not with the alphabet.
 */
export class Dictionary {
  /** bytes and links followed; tests prove with it that work grows with the input */
  steps = 0;
  private readonly root = new Int32Array(256);
  private readonly byte: number[] = [0];
  private readonly child: number[] = [0];
  private readonly sibling: number[] = [0];
  private readonly fail: number[] = [0];
  /** bytes from the root on */
  private readonly depth: number[] = [0];
  /** length of the longest word that ends at a node, or at one that its links lead to; 0 for none */
  private readonly word: number[] = [0];
  /** the next node by links at which a shorter word ends */
  private readonly shorter: number[] = [0];
  /** bytes of the longest word */
  readonly longest: number;

  /** `fold`: letters of ASCII match in any case. */
  constructor(
    words: readonly string[],
    private readonly fold: boolean,
  ) {
    let longest = 0;
    for (const word of words) {
      const bytes = Buffer.from(word, 'utf8');
      longest = Math.max(longest, bytes.length);
      let node = 0;
      for (const b of bytes) node = this.childOf(node, this.folded(b)) || this.add(node, this.folded(b));
      if (bytes.length > 0) this.word[node] = bytes.length;
    }
    this.longest = longest;
    this.link();
  }

  /** Tells every word in buf[lo, hi) that stands by itself, or with `inside` every word, until `told` gives true. Gives whether it did. */
  find(buf: Uint8Array, lo: number, hi: number, inside: boolean, told: (start: number, end: number) => boolean): boolean {
    let node = 0;
    for (let p = lo; p < hi; p++) {
      const b = this.folded(buf[p]!);
      node = this.next(node, b);
      // the longest word that ends here and stands by itself
      for (let ends = this.word[node] === 0 ? this.shorter[node]! : node; ends !== 0; ends = this.shorter[ends]!) {
        const start = p + 1 - this.word[ends]!;
        if (!inside && !standsAlone(buf, start, p + 1, lo, hi)) continue;
        if (told(start, p + 1)) return true;
        break;
      }
    }
    return false;
  }

  /** The bytes at the end of buf[lo, hi) that a word may begin with, or be. */
  begun(buf: Uint8Array, lo: number, hi: number): number {
    let node = 0;
    for (let p = Math.max(lo, hi - this.longest); p < hi; p++) node = this.next(node, this.folded(buf[p]!));
    return this.depth[node]!;
  }

  private next(from: number, b: number): number {
    this.steps++;
    for (let node = from; ; node = this.fail[node]!) {
      const next = this.childOf(node, b);
      if (next !== 0 || node === 0) return next;
      this.steps++;
    }
  }

  private folded(b: number): number {
    return this.fold && b >= 0x41 && b <= 0x5a ? b + 0x20 : b;
  }

  private childOf(node: number, b: number): number {
    if (node === 0) return this.root[b]!;
    let at = this.child[node]!;
    while (at !== 0 && this.byte[at] !== b) at = this.sibling[at]!;
    return at;
  }

  private add(parent: number, b: number): number {
    const node = this.byte.length;
    this.byte.push(b);
    this.child.push(0);
    this.fail.push(0);
    this.depth.push(this.depth[parent]! + 1);
    this.word.push(0);
    this.shorter.push(0);
    this.sibling.push(parent === 0 ? 0 : this.child[parent]!);
    if (parent === 0) this.root[b] = node;
    else this.child[parent] = node;
    return node;
  }

  private link(): void {
    const queue = [...this.root].filter((node) => node !== 0);
    for (let n = 0; n < queue.length; n++) {
      const node = queue[n]!;
      const fail = this.fail[node]!;
      this.shorter[node] = this.word[fail] !== 0 ? fail : this.shorter[fail]!;
      for (let at = this.child[node]!; at !== 0; at = this.sibling[at]!) {
        const b = this.byte[at]!;
        let link = fail;
        while (link !== 0 && this.childOf(link, b) === 0) link = this.fail[link]!;
        this.fail[at] = this.childOf(link, b);
        queue.push(at);
      }
    }
  }
}

/** No letter or digit goes on where the word itself ends in one; bytes of UTF-8 count as letters. */
function standsAlone(buf: Uint8Array, start: number, end: number, lo: number, hi: number): boolean {
  return (
    !(start > lo && isLetter(buf[start - 1]!) && isLetter(buf[start]!)) && !(end < hi && isLetter(buf[end]!) && isLetter(buf[end - 1]!))
  );
}

const isLetter = (b: number): boolean => b >= 0x80 || (CLASS[b]! & ALNUM) !== 0;
