import assert from 'node:assert/strict';
import { chmodSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { unprivilegedAccount } from '../../extproc/process/account.js';
import { type Postgres, startPostgres } from '../../extproc/process/postgres.js';
import { installedPackage, postgresBinaries } from '../../extproc/process/postgres-binaries.js';
import { MidstreamError } from '../../filters/errors.js';
import { eventually, startEnvoy } from '../support/envoy.js';
import { freePort } from '../support/ports.js';
import { onServer } from '../support/postgres.js';

const quiet = () => undefined;
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

describe('an embedded PostgreSQL', function () {
  this.timeout(120_000);
  let server: Postgres;
  before(async () => {
    server = await startPostgres({ log: quiet });
  });
  after(() => server?.stop());

  it('serves several connections at once, on loopback, and never as root', async () => {
    const clients = await Promise.all(
      [1, 2, 3].map(() =>
        onServer(server.url, async (client) => (await client.query('select pg_backend_pid() as pid')).rows[0].pid as number),
      ),
    );
    assert.equal(new Set(clients).size, 3);
    const settings = await onServer(
      server.url,
      async (client) =>
        (
          await client.query(
            "select name, setting from pg_settings where name in ('listen_addresses', 'unix_socket_permissions', 'server_encoding') order by 1",
          )
        ).rows,
    );
    assert.deepEqual(
      settings.map(({ setting }) => setting),
      ['127.0.0.1', 'UTF8', '0700'],
    );
    const [{ uid }] = await onServer(
      server.url,
      async (client) =>
        (await client.query("select split_part(split_part(pg_read_file('/proc/self/status'), 'Uid:', 2), E'\\t', 2)::int as uid")).rows,
    );
    assert.notEqual(uid, 0);
  });

  it('asks for a password', async () => {
    const wrong = new URL(server.url);
    wrong.password = 'guess';
    await assert.rejects(
      onServer(wrong.href, (client) => client.query('select 1')),
      { code: '28P01' },
    );
  });

  it('ends with its connections, and leaves no data behind', async () => {
    const other = await startPostgres({ log: quiet });
    const client = new pg.Client({ connectionString: other.url });
    client.on('error', quiet);
    await client.connect();
    await other.stop();
    assert.equal(alive(other.pid), false);
    assert.equal(existsSync(other.directory), false);
    assert.match(other.log(), /database system is shut down/);
  });

  it('starts, as root too, where the folder for temporary files is closed to others', async () => {
    const before = process.env['TMPDIR'];
    const closed = mkdtempSync(join(tmpdir(), 'midstream-closed-'));
    process.env['TMPDIR'] = closed;
    try {
      const other = await startPostgres({ log: quiet });
      try {
        assert.deepEqual(await onServer(other.url, async (client) => (await client.query('select 1 as one')).rows), [{ one: 1 }]);
      } finally {
        await other.stop();
      }
      assert.deepEqual(readdirSync(closed), []);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(closed, { recursive: true });
    }
  });

  it('keeps the data of a folder that was named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'midstream-keep-'));
    chmodSync(folder, 0o755);
    const directory = join(folder, 'data');
    try {
      const first = await startPostgres({ log: quiet, directory, auth: 'trust', fsync: false });
      await onServer(first.url, (client) => client.query('create table kept as select 42 as answer'));
      await first.stop();
      const second = await startPostgres({ log: quiet, directory, fsync: false });
      const { rows } = await onServer(second.url, (client) => client.query('select answer from kept'));
      await second.stop();
      assert.deepEqual(rows, [{ answer: 42 }]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says why it does not start', async () => {
    await assert.rejects(
      startPostgres({ log: quiet, port: server.port }),
      (error) => error instanceof MidstreamError && error.code === 'unavailable' && /in use/i.test(error.message),
    );
    await assert.rejects(startPostgres({ log: quiet, settings: { no_such_setting: '1' } }), /no_such_setting/);
  });

  it('runs from a package whose install script did not run, and that nobody else may enter', () => {
    const installed = installedPackage();
    const folder = mkdtempSync(join(tmpdir(), 'midstream-locked-'));
    const account = unprivilegedAccount();
    const version = `${installed.version}-test-${process.pid}`;
    const copy = join(tmpdir(), `midstream-postgres-${version}-${account?.uid ?? process.getuid?.()}`);
    try {
      cpSync(join(installed.folder, 'native'), join(folder, 'native'), {
        recursive: true,
        filter: (path) => !/\.so(\.\d+)?$/.test(path) || /(crypto|ssl|lzma|uuid|xml2|xslt|libz|postgresql)/.test(path),
      });
      const binaries = postgresBinaries(account, quiet, { folder, version });
      // As root the folder (0700) keeps the other account out, so a copy is run; else the links alone were missing.
      assert.equal(binaries.postgres.startsWith(copy), account !== undefined);
      if (account) {
        assert.equal(postgresBinaries(account, quiet, { folder, version }).postgres, binaries.postgres, 'the copy is used again');
        chmodSync(copy, 0o777);
        assert.notEqual(tryBinaries(account, { folder, version }), binaries.postgres, 'a copy that others may write is not run');
        rmSync(copy, { recursive: true });
        symlinkSync(folder, copy);
        assert.notEqual(tryBinaries(account, { folder, version }), binaries.postgres, 'nor is a link to somewhere else');
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
      for (const base of new Set([tmpdir(), '/var/tmp', '/tmp']))
        rmSync(join(base, `midstream-postgres-${version}-${account?.uid}`), { recursive: true, force: true });
    }
  });
});

function tryBinaries(account: ReturnType<typeof unprivilegedAccount>, from: { folder: string; version: string }): string {
  try {
    return postgresBinaries(account, quiet, from).postgres;
  } catch (error) {
    return String(error);
  }
}

describe('Envoy as a child', function () {
  this.timeout(60_000);

  it('tells its statistics, and ends when it is told to', async () => {
    const envoy = await startEnvoy('static_resources: {}');
    assert.equal((await envoy.stats(/^server\.live$/))['server.live'], 1);
    assert.equal((await envoy.ask('GET', '/nothing')).status, 404);
    await envoy.stop();
    assert.equal(envoy.running, false);
    assert.ok('path' in envoy.admin && !existsSync(envoy.admin.path), 'its folder is left');
  });

  it('says in its own words why it does not start', async () => {
    await assert.rejects(
      startEnvoy('static_resources: { listners: [] }'),
      (error) => error instanceof MidstreamError && error.code === 'unavailable' && /listners/.test(error.message),
    );
    await assert.rejects(startEnvoy('a: ['), (error) => error instanceof MidstreamError && error.code === 'config_invalid');
  });

  it('lets its admin interface be elsewhere', async () => {
    const port = await freePort();
    const envoy = await startEnvoy('static_resources: {}', { admin: { host: '127.0.0.1', port } });
    assert.equal((await fetch(`http://127.0.0.1:${port}/ready`)).status, 200);
    await envoy.stop({ drain_ms: 200 });
  });

  it('that is killed is known to have ended', async () => {
    const envoy = await startEnvoy('static_resources: {}');
    process.kill(envoy.pid, 'SIGKILL');
    assert.equal((await envoy.exited).signal, 'SIGKILL');
    await eventually(
      () => envoy.running,
      (running) => !running,
      'it still counts as running',
    );
    await assert.rejects(envoy.stats(), (error) => error instanceof MidstreamError && error.code === 'unavailable');
  });
});
