import type { Detector, FindContext, Hit, Kind } from './types.js';

/** For detectors that make their hits from those of others: what counts them is made of what finds them. */
export abstract class ByFind implements Detector {
  abstract readonly kinds: readonly Kind[];
  only: Hit = { kind: '', start: 0, end: 0, score: 0 };
  private found: readonly Hit[] = [];

  abstract find(buf: Uint8Array, start: number, end: number, context?: FindContext): readonly Hit[];
  abstract mayHold(buf: Uint8Array, start: number, end: number): boolean;
  abstract sensitiveName(name: string): boolean;

  search(buf: Uint8Array, start: number, end: number, context?: FindContext): number {
    this.found = this.find(buf, start, end, context);
    if (this.found.length === 1) this.only = { ...this.found[0]! };
    return this.found.length;
  }

  hits(): readonly Hit[] {
    return this.found;
  }
}
