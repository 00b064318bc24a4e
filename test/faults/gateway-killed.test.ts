import assert from 'node:assert/strict';
import type { Postgres } from '../../extproc/process/postgres.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { count, full } from '../support/long.js';
import { Random } from '../support/random.js';
import { SAID } from '../support/seed.js';
import { type Fleet, startFleet } from './support/fleet.js';
import { AGENTS, Load, loadPolicy, loadSeed } from './support/load.js';
import { startup, tell } from './support/raw.js';
import { loggingPostgres } from './support/server.js';
import { eventually, pause, servesAgain, transports, unrecorded } from './support/world.js';

const KILLS = count(2, 200);

for (const transport of transports) {
  describe(`A gateway that is killed under load by ${transport}, while Envoy lives`, function () {
    this.timeout(full ? 1_800_000 : 300_000);
    let server: Postgres;
    let fleet: Fleet;
    let random: Random;

    before(async () => {
      server = await loggingPostgres();
      fleet = await startFleet({ transport, server, policy: loadPolicy, seed: loadSeed });
      random = new Random();
    });
    after(() => fleet?.finish());

    it(`${KILLS} times: every connection closes, nothing passes after, results are whole or an error and never unmasked, the recording is whole`, async () => {
      const [gateway] = fleet.gateways;
      for (let kill = 0; kill < KILLS; kill++) {
        await servesAgain(fleet);
        const load = new Load(fleet).start();
        await eventually('results come', () => (load.whole >= AGENTS ? true : undefined), 30_000);
        await pause(random.int(60));
        gateway!.signal('SIGKILL');
        await gateway!.ended();
        const { raw } = await tell(fleet.port, [startup({ user: 'postgres', database: fleet.database })]);
        assert.equal(raw.length, 0, 'a connection passed without a gateway');
        await load.stop();
        await eventually('every connection is closed', async () => {
          const open = await fleet.envoy.stats(/(listener\.127.*downstream_cx_active|cluster\.postgres_upstream\.upstream_cx_active)$/);
          assert.ok(Object.keys(open).length >= 2, JSON.stringify(open));
          return Object.values(open).every((n) => n === 0) ? true : undefined;
        });
        const { problems } = await verifyRecordings(fleet.recordings);
        assert.deepEqual(problems, [], `the recording is whole up to the last committed event (${SAID})`);
        await gateway!.restart();
      }
    });

    it('every statement in the log of the server has a durable record (durability: strict)', async () => {
      const { passed, without } = await unrecorded(server, fleet);
      assert.ok(passed >= KILLS * AGENTS, `only ${passed} statements passed`);
      assert.deepEqual(without, []);
      if (full) console.log(`      ${SAID}: ${passed} statements in the log of the server, ${without.length} without a record`);
    });

    it('stopped for a second by SIGSTOP, then continued: nothing is lost', async () => {
      const [gateway] = fleet.gateways;
      await servesAgain(fleet);
      const load = new Load(fleet).start();
      await eventually('results come', () => (load.whole >= AGENTS ? true : undefined), 30_000);
      gateway!.signal('SIGSTOP');
      await pause(1000);
      gateway!.signal('SIGCONT');
      const before = load.whole;
      await eventually('results come again', () => (load.whole > before + AGENTS ? true : undefined), 30_000);
      await load.stop();
      assert.equal(load.broken, 0);
    });
  });
}
