import assert from 'node:assert/strict';
import { HoldKeeper } from '../../../extproc/services/hold-keeper.js';
import { begin } from '../../../filters/approval/life.js';
import type { ApprovalStore, HeldOperation, HoldRecord } from '../../../filters/approval/types.js';

const operation = { hold: 'h1', policy_version: 'p', created_ms: 0, expires_ms: 60_000 } as HeldOperation;

/** A session that holds one operation, and the store that it stands in. */
async function held() {
  let holds: string | undefined = 'h1';
  let changed: (record: HoldRecord) => void = () => undefined;
  const told: string[] = [];
  const approvals = {
    takeLease: async () => undefined,
    create: async () => undefined,
    watch: (_hold: string, call: typeof changed) => {
      changed = call;
      return () => undefined;
    },
    release: async () => {
      told.push('released');
      return true;
    },
    end: async (_hold: string, status: string) => {
      told.push(`stored as ${status}`);
      return undefined;
    },
  } as unknown as ApprovalStore;
  const keeper = new HoldKeeper(
    { approvals, now: () => 1, log: { error: (_fields, message) => void told.push(message) }, metrics: { held: () => undefined } },
    {
      id: 's',
      held: () => holds,
      ended: ({ outcome }) => void told.push(outcome),
      stored: () => undefined,
      policyVersion: () => 'p',
      tick: undefined,
    },
  );
  await keeper.hold(operation);
  return {
    told,
    approve: () => changed({ ...begin(operation), status: 'approved' }),
    /** as a session does when its client's end is read */
    leave: () => {
      holds = undefined;
      keeper.end('h1', 'cancelled', 'the client is gone');
    },
  };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('what a session holds', () => {
  it('goes once it is approved', async () => {
    const { told, approve } = await held();
    approve();
    await turns(4);
    assert.deepEqual(told, ['released', 'approved']);
  });

  for (const after of [0, 1])
    it(`does not go when the client’s end has come and was not read yet: ${after} turns behind the approval`, async () => {
      const { told, approve, leave } = await held();
      approve();
      await turns(after);
      leave();
      await turns(4);
      assert.deepEqual(told, ['stored as cancelled']);
    });
});
