/** Writes to standard output in large pieces, and waits where the reader is slow. */
export class Output {
  private text = '';

  /** Adds text; true when it is time to await drain(). */
  add(text: string): boolean {
    this.text += text;
    return this.text.length >= PIECE_UNITS;
  }

  /** Writes what was added, and resolves when more is welcome. */
  async drain(): Promise<void> {
    if (this.text === '') return;
    const { text } = this;
    this.text = '';
    if (process.stdout.write(text)) return;
    await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
  }
}

const PIECE_UNITS = 64 * 1024;
