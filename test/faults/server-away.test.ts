import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { freePort } from '../support/ports.js';
import { eventually, type FaultGateway, failure, faultGateway, recordedEvents, transports } from './support/world.js';

const policy = 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n';

for (const transport of transports) {
  describe(`A database that is not there, by ${transport}`, function () {
    this.timeout(90_000);
    let gateway: FaultGateway;
    let port: number;
    const sockets = new Set<net.Socket>();
    const relay = net.createServer((from) => {
      const to = net.connect({ host: gateway.server.host, port: gateway.server.port });
      for (const socket of [from, to]) sockets.add(socket.on('error', () => {}));
      from.pipe(to).pipe(from);
    });

    before(async () => {
      port = await freePort();
      gateway = await faultGateway({ transport, policy, postgres: { host: '127.0.0.1', port } });
    });
    after(async () => {
      await gateway.finish();
      for (const socket of sockets) socket.destroy();
      relay.close();
    });

    it('is told to the client where it can be, to the log and to the recording', async () => {
      const error = await failure(gateway.client());
      if (transport === 'hop') {
        assert.deepEqual([error.code, error.severity], ['08006', 'FATAL']);
        assert.match(error.message, /^midstream: the database server cannot be reached$/);
        const told = await eventually('the error in the recording', async () =>
          (await recordedEvents(gateway.recordings)).find(({ type }) => type === 'error'),
        );
        assert.equal(told['sqlstate'], '08006');
        return;
      }
      // Envoy closes the connection before it tells the gateway.
      assert.match(error.message, /terminated unexpectedly|ECONNRESET/);
      const line = await eventually('a line in the log', () => gateway.logged.find((one) => one.includes('Envoy cannot reach the server')));
      assert.match(line, new RegExp(`"upstream":"127\\.0\\.0\\.1:${port}".*Connection refused`));
      const access = await eventually('an entry of Envoy', async () =>
        (await recordedEvents(gateway.recordings)).find(({ type }) => type === 'access'),
      );
      const { flags } = access['entry'] as { flags: string[] };
      assert.deepEqual(flags.sort(), ['upstream_connection_failure', 'upstream_retry_limit_exceeded']);
    });

    it('serves the next client once it is there', async () => {
      relay.listen(port, '127.0.0.1');
      await once(relay, 'listening');
      const client = await gateway.client();
      assert.deepEqual((await client.query('select 1 as one')).rows, [{ one: 1 }]);
      await client.end();
      await gateway.settled();
    });
  });
}
