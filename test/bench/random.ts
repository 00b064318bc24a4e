import { Random } from '../support/random.js';

/** Numbers from 0 up to 1, the same ones for the same seed, so that every run reads the same rows. */
export function random(seed: number): () => number {
  const from = new Random(seed);
  return () => from.next();
}
