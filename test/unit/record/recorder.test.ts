import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Decrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import type { Recordings } from '../../../extproc/stores/recordings/index.js';
import { groupFiles } from '../../../extproc/stores/recordings/names.js';
import { segmentLines } from '../../../extproc/stores/recordings/read.js';
import { Unsealer } from '../../../extproc/stores/recordings/unseal.js';
import { verifyRecordings } from '../../../extproc/stores/recordings/verify/index.js';
import { MidstreamError, type ReasonCode } from '../../../filters/errors.js';
import { parseLine } from '../../../filters/record/chain.js';
import { events, faultyFs, open, pretendDead, temporaryDirectory, testClock } from './harness.js';

const code = (expected: ReasonCode) => (error: unknown) => error instanceof MidstreamError && error.code === expected;

async function allLines(directory: string): Promise<string[]> {
  const all: string[] = [];
  for (const log of groupFiles(fs.readdirSync(directory))) {
    for (const segment of log.segments) for await (const line of segmentLines(fs, directory, segment)) all.push(line.bytes.toString());
  }
  return all;
}

const settled = (recordings: Recordings, session: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const recorder = recordings.begin(session);
    recorder.whenDurable(recorder.appendLine('session.open', ''), (error) => (error ? reject(error) : resolve()));
  });

describe('recorder', () => {
  const directory = temporaryDirectory();

  it('writes these very lines', async () => {
    const recordings = await open(directory.path(), { clock: testClock() });
    const session = recordings.begin('5e55');
    session.append({ type: 'error', request: 'r1', severity: 'ERROR', sqlstate: '42501', message: 'naïve \u2028 \n', own: true });
    session.appendLine('request', ',"request":"r2","text":"select 1"');
    session.appendLine('session.close', ',"reason":"done"');
    await recordings.close();
    const first =
      '{"v":1,"session":"5e55","seq":0,"t":1000000,"prev":"0000000000000000000000000000000000000000000000000000000000000000","type":"error","request":"r1","severity":"ERROR","sqlstate":"42501","message":"naïve \u2028 \\n","own":true}';
    const second =
      '{"v":1,"session":"5e55","seq":1,"t":2000000,"prev":"96b6cf1eefd50571cb39158882cdfab94b8f39435b3969a33ba2c7acd36a79b3","type":"request","request":"r2","text":"select 1"}';
    const third =
      '{"v":1,"session":"5e55","seq":2,"t":3000000,"prev":"6408333d1aec25e83f64586c8eb7d11646975239402df869c694cb9f824efffa","type":"session.close","reason":"done"}';
    assert.deepEqual(await allLines(directory.path()), [first, second, third]);
    const [leaf] = fs.readFileSync(join(directory.path(), 'w1.leaves'), 'utf8').split('\n');
    assert.equal(
      leaf,
      '{"n":0,"at":"2026-01-02T03:04:05.000Z","session":"5e55","events":3,"last":"81c5f2ab33b190b2cc0cb254f1c821089f1029a085ba5740c466171b4fd7ff9d"}',
    );
  });

  it('is durable after the sync when strict, at once when relaxed, and never calls back within the call', async () => {
    const strict = await open(directory.path());
    const session = strict.begin('a');
    const ticket = session.appendLine('session.open', '');
    assert.equal(session.durable(ticket), false);
    let called = false;
    const done = new Promise<void>((resolve) => session.whenDurable(ticket, () => resolve()));
    session.whenDurable(ticket, () => {
      called = true;
    });
    assert.equal(called, false);
    await done;
    assert.equal(session.durable(ticket), true);
    await strict.close();
    const relaxed = await open(directory.path(), { durability: 'relaxed', worker: 2 });
    const other = relaxed.begin('b');
    const at = other.appendLine('session.open', '');
    assert.equal(other.durable(at), true);
    called = false;
    other.whenDurable(at, () => {
      called = true;
    });
    assert.equal(called, false);
    await relaxed.close();
    assert.equal(called, true);
    assert.equal((await verifyRecordings(directory.path())).events, 4);
  });

  it('one sync serves all that came in one turn', async () => {
    let syncs = 0;
    const fdatasync = ((fd: number, done: () => void) => {
      syncs += 1;
      fs.fdatasync(fd, done);
    }) as typeof fs.fdatasync;
    const recordings = await open(directory.path(), { fs: faultyFs({ fdatasync }) });
    await Promise.all(Array.from({ length: 50 }, (_, i) => settled(recordings, `s${i}`)));
    assert.equal(syncs, 1);
    await recordings.close();
  });

  it('time never goes back, whatever the clock says', async () => {
    let mono = 5e9;
    const recordings = await open(directory.path(), { clock: { wall_ms: () => 0, monotonic_ns: () => mono } });
    const session = recordings.begin('a');
    for (const jump of [1e6, -3e9, 2e6, -1, 1e12]) {
      mono += jump;
      session.appendLine('request', '');
    }
    session.appendLine('session.close', '');
    await recordings.close();
    const times = (await allLines(directory.path())).map((line) => parseLine(line).t);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.ok(times.every((t) => t >= 0));
    assert.ok((await verifyRecordings(directory.path())).ok);
  });

  it('refuses ids, types and fields that would break a line', async () => {
    const recordings = await open(directory.path());
    for (const id of ['', '../x', 'a/b', 'a"b', 'a\nb', '.a', 'a.b', 'x'.repeat(81), '-a', 'ä'])
      assert.throws(() => recordings.begin(id), code('bad_input'), id);
    const session = recordings.begin('a');
    assert.throws(() => session.appendLine('x"y', ''), code('internal'));
    assert.throws(() => session.appendLine('x', ',"a":"\n"'), code('internal'));
    assert.throws(() => session.appendLine('x', '"a":1'), code('internal'));
    assert.throws(() => session.appendLine('x', ',"a":"', undefined, { chunks: [], rest: '"\n' }), code('internal'));
    session.appendLine('session.open', '');
    assert.throws(() => recordings.begin('a').appendLine('session.open', ''), code('conflict'));
    await recordings.close();
    assert.throws(() => recordings.begin('b'), code('unavailable'));
  });

  it('refuses more than its queue holds, says how much waits, and goes on afterwards', async () => {
    const recordings = await open(directory.path(), { queue_bytes_max: 4000 });
    const session = recordings.begin('a');
    const fill = () => {
      for (let i = 0; i < 100; i++) session.appendLine('request', `,"text":"${'x'.repeat(100)}"`);
    };
    assert.throws(fill, code('limit_exceeded'));
    assert.ok(recordings.pending_bytes >= 4000 && recordings.pending_bytes < 5000);
    assert.equal(recordings.health().ok, false);
    while (recordings.pending_bytes > 0) await new Promise((resolve) => setImmediate(resolve));
    // It has a gap now, so it is over; others are not touched.
    assert.throws(() => session.appendLine('request', ''), code('limit_exceeded'));
    await settled(recordings, 'b');
    await recordings.close();
    const report = await verifyRecordings(directory.path());
    assert.deepEqual(report.problems, []);
    const last = (await allLines(directory.path()))
      .map((line) => parseLine(line))
      .filter((event) => event.session === 'a')
      .at(-1);
    assert.equal(last?.type, 'session.close');
    assert.equal(last?.['reason'], 'limit_exceeded');
  });

  it('rotates by size into packed segments that other tools read, and sessions span them', async () => {
    const recordings = await open(directory.path(), { segment_bytes_max: 2000 });
    const session = recordings.begin('a');
    for (let i = 0; i < 30; i++) {
      const ticket = session.appendLine('request', `,"n":${i},"text":"${'x'.repeat(200)}"`);
      await new Promise<void>((resolve) => session.whenDurable(ticket, () => resolve()));
    }
    await recordings.close();
    const files = fs.readdirSync(directory.path()).filter((file) => file.includes('ndjson'));
    assert.ok(files.length >= 4 && files.every((file) => file.endsWith('.zst')), files.join(' '));
    assert.equal((await allLines(directory.path())).length, 31);
    assert.deepEqual((await verifyRecordings(directory.path(), { public_keys: [recordings.verifier_key] })).problems, []);
  });

  it('several writers share a directory and a key, each with files of its own; a number that is taken gets another log', async () => {
    const all = await Promise.all([1, 2, 3, 1].map((worker) => open(directory.path(), { worker })));
    assert.deepEqual(all.map((recordings) => recordings.health().log).sort(), ['w1', 'w1-2', 'w2', 'w3']);
    for (const [i, recordings] of all.entries()) events(recordings, 3, 5, `x${i}y`);
    for (const recordings of all) await recordings.close();
    const report = await verifyRecordings(directory.path());
    assert.deepEqual(report.problems, []);
    assert.deepEqual([report.logs, report.sessions, report.events], [4, 12, 60]);
    assert.equal(fs.statSync(`${directory.path()}.key`).mode & 0o777, 0o600);
  });

  it('takes what comes for a session after its end, and for sessions of other workers', async () => {
    const recordings = await open(directory.path(), { linger_ms: 60_000 });
    const session = recordings.begin('a');
    session.appendLine('session.close', ',"reason":"done"');
    recordings.attach('a', 'access', ',"entry":{"flags":[]}');
    recordings.attach('elsewhere', 'access', ',"entry":{}');
    const heard: string[] = [];
    recordings.onError = (error) => heard.push(error?.message ?? '');
    recordings.attach('../x', 'access', ',"entry":{}');
    await recordings.close();
    recordings.attach('late', 'access', ',"entry":{}');
    assert.deepEqual(heard, ['not a session id', 'the recordings are closed']);
    const lines = (await allLines(directory.path())).map((line) => parseLine(line));
    assert.deepEqual(
      lines.map(({ type, seq }) => [type, seq]),
      [
        ['session.close', 0],
        ['access', 1],
        ['access', 0],
      ],
    );
    assert.match(lines[2]!.session, /^elsewhere\.[0-9a-f]{8}$/);
    assert.equal(lines[2]!['of'], 'elsewhere');
    assert.deepEqual((await verifyRecordings(directory.path())).problems, []);
  });

  it('seals originals so that the identity opens them, with our command or any age', async () => {
    const identity = await generateX25519Identity();
    const other = await generateX25519Identity();
    const recordings = await open(directory.path(), { recipients: [await identityToRecipient(identity)] });
    const originals = [Buffer.from('select 4111'), Buffer.alloc(0), Buffer.alloc(64 * 1024, 1), Buffer.alloc(200_001, 2)];
    const session = recordings.begin('a');
    for (const original of originals) session.appendLine('request', ',"text":"masked"', original);
    session.appendLine('session.close', '');
    await recordings.close();
    const sealed = (await allLines(directory.path())).map(
      (line) => parseLine(line)['sealed'] as { header?: string; body: string } | undefined,
    );
    assert.equal(sealed.filter((entry) => entry?.header !== undefined).length, 1);
    const unsealer = new Unsealer([other, identity]);
    for (const [i, original] of originals.entries()) assert.deepEqual(await unsealer.open(sealed[i]!), original);
    const age = new Decrypter();
    age.addIdentity(identity);
    const whole = Buffer.concat([Buffer.from(sealed[0]!.header!, 'base64'), Buffer.from(sealed[3]!.body, 'base64')]);
    assert.deepEqual(Buffer.from(await age.decrypt(whole)), originals[3]);
    await assert.rejects(new Unsealer([other]).open(sealed[0]!), code('forbidden'));
    await assert.rejects(open(`${directory.path()}2`, { recipients: ['age1nonsense'] }), code('config_invalid'));
  });

  it('drops originals when there is nobody to seal them to', async () => {
    const recordings = await open(directory.path());
    recordings.begin('a').appendLine('request', '', Buffer.from('4111111111111111'));
    await recordings.close();
    assert.ok(!(await allLines(directory.path())).join('').includes('sealed'));
  });

  it('goes on with a session that was open when a segment ended and idle until the crash', async () => {
    const recordings = await open(directory.path());
    await settled(recordings, 'idle');
    await recordings.rotate();
    await settled(recordings, 'busy');
    await recordings.checkpoint();
    pretendDead(directory.path());
    const again = await open(directory.path());
    assert.deepEqual(
      again.recovered.map(({ sessions, cut_bytes }) => ({ sessions: [...sessions].sort(), cut_bytes })),
      [{ sessions: ['busy', 'idle'], cut_bytes: 0 }],
    );
    await again.close();
    assert.deepEqual((await verifyRecordings(directory.path())).problems, []);
  });

  for (const name of ['w1.000002.ndjson', 'w1.leaves', 'w1.checkpoint', 'w1.lock.7'])
    it(`does not wait for a pipe in the place of ${name}, and writes another log`, async () => {
      fs.mkdirSync(directory.path(), { recursive: true });
      assert.equal(spawnSync('mkfifo', [join(directory.path(), name)]).status, 0);
      const recordings = await open(directory.path());
      assert.equal(recordings.health().log, 'w1-2');
      assert.match(recordings.recovered[0]!.problem, new RegExp(`${name} is no file`));
      await settled(recordings, 'a');
      await recordings.close();
    });
});
