import type { FindContext, Kind, MaskAs, Masker, WholeForm } from '../../mask/types.js';
import type { ByteSink } from './byte-sink.js';
import type { Finder } from './finder.js';
import type { ColumnRule } from './mask-set.js';

/** What became of a value. KEEP: nothing was written, the original may pass. */
export const KEEP = 0;
/** The masked value was appended to the sink. */
export const WRITTEN = 1;
/** The value is to become NULL; nothing was written. */
export const NULLED = 2;
export type Outcome = 0 | 1 | 2;

export interface FiredEntry {
  rule: string;
  kind: Kind;
  count: number;
}

/** How values of a column were written of late, and what masks them. */
export interface Usual {
  form: WholeForm;
  kind: Kind;
  rule: string;
  masker: Masker;
}

/** One column on its way to the client: its name, what covers it, and what fired. */
export class Cell {
  readonly context: FindContext;
  /** the name alone makes values suspicious, so a quick look must not be used to skip */
  readonly sensitive: boolean;
  readonly fired: FiredEntry[] = [];
  /** nesting of arrays and composites while a value is read */
  depth = 0;
  private heat = 0;
  usual: Usual | undefined;
  private wholeKind: Kind = '';
  private wholes = 0;

  constructor(
    readonly finder: Finder,
    readonly name: string,
    readonly cover: ColumnRule | undefined,
  ) {
    this.context = { name };
    this.sensitive = finder.sensitiveName(name);
  }

  /**
   * Nearly every value of late had a hit: then a quick look before the search is one look too many. It never says no where the
   * search finds something, so leaving it out changes nothing but the time.
   */
  get hot(): boolean {
    return this.heat >= HOT;
  }

  /**
   * Masks buf[start, end) where it is written as most values of late were; undefined where it is not. The same comes out as of the
   * search, by far less work.
   */
  maskUsual(buf: Buffer, start: number, end: number, out: ByteSink): Outcome | undefined {
    const { usual } = this;
    if (usual === undefined || !usual.form(buf, start, end)) return undefined;
    this.warm();
    this.count(usual.rule, usual.kind);
    return usual.masker.into(usual.kind, buf, start, end, out) ? WRITTEN : NULLED;
  }

  /** The finder's only hit was the whole value: when one after the other was, their form is asked first. */
  foundWhole(): void {
    const kind = this.finder.kinds[0]!;
    if (kind !== this.wholeKind) {
      this.wholeKind = kind;
      this.wholes = 0;
    }
    if (++this.wholes !== HOT) return;
    const form = this.finder.wholeForm(kind, this.name);
    const { name, masker } = this.finder.ruleOf(0);
    this.usual = form && { form, kind, rule: name, masker };
  }

  /** So many values were masked by their usual form elsewhere. */
  masked(count: number): void {
    const { rule, kind } = this.usual!;
    this.heat = Math.min(HEAT_MAX, this.heat + count);
    this.count(rule, kind, count);
  }

  warm(): void {
    if (this.heat < HEAT_MAX) this.heat++;
  }

  cool(): void {
    this.heat = this.heat > COOLING ? this.heat - COOLING : 0;
  }

  count(rule: string, kind: Kind, count = 1): void {
    for (const entry of this.fired) {
      if (entry.kind === kind && entry.rule === rule) {
        entry.count += count;
        return;
      }
    }
    this.fired.push({ rule, kind, count });
  }

  /** Counts the hits that the finder holds. */
  countHits(): void {
    const { finder } = this;
    for (let i = 0; i < finder.count; i++) this.count(finder.ruleOf(i).name, finder.kinds[i]!);
  }
}

const HOT = 8;
const HEAT_MAX = 16;
/** What one value without a hit costs, in values with one. */
const COOLING = 4;

/** How one value is masked as a whole: by a column rule, or because of the strongest hit in it. */
export interface Cover {
  as: MaskAs;
  masker: Masker;
  kind: Kind;
}

/** The kind that maskers are given for values which a column rule covers. */
export const COLUMN_KIND = 'column';
