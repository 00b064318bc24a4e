/** Files shorter than this are done before a bar could be read, bytes. */
const SIZE_MIN = 16 * 1024 * 1024;
const EVERY_MS = 100;
const WIDTH = 30;

/** A bar on standard error while a long file is read; silent where no terminal reads, and for short files. */
export class Progress {
  private readonly shown: boolean;
  private last = 0;
  private drawn = false;

  constructor(
    private readonly name: string,
    private readonly size: number,
  ) {
    this.shown = size >= SIZE_MIN && process.stderr.isTTY === true;
  }

  at(bytes: number): void {
    if (!this.shown) return;
    const now = Date.now();
    if (now - this.last < EVERY_MS) return;
    this.last = now;
    this.drawn = true;
    const part = Math.min(1, bytes / this.size);
    const filled = Math.round(part * WIDTH);
    process.stderr.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${Math.floor(part * 100)} % ${this.name}\u001b[K`);
  }

  /** Takes the bar away, so that other text can stand there. */
  clear(): void {
    if (this.drawn) process.stderr.write('\r\u001b[K');
    this.drawn = false;
  }
}
