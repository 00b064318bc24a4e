import type { Search } from '../search.js';

/** Where a line begins, as it was found last: the next question reads back to this one's place alone. */
export interface Line {
  at: number;
  from: number;
}

/**
 * Where the line begins that `at` stands in, `reach` bytes before `at` where that is further back. `last` is asked with one reach alone.
 * Zero bytes end lines too if `zero` says so.
 */
export function lineFrom(s: Search, last: Line, at: number, reach: number, zero: boolean): number {
  const { buf } = s;
  const floor = Math.max(s.lo, at - reach);
  const known = at >= last.at;
  const stop = known ? Math.max(floor, last.at) : floor;
  let p = at;
  while (p > stop && buf[p - 1] !== 0x0a && !(zero && buf[p - 1] === 0)) p--;
  s.steps += at - p;
  if (!known) return p;
  if (p === last.at) p = Math.max(floor, last.from);
  last.at = at;
  last.from = p;
  return p;
}
