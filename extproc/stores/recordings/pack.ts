import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import { fileChunks } from './read.js';
import { type RecordingFs, syncDirectory, writeAllSync } from './world.js';
import { BLOCK_BYTES, frameBytes, zstd } from './zstd.js';

export interface Packed {
  /** name of the file that stays */
  file: string;
  bytes: number;
  sha256: string;
}

/**
 * Packs a segment that nobody writes any more, block by block, giving way to everything else in between (and to `between`).
 * The plain file stays until unlinked.
 */
export async function packSegment(fs: RecordingFs, directory: string, segment: string, between?: () => void): Promise<Packed> {
  const { compress, holds } = await zstd();
  const file = `${segment}.zst`;
  const temporary = join(directory, `${file}.new`);
  const hash = createHash('sha256');
  // One buffer for all blocks: new ones are pages that the kernel has to clear first.
  const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  const fd = fs.openSync(temporary, 'w', 0o600);
  let bytes = 0;
  try {
    for (const chunk of fileChunks(fs, join(directory, segment), block)) {
      const packed = await compress(chunk);
      const frame = Buffer.from(packed.buffer, packed.byteOffset, packed.length);
      // The plain file goes: what replaces it is read back first. (One WASM build of zstd that was tried gave wrong frames now and then.)
      if (frameBytes(frame) !== frame.length || !holds(frame, chunk))
        throw new MidstreamError('internal', `${segment} does not pack into what it was`);
      writeAllSync(fs, fd, frame, bytes);
      hash.update(frame);
      bytes += frame.length;
      between?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    fs.fdatasyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(temporary, join(directory, file));
  syncDirectory(fs, directory);
  return { file, bytes, sha256: hash.digest('hex') };
}

/** What stands in a file. */
export function digestFile(fs: RecordingFs, directory: string, file: string): Packed {
  const hash = createHash('sha256');
  let bytes = 0;
  for (const chunk of fileChunks(fs, join(directory, file))) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { file, bytes, sha256: hash.digest('hex') };
}
