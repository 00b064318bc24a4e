/**
 * What the names of prepared statements and portals stand for, while answers are still under way.
 * A Parse that is in flight may fail, and then the name keeps its old meaning: judging by the new one alone would let
 * `Parse s (harmless) · Sync · Bind s · Execute` run the old one. So every change waits here until the server confirmed
 * it, and a look-up says when it can't know yet.
 *
 * "Segment" is the stretch between two Syncs (or Queries): within one, a failure makes the server skip all that follows,
 * so the newest change may be trusted there.
 */
export interface Change<T> {
  name: string;
  /** undefined removes the name; name '*' removes all */
  value: T | undefined;
  segment: number;
}

export type Found<T> = { certain: true; value: T | undefined } | { certain: false };

/** Postgres keeps names in NAMEDATALEN (64) bytes, so longer ones collide on their first 63. */
const NAME_BYTES_MAX = 63;

const clip = (name: string): string => (name.length > NAME_BYTES_MAX ? name.slice(0, NAME_BYTES_MAX) : name);

/** Names are latin1 strings: one character a byte. */
export class Names<T> {
  private readonly confirmed = new Map<string, T>();
  private readonly pending: Change<T>[] = [];

  get size(): number {
    return this.confirmed.size + this.pending.length;
  }

  change(name: string, value: T | undefined, segment: number): Change<T> {
    const change = { name: name === '*' ? name : clip(name), value, segment };
    this.pending.push(change);
    return change;
  }

  find(name: string, segment: number): Found<T> {
    const key = clip(name);
    for (let i = this.pending.length - 1; i >= 0; i--) {
      const change = this.pending[i]!;
      if (change.name !== key && change.name !== '*') continue;
      if (change.segment !== segment) return { certain: false };
      // After `DEALLOCATE ALL` in this segment the name is gone; if that failed, what follows is skipped.
      return { certain: true, value: change.name === '*' ? undefined : change.value };
    }
    return { certain: true, value: this.confirmed.get(key) };
  }

  /** The server has carried the change out. */
  confirm(change: Change<T>): void {
    this.forget(change);
    if (change.name === '*') this.confirmed.clear();
    else if (change.value === undefined) this.confirmed.delete(change.name);
    else this.confirmed.set(change.name, change.value);
  }

  /** The server refused or skipped the change. */
  drop(change: Change<T>): void {
    this.forget(change);
  }

  private forget(change: Change<T>): void {
    const at = this.pending.indexOf(change);
    if (at >= 0) this.pending.splice(at, 1);
  }

  /** Removes confirmed names for which `gone` says yes. */
  removeWhere(gone: (value: T) => boolean): void {
    if (this.confirmed.size === 0) return;
    for (const [name, value] of this.confirmed) if (gone(value)) this.confirmed.delete(name);
  }
}
