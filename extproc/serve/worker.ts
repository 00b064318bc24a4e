import '../process/v8-settings.js';
import { MidstreamError } from '../../filters/errors.js';
import { createLog } from '../log.js';
import { startWorker, type Worker } from './from-config.js';
import { type FromWorker, type Question, STOP_MS_MAX, type ToWorker, type WorkerSettings } from './messages.js';
import { AskedSiblings } from './siblings.js';

const API_RETRY_MS = 1000;

/** Entry of a worker process: everything it does, the parent tells it over their pipe. */
function main(): void {
  const send = (message: FromWorker) => {
    // The parent may just have gone; its end shows as `disconnect`.
    if (process.connected) process.send!(message, () => undefined);
  };
  const siblings = new AskedSiblings(send);
  let worker: Worker | undefined;
  let stopping = false;
  const stop = async (reason: string) => {
    if (stopping) return;
    stopping = true;
    try {
      await worker?.stop(reason);
    } catch (error) {
      process.stderr.write(`midstream: ${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    }
    process.exit(0);
  };
  const start = async (settings: WorkerSettings) => {
    const log = createLog(settings.config.log.level).child({ worker: settings.number });
    try {
      worker = await startWorker(settings, log, siblings);
      send({ type: 'ready', listening: worker.listening });
    } catch (error) {
      process.send!(failure(error), () => process.exit(1));
    }
  };
  const serveApi = async (): Promise<void> => {
    try {
      await worker?.runtime.serveApi();
    } catch (error) {
      // The port may be taken for a moment yet; nobody else will serve it.
      process.stderr.write(`midstream: ${error instanceof Error ? error.message : String(error)}\n`);
      if (!stopping) setTimeout(() => void serveApi(), API_RETRY_MS).unref();
    }
  };
  const answer = (question: Question): string => {
    if (worker === undefined) return '';
    const { runtime } = worker;
    if (question.kind === 'cancel') return runtime.cancelHeld(question.key) ? 'cancelled' : '';
    if (question.kind === 'session') return runtime.sessionOf(question.connection);
    runtime.redefined(question.database);
    return '';
  };
  process.on('message', (message: ToWorker) => {
    if (message.type === 'start') void start(message.settings);
    else if (message.type === 'reload') void worker?.runtime.reload();
    else if (message.type === 'serve_api') void serveApi();
    else if (message.type === 'stop') void stop(message.reason);
    else if (message.type === 'question') send({ type: 'reply', id: message.id, answer: answer(message.question) });
    else siblings.answered(message.id, message.answer);
  });
  // Ctrl-C and a closed terminal reach the whole group; the parent says what they mean.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  process.on('SIGTERM', () => void stop('the gateway is stopping'));
  const orphaned = () => {
    // Nobody is left who would end a stop that hangs.
    setTimeout(() => process.exit(1), STOP_MS_MAX).unref();
    void stop('the gateway is stopping');
  };
  process.on('disconnect', orphaned);
  if (!process.connected) orphaned();
}

function failure(error: unknown): FromWorker {
  const known =
    error instanceof MidstreamError ? error : new MidstreamError('internal', error instanceof Error ? error.message : String(error));
  return { type: 'failed', code: known.code, message: known.message, hint: known.hint };
}

main();
