import type { JoinedRules } from '../joined.js';
import { throughEscapes } from '../readings/through.js';
import type { Detector } from '../types.js';
import { StreamMasker, type StreamMaskerOptions } from './masker.js';

/** A masker of text that may be told what stands before it. */
export type TextMasker = Pick<StreamMasker, 'prime' | 'push' | 'flush' | 'end' | 'hits' | 'held'>;

/** Masks a stream of text by one rule, or by several that read it together, with detectors as `through` makes them: through escapes and references, if not said else. */
export function textMasker(
  { rules, ...options }: StreamMaskerOptions & { rules?: JoinedRules },
  through: (detector: Detector) => Detector = throughEscapes,
): TextMasker {
  if (rules === undefined) return new StreamMasker({ ...options, detector: through(options.detector) });
  return new StreamMasker({ ...options, detector: rules.union(through), masker: rules.strongest });
}
