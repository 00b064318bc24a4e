import assert from 'node:assert/strict';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import { front } from '../support/pg-peer.js';
import { Random } from '../support/random.js';
import { SAID } from '../support/seed.js';
import { packet, tell } from './support/raw.js';
import { startLogging } from './support/server.js';
import { eventually, type FaultGateway, failure, faultGateway, socketOf, transports } from './support/world.js';

const seed = `
create table customers (id int primary key, card_number text);
insert into customers select i, '4111 1111 1111 1111' from generate_series(1, 9) i;
create table plain (id int, t text);
`;

for (const transport of transports) {
  describe(`Ends of connections by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: FaultGateway;
    let direct: pg.Client;

    before(async () => {
      gateway = await faultGateway({ transport, seed });
      direct = new pg.Client(gateway.direct);
      await direct.connect();
    });
    after(async () => {
      await direct.end();
      await gateway.finish();
    });
    afterEach('every count is back at zero, and nothing that was held has run', async () => {
      await gateway.settled();
      await eventually('no backend is left', async () => {
        const { rows } = await direct.query(
          "select count(*)::int as n from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid() and application_name <> 'midstream'",
        );
        return rows[0].n === 0 ? true : undefined;
      });
      assert.equal((await direct.query('select count(*)::int as n from customers')).rows[0].n, 9);
    });

    const held = () => eventually('the hold', () => (gateway.held() > 0 ? true : undefined));

    for (const how of ['RST', 'FIN'] as const) {
      const kill = (client: pg.Client) => (how === 'RST' ? socketOf(client).resetAndDestroy() : socketOf(client).destroy());

      it(`the client ends by ${how} during a hold: it never runs`, async () => {
        const client = await gateway.client();
        client.query('delete from customers').catch(() => {});
        await held();
        kill(client);
        await eventually('the hold ends', () => (gateway.held() === 0 ? true : undefined));
      });

      it(`the client ends by ${how} in the middle of a large result: nothing is left behind`, async () => {
        const client = await gateway.client();
        client.query("select i, repeat('x', 1000), '4111111111111111' from generate_series(1, 300000) i").catch(() => {});
        await new Promise((resolve) => socketOf(client).once('data', resolve));
        kill(client);
      });

      it(`the client ends by ${how} during COPY to it: nothing is left behind`, async () => {
        const client = await gateway.client();
        const stream = client.query(
          copyStreams.to("copy (select i, repeat('x', 1000), '4111111111111111' from generate_series(1, 300000) i) to stdout"),
        );
        stream.on('error', () => {});
        await new Promise((resolve) => stream.once('data', resolve));
        kill(client);
      });

      it(`the client ends by ${how} during COPY from it: no row is kept`, async () => {
        const client = await gateway.client();
        const stream = client.query(copyStreams.from('copy plain from stdin'));
        stream.on('error', () => {});
        for (let i = 0; i < 1000; i++) stream.write(`${i}\tsome text\n`);
        await eventually('the COPY is under way', async () =>
          (await direct.query('select count(*)::int as n from pg_stat_progress_copy')).rows[0].n === 1 ? true : undefined,
        );
        kill(client);
        await eventually('it is rolled back', async () =>
          (await direct.query('select count(*)::int as n from pg_stat_progress_copy')).rows[0].n === 0 ? true : undefined,
        );
        assert.equal((await direct.query('select count(*)::int as n from plain')).rows[0].n, 0);
      });
    }

    it('the client half-closes during a hold: it never runs', async () => {
      const peer = await gateway.peer();
      peer.send(front.query('delete from customers'));
      await held();
      peer.end();
      await eventually('the hold ends', () => (gateway.held() === 0 ? true : undefined));
      peer.destroy();
    });

    it('a flood of 300 cancel requests with wrong keys: nobody is cancelled, running or held', async () => {
      const [running, waiting] = [await gateway.client(), await gateway.client()];
      const slept = running.query('select pg_sleep(3), 1 as x');
      const refused = failure(waiting.query('delete from customers'));
      await held();
      const random = new Random();
      for (let round = 0; round < 10; round++) {
        await Promise.all(
          Array.from({ length: 30 }, () => {
            const key = Buffer.alloc(8);
            key.writeInt32BE(1 + random.int(100_000), 0);
            key.writeInt32BE(random.int(2 ** 31), 4);
            return tell(gateway.postgres.port, [packet(80877102, key)], { half: true });
          }),
        );
      }
      assert.equal(gateway.held(), 1, SAID);
      assert.equal((await slept).rows[0].x, 1);
      socketOf(waiting).destroy();
      assert.ok((await refused).message.length > 0);
      await running.end();
    });

    it('the backend is terminated during a query: the agent reads its FATAL, and the connection ends', async () => {
      const client = await gateway.client();
      const { rows } = await client.query('select pg_backend_pid() as pid');
      const waiting = failure(client.query('select pg_sleep(30)'));
      await eventually('it sleeps', async () =>
        (await direct.query("select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", [rows[0].pid])).rowCount === 1
          ? true
          : undefined,
      );
      await direct.query('select pg_terminate_backend($1)', [rows[0].pid]);
      assert.equal((await waiting).code, '57P01');
      await assert.rejects(client.query('select 1'));
    });

    it('the backend is terminated during a hold: the agent gets an error, the hold ends, and it never runs', async () => {
      const client = await gateway.client();
      const { rows } = await client.query('select pg_backend_pid() as pid');
      const waiting = failure(client.query('delete from customers'));
      await held();
      await direct.query('select pg_terminate_backend($1)', [rows[0].pid]);
      assert.match((await waiting).message, /terminat|closed/i);
      await eventually('the hold ends', () => (gateway.held() === 0 ? true : undefined));
    });
  });

  describe(`A server that is killed, by ${transport}`, function () {
    this.timeout(60_000);

    it('by SIGKILL of its postmaster during a query and a hold: both agents get an error, no connection stays', async () => {
      const server = await startLogging();
      const gateway = await faultGateway({ transport, seed, server });
      try {
        const [asking, waiting] = [await gateway.client(), await gateway.client()];
        const pids = [asking, waiting].map(async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid as number);
        const backends = await Promise.all(pids);
        const asked = failure(asking.query('select pg_sleep(30)'));
        const held = failure(waiting.query('delete from customers'));
        await eventually('the hold', () => (gateway.held() > 0 ? true : undefined));
        process.kill(server.pid, 'SIGKILL');
        // Backends notice the end of their postmaster only when they wait for something else.
        for (const pid of backends) process.kill(pid, 'SIGKILL');
        assert.ok((await asked).message.length > 0);
        assert.ok((await held).message.length > 0);
        await gateway.settled();
        assert.equal(gateway.held(), 0);
        await assert.rejects(gateway.client(), 'there is no server to connect to');
        await gateway.settled();
      } finally {
        await gateway.finish();
        await server.stop();
      }
    });
  });
}
