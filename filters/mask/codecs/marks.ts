import type { Detector } from '../types.js';

/** less is looked at field by field, bytes */
const MARKED_MIN = 128;
const QUOTE = 0x22;

/**
 * Places of a chunk in which something may be found, by one look at all of it (anchors.ts). That look knows strings of JSON, each for
 * itself between its quotes: here the signs between fields are read as such quotes.
 */
export class Marks {
  /** what a byte is read as */
  private readonly reading = Uint8Array.from({ length: 256 }, (_, b) => b);
  private text = Buffer.alloc(0);
  private readonly places: number[] = [];
  private count = 0;
  private next = 0;
  /** what was looked at last, until it is forgotten */
  private chunk: Buffer | undefined;

  constructor(private readonly detector: Detector) {}

  /** Says which signs stand between fields, a quote among them. Due before the first look. */
  between(signs: readonly number[]): void {
    for (const sign of signs) this.reading[sign] = QUOTE;
  }

  /** Does this byte part fields? A field that has one in it was not looked at as a whole. */
  parts(b: number): boolean {
    return this.reading[b] === QUOTE;
  }

  look(chunk: Buffer): void {
    const { anchors } = this.detector;
    const { length } = chunk;
    this.chunk = undefined;
    if (anchors === undefined || length < MARKED_MIN) return;
    if (this.text.length < length) this.text = Buffer.allocUnsafeSlow(length);
    const { reading, text } = this;
    for (let k = 0; k < length; k++) text[k] = reading[chunk[k]!]!;
    this.count = anchors.json(text, 0, length, this.places);
    this.next = 0;
    this.chunk = chunk;
  }

  /** Is it known of this chunk? */
  knows(buf: Buffer): boolean {
    return this.chunk === buf;
  }

  /** May the chunk's bytes [start, end), a whole field between two signs, hold something? It is asked of one field after the other. */
  mayHold(start: number, end: number): boolean {
    const { places, count } = this;
    let next = this.next;
    while (next < count && places[next]! < start) next++;
    this.next = next;
    return next < count && places[next]! < end;
  }
}
