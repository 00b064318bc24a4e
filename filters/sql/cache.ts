/** A map that forgets what was used longest ago, bounded by entries and by bytes. */
export class LruCache<T> {
  private readonly entries = new Map<string, { value: T; bytes: number }>();
  private bytes = 0;

  constructor(
    private readonly entries_max: number,
    private readonly bytes_max: number,
  ) {}

  get(key: string): T | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    // The map keeps the order of insertion, so using an entry means to insert it again.
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Keeps a value that takes `bytes`, the key included; one that is larger than the whole cache is not kept. */
  set(key: string, value: T, bytes: number): void {
    if (bytes > this.bytes_max || this.entries_max < 1) return;
    const before = this.entries.get(key);
    if (before !== undefined) {
      this.entries.delete(key);
      this.bytes -= before.bytes;
    }
    this.entries.set(key, { value, bytes });
    this.bytes += bytes;
    for (const [oldest, entry] of this.entries) {
      if (this.entries.size <= this.entries_max && this.bytes <= this.bytes_max) break;
      this.entries.delete(oldest);
      this.bytes -= entry.bytes;
    }
  }

  get size(): number {
    return this.entries.size;
  }

  get bytes_used(): number {
    return this.bytes;
  }
}
