import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openApprovals } from '../../extproc/stores/approvals/sqlite.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { onServer } from '../support/postgres.js';
import { type Fleet, startFleet } from './support/fleet.js';
import { loggingPostgres } from './support/server.js';
import { type DatabaseFailure, eventually, failure, recordedEvents, transports, unrecorded } from './support/world.js';

const DISK_BYTES = 1024 * 1024;

const policy = `
version: 1
rules:
  - name: deletes
    on: postgres
    when: sql.statements.exists(s, s.kind == "delete")
    then: approve
    approve: { by: [dba], quorum: 1, wait: 60s }
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

/** A disk of its own for the recordings; undefined where this account may not mount one. */
function smallDisk(): { path: string; unmount: () => void } | undefined {
  const path = mkdtempSync(join(tmpdir(), 'midstream-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'midstream-test', path]).status === 0;
  if (!mounted) rmSync(path, { recursive: true });
  const unmount = () => {
    spawnSync('umount', [path]);
    rmSync(path, { recursive: true, force: true });
  };
  return mounted ? { path, unmount } : undefined;
}

const canLimitFiles = spawnSync('prlimit', ['--version']).status === 0;

for (const transport of transports) {
  for (const kind of ['a disk of a megabyte', 'a limit on the size of files'] as const) {
    describe(`No space left for recordings (${kind}), by ${transport}`, function () {
      this.timeout(120_000);
      let fleet: Fleet;
      let disk: ReturnType<typeof smallDisk>;

      before(async function () {
        if (kind === 'a disk of a megabyte') disk = smallDisk();
        if (kind === 'a disk of a megabyte' ? disk === undefined : !canLimitFiles) {
          return this.skip();
        }
        const seed = "create table things (tag text); insert into things values ('first')";
        fleet = await startFleet({
          transport,
          server: await loggingPostgres(),
          policy,
          seed,
          ...(disk ? { recordings: join(disk.path, 'recordings') } : {}),
        });
      });
      after(async () => {
        await fleet?.finish();
        disk?.unmount();
      });

      const connect = async (): Promise<pg.Client> => {
        const client = new pg.Client({ host: '127.0.0.1', port: fleet.port, user: 'postgres', database: fleet.database });
        client.on('error', () => {});
        await client.connect();
        return client;
      };
      const rows = () =>
        onServer(fleet.url, async (client) =>
          (await client.query('select tag from things order by tag')).rows.map((row) => row.tag as string),
        );
      const fill = () => {
        if (disk === undefined) return fleet.gateways[0]!.limitFiles(0);
        const { bavail, bsize } = statfsSync(disk.path);
        writeFileSync(join(disk.path, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - 16 * 1024)));
      };
      const free = () => (disk === undefined ? fleet.gateways[0]!.limitFiles(undefined) : rmSync(join(disk.path, 'ballast')));
      let tags = 0;
      const insert = (client: pg.Client) => {
        const tag = `${fleet.tag}_${[...String(++tags)].map((d) => 'abcdefghij'[Number(d)]).join('')}_`;
        return client.query(`insert into things values ('${tag}') /* ${'x'.repeat(500)} */`);
      };
      const full = (error: DatabaseFailure) => {
        assert.equal(error.code, '53100', error.message);
        assert.equal(error.severity, 'FATAL');
        assert.match(error.message, /no space left for recordings/);
      };

      it('the agent reads FATAL 53100, new ones read the same, what is held and approved meanwhile never runs', async () => {
        const [writer, holder] = [await connect(), await connect()];
        await insert(writer);
        const held = failure(holder.query('delete from things'));
        const store = await openApprovals({ file: fleet.approvals });
        try {
          const [one] = await eventually('the hold', async () => {
            const all = await store.list({ status: 'pending' });
            return all.length === 1 ? all : undefined;
          });
          fill();
          const said = await failure(
            (async () => {
              for (;;) await insert(writer);
            })(),
          );
          full(said);
          full(await failure(connect()));
          await store.decide(one!.operation.hold, {
            by: 'ada',
            groups: ['dba'],
            verdict: 'approve',
            comment: '',
            at_ms: Date.now(),
            from: 'test',
          });
          assert.match((await held).code, /^(53100|42501)$/);
          assert.ok((await rows()).includes('first'), 'what was held has not run');
        } finally {
          await store.close();
        }
      });

      it('every statement that reached the server is recorded', async () => {
        const { passed, without } = await unrecorded(await loggingPostgres(), fleet);
        assert.ok(passed > 0);
        assert.deepEqual(without, []);
      });

      it('with space again it goes on by itself, and the recording is whole', async () => {
        free();
        const client = await eventually('connections pass again', () => connect().catch(() => undefined), 30_000);
        await insert(client);
        await client.end();
        await eventually('every session has its end', async () => {
          const events = await recordedEvents(fleet.recordings);
          const ends = new Map(
            events.filter((event) => event.type === 'session.close').map((event) => [event.session, String(event['reason'])]),
          );
          const open = events.filter((event) => event.type === 'session.open' && !ends.has(event.session));
          return open.length === 0 && [...ends.values()].some((reason) => reason.startsWith('storage_full')) ? true : undefined;
        });
        assert.deepEqual((await verifyRecordings(fleet.recordings)).problems, []);
        const { without } = await unrecorded(await loggingPostgres(), fleet);
        assert.deepEqual(without, []);
      });
    });
  }
}
