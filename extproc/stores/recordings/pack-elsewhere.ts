import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { MidstreamError, type ReasonCode } from '../../../filters/errors.js';
import type { Packed } from './pack.js';

export interface PackWork {
  directory: string;
  segment: string;
}

/** What the thread says of each segment, in the order in which they were given. */
export type PackAnswer = { packed: Packed } | { failed: { code: ReasonCode; message: string } };

/** What the thread is started with. */
export interface PackThreadData {
  /** milliseconds that it waits after each block; it is woken when that changes */
  pause: Int32Array;
}

/** Share of its time for which the thread that serves connections may be busy before packing gives way to it. */
const BUSY_SHARE = 0.25;
/** Milliseconds between looks at that. */
const LOOK_MS = 50;
/** Milliseconds between blocks while it is busy: a block takes one or two, and 12 MiB/s are still packed. */
const PAUSE_MS = 20;

/** Milliseconds without work after which the thread ends and gives its memory back. */
const IDLE_MS_MAX = 60_000;

/** The compiled form of the thread's file, also where this one runs beside sources. */
const entry = new URL(`./pack-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

interface Waiting {
  segment: string;
  hurry: () => boolean;
  resolve(packed: Packed): void;
  reject(error: unknown): void;
}

/** One thread, while there is work now and then. */
class PackThread {
  private worker: Worker | undefined;
  private waiting: Waiting[] = [];
  private idle: NodeJS.Timeout | undefined;
  private looks: NodeJS.Timeout | undefined;
  private seen: EventLoopUtilization | undefined;
  private readonly pause = new Int32Array(new SharedArrayBuffer(4));

  pack(work: PackWork, hurry: () => boolean): Promise<Packed> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ segment: work.segment, hurry, resolve, reject });
      clearTimeout(this.idle);
      this.worker ??= this.start();
      this.worker.ref();
      this.seen ??= performance.eventLoopUtilization();
      this.looks ??= setInterval(() => this.look(), LOOK_MS).unref();
      this.worker.postMessage(work);
    });
  }

  /** The thread's low priority keeps it from taking a core that is wanted, not from every moment in which one is not: those are short under load. */
  private look(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.seen);
    this.seen = now;
    const [first] = this.waiting;
    this.setPause(first !== undefined && utilization > BUSY_SHARE && !first.hurry() ? PAUSE_MS : 0);
  }

  private setPause(ms: number): void {
    if (Atomics.exchange(this.pause, 0, ms) !== ms) Atomics.notify(this.pause, 0);
  }

  private rest(): void {
    clearInterval(this.looks);
    this.looks = undefined;
    this.seen = undefined;
    this.setPause(0);
  }

  private start(): Worker {
    const workerData: PackThreadData = { pause: this.pause };
    // What it keeps is in zstd's memory; by itself V8 lets a young generation grow to 16 MiB.
    const worker = new Worker(entry, {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 64, stackSizeMb: 1 },
    });
    worker.on('message', (answer: PackAnswer) => {
      const first = this.waiting.shift();
      if ('packed' in answer) first?.resolve(answer.packed);
      else first?.reject(new MidstreamError(answer.failed.code, answer.failed.message));
      if (this.waiting.length > 0) return;
      this.rest();
      // Nobody is kept from ending by a thread that has nothing to do.
      worker.unref();
      this.idle = setTimeout(() => this.end(worker), IDLE_MS_MAX).unref();
    });
    worker.once('error', (error) => this.failed(worker, () => error));
    worker.once('exit', (code) =>
      this.failed(worker, (segment) => new MidstreamError('unavailable', `packing ${segment} ended without an answer (${code})`)),
    );
    return worker;
  }

  private end(worker: Worker): void {
    if (this.worker !== worker || this.waiting.length > 0) return;
    this.worker = undefined;
    void worker.terminate();
  }

  private failed(worker: Worker, why: (segment: string) => unknown): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    this.rest();
    const { waiting } = this;
    this.waiting = [];
    for (const { segment, reject } of waiting) reject(why(segment));
  }
}

const thread = new PackThread();

/**
 * packSegment on a thread of its own: on the thread that serves connections a segment would take a third of a second, and zstd's memory would
 * stay. What that thread had compiled serves the next segment too, which under load comes soon.
 *
 * @param hurry asked now and then: whether it must go on even where the thread that serves is busy
 */
export function packElsewhere(directory: string, segment: string, hurry: () => boolean): Promise<Packed> {
  return thread.pack({ directory, segment }, hurry);
}
