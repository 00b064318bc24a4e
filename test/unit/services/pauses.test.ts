import assert from 'node:assert/strict';
import { awaitPause, noPause } from '../../../extproc/services/pauses.js';

describe('pauses of senders', () => {
  it('come to each that waits, in the order in which they began to wait last, and to none that waits no more', async () => {
    const told: string[] = [];
    const first = { paused: () => told.push('first') };
    const second = { paused: () => told.push('second') };
    const gone = { paused: () => told.push('gone') };
    await new Promise<void>((resolve) => {
      const again = {
        paused: () => {
          told.push('again');
          if (told.length < 4) awaitPause(again);
          else resolve();
        },
      };
      for (const one of [first, gone, second, again]) awaitPause(one);
      noPause(gone);
      awaitPause(first);
      awaitPause(again);
    });
    assert.deepEqual(told, ['second', 'first', 'again', 'again']);
  });
});
