import type { ContentMasker } from '../../http/masking.js';

/** Of a line that does not end so much is held, bytes. */
const TAIL_BYTES_MAX = 64 * 1024;

const LF = 0x0a;

/**
 * A log that `limitBytes` cuts wherever it likes: what is left of a last line is not given. The first half of a value is no value, and nobody would
 * mask it; one byte more each time would tell the rest.
 */
export class WholeLines implements ContentMasker {
  private tail: Buffer = Buffer.alloc(0);

  constructor(private readonly masker: ContentMasker) {}

  push(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.tail, chunk]);
    const end = Math.max(bytes.lastIndexOf(LF) + 1, bytes.length - TAIL_BYTES_MAX);
    this.tail = bytes.subarray(end);
    if (end > 0) this.masker.push(bytes.subarray(0, end));
  }

  flush(): void {
    this.masker.flush();
  }

  end(): void {
    this.masker.end();
  }

  get held(): number {
    return this.masker.held + this.tail.length;
  }

  get hits(): number {
    return this.masker.hits;
  }

  get fired(): readonly { rule: string; count: number }[] {
    return this.masker.fired;
  }
}
