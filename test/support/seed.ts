import { count } from './long.js';

/**
 * The one seed of a run, from which every random test starts (decision 0240): 1, so that a run has no luck; with `npm run test:full`
 * another each time, which test/run.mjs makes and prints; MIDSTREAM_SEED where that is set. A whole number from 1.
 */
export const SEED: number = seedOf(process.env['MIDSTREAM_SEED']);

/** What repeats a failure; for tests that aren't told their seed by forSeeds or fast-check. */
export const SAID = `MIDSTREAM_SEED=${SEED}`;

export function seedOf(given: string | undefined): number {
  if (given === undefined || given === '') return 1;
  const seed = Number(given);
  if (!Number.isInteger(seed) || seed < 1 || seed >= 2 ** 31)
    throw new RangeError(`MIDSTREAM_SEED is ${JSON.stringify(given)}: give it a whole number from 1 to ${2 ** 31 - 1}`);
  return seed;
}

/** What a property of fast-check runs with, which prints the seed where it fails; `long` times with `npm run test:full`. */
export const runs = (usual: number, long?: number): { seed: number; numRuns: number } => ({ seed: SEED, numRuns: count(usual, long) });
