import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { initUnpacking } from '../../filters/http/unpack/index.js';

/** Makes br and zstd known: their decoders are WebAssembly, one of them a file of its package. */
export async function loadUnpackers(): Promise<void> {
  await initUnpacking(await readFile(createRequire(import.meta.url).resolve('brotli-dec-wasm/web/bg.wasm')));
}
