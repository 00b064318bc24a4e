import { Search } from './search.js';

/** The search of text that was written out of what `s` reads: its results hold until the next of them. */
export function innerOf(s: Search): Search {
  s.inner ??= new Search(s.wanted, s.regions, { keyed: [], cards: [], labelled: [] }, s);
  return s.inner;
}
