/** Bytes in which what is looked for does not begin, as the last reader found: many names before one text are not each a reason to read it. */
export interface Vain {
  from: number;
  until: number;
}

/** Where to read on for what is looked for from `from` on. */
export function unread({ from, until }: Vain, at: number): number {
  return at >= from && at <= until ? until : at;
}

/** Notes that from `at` on nothing was found before `end`; reading began at `first`, as `unread` said. */
export function note(vain: Vain, at: number, first: number, end: number): void {
  if (first === at) vain.from = at;
  vain.until = Math.max(first, end);
}
