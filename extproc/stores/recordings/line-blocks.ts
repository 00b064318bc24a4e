/** Bytes of a block. */
const BLOCK_BYTES = 128 * 1024;
/** Blocks that are kept for later; more than these come from a burst, which is over. */
const SPARE_MAX = 2;
/** Above this a line is counted before it is written, below it is reckoned at the most it can be: three bytes for each UTF-16 unit. */
const RECKONED_UNITS_MAX = 4096;

const LINE_FEED = 0x0a;

/**
 * Lines in the form in which they are written. Each becomes bytes as it comes, so that no string outlives the turn of the event loop in which
 * it was made, and what many lines need is a few blocks that are used again.
 */
export class LineBlocks {
  private filled: Buffer[] = [];
  private block: Buffer | undefined;
  private used = 0;
  private spare: Buffer[] = [];

  get empty(): boolean {
    return this.used === 0 && this.filled.length === 0;
  }

  /** Appends a line and its line feed; returns their length in bytes. */
  add(line: string): number {
    const room = (line.length <= RECKONED_UNITS_MAX ? line.length * 3 : Buffer.byteLength(line)) + 1;
    if (room > BLOCK_BYTES) {
      this.close();
      const own = Buffer.allocUnsafeSlow(room);
      own.write(line, 0);
      own[room - 1] = LINE_FEED;
      this.filled.push(own);
      return room;
    }
    if (this.block === undefined || this.used + room > BLOCK_BYTES) {
      this.close();
      this.block = this.spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    }
    const written = this.block.write(line, this.used);
    this.block[this.used + written] = LINE_FEED;
    this.used += written + 1;
    return written + 1;
  }

  /** Everything so far, oldest first. The caller gives it back: to done() when it is written, to again() when it is not. */
  take(): Buffer[] {
    this.close();
    const taken = this.filled;
    this.filled = [];
    return taken;
  }

  done(taken: readonly Buffer[]): void {
    for (const { buffer } of taken) {
      if (buffer.byteLength === BLOCK_BYTES && this.spare.length < SPARE_MAX) this.spare.push(Buffer.from(buffer));
    }
  }

  /** What was taken stands before what came since. */
  again(taken: Buffer[]): void {
    this.close();
    this.filled = taken.concat(this.filled);
  }

  private close(): void {
    if (this.block !== undefined && this.used > 0) this.filled.push(this.block.subarray(0, this.used));
    else if (this.block !== undefined) this.spare.push(this.block);
    this.block = undefined;
    this.used = 0;
  }
}
