import { constants, setPriority } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { MidstreamError } from '../../../filters/errors.js';
import { packSegment } from './pack.js';
import type { PackAnswer, PackThreadData, PackWork } from './pack-elsewhere.js';
import { realFs } from './world.js';
import { zstd } from './zstd.js';

/** Blocks after which what they left behind (their packed forms, some 40 KiB each) is freed: V8 by itself waits until it is 64 MiB. */
const FREED_EVERY_BLOCKS = 32;

// Traffic goes before packing, which can wait. Linux takes this for the calling thread alone, others for the whole process.
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_LOW);

// Where zstd is WASM it is compiled well, once: by the baseline compiler (v8-settings.ts) it takes half as long again for each block.
setFlagsFromString('--no-liftoff');
await zstd();
setFlagsFromString('--liftoff');

setFlagsFromString('--expose-gc');
// The flag gives the function to contexts made after it.
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;

const { pause } = workerData as PackThreadData;
let blocks = 0;
const between = () => {
  if (++blocks % FREED_EVERY_BLOCKS === 0) collect({ type: 'minor' });
  const ms = Atomics.load(pause, 0);
  if (ms > 0) Atomics.wait(pause, 0, ms, ms);
};

let before: Promise<unknown> = Promise.resolve();
parentPort?.on('message', ({ directory, segment }: PackWork) => {
  before = before.then(async () => {
    const answer: PackAnswer = await packSegment(realFs, directory, segment, between).then(
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
