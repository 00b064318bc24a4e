import { ZSTDDecoder } from 'zstddec/stream';
import { corrupt, PIECE_BYTES, truncated, type Unpacker, type Write } from './coding.js';

/** What the library is made of, and its own wrapper does not do: errors, and input that comes piece by piece. */
interface Library {
  memory: { readonly buffer: ArrayBuffer };
  malloc(bytes: number): number;
  free(at: number): void;
  ZSTD_createDCtx(): number;
  ZSTD_freeDCtx(context: number): number;
  /** bytes that it would like next, 0 at a frame's end, or an error below zero */
  ZSTD_decompressStream(context: number, output: number, input: number): number;
}

let library: Library | undefined;

export const zstdReady = (): boolean => library !== undefined;

/** Compiles the library, once. */
export async function initZstd(): Promise<void> {
  class Decoder extends ZSTDDecoder {
    override _init(result: Parameters<ZSTDDecoder['_init']>[0]): void {
      super._init(result);
      library = (result as { instance: { exports: unknown } }).instance.exports as Library;
    }
  }
  if (library === undefined) await new Decoder().init();
}

/** bytes of input that are given at once */
const INPUT_BYTES = 16 * 1024;
/** RFC 9659: a content coding needs no larger window, bytes */
const WINDOW_BYTES_MAX = 8 * 1024 * 1024;
/** longest header of a frame (RFC 8878, 3.1.1), bytes */
const HEADER_BYTES_MAX = 18;
const MAGIC = 0xfd2fb528;

/** Zstandard (RFC 8878), one frame or several. Check sums are checked; a window larger than a content coding may have is refused. */
export class ZstdUnpacker implements Unpacker {
  private readonly lib = library!;
  private context = this.lib.ZSTD_createDCtx();
  /** input, output, and the two structures that tell of them: pointer, size, position, of 32 bits each */
  private at = this.lib.malloc(INPUT_BYTES + PIECE_BYTES + 24);
  /** the first bytes of a frame, until its header is whole */
  private head: Buffer | undefined = Buffer.alloc(0);
  /** inside a frame */
  private open = false;

  constructor(private readonly write: Write) {}

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    while (bytes.length > 0) {
      if (this.head !== undefined) {
        const head: Buffer = Buffer.concat([this.head, bytes]);
        if (!checkHeader(head)) {
          this.head = head;
          return;
        }
        this.head = undefined;
        bytes = head;
      }
      bytes = bytes.subarray(this.feed(bytes.subarray(0, INPUT_BYTES)));
    }
  }

  end(): void {
    if (this.open || (this.head !== undefined && this.head.length > 0)) throw truncated('zstd');
  }

  free(): void {
    if (this.at === 0) return;
    this.lib.ZSTD_freeDCtx(this.context);
    this.lib.free(this.at);
    this.at = 0;
  }

  /** Gives how much was taken: to the frame's end at most. */
  private feed(bytes: Uint8Array): number {
    const { lib, at } = this;
    const output = at + INPUT_BYTES;
    const structures = output + PIECE_BYTES;
    new Uint8Array(lib.memory.buffer, at, INPUT_BYTES).set(bytes);
    let taken = 0;
    for (;;) {
      const view = new DataView(lib.memory.buffer, structures, 24);
      [at, bytes.length, taken, output, PIECE_BYTES, 0].forEach((value, i) => {
        view.setUint32(4 * i, value, true);
      });
      const left = lib.ZSTD_decompressStream(this.context, structures + 12, structures);
      if (left < 0) throw corrupt('zstd');
      // the memory may have moved
      const after = new DataView(lib.memory.buffer, structures, 24);
      taken = after.getUint32(8, true);
      const made = after.getUint32(20, true);
      this.open = left !== 0;
      // a copy: whoever takes it may unpack too, and move the memory
      if (made > 0) this.write(Buffer.from(new Uint8Array(lib.memory.buffer, output, made)));
      if (left === 0) this.head = Buffer.alloc(0);
      if (left === 0 || (taken === bytes.length && made < PIECE_BYTES)) return taken;
    }
  }
}

/** False where more is needed. Throws for a frame that no content coding may be. */
function checkHeader(head: Buffer): boolean {
  if (head.length < 4) return false;
  const magic = head.readUInt32LE(0);
  // a frame to be skipped
  if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) return true;
  if (magic !== MAGIC) throw corrupt('zstd');
  if (head.length < 5) return false;
  const flags = head[4]!;
  const single = (flags & 0x20) !== 0;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const at = single ? 5 : 6;
  if (head.length < Math.min(HEADER_BYTES_MAX, at + dictionaryBytes + sizeBytes)) return false;
  if (dictionaryBytes > 0 && head.readUIntLE(at, dictionaryBytes) !== 0) throw corrupt('zstd', 'it needs a dictionary');
  if (windowBytes(head, at + dictionaryBytes, single, sizeBytes) > WINDOW_BYTES_MAX) throw corrupt('zstd', 'its window is too large');
  return true;
}

function windowBytes(head: Buffer, sizeAt: number, single: boolean, sizeBytes: number): number {
  if (!single) {
    const base = 2 ** (10 + (head[5]! >> 3));
    return base + (base / 8) * (head[5]! & 7);
  }
  if (sizeBytes === 8) return Number(head.readBigUInt64LE(sizeAt));
  return head.readUIntLE(sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
}
