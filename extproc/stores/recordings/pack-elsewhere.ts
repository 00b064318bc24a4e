import { Worker } from 'node:worker_threads';
import { MidstreamError, type ReasonCode } from '../../../filters/errors.js';
import type { Packed } from './pack.js';

export interface PackWork {
  directory: string;
  segment: string;
}

/** What the thread says of each segment, in the order in which they were given. */
export type PackAnswer = { packed: Packed } | { failed: { code: ReasonCode; message: string } };

/** Milliseconds without work after which the thread ends and gives its memory back. */
const IDLE_MS_MAX = 60_000;

/** The compiled form of the thread's file, also where this one runs beside sources. */
const entry = new URL(`./pack-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

interface Waiting {
  segment: string;
  resolve(packed: Packed): void;
  reject(error: unknown): void;
}

/** One thread, while there is work now and then. */
class PackThread {
  private worker: Worker | undefined;
  private waiting: Waiting[] = [];
  private idle: NodeJS.Timeout | undefined;

  pack(work: PackWork): Promise<Packed> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ segment: work.segment, resolve, reject });
      clearTimeout(this.idle);
      this.worker ??= this.start();
      this.worker.ref();
      this.worker.postMessage(work);
    });
  }

  private start(): Worker {
    const worker = new Worker(entry);
    worker.on('message', (answer: PackAnswer) => {
      const first = this.waiting.shift();
      if ('packed' in answer) first?.resolve(answer.packed);
      else first?.reject(new MidstreamError(answer.failed.code, answer.failed.message));
      if (this.waiting.length > 0) return;
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
    const { waiting } = this;
    this.waiting = [];
    for (const { segment, reject } of waiting) reject(why(segment));
  }
}

const thread = new PackThread();

/**
 * packSegment on a thread of its own: on the thread that serves connections a segment would take a third of a second, and zstd's memory would
 * stay. What that thread had compiled serves the next segment too, which under load comes soon.
 */
export function packElsewhere(directory: string, segment: string): Promise<Packed> {
  return thread.pack({ directory, segment });
}
