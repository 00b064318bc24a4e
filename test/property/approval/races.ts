import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { ApprovalStore } from '../../../filters/approval/types.js';
import { runs } from '../../support/seed.js';
import { by, operation, T0 } from '../../unit/approval/samples.js';

type Act = 'alice' | 'bob' | 'carol' | 'deny' | 'release' | 'release again' | 'cancel' | 'expire';
const acts: readonly Act[] = ['alice', 'bob', 'carol', 'deny', 'release', 'release again', 'cancel', 'expire'];

/** Races over several handles of one store, in an order that fast-check's scheduler picks (and prints, and shrinks, where it fails). */
export function approvalRaces(name: string, handles: () => ApprovalStore[], usual: number): void {
  describe(`${name}: approvals that race`, () => {
    it('never release what ended, release once, and count the quorum exactly', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.shuffledSubarray([...acts], { minLength: 2 }),
          fc.integer({ min: 1, max: 2 }),
          async (s, chosen, quorum) => {
            const op = operation({
              terms: { quorum, lease: { same: 'text', for_ms: 60_000, uses: 1 } },
              text: `delete ${Math.floor(performance.now() * 1e6)}`,
            });
            await handles()[0]!.create(op);
            const order: string[] = [];
            const run = async (act: Act, store: ApprovalStore): Promise<void> => {
              await s.schedule(Promise.resolve(), act);
              const did = await perform(act, store, op.hold);
              await s.schedule(Promise.resolve(), `${act} has its answer`);
              if (did) order.push(act);
            };
            const all = Promise.all(chosen.map((act, i) => run(act, handles()[i % handles().length]!)));
            await s.waitFor(all);
            const did = new Set(order);
            const record = (await handles()[0]!.get(op.hold))!;
            const yes = ['alice', 'bob', 'carol'].filter((who) => did.has(who)).length;
            const releases = [...did].filter((act) => act.startsWith('release')).length;
            const ends = [...did].filter((act) => act === 'cancel' || act === 'expire').length;
            assert.ok(releases <= 1, 'released once');
            assert.ok(releases + ends <= 1, 'released or ended');
            assert.ok(yes <= quorum, 'nobody decides after the quorum');
            assert.equal(record.decisions.length, yes + (did.has('deny') ? 1 : 0), 'each decision that was taken is there');
            assert.equal(record.released_ms !== null, releases === 1);
            if (releases === 1) assert.equal(yes, quorum);
            if (did.has('deny')) assert.deepEqual([record.status, releases, ends], ['denied', 0, 0]);
            if (ends === 1) assert.equal(record.status, did.has('cancel') ? 'cancelled' : 'expired');
            const leases = await Promise.all(handles().map((store) => store.takeLease(op, T0 + 2000)));
            assert.equal(leases.filter(Boolean).length, yes === quorum ? 1 : 0, 'one lease of one use, where the quorum was reached');
          },
        ),
        runs(usual),
      );
    });
  });
}

/** Whether the act had its effect; what the life refuses (conflict) has none. */
async function perform(act: Act, store: ApprovalStore, hold: string): Promise<boolean> {
  try {
    if (act === 'release' || act === 'release again') return await store.release(hold, T0 + 1500);
    if (act === 'cancel') return (await store.end(hold, 'cancelled', act, T0 + 1500))?.reason === act;
    if (act === 'expire') return (await store.end(hold, 'expired', act, T0 + 1500))?.reason === act;
    await store.decide(hold, act === 'deny' ? by('dora', { verdict: 'deny' }) : by(act));
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, 'conflict', String(error));
    return false;
  }
}
