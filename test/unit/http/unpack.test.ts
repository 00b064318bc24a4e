import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as zlib from 'node:zlib';
import { Zstd } from '@hpcc-js/wasm-zstd';
import { loadUnpackers } from '../../../extproc/process/unpackers.js';
import { MidstreamError } from '../../../filters/errors.js';
import { type Coding, codingsOf, RATIO_FREE_BYTES, Unpacking, unpackWhole } from '../../../filters/http/unpack/index.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';

const limits = { unpacked_bytes_max: 64 * 1024 * 1024, unpacked_ratio_max: 200 };
const text = Buffer.from(Array.from({ length: 4000 }, (_, i) => `${i} jane.doe@example.com ${(i * 7919) % 10007}\n`).join(''));

describe('packed bodies', function () {
  this.timeout(60_000);
  let zstd: Zstd;
  before(async () => {
    await loadUnpackers();
    zstd = await Zstd.load();
  });

  const packers: [string, Coding, (bytes: Buffer) => Buffer][] = [
    ['gzip', 'gzip', (bytes) => zlib.gzipSync(bytes)],
    ['two members of gzip', 'gzip', (bytes) => Buffer.concat([zlib.gzipSync(bytes.subarray(0, 99)), zlib.gzipSync(bytes.subarray(99))])],
    ['gzip without packing', 'gzip', (bytes) => zlib.gzipSync(bytes, { level: 0 })],
    ['deflate as zlib', 'deflate', (bytes) => zlib.deflateSync(bytes)],
    ['deflate as it is', 'deflate', (bytes) => zlib.deflateRawSync(bytes)],
    ['br', 'br', (bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })],
    ['zstd', 'zstd', (bytes) => Buffer.from(zstd.compress(bytes))],
    [
      'three frames of zstd, one to be skipped',
      'zstd',
      (bytes) =>
        Buffer.concat([
          zstd.compress(bytes.subarray(0, 99)),
          Buffer.from('502a4d1803000000616263', 'hex'),
          zstd.compress(bytes.subarray(99)),
        ]),
    ],
  ];

  const unpacked = (codings: readonly Coding[], chunks: readonly Uint8Array[]): Buffer => {
    const pieces: Buffer[] = [];
    const unpacking = new Unpacking(codings, limits, (piece) => pieces.push(Buffer.from(piece)));
    try {
      for (const chunk of chunks) unpacking.push(chunk);
      unpacking.end();
    } finally {
      unpacking.free();
    }
    return Buffer.concat(pieces);
  };
  const cut = (whole: Buffer, size: () => number): Buffer[] => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < whole.length; ) {
      const next = at + Math.max(1, size());
      chunks.push(whole.subarray(at, next));
      at = next;
    }
    return chunks;
  };
  const refused = (make: () => unknown, words: RegExp): void =>
    assert.throws(make, (error) => error instanceof MidstreamError && words.test(error.message));

  for (const [name, coding, pack] of packers) {
    it(`${name}: unpacked however it is cut, at every end that comes too early an error`, () => {
      const packed = pack(text);
      assert.ok(unpacked([coding], [packed]).equals(text));
      const short = pack(text.subarray(0, 300));
      assert.ok(
        unpacked(
          [coding],
          cut(short, () => 1),
        ).equals(text.subarray(0, 300)),
      );
      forSeeds(count(20), (random) => {
        assert.ok(
          unpacked(
            [coding],
            cut(packed, () => random.int(random.pick([3, 500, 20_000]))),
          ).equals(text),
        );
      });
      // where one member or frame ends and the next begins an end is no error
      const whole = name.includes(' of ') ? 99 : 0;
      for (let at = 1; at < short.length; at++) {
        try {
          const got = unpacked([coding], [short.subarray(0, at)]);
          assert.ok(got.equals(text.subarray(0, whole)), `${at} of ${short.length} bytes gave ${got.length}`);
        } catch (error) {
          assert.ok(error instanceof MidstreamError && error.code === 'bad_input', String(error));
        }
      }
      refused(() => unpacked([coding], [packed, Buffer.from('zz')]), /./);
    });
  }

  it('several codings, one over the other, in any order', () => {
    for (const [, inner, packInner] of packers)
      for (const [, outer, packOuter] of packers) {
        const packed = packOuter(packInner(text));
        assert.ok(
          unpacked(
            [inner, outer],
            cut(packed, () => 777),
          ).equals(text),
          `${inner}, ${outer}`,
        );
      }
    assert.ok(unpackWhole('gzip,  BR, identity', zlib.brotliCompressSync(zlib.gzipSync(text)), limits).equals(text));
    assert.equal(unpackWhole('', text, limits), text);
  });

  it('an empty body is an empty body', () => {
    for (const coding of ['gzip', 'deflate', 'br', 'zstd'] as const) assert.equal(unpacked([coding], []).length, 0);
  });

  it('what is no such packing, and codings that nobody knows, are refused', () => {
    for (const coding of ['gzip', 'deflate', 'br', 'zstd'] as const)
      refused(() => unpacked([coding], [Buffer.from('jane.doe@example.com, in plain')]), /is not|before its end/);
    for (const value of ['compress', 'gzip, sdch', 'dcb', 'aes128gcm', '*']) refused(() => codingsOf(value), /packed with/);
    refused(() => codingsOf('gzip,gzip,gzip,gzip,gzip'), /more than 4 times/);
    assert.deepEqual(codingsOf(' x-gzip , identity,, Deflate'), ['gzip', 'deflate']);
  });

  it('bombs end at a limit: by their ratio, by their length, and one inside the other', () => {
    const zeros = Buffer.alloc(32 * 1024 * 1024);
    for (const [name, coding, pack] of packers) {
      if (name.includes('without')) continue;
      let most = 0;
      const unpacking = new Unpacking([coding], limits, (piece) => (most += piece.length));
      refused(() => unpacking.push(pack(zeros)), /limits\.unpacked_ratio_max/);
      unpacking.free();
      assert.ok(most <= Math.max(RATIO_FREE_BYTES, 200 * pack(zeros).length), `${name}: ${most}`);
    }
    refused(
      () => unpackWhole('gzip', zlib.gzipSync(zeros), { ...limits, unpacked_ratio_max: 2000, unpacked_bytes_max: 1_000_000 }),
      /_bytes_max/,
    );
    refused(() => unpackWhole('gzip, gzip', zlib.gzipSync(zlib.gzipSync(zeros)), limits), /_ratio_max/);
    // short texts that repeat are none
    assert.equal(unpackWhole('br', zlib.brotliCompressSync(Buffer.alloc(1_000_000)), limits).length, 1_000_000);
  });

  it('windows that no content coding needs, and dictionaries, are refused before anything is kept for them', () => {
    const huge = zlib.brotliCompressSync(text, {
      params: { [zlib.constants.BROTLI_PARAM_LARGE_WINDOW]: 1, [zlib.constants.BROTLI_PARAM_LGWIN]: 30 },
    });
    refused(() => unpackWhole('br', huge, limits), /br/);
    // magic, no single segment, a window of 128 MiB
    refused(() => unpackWhole('zstd', Buffer.from('28b52ffd0088010000', 'hex'), limits), /zstd/);
    // a dictionary's id of one byte
    refused(() => unpackWhole('zstd', Buffer.from('28b52ffd0148070100000000', 'hex'), limits), /zstd/);
  });

  it('damage is found, or nothing was changed by it: at random', () => {
    const damage = (random: Random, packed: Buffer): Buffer => {
      const copy = Buffer.from(packed);
      for (let n = 1 + random.int(3); n > 0; n--) copy[random.int(copy.length)] = random.int(256);
      return copy;
    };
    forSeeds(count(300), (random) => {
      const [name, coding, pack] = random.pick(packers);
      const packed = damage(random, pack(text.subarray(0, 2000)));
      try {
        const got = unpacked(
          [coding],
          cut(packed, () => random.int(400)),
        );
        // br and raw deflate have no check sum; the library's zstd frames neither
        if (coding === 'gzip' && !name.includes('two')) assert.ok(got.equals(text.subarray(0, 2000)));
      } catch (error) {
        assert.ok(error instanceof MidstreamError, String(error));
      }
    });
  });

  it('gives back what it took: a thousand broken off bodies leave no memory behind', () => {
    const packed = { br: zlib.brotliCompressSync(text), zstd: Buffer.from(zstd.compress(text)) };
    const run = (n: number): void => {
      for (let i = 0; i < n; i++)
        for (const coding of ['br', 'zstd'] as const) {
          const unpacking = new Unpacking([coding], limits, () => undefined);
          unpacking.push(packed[coding].subarray(0, packed[coding].length - 20));
          unpacking.free();
          unpacking.free();
        }
    };
    // what nobody holds counts as given back, whenever the collector would come by itself
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = (): number => {
      collect();
      const { arrayBuffers, external } = process.memoryUsage();
      return arrayBuffers + external;
    };
    run(50);
    const before = held();
    run(1000);
    const grown = held() - before;
    // each of the 2,000 would keep a window of 64 KiB and more
    assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes more`);
  });
});
