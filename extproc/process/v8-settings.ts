/**
 * Imported for its effect, before anything else, by every process that carries connections: settings of V8 that keep it small (decision 0110).
 * By V8's own interface and not by options of `node`, so that they hold however the process was started; a V8 that does not know one ignores it.
 */
import { setFlagsFromString } from 'node:v8';

const settings = [
  // The young generation stays at 1 MiB a half. It would grow to 16 and never shrink under load; what it is for, our messages, are gone long before.
  '--semi-space-growth-factor=1',
  // The parser's WASM stays with the baseline compiler. The optimizing one takes 45 MB for PostgreSQL's grammar, for a tenth of a parse's time.
  '--no-wasm-dynamic-tiering',
  '--no-wasm-tier-up',
  // Buffers that a collection found unused are freed by it, not by another thread some time later.
  '--no-concurrent-array-buffer-sweeping',
];

for (const setting of settings) setFlagsFromString(setting);

/**
 * Bytes of the block of which Node cuts buffers up to half its size. With its own 8 KiB every chunk above 4 KiB, which answers of some rows are, is an allocation,
 * an object and a finalizer of its own.
 */
Buffer.poolSize = 32 * 1024;
