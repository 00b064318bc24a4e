import { MidstreamError } from '../errors.js';

/** One mistake in a policy file. `offset` is in UTF-16 units into the text. */
export interface Problem {
  offset: number;
  /** what is wrong, a clause without a final stop */
  what: string;
  /** what to do about it */
  fix: string;
}

/** At most so many mistakes are printed; the rest is counted. */
const PROBLEMS_SHOWN_MAX = 50;

/** Edits between two words, transpositions counting as one (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      row.push(least);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The candidate that the word was probably meant to be; undefined when none is near enough. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted.length > 64) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const edits = distance(wanted, candidate.toLowerCase());
    if (edits < least) {
      least = edits;
      best = candidate;
    }
  }
  return best;
}

/** "did you mean x?", or the list of what there is. */
export function suggest(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean ${near}?`;
  const shown = candidates.slice(0, 16).join(', ');
  return `use one of: ${shown}${candidates.length > 16 ? ', …' : ''}`;
}

/** A word of the file as it may be shown in a message: one line, bounded, control characters visible. */
export function quoted(word: unknown): string {
  const text = typeof word === 'string' ? word : (JSON.stringify(word) ?? String(word));
  const cut = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Line and column, both from 1, of an offset. */
export function position(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}

/** All mistakes as one error, one a line: `file:line:col: what is wrong; what to do`. */
export function invalidPolicy(
  problems: readonly Problem[],
  text: string,
  file: string,
  hint = 'The policy was not loaded. A gateway that runs keeps its last good one.',
): MidstreamError {
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const problem of [...problems].sort((a, b) => a.offset - b.offset)) {
    const { line, column } = position(text, problem.offset);
    const said = `${file}:${line}:${column}: ${problem.what}${problem.fix === '' ? '' : `; ${problem.fix}`}`;
    if (seen.has(said)) continue;
    seen.add(said);
    lines.push(said);
  }
  const shown = lines.slice(0, PROBLEMS_SHOWN_MAX);
  if (lines.length > shown.length) shown.push(`${file}: and ${lines.length - shown.length} more`);
  return new MidstreamError('policy_invalid', shown.join('\n'), { hint });
}
