import type { JoinedRules } from '../joined.js';
import { throughEscapes } from '../readings/through.js';
import type { Detector, Masker } from '../types.js';
import { StreamMasker, type StreamMaskerOptions } from './masker.js';

/** A masker of text that may be told what stands before it. */
export type TextMasker = Pick<StreamMasker, 'prime' | 'push' | 'flush' | 'end' | 'hits' | 'held'>;

/** Masks a stream of text, through escapes and references, by one rule, or by several one after the other: text has no parts of which a rule could leave out some. */
export function textMasker(options: StreamMaskerOptions & { rules?: JoinedRules }): TextMasker {
  return options.rules === undefined
    ? new StreamMasker({ ...options, detector: throughEscapes(options.detector) })
    : new Chain(options, options.rules.rules, throughEscapes);
}

/** Rules one after the other, strongest first: each reads what the one before it gave, with its detector as `through` makes it. */
export class Chain implements TextMasker {
  private readonly stages: StreamMasker[] = [];

  constructor(
    options: Omit<StreamMaskerOptions, 'detector' | 'masker'>,
    rules: readonly { detector: Detector; masker: Masker }[],
    through: (detector: Detector) => Detector,
  ) {
    let { write } = options;
    for (const { detector, masker } of [...rules].reverse()) {
      const stage = new StreamMasker({ ...options, detector: through(detector), masker, write });
      this.stages.unshift(stage);
      write = (bytes) => stage.push(bytes);
    }
  }

  get hits(): number {
    return this.stages.reduce((sum, stage) => sum + stage.hits, 0);
  }

  get held(): number {
    return this.stages.reduce((sum, stage) => sum + stage.held, 0);
  }

  prime(before: Uint8Array): void {
    for (const stage of this.stages) stage.prime(before);
  }

  push(chunk: Uint8Array): void {
    this.stages[0]!.push(chunk);
  }

  flush(): void {
    for (const stage of this.stages) stage.flush();
  }

  end(): void {
    for (const stage of this.stages) stage.end();
  }
}
