/** What stands between two lines of data: the first one's end, lines of other fields, and the beginning of the second. */
interface Break {
  end: Buffer;
  besides: Buffer[];
  prefix: Buffer;
}

const LF = 0x0a;
const NOTHING = Buffer.alloc(0);
const COLON = Buffer.from(':', 'latin1');
/** of a value that a mask writes over several lines */
const OWN: Break = { end: Buffer.of(LF), besides: [], prefix: Buffer.from('data: ', 'latin1') };

/**
 * Writes what an event says as lines of data again: each line feed becomes what stood in its place. Where a masked value was longer than a line,
 * there are fewer lines of data than before, and all others.
 */
export class DataBreaks {
  /** those that stand in what is being masked, in their order */
  private readonly open: Break[] = [];
  /** the end of a line of data, until it is known what comes behind */
  private last: { end: Buffer; besides: Buffer[] } | undefined;
  /** bytes of other fields that wait */
  held = 0;
  /** the line that is written has no colon yet: it says nothing so far */
  private bare = false;

  constructor(private readonly write: (bytes: Buffer) => void) {}

  /** A line of data begins; `within`: what it says belongs to what came before. */
  begin(prefix: Buffer, within: boolean): void {
    const one = { end: this.last?.end ?? NOTHING, besides: this.last?.besides ?? [], prefix };
    this.last = undefined;
    if (within) this.open.push(one);
    else this.put(one);
  }

  /** `end` stays as it is. */
  endData(end: Buffer): void {
    this.last = { end, besides: [] };
  }

  /** Bytes of a line of another field, its end too. They hold only until the call returns. */
  besides(bytes: Buffer): void {
    if (this.last === undefined) return this.write(bytes);
    this.last.besides.push(Buffer.from(bytes));
    this.held += bytes.length;
  }

  /** A line feed that belongs to the end of the last line. */
  more(end: Buffer): void {
    if (this.last === undefined || this.last.besides.length > 0) this.besides(end);
    else this.last.end = Buffer.concat([this.last.end, end]);
  }

  /** What the event says, masked. */
  said(bytes: Buffer): void {
    let from = 0;
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
      this.text(bytes.subarray(from, at));
      this.put(this.open.shift() ?? OWN);
      from = at + 1;
    }
    this.text(bytes.subarray(from));
  }

  private text(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.bare) this.write(COLON);
    this.bare = false;
    this.write(bytes);
  }

  /** What was said so far is whole, and the event goes on in the line that has just begun. */
  settle(): void {
    const left = this.open.splice(0);
    const line = left.pop();
    if (line !== undefined) this.put({ ...line, besides: [...left.flatMap(({ besides }) => besides), ...line.besides] });
  }

  endEvent(): void {
    const besides = this.open.splice(0).flatMap((one) => one.besides);
    if (this.last !== undefined) this.put({ end: this.last.end, besides: [...besides, ...this.last.besides], prefix: NOTHING });
    this.last = undefined;
    this.held = 0;
  }

  private put({ end, besides, prefix }: Break): void {
    if (end.length > 0) this.write(end);
    for (const bytes of besides) {
      this.write(bytes);
      this.held -= bytes.length;
    }
    if (prefix.length > 0) this.write(prefix);
    this.bare = prefix.length > 0 && !prefix.includes(COLON);
  }
}
