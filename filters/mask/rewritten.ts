import { Target } from './target.js';
import type { Masker } from './types.js';

/** Is what this masker gives no value of any kind? What others give has the form of one, and would be found again. */
export function takesForm({ as }: Masker): boolean {
  return as === 'redact' || as === 'null';
}

/**
 * A text written anew, into one buffer, from what stays of it and what masks give. It knows where in it stands what is not to be masked
 * again: `kept`, pairs of offsets, first and one past the last.
 */
export class Rewritten {
  readonly kept: number[] = [];
  readonly out: Target;

  /** `bytes`: how long it may get; it may get longer. `before`: what was kept of the text that is read, its offsets less `base`. */
  constructor(
    bytes: number,
    private readonly before: readonly number[] = [],
    private readonly base = 0,
  ) {
    this.out = new Target(bytes);
  }

  /** buf[from, to) stays. */
  stays(buf: Uint8Array, from: number, to: number): void {
    if (to <= from) return;
    const { before, base } = this;
    const { length } = this.out;
    for (let k = 0; k < before.length; k += 2) {
      const start = Math.max(from, before[k]! + base);
      const end = Math.min(to, before[k + 1]! + base);
      if (start < end) this.kept.push(start - from + length, end - from + length);
    }
    this.out.copy(buf, from, to);
  }

  /** What was written from `from` on stands in place of a value; this masker gave it. */
  masked(masker: Masker, from: number): void {
    if (!takesForm(masker)) this.kept.push(from, this.out.length);
  }

  bytes(): Buffer {
    return this.out.buf.subarray(0, this.out.length);
  }
}

/** Does [start, end) reach into one of these ranges? */
export function reachesInto(kept: readonly number[], start: number, end: number): boolean {
  for (let k = 0; k < kept.length; k += 2) if (start < kept[k + 1]! && kept[k]! < end) return true;
  return false;
}
