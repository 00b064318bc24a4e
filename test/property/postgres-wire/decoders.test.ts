import assert from 'node:assert/strict';
import * as wire from '../../../filters/postgres/wire/index.js';
import { count } from '../../support/long.js';
import { SAID } from '../../support/seed.js';
import { corpus } from './corpus.js';
import { fuzz } from './fuzz.js';

const RUNS = count(2000, 200_000);

type AnyCodec = wire.Codec<unknown>;

describe('every decoder survives mutated messages', () => {
  for (const [side, codecs] of [
    ['frontend', wire.frontendCodecs],
    ['backend', wire.backendCodecs],
  ] as const)
    for (const [name, codec] of Object.entries(codecs))
      it(`${side} ${name}`, () => {
        const headerBytes = name === 'StartupPacket' ? 4 : 5;
        const report = fuzz(`${side} ${name}`, codec as AnyCodec, headerBytes, corpus(side, name), RUNS);
        // A corpus that never decodes, or mutations that never do, would make the questions empty.
        assert.ok(report.decoded > 0, `nothing decoded, ${SAID}`);
        const takesAnything = ['CopyData', 'PasswordMessage'].includes(name);
        assert.ok(takesAnything || report.refused > 0, `nothing refused, ${SAID}`);
      });

  it('the members of the password family', () => {
    const sasl = [
      wire.encodeSASLInitialResponse({ mechanism: 'SCRAM-SHA-256', data: Buffer.from('n,,n=,r=x') }),
      wire.encodeSASLInitialResponse({ mechanism: 'X', data: null }),
    ].map((raw) => raw.subarray(5));
    const initial = { decode: wire.decodeSASLInitialResponse, encode: wire.encodeSASLInitialResponse } as AnyCodec;
    assert.ok(fuzz('SASLInitialResponse', initial, 5, sasl, RUNS).decoded > 0);
    const password = { decode: wire.decodePasswordMessage, encode: wire.encodePasswordMessage } as AnyCodec;
    assert.ok(fuzz('PasswordMessage', password, 5, [Buffer.from('secret\0')], RUNS).decoded > 0);
  });

  it('the hot reader of DataRow agrees with the decoder on every mutation', () => {
    const cells = new wire.RowCells();
    const hot: AnyCodec = {
      decode: (buf, body, end) => {
        wire.readCells(buf, body, end, cells);
        const values = Array.from({ length: cells.count }, (_, i) =>
          cells.ends[i] === -1 ? null : buf.subarray(cells.starts[i], cells.ends[i]),
        );
        return { values, same: wire.decodeDataRow(buf, body, end) };
      },
      encode: (value) => {
        const { values, same } = value as wire.DataRow & { same: wire.DataRow };
        assert.deepEqual(values, same.values);
        return wire.encodeDataRow({ values });
      },
    };
    const report = fuzz('readCells', hot, 5, corpus('backend', 'DataRow'), RUNS);
    assert.ok(report.decoded > 0 && report.refused > 0);
  });
});

/** A decoder of Close with one mistake each; the fuzzer is worth something only if it finds all of them. */
const canaries: [string, wire.Codec<unknown>['decode'], RegExp][] = [
  [
    'looks for a terminator beyond the message',
    (buf, body) => ({ target: buf[body] === 0x53 ? 'statement' : 'portal', name: buf.toString('latin1', body + 1, buf.indexOf(0, body)) }),
    /depends on bytes outside|decoded and encoded is not what it was/,
  ],
  [
    'ignores bytes behind the last field',
    (buf, body, end) => {
      const stop = buf.indexOf(0, body + 1);
      if (stop < 0 || stop >= end) return wire.decodeClose(buf, body, end);
      return wire.decodeClose(buf, body, stop + 1);
    },
    /decoded and encoded is not what it was/,
  ],
  [
    'takes any target for a portal',
    (buf, body, end) => {
      const copy = Buffer.from(buf);
      if (copy[body] !== 0x53 && end > body) copy[body] = 0x50;
      return wire.decodeClose(copy, body, end);
    },
    /decoded and encoded is not what it was/,
  ],
  [
    'reads its first byte from before the message',
    (buf, body, end) => ({ ...wire.decodeClose(buf, body, end), seen: buf[body - 1] }),
    /depends on bytes outside/,
  ],
  [
    'throws an error of its own',
    (buf, body, end) => {
      if (end === body) throw new RangeError('offset out of range');
      return wire.decodeClose(buf, body, end);
    },
    /offset out of range/,
  ],
  [
    'loses bytes that are not UTF-8',
    (buf, body, end) => {
      const { target, name } = wire.decodeClose(buf, body, end);
      return { target, name: wire.wireName(wire.displayName(name)) };
    },
    /decoded and encoded is not what it was/,
  ],
];

describe('the fuzzer finds a decoder that', () => {
  for (const [mistake, decode, words] of canaries)
    it(mistake, () => {
      const broken: AnyCodec = { decode, encode: (value) => wire.encodeClose(value as wire.Target) };
      assert.throws(
        () => fuzz('canary', broken, 5, corpus('frontend', 'Close'), RUNS * 5),
        (error: unknown) => {
          assert.ok(error instanceof Error && words.test(error.message));
          assert.match(error.message, /MIDSTREAM_SEED=\d+ run \d+ body [0-9a-f]*$/);
          return true;
        },
      );
    });

  it('allocates what a length claims', () => {
    const greedy: AnyCodec = {
      decode: (buf, body, end) => {
        if (end - body >= 4) {
          const length = buf.readInt32BE(body);
          if (length > 0) Buffer.allocUnsafe(length);
        }
        return wire.decodeFunctionCallResponse(buf, body, end);
      },
      encode: (value) => wire.encodeFunctionCallResponse(value as wire.FunctionCallResponse),
    };
    assert.throws(() => fuzz('canary', greedy, 5, corpus('backend', 'FunctionCallResponse'), RUNS), /allocated \d+ bytes/);
  });
});
