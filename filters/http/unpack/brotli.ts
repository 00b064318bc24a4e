import { BrotliDecStream, BrotliStreamResultCode, initSync } from 'brotli-dec-wasm/web';
import { corrupt, PIECE_BYTES, trailing, truncated, type Unpacker, type Write } from './coding.js';

let ready = false;

export const brotliReady = (): boolean => ready;

/** Takes the decoder's WebAssembly module: reading files is the world's. */
export function initBrotli(module: Uint8Array): void {
  if (ready) return;
  initSync({ module: module as Uint8Array<ArrayBuffer> });
  ready = true;
}

/** The first seven bits of a window beyond RFC 7932 (9.1): up to a gigabyte. No server sends one as `br`. */
const LARGE_WINDOW = 0x11;

/** Brotli (RFC 7932). */
export class BrotliUnpacker implements Unpacker {
  private stream: BrotliDecStream | undefined = new BrotliDecStream();
  private begun = false;
  private done = false;

  constructor(private readonly write: Write) {}

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.done) throw trailing('br');
    if (!this.begun && (chunk[0]! & 0x7f) === LARGE_WINDOW) throw corrupt('br');
    this.begun = true;
    let rest = chunk;
    for (;;) {
      const { bytes, code, taken } = this.step(rest);
      rest = rest.subarray(taken);
      if (bytes.length > 0) this.write(bytes);
      if (code === BrotliStreamResultCode.ResultSuccess) {
        this.done = true;
        if (rest.length > 0) throw trailing('br');
        return;
      }
      if (code === BrotliStreamResultCode.NeedsMoreInput && rest.length === 0) return;
    }
  }

  end(): void {
    if (this.begun && !this.done) throw truncated('br');
  }

  free(): void {
    this.stream?.free();
    this.stream = undefined;
  }

  private step(input: Uint8Array): { bytes: Uint8Array; code: BrotliStreamResultCode; taken: number } {
    try {
      const result = this.stream!.decompress(input, PIECE_BYTES);
      const { buf: bytes, code, input_offset: taken } = result;
      result.free();
      return { bytes, code, taken };
    } catch (error) {
      throw corrupt('br', error);
    }
  }
}
