import { LruCache } from './cache.js';
import type { SqlAnalysis } from './facts.js';
import type { Literals } from './literals.js';

/**
 * Analyses by the shape of their text and by those constants that were read to make them. What was not read can't have made a
 * difference, so a text that differs in nothing else has the same analysis: the very same object, so that what was derived from it
 * serves again too.
 */
export class Shapes {
  /** constants that some analysis of this shape has read, in order */
  private readonly reads: LruCache<number[]>;
  private readonly analyses: LruCache<SqlAnalysis>;

  constructor(entries_max: number, bytes_max: number) {
    this.reads = new LruCache(entries_max, bytes_max / 4);
    this.analyses = new LruCache(entries_max, bytes_max);
  }

  find(literals: Literals): SqlAnalysis | undefined {
    const read = this.reads.get(literals.shape);
    return read && this.analyses.get(keyOf(literals, read));
  }

  keep(literals: Literals, read: ReadonlySet<number>, analysis: SqlAnalysis, bytes: number): void {
    const before = this.reads.get(literals.shape);
    // What one text had read another may not have: the key holds all of them, and names them, so that older keys are never met again.
    const all = [...new Set([...(before ?? []), ...read])].sort((a, b) => a - b);
    if (before === undefined || all.length > before.length)
      this.reads.set(literals.shape, all, 2 * literals.shape.length + 8 * all.length + 100);
    const key = keyOf(literals, all);
    this.analyses.set(key, analysis, 2 * key.length + bytes);
  }
}

function keyOf({ shape, values }: Literals, read: readonly number[]): string {
  if (read.length === 0) return shape;
  let key = shape;
  for (const i of read) key += `\u0003${i}\u0004${values[i]}`;
  return key;
}
