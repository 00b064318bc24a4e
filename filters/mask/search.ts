import type { Line } from './detectors/lines.js';
import type { Vain } from './detectors/vain.js';
import { evidenceBefore } from './evidence.js';
import type { Hit } from './types.js';

/** Hits below this score are not reported. Detectors add evidence for and against around it. */
export const SCORE_MIN = 0.5;

/** before any place that is in reach of one */
const NOWHERE = -(2 ** 30);
let rounds = 0;

const NO_TRIGGERS = new Uint16Array(256);

/** Kinds that are looked for together. */
export interface Classes {
  keyed: readonly number[];
  cards: readonly number[];
  labelled: readonly number[];
}

/** Is any of the kinds wanted? */
export function wants(wanted: Uint8Array, some: readonly number[]): boolean {
  return some.some((kind) => wanted[kind] === 1);
}

/**
 * The state of one search: where it reads, what evidence it has, what it found. One is kept per detector and used again,
 * so searching clean bytes allocates nothing.
 */
export class Search {
  buf: Uint8Array = new Uint8Array(0);
  /** the range that may be read */
  lo = 0;
  hi = 0;
  /** evidence bits of the column's or key's name (evidence.ts) */
  name = 0;
  /** what the column's or key's name says beyond the bits (labels.ts) */
  labels = 0;
  /** which kinds are wanted, by kind id */
  readonly wanted: Uint8Array;
  /** regions for national phone numbers */
  readonly regions: readonly string[];
  /** bytes looked at; tests prove with it that the work grows with the input and not faster */
  steps = 0;
  /** once an end of an armoured block was looked for in vain, from here on there is none */
  noArmourEndFrom = 0;
  /** inside a value that an assignment already claimed, no other assignment is looked for up to here */
  claimedUntil = 0;
  /** the same for a token's segments and for the userinfo of URLs, so that hostile repetitions are read once */
  claimedUntilJwt = 0;
  noUserinfoUntil = 0;
  noCookiesUntil = 0;
  /** up to here commands before options were looked for, and where the last one stands (shell.ts) */
  commandsRead = 0;
  commandAt = 0;
  /** the same for commands of routers (behind-name.ts) */
  routersRead = 0;
  routerAt = 0;
  /** the line that was asked for last, and the header's (lines.ts) */
  readonly line: Line = { at: 0, from: 0 };
  readonly headerLine: Line = { at: 0, from: 0 };
  /** where a list of columns was looked for last, and where it begins, -1 where there is none (tables.ts) */
  listAt = 0;
  listFrom = -1;
  /** no value of a block begins in these bytes, nor does a block end; no tag ends (siblings.ts) */
  readonly valueless: Vain = { from: 0, until: 0 };
  readonly tagless: Vain = { from: 0, until: 0 };
  /** no date begins in between (birth.ts) */
  undatedFrom = 0;
  undatedUntil = 0;
  /** no value without quotes ends in between (extent.ts) */
  plainFrom = 0;
  plainUntil = 0;
  /** which of all searches it is */
  round = 0;
  private beforeAt = -1;
  private beforeBits = 0;
  count = 0;
  readonly kind: number[] = [];
  readonly start: number[] = [];
  readonly end: number[] = [];
  readonly score: number[] = [];

  /** some wanted kind is named by keys alone, stands beside cards (or is a card), is named by the words before digits */
  readonly keyed: boolean;
  readonly cards: boolean;
  readonly labelled: boolean;

  /** the search of decoded text, made when the first is decoded; this one is it; up to here nothing is looked into (encoded.ts) */
  inner: Search | undefined;
  triggers: Uint16Array = NO_TRIGGERS;
  /** how many times the text was decoded */
  readonly depth: number;
  /** up to here what is not ASCII was read (spelled.ts) */
  spelledUntil = 0;
  encodedUntil = 0;
  /** the manifest that was read last ends here (kubernetes.ts) */
  manifestUntil = 0;
  /** the table that was read last ends here, or the header that was none (tables.ts) */
  tableUntil = 0;

  constructor(wanted: Uint8Array, regions: readonly string[], classes: Classes, outer?: Search) {
    this.wanted = wanted;
    this.keyed = outer?.keyed ?? wants(wanted, classes.keyed);
    this.cards = outer?.cards ?? wants(wanted, classes.cards);
    this.labelled = outer?.labelled ?? wants(wanted, classes.labelled);
    this.depth = outer === undefined ? 0 : outer.depth + 1;
    this.regions = regions;
  }

  begin(buf: Uint8Array, start: number, end: number, name: number, labels = 0): void {
    this.labels = labels;
    this.buf = buf;
    this.lo = start;
    this.hi = end;
    this.name = name;
    this.noArmourEndFrom = end;
    this.claimedUntil = start;
    this.claimedUntilJwt = start;
    this.noUserinfoUntil = start;
    this.noCookiesUntil = start;
    this.encodedUntil = start;
    this.spelledUntil = start;
    this.manifestUntil = start;
    this.tableUntil = start;
    this.commandsRead = start;
    this.commandAt = NOWHERE;
    this.routersRead = start;
    this.routerAt = NOWHERE;
    this.line.at = start;
    this.line.from = start;
    this.headerLine.at = start;
    this.headerLine.from = start;
    this.listAt = start;
    this.listFrom = -1;
    this.valueless.from = start;
    this.valueless.until = start;
    this.tagless.from = start;
    this.tagless.until = start;
    this.undatedUntil = start;
    this.plainFrom = 0;
    this.plainUntil = 0;
    this.round = ++rounds;
    this.beforeAt = -1;
    this.count = 0;
  }

  /** Evidence of the words before `at` (evidence.ts), remembered for the place asked last. */
  before(at: number): number {
    if (this.beforeAt === at) return this.beforeBits;
    this.beforeAt = at;
    this.beforeBits = evidenceBefore(this.buf, at, this.lo);
    this.steps += 16;
    return this.beforeBits;
  }

  /** Takes the evidence of the words before `at` from who has read them already. */
  know(at: number, bits: number): void {
    this.beforeAt = at;
    this.beforeBits = bits;
  }

  /** Notes a candidate; too weak ones and kinds nobody wants are dropped here. */
  found(kind: number, start: number, end: number, score: number): void {
    if (score < SCORE_MIN || this.wanted[kind] === 0 || end <= start) return;
    const at = this.count++;
    this.kind[at] = kind;
    this.start[at] = start;
    this.end[at] = end;
    this.score[at] = score;
  }

  /** The only candidate, written into `hit`. */
  tell(hit: Hit, kindNames: readonly string[]): void {
    hit.kind = kindNames[this.kind[0]!]!;
    hit.start = this.start[0]!;
    hit.end = this.end[0]!;
    hit.score = Math.min(1, this.score[0]!);
  }

  /**
   * The hits in order without overlaps. Where two overlap, the longer one names the kind (the surer one if they are equally long),
   * and the span is the union of both: no end of a secret may stay visible because something else reached into it.
   */
  hits(kindNames: readonly string[]): Hit[] {
    const order = this.inOrder();
    const out: Hit[] = [];
    // the longest single candidate inside the last union: it names the union
    let named = 0;
    for (let k = 0; k < this.count; k++) {
      const at = order === undefined ? k : order[k]!;
      const start = this.start[at]!;
      const end = this.end[at]!;
      const score = Math.min(1, this.score[at]!);
      const last = out[out.length - 1];
      if (last === undefined || start >= last.end) {
        out.push({ kind: kindNames[this.kind[at]!]!, start, end, score });
        named = end - start;
        continue;
      }
      const length = end - start;
      if (length > named || (length === named && score > last.score)) {
        last.kind = kindNames[this.kind[at]!]!;
        last.score = score;
        named = length;
      }
      if (end > last.end) last.end = end;
    }
    return out;
  }

  /** The candidates by start, the longest first; undefined when they were found in that order, as most are. */
  private inOrder(): number[] | undefined {
    const { start, end, count } = this;
    let sorted = true;
    for (let k = 1; k < count && sorted; k++) sorted = start[k - 1]! < start[k]! || (start[k - 1] === start[k] && end[k - 1]! >= end[k]!);
    if (sorted) return undefined;
    const order: number[] = [];
    for (let k = 0; k < count; k++) order.push(k);
    return order.sort((a, b) => start[a]! - start[b]! || end[b]! - end[a]!);
  }
}
