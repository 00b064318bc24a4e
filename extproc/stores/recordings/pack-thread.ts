import { parentPort, workerData } from 'node:worker_threads';
import { MidstreamError } from '../../../filters/errors.js';
import { packSegment } from './pack.js';
import type { PackAnswer, PackWork } from './pack-elsewhere.js';
import { realFs } from './world.js';

/** The thread of packElsewhere(): one segment, one answer. */
const { directory, segment } = workerData as PackWork;

const answer: PackAnswer = await packSegment(realFs, directory, segment).then(
  (packed) => ({ packed }),
  (error: unknown) => ({
    failed: {
      code: error instanceof MidstreamError ? error.code : 'unavailable',
      message: error instanceof Error ? error.message : String(error),
    },
  }),
);
parentPort?.postMessage(answer);
