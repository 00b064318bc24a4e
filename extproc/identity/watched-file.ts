import { open, stat } from 'node:fs/promises';
import { MidstreamError } from '../../filters/errors.js';

/** Longest file of keys, credentials or revocations, bytes. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

/**
 * A file whose content may be another one tomorrow (mounted secrets, rotated keys): looked at when it is asked for, read again when it
 * was changed. A change that can't be read leaves what was read before.
 */
export class WatchedFile<T> {
  private seen = '';
  private last: { value: T } | undefined;
  private reading: Promise<void> | undefined;

  constructor(
    readonly path: string,
    private readonly parse: (text: string) => T,
    private readonly onError: (error: Error) => void = () => undefined,
  ) {}

  /** Throws MidstreamError unavailable when nothing was ever read. */
  async value(): Promise<T> {
    this.reading ??= this.look().finally(() => {
      this.reading = undefined;
    });
    await this.reading;
    if (this.last === undefined) throw new MidstreamError('unavailable', `${this.path} can’t be read`);
    return this.last.value;
  }

  private async look(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.path);
      const mark = `${mtimeMs} ${size} ${ino}`;
      if (mark === this.seen) return;
      this.last = { value: this.parse(await read(this.path)) };
      this.seen = mark;
    } catch (error) {
      this.onError(error instanceof Error ? error : new Error('unknown'));
    }
  }
}

async function read(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size > FILE_BYTES_MAX) throw new MidstreamError('limit_exceeded', `${path} is longer than ${FILE_BYTES_MAX} bytes`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
