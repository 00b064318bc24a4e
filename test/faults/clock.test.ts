import assert from 'node:assert/strict';
import pg from 'pg';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { testPolicy } from '../support/gateway.js';
import { eventually, type FaultGateway, failure, faultGateway, recordedEvents, transports } from './support/world.js';

const seed = 'create table things (id int); insert into things values (1), (2), (3)';
const DAY_MS = 24 * 60 * 60 * 1000;

for (const transport of transports) {
  describe(`A clock that jumps, by ${transport}`, function () {
    this.timeout(60_000);
    const now = Date.now;
    let ahead_ms = 0;
    let gateway: FaultGateway;
    let client: pg.Client;
    let direct: pg.Client;

    /** The wall clock of the gateway, which runs in this process; timers go on as they were, as they do in a kernel. */
    const jump = (ms: number) => {
      ahead_ms = ms;
    };

    const start = async (policy = testPolicy) => {
      ahead_ms = 0;
      Date.now = () => now() + ahead_ms;
      gateway = await faultGateway({ transport, seed, policy, durability: 'strict' });
      client = await gateway.client();
      direct = new pg.Client(gateway.direct);
      await direct.connect();
    };
    afterEach(async () => {
      Date.now = now;
      await client.end();
      await direct.end();
      await gateway.settled();
      await gateway.finish();
    });

    const rows = async () => (await direct.query('select count(*)::int as n from things')).rows[0].n as number;
    const headers = () => ({ authorization: `Bearer ${gateway.operatorToken}`, 'content-type': 'application/json' });
    const heldOne = () =>
      eventually('the hold', async () => {
        const { approvals } = (await (await fetch(`${gateway.api}/v1/approvals?status=pending`, { headers: headers() })).json()) as {
          approvals: { operation: { hold: string } }[];
        };
        return approvals[0]?.operation.hold;
      });
    const approve = async (hold: string) =>
      (await fetch(`${gateway.api}/v1/approvals/${hold}/approve`, { method: 'POST', headers: headers(), body: '{}' })).status;

    it('a day ahead while an operation is held: it is too late to approve it, the agent is told, it never runs', async () => {
      await start();
      const waiting = failure(client.query('delete from things'));
      const hold = await heldOne();
      jump(DAY_MS);
      assert.equal(await approve(hold), 409);
      assert.equal((await waiting).code, '42501');
      assert.equal(await rows(), 3);
    });

    it('a day back while an operation is held: it can be approved, and runs', async () => {
      await start();
      const running = client.query('delete from things');
      const hold = await heldOne();
      jump(-DAY_MS);
      assert.equal(await approve(hold), 200);
      assert.equal((await running).rowCount, 3);
    });

    it('a day back while an operation is held that nobody decides on: it waits as long as was said, no day more', async () => {
      await start(testPolicy.replace('wait: 20s', 'wait: 2s'));
      const waiting = failure(client.query('delete from things'));
      await heldOne();
      jump(-DAY_MS);
      const error = await waiting;
      assert.equal(error.code, '42501');
      assert.match(error.message, /nobody approved/);
      assert.equal(await rows(), 3);
    });

    it('to and fro between statements: answers stay masked, the recording whole and in order', async () => {
      await start();
      for (const ms of [DAY_MS, -DAY_MS, 400 * DAY_MS, -400 * DAY_MS, 0]) {
        jump(ms);
        assert.doesNotMatch(JSON.stringify((await client.query("select '4111111111111111' as card")).rows), /4111111111111111/);
        const late = await gateway.client();
        assert.equal((await late.query('select 1 as x')).rows[0].x, 1);
        await late.end();
      }
      const times = new Map<string, number>();
      for (const event of await recordedEvents(gateway.recordings)) {
        assert.ok(event.t >= (times.get(event.session) ?? 0), 'time within a session goes on');
        times.set(event.session, event.t);
      }
      assert.ok(times.size > 5);
      assert.deepEqual((await verifyRecordings(gateway.recordings)).problems, []);
    });
  });
}
