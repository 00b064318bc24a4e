/** A small seeded generator (mulberry32): MIDSTREAM_SEED replays, and what fails prints `said`. */
export interface Seeded {
  below(n: number): number;
  pick<T>(from: readonly T[]): T;
  said: string;
}

export function seeded(what: string): Seeded {
  const seed = Number(process.env['MIDSTREAM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  let a = seed >>> 0;
  const below = (n: number) => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
  return { below, pick: (from) => from[below(from.length)]!, said: `${what}: MIDSTREAM_SEED=${seed}` };
}
