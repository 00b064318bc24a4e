import assert from 'node:assert/strict';
import type { ApprovalStore, HoldRecord } from '../../../filters/approval/types.js';
import { by, operation, T0 } from './samples.js';

/** What a store is tested with: handles of one and the same store, as several processes have them. */
export interface StoreUnderTest {
  store: ApprovalStore;
  /** one more handle of the same store */
  another(): Promise<ApprovalStore>;
  /** closes all handles and removes what they stored */
  finish(): Promise<void>;
}

const failsWith = (code: string) => (error: unknown) => {
  assert.equal((error as { code?: string }).code, code, String(error));
  return true;
};

/** Waits until `test` is true, for a few seconds at most. */
export async function eventually(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await test()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`never: ${what}`);
}

/** What every ApprovalStore must do, whatever it is made of. */
export function approvalStoreSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name}: an approval store`, () => {
    let under: StoreUnderTest;
    let store: ApprovalStore;
    beforeEach(async () => {
      under = await open();
      store = under.store;
    });
    afterEach(() => under.finish());

    it('keeps what it was given', async () => {
      const op = operation({
        text: 'select \u0000 "é" 𝄞 \ud800',
        params: ['', null, 'x'.repeat(100_000)],
        terms: { lease: { same: 'shape', for_ms: 1, uses: 1 } },
      });
      await store.create(op);
      assert.deepEqual(await store.get(op.hold), { operation: op, status: 'pending', decisions: [], reason: '', released_ms: null });
      assert.equal(await store.get('f'.repeat(32)), undefined);
      await assert.rejects(store.create(op), failsWith('conflict'));
    });

    it('does not take a hold id for anything but an id', async () => {
      const op = operation({ hold: "' or 1=1 --" });
      await store.create(operation());
      await store.create(op);
      assert.equal((await store.get(op.hold))?.operation.hold, op.hold);
      assert.equal(await store.get('%'), undefined);
    });

    it('lists by status, the newest first, up to a limit', async () => {
      const ops = [3, 1, 2].map((n) => operation({ created_ms: T0 + n }));
      for (const op of ops) await store.create(op);
      await store.decide(ops[0]!.hold, by('alice', { verdict: 'deny' }));
      const times = async (filter: Parameters<ApprovalStore['list']>[0]) =>
        (await store.list(filter)).map((record) => record.operation.created_ms - T0);
      assert.deepEqual(await times({}), [3, 2, 1]);
      assert.deepEqual(await times({ limit: 2 }), [3, 2]);
      assert.deepEqual(await times({ limit: 0 }), []);
      assert.deepEqual(await times({ status: 'pending' }), [2, 1]);
      assert.deepEqual(await times({ status: 'denied' }), [3]);
      assert.deepEqual(await times({ status: 'expired' }), []);
    });

    it('counts a quorum over handles, and refuses what the life refuses', async () => {
      const op = operation({ terms: { quorum: 2 } });
      const other = await under.another();
      await store.create(op);
      await assert.rejects(store.decide('0'.repeat(32), by('alice')), failsWith('not_found'));
      await assert.rejects(store.decide(op.hold, by(op.identity.id)), failsWith('forbidden'));
      await assert.rejects(store.decide(op.hold, by('eve', { groups: [] })), failsWith('forbidden'));
      assert.equal((await store.decide(op.hold, by('alice', { comment: 'ok' }))).status, 'pending');
      await assert.rejects(other.decide(op.hold, by('alice')), failsWith('conflict'));
      const after = await other.decide(op.hold, by('bob'));
      assert.equal(after.status, 'approved');
      assert.deepEqual(await store.get(op.hold), after);
      assert.deepEqual(
        after.decisions.map((one) => [one.by, one.comment]),
        [
          ['alice', 'ok'],
          ['bob', ''],
        ],
      );
      await assert.rejects(store.decide(op.hold, by('carol')), failsWith('conflict'));
    });

    it('writes nothing when it refuses', async () => {
      const op = operation();
      await store.create(op);
      const before = await store.get(op.hold);
      await assert.rejects(store.decide(op.hold, by('late', { at_ms: op.expires_ms })), failsWith('conflict'));
      assert.deepEqual(await store.get(op.hold), before);
      assert.equal(await store.takeLease(op, T0), undefined);
    });

    it('releases once, over handles', async () => {
      const op = operation();
      const other = await under.another();
      await store.create(op);
      assert.equal(await store.release(op.hold, T0 + 1), false, 'pending');
      await store.decide(op.hold, by('alice'));
      const answers = await Promise.all([store.release(op.hold, T0 + 2), other.release(op.hold, T0 + 2), store.release(op.hold, T0 + 2)]);
      assert.equal(answers.filter(Boolean).length, 1);
      assert.equal((await other.get(op.hold))?.released_ms, T0 + 2);
      assert.equal((await store.end(op.hold, 'cancelled', 'late', T0 + 3))?.status, 'approved', 'what was released stays released');
      assert.equal(await store.release('0'.repeat(32), T0), false);
    });

    it('does not release after its time, after an end, after a deny', async () => {
      const late = operation();
      await store.create(late);
      await store.decide(late.hold, by('alice'));
      assert.equal(await store.release(late.hold, late.expires_ms), false);
      for (const status of ['cancelled', 'expired'] as const) {
        const op = operation();
        await store.create(op);
        await store.decide(op.hold, by('alice'));
        assert.equal((await store.end(op.hold, status, 'because', T0 + 5))?.status, status);
        assert.equal(await store.release(op.hold, T0 + 6), false);
        assert.equal((await store.get(op.hold))?.reason, 'because');
        await assert.rejects(store.decide(op.hold, by('bob')), failsWith('conflict'));
      }
      assert.equal(await store.end('0'.repeat(32), 'cancelled', '', T0), undefined);
    });

    it('ends what is overdue, and nothing else', async () => {
      const [pending, approved, released, denied, later] = [0, 0, 0, 0, 10].map((more) => operation({ expires_ms: T0 + 5000 + more }));
      for (const op of [pending, approved, released, denied, later]) await store.create(op!);
      for (const op of [approved, released]) await store.decide(op!.hold, by('alice'));
      await store.decide(denied!.hold, by('alice', { verdict: 'deny' }));
      await store.release(released!.hold, T0 + 2000);
      assert.equal(await store.expireOverdue(T0 + 4999), 0);
      assert.equal(await store.expireOverdue(T0 + 5000), 2);
      assert.equal(await store.expireOverdue(T0 + 5000), 0);
      const statuses = await Promise.all(
        [pending, approved, released, denied, later].map(async (op) => (await store.get(op!.hold))?.status),
      );
      assert.deepEqual(statuses, ['expired', 'expired', 'approved', 'denied', 'pending']);
    });

    it('ends what sessions that are gone have left open, and nothing else', async () => {
      const held = (over: Parameters<typeof operation>[0]) => operation({ terms: { quorum: 1 }, ...over });
      const [pending, approved, released, denied, other] = [
        held({ session: 'a' }),
        held({ session: 'a' }),
        held({ session: 'b' }),
        held({ session: 'b' }),
        held({ session: 'c' }),
      ];
      for (const op of [pending, approved, released, denied, other]) await store.create(op);
      for (const op of [approved, released]) await store.decide(op.hold, by('alice'));
      await store.decide(denied.hold, by('alice', { verdict: 'deny' }));
      await store.release(released.hold, T0 + 1);
      assert.equal(await store.abandon(['a', 'b', 'never seen'], 'gone'), 2);
      assert.equal(await store.abandon(['a', 'b'], 'gone'), 0);
      const after = await Promise.all([pending, approved, released, denied, other].map((op) => store.get(op.hold)));
      assert.deepEqual(
        after.map((record) => record?.status),
        ['cancelled', 'cancelled', 'approved', 'denied', 'pending'],
      );
      assert.equal(after[0]?.reason, 'gone');
      assert.equal(await store.release(approved.hold, T0 + 2), false, 'an approval of it releases nothing');
    });

    describe('leases', () => {
      const lease = { same: 'shape' as const, for_ms: 60_000, uses: 3 };
      const approve = async (op: ReturnType<typeof operation>) => {
        await store.create(op);
        await store.decide(op.hold, by('alice', { at_ms: T0 }));
        return op;
      };

      it('are taken as often as they say, until their time is over', async () => {
        const op = await approve(operation({ terms: { lease } }));
        const keys = { shape: op.shape, digest: 'another text' };
        assert.equal(await store.takeLease({ shape: 'another', digest: 'another' }, T0), undefined);
        assert.equal(await store.takeLease(keys, T0 + 60_000), undefined, 'over');
        assert.deepEqual([(await store.takeLease(keys, T0))?.uses_left, (await store.takeLease(keys, T0))?.uses_left], [2, 1]);
        const last = await store.takeLease(keys, T0 + 59_999);
        assert.deepEqual(
          { ...last, lease: '' },
          { lease: '', key: op.shape, same: 'shape', hold: op.hold, uses_left: 0, expires_ms: T0 + 60_000 },
        );
        assert.equal(await store.takeLease(keys, T0), undefined);
      });

      it('are exact when many take them at once', async () => {
        const op = await approve(operation({ terms: { lease: { ...lease, uses: 20 } } }));
        const handles = [store, await under.another(), await under.another()];
        const taken = await Promise.all(Array.from({ length: 60 }, (_, i) => handles[i % 3]!.takeLease(op, T0)));
        assert.deepEqual(
          taken.flatMap((one) => one?.uses_left ?? []).sort((a, b) => a - b),
          Array.from({ length: 20 }, (_, i) => i),
        );
      });

      it('are listed with what they came from while they last, and can be taken back by who may decide', async () => {
        const op = await approve(operation({ terms: { by: ['dba'], lease } }));
        const [granted, ...more] = await store.leases(T0);
        assert.deepEqual(more, []);
        assert.deepEqual(
          [granted?.hold, granted?.uses_left, granted?.operation, granted?.decisions.map((one) => one.by)],
          [op.hold, 3, op, ['alice']],
        );
        assert.deepEqual(await store.leases(T0 + 60_000), []);
        await assert.rejects(store.revokeLease(granted!.lease, ['finance'], T0), /for dba to decide/);
        await store.revokeLease(granted!.lease, ['dba'], T0);
        assert.deepEqual(await store.leases(T0), []);
        assert.equal(await store.takeLease(op, T0), undefined);
        await assert.rejects(store.revokeLease(granted!.lease, ['dba'], T0), /no such lease/);
      });

      it('of one text serve that text alone', async () => {
        const op = await approve(operation({ terms: { lease: { ...lease, same: 'text' } } }));
        assert.equal(await store.takeLease({ shape: op.shape, digest: 'another' }, T0), undefined);
        assert.equal(await store.takeLease({ shape: op.digest, digest: op.shape }, T0), undefined, 'a key is not taken for the other kind');
        assert.equal((await store.takeLease({ shape: 'another', digest: op.digest }, T0))?.same, 'text');
      });

      it('are not had before the quorum, by a deny, or without terms', async () => {
        const two = operation({ terms: { lease, quorum: 2 } });
        await store.create(two);
        await store.decide(two.hold, by('alice'));
        assert.equal(await store.takeLease(two, T0), undefined);
        await store.decide(two.hold, by('bob', { verdict: 'deny' }));
        assert.equal(await store.takeLease(two, T0), undefined);
        const without = await approve(operation());
        assert.equal(await store.takeLease(without, T0), undefined);
      });

      it('add up, the one that ends first is used first', async () => {
        const op = await approve(operation({ terms: { lease: { ...lease, uses: 1 } } }));
        await approve(operation({ terms: { lease: { ...lease, uses: 1, for_ms: 1000 } } }));
        assert.equal((await store.takeLease(op, T0))?.expires_ms, T0 + 1000);
        assert.equal((await store.takeLease(op, T0))?.expires_ms, T0 + 60_000);
        assert.equal(await store.takeLease(op, T0), undefined);
      });
    });

    describe('watching', () => {
      const statuses = (records: HoldRecord[], hold: string) =>
        records.filter((record) => record.operation.hold === hold).map((record) => record.status);

      it('tells changes of one hold, made here or elsewhere, until stopped', async () => {
        const [op, bystander] = [operation({ terms: { quorum: 2 } }), operation()];
        for (const one of [op, bystander]) await store.create(one);
        const seen: HoldRecord[] = [];
        const stop = store.watch(op.hold, (record) => seen.push(record));
        const other = await under.another();
        await store.decide(op.hold, by('alice'));
        await eventually('the first decision is told', () => seen.some((record) => record.decisions.length === 1));
        await other.decide(bystander.hold, by('alice'));
        await other.decide(op.hold, by('bob'));
        await eventually('the approval elsewhere is told', () => seen.some((record) => record.status === 'approved'));
        assert.deepEqual(statuses(seen, bystander.hold), []);
        stop();
        const told = seen.length;
        const all: HoldRecord[] = [];
        const stopAll = other.watchAll((record) => all.push(record));
        await store.release(op.hold, T0 + 10);
        await eventually('the release is told elsewhere', () => all.some((record) => record.released_ms === T0 + 10));
        stopAll();
        assert.equal(seen.length, told, 'nothing after the stop');
      });

      it('tells a decision that was made before the watching began', async () => {
        const op = operation();
        await store.create(op);
        await (await under.another()).decide(op.hold, by('alice'));
        const seen: HoldRecord[] = [];
        const stop = store.watch(op.hold, (record) => seen.push(record));
        await eventually('it is told', () => seen.length > 0);
        stop();
        assert.equal(seen[0]?.status, 'approved');
      });

      it('tells all holds, new ones too, to each watcher', async () => {
        const seen: HoldRecord[][] = [[], []];
        const stops = seen.map((records) => store.watchAll((record) => records.push(record)));
        const other = await under.another();
        await eventually('a new hold is told', async () => {
          await other.create(operation());
          return seen.every((records) => records.length > 0);
        });
        stops[0]!();
        const told = seen[0]!.length;
        const op = operation();
        await other.create(op);
        await eventually('the other one goes on', () => statuses(seen[1]!, op.hold).length > 0);
        stops[1]!();
        assert.equal(seen[0]!.length, told);
      });

      it('wakes every one of many holders', async () => {
        const ops = Array.from({ length: 50 }, () => operation());
        for (const op of ops) await store.create(op);
        const woken = new Set<string>();
        const stops = ops.map((op) => store.watch(op.hold, (record) => record.status === 'approved' && woken.add(record.operation.hold)));
        const other = await under.another();
        for (const op of ops) await other.decide(op.hold, by('alice'));
        await eventually('all are woken', () => woken.size === ops.length);
        for (const stop of stops) stop();
      });
    });

    it('is unavailable after it was closed', async () => {
      const op = operation();
      await store.create(op);
      store.watch(op.hold, () => {});
      await store.close();
      await store.close();
      const calls = [
        store.create(operation()),
        store.get(op.hold),
        store.list({}),
        store.decide(op.hold, by('a')),
        store.end(op.hold, 'cancelled', '', T0),
        store.release(op.hold, T0),
        store.expireOverdue(T0),
        store.abandon(['s'], ''),
        store.takeLease(op, T0),
      ];
      for (const result of await Promise.allSettled(calls)) {
        assert.equal(result.status, 'rejected');
        assert.equal((result as PromiseRejectedResult).reason.code, 'unavailable');
      }
    });
  });
}
