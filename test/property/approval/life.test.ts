import assert from 'node:assert/strict';
import fc from 'fast-check';
import { digestOf } from '../../../filters/approval/digest.js';
import { decide, end, expire, release } from '../../../filters/approval/life.js';
import { runs } from '../../support/seed.js';
import { agent, by, held, T0 } from '../../unit/approval/samples.js';

const step = fc.oneof(
  fc.record({
    kind: fc.constant('decide' as const),
    who: fc.constantFrom('alice', 'bob', 'Bob', 'carol', 'app', 'eve'),
    deny: fc.boolean(),
    after: fc.integer({ min: 0, max: 30 }),
  }),
  fc.record({ kind: fc.constantFrom('release' as const, 'cancel' as const, 'expire' as const), after: fc.integer({ min: 0, max: 30 }) }),
);

describe('the life of a held operation, any steps in any order', () => {
  it('releases once at most, in time, with a quorum of distinct others, and never after an end', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), fc.integer({ min: 1, max: 3 }), (steps, quorum) => {
        let record = held({ terms: { quorum }, expires_ms: T0 + 100 });
        let now_ms = T0;
        const yes = new Set<string>();
        let denied = false;
        let ended = false;
        let released = 0;
        for (const one of steps) {
          now_ms += one.after;
          if (one.kind === 'decide') {
            const groups = one.who === 'eve' ? ['other'] : ['dba'];
            try {
              record = decide(record, by(one.who, { groups, verdict: one.deny ? 'deny' : 'approve', at_ms: now_ms }));
              assert.ok(!ended && !denied && released === 0 && now_ms < T0 + 100 && one.who !== 'eve' && one.who !== 'app');
              assert.ok(!yes.has(one.who.toLowerCase()), 'one voice each');
              if (one.deny) denied = true;
              else yes.add(one.who.toLowerCase());
            } catch (error) {
              assert.ok(['conflict', 'forbidden'].includes((error as { code: string }).code), String(error));
            }
          } else if (one.kind === 'release') {
            const after = release(record, now_ms);
            assert.equal(after !== undefined, !ended && !denied && yes.size >= quorum && released === 0 && now_ms < T0 + 100);
            if (after) {
              released += 1;
              record = after;
            }
          } else {
            const after = one.kind === 'cancel' ? end(record, 'cancelled', 'x') : expire(record, now_ms);
            if (one.kind === 'expire' && after) assert.ok(now_ms >= T0 + 100);
            if (after) {
              assert.ok(released === 0 && !denied && !ended);
              ended = true;
              record = after;
            }
          }
          assert.ok(released <= 1);
          const status: string = ended ? record.status : denied ? 'denied' : yes.size >= quorum ? 'approved' : 'pending';
          assert.equal(record.status, status);
        }
      }),
      runs(3000),
    );
  });

  it('has another digest for any other cut of the same bytes into fields', () => {
    const bound = { identity: agent, policy_version: 'v', user: 'u' };
    // Few and short pieces, of what a boundary could be made of, so that most pairs are the same bytes cut elsewhere.
    const piece = fc.string({ unit: fc.constantFrom('1', ':', '-', 'é'), maxLength: 2 });
    const fields = fc.tuple(piece, piece, piece, fc.array(fc.option(piece), { maxLength: 2 }));
    fc.assert(
      fc.property(fields, fields, (a, b) => {
        const digest = ([resource, database, text, params]: typeof a) => digestOf({ ...bound, resource, database, text, params });
        assert.equal(digest(a) === digest(b), JSON.stringify(a) === JSON.stringify(b));
      }),
      runs(2000),
    );
  });
});
