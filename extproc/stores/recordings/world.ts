import * as nodeFs from 'node:fs';
import { performance } from 'node:perf_hooks';

/** What the recorder needs of the file system; tests put faults in. Shapes are node:fs' own. */
export type RecordingFs = Pick<
  typeof nodeFs,
  | 'write'
  | 'writeSync'
  | 'fdatasync'
  | 'fdatasyncSync'
  | 'ftruncateSync'
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'fstatSync'
  | 'mkdirSync'
  | 'readdirSync'
  | 'readFileSync'
  | 'existsSync'
  | 'renameSync'
  | 'linkSync'
  | 'unlink'
  | 'unlinkSync'
>;

export const realFs: RecordingFs = nodeFs;

export interface Clock {
  /** wall clock, milliseconds since the epoch; may jump */
  wall_ms(): number;
  /** nanoseconds since any fixed moment; never goes back */
  monotonic_ns(): number;
}

export const realClock: Clock = { wall_ms: Date.now, monotonic_ns: () => Math.round(performance.now() * 1e6) };

/** Makes names in a directory durable. Not every file system lets a directory be opened; those that don't need no such call. */
export function syncDirectory(fs: RecordingFs, directory: string): void {
  let fd: number;
  try {
    fd = fs.openSync(directory, 'r');
  } catch {
    return;
  }
  try {
    fs.fdatasyncSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  } finally {
    fs.closeSync(fd);
  }
}

/**
 * Names in a directory, of files alone. A link, pipe or device that somebody put there under the name of a recording is not opened: reading it may never
 * end, and the recorder makes none.
 */
export function fileNames(fs: RecordingFs, directory: string): { files: string[]; others: string[] } {
  const entries = fs.readdirSync(directory, { withFileTypes: true });
  const names = (isFile: boolean): string[] => entries.filter((entry) => entry.isFile() === isFile).map(({ name }) => name);
  return { files: names(true), others: names(false) };
}

/** No space left, the owner's quota reached, or a limit on the size of files. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
}

/** Writes all of it at this offset, or throws; a short write is continued. */
export function writeAllSync(fs: RecordingFs, fd: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const n = fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
    if (n <= 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
    done += n;
  }
}

/** Replaces a file as a whole: readers see the old one or the new one. */
export function replaceFile(fs: RecordingFs, directory: string, path: string, bytes: Uint8Array, mode = 0o600): void {
  const temporary = `${path}.new`;
  const fd = fs.openSync(temporary, 'w', mode);
  try {
    writeAllSync(fs, fd, bytes, 0);
    fs.fdatasyncSync(fd);
  } catch (error) {
    fs.unlinkSync(temporary);
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(temporary, path);
  syncDirectory(fs, directory);
}
