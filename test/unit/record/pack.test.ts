import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { parseSegment } from '../../../extproc/stores/recordings/names.js';
import { packSegment } from '../../../extproc/stores/recordings/pack.js';
import { packElsewhere } from '../../../extproc/stores/recordings/pack-elsewhere.js';
import { segmentLines } from '../../../extproc/stores/recordings/read.js';
import { BLOCK_BYTES, frameBytes, zstd } from '../../../extproc/stores/recordings/zstd.js';
import { MidstreamError } from '../../../filters/errors.js';
import { temporaryDirectory } from './harness.js';

const always = () => true;

describe('packed segments', () => {
  const directory = temporaryDirectory();

  it('of any size unpack to what they were, line by line, also by other tools', async () => {
    fs.mkdirSync(directory.path());
    const text = Array.from({ length: 9000 }, (_, i) => `{"n":${i},"text":"${'x'.repeat(i % 90)}"}\n`).join('');
    assert.ok(text.length > 2 * BLOCK_BYTES);
    for (const bytes of [1, 100, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, text.length]) {
      fs.writeFileSync(join(directory.path(), 'w1.000001.ndjson'), text.slice(0, bytes));
      const { file } = await packSegment(fs, directory.path(), 'w1.000001.ndjson');
      let read = '';
      for await (const line of segmentLines(fs, directory.path(), parseSegment(file)!))
        read += line.bytes.toString() + (line.whole ? '\n' : '');
      assert.equal(read, text.slice(0, bytes));
      const other = unpackElsewhere(join(directory.path(), file));
      if (other !== undefined) assert.equal(other, text.slice(0, bytes));
    }
  });

  it('large ones are packed on another thread, into the same; what fails there is told here', async function () {
    // Threads of Node 20 take no loader for sources.
    if (import.meta.url.endsWith('.ts')) this.skip();
    fs.mkdirSync(directory.path());
    const text = Array.from({ length: 60_000 }, (_, i) => `{"n":${i},"text":"${'x'.repeat(i % 190)}"}\n`).join('');
    const [here, there] = ['w1.000002.ndjson', 'w1.000003.ndjson'];
    for (const name of [here, there]) fs.writeFileSync(join(directory.path(), name), text);
    const expected = await packSegment(fs, directory.path(), here);
    assert.deepEqual(await packElsewhere(directory.path(), there, always), { ...expected, file: `${there}.zst` });
    assert.deepEqual(fs.readFileSync(join(directory.path(), `${there}.zst`)), fs.readFileSync(join(directory.path(), expected.file)));
    await assert.rejects(packElsewhere(directory.path(), 'w1.000009.ndjson', always), /ENOENT/);
  });

  it('one that gives way to a busy thread is packed into the same, and at full speed once it has to be', async function () {
    if (import.meta.url.endsWith('.ts')) this.skip();
    fs.mkdirSync(directory.path());
    const name = 'w1.000004.ndjson';
    fs.writeFileSync(join(directory.path(), name), `{"text":"${'y'.repeat(40 * BLOCK_BYTES)}"}\n`);
    let asked = 0;
    let packed = false;
    const busy = () => {
      const until = performance.now() + 5;
      while (performance.now() < until);
      if (!packed) setImmediate(busy);
    };
    busy();
    try {
      // However fast it is, work goes on until it was asked often enough: only a thread that gives way asks.
      const pack = () => packElsewhere(directory.path(), name, () => ++asked > 3);
      while (asked <= 3) await Promise.all(Array.from({ length: 10 }, pack));
    } finally {
      packed = true;
    }
    const { file } = await packSegment(fs, directory.path(), name);
    let read = 0;
    for await (const line of segmentLines(fs, directory.path(), parseSegment(file)!)) read += line.bytes.length;
    assert.equal(read, fs.statSync(join(directory.path(), name)).size - 1);
  });

  it('frames are measured by their headers, and those that are not ours are refused', async () => {
    const frame = Buffer.from(await (await zstd()).compress(Buffer.from('hello '.repeat(1000))));
    assert.equal(frameBytes(Buffer.concat([frame, frame])), frame.length);
    for (let n = 0; n < frame.length; n++) assert.equal(frameBytes(frame.subarray(0, n)), undefined, `${n} bytes`);
    const tampered = (error: unknown) => error instanceof MidstreamError && error.code === 'tampered';
    assert.throws(() => frameBytes(Buffer.from('not a frame')), tampered);
    // 2 GiB claimed in a few bytes.
    assert.throws(() => frameBytes(Buffer.from('28b52ffda000000080010000', 'hex')), tampered);
  });
});

/** `zstd -d`, where it is installed. */
function unpackElsewhere(path: string): string | undefined {
  try {
    return execFileSync('zstd', ['-dcq', path], { encoding: 'utf8', maxBuffer: 1 << 26 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
