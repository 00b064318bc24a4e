import { ByFind } from '../by-find.js';
import { openFrom } from '../stream/open-end.js';
import type { Detector, FindContext, Hit, Kind, WholeForm } from '../types.js';
import { readEscapes } from './escapes.js';
import { readAttributes, readMarkup } from './markup.js';
import { type Reader, Reading } from './reading.js';
import { nextUnseen, readUnseen, UNSEEN_BYTES } from './unseen.js';

/** What was undone is read again, three times at most: escapes in escapes, HTML in attributes; and then as it is seen. */
const ROUNDS_MAX = 4;
/** bytes that one byte of a value may take in escapes: `\\\U00000034` */
const ESCAPED_MAX = 16;

const NONE: readonly Hit[] = Object.freeze([]);

/** What a text says without its escapes; without its tags; in its attributes. */
const MARKUP: readonly (readonly Reader[])[] = [
  [readMarkup, readEscapes, readEscapes],
  [readAttributes, readEscapes, readMarkup],
];
const ALL = [[readEscapes, readEscapes, readEscapes, readUnseen], [readUnseen, readEscapes, readEscapes], ...MARKUP];

/** Bytes without which a text says what it is. */
export const READING_BYTES: readonly number[] = [0x5c, 0x26, 0x3c, ...UNSEEN_BYTES];

const known = new WeakMap<Detector, Through>();
const across = new WeakMap<Detector, Through>();

/** A detector of what tags, comments and CDATA cut, and of what attributes hide, alone: what stands in one piece was looked for before. */
export function acrossMarkup(detector: Detector): Detector {
  let made = across.get(detector);
  if (made === undefined) {
    made = new Through(detector, MARKUP, false);
    across.set(detector, made);
  }
  return made;
}

/** The same detector, which also finds what backslash escapes, character references, tags and controls within it hide. */
export function throughEscapes(detector: Detector): Detector {
  if (detector instanceof Through) return detector;
  let made = known.get(detector);
  if (made === undefined) {
    made = new Through(detector, ALL);
    known.set(detector, made);
  }
  return made;
}

/** Whether buf[start, end) has a sign that an escape, a reference or a tag begins with, or what is not seen. */
export function mayEscape(buf: Buffer, start: number, end: number): boolean {
  const range = buf.subarray(start, end);
  return range.includes(0x5c) || range.includes(0x26) || range.includes(0x3c) || nextUnseen(buf, start, end) < end;
}

/**
 * Finds in a text as it is and in what readers make of it, each in rounds. What is found in a reading is a hit at the bytes that it comes
 * from, with the value that it stands for. It keeps scratch memory: twelve times the longest text that had something to undo.
 */
export class Through extends ByFind {
  private readonly rounds: Reading[] = Array.from({ length: ROUNDS_MAX }, () => new Reading());

  /** `chains`: readers of the text, each reads what the one before it made of it. `plain`: it is searched as it is, too. */
  constructor(
    private readonly inner: Detector,
    private readonly chains: readonly (readonly Reader[])[],
    private readonly plain = true,
  ) {
    super();
  }

  get kinds(): readonly Kind[] {
    return this.inner.kinds;
  }

  get held_max(): number {
    return this.inner.held_max ?? 0;
  }

  begun(buf: Buffer, from: number, to: number): number {
    return this.inner.begun?.(buf, from, to) ?? this.held_max;
  }

  get short_numbers(): boolean {
    return this.inner.short_numbers === true;
  }

  /** a hit this near to the end of what was searched may go on behind it, bytes */
  readonly touches_max = 8 * ESCAPED_MAX;

  find(buf: Buffer, start: number, end: number, context?: FindContext): readonly Hit[] {
    let hits: readonly Hit[] = this.plain ? this.inner.find(buf, start, end, context) : NONE;
    this.readings(buf, start, end, (reading) => {
      hits = joined(hits, this.inReading(buf, reading, context));
    });
    return hits;
  }

  mayHold(buf: Buffer, start: number, end: number): boolean {
    if (this.plain && this.inner.mayHold(buf, start, end)) return true;
    let may = false;
    this.readings(buf, start, end, ({ text, length }) => {
      may ||= this.inner.mayHold(text, 0, length);
    });
    return may;
  }

  sensitiveName(name: string): boolean {
    return this.inner.sensitiveName(name);
  }

  wholeForm(kind: Kind, name: string): WholeForm | undefined {
    return this.inner.wholeForm?.(kind, name);
  }

  /** Where in buf[lo, hi) what may be part of an unfinished value begins, in any reading. */
  openFrom(buf: Buffer, lo: number, hi: number): number {
    let open = openFrom(buf, lo, hi);
    this.readings(buf, lo, hi, ({ text, length, begins }) => {
      if (length === 0) return;
      const from = openFrom(text, 0, length);
      if (from < length) open = Math.min(open, begins[from]!);
    });
    return open;
  }

  private readings(buf: Buffer, start: number, end: number, look: (reading: Reading) => void): void {
    for (const readers of this.chains) {
      let below: Reading | undefined;
      for (let n = 0; n < readers.length; n++) {
        const into = this.rounds[n]!;
        const read = readers[n]!;
        if (below === undefined ? !read(buf, start, end, into) : !read(below.text, 0, below.length, into)) {
          if (n === 0) break;
          continue;
        }
        if (below !== undefined) into.through(below);
        look(into);
        below = into;
      }
    }
  }

  private inReading(buf: Buffer, { text, length, begins, ends }: Reading, context: FindContext | undefined): readonly Hit[] {
    if (length === 0) return NONE;
    const found = this.inner.find(text, 0, length, context);
    if (found.length === 0) return NONE;
    const hits: Hit[] = [];
    for (const { kind, start, end, score } of found) {
      let from = begins[start]!;
      let to = ends[start]!;
      let rest = false;
      const says = Buffer.from(text.subarray(start, end));
      const take = (): void => {
        if (rest) hits.push({ kind, start: from, end: to, score, says: NOTHING, rest });
        else hits.push({ kind, start: from, end: to, score, ...(same(buf, from, says) && to - from === says.length ? {} : { says }) });
        rest = true;
      };
      for (let k = start + 1; k < end; k++) {
        if (begins[k]! > to) {
          // what stands between its parts is none of it
          take();
          from = begins[k]!;
        }
        to = Math.max(to, ends[k]!);
      }
      if (this.plain || rest || to - from !== says.length || !same(buf, from, says)) take();
    }
    return hits;
  }
}

const NOTHING = Buffer.alloc(0);

function same(buf: Buffer, at: number, says: Buffer): boolean {
  return buf.subarray(at, at + says.length).equals(says);
}

/** Both, in order and apart. Where two meet the one that holds the other stays, else one that covers both. */
function joined(one: readonly Hit[], other: readonly Hit[]): readonly Hit[] {
  if (other.length === 0) return one;
  if (one.length === 0) return other;
  const all = [...one, ...other].sort((a, b) => a.start - b.start || b.end - a.end);
  const apart: Hit[] = [];
  for (const hit of all) {
    const last = apart[apart.length - 1];
    if (last === undefined || hit.start >= last.end) apart.push(hit);
    else if (hit.start === last.start && hit.end === last.end) {
      // what it stands for, not how it is written, is what a masker reads; a value's first part goes before another's rest
      if (last.rest === true ? hit.rest !== true : hit.rest !== true && last.says === undefined && hit.says !== undefined)
        apart[apart.length - 1] = hit;
    } else if (hit.end > last.end) {
      const longer = hit.end - hit.start > last.end - last.start ? hit : last;
      const says = longer.says ?? (longer === hit ? last : hit).says;
      apart[apart.length - 1] = {
        kind: longer.kind,
        score: longer.score,
        start: last.start,
        end: hit.end,
        ...(says && says.length > 0 ? { says } : {}),
      };
    } else if (last.rest === true && hit.rest !== true) apart[apart.length - 1] = { ...hit, start: last.start, end: last.end };
  }
  return apart;
}
