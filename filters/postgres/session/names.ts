/**
 * What the names of prepared statements and portals stand for, while answers are still under way.
 * A Parse that is in flight may fail, and then the name keeps its old meaning: judging by the new one alone would let
 * `Parse s (harmless) · Sync · Bind s · Execute` run the old one. So every change waits here until the server confirmed
 * it, and a look-up says when it can't know yet.
 *
 * "Segment" is the stretch between two Syncs (a Query is one of its own: what comes behind it runs whether it failed or not): within
 * one, a failure makes the server skip all that follows, so the newest change may be trusted there.
 */
export interface Change<T> {
  name: string;
  /** undefined removes the name; name '*' removes all */
  value: T | undefined;
  segment: number;
  order: number;
}

export type Found<T> = { certain: true; value: T | undefined } | { certain: false };

/** Postgres keeps names in NAMEDATALEN (64) bytes, so longer ones collide on their first 63. */
const NAME_BYTES_MAX = 63;

const clip = (name: string): string => (name.length > NAME_BYTES_MAX ? name.slice(0, NAME_BYTES_MAX) : name);

/**
 * Names are latin1 strings: one character a byte. All look-ups are by hash, however much is in flight; the empty name, which most
 * drivers use for every statement, has a place of its own that needs none.
 */
export class Names<T> {
  private readonly confirmed = new Map<string, T>();
  /** in flight, oldest first, by name; '*' holds the removals of all */
  private readonly pending = new Map<string, Change<T>[]>();
  private unnamed: T | undefined;
  /** the only change in flight of the empty name; once there are two, all of them stand in `pending` until none is left */
  private unnamedChange: Change<T> | undefined;
  private order = 0;

  /** Names that the server has. */
  get size(): number {
    return this.confirmed.size + (this.unnamed === undefined ? 0 : 1);
  }

  change(name: string, value: T | undefined, segment: number): Change<T> {
    const change = { name: name === '*' ? name : clip(name), value, segment, order: this.order++ };
    if (name === '' && this.unnamedChange === undefined && !this.pending.has('')) {
      this.unnamedChange = change;
      return change;
    }
    if (name === '' && this.unnamedChange !== undefined) {
      this.pending.set('', [this.unnamedChange]);
      this.unnamedChange = undefined;
    }
    const list = this.pending.get(change.name);
    if (list === undefined) this.pending.set(change.name, [change]);
    else list.push(change);
    return change;
  }

  find(name: string, segment: number): Found<T> {
    const key = clip(name);
    let newest = name === '' ? this.unnamedChange : undefined;
    if (this.pending.size > 0) {
      newest ??= this.pending.get(key)?.at(-1);
      const all = this.pending.get('*')?.at(-1);
      // After `DEALLOCATE ALL` in this segment the name is gone; if that failed, what follows is skipped.
      if (all !== undefined && (newest === undefined || all.order > newest.order)) newest = all;
    }
    if (newest === undefined) return { certain: true, value: key === '' ? this.unnamed : this.confirmed.get(key) };
    return newest.segment === segment ? { certain: true, value: newest.value } : { certain: false };
  }

  /** What the name stands for to the server as of its last answer, whatever is in flight behind that. */
  answered(name: string): T | undefined {
    const key = clip(name);
    return key === '' ? this.unnamed : this.confirmed.get(key);
  }

  /** The server has carried the change out. */
  confirm(change: Change<T>): void {
    this.drop(change);
    if (change.name === '') this.unnamed = change.value;
    else if (change.name === '*') {
      this.confirmed.clear();
      this.unnamed = undefined;
    } else if (change.value === undefined) this.confirmed.delete(change.name);
    else this.confirmed.set(change.name, change.value);
  }

  /** The server refused or skipped the change, or it has been confirmed. */
  drop(change: Change<T>): void {
    if (this.unnamedChange === change) {
      this.unnamedChange = undefined;
      return;
    }
    const list = this.pending.get(change.name);
    if (list === undefined) return;
    // Answers come in order, so it is nearly always the first.
    const at = list[0] === change ? 0 : list.indexOf(change);
    if (at < 0) return;
    if (list.length === 1) this.pending.delete(change.name);
    else list.splice(at, 1);
  }

  /** Removes confirmed names for which `gone` says yes. */
  removeWhere(gone: (value: T) => boolean): void {
    if (this.unnamed !== undefined && gone(this.unnamed)) this.unnamed = undefined;
    if (this.confirmed.size === 0) return;
    for (const [name, value] of this.confirmed) if (gone(value)) this.confirmed.delete(name);
  }
}
