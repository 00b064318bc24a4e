import type { Logger } from 'pino';
import { Backoff } from './backoff.js';
import { Broker } from './broker.js';
import { type FromWorker, type Listening, type SharedSettings, STOP_MS_MAX, type WorkerSettings } from './messages.js';
import type { WorkerProcess } from './worker-process.js';

export interface SupervisorOptions {
  workers: number;
  settings: SharedSettings;
  log: Logger;
  fork: (settings: WorkerSettings, onMessage: (message: FromWorker) => void) => WorkerProcess;
  now?: () => number;
}

export interface Supervisor {
  /** where each worker listens, the first one's first */
  listening: Listening[];
  /** process ids of the workers that run now */
  pids(): number[];
  reload(): void;
  stop(reason: string): Promise<void>;
}

/** Starts all workers; those that die later are started again. Rejects with the error of the first that does not start. */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const broker = new Broker();
  const slots = Array.from({ length: options.workers }, (_, i) => new Slot(i + 1, options, broker, () => settleApi(slots)));
  slots[0]!.servesApi = true;
  const stop = async (reason: string) => {
    await Promise.all(slots.map((slot) => slot.stop(reason)));
  };
  try {
    // The first alone: it makes the files that all share.
    const first = await slots[0]!.start();
    const rest = await Promise.all(slots.slice(1).map((slot) => slot.start()));
    for (const slot of slots) slot.watch();
    return {
      listening: [first, ...rest],
      pids: () => slots.flatMap((slot) => slot.pid ?? []),
      reload: () => {
        for (const slot of slots) slot.reload();
      },
      stop,
    };
  } catch (error) {
    await stop('the gateway could not be started');
    throw error;
  }
}

/** The approvals API is served by one worker. When that one has ended, another that is ready takes it over, and keeps it. */
function settleApi(slots: readonly Slot[]): void {
  const holder = slots.find((slot) => slot.servesApi);
  const heir = slots.find((slot) => slot.ready);
  if (holder === undefined || holder.pid !== undefined || heir === undefined) return;
  holder.servesApi = false;
  heir.serveApi();
}

/** One worker's place, and the process that fills it now. */
class Slot {
  private process: WorkerProcess | undefined;
  private readonly backoff = new Backoff();
  private readonly now: () => number;
  /** this worker serves the approvals API, or will when it is back */
  servesApi = false;
  private ready_ms = 0;
  private stopping = false;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly number: number,
    private readonly options: SupervisorOptions,
    private readonly broker: Broker,
    private readonly onChange: () => void,
  ) {
    this.now = options.now ?? Date.now;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  async start(): Promise<Listening> {
    const { number, broker } = this;
    this.ready_ms = 0;
    const process = this.options.fork({ ...this.options.settings, number, serves_api: this.servesApi }, (message) =>
      broker.take(number, message),
    );
    this.process = process;
    void process.ended.then(() => {
      broker.left(number);
      if (this.process !== process) return;
      this.process = undefined;
      if (!this.stopping) this.onChange();
    });
    const listening = await process.ready;
    if (this.process === process) broker.joined(number, (message) => process.send(message));
    this.ready_ms = this.now();
    this.onChange();
    return listening;
  }

  /** From now on the worker is started again whenever it ends by itself. */
  watch(): void {
    const { process } = this;
    if (process === undefined) this.ended('it ended');
    else void process.ended.then((how) => this.ended(how));
  }

  get ready(): boolean {
    return this.process !== undefined && this.ready_ms > 0;
  }

  serveApi(): void {
    this.servesApi = true;
    this.process?.send({ type: 'serve_api' });
  }

  reload(): void {
    this.process?.send({ type: 'reload' });
  }

  async stop(reason: string): Promise<void> {
    this.stopping = true;
    clearTimeout(this.retry);
    const { process } = this;
    if (process === undefined) return;
    process.send({ type: 'stop', reason });
    const late = setTimeout(() => {
      this.options.log.error({ worker: this.number }, 'the worker did not stop in time and was killed');
      process.kill();
    }, STOP_MS_MAX);
    await process.ended;
    clearTimeout(late);
  }

  private ended(how: string): void {
    if (this.stopping) return;
    const wait_ms = this.backoff.next(this.ready_ms === 0 ? 0 : this.now() - this.ready_ms);
    this.options.log.error({ worker: this.number, how, wait_ms }, 'a worker ended; its connections are closed, and it is started again');
    this.retry = setTimeout(() => void this.again(), wait_ms);
  }

  private async again(): Promise<void> {
    try {
      await this.start();
      this.options.log.warn({ worker: this.number, pid: this.pid }, 'the worker is back');
      this.watch();
    } catch (error) {
      if (this.stopping) return;
      this.options.log.error(
        { worker: this.number, reason: error instanceof Error ? error.message : String(error) },
        'the worker could not be started',
      );
      await this.process?.ended;
      this.ended('it did not start');
    }
  }
}
