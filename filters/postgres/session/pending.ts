import type { RowMasker } from '../rows/data-row.js';
import type { ColumnLayout } from '../rows/plan.js';
import type { Bind } from '../wire/bind.js';
import type { Judgement } from './judge.js';
import type { Change } from './names.js';
import type { Request } from './request.js';

/** A prepared statement as the session knows it. */
export interface Statement {
  text: string;
  judgement: Judgement;
  /** parameter type OIDs: from Parse, completed by ParameterDescription */
  parameterTypes: number[];
  /** learned by Describe of the statement; formats are those of a later Bind */
  layout: ColumnLayout[] | undefined;
  /** the request that Parse was recorded as */
  request: string;
  /** made by SQL PREPARE (or DECLARE): `text` is the statement around it */
  bySql: boolean;
}

/** A portal or cursor. */
export interface Portal {
  statement: Statement;
  /** parameters as bound; undefined for cursors */
  bind: Bind | undefined;
  /** where the Bind message's body stands, for the digest that an approval is bound to */
  bindBody: { buf: Buffer; start: number; end: number } | undefined;
  /** a Describe of the client is on its way */
  describing?: boolean;
  /** result formats of Bind: none, one for all, or one a column */
  formats: number[];
  /** known layout with its masks; 'none' when it returns no rows */
  rows: RowMasker | 'clean' | 'none' | undefined;
  columns: string[];
  /** it runs something by its name (EXECUTE, FETCH): what that was when the layout was told, until the first row is there */
  named?: { was: Statement | Portal | undefined } | undefined;
  /** an earlier Execute of this portal was approved or allowed already */
  released: boolean;
  /** declared by SQL: outlives a transaction when WITH HOLD, so it is kept */
  cursor: boolean;
  /** WITH HOLD: it keeps its rows from now on, and they are what the catalogue's definitions of this generation say */
  heldAt?: number | undefined;
  /** policy version that released it */
  policyVersion: string;
}

/** Why an operation does not go through, and what the client will read. */
export interface Refusal {
  /** the word that the server is made to stumble over */
  word: string;
  sqlstate: string;
  message: string;
  detail: string;
  hint: string;
}

/** One message on its way, whose answer is awaited in order. */
export interface Entry {
  /** frontend type code */
  kind: number;
  /** sent by the gateway itself: its answer is swallowed */
  injected: boolean;
  request: Request | undefined;
  refusal: Refusal | undefined;
  /** what a simple query or a portal runs, for the lineage of its rows */
  judgement: Judgement | undefined;
  statement: Statement | undefined;
  portal: Portal | undefined;
  /** Describe: 83 S or 80 P */
  target: number;
  statementChanges: { change: Change<Statement>; at: number }[] | undefined;
  portalChanges: { change: Change<Portal>; at: number }[] | undefined;
  /** simple query: which of its statements answers next */
  at: number;
  /** COPY FROM STDIN: not known yet whether it begins, or under way */
  copyIn: 'no' | 'maybe' | 'active';
  /** COPYs FROM STDIN that may still begin or are under way, and CopyDone or CopyFail sent for them */
  copiesLeft: number;
  copyEnds: number;
  /** see Judgement.changesOrigins */
  changesOrigins: boolean;
  /** Sync or Flush that the server ignores when the COPY before it began */
  ignoredByCopy: boolean;
  /** a Sync that may get no answer (copy-syncs.ts) */
  doubtful: boolean;
}

export function entry(kind: number, request?: Request): Entry {
  return {
    kind,
    injected: false,
    request,
    refusal: undefined,
    judgement: undefined,
    statement: undefined,
    portal: undefined,
    target: 0,
    statementChanges: undefined,
    portalChanges: undefined,
    at: 0,
    copyIn: 'no',
    copiesLeft: 0,
    copyEnds: 0,
    changesOrigins: false,
    ignoredByCopy: false,
    doubtful: false,
  };
}

/** First in, first out; dropping from the front costs nothing, and a session that is idle again uses the same few places once more. */
export class PendingQueue {
  private items: (Entry | undefined)[] = [];
  private first = 0;
  /** where the next one goes: `items` may be longer than what it holds */
  private end = 0;

  get length(): number {
    return this.end - this.first;
  }

  head(): Entry | undefined {
    return this.first === this.end ? undefined : this.items[this.first];
  }

  push(item: Entry): void {
    if (this.end < this.items.length) this.items[this.end] = item;
    else this.items.push(item);
    this.end++;
  }

  shift(): Entry | undefined {
    if (this.first === this.end) return undefined;
    const item = this.items[this.first];
    this.items[this.first] = undefined;
    this.first++;
    if (this.first === this.end) {
      if (this.items.length > KEPT_MAX) this.items = [];
      this.first = 0;
      this.end = 0;
    } else if (this.first >= 1024) {
      this.items = this.items.slice(this.first, this.end);
      this.end -= this.first;
      this.first = 0;
    }
    return item;
  }

  /** Removes entries after the head for which `match` says yes, up to the first for which `until` does. */
  removeBehindHead(match: (item: Entry) => boolean, until: (item: Entry) => boolean): void {
    const kept: Entry[] = [];
    let stopped = false;
    for (let i = this.first; i < this.end; i++) {
      const item = this.items[i]!;
      if (i > this.first && !stopped) {
        if (until(item)) stopped = true;
        else if (match(item)) continue;
      }
      kept.push(item);
    }
    this.items = kept;
    this.first = 0;
    this.end = kept.length;
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (let i = this.first; i < this.end; i++) yield this.items[i]!;
  }
}

/** Places that a queue keeps when it is empty. */
const KEPT_MAX = 64;
