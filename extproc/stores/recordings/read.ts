import { join } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import type { SegmentFile } from './names.js';
import type { RecordingFs } from './world.js';
import { BLOCK_BYTES, frameBytes, zstd } from './zstd.js';

/** Longest line that a reader takes, in bytes: well above what a writer's limits allow. */
const LINE_BYTES_MAX = 1024 * 1024 * 1024;

/** A file's bytes in pieces of up to a block; each in a buffer of its own, or all in `into`, where one is gone when the next is asked for. */
export function* fileChunks(fs: RecordingFs, path: string, into?: Buffer): Generator<Buffer> {
  const fd = fs.openSync(path, 'r');
  try {
    for (let position = 0; ; ) {
      const buf = into ?? Buffer.allocUnsafe(BLOCK_BYTES);
      const n = fs.readSync(fd, buf, 0, buf.length, position);
      if (n === 0) return;
      position += n;
      yield buf.subarray(0, n);
    }
  } finally {
    fs.closeSync(fd);
  }
}

async function* unpacked(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  const { decompress } = await zstd();
  let rest: Buffer = Buffer.alloc(0);
  for (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let n = frameBytes(rest); n !== undefined; n = frameBytes(rest)) {
      let content: Uint8Array;
      try {
        content = decompress(rest.subarray(0, n));
      } catch {
        throw new MidstreamError('tampered', 'a zstd frame that does not unpack');
      }
      if (content.length > BLOCK_BYTES) throw new MidstreamError('tampered', 'a zstd frame of a size that is not ours');
      yield Buffer.from(content);
      rest = rest.subarray(n);
    }
  }
  if (rest.length > 0) throw new MidstreamError('tampered', 'a zstd frame that ends too early');
}

export interface Line {
  /** without the line feed */
  bytes: Buffer;
  /** from 1 */
  number: number;
  /** offset in the unpacked segment */
  offset: number;
  /** false: the file ended before a line feed */
  whole: boolean;
}

/** Lines of chunks, whatever they hold. */
export async function* lines(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let partBytes = 0;
  let number = 0;
  let offset = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      const last = chunk.subarray(from, at);
      const bytes = parts.length === 0 ? last : Buffer.concat([...parts, last]);
      number += 1;
      yield { bytes, number, offset, whole: true };
      offset += bytes.length + 1;
      parts = [];
      partBytes = 0;
      from = at + 1;
    }
    if (from < chunk.length) {
      parts.push(chunk.subarray(from));
      partBytes += chunk.length - from;
      if (partBytes > LINE_BYTES_MAX) throw new MidstreamError('limit_exceeded', `a line is longer than ${LINE_BYTES_MAX} bytes`);
    }
  }
  if (partBytes > 0) yield { bytes: Buffer.concat(parts), number: number + 1, offset, whole: false };
}

/** Lines of a segment, packed or plain. */
export function segmentLines(fs: RecordingFs, directory: string, segment: SegmentFile): AsyncGenerator<Line> {
  const chunks = fileChunks(fs, join(directory, segment.file));
  return lines(segment.packed ? unpacked(chunks) : chunks);
}
