import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MidstreamError } from '../../filters/errors.js';
import type { FromWorker, Listening, ToWorker, WorkerSettings } from './messages.js';

/** The compiled worker beside compiled code, its source beside sources. */
const entry = fileURLToPath(new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));

export interface WorkerProcess {
  pid: number;
  /** settles when it listens; rejects with the worker's own error, or when it ends before */
  ready: Promise<Listening>;
  /** settles when the process has ended, with how it did */
  ended: Promise<string>;
  send(message: ToWorker): void;
  kill(): void;
}

/** Starts a worker. Its messages but the first, which says whether it is ready, go to `onMessage`. */
export function forkWorker(settings: WorkerSettings, onMessage: (message: FromWorker) => void): WorkerProcess {
  // What a worker has to say goes to standard error: standard output has the one line that says ready.
  const child = fork(entry, [], { serialization: 'advanced', stdio: ['ignore', 2, 2, 'ipc'] });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
  });
  const ready = new Promise<Listening>((resolve, reject) => {
    child.on('message', (message: FromWorker) => {
      if (message.type === 'ready') resolve(message.listening);
      else if (message.type === 'failed') reject(new MidstreamError(message.code, message.message, { hint: message.hint }));
      else onMessage(message);
    });
    void ended.then((how) => reject(new MidstreamError('unavailable', `worker ${settings.number} ended before it was ready (${how})`)));
  });
  const send = sender(child);
  send({ type: 'start', settings });
  return { pid: child.pid ?? 0, ready, ended, send, kill: () => void child.kill('SIGKILL') };
}

function sender(child: ChildProcess): (message: ToWorker) => void {
  return (message) => {
    // A worker that is just going shows by its end, not here.
    if (child.connected) child.send(message, () => undefined);
  };
}
