import type { FromWorker, Question, ToWorker } from './messages.js';

/** Milliseconds after which a question counts as answered by nobody: a worker that hangs must not hold up the others. */
export const ANSWER_MS_MAX = 1000;

type Send = (message: ToWorker) => void;

interface Asked {
  /** workers that have not replied */
  open: Set<number>;
  done: (answer: string) => void;
}

/** Takes a worker's question to all others and brings back the first answer that is not empty. */
export class Broker {
  private readonly workers = new Map<number, Send>();
  private readonly asked = new Map<number, Asked>();
  private ids = 0;

  constructor(private readonly answer_ms_max = ANSWER_MS_MAX) {}

  joined(worker: number, send: Send): void {
    this.workers.set(worker, send);
  }

  /** A worker that is gone has nothing, and nothing is told to it. */
  left(worker: number): void {
    this.workers.delete(worker);
    for (const id of [...this.asked.keys()]) this.reply(worker, id, '');
  }

  take(worker: number, message: FromWorker): void {
    if (message.type === 'reply') this.reply(worker, message.id, message.answer);
    if (message.type === 'ask') this.ask(worker, message.id, message.question);
  }

  private ask(from: number, theirId: number, question: Question): void {
    const id = ++this.ids;
    const timer = setTimeout(() => this.settle(id, ''), this.answer_ms_max);
    const done = (answer: string) => {
      clearTimeout(timer);
      this.workers.get(from)?.({ type: 'answer', id: theirId, answer });
    };
    const others = [...this.workers].filter(([number]) => number !== from);
    this.asked.set(id, { open: new Set(others.map(([number]) => number)), done });
    for (const [, send] of others) send({ type: 'question', id, question });
    if (others.length === 0) this.settle(id, '');
  }

  private reply(worker: number, id: number, answer: string): void {
    const asked = this.asked.get(id);
    if (!asked?.open.delete(worker)) return;
    if (answer !== '' || asked.open.size === 0) this.settle(id, answer);
  }

  private settle(id: number, answer: string): void {
    const asked = this.asked.get(id);
    this.asked.delete(id);
    asked?.done(answer);
  }
}
