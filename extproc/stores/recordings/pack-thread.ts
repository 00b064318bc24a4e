import { constants, setPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { MidstreamError } from '../../../filters/errors.js';
import { packSegment } from './pack.js';
import type { PackAnswer, PackWork } from './pack-elsewhere.js';
import { realFs } from './world.js';
import { zstd } from './zstd.js';

/** Blocks after which what they left behind is freed: V8 by itself waits until it is 64 MiB. */
const FREED_EVERY_BLOCKS = 4;

// Traffic goes before packing, which can wait. Linux takes this for the calling thread alone, others for the whole process.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);

// Where zstd is WASM it is compiled well, once: by the baseline compiler (v8-settings.ts) it takes half as long again for each block.
setFlagsFromString('--no-liftoff');
await zstd();
setFlagsFromString('--liftoff');

setFlagsFromString('--expose-gc');
// The flag gives the function to contexts made after it.
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;

let blocks = 0;
const free = () => {
  if (++blocks % FREED_EVERY_BLOCKS === 0) collect({ type: 'minor' });
};

let before: Promise<unknown> = Promise.resolve();
parentPort?.on('message', ({ directory, segment }: PackWork) => {
  before = before.then(async () => {
    const answer: PackAnswer = await packSegment(realFs, directory, segment, free).then(
      (packed) => ({ packed }),
      (error: unknown) => ({
        failed: {
          code: error instanceof MidstreamError ? error.code : 'unavailable',
          message: error instanceof Error ? error.message : String(error),
        },
      }),
    );
    parentPort?.postMessage(answer);
  });
});
