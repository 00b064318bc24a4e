import { SEED } from './seed.js';

/** A small seeded generator (mulberry32): the same numbers for the same seed on every machine. */
export class Random {
  constructor(private state: number = SEED) {}

  /** 0 <= x < 1 */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.int(from.length)]!;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  chars(alphabet: string, length: number): string {
    let text = '';
    for (let k = 0; k < length; k++) text += alphabet[this.int(alphabet.length)];
    return text;
  }
}

/** Runs `test` once for each of `rounds` seeds, the first of which is the run's (seed.ts); a failure names the one that shows it again. */
export function forSeeds(rounds: number, test: (random: Random, seed: number) => void): void {
  for (let seed = SEED; seed < SEED + rounds; seed++) {
    try {
      test(new Random(seed), seed);
    } catch (error) {
      throw withSeed(error, seed);
    }
  }
}

/** The same for tests that wait, one after the other. */
export async function forSeedsInTurn(rounds: number, test: (random: Random, seed: number) => Promise<void>): Promise<void> {
  for (let seed = SEED; seed < SEED + rounds; seed++) {
    try {
      await test(new Random(seed), seed);
    } catch (error) {
      throw withSeed(error, seed);
    }
  }
}

function withSeed(error: unknown, seed: number): unknown {
  if (!(error instanceof Error)) return error;
  const { message, stack } = error;
  error.message = `MIDSTREAM_SEED=${seed} MIDSTREAM_COUNT=1 shows it again: ${message}`;
  // The stack, which is what is printed, was written when the error was made.
  error.stack = stack?.replace(message, () => error.message);
  return error;
}
