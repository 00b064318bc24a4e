import assert from 'node:assert/strict';
import { BufferCollector, type Heap } from '../../../extproc/process/buffer-collector.js';

const MIB = 1024 * 1024;

/** A heap where a young collection leaves `kept` of what came, and a whole one leaves nothing but `live`. */
function fakeHeap() {
  const heap = {
    buffers: 30 * MIB,
    live: MIB,
    kept: 0,
    young: 0,
    whole: 0,
    collect: (what: 'young' | 'whole') => {
      heap[what]++;
      heap.buffers = what === 'young' ? heap.buffers + heap.kept : heap.live;
    },
    buffer_bytes: () => heap.buffers,
  };
  return heap satisfies Heap;
}

describe('buffers of what has passed are freed', () => {
  it('what starting left behind at once, then young ones every 1.5 MiB', () => {
    const heap = fakeHeap();
    const collector = new BufferCollector(heap);
    assert.equal(heap.whole, 1);
    for (let i = 0; i < 1024; i++) collector.received(64 * 1024);
    assert.equal(heap.young, 42);
    assert.equal(heap.whole, 1, 'nothing stayed, so nothing more is to be looked for');
  });

  it('those that grew old when they are more than 8 MiB, at most every 64 MiB', () => {
    const heap = fakeHeap();
    const collector = new BufferCollector(heap);
    heap.kept = MIB;
    for (let i = 0; i < 32; i++) collector.received(4 * MIB);
    assert.equal(heap.young, 32);
    assert.equal(heap.whole, 3);
  });

  it('buffers in use are not looked at again and again', () => {
    const heap = fakeHeap();
    const collector = new BufferCollector(heap);
    heap.live = 100 * MIB;
    heap.buffers = 100 * MIB;
    for (let i = 0; i < 64; i++) collector.received(4 * MIB);
    assert.equal(heap.whole, 2, 'one more than at the start');
  });

  it('for real: a gigabyte of buffers, some of which live on for a while, never takes 40 MiB', () => {
    const collector = new BufferCollector();
    const before = process.memoryUsage().arrayBuffers;
    const inFlight: Buffer[] = [];
    let most = 0;
    for (let i = 0; i < 16 * 1024; i++) {
      inFlight.push(Buffer.alloc(64 * 1024));
      if (inFlight.length > 32) inFlight.shift();
      collector.received(64 * 1024);
      if (i % 16 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    assert.ok(most < 40 * MIB, `${(most / MIB).toFixed(0)} MiB`);
  });
});
