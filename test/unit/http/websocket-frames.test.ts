import assert from 'node:assert/strict';
import { closePayload, REASON_BYTES_MAX, readClose } from '../../../filters/http/websocket/close.js';
import { FrameError, type FrameHead, FrameReader, writeFrame } from '../../../filters/http/websocket/frames.js';
import { Utf8Check } from '../../../filters/http/websocket/utf8.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

interface Read {
  heads: Omit<FrameHead, 'key'>[];
  payloads: string[];
  error?: number;
}

function read(masked: boolean, ...chunks: Buffer[]): Read {
  const out: Read = { heads: [], payloads: [] };
  let pieces: Buffer[] = [];
  const reader = new FrameReader(masked, {
    head: ({ fin, opcode, length }) => {
      out.heads.push({ fin, opcode, length });
      pieces = [];
    },
    payload: (piece, last) => {
      pieces.push(Buffer.from(piece));
      if (last) out.payloads.push(Buffer.concat(pieces).toString('latin1'));
    },
  });
  try {
    for (const chunk of chunks) reader.push(chunk);
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    out.error = error.status;
  }
  return out;
}

/** RFC 6455 section 5.7, and every way in which a head can be wrong. */
const table: { name: string; masked?: boolean; bytes: string; heads?: [boolean, number, number][]; payloads?: string[]; error?: number }[] =
  [
    { name: 'a text', bytes: '81 05 48 65 6c 6c 6f', heads: [[true, 1, 5]], payloads: ['Hello'] },
    { name: 'a masked text', masked: true, bytes: '81 85 37 fa 21 3d 7f 9f 4d 51 58', heads: [[true, 1, 5]], payloads: ['Hello'] },
    {
      name: 'a text in two frames',
      bytes: '01 03 48 65 6c 80 02 6c 6f',
      heads: [
        [false, 1, 3],
        [true, 0, 2],
      ],
      payloads: ['Hel', 'lo'],
    },
    { name: 'a ping', bytes: '89 05 48 65 6c 6c 6f', heads: [[true, 9, 5]], payloads: ['Hello'] },
    { name: 'a masked pong', masked: true, bytes: '8a 85 37 fa 21 3d 7f 9f 4d 51 58', heads: [[true, 10, 5]], payloads: ['Hello'] },
    { name: 'an empty text', bytes: '81 00', heads: [[true, 1, 0]], payloads: [''] },
    { name: 'an empty close', bytes: '88 00', heads: [[true, 8, 0]], payloads: [''] },
    { name: '125 bytes', bytes: `82 7d ${'61'.repeat(125)}`, heads: [[true, 2, 125]], payloads: ['a'.repeat(125)] },
    { name: '126 bytes', bytes: `82 7e 00 7e ${'61'.repeat(126)}`, heads: [[true, 2, 126]], payloads: ['a'.repeat(126)] },
    { name: '65535 bytes', bytes: `82 7e ff ff ${'61'.repeat(65_535)}`, heads: [[true, 2, 65_535]], payloads: ['a'.repeat(65_535)] },
    {
      name: '65536 bytes',
      bytes: `82 7f 00 00 00 00 00 01 00 00 ${'61'.repeat(65_536)}`,
      heads: [[true, 2, 65_536]],
      payloads: ['a'.repeat(65_536)],
    },
    { name: 'a ping of 125 bytes', bytes: `89 7d ${'61'.repeat(125)}`, heads: [[true, 9, 125]], payloads: ['a'.repeat(125)] },
    { name: 'a ping of 126 bytes', bytes: `89 7e 00 7e ${'61'.repeat(126)}`, error: 1002 },
    { name: 'a fragmented ping', bytes: '09 00', error: 1002 },
    { name: 'a fragmented close', bytes: '08 02 03 e8', error: 1002 },
    ...['c1', 'a1', '91', 'f1', 'c0', '89'.replace('8', 'c')].map((first) => ({
      name: `reserved bits in ${first}`,
      bytes: `${first} 00`,
      error: 1002,
    })),
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code) => ({
      name: `the opcode ${code}`,
      bytes: `${(0x80 | code).toString(16)} 00`,
      error: 1002,
    })),
    { name: 'a server that masks', bytes: '81 85 37 fa 21 3d 7f 9f 4d 51 58', error: 1002 },
    { name: 'a client that does not', masked: true, bytes: '81 05 48 65 6c 6c 6f', error: 1002 },
    { name: 'a short length in two bytes', bytes: '82 7e 00 7d', error: 1002 },
    { name: 'a short length in eight bytes', bytes: '82 7f 00 00 00 00 00 00 ff ff', error: 1002 },
    { name: 'a length beyond what can be counted', bytes: '82 7f 7f ff ff ff ff ff ff ff', error: 1009 },
    { name: 'a length with its highest bit', bytes: '82 7f 80 00 00 00 00 00 00 00', error: 1009 },
  ];

describe('WebSocket frames', () => {
  for (const { name, masked = false, bytes, heads = [], payloads = [], error } of table)
    it(`${error === undefined ? 'reads' : 'refuses'} ${name}, however it is cut`, () => {
      const whole = hex(bytes);
      const expected: Read = {
        heads: heads.map(([fin, opcode, length]) => ({ fin, opcode, length })),
        payloads,
        ...(error === undefined ? {} : { error }),
      };
      assert.deepEqual(read(masked, whole), expected);
      if (whole.length > 300) return;
      assert.deepEqual(read(masked, ...Array.from(whole, (b) => Buffer.from([b]))), expected);
      for (let at = 1; at < whole.length; at++) assert.deepEqual(read(masked, whole.subarray(0, at), whole.subarray(at)), expected);
    });

  it('allocates nothing by the length that a peer claims', () => {
    const before = process.memoryUsage().arrayBuffers;
    const out = read(false, hex('82 7f 00 00 7f ff ff ff ff ff'));
    assert.deepEqual(out, { heads: [{ fin: true, opcode: 2, length: 0x7f_ff_ff_ff_ff_ff }], payloads: [] });
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
  });

  it('writes what it reads', () => {
    for (const length of [0, 1, 125, 126, 65_535, 65_536])
      for (const key of [undefined, Buffer.from('01020304', 'hex')]) {
        const bytes = Buffer.concat(writeFrame(2, Buffer.alloc(length, 'x'), key));
        assert.deepEqual(read(key !== undefined, bytes).payloads, ['x'.repeat(length)]);
      }
  });
});

describe('close frames', () => {
  const close = (code: number, reason = ''): Buffer => Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
    it(`may say ${code}`, () => assert.deepEqual(readClose(close(code, 'é')), { code, reason: 'é' }));
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535])
    it(`may not say ${code}`, () =>
      assert.throws(
        () => readClose(close(code)),
        (error: FrameError) => error.status === 1002,
      ));
  it('may say nothing, but not half a code or what is no text', () => {
    assert.deepEqual(readClose(Buffer.alloc(0)), { code: undefined, reason: '' });
    assert.throws(
      () => readClose(Buffer.from([3])),
      (error: FrameError) => error.status === 1002,
    );
    assert.throws(
      () => readClose(Buffer.from([3, 0xe8, 0xff])),
      (error: FrameError) => error.status === 1007,
    );
  });
  it('are cut where a character ends', () => {
    const payload = closePayload({ code: 1008, reason: 'é'.repeat(100) });
    assert.equal(payload.length, 2 + REASON_BYTES_MAX - 1);
    assert.equal(readClose(payload).reason, 'é'.repeat(61));
  });
});

describe('UTF-8 in pieces', () => {
  const samples: [string, boolean][] = [
    ['48 65 6c 6c 6f', true],
    ['ce ba e1 bd b9 cf 83 ce bc ce b5', true],
    ['f0 90 80 80 f4 8f bf bf', true],
    ['ed 9f bf ee 80 80 ef bf bd', true],
    ['ed a0 80', false],
    ['f4 90 80 80', false],
    ['c0 af', false],
    ['e0 80 af', false],
    ['f0 80 80 af', false],
    ['80', false],
    ['ff', false],
    ['ce', false],
    ['f0 90 80', false],
  ];
  for (const [bytes, valid] of samples)
    it(`${bytes} is ${valid ? '' : 'not '}UTF-8, however it is cut`, () => {
      const whole = hex(bytes);
      for (let at = 0; at <= whole.length; at++) {
        const check = new Utf8Check();
        assert.equal(check.push(whole.subarray(0, at)) && check.push(whole.subarray(at)) && check.end(), valid);
      }
      const check = new Utf8Check();
      assert.equal([...whole].every((b) => check.push(Buffer.from([b]))) && check.end(), valid);
    });
});
