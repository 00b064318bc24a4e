import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Postgres } from '../../extproc/process/postgres.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { count, full } from '../support/long.js';
import { onServer } from '../support/postgres.js';
import { Random } from '../support/random.js';
import { SAID } from '../support/seed.js';
import { type Fleet, type FleetGateway, startFleet } from './support/fleet.js';
import { Load, loadPolicy, loadSeed, ROWS } from './support/load.js';
import { loggingPostgres } from './support/server.js';
import { eventually, pause, servesAgain, transports, unrecorded } from './support/world.js';

const FAULTS = count(14, 500);

/** Limits on the size of files are how a full disk is had without one: by prlimit, which Linux has. */
const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0;

type Fault = (gateway: FleetGateway, random: Random, fleet: Fleet) => Promise<void>;

const faults: Record<string, Fault> = {
  SIGKILL: async (gateway) => {
    gateway.signal('SIGKILL');
    await gateway.restart();
  },
  SIGSTOP: async (gateway, random) => {
    gateway.signal('SIGSTOP');
    await pause(50 + random.int(100));
    gateway.signal('SIGCONT');
  },
  reset: async (gateway) => gateway.cut(),
  'stream failure': async (gateway) => gateway.failStreams(),
  'backend terminated': (_gateway, _random, fleet) =>
    onServer(fleet.url, async (client) => {
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = ''",
      );
    }),
  ...(canLimitFiles
    ? {
        'full disk': async (gateway: FleetGateway, random: Random) => {
          gateway.limitFiles(0);
          await pause(20 + random.int(100));
          gateway.limitFiles(undefined);
        },
      }
    : {}),
};

for (const transport of transports) {
  describe(`Faults in the middle of results by ${transport}`, function () {
    this.timeout(full ? 3_600_000 : 300_000);
    let server: Postgres;
    const fleets: Fleet[] = [];
    const start = async (change?: (bootstrap: string) => string): Promise<Fleet> => {
      const fleet = await startFleet({ transport, server, policy: loadPolicy, seed: loadSeed, ...(change ? { change } : {}) });
      fleets.push(fleet);
      return fleet;
    };

    before(async () => {
      server = await loggingPostgres();
    });
    after(async () => {
      for (const fleet of fleets) await fleet.finish();
    });

    /** Lets the fault happen at some row of some result, again and again. Gives how many of them broke a result. */
    const happen = async (fleet: Fleet, times: number, pick: (i: number) => [string, Fault]) => {
      const random = new Random();
      const hits: Record<string, { faults: number; broke: number; results: number }> = {};
      await servesAgain(fleet);
      const load = new Load(fleet).start();
      for (let i = 0; i < times; i++) {
        const [name, fault] = pick(i);
        const { whole, broken } = load;
        await eventually(`results come again after ${i} faults (${SAID})`, () => (load.whole > whole ? true : undefined), 30_000);
        await load.reading(1 + random.int(ROWS - 1));
        await fault(fleet.gateways[0]!, random, fleet);
        const was = load.whole;
        await eventually(`results come again after ${name} (${SAID})`, () => (load.whole > was ? true : undefined), 30_000);
        hits[name] ??= { faults: 0, broke: 0, results: 0 };
        hits[name].faults++;
        hits[name].results += load.broken - broken;
        if (load.broken > broken) hits[name].broke++;
      }
      await load.stop();
      if (full) console.log(`      ${SAID}: ${JSON.stringify(hits)}, ${load.whole} results whole, ${load.broken} broken`);
      return hits;
    };

    it(`${FAULTS} of them: every result is complete or an error, never short, never unmasked`, async () => {
      const fleet = await start();
      const names = Object.keys(faults);
      const hits = await happen(fleet, FAULTS, (i) => [names[i % names.length]!, faults[names[i % names.length]!]!]);
      for (const name of names) {
        assert.equal(hits[name]!.faults >= Math.floor(FAULTS / names.length), true);
        // A stop is no end: what waited goes on.
        // In a short run two faults of a kind may both fall between results.
        if (full && name !== 'SIGSTOP') assert.ok(hits[name]!.broke > 0, `${name} broke no result`);
      }
      assert.ok(
        names.some((name) => hits[name]!.broke > 0),
        'no fault broke a result',
      );
      assert.deepEqual((await verifyRecordings(fleet.recordings)).problems, []);
    });

    it(`${Math.ceil(FAULTS / 7)} timeouts of an impatient Envoy while the gateway hangs: the same`, async () => {
      const fleet = await start((bootstrap) => {
        const changed = bootstrap
          .replaceAll('message_timeout: 0s', 'message_timeout: 1.5s')
          .replaceAll('idle_timeout: 0s', 'idle_timeout: 1.5s');
        assert.notEqual(changed, bootstrap);
        return changed;
      });
      const hang: Fault = async (gateway) => {
        gateway.signal('SIGSTOP');
        await pause(4000);
        gateway.signal('SIGCONT');
      };
      const hits = await happen(fleet, Math.ceil(FAULTS / 7), () => ['timeout', hang]);
      assert.ok(hits['timeout']!.broke > 0, 'no timeout broke a result');
    });

    it('every statement in the log of the server has a durable record', async () => {
      const { passed, without } = await unrecorded(server, ...fleets);
      assert.ok(passed > FAULTS, `only ${passed} statements passed`);
      assert.deepEqual(without, []);
    });
  });
}
