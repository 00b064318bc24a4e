import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { FrameReader, type FrameReaderOptions } from '../../../filters/postgres/wire/frame-reader.js';
import { Gather } from '../../../filters/postgres/wire/gather.js';
import { backend, frontend, startupCode } from '../../../filters/postgres/wire/types.js';

const limits = { message_bytes_max: 1024, stream_bytes_max: 1 << 20 };

function message(type: string, body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

interface Seen {
  type: number;
  piece: string;
  length: number;
  bytes: string;
  headerBytes: number;
}

function drain(reader: FrameReader): Seen[] {
  const seen: Seen[] = [];
  for (let f = reader.next(); f !== undefined; f = reader.next()) {
    const bytes = f.buf.subarray(f.start, f.end).toString('latin1');
    seen.push({ type: f.type, piece: f.piece, length: f.length, bytes, headerBytes: f.body - f.start });
  }
  return seen;
}

function read(side: 'frontend' | 'backend', chunks: Buffer[], options?: FrameReaderOptions): Seen[] {
  const reader = new FrameReader(side, limits, options);
  return chunks.flatMap((chunk) => {
    reader.push(chunk);
    return drain(reader);
  });
}

function refused(run: () => unknown, code: string, words: RegExp): void {
  assert.throws(run, (error: unknown) => error instanceof MidstreamError && error.code === code && words.test(error.message));
}

describe('FrameReader', () => {
  const three = Buffer.concat([message('D', 'abc'), message('1', ''), message('Z', 'I')]);

  it('gives whole messages as views into the chunk', () => {
    const reader = new FrameReader('backend', limits);
    reader.push(three);
    const first = reader.next();
    assert.ok(first);
    assert.equal(first.buf, three);
    assert.deepEqual([first.type, first.start, first.body, first.end, first.length, first.piece], [backend.DataRow, 0, 5, 8, 8, 'whole']);
    assert.deepEqual(
      drain(reader).map((f) => f.bytes),
      [message('1', '').toString('latin1'), message('Z', 'I').toString('latin1')],
    );
    assert.equal(reader.buffered, 0);
    assert.ok(reader.atBoundary);
  });

  it('gives the same messages whatever two places the bytes are cut at', () => {
    const expected = read('backend', [three]);
    for (let i = 0; i <= three.length; i++)
      for (let j = i; j <= three.length; j++)
        assert.deepEqual(read('backend', [three.subarray(0, i), three.subarray(i, j), three.subarray(j)]), expected, `cut at ${i}, ${j}`);
  });

  it('gives the same messages when all chunks are pushed before the first is read', () => {
    const reader = new FrameReader('backend', limits);
    for (const byte of three) reader.push(Buffer.from([byte]));
    assert.equal(reader.buffered, three.length);
    assert.deepEqual(drain(reader), read('backend', [three]));
  });

  it('keeps the order when chunks are pushed between reads of one message each', () => {
    const bytes = Buffer.concat(Array.from({ length: 40 }, (_, i) => message('D', `row ${i}`)));
    const expected = read('backend', [bytes]);
    for (const step of [3, 9, 10, 11, 30]) {
      const reader = new FrameReader('backend', limits);
      const seen: string[] = [];
      const one = () => {
        const f = reader.next();
        if (f !== undefined) seen.push(f.buf.subarray(f.start, f.end).toString('latin1'));
      };
      for (let at = 0; at < bytes.length; at += step) {
        reader.push(bytes.subarray(at, at + step));
        one();
      }
      while (!reader.atBoundary) one();
      assert.deepEqual(
        seen,
        expected.map((f) => f.bytes),
      );
    }
  });

  it('joins a long message out of chunks of any sizes', () => {
    const bytes = message('D', Buffer.from(Array.from({ length: 40_000 }, (_, i) => i % 251)));
    for (const sizes of [[1], [255], [256, 256, 1], [512], [4095], [4096], [1, 4096], [5000, 17], [100, 156, 16_000, 384, 1]]) {
      const reader = new FrameReader('backend', { message_bytes_max: 50_000, stream_bytes_max: 50_000 });
      let whole: Buffer | undefined;
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] as number;
        reader.push(bytes.subarray(at, at + size));
        at += size;
        const f = reader.next();
        if (f !== undefined) whole = f.buf.subarray(f.start, f.end);
      }
      assert.ok(whole?.equals(bytes), `sizes ${sizes.join()}`);
    }
  });

  it('streams a message that is not whole when the owner says so, whatever place it is cut at', () => {
    const big = message('d', Buffer.alloc(3000, 'x'));
    const bytes = Buffer.concat([message('c', ''), big, message('c', '')]);
    for (const step of [1, 2, 3, 4, 5, 6, 7, 999, 3005, 3010]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step));
      const seen = read('backend', chunks, { stream: (type, length) => type === backend.CopyData && length === 3005 });
      assert.equal(seen.map((f) => f.bytes).join(''), bytes.toString('latin1'));
      const pieces = seen.filter((f) => f.type === backend.CopyData);
      assert.ok(pieces.every((f) => f.length === 3005));
      const kinds = pieces.map((f) => f.piece);
      if (kinds.length === 1) assert.deepEqual(kinds, ['whole']);
      else assert.deepEqual(kinds, ['first', ...kinds.slice(1, -1).map(() => 'middle'), 'last']);
      assert.deepEqual(
        pieces.map((f) => f.headerBytes),
        [5, ...kinds.slice(1).map(() => 0)],
      );
    }
  });

  it('streams a message above the buffer limit also when its header was cut and the rest came at once', () => {
    const big = message('d', Buffer.alloc(3000, 'x'));
    const seen = read('backend', [big.subarray(0, 3), big.subarray(3)], { stream: () => true });
    assert.deepEqual(
      seen.map((f) => [f.piece, f.bytes.length]),
      [
        ['first', 5],
        ['last', 3000],
      ],
    );
    const small = message('d', 'abc');
    assert.deepEqual(
      read('backend', [small.subarray(0, 3), small.subarray(3)], { stream: () => true }).map((f) => f.piece),
      ['whole'],
    );
  });

  it('reads startup packets without a type until the owner says that startup is done', () => {
    const ssl = Buffer.from('0000000804d2162f', 'hex');
    const startup = Buffer.from('00000012000300007573657200626f620000', 'hex');
    const bytes = Buffer.concat([ssl, startup, message('Q', 'select 1\0')]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new FrameReader('frontend', limits, { startup: true, stream: () => true });
      const seen: [number, number, string][] = [];
      for (const chunk of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        reader.push(chunk);
        for (let f = reader.next(); f !== undefined; f = reader.next()) {
          seen.push([f.type, f.length, f.piece]);
          if (f.type === 0 && f.buf.readInt32BE(f.body) === startupCode.Protocol30) reader.startupDone();
        }
      }
      assert.deepEqual(
        seen.filter(([, , piece]) => piece === 'whole' || piece === 'first').map(([type, length]) => [type, length]),
        [
          [0, 8],
          [0, 18],
          [frontend.Query, 14],
        ],
        `cut at ${cut}`,
      );
    }
  });

  it('refuses a length below 4, saying what was expected and what was there', () => {
    for (const word of ['00000003', '00000000', 'ffffffff', '80000000'])
      refused(
        () => read('frontend', [Buffer.from(`51${word}`, 'hex')]),
        'protocol_violation',
        /^Query: length: expected at least 4, actual -?\d+$/,
      );
  });

  it('refuses a type that the side may not send, from its first byte', () => {
    refused(() => read('frontend', [Buffer.from('5a', 'hex')]), 'protocol_violation', /type: expected a frontend message type, actual 90/);
    refused(() => read('backend', [Buffer.from('51', 'hex')]), 'protocol_violation', /type: expected a backend message type, actual 81/);
    refused(() => read('backend', [Buffer.from('00', 'hex')]), 'protocol_violation', /type/);
  });

  it('refuses a claim above the limit from its header, and allocates nothing for it', () => {
    const before = process.memoryUsage();
    refused(() => read('frontend', [Buffer.from('513fffffff', 'hex')]), 'limit_exceeded', /message_bytes_max is 1024/);
    refused(() => read('backend', [Buffer.from('4400000400', 'hex')]), 'limit_exceeded', /claims 1025/);
    const stream = () => true;
    refused(() => read('backend', [Buffer.from('443fffffff', 'hex')], { stream }), 'limit_exceeded', /stream_bytes_max is 1048576/);
    assert.ok(process.memoryUsage().arrayBuffers - before.arrayBuffers < 1 << 20);
  });

  it('takes a message of exactly the limit, and refuses one byte more wherever it is cut', () => {
    const fits = message('Q', Buffer.alloc(1019, 'a'));
    assert.equal(read('frontend', [fits])[0]?.length, 1024);
    const above = message('Q', Buffer.alloc(1020, 'a'));
    for (const cut of [0, 1, 4, 5, 6, 1025])
      refused(() => read('frontend', [above.subarray(0, cut), above.subarray(cut)]), 'limit_exceeded', /1025/);
  });

  it('refuses startup packets that Postgres would refuse for their length', () => {
    for (const word of ['00000007', '00002715', 'ffffffff', '16030102'])
      refused(() => read('frontend', [Buffer.from(word, 'hex')], { startup: true }), 'protocol_violation', /startup packet: length/);
  });

  it('takeRest gives exactly the bytes that were not framed, from wherever they wait, and empties the reader', () => {
    const bytes = Buffer.concat([message('D', 'abc'), message('D', 'defgh')]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const reader = new FrameReader('backend', limits);
      reader.push(bytes.subarray(0, cut));
      const framed = drain(reader).map((f) => f.bytes);
      reader.push(bytes.subarray(cut));
      reader.push(message('Z', 'I'));
      const rest = reader.takeRest().toString('latin1');
      assert.equal(framed.join('') + rest, Buffer.concat([bytes, message('Z', 'I')]).toString('latin1'), `cut at ${cut}`);
      assert.ok(reader.atBoundary);
    }
    const streaming = new FrameReader('backend', limits, { stream: () => true });
    streaming.push(message('d', 'x'.repeat(100)).subarray(0, 50));
    assert.equal(streaming.next()?.piece, 'first');
    assert.equal(streaming.takeRest().length, 0);
    assert.ok(streaming.atBoundary);
  });

  it('stays failed after a violation: bytes behind it are never read as messages', () => {
    const reader = new FrameReader('frontend', limits);
    reader.push(Buffer.concat([message('S', ''), Buffer.from('5100000000', 'hex'), message('Q', 'x\0')]));
    assert.equal(reader.next()?.type, frontend.Sync);
    assert.throws(() => reader.next());
    reader.push(message('S', ''));
    assert.throws(() => reader.next());
  });

  it('buffers what arrived, not what was claimed, for a message of a gigabyte that comes in single bytes', () => {
    const reader = new FrameReader('frontend', { message_bytes_max: 1 << 30, stream_bytes_max: 1 << 30 });
    reader.push(Buffer.from('513ffffff0', 'hex'));
    assert.equal(reader.next(), undefined);
    const before = process.memoryUsage();
    const one = Buffer.from('x');
    for (let i = 0; i < 200_000; i++) {
      reader.push(one);
      assert.equal(reader.next(), undefined);
    }
    assert.equal(reader.buffered, 200_005);
    const after = process.memoryUsage();
    assert.ok(after.arrayBuffers - before.arrayBuffers < 4 << 20);
  });
});

describe('Gather', () => {
  it('copies small pieces, so that a byte does not keep its whole chunk alive, and keeps large ones as views', () => {
    const gather = new Gather();
    const chunk = Buffer.alloc(10_000, 'a');
    gather.add(chunk, 0, 100);
    gather.add(chunk, 100, 6000);
    chunk.fill('b');
    const whole = gather.take().toString('latin1');
    assert.equal(whole, 'a'.repeat(100) + 'b'.repeat(5900));
    assert.equal(gather.bytes, 0);
  });
});
