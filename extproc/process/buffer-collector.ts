import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Bytes received after which buffers that came and went are freed. For each of them buffers of two (hop) to four (ext_proc) are made; with more than
 * 8 MiB of those V8 begins to collect everything, which costs a hundred times as much (decision 0285).
 */
const YOUNG_EVERY_BYTES = 1536 * 1024;
/** Bytes of buffers, above the least that were held, that are left to V8. */
const LEFT_TO_V8_BYTES = 8 * 1024 * 1024;
/** Bytes received between two collections of everything, at least: one takes tens of milliseconds. */
const WHOLE_EVERY_BYTES = 64 * 1024 * 1024;

export interface Heap {
  collect(what: 'young' | 'whole'): void;
  /** bytes of all buffers outside V8's heap that are not freed yet */
  buffer_bytes(): number;
}

/**
 * Frees the buffers of what has passed. They lie outside V8's heap, where they are small objects: V8 begins to look for unused ones when
 * there are 64 MiB of them, and then takes its time. Bulk results would cost that much memory in every process.
 */
export class BufferCollector {
  private sinceYoung = 0;
  private sinceWhole = 0;
  private least_bytes: number;

  /** Collects everything once: what starting left behind. */
  constructor(private readonly heap: Heap = v8Heap()) {
    heap.collect('whole');
    this.least_bytes = heap.buffer_bytes();
  }

  received(bytes: number): void {
    this.sinceYoung += bytes;
    if (this.sinceYoung < YOUNG_EVERY_BYTES) return;
    this.sinceWhole += this.sinceYoung;
    this.sinceYoung = 0;
    this.heap.collect('young');
    const held_bytes = this.heap.buffer_bytes();
    this.least_bytes = Math.min(this.least_bytes, held_bytes);
    if (held_bytes < this.least_bytes + LEFT_TO_V8_BYTES || this.sinceWhole < WHOLE_EVERY_BYTES) return;
    this.sinceWhole = 0;
    this.heap.collect('whole');
    // What is held now is in use.
    this.least_bytes = this.heap.buffer_bytes();
  }
}

function v8Heap(): Heap {
  setFlagsFromString('--expose-gc');
  // The flag gives the function to contexts made after it.
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  return {
    collect: (what) => (what === 'young' ? collect({ type: 'minor' }) : collect()),
    buffer_bytes: () => process.memoryUsage().arrayBuffers,
  };
}
