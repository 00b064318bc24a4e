/** Where a line begins, as it was found last: the next question reads back to this one's place alone. */
export interface Line {
  at: number;
  from: number;
}

/**
 * Where the line begins that `at` stands in, `floor` where that is further back. Floors may not go back while places go on. Zero bytes end
 * lines too if `zero` says so.
 */
export function lineFrom(last: Line, buf: Uint8Array, at: number, floor: number, zero: boolean): number {
  const known = at >= last.at;
  const stop = known ? Math.max(floor, last.at) : floor;
  let p = at;
  while (p > stop && buf[p - 1] !== 0x0a && !(zero && buf[p - 1] === 0)) p--;
  if (!known) return p;
  if (p === last.at) p = Math.max(floor, last.from);
  last.at = at;
  last.from = p;
  return p;
}
