import assert from 'node:assert/strict';
import type { Postgres } from '../../extproc/process/postgres.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { errorField } from '../../filters/postgres/wire/index.js';
import { count, full } from '../support/long.js';
import { type ClientPeer, connectPeer } from '../support/pg-peer.js';
import { type Fleet, startFleet } from './support/fleet.js';
import { AGENTS, Load, loadPolicy, loadSeed } from './support/load.js';
import { loggingPostgres } from './support/server.js';
import { eventually, recordedEvents, servesAgain, transports, unrecorded } from './support/world.js';

const RESTARTS = count(2, 40);
const IDLE = 6;

for (const transport of transports) {
  describe(`Two gateways that are restarted in turn by ${transport}, with live connections`, function () {
    this.timeout(full ? 1_200_000 : 300_000);
    let server: Postgres;
    let fleet: Fleet;

    before(async () => {
      server = await loggingPostgres();
      fleet = await startFleet({ transport, server, policy: loadPolicy, seed: loadSeed, gateways: 2 });
    });
    after(() => fleet?.finish());

    const login = async (): Promise<ClientPeer> => {
      const peer = await connectPeer(fleet.port);
      await peer.start({ user: 'postgres', database: fleet.database });
      return peer;
    };

    /** What became of a connection that waited: 57P01 and its end, or it lives and answers. */
    const outcome = async (peer: ClientPeer): Promise<'told' | 'alive'> => {
      if (peer.waiting.length === 0 && !peer.socket.readableEnded && !peer.socket.destroyed) {
        assert.ok((await peer.query('select 1')).some((message) => message.name === 'DataRow'));
        peer.destroy();
        return 'alive';
      }
      const last = await peer.receive('a FATAL');
      assert.ok(last.name === 'ErrorResponse');
      assert.equal(errorField(last.value, 'code')?.toString(), '57P01');
      await peer.expectEnd();
      return 'told';
    };

    it(`${RESTARTS} times: connections of the one that stops read 57P01, the others go on, none ends without a word`, async () => {
      for (let i = 0; i < RESTARTS; i++) {
        const gateway = fleet.gateways[i % 2]!;
        await fleet.healthy();
        await servesAgain(fleet);
        const idle = await Promise.all(Array.from({ length: IDLE }, login));
        const load = new Load(fleet).start();
        await eventually('results come', () => (load.whole >= AGENTS ? true : undefined), 30_000);
        gateway.signal('SIGTERM');
        await gateway.ended();
        const outcomes = await Promise.all(idle.map(outcome));
        assert.ok(outcomes.includes('told') && outcomes.includes('alive'), `restart ${i}: ${outcomes.join()}`);
        await gateway.restart();
        await load.stop();
        assert.equal(load.silent, 0, 'a connection ended without a word');
      }
    });

    it('no stream ended with OK while its connection lived, and nothing passed around the gateways', async () => {
      const stats = await fleet.envoy.stats(/(streams_grpc_close|^listener\.127\.[\d._]+\.downstream_cx_total)$/);
      const closes = Object.entries(stats).filter(([name]) => name.endsWith('streams_grpc_close'));
      assert.equal(closes.length > 0, transport === 'ext_proc');
      for (const [name, value] of closes) assert.equal(value, 0, name);
      const events = await recordedEvents(fleet.recordings);
      const sessions = events.filter((event) => event.type === 'session.open').length;
      const totals = Object.entries(stats).filter(([name]) => name.endsWith('downstream_cx_total'));
      if (transport === 'hop') {
        const [, back] = totals.map(([, value]) => value).sort((a, b) => b - a);
        assert.ok(back! > 0 && back! <= sessions, `${back} connections went back to Envoy, ${sessions} were recorded`);
      }
      const { passed, without } = await unrecorded(server, fleet);
      assert.ok(passed > RESTARTS * AGENTS);
      assert.deepEqual(without, []);
      assert.deepEqual((await verifyRecordings(fleet.recordings)).problems, []);
    });
  });
}
