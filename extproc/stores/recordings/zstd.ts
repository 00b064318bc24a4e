import * as zlib from 'node:zlib';
import { MidstreamError } from '../../../filters/errors.js';

/**
 * Segments are packed as a sequence of zstd frames (RFC 8878 section 3: concatenated frames are the concatenation of what they hold), each of
 * BLOCK_BYTES: neither packing nor reading ever holds a whole segment. `zstd -d` reads them as one file.
 */
export const BLOCK_BYTES = 256 * 1024;

/** Most of a segment is hashes, which no level makes smaller: the lowest takes half the time of the usual one, and less room. */
const LEVEL = 1;

interface Codec {
  compress(bytes: Buffer): Promise<Uint8Array>;
  decompress(frame: Buffer): Uint8Array;
  /** whether the frame unpacks to these bytes */
  holds(frame: Buffer, bytes: Buffer): boolean;
}

// node:zlib has zstd from Node 22.15 on, on other threads; its types are newer than ours.
interface NodeZstd {
  zstdCompress?: (bytes: Buffer, options: { params: Record<number, number> }, done: (error: Error | null, packed: Buffer) => void) => void;
  zstdDecompressSync?: (frame: Buffer) => Buffer;
  constants: { ZSTD_c_compressionLevel: number };
}

let codec: Promise<Codec> | undefined;

async function load(): Promise<Codec> {
  const { zstdCompress, zstdDecompressSync, constants } = zlib as unknown as NodeZstd;
  if (zstdCompress && zstdDecompressSync) {
    const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
    return {
      compress: (bytes) =>
        new Promise((resolve, reject) => zstdCompress(bytes, { params }, (error, packed) => (error ? reject(error) : resolve(packed)))),
      decompress: (frame) => zstdDecompressSync(frame),
      holds: (frame, bytes) => bytes.equals(zstdDecompressSync(frame)),
    };
  }
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const wasm = await Zstd.load();
  const results = copyWhole(wasm);
  return {
    compress: async (bytes) => wasm.compress(bytes, LEVEL),
    decompress: (frame) => wasm.decompress(frame),
    holds: (frame, bytes) => results.uncopied(() => bytes.equals(wasm.decompress(frame))),
  };
}

/**
 * The library copies results out of its memory an element at a time (`new Uint8Array([...view])`), 15 ms for a block on the thread that serves
 * connections. Where its inside looks as in the version that we pin, the copy is done at once; else it stays slow and right. Within `uncopied` a
 * result is a view of that memory, which stays as it is until the library is called again.
 */
function copyWhole(wasm: unknown): { uncopied<T>(work: () => T): T } {
  const inside = (wasm as { _mainModule?: { heapView?: (at: unknown) => Uint8Array; heapToUint8Array?: (at: unknown) => Uint8Array } })
    ._mainModule;
  if (typeof inside?.heapView !== 'function' || typeof inside.heapToUint8Array !== 'function') return { uncopied: (work) => work() };
  const view = inside.heapView.bind(inside);
  const copy = (at: unknown) => view(at).slice();
  inside.heapToUint8Array = copy;
  return {
    uncopied: (work) => {
      inside.heapToUint8Array = view;
      try {
        return work();
      } finally {
        inside.heapToUint8Array = copy;
      }
    },
  };
}

export function zstd(): Promise<Codec> {
  codec ??= load();
  return codec;
}

const MAGIC = 0xfd2fb528;

/**
 * Length in bytes of the frame at the buffer's beginning, by its headers (section 3.1.1); undefined when the buffer does not hold them all yet.
 * Throws `tampered` when it is no frame, or one that would unpack to more than a block of ours.
 */
export function frameBytes(buf: Buffer): number | undefined {
  if (buf.length < 6) return undefined;
  if (buf.readUInt32LE(0) !== MAGIC) throw new MidstreamError('tampered', 'not a zstd frame');
  const descriptor = buf[4]!;
  const single = (descriptor & 0x20) !== 0;
  const sizeField = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  let at = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  if (buf.length < at + sizeField + 3) return undefined;
  const content =
    sizeField === 1
      ? buf[at]!
      : sizeField === 2
        ? buf.readUInt16LE(at) + 256
        : sizeField === 4
          ? buf.readUInt32LE(at)
          : Number.POSITIVE_INFINITY;
  if (sizeField === 0 || content > BLOCK_BYTES) throw new MidstreamError('tampered', 'a zstd frame of a size that is not ours');
  at += sizeField;
  for (let last = false; !last; ) {
    if (buf.length < at + 3) return undefined;
    const header = buf.readUIntLE(at, 3);
    const kind = (header >> 1) & 3;
    last = (header & 1) === 1;
    at += 3 + (kind === 1 ? 1 : header >> 3);
  }
  at += (descriptor & 4) !== 0 ? 4 : 0;
  return buf.length < at ? undefined : at;
}
