import { joinedRules } from '../../http/joined-masks.js';
import type { BodyMask } from '../../http/masking.js';
import type { JoinedRules } from '../../mask/joined.js';
import { type TextMasker, textMasker } from '../../mask/stream/text-masker.js';

/** Bytes that a new masker is given as evidence. */
const EVIDENCE_BYTES = 1024;

/** Text through all masks, which read it together, that can be let go of at any time and goes on with what was there as evidence. */
export class TextChain {
  private readonly rules: JoinedRules | undefined;
  private stage: TextMasker | undefined;
  /** the end of what came */
  private recent: Buffer = Buffer.alloc(0);
  private before = 0;

  constructor(
    private readonly masks: readonly BodyMask[],
    private readonly write: (bytes: Buffer) => void,
  ) {
    this.rules = masks.length === 0 ? undefined : joinedRules(masks);
    this.build();
  }

  private build(): void {
    const { rules, recent } = this;
    if (rules === undefined) return;
    const write = (bytes: Buffer): void => this.write(Buffer.from(bytes));
    this.stage = textMasker({ detector: rules.detector, masker: rules.strongest, rules, write });
    if (recent.length > 0) this.stage.prime(recent);
  }

  push(bytes: Buffer): void {
    if (this.stage === undefined) return this.write(bytes);
    if (bytes.length === 0) return;
    this.recent = Buffer.concat([this.recent, bytes]).subarray(-EVIDENCE_BYTES);
    this.stage.push(bytes);
  }

  flush(): void {
    this.stage?.flush();
  }

  /** Lets everything go, and goes on behind it. */
  release(): void {
    if (this.stage === undefined) return;
    this.stage.end();
    this.before += this.stage.hits;
    this.build();
  }

  get held(): number {
    return this.stage?.held ?? 0;
  }

  get hits(): number {
    return this.before + (this.stage?.hits ?? 0);
  }

  get fired(): { rule: string; count: number }[] {
    const counts = this.rules?.counts ?? [];
    return counts.map((count, i) => ({ rule: this.masks[i]!.name, count })).filter(({ count }) => count > 0);
  }
}
