import { openApprovals } from '../../../extproc/stores/approvals/sqlite.js';
import { by, operation, T0 } from './samples.js';

/** One more process on the same file; what it does is its second argument. Waits for a word of its parent, so that several begin together. */
const [file = '', task = '', name = ''] = process.argv.slice(2);
const store = await openApprovals({ file, poll_ms: 10 });
const say = (what: unknown) => new Promise<void>((resolve) => process.send!(what, () => resolve()));
await say('ready');
const keys = await new Promise<{ shape: string; digest: string; holds: string[] }>((resolve) =>
  process.once('message', (message) => resolve(message as never)),
);

/** How many of the calls did it. */
async function count(calls: (() => Promise<unknown>)[]): Promise<number> {
  let done = 0;
  for (const call of calls) {
    const result = await call().catch((error: { code: string }) => {
      if (error.code !== 'conflict') throw error;
      return undefined;
    });
    if (result) done += 1;
  }
  return done;
}

if (task === 'take') {
  let taken = 0;
  while (await store.takeLease(keys, T0)) taken += 1;
  await say(taken);
} else if (task === 'decide') {
  await say(await count(keys.holds.map((hold) => () => store.decide(hold, by(name)))));
} else if (task === 'release') {
  await say(await count(keys.holds.map((hold) => () => store.release(hold, T0 + 5))));
} else if (task === 'end') {
  await say(await count(keys.holds.map((hold) => async () => (await store.end(hold, 'cancelled', 'gone', T0))?.status === 'cancelled')));
} else if (task === 'hammer') {
  for (let i = 0; ; i++) {
    const op = operation({ hold: `${name}${i.toString(16)}`.padEnd(32, '0') });
    await store.create(op);
    await store.decide(op.hold, by('alice'));
    await say(op.hold);
  }
}
await store.close();
process.disconnect();
