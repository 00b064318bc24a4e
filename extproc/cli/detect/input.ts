import { createReadStream, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { MidstreamError } from '../../../filters/errors.js';
import { isUtf32, LOOK_BYTES, packedAs, utf16Of } from '../../../filters/http/look.js';
import { ToUtf8 } from '../../../filters/http/transcode.js';

const CHUNK_BYTES = 256 * 1024;
/** a NUL among so many first bytes makes a file binary, as Git has it */
const BINARY_BYTES = 8000;

/** A file or standard input, as UTF-8: gzip is unpacked and UTF-16 is decoded on the way. */
export class Input {
  /** bytes read of what is stored */
  read = 0;
  /** it is UTF-16: offsets in it count two bytes a unit */
  utf16 = false;

  constructor(
    /** as people know it */
    readonly name: string,
    /** bytes as stored, 0 when nobody knows */
    readonly size: number,
    private readonly stored: AsyncIterable<Buffer>,
  ) {}

  /**
   * Its text in pieces. Throws MidstreamError unavailable, and bad_input for what is packed otherwise, for broken gzip, UTF-32 and broken
   * UTF-16. With `skips` it throws PassedOver for what is packed or binary.
   */
  async *chunks(skips = false): AsyncGenerator<Buffer> {
    const counted = this.counted();
    let unpacked: AsyncGenerator<Buffer> | undefined;
    try {
      const head = await headOf(counted);
      const packed = packedAs(head);
      if (packed !== 'gzip') yield* this.text(head, counted, packed, skips);
      else {
        unpacked = this.unpacked(head, counted);
        const first = await headOf(unpacked);
        yield* this.text(first, unpacked, packedAs(first), skips);
      }
    } finally {
      await unpacked?.return(undefined);
      // not awaited: standard input may be waited for
      void counted.return(undefined);
    }
  }

  private async *text(head: Buffer, rest: AsyncIterable<Buffer>, packed: string, skips: boolean): AsyncGenerator<Buffer> {
    const charset = utf16Of(head);
    if (skips && (packed !== '' || (charset === undefined && head.subarray(0, BINARY_BYTES).includes(0)))) throw new PassedOver();
    if (packed !== '')
      throw new MidstreamError('bad_input', `${this.name} is packed (${packed})`, {
        hint: 'Unpack it first: nothing is found in packed bytes.',
      });
    if (isUtf32(head)) throw new MidstreamError('bad_input', `${this.name} is UTF-32`, { hint: 'Convert it to UTF-8.' });
    if (charset === undefined) {
      yield head;
      yield* rest;
      return;
    }
    this.utf16 = true;
    const decoder = new ToUtf8(charset);
    const decode = (chunk: Uint8Array, end: boolean): Buffer => {
      try {
        return decoder.push(chunk, end);
      } catch (cause) {
        throw new MidstreamError('bad_input', `${this.name}: ${(cause as Error).message}`, { cause });
      }
    };
    yield decode(head, false);
    for await (const chunk of rest) yield decode(chunk, false);
    yield decode(new Uint8Array(0), true);
  }

  private async *counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.stored) {
        this.read += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw unreadable(this.name, error);
    }
  }

  private async *unpacked(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    // what fails comes out of gunzip
    pipeline(after(head, rest), gunzip).catch(() => undefined);
    try {
      for await (const chunk of gunzip) yield chunk as Buffer;
    } catch (error) {
      if (error instanceof MidstreamError) throw error;
      throw new MidstreamError('bad_input', `${this.name} is broken gzip: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** What a walk through a folder does not look into. */
export class PassedOver extends Error {}

/** The first piece, long enough to tell by it what it is. Leaves `chunks` behind it. */
async function headOf(chunks: AsyncGenerator<Buffer>): Promise<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 4 || (head.length < LOOK_BYTES && packedAs(head) !== '')) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return head;
}

async function* after(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}

/** Opens a file, or standard input for `-`. Throws MidstreamError not_found, bad_input (a directory) or unavailable. */
export async function openInput(path: string): Promise<Input> {
  if (path === '-') return new Input('standard input', 0, process.stdin as AsyncIterable<Buffer>);
  try {
    const known = await stat(path);
    if (known.isDirectory()) throw new MidstreamError('bad_input', `${path} is a directory`, { hint: 'Name files.' });
    return new Input(path, known.size, reading(path));
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function* reading(path: string): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) yield chunk as Buffer;
}

/** A file to read; `walked` where a folder was named, `error` where that can't be read. */
export interface Named {
  path: string;
  walked: boolean;
  error?: MidstreamError;
}

/** The files that paths mean: themselves, and of folders all that are in them, in order; links within and .git are not followed. */
export async function* filesOf(paths: readonly string[]): AsyncGenerator<Named> {
  for (const path of paths) {
    const folder = path !== '-' && (await stat(path).catch(() => undefined))?.isDirectory() === true;
    if (folder) yield* walk(path);
    else yield { path, walked: false };
  }
}

async function* walk(folder: string): AsyncGenerator<Named> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    yield { path: folder, walked: true, error: unreadable(folder, error) };
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== '.git') yield* walk(path);
    } else if (entry.isFile()) yield { path, walked: true };
  }
}

function unreadable(path: string, error: unknown): MidstreamError {
  if (error instanceof MidstreamError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new MidstreamError('not_found', `there is no file ${path}`, { cause: error });
  return new MidstreamError('unavailable', `${path} can't be read: ${code ?? 'unknown error'}`, { cause: error });
}
