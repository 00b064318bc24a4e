/** A seeded source of randomness: MIDSTREAM_SEED replays a failure, whose message holds the seed. */
export interface Random {
  seed: number;
  /** 0 ≤ n < below */
  int(below: number): number;
  pick<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
}

export function makeRandom(): Random {
  const given = Number(process.env.MIDSTREAM_SEED);
  const seed = Number.isInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1;
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return { seed, int, pick: (list) => list[int(list.length)]!, chance: (probability) => next() < probability };
}
