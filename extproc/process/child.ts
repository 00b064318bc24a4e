import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { MidstreamError } from '../../filters/errors.js';

/** How a child ended: by an exit code, by a signal, or by never having started. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** run as this account; only root may */
  account?: { uid: number; gid: number } | undefined;
  /** each line of standard output and standard error, without its line feed */
  onLine?: ((line: string) => void) | undefined;
  /** sent when this process exits without having stopped the child */
  exitSignal: NodeJS.Signals;
  /** send it also when this process is killed and can do nothing more: for children that would go on for good */
  guarded?: boolean;
  /** when it is aborted, before or after the start, the child gets `exitSignal` */
  signal?: AbortSignal | undefined;
}

/** One step of a stop: the signal, and how long to wait for it to work before the next step. */
export interface StopStep {
  signal: NodeJS.Signals;
  /** milliseconds */
  wait_ms: number;
}

/** A child process that is watched until it ends. */
export interface Child {
  readonly pid: number;
  readonly running: boolean;
  /** settles when the child has ended; never rejects */
  readonly exited: Promise<Exit>;
  /** the last lines it printed, at most TAIL_LINES_MAX */
  tail(): string;
  /** sends the signals in turn until the child has ended */
  stop(steps: readonly StopStep[]): Promise<Exit>;
}

/** Lines of output kept for error messages. */
export const TAIL_LINES_MAX = 200;
/** Characters of one line that are kept; what is beyond is cut. */
export const LINE_CHARS_MAX = 4096;

/** Children that still run: this process must not leave them behind. */
const running = new Map<ChildProcess, NodeJS.Signals>();
let watching = false;

function stopAllAtExit(): void {
  if (watching) return;
  watching = true;
  // Before others clean up what these children use.
  process.prependListener('exit', () => {
    for (const [child, signal] of running) child.kill(signal);
  });
}

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches this process alone and children are stopped in order.
 * Rejects with `unavailable` when the program cannot be started at all.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  stopAllAtExit();
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.account ?? {}),
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  // At once: this process may exit before it hears of the start, as when nobody reads what it said just before.
  if (child.pid !== undefined) {
    running.set(child, options.exitSignal);
    if (options.guarded) guard(child, options.exitSignal);
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new MidstreamError('unavailable', `${options.command} could not be started: ${cause.message}`, { cause })),
    );
  });
  // After the start the only errors left are failed kills, and those show as a child that goes on running.
  child.on('error', () => undefined);
  if (options.signal) endWhenAborted(child, options.exitSignal, options.signal);
  const tail: string[] = [];
  const take = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES_MAX) tail.shift();
    options.onLine?.(line);
  };
  for (const stream of [child.stdout, child.stderr]) if (stream) readLines(stream, take);
  let ended = false;
  void exited.then(() => {
    ended = true;
  });
  return {
    pid: child.pid!,
    get running() {
      return !ended;
    },
    exited,
    tail: () => tail.join('\n'),
    stop: async (steps) => {
      for (const { signal, wait_ms } of steps) {
        if (ended) break;
        child.kill(signal);
        if (await within(exited, wait_ms)) break;
      }
      return exited;
    },
  };
}

/**
 * A shell that waits for the end of its input, which comes when this process is gone, however it went. It must itself go first
 * when the child ends, or it might later signal another process of the same number.
 */
function guard(child: ChildProcess, signal: NodeJS.Signals): void {
  const script = 'while read -r _; do :; done; kill -s "$2" "$1"';
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(child.pid), signal.slice('SIG'.length)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell there is no guard; the child runs all the same.
  watcher.on('error', () => undefined);
  watcher.stdin.on('error', () => undefined);
  watcher.unref();
  (watcher.stdin as unknown as Socket).unref();
  child.once('exit', () => watcher.kill('SIGKILL'));
}

function endWhenAborted(child: ChildProcess, exitSignal: NodeJS.Signals, signal: AbortSignal): void {
  const end = () => child.kill(exitSignal);
  if (signal.aborted) end();
  signal.addEventListener('abort', end);
  child.once('exit', () => signal.removeEventListener('abort', end));
}

/** Cuts a stream into lines; a line that never ends is cut at its limit. */
function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) take(line.slice(0, LINE_CHARS_MAX));
    if (rest.length > LINE_CHARS_MAX) {
      take(rest.slice(0, LINE_CHARS_MAX));
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest) take(rest);
  });
}

/** True when the promise settled in time. */
export async function within(promise: Promise<unknown>, wait_ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), wait_ms);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits without keeping anything else waiting. */
export const pause = (wait_ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, wait_ms));

/** How an ended child is told to people. */
export function exitText({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
}
