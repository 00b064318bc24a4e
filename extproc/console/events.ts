import type { ApprovalStore } from '../../filters/approval/types.js';
import { listItem } from './list-item.js';

/** Bytes that wait for a reader of the stream; a slower one is cut off and comes back. */
const WAITING_BYTES_MAX = 1024 * 1024;
const ALIVE_MS = 15_000;

/**
 * Server-sent events (WHATWG HTML, 9.2): `approval` with a list item for each change, a comment now and then so that a dead connection is noticed.
 * `mayGoOn` is asked before each of them; `ended` is called once, however the stream ends.
 */
export function approvalEvents(store: ApprovalStore, mayGoOn: () => boolean, ended: () => void): ReadableStream<Uint8Array> {
  let finish = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const encoder = new TextEncoder();
        let over = false;
        const send = (text: string): void => {
          if (over) return;
          const behind = (controller.desiredSize ?? 0) <= 0;
          if (mayGoOn() && !behind) controller.enqueue(encoder.encode(text));
          else {
            finish();
            controller.close();
          }
        };
        const stop = store.watchAll((record) => send(`event: approval\ndata: ${JSON.stringify(listItem(record))}\n\n`));
        const alive = setInterval(() => send(': alive\n\n'), ALIVE_MS).unref();
        finish = () => {
          if (over) return;
          over = true;
          clearInterval(alive);
          stop();
          ended();
        };
        send('retry: 1000\n\n');
      },
      cancel: () => finish(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: WAITING_BYTES_MAX }),
  );
}
