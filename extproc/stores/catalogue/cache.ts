import type { CatalogueView, ColumnPattern, FunctionEntry, Relation } from '../../../filters/postgres/rows/origin.js';
import type { TypeEntry } from '../../../filters/postgres/rows/types.js';

/** How long an entry is believed: definitions may change behind the gateway's back. */
export const KNOWN_MS_MAX = 30_000;
/** The same for what was not there: it may be about to be committed. */
export const UNKNOWN_MS_MAX = 2_000;
/** Entries of each sort. Younger ones than a second stay even beyond it, so that whoever asked for them finds them. */
export const ENTRIES_MAX = 20_000;
const FRESH_MS = 1_000;

interface Entry<V> {
  value: V | 'unknown';
  since: number;
}

/** A bounded map whose entries age. */
export class AgingMap<K, V> {
  private readonly entries = new Map<K, Entry<V>>();

  constructor(
    private readonly now: () => number,
    private readonly entries_max = ENTRIES_MAX,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** undefined: not known, or too old to be believed. */
  get(key: K): V | 'unknown' | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const age = this.now() - entry.since;
    // A clock that was set back makes an entry young for ever; it is then not believed either.
    if (age < 0 || age > (entry.value === 'unknown' ? UNKNOWN_MS_MAX : KNOWN_MS_MAX)) {
      this.entries.delete(key);
      return undefined;
    }
    return entry.value;
  }

  /** `age_ms`: how old the value counts as already. */
  set(key: K, value: V | 'unknown', age_ms = 0): void {
    const now = this.now();
    this.entries.delete(key);
    this.entries.set(key, { value, since: now - age_ms });
    for (const [oldest, entry] of this.entries) {
      if (this.entries.size <= this.entries_max || now - entry.since < FRESH_MS) break;
      this.entries.delete(oldest);
    }
  }

  clear(): void {
    this.entries.clear();
  }
}

export const patternKey = ({ schema, table, column }: ColumnPattern): string => `${schema}\0${table}\0${column}`;
export const nameKey = (schema: string, name: string): string => `${schema}\0${name}`;

/** What is known of one database. Read by sessions without waiting. */
export class CatalogueCache implements CatalogueView {
  readonly relations: AgingMap<number, Relation>;
  readonly names: AgingMap<string, readonly Relation[]>;
  readonly types: AgingMap<number, TypeEntry>;
  readonly functions: AgingMap<number, FunctionEntry>;
  readonly covering: AgingMap<string, boolean>;
  /** grows with each invalidation: what was asked before it must not be kept after it */
  generation = 0;

  constructor(now: () => number, entries_max = ENTRIES_MAX) {
    this.relations = new AgingMap(now, entries_max);
    this.names = new AgingMap(now, entries_max);
    this.types = new AgingMap(now, entries_max);
    this.functions = new AgingMap(now, entries_max);
    this.covering = new AgingMap(now, entries_max);
  }

  relation(oid: number): Relation | undefined | 'unknown' {
    return this.relations.get(oid);
  }

  byName(schema: string, name: string): readonly Relation[] | undefined | 'unknown' {
    return this.names.get(nameKey(schema, name));
  }

  type(oid: number): TypeEntry | undefined | 'unknown' {
    return this.types.get(oid);
  }

  functionByOid(oid: number): FunctionEntry | undefined | 'unknown' {
    return this.functions.get(oid);
  }

  covers(pattern: ColumnPattern): boolean | undefined | 'unknown' {
    return this.covering.get(patternKey(pattern));
  }

  invalidate(): void {
    this.generation++;
    this.relations.clear();
    this.names.clear();
    this.types.clear();
    this.functions.clear();
    this.covering.clear();
  }
}
