import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** MiB of half of the young generation where databases alone are served. */
export const HALF_MIB = 4;
/** Where HTTP servers are: a request lives for as long as its server takes, and what outlives two collections is old, and dear (decision 0280). */
export const HALF_MIB_OF_HTTP = 8;
/** Both halves as V8 begins with them. */
const LEAST_BYTES = 2 * 1024 * 1024;
/** More than one half, as objects of 72 bytes: a young generation grows when so much outlived it. */
const OBJECTS = 24_000;
const ATTEMPTS = 4;

/** Bytes of V8's young generation, both halves. */
export function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

/**
 * Lets the young generation grow from its least, once, where v8-settings.ts keeps it from growing by itself (decision 0110). With 1 MiB it is
 * collected every forty statements, and what is under way then is copied each time; with 16 MiB, which V8 takes under load, it costs 24 MB more
 * and saves a database's nothing (decision 0093). A V8 that does not grow so stays as it is.
 */
export function growYoungGeneration(half_mib = HALF_MIB): void {
  const before = youngBytes();
  // Grown already, or of a size that somebody chose.
  if (before > LEAST_BYTES) return;
  collect ??= collector();
  setFlagsFromString(`--semi-space-growth-factor=${half_mib}`);
  try {
    for (let i = 0; i < ATTEMPTS && youngBytes() < before * half_mib; i++) {
      const outlives = Array.from({ length: OBJECTS }, (_, n) => ({ a: n, b: n, c: n, d: n, e: n, f: n }));
      collect({ type: 'minor' });
      if (outlives.length === 0) return;
    }
  } finally {
    setFlagsFromString('--semi-space-growth-factor=1');
  }
}

let collect: ((options: { type: 'minor' }) => void) | undefined;

function collector(): (options: { type: 'minor' }) => void {
  setFlagsFromString('--expose-gc');
  // The flag gives the function to contexts made after it.
  return runInNewContext('gc') as (options: { type: 'minor' }) => void;
}

/** Calls of used() between two looks. */
const CALLS = 1000;
/** Milliseconds in which so many are traffic. V8 itself looks at five seconds. */
const BUSY_MS = 5000;

/**
 * Keeps the young generation as large as it was made. V8 shrinks it to its least with the first collection after some seconds with little to do (less than a
 * megabyte a second), and then it would stay so for ever (decision 0333).
 */
export class YoungGeneration {
  private calls = 0;
  private since: number;

  constructor(
    private readonly half_mib: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    growYoungGeneration(half_mib);
    this.since = now();
  }

  /** A piece of traffic came. */
  used(): void {
    if (++this.calls < CALLS) return;
    this.calls = 0;
    const before = this.since;
    this.since = this.now();
    if (this.since - before < BUSY_MS) growYoungGeneration(this.half_mib);
  }
}
