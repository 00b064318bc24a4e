import { MidstreamError } from '../../filters/errors.js';
import { npmGone } from '../process/npm-gone.js';
import { report } from './io.js';

/**
 * Aborted when somebody asks to stop: by SIGINT, SIGTERM, or by ending the npm that runs this. Asked for before anything is started: what comes
 * too early must not leave things behind.
 */
export function stopAsked(): AbortSignal {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  void npmGone().then(stop);
  return controller.signal;
}

/** Settles when the signal is aborted; never rejects. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What is being started, which stops itself when it is asked to: then nobody is told that it is ready, and the process ends well. */
export async function untilReady<T>(asked: AbortSignal, starting: Promise<T>): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    if (asked.aborted && error === asked.reason) process.exit(0);
    throw error;
  }
}

/** Waits until somebody asks (SIGHUP reads the policy again), or for Envoy to end by itself; then stops once, however often it is asked. */
export async function runUntilStopped(
  asked: AbortSignal,
  stop: () => Promise<void>,
  failed: Promise<string>,
  reload: () => void,
): Promise<void> {
  process.on('SIGHUP', reload);
  const why = await Promise.race([aborted(asked), failed]);
  try {
    await stop();
  } catch (error) {
    // What could not be written stays unwritten; recovery says so at the next start. The process ends all the same.
    report(error, process.argv.includes('--json'));
    process.exit();
  }
  if (why !== undefined) throw new MidstreamError('unavailable', why, { hint: 'look at its log with --log-level debug' });
  process.exit(0);
}
