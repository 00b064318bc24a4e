import assert from 'node:assert/strict';
import type { StoredEvent } from '../../../filters/record/chain.js';
import { emptySummary, summarise } from '../../../filters/record/search.js';

const event = (type: string, more: object = {}): StoredEvent =>
  ({ v: 1, session: 's', seq: 0, t: 0, prev: '', type, ...more }) as unknown as StoredEvent;
const open = event('session.open', { start: '2026-01-01T00:00:00.000Z', identity: { id: 'agent' } });
const access = event('access', { of: 's', entry: { received_bytes: 16 } });

function closedAfter(...events: StoredEvent[]): string {
  const summary = emptySummary('s');
  for (const one of events) summarise(summary, one);
  return summary.closed;
}

describe('the summary of a session', () => {
  it('is not that of an open one where Envoy’s own entry is all there is: a cancel request, a probe', () => {
    assert.equal(closedAfter(access), 'without a log-in');
  });

  it('has the reason of its end, whichever event comes first', () => {
    const close = event('session.close', { reason: 'the client ended' });
    assert.equal(closedAfter(open, close, access), 'the client ended');
    assert.equal(closedAfter(access, open, close), 'the client ended');
    assert.equal(closedAfter(access, open), '');
    assert.equal(closedAfter(open), '');
  });
});
