import { COLUMNS_MAX, delimiterOf, isNumber, NAME_MAX } from '../../../filters/mask/codecs/csv.js';
import type { Segment } from '../../../filters/mask/stream/segments.js';
import type { Detector, FindContext, Hit } from '../../../filters/mask/types.js';

const QUOTE = 0x22;

/** Files whose name says that they are lines of cells, packed or not. */
export function hasColumns(name: string): boolean {
  return /\.(csv|tsv|tab)(\.gz)?$/i.test(name);
}

/**
 * Reads the segments of a file of CSV (RFC 4180, any of its delimiters) once more, cell by cell, with the name of the column as evidence:
 * the header may be any number of rows before. What was found in the text stays, but where a cell says better.
 */
export class Columns {
  private delimiter = 0;
  private column = 0;
  /** undefined: the column's name says nothing */
  private readonly contexts: (FindContext | undefined)[] = [];
  private firstLine = true;
  private heading = true;
  /** the segment before ended within a cell */
  private inside = false;
  private quoted = false;

  private readonly named = new WeakMap<Hit, string>();

  constructor(private readonly detector: Detector) {}

  /** The column that a hit was found by; empty where it was found in the text. */
  nameOf(hit: Hit): string {
    return this.named.get(hit) ?? '';
  }

  /** The same segment with what its cells hold; it ends before a cell whose end is still to come. */
  read(segment: Segment): Segment {
    const { buf } = segment;
    let { start: at, end } = segment;
    const found: Hit[] = [];
    if (this.delimiter === 0) {
      if (buf[at] === 0xef && buf[at + 1] === 0xbb && buf[at + 2] === 0xbf) at += 3;
      while (at < end && (buf[at] === 0x0a || buf[at] === 0x0d)) at++;
      this.delimiter = delimiterOf(buf.subarray(at, end));
    }
    while (at < end) {
      if (!this.inside) this.quoted = buf[at] === QUOTE;
      const from = this.quoted && !this.inside ? at + 1 : at;
      const to = this.cellEnd(buf, from, end);
      if (to === end && at > segment.start && !segment.hits.some((hit) => hit.start < at && hit.end > at)) {
        end = at;
        break;
      }
      this.cell(buf, from, this.quoted && to > from && buf[to - 1] === QUOTE ? to - 1 : to, found);
      this.inside = to === end;
      if (!this.inside) this.pass(buf[to]!);
      at = to + 1;
    }
    return { ...segment, end, hits: merged(segment.hits, found, end) };
  }

  /** Where the sign stands that ends the cell; `end` where none does. */
  private cellEnd(buf: Buffer, from: number, end: number): number {
    // behind an even number of quotes the cell is closed, and the next sign ends it
    let closed = !this.quoted;
    for (let p = from; p < end; p++) {
      const b = buf[p]!;
      if (b === QUOTE) closed = this.quoted ? !closed : closed;
      else if (closed && (b === this.delimiter || b === 0x0a || b === 0x0d)) return p;
    }
    return end;
  }

  private cell(buf: Buffer, from: number, to: number, found: Hit[]): void {
    if (this.column >= COLUMNS_MAX || to <= from) return;
    if (this.firstLine) {
      if (!this.quoted && isNumber(buf.subarray(from, to))) this.heading = false;
      const context = { name: buf.toString('utf8', from, Math.min(to, from + NAME_MAX)) };
      if (this.detector.sensitiveName(context.name)) this.contexts[this.column] = context;
      return;
    }
    const context = this.contexts[this.column];
    if (!this.heading || context === undefined) return;
    for (const hit of this.detector.find(buf, from, to, context)) {
      this.named.set(hit, context.name);
      found.push(hit);
    }
  }

  private pass(sign: number): void {
    if (sign === this.delimiter) {
      this.column++;
      return;
    }
    this.firstLine = false;
    this.column = 0;
  }
}

/** What cells hold, and what was found in the text beside it, in order. */
function merged(text: readonly Hit[], cells: readonly Hit[], end: number): readonly Hit[] {
  if (cells.length === 0) return text.filter((hit) => hit.start < end);
  const all = [...cells];
  let k = 0;
  for (const hit of text) {
    if (hit.start >= end) break;
    while (k < cells.length && cells[k]!.end <= hit.start) k++;
    if (k === cells.length || cells[k]!.start >= hit.end) all.push(hit);
  }
  return all.sort((a, b) => a.start - b.start);
}
