import type { Siblings } from '../runtime.js';
import type { FromWorker, Question } from './messages.js';

/** Questions that may be open at once; more are answered `no` at once, so that a flood of cancel requests fills no memory. */
export const QUESTIONS_MAX = 1000;

/** Milliseconds to wait for the parent; it gives up before. */
const PARENT_MS_MAX = 2000;

/** A worker's way to the others, through the parent. */
export class AskedSiblings implements Siblings {
  private readonly open = new Map<number, (answer: string) => void>();
  private ids = 0;

  constructor(private readonly send: (message: FromWorker) => void) {}

  async cancelHeld(key: string): Promise<boolean> {
    return (await this.ask({ kind: 'cancel', key })) !== '';
  }

  sessionOf(connection: string): Promise<string> {
    return this.ask({ kind: 'session', connection });
  }

  redefined(database: string): void {
    // Nobody waits for an answer, so a flood of questions does not keep it back.
    this.send({ type: 'ask', id: ++this.ids, question: { kind: 'redefined', database } });
  }

  answered(id: number, answer: string): void {
    const done = this.open.get(id);
    this.open.delete(id);
    done?.(answer);
  }

  private ask(question: Question): Promise<string> {
    if (this.open.size >= QUESTIONS_MAX) return Promise.resolve('');
    const id = ++this.ids;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered(id, ''), PARENT_MS_MAX);
      this.open.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.send({ type: 'ask', id, question });
    });
  }
}
