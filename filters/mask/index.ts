/** Detectors and maskers: the one engine for cells, COPY fields, error texts, recordings and logs. */
export { createDetector } from './detector.js';
export { type KindInfo, kinds } from './kinds.js';
export { createMasker, strongest } from './masker.js';
export { applyMask, maskString, maskText } from './text.js';
export type { Detector, DetectorOptions, FindContext, Hit, Kind, MaskAs, Masker, MaskerOptions } from './types.js';
