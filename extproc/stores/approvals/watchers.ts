import type { HoldRecord } from '../../../filters/approval/types.js';

interface Source {
  /** number of the newest change */
  last(): number;
  since(change: number): HoldRecord[];
}

/** Tells who waits about changes, of this process at once and of others by looking now and then. */
export class Watchers {
  private readonly byHold = new Map<string, Set<(record: HoldRecord) => void>>();
  private readonly all = new Set<(record: HoldRecord) => void>();
  private seen = -1;
  private timer: NodeJS.Timeout | undefined;
  private looking = false;

  constructor(
    private readonly poll_ms: number,
    private readonly source: Source,
  ) {}

  add(hold: string | undefined, changed: (record: HoldRecord) => void): () => void {
    if (this.timer === undefined) this.start();
    if (hold === undefined) this.all.add(changed);
    else {
      const set = this.byHold.get(hold) ?? new Set();
      set.add(changed);
      this.byHold.set(hold, set);
    }
    return () => {
      if (hold === undefined) this.all.delete(changed);
      else {
        const set = this.byHold.get(hold);
        set?.delete(changed);
        if (set?.size === 0) this.byHold.delete(hold);
      }
      if (this.byHold.size === 0 && this.all.size === 0) this.close();
    };
  }

  private start(): void {
    try {
      this.seen = this.source.last();
    } catch {
      this.seen = 0;
    }
    this.timer = setInterval(() => this.look(), this.poll_ms);
    this.timer.unref();
  }

  /** Looks for changes after this turn of the event loop. */
  look(): void {
    if (this.timer === undefined || this.looking) return;
    this.looking = true;
    setImmediate(() => {
      this.looking = false;
      this.tell();
    });
  }

  private tell(): void {
    if (this.timer === undefined) return;
    let records: HoldRecord[];
    try {
      const last = this.source.last();
      if (last === this.seen) return;
      records = this.source.since(this.seen);
      this.seen = last;
    } catch {
      // The store is away; what is held stays held until it is back or its time is over.
      return;
    }
    for (const record of records) {
      for (const changed of [...(this.byHold.get(record.operation.hold) ?? [])]) changed(record);
      for (const changed of [...this.all]) changed(record);
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
