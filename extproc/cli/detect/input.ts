import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { MidstreamError } from '../../../filters/errors.js';

const CHUNK_BYTES = 256 * 1024;

export interface Input {
  /** as people know it */
  name: string;
  /** bytes, 0 when nobody knows */
  size: number;
  chunks: AsyncIterable<Buffer>;
}

/** Opens a file, or standard input for `-`. Throws MidstreamError not_found, bad_input (a directory) or unavailable. */
export async function openInput(path: string): Promise<Input> {
  if (path === '-') return { name: 'standard input', size: 0, chunks: process.stdin as AsyncIterable<Buffer> };
  let size: number;
  try {
    const known = await stat(path);
    if (known.isDirectory()) throw new MidstreamError('bad_input', `${path} is a directory`, { hint: 'Name files.' });
    size = known.size;
  } catch (error) {
    throw unreadable(path, error);
  }
  return { name: path, size, chunks: reading(path) };
}

async function* reading(path: string): AsyncIterable<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): MidstreamError {
  if (error instanceof MidstreamError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new MidstreamError('not_found', `there is no file ${path}`, { cause: error });
  return new MidstreamError('unavailable', `${path} can't be read: ${code ?? 'unknown error'}`, { cause: error });
}
