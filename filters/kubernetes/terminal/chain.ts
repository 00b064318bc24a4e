import type { BodyMask } from '../../http/masking.js';
import { StreamMasker } from '../../mask/stream/masker.js';

/** Bytes that a new masker is given as evidence. */
const EVIDENCE_BYTES = 1024;

/** Text through all masks, the strongest first, that can be let go of at any time and goes on with what was there as evidence. */
export class TextChain {
  private stages: StreamMasker[] = [];
  /** the end of what went into each stage */
  private recent: Buffer[];
  private before = 0;
  private readonly counts: number[];

  constructor(
    private readonly masks: readonly BodyMask[],
    private readonly write: (bytes: Buffer) => void,
  ) {
    this.recent = masks.map(() => Buffer.alloc(0));
    this.counts = masks.map(() => 0);
    this.build();
  }

  private build(): void {
    this.stages = [];
    let next = this.write;
    for (let i = this.masks.length - 1; i >= 0; i--) {
      const { detector, masker } = this.masks[i]!;
      const into = next;
      const stage = new StreamMasker({ detector, masker, write: (bytes) => into(Buffer.from(bytes)) });
      if (this.recent[i]!.length > 0) stage.prime(this.recent[i]!);
      this.stages.unshift(stage);
      next = (bytes) => {
        if (bytes.length === 0) return;
        this.recent[i] = Buffer.concat([this.recent[i]!, bytes]).subarray(-EVIDENCE_BYTES);
        stage.push(bytes);
      };
      if (i === 0) this.first = next;
    }
    if (this.masks.length === 0) this.first = this.write;
  }

  private first: (bytes: Buffer) => void = () => undefined;

  push(bytes: Buffer): void {
    this.first(bytes);
  }

  flush(): void {
    for (const stage of this.stages) stage.flush();
  }

  /** Lets everything go, and goes on behind it. */
  release(): void {
    for (const stage of this.stages) stage.end();
    this.stages.forEach((stage, i) => {
      this.counts[i]! += stage.hits;
    });
    this.before = this.counts.reduce((sum, count) => sum + count, 0);
    this.build();
  }

  get held(): number {
    return this.stages.reduce((sum, stage) => sum + stage.held, 0);
  }

  get hits(): number {
    return this.before + this.stages.reduce((sum, stage) => sum + stage.hits, 0);
  }

  get fired(): { rule: string; count: number }[] {
    return this.masks
      .map(({ name }, i) => ({ rule: name, count: this.counts[i]! + (this.stages[i]?.hits ?? 0) }))
      .filter(({ count }) => count > 0);
  }
}
