import { CLASS, DIGIT } from './bytes.js';

export const GROUPS_MAX = 48;
/** Digit groups that are looked at again when a run is longer than one block: no value has more. */
export const GROUPS_OVERLAP = 8;
/** gap of two groups that more than one byte separates */
export const GAP_MIXED = 0x100;

/** A run of digits cut into groups by separators: `4111-1111 …`. Used again for every run. */
export class Groups {
  count = 0;
  /** first and one past the last group that does not touch a letter */
  first = 0;
  last = 0;
  readonly start = new Int32Array(GROUPS_MAX + 1);
  readonly end = new Int32Array(GROUPS_MAX + 1);
  /** the byte between group g and g + 1; GAP_MIXED for several; 0 after the last group */
  readonly gap = new Int32Array(GROUPS_MAX + 1);
  /** where the run, or this block of it, ends */
  until = 0;
  /** the run goes on beyond this block */
  more = false;
  /** an extension follows (`x123`) */
  extension = false;

  /** Reads the run that begins with the digit at `at`. */
  read(buf: Uint8Array, at: number, hi: number): void {
    let n = 0;
    let p = at;
    this.more = false;
    for (;;) {
      let q = p + 1;
      while (q < hi && (CLASS[buf[q]!]! & DIGIT) !== 0) q++;
      this.start[n] = p;
      this.end[n] = q;
      let r = q;
      while (r < hi && r - q < 3 && isGap(buf[r]!)) r++;
      if (r === q || r >= hi || (CLASS[buf[r]!]! & DIGIT) === 0) {
        this.gap[n] = 0;
        this.count = n + 1;
        this.until = q;
        return;
      }
      this.gap[n] = r - q === 1 ? buf[q]! : GAP_MIXED;
      n++;
      p = r;
      if (n === GROUPS_MAX) {
        this.count = n;
        this.until = r;
        this.more = true;
        return;
      }
    }
  }
}

/** space, dash, dot, parentheses, slash */
export function isGap(b: number): boolean {
  return b === 0x20 || b === 0x2d || b === 0x2e || b === 0x28 || b === 0x29 || b === 0x2f;
}
