/** What was started and must be stopped, last started first; also when the run is broken off. */
const stops: { name: string; stop: () => Promise<void> | void }[] = [];
let ending: Promise<void> | undefined;

/** Registers something to stop; the returned function stops it now, and then only once. */
export function onStop(name: string, stop: () => Promise<void> | void): () => Promise<void> {
  const entry = { name, stop };
  stops.push(entry);
  return async () => {
    const at = stops.indexOf(entry);
    if (at < 0) return;
    stops.splice(at, 1);
    await stop();
  };
}

/** Stops everything that still runs. One that fails does not keep the others running. */
export function stopAll(): Promise<void> {
  ending ??= (async () => {
    for (let entry = stops.pop(); entry !== undefined; entry = stops.pop()) {
      try {
        await entry.stop();
      } catch (error) {
        process.stderr.write(`${entry.name} did not stop: ${error instanceof Error ? error.message : String(error)}\n`);
      }
    }
  })();
  return ending;
}

/** Ctrl-C and SIGTERM stop what was started; a second one ends at once. */
export function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.stderr.write(`\n${signal}: stopping what was started\n`);
      process.once(signal, () => process.exit(130));
      void stopAll().then(() => process.exit(130));
    });
  }
}

/** True once the run is being broken off: what fails then fails because of that. */
export const stopping = (): boolean => ending !== undefined;
