import type { JoinedRules } from '../joined.js';
import type { StreamLimits } from '../stream/limits.js';
import type { Detector, Masker } from '../types.js';
import type { JsonKeys } from './json-place.js';

export interface CodecOptions {
  detector: Detector;
  masker: Masker;
  /** takes the masked bytes, which hold only until it returns */
  write: (bytes: Buffer) => void;
  limits?: Partial<StreamLimits>;
  /** rules that read it together, whose joined detector `detector` is; `masker` is not used then */
  rules?: JoinedRules;
  /** JSON: strings that are base64 are looked into */
  base64?: boolean;
  /** JSON: keys of the texts before this one, by the same detector */
  keys?: JsonKeys;
  /** JSON inside of strings of JSON: how deep this one stands */
  depth?: number;
}

/** A masker of streams that knows the form of what it masks, so that the output has the same form. Pure. */
export interface StreamCodec {
  push(chunk: Uint8Array): void;
  /** lets go what is sure when the sender pauses */
  flush(): void;
  end(): void;
  /** values masked so far */
  readonly hits: number;
  /** bytes held back now */
  readonly held: number;
}
