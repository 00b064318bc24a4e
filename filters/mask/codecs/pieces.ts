const NOTHING = Buffer.alloc(0);

/** Writes what a codec gives. What stays of a chunk goes out in long pieces, without an object for each part. */
export class Pieces {
  /** the chunk that is read */
  chunk: Buffer = NOTHING;
  /** what stands before was written, or is left out */
  private from = 0;

  constructor(private readonly write: (bytes: Buffer) => void) {}

  /** A chunk is read: it stays as it is, save for what is left out. */
  begin(chunk: Buffer): void {
    this.chunk = chunk;
    this.from = 0;
  }

  /** The chunk's bytes [start, end) are left out: they are held, or others are put in their place. */
  leaveOut(start: number, end: number): void {
    this.keep(start);
    this.from = end;
  }

  put(bytes: Buffer): void {
    if (bytes.length > 0) this.write(bytes);
  }

  /** The chunk was read. */
  end(): void {
    this.keep(this.chunk.length);
    this.begin(NOTHING);
  }

  private keep(to: number): void {
    if (to <= this.from) return;
    this.write(this.chunk.subarray(this.from, to));
    this.from = to;
  }
}
