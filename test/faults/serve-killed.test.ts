import assert from 'node:assert/strict';
import pg from 'pg';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { onServer } from '../support/postgres.js';
import { loggingPostgres } from './support/server.js';
import { type Serving, startServing } from './support/serving.js';
import { alive, eventually, failure, recordedEvents, type TransportName, transports } from './support/world.js';

const seed = 'create table things (id int); insert into things values (1), (2), (3)';

describe('midstream serve, killed', function () {
  this.timeout(90_000);
  let serving: Serving;

  before(async () => {
    serving = await startServing(await loggingPostgres(), seed);
  });
  after(() => serving?.finish());

  const connect = async (transport: TransportName): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port: serving.ports[transport], user: 'postgres', database: serving.database });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const rows = () =>
    onServer(serving.url, async (client) => (await client.query('select count(*)::int as n from things')).rows[0].n as number);
  const pending = async () => (await serving.approvals()).filter((one) => one.status === 'pending');
  /** A delete that waits. */
  const holdOne = async (transport: TransportName) => {
    // Workers that were killed a moment ago may not serve again yet.
    const client = await eventually(`${transport} serves`, () => connect(transport).catch(() => undefined), 30_000);
    const refused = failure(client.query('delete from things'));
    const [one] = await eventually('the hold', async () => {
      const all = await pending();
      return all.length === 1 ? all : undefined;
    });
    return { refused, hold: one!.operation.hold };
  };

  for (const transport of transports) {
    it(`both workers are killed while an operation of ${transport} is held: it is taken off the approvers' list when they are back, and never runs`, async () => {
      const { refused, hold } = await holdOne(transport);
      const before = serving.workers();
      for (const pid of before) process.kill(pid, 'SIGKILL');
      assert.match((await refused).message, /terminat|closed|reset|57P01/i);
      await eventually(
        'both workers are back',
        () => {
          const now = serving.workers();
          return now.length === 2 && now.every((pid) => !before.includes(pid)) ? true : undefined;
        },
        30_000,
      );
      const ended = await eventually(
        'the hold is ended',
        async () => {
          const found = (await serving.approvals().catch(() => [])).find((one) => one.operation.hold === hold);
          return found && found.status !== 'pending' ? found : undefined;
        },
        30_000,
      );
      assert.equal(ended.status, 'cancelled');
      assert.match(ended.reason, /gateway that held it/);
      assert.equal(await serving.decide(hold, 'approve'), 409);
      assert.equal(await rows(), 3);
    });
  }

  it('the parent is killed: the workers end their connections in order, what is held never runs, and the next start finds everything free', async () => {
    await eventually(
      'both workers serve',
      async () => {
        try {
          await Promise.all(transports.map(async (transport) => (await connect(transport)).end()));
          return true;
        } catch {
          return undefined;
        }
      },
      30_000,
    );
    const idle = await Promise.all(transports.map(connect));
    const told = idle.map(
      (client) => new Promise<string | undefined>((resolve) => client.once('error', (error: pg.DatabaseError) => resolve(error.code))),
    );
    const { refused } = await holdOne('ext_proc');
    const workers = serving.workers();
    process.kill(serving.parent(), 'SIGKILL');
    assert.deepEqual(await Promise.all(told), ['57P01', '57P01']);
    assert.match((await refused).message, /stopping/);
    await eventually('no worker is left', () => (workers.some(alive) ? undefined : true), 20_000);
    await assert.rejects(connect('ext_proc'));
    await assert.rejects(connect('hop'));
    const stats = await serving.envoy.stats(/streams_grpc_close$/);
    for (const [name, value] of Object.entries(stats)) assert.equal(value, 0, name);
    assert.deepEqual((await verifyRecordings(serving.recordings)).problems, []);
    await serving.start();
    assert.deepEqual(await pending(), []);
    for (const transport of transports) {
      const client = await eventually('connections pass again', () => connect(transport).catch(() => undefined), 30_000);
      assert.equal((await client.query('select 1 as x')).rows[0].x, 1);
      await client.end();
    }
    assert.equal(await rows(), 3);
    const events = await recordedEvents(serving.recordings);
    const open = new Set(events.filter((e) => e.type === 'session.open').map((e) => e.session));
    const closed = new Set(events.filter((e) => e.type === 'session.close').map((e) => e.session));
    await eventually('every session has its end', () => ([...open].every((id) => closed.has(id)) ? true : undefined));
  });
});
