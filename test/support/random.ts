/** A small seeded generator (mulberry32), so that any failure can be run again: MIDSTREAM_SEED=n. */
export class Random {
  constructor(private state: number) {}

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
}

/** Runs `test` for many seeds; a failure names the seed that shows it again. */
export function forSeeds(count: number, test: (random: Random, seed: number) => void): void {
  const only = process.env['MIDSTREAM_SEED'];
  const first = only === undefined ? 1 : Number(only);
  for (let seed = first; seed < first + (only === undefined ? count : 1); seed++) {
    try {
      test(new Random(seed), seed);
    } catch (error) {
      if (error instanceof Error) {
        const { message, stack } = error;
        error.message = `seed ${seed} (MIDSTREAM_SEED=${seed} runs it alone): ${message}`;
        // The stack, which is what is printed, was written when the error was made.
        error.stack = stack?.replace(message, () => error.message);
      }
      throw error;
    }
  }
}
