import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { MidstreamError } from '../../../filters/errors.js';
import { packSegment } from './pack.js';
import type { PackAnswer, PackWork } from './pack-elsewhere.js';
import { realFs } from './world.js';

/** The thread of packElsewhere(): one segment, one answer. */
const { directory, segment } = workerData as PackWork;

// Traffic goes before packing, which can wait. Linux takes this for the calling thread alone, others for the whole process.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);

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
