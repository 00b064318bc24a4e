import assert from 'node:assert/strict';
import type { Random } from '../../support/random.js';
import { bodyOf, Driver } from '../../unit/http/support.js';

/** What comes of an answer's body under a policy; with `random` it comes in pieces, and with `flushes` it pauses between some of them. */
export function maskedAnswer(policy: string, type: string, whole: Buffer | string, random?: Random, flushes = false): string {
  const d = new Driver(policy);
  d.request('GET /x');
  d.step({
    type: 'response_headers',
    headers: [
      [':status', '200'],
      ['content-type', type],
    ],
    end: false,
  });
  const bytes = Buffer.from(whole as string);
  for (let at = 0; at < bytes.length; ) {
    const next = random === undefined ? bytes.length : at + 1 + random.int(random.pick([1, 8, 100]));
    d.step({ type: 'response_body', body: bytes.subarray(at, next), end: false });
    if (flushes && random?.chance(0.1) === true) d.step({ type: 'flush' });
    at = next;
  }
  d.step({ type: 'response_body', body: Buffer.alloc(0), end: true });
  assert.equal(d.last.fail, undefined);
  return bodyOf(d.answers).toString();
}
