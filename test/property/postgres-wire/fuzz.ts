import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import type { Codec } from '../../../filters/postgres/wire/index.js';
import { Random } from '../../support/random.js';
import { SEED } from '../../support/seed.js';

/**
 * The fuzzer of one decoder. It mutates bodies out of a corpus and asks of each decode:
 * 1. a value, or MidstreamError protocol_violation; no other error;
 * 2. the same outcome whatever bytes lie before and behind the message: nothing outside it was read;
 * 3. no memory beyond what the message holds: nothing is allocated because a number in it says so;
 * 4. a value encodes to the very bytes it was decoded from: nothing was skipped, guessed or cut off.
 */

const PAD_BYTES = 300;
/** Numbers that lengths and counts like to be wrong with. */
const WORDS = [
  0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10000, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xfffffffe,
  0xffffffff,
];

/** One to four changes: bits, bytes, words of 16 and 32 bits, cuts, insertions, repeats, another corpus entry put inside. */
export function mutate(corpus: readonly Buffer[], random: Random): Buffer {
  const pick = (n: number) => random.int(n);
  const some = () => corpus[pick(corpus.length)] as Buffer;
  let body: Buffer = Buffer.from(some());
  for (let changes = 1 + pick(4); changes > 0; changes--) {
    const at = pick(body.length + 1);
    const word = WORDS[pick(WORDS.length)] as number;
    switch (pick(8)) {
      case 0:
        if (at < body.length) body[at] = (body[at] as number) ^ (1 << pick(8));
        break;
      case 1:
        if (at < body.length) body[at] = pick(256);
        break;
      case 2:
        if (at + 2 <= body.length) body.writeUInt16BE(word & 0xffff, at);
        break;
      case 3:
        if (at + 4 <= body.length) body.writeUInt32BE(word, at);
        break;
      case 4:
        body = Buffer.from(body.subarray(0, at));
        break;
      case 5:
        body = Buffer.concat([body.subarray(0, at), Buffer.from([pick(256)]), body.subarray(at)]);
        break;
      case 6: {
        const end = at + pick(body.length - at + 1);
        body = Buffer.concat([body.subarray(0, end), body.subarray(at, end), body.subarray(end)]);
        break;
      }
      default:
        body = Buffer.concat([body.subarray(0, at), some(), body.subarray(at)]);
    }
  }
  return body.length > 4096 ? body.subarray(0, 4096) : body;
}

const pads = [0x00, 0x41, 0xff].map((byte) => Buffer.alloc(PAD_BYTES, byte));

interface Outcome {
  value?: unknown;
  error?: string;
}

/** Runs a decoder on a body that lies between other bytes, and counts what it allocates. */
function outcome(codec: Codec<unknown>, body: Buffer, pad: Buffer): Outcome {
  const buf = Buffer.concat([pad, body, pad]);
  const bytes_max = 1024 + 16 * body.length;
  let bytes = 0;
  const original = { alloc: Buffer.alloc, allocUnsafe: Buffer.allocUnsafe, allocUnsafeSlow: Buffer.allocUnsafeSlow };
  const counted =
    (alloc: (size: number) => Buffer) =>
    (size: number): Buffer => {
      bytes += size;
      assert.ok(bytes <= bytes_max, `allocated ${bytes} bytes for a body of ${body.length}`);
      return alloc(size);
    };
  Buffer.alloc = counted(original.alloc) as typeof Buffer.alloc;
  Buffer.allocUnsafe = counted(original.allocUnsafe) as typeof Buffer.allocUnsafe;
  Buffer.allocUnsafeSlow = counted(original.allocUnsafeSlow) as typeof Buffer.allocUnsafeSlow;
  try {
    return { value: codec.decode(buf, pad.length, pad.length + body.length) };
  } catch (error) {
    if (error instanceof MidstreamError && error.code === 'protocol_violation') return { error: error.message };
    throw error;
  } finally {
    Object.assign(Buffer, original);
  }
}

/** All four questions for one body. True when it decoded. Throws AssertionError, or whatever the decoder threw. */
export function check(codec: Codec<unknown>, headerBytes: number, body: Buffer): boolean {
  const [first, ...others] = pads.map((pad) => outcome(codec, body, pad));
  for (const other of others) assert.deepEqual(other, first, 'the outcome depends on bytes outside of the message');
  if (first === undefined || !('value' in first)) return false;
  const again = codec.encode(first.value);
  assert.equal(again.subarray(headerBytes).toString('hex'), body.toString('hex'), 'decoded and encoded is not what it was');
  return true;
}

export interface FuzzReport {
  decoded: number;
  refused: number;
}

/**
 * Fuzzes one decoder: first the corpus as it is, then mutations of it.
 * A failure names seed and body, so that the body can be added to the corpus.
 */
export function fuzz(
  name: string,
  codec: Codec<unknown>,
  headerBytes: number,
  corpus: readonly Buffer[],
  runs: number,
  seed = SEED,
): FuzzReport {
  const random = new Random(seed);
  const report = { decoded: 0, refused: 0 };
  for (let run = 0; run < corpus.length + runs; run++) {
    const body = corpus[run] ?? mutate(corpus, random);
    try {
      if (check(codec, headerBytes, body)) report.decoded += 1;
      else report.refused += 1;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${name}: ${why}\n  MIDSTREAM_SEED=${seed} run ${run} body ${body.toString('hex')}`, { cause: error });
    }
  }
  return report;
}
