/** Longest line that is recorded, bytes; the rest of it is counted. */
const LINE_BYTES_MAX = 4096;

/** Input as a recording has it, line by line: keys one by one would show nothing to the masks. */
export class TypedLines {
  private line: number[] = [];
  private left = 0;

  /** @param write a line, and how many bytes of it are left out */
  constructor(
    private readonly tty: boolean,
    private readonly write: (line: string, left_out: number) => void,
  ) {}

  push(bytes: Buffer): void {
    for (const b of bytes) {
      if (b === 0x0a || (this.tty && (b === 0x0d || b === 0x03 || b === 0x04))) this.end();
      else if (this.tty && (b === 0x7f || b === 0x08)) this.line.pop();
      else if (this.tty && b === 0x15) this.line = [];
      else if (this.line.length < LINE_BYTES_MAX) this.line.push(b);
      else this.left++;
    }
  }

  end(): void {
    if (this.line.length > 0 || this.left > 0) this.write(Buffer.from(this.line).toString('utf8'), this.left);
    this.line = [];
    this.left = 0;
  }
}
