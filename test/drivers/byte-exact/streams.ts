import { USER } from '../context.js';
import type { Step, Stream } from './converse.js';
import * as m from './messages.js';
import { DATABASE } from './seed.js';

export const hello = m.startup({ user: USER, database: DATABASE, client_encoding: 'UTF8' });
const opened: Step = { send: hello, until: 1 };
const bye: Step = { send: m.terminate, until: 'end' };

/** A session: start-up, these steps, Terminate. */
export const session = (name: string, ...steps: Step[]): Stream => ({ name, steps: [opened, ...steps, bye] });

/** Bytes that are answered by so many ReadyForQuery. */
export const sent = (until: number, ...bytes: Buffer[]): Step => ({ send: Buffer.concat(bytes), until });

/** A simple query on its own. */
export const simple = (name: string, ...sql: (string | Buffer)[]): Stream => session(name, ...sql.map((one) => sent(1, m.query(one))));

/** Everything from the start-up to Terminate in one write. */
export const atOnce = (name: string, ...bytes: Buffer[]): Stream => ({
  name,
  steps: [{ send: Buffer.concat([hello, ...bytes, m.terminate]), until: 'end' }],
});
