import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../extproc/process/places.js';
import { KEYS_NAME } from '../../../extproc/stores/recordings/names.js';
import { events, open, temporaryDirectory } from './harness.js';

/** What somebody may put into the directory to keep verify from an answer. */
describe('verify answers, whatever stands in the directory', function () {
  this.timeout(60_000);
  const directory = temporaryDirectory();

  beforeEach(async () => {
    const recordings = await open(directory.path());
    events(recordings, 3, 4);
    await recordings.close();
  });

  /** As a user runs it: a read that never ends would keep the whole process. */
  const verify = (): { ok: boolean; problems: { kind: string; file: string; what: string }[] } => {
    const bin = join(packageRoot(), 'extproc', 'cli', 'bin.mjs');
    const { stdout, stderr, status } = spawnSync(process.execPath, [bin, 'verify', directory.path(), '--json'], {
      encoding: 'utf8',
      timeout: 15_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1024 * 1024,
    });
    assert.equal(status, 3, stderr || 'it did not end');
    return JSON.parse(stdout);
  };
  const segment = (): string => readdirSync(directory.path()).find((file) => file.includes('.ndjson'))!;

  const others: [string, (path: string) => void][] = [
    ['a pipe', (path) => assert.equal(spawnSync('mkfifo', [path]).status, 0)],
    ['a folder', (path) => mkdirSync(path)],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
  ];
  for (const [what, make] of others)
    for (const name of ['the segment', 'w1.leaves', 'w1.checkpoint', 'w1.checkpoints', KEYS_NAME, 'w1.lock.7'])
      it(`${what} for ${name} is named`, () => {
        const file = name === 'the segment' ? segment() : name;
        rmSync(join(directory.path(), file), { force: true });
        make(join(directory.path(), file));
        const found = verify().problems.filter((problem) => problem.file === file && /this is no file/.test(problem.what));
        assert.equal(found.length, 1);
      });

  it('a link to the segment itself, kept elsewhere, is named', () => {
    const file = segment();
    const elsewhere = join(directory.path(), '..', 'elsewhere');
    renameSync(join(directory.path(), file), elsewhere);
    symlinkSync(elsewhere, join(directory.path(), file));
    assert.ok(verify().problems.some((problem) => problem.file === file && /this is no file/.test(problem.what)));
  });

  it('a segment of an immense number is one gap', () => {
    writeFileSync(join(directory.path(), 'w1.99999999999.ndjson'), '');
    const { problems } = verify();
    assert.ok(problems.length < 10, String(problems.length));
    assert.ok(problems.some(({ what }) => what === 'the segments up to w1.99999999998.ndjson are gone'));
  });
});
