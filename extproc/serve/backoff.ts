const FIRST_MS = 100;
const LONGEST_MS = 10_000;
/** A worker that has lived for so long was sound: when it dies, counting begins anew. */
const SOUND_MS = 30_000;

/** Milliseconds to wait before a worker is started again: double after each failure, up to a bound. */
export class Backoff {
  private failures = 0;

  /** @param lived_ms how long the worker had been ready; 0 when it never was */
  next(lived_ms: number): number {
    if (lived_ms >= SOUND_MS) this.failures = 0;
    return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.failures++, 20));
  }
}
