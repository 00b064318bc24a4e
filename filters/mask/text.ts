import { Rewritten, reachesInto, takesForm } from './rewritten.js';
import type { Target } from './target.js';
import type { Detector, FindContext, Hit, Masker } from './types.js';

const REDACTED_AS_TEXT = 'latin1';

/** a text is masked again at most so often */
const ROUNDS_MAX = 4;

/**
 * buf[start, end) with every hit masked, or undefined when nothing was found. Text has no NULL: where the masker gives none,
 * the kind in brackets stands instead. A masked value may have hidden its neighbour (digits that ran into it, a word that spoke
 * against it), so where something was redacted it is searched again until nothing is left; what other maskers gave has the form of a
 * value, and stays.
 */
export function maskText(
  detector: Detector,
  masker: Masker,
  buf: Uint8Array,
  start: number,
  end: number,
  context?: FindContext,
  found?: readonly Hit[],
): Buffer | undefined {
  let hits = found ?? detector.find(buf, start, end, context);
  if (hits.length === 0) return undefined;
  let text = rewritten(masker, hits, buf, start, end);
  let masked = text.bytes();
  if (!takeForm(masker, hits)) return masked;
  if (hits.length === 1 && hits[0]!.start === start && hits[0]!.end === end) return masked;
  for (let round = 1; round < ROUNDS_MAX; round++) {
    hits = notMasked(detector.find(masked, 0, masked.length, context), text.kept);
    if (hits.length === 0) break;
    text = rewritten(masker, hits, masked, 0, masked.length, text.kept);
    masked = text.bytes();
    if (!takeForm(masker, hits)) break;
  }
  return masked;
}

/** room for masks that are longer than their values, bytes each */
const MASK_EXTRA = 16;

/** The range with these hits masked: for callers that want to count the hits too. */
export function applyMask(masker: Masker, hits: readonly Hit[], buf: Uint8Array, start: number, end: number): Buffer {
  return rewritten(masker, hits, buf, start, end).bytes();
}

/** The same, with what in it is not to be masked again. `kept`: of the range, from its start on. */
export function rewritten(
  masker: Masker,
  hits: readonly Hit[],
  buf: Uint8Array,
  start: number,
  end: number,
  kept: readonly number[] = [],
): Rewritten {
  const text = new Rewritten(end - start + MASK_EXTRA * hits.length, kept, start);
  let at = start;
  for (const hit of hits) {
    text.stays(buf, at, hit.start);
    const own = hit.masker ?? masker;
    const from = text.out.length;
    maskInto(own, hit, buf, text.out);
    text.masked(own, from);
    at = hit.end;
  }
  text.stays(buf, at, end);
  return text;
}

/** Was something taken out of the text that may have hidden its neighbour? */
export function takeForm(masker: Masker, hits: readonly Hit[]): boolean {
  return hits.some((hit) => takesForm(hit.masker ?? masker));
}

/** The hits that do not reach into what a masker gave; `from` is where the ranges count from. */
export function notMasked(hits: readonly Hit[], kept: readonly number[], from = 0): readonly Hit[] {
  return kept.length === 0 ? hits : hits.filter(({ start, end }) => !reachesInto(kept, start - from, end - from));
}

function maskInto(masker: Masker, { kind, start, end, says, rest }: Hit, buf: Uint8Array, out: Target): void {
  if (rest === true) return;
  if (!(says === undefined ? masker.into(kind, buf, start, end, out) : masker.into(kind, says, 0, says.length, out)))
    out.ascii(`[${kind}]`);
}

/** What stands in place of a hit: by what its bytes stand for, where they have escapes. */
export function maskHit(common: Masker, { kind, start, end, says, rest, masker = common }: Hit, buf: Uint8Array): Buffer {
  if (rest === true) return NOTHING;
  const masked = says === undefined ? masker.mask(kind, buf, start, end) : masker.mask(kind, says, 0, says.length);
  return masked ?? Buffer.from(`[${kind}]`, REDACTED_AS_TEXT);
}

/** How many values these are: parts of one count once. */
export function valuesIn(hits: readonly Hit[]): number {
  let count = 0;
  for (const { rest } of hits) if (rest !== true) count++;
  return count;
}

const NOTHING = Buffer.alloc(0);

/** A text with every hit masked, the same string when nothing was found. `name` is the key or field that it stands under. */
export function maskString(detector: Detector, masker: Masker, text: string, name = ''): string {
  if (text === '') return text;
  const buf = Buffer.from(text, 'utf8');
  if (name === '' || !detector.sensitiveName(name)) if (!detector.mayHold(buf, 0, buf.length)) return text;
  const masked = maskText(detector, masker, buf, 0, buf.length, { name });
  return masked === undefined ? text : masked.toString('utf8');
}
