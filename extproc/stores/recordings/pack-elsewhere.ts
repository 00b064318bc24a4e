import { Worker } from 'node:worker_threads';
import { MidstreamError, type ReasonCode } from '../../../filters/errors.js';
import type { Packed } from './pack.js';

export interface PackWork {
  directory: string;
  segment: string;
}

/** What the thread says before it ends. */
export type PackAnswer = { packed: Packed } | { failed: { code: ReasonCode; message: string } };

/** The compiled thread beside compiled code, its source beside sources. */
const entry = new URL(`./pack-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

/**
 * packSegment on a thread of its own, which lives as long as the work: on the thread that serves connections a segment would take a third of a
 * second, and zstd's memory would stay.
 */
export function packElsewhere(directory: string, segment: string): Promise<Packed> {
  const work: PackWork = { directory, segment };
  return new Promise((resolve, reject) => {
    const thread = new Worker(entry, { workerData: work });
    thread.once('message', (answer: PackAnswer) => {
      if ('packed' in answer) resolve(answer.packed);
      else reject(new MidstreamError(answer.failed.code, answer.failed.message));
    });
    thread.once('error', reject);
    // After an answer this changes nothing.
    thread.once('exit', (code) => reject(new MidstreamError('unavailable', `packing ${segment} ended without an answer (${code})`)));
  });
}
