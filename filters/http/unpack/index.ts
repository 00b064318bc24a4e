import { MidstreamError } from '../../errors.js';
import { toldName } from '../told-name.js';
import { BrotliUnpacker, brotliReady, initBrotli } from './brotli.js';
import type { Unpacker, Write } from './coding.js';
import { Inflater } from './inflate.js';
import { initZstd, ZstdUnpacker, zstdReady } from './zstd.js';

export type Coding = 'gzip' | 'deflate' | 'br' | 'zstd';

export interface UnpackLimits {
  /** bytes that a body may have when it is unpacked; policy: limits.unpacked_bytes_max */
  unpacked_bytes_max: number;
  /** how many times as long as the packed body it may be; policy: limits.unpacked_ratio_max */
  unpacked_ratio_max: number;
}

/** Below so many bytes no ratio is asked for: small texts that repeat pack very well. */
export const RATIO_FREE_BYTES = 1024 * 1024;
/** codings one over the other */
const CODINGS_MAX = 4;

const CODINGS = new Map<string, Coding>([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/** Makes the decoders ready that are WebAssembly; before that their codings are unknown. `brotli` is its module's bytes. */
export async function initUnpacking(brotli: Uint8Array): Promise<void> {
  initBrotli(brotli);
  await initZstd();
}

/**
 * The codings of a Content-Encoding, in the order in which they were applied (RFC 9110, 8.4). Several headers are given joined by commas.
 * Throws MidstreamError bad_input for one that is not known.
 */
export function codingsOf(value: string): Coding[] {
  const codings: Coding[] = [];
  for (const word of value.split(',')) {
    const name = word.trim().toLowerCase();
    if (name === '' || name === 'identity') continue;
    const coding = CODINGS.get(name);
    if (coding === undefined || (coding === 'br' && !brotliReady()) || (coding === 'zstd' && !zstdReady()))
      throw new MidstreamError('bad_input', `the body is packed with ${toldName(name)}`);
    codings.push(coding);
  }
  if (codings.length > CODINGS_MAX) throw new MidstreamError('limit_exceeded', `the body is packed more than ${CODINGS_MAX} times`);
  return codings;
}

function unpackerOf(coding: Coding, write: Write): Unpacker {
  if (coding === 'br') return new BrotliUnpacker(write);
  if (coding === 'zstd') return new ZstdUnpacker(write);
  return new Inflater(coding, write);
}

/** Undoes all codings of a body as it comes. Limits hold for each coding by itself, so a bomb inside a bomb is found too. */
export class Unpacking {
  private readonly stages: Unpacker[] = [];
  private taken = 0;

  constructor(
    codings: readonly Coding[],
    private readonly limits: UnpackLimits,
    write: Write,
  ) {
    let next = write;
    for (const coding of codings) {
      const stage = unpackerOf(coding, this.metered(next));
      this.stages.unshift(stage);
      next = (bytes) => stage.push(bytes);
    }
  }

  /** Throws MidstreamError bad_input for what is not packed so, limit_exceeded for a bomb. */
  push(chunk: Uint8Array): void {
    this.taken += chunk.length;
    this.stages[0]!.push(chunk);
  }

  /** Throws MidstreamError bad_input where the end is missing. */
  end(): void {
    for (const stage of this.stages) stage.end();
  }

  free(): void {
    for (const stage of this.stages) stage.free();
  }

  private metered(write: Write): Write {
    const { unpacked_bytes_max, unpacked_ratio_max } = this.limits;
    let bytes = 0;
    return (piece) => {
      bytes += piece.length;
      if (bytes > unpacked_bytes_max)
        throw new MidstreamError('limit_exceeded', `the body is longer than ${unpacked_bytes_max} bytes (limits.unpacked_bytes_max)`);
      if (bytes > RATIO_FREE_BYTES && bytes > this.taken * unpacked_ratio_max)
        throw new MidstreamError(
          'limit_exceeded',
          `the body is more than ${unpacked_ratio_max} times as long as it was packed (limits.unpacked_ratio_max)`,
        );
      write(piece);
    };
  }
}

/** A whole body without its codings, at most `bytes_max` of it. Throws MidstreamError bad_input and limit_exceeded. */
export function unpackWhole(contentEncoding: string, body: Buffer, limits: UnpackLimits): Buffer {
  const codings = codingsOf(contentEncoding);
  if (codings.length === 0) return body;
  const pieces: Buffer[] = [];
  const unpacking = new Unpacking(codings, limits, (piece) => pieces.push(Buffer.from(piece)));
  try {
    unpacking.push(body);
    unpacking.end();
  } finally {
    unpacking.free();
  }
  return Buffer.concat(pieces);
}
