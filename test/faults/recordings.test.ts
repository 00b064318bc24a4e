import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import type { RecordingFs, Recordings } from '../../extproc/stores/recordings/index.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { MidstreamError } from '../../filters/errors.js';
import { parseLine } from '../../filters/record/chain.js';
import { full } from '../support/long.js';
import { events, faultyFs, open, pretendDead, temporaryDirectory } from '../unit/record/harness.js';

const ticketOf = (recordings: Recordings, session: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const recorder = recordings.begin(session);
    recorder.whenDurable(recorder.appendLine('session.open', ''), (error) => (error ? reject(error) : resolve()));
  });

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** A disk that fails as told; `room` is how many bytes of a write still fit before ENOSPC. */
function brokenDisk(): { fs: RecordingFs; fail: (how: string | undefined, room?: number) => void } {
  let how: string | undefined;
  let room = 0;
  const failure = () => Object.assign(new Error(how), { code: how });
  const writeSync = ((fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
    if (how !== 'ENOSPC' && how !== 'EIO') return fs.writeSync(fd, bytes, offset, length, position);
    if (room === 0) throw failure();
    const n = fs.writeSync(fd, bytes, offset, Math.min(room, length), position);
    room -= n;
    return n;
  }) as typeof fs.writeSync;
  const fdatasync = ((fd: number, done: (error?: Error) => void) =>
    how === 'sync'
      ? setImmediate(done, Object.assign(new Error('sync'), { code: 'EIO' }))
      : fs.fdatasync(fd, done as fs.NoParamCallback)) as typeof fs.fdatasync;
  return {
    fs: faultyFs({ writeSync, fdatasync }),
    fail: (next, fits = 0) => {
      how = next;
      room = fits;
    },
  };
}

describe('recordings: faults', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  for (const [how, room, expected] of [
    ['ENOSPC', 0, 'storage_full'],
    ['ENOSPC', 50, 'storage_full'],
    ['EIO', 0, 'unavailable'],
    ['sync', 0, 'unavailable'],
  ] as const) {
    it(`the disk fails (${how} after ${room} bytes): waiting effects get the error, nothing new passes, and when it works again nothing is torn`, async () => {
      const disk = brokenDisk();
      const recordings = await open(directory.path(), { fs: disk.fs, retry_ms: 10 });
      const heard: (string | undefined)[] = [];
      recordings.onError = (error) => heard.push(error instanceof MidstreamError ? error.code : error?.message);
      await ticketOf(recordings, 'before');
      const victim = recordings.begin('victim');
      victim.appendLine('session.open', '');
      disk.fail(how, room);
      await assert.rejects(ticketOf(recordings, 'during'), (error) => error instanceof MidstreamError && error.code === expected);
      assert.throws(
        () => recordings.begin('after'),
        (error) => error instanceof MidstreamError && error.code === expected,
      );
      assert.throws(
        () => victim.appendLine('request', ''),
        (error) => error instanceof MidstreamError && error.code === expected,
      );
      assert.equal(recordings.health().ok, false);
      disk.fail(undefined);
      await until(() => recordings.health().ok);
      await until(() => heard.includes(undefined));
      await ticketOf(recordings, 'healed');
      await recordings.close();
      const report = await verifyRecordings(directory.path());
      assert.deepEqual(report.problems, []);
      assert.equal(report.sessions, 4);
      assert.equal(heard[0], expected);
    });
  }

  it('the disk is full and stays full until the end: closing says so, and the next start recovers what was durable', async () => {
    const disk = brokenDisk();
    const recordings = await open(directory.path(), { fs: disk.fs, retry_ms: 10 });
    await ticketOf(recordings, 'durable');
    disk.fail('ENOSPC', 30);
    await assert.rejects(ticketOf(recordings, 'lost'), MidstreamError);
    await assert.rejects(recordings.close(), (error) => error instanceof MidstreamError && error.code === 'storage_full');
    pretendDead(directory.path());
    await assert.rejects(
      open(directory.path(), { fs: disk.fs }),
      (error) => error instanceof MidstreamError && error.code === 'storage_full',
    );
    pretendDead(directory.path());
    disk.fail(undefined);
    const again = await open(directory.path());
    assert.deepEqual(
      again.recovered.map(({ sessions }) => sessions),
      [['durable']],
    );
    await again.close();
    assert.deepEqual((await verifyRecordings(directory.path())).problems, []);
  });

  it('the last segment is cut at any byte by a crash: whole events stay, the loss is stated, every session gets an end', async () => {
    const recordings = await open(directory.path(), { compress: 'none' });
    events(recordings, 2, 4, 'closed');
    await recordings.rotate();
    await recordings.checkpoint();
    const sessions = ['p', 'q'].map((id) => recordings.begin(id));
    for (const type of ['session.open', 'request', 'response']) for (const session of sessions) session.appendLine(type, ',"text":"naïve"');
    await recordings.rotate().catch(() => {});
    await until(() => recordings.pending_bytes === 0);
    // As a crash leaves it: the second segment is the last, in no leaf.
    const files = new Map(fs.readdirSync(directory.path()).map((name) => [name, fs.readFileSync(join(directory.path(), name))]));
    const last = 'w1.000002.ndjson';
    files.delete('w1.000003.ndjson');
    const leaves = files.get('w1.leaves')!.toString().trimEnd().split('\n');
    files.set('w1.leaves', Buffer.from(`${leaves.filter((line) => !line.includes(last)).join('\n')}\n`));
    const whole = files.get(last)!;
    const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([i]) => i + 1);
    const near = (cut: number) => cut < 3 || ends.some((end) => Math.abs(end - cut) < 3);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      // Every byte in the long run; every eleventh, and all around the ends of events, in the quick one.
      if (!full && cut % 11 !== 0 && !near(cut)) continue;
      const place = `${directory.path()}-${cut}`;
      fs.mkdirSync(place);
      for (const [name, bytes] of files) fs.writeFileSync(join(place, name), name === last ? bytes.subarray(0, cut) : bytes);
      pretendDead(place);
      const again = await open(place, {
        signing_key_file: `${directory.path()}.key`,
        compress: 'none',
        fs: faultyFs({ fdatasyncSync: () => {} }),
      });
      const good = ends.filter((end) => end <= cut).length;
      const started = Math.min(good, 2);
      const cut_bytes = cut - (ends[good - 1] ?? 0);
      assert.deepEqual(
        again.recovered,
        cut_bytes === 0 && started === 0
          ? []
          : [{ log: 'w1', segment: last, cut_bytes, sessions: ['p', 'q'].slice(0, started), problem: '' }],
        `cut at ${cut}`,
      );
      await again.close();
      const report = await verifyRecordings(place);
      assert.deepEqual(report.problems, [], `cut at ${cut}`);
      assert.equal(report.events, 8 + good + started, `cut at ${cut}`);
      fs.rmSync(place, { recursive: true });
    }
    await recordings.close();
  });

  it('garbage in the middle of the unfinished segment: what follows it is kept beside, not destroyed', async () => {
    const recordings = await open(directory.path());
    await ticketOf(recordings, 'a');
    await ticketOf(recordings, 'b');
    pretendDead(directory.path());
    const path = join(directory.path(), 'w1.000001.ndjson');
    const [one, two] = fs.readFileSync(path, 'utf8').split('\n');
    fs.writeFileSync(path, `${one}\n\0\0\0\n${two}\n`);
    const again = await open(directory.path());
    assert.deepEqual(again.recovered[0]?.sessions, ['a']);
    assert.equal(fs.readFileSync(`${path}.cut`, 'utf8'), `\0\0\0\n${two}\n`);
    await again.close();
    assert.deepEqual((await verifyRecordings(directory.path())).problems, []);
  });

  it('the leaves were changed behind the back of a stopped gateway: the log is left as evidence, recording goes on in another', async () => {
    const recordings = await open(directory.path());
    events(recordings, 3, 4);
    await recordings.close();
    const path = join(directory.path(), 'w1.leaves');
    fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"session":"s1"', '"session":"s9"'));
    const again = await open(directory.path());
    assert.equal(again.health().log, 'w1-2');
    assert.match(again.recovered[0]!.problem, /not those of its signed checkpoint/);
    await again.close();
    const report = await verifyRecordings(directory.path());
    assert.ok(report.problems.some(({ log, kind }) => log === 'w1' && kind === 'changed'));
    assert.ok(report.problems.every(({ log }) => log === 'w1'));
  });

  it('another writer dies and does not come back: the first one repairs its log and tells which sessions had no end', async () => {
    const dead = await open(directory.path(), { worker: 2 });
    await ticketOf(dead, 'held');
    pretendDead(directory.path());
    const living = await open(directory.path(), { worker: 1, checkpoint_interval_ms: 10 });
    const told: string[][] = [];
    living.onRecovered = (report) => told.push(report.sessions);
    await until(() => told.length > 0);
    assert.deepEqual(told, [['held']]);
    await living.close();
    assert.deepEqual((await verifyRecordings(directory.path())).problems, []);
  });

  it('the process is killed under load: every event that was reported durable is there, and the next start closes what was open', async () => {
    const script = `
      import { openRecordings } from ${JSON.stringify(new URL('../../extproc/stores/recordings/index.js', import.meta.url).href)};
      const recordings = await openRecordings({ directory: process.argv[1], durability: 'strict', worker: 1, segment_bytes_max: 20000, checkpoint_interval_ms: 20 });
      for (let s = 0; s < 8; s++) {
        const session = recordings.begin('s' + s);
        let n = 0;
        const next = () => {
          const ticket = session.appendLine('request', ',"n":' + n);
          session.whenDurable(ticket, () => { process.stdout.write('s' + s + ' ' + n + '\\n'); n += 1; next(); });
        };
        next();
      }`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, directory.path()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.length > 6000) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.on('close', resolve));
    const durable = new Map<string, number>();
    for (const line of said.split('\n').slice(0, -1)) {
      const [session, n] = line.split(' ');
      durable.set(session!, Number(n));
    }
    assert.equal(durable.size, 8);
    const before = await verifyRecordings(directory.path());
    assert.deepEqual(before.problems, []);
    const again = await open(directory.path(), { compress: 'none' });
    assert.equal(again.recovered[0]?.sessions.length, 8);
    await again.close();
    const report = await verifyRecordings(directory.path());
    assert.deepEqual(report.problems, []);
    const { lastEvents } = await import('../unit/record/last-events.js');
    for (const [session, event] of await lastEvents(directory.path())) {
      assert.equal(parseLine(event).type, 'session.close');
      assert.ok(
        parseLine(event).seq > durable.get(session)!,
        `${session}: ${durable.get(session)} was durable, ${parseLine(event).seq} events are there`,
      );
    }
  });
});
