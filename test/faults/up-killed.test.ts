import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Child, startChild } from '../../extproc/process/child.js';
import { packageRoot } from '../../extproc/process/places.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { testPolicy } from '../support/gateway.js';
import { freePort } from '../support/ports.js';
import { onServer } from '../support/postgres.js';
import { loggingPostgres } from './support/server.js';
import { alive, eventually, failure, ownDatabase, transports } from './support/world.js';

const seed = 'create table things (id int); insert into things values (1), (2), (3)';

for (const transport of transports) {
  describe(`midstream up, killed by SIGKILL, by ${transport}`, function () {
    this.timeout(120_000);

    it('Envoy ends with it, the held statement never runs, and the next start serves at once', async () => {
      const server = await loggingPostgres();
      const database = await ownDatabase(server, seed);
      const folder = mkdtempSync(join(tmpdir(), 'midstream-up-'));
      const port = await freePort();
      const policy = join(folder, 'policy.yaml');
      writeFileSync(policy, testPolicy);
      const flags = [
        '--postgres',
        `${server.host}:${server.port}`,
        '--listen',
        String(port),
        '--policy',
        policy,
        '--record',
        join(folder, 'recordings'),
        '--transport',
        transport,
      ];
      const start = async (): Promise<Child> => {
        const lines: string[] = [];
        const child = await startChild({
          command: process.execPath,
          args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'up', ...flags, '--json'],
          cwd: folder,
          exitSignal: 'SIGKILL',
          onLine: (line) => lines.push(line),
        });
        await eventually(
          () => `up is ready: ${lines.join('\n')}`,
          () => (lines.some((line) => line.startsWith('{"ready":true')) || !child.running ? true : undefined),
          60_000,
        );
        assert.ok(child.running, lines.join('\n'));
        return child;
      };
      const connect = async () => {
        const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: database.config.database! });
        client.on('error', () => {});
        await client.connect();
        return client;
      };
      let up = await start();
      try {
        const [idle, holder] = [await connect(), await connect()];
        const gone = new Promise((resolve) => idle.once('end', resolve));
        const noticed = new Promise((resolve) => holder.once('notice', resolve));
        const refused = failure(holder.query('delete from things'));
        await noticed;
        const children = readFileSync(`/proc/${up.pid}/task/${up.pid}/children`, 'utf8').trim().split(' ').map(Number);
        assert.ok(children.length > 0);
        process.kill(up.pid, 'SIGKILL');
        await gone;
        assert.ok((await refused).message.length > 0);
        await eventually('no child is left', () => (children.some(alive) ? undefined : true), 30_000);
        await assert.rejects(connect());
        up = await start();
        const client = await connect();
        assert.equal((await client.query('select count(*)::int as n from things')).rows[0].n, 3);
        await client.end();
        assert.deepEqual((await verifyRecordings(join(folder, 'recordings'))).problems, []);
        const left = () =>
          onServer(server.url, (one) =>
            one.query('select count(*)::int as n from pg_stat_activity where datname = $1', [database.config.database]),
          );
        await eventually('no backend is left', async () => ((await left()).rows[0].n === 0 ? true : undefined));
      } finally {
        await up.stop([
          { signal: 'SIGTERM', wait_ms: 20_000 },
          { signal: 'SIGKILL', wait_ms: 5000 },
        ]);
        await database.drop();
        rmSync(folder, { recursive: true, force: true });
      }
    });
  });
}
