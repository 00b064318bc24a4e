import type { HoldRecord } from '../../../filters/approval/types.js';

/** Where changes are numbered, one up for each. */
export interface ChangeSource {
  /** number of the newest change */
  last(): Promise<number>;
  /** records that changed after `change`, and the newest number there was when they were read */
  since(change: number): Promise<{ last: number; records: HoldRecord[] }>;
  get(hold: string): Promise<HoldRecord | undefined>;
}

type Changed = (record: HoldRecord) => void;

/** Tells who waits about changes, of this process at once and of others by looking now and then. */
export class Watchers {
  private readonly byHold = new Map<string, Set<Changed>>();
  private readonly all = new Set<Changed>();
  private timer: NodeJS.Timeout | undefined;
  private seen: number | undefined;
  private looking = false;
  private again = false;
  /** a look failed: changes may have been missed, or another file stands there now */
  private missed = false;

  constructor(
    private readonly poll_ms: number,
    private readonly source: ChangeSource,
  ) {}

  /** Watches one hold, or all (undefined), until the returned function is called. */
  add(hold: string | undefined, changed: Changed): () => void {
    // The same function may be given twice; each has its own entry.
    const entry: Changed = (record) => changed(record);
    const set = hold === undefined ? this.all : (this.byHold.get(hold) ?? new Set());
    set.add(entry);
    if (hold !== undefined) this.byHold.set(hold, set);
    if (this.timer === undefined) {
      this.seen = undefined;
      this.timer = setInterval(() => this.look(), this.poll_ms).unref();
      this.look();
    }
    return () => {
      set.delete(entry);
      if (hold !== undefined && set.size === 0 && this.byHold.get(hold) === set) this.byHold.delete(hold);
      if (this.byHold.size === 0 && this.all.size === 0) this.close();
    };
  }

  /** Looks for changes; one look at a time, and once more when something changed meanwhile. */
  look(): void {
    if (this.timer === undefined) return;
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = true;
    void this.lookOnce().finally(() => {
      this.looking = false;
      if (!this.again) return;
      this.again = false;
      this.look();
    });
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async lookOnce(): Promise<void> {
    let records: HoldRecord[] = [];
    try {
      const last = await this.source.last();
      const { seen, missed } = this;
      if (seen !== undefined && last !== seen) {
        const news = await this.source.since(seen);
        this.seen = news.last;
        records = news.records;
      } else this.seen = last;
      if (missed) {
        for (const hold of [...this.byHold.keys()]) records.push(...(await this.decided(hold)));
        this.missed = false;
      }
    } catch {
      // The store is away; what is held stays held until it is back or its time is over.
      this.missed = true;
      return;
    }
    for (const record of records) this.tell(record);
  }

  private async decided(hold: string): Promise<HoldRecord[]> {
    const record = await this.source.get(hold);
    return record === undefined || record.status === 'pending' ? [] : [record];
  }

  private tell(record: HoldRecord): void {
    for (const changed of [...(this.byHold.get(record.operation.hold) ?? []), ...this.all]) {
      try {
        changed(record);
      } catch (error) {
        // One watcher's failure is its own: the others are told, and it surfaces as the uncaught error that it is.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
