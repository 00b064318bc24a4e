import { MidstreamError } from '../../filters/errors.js';
import { npmGone } from '../process/npm-gone.js';
import { report } from './io.js';

/** Settles when somebody asks: by SIGINT, SIGTERM, or by ending the npm that runs this. Asked for before anything is started: what comes too early must not leave things behind. */
export function stopAsked(): Promise<string> {
  return new Promise<string>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => done(signal));
    void npmGone().then(() => done('SIGTERM'));
  });
}

/** Waits until somebody asks (SIGHUP reads the policy again), or for Envoy to end by itself; then stops once, however often it is asked. */
export async function runUntilStopped(
  asked: Promise<string>,
  stop: () => Promise<void>,
  failed: Promise<string>,
  reload: () => void,
): Promise<void> {
  process.on('SIGHUP', reload);
  let stopped = false;
  const why = await Promise.race([asked, failed.then((reason) => (stopped ? '' : reason))]);
  stopped = true;
  try {
    await stop();
  } catch (error) {
    // What could not be written stays unwritten; recovery says so at the next start. The process ends all the same.
    report(error, process.argv.includes('--json'));
    process.exit();
  }
  if (why !== 'SIGINT' && why !== 'SIGTERM')
    throw new MidstreamError('unavailable', why, { hint: 'look at its log with --log-level debug' });
  process.exit(0);
}
