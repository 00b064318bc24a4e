/** Milliseconds without another chunk after which what is sure of the held bytes goes on. */
const PAUSE_MS = 20;

/** What holds bytes back until its sender pauses. */
export interface Pausing {
  /** the sender has paused */
  paused(): void;
}

/** Since when each holds bytes back (monotonic ms), in that order: each waits as long as the others. */
const since = new Map<Pausing, number>();
let timer: NodeJS.Timeout | undefined;

/**
 * Waits for a pause from now on; from when it waited before, no more. One timer for all: an answer of a few chunks starts and ends two of these waits, and
 * a timer of its own for each costs more than the look.
 */
export function awaitPause(one: Pausing): void {
  since.delete(one);
  since.set(one, performance.now());
  timer ??= setTimeout(look, PAUSE_MS);
}

export function noPause(one: Pausing): void {
  since.delete(one);
}

function look(): void {
  // The timer stays set meanwhile: who begins to wait again in here is behind the others, and no reason to look later.
  const now = performance.now();
  for (const [one, at] of since) {
    const left = at + PAUSE_MS - now;
    if (left > 0) {
      timer = setTimeout(look, Math.ceil(left));
      return;
    }
    since.delete(one);
    one.paused();
  }
  timer = undefined;
}
