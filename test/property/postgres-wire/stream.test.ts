import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MidstreamError } from '../../../filters/errors.js';
import * as wire from '../../../filters/postgres/wire/index.js';
import { runs } from '../../support/seed.js';
import { backendMessage, frontendMessage, startupPacket } from './arbitraries.js';

const options = runs(500, 20_000);
const LIMITS = { message_bytes_max: 1 << 20, stream_bytes_max: 1 << 30 };

/** Cuts bytes into chunks; `cuts` are any numbers. Some chunks may be empty. */
function chop(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [0, ...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => Buffer.from(bytes.subarray(at[i], end)));
}

interface Run {
  /** whole messages, with the pieces of streamed ones joined */
  messages: { type: number; bytes: string }[];
  pieces: string[];
  error: string;
  buffered: number;
}

function run(
  side: wire.Side,
  chunks: Buffer[],
  settings: { limits?: wire.FrameLimits; startup?: boolean; stream?: boolean; late?: boolean } = {},
): Run {
  const reader = new wire.FrameReader(side, settings.limits ?? LIMITS, {
    startup: settings.startup === true,
    stream: () => settings.stream === true,
  });
  const result: Run = { messages: [], pieces: [], error: '', buffered: 0 };
  const drain = () => {
    for (let f = reader.next(); f !== undefined; f = reader.next()) {
      const bytes = f.buf.toString('hex', f.start, f.end);
      result.pieces.push(f.piece);
      const last = result.messages.at(-1);
      if (f.piece === 'whole' || f.piece === 'first') result.messages.push({ type: f.type, bytes });
      else if (last !== undefined) last.bytes += bytes;
      if (f.type === 0 && f.buf.readUInt16BE(f.body) === 3) reader.startupDone();
    }
  };
  try {
    for (const chunk of chunks) {
      reader.push(chunk);
      if (settings.late !== true) drain();
    }
    drain();
    result.buffered = reader.buffered;
  } catch (error) {
    assert.ok(error instanceof MidstreamError && ['protocol_violation', 'limit_exceeded'].includes(error.code), String(error));
    result.error = error.message;
  }
  return result;
}

const cuts = fc.array(fc.nat(5000), { maxLength: 12 });

function roundTrip<M extends { name: string }>(
  side: wire.Side,
  message: fc.Arbitrary<M>,
  encode: (m: M) => Buffer,
  decode: (f: wire.Frame) => unknown,
): void {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 6 }), cuts, (messages, at) => {
      const reader = new wire.FrameReader(side, LIMITS, { startup: messages[0]?.name === 'StartupPacket' });
      const seen: unknown[] = [];
      for (const chunk of chop(Buffer.concat(messages.map(encode)), at)) {
        reader.push(chunk);
        for (let f = reader.next(); f !== undefined; f = reader.next()) seen.push(decode(f));
      }
      assert.deepEqual(seen, messages);
      assert.ok(reader.atBoundary);
    }),
    options,
  );
}

describe('a stream of messages, cut anywhere', () => {
  it('frontend: what is encoded is what is decoded, messages inside of values included', () =>
    roundTrip('frontend', frontendMessage, wire.encodeFrontend, wire.decodeFrontend));

  it('backend: what is encoded is what is decoded', () => roundTrip('backend', backendMessage, wire.encodeBackend, wire.decodeBackend));

  it('startup packets: what is encoded is what is decoded', () =>
    roundTrip('frontend', startupPacket, wire.encodeFrontend, wire.decodeFrontend));

  it('startup, then typed messages, as one connection', () => {
    fc.assert(
      fc.property(fc.array(frontendMessage, { maxLength: 4 }), cuts, (messages, at) => {
        const ssl: wire.FrontendMessage = { name: 'StartupPacket', value: { kind: 'ssl' } };
        const hello: wire.FrontendMessage = {
          name: 'StartupPacket',
          value: { kind: 'startup', version: wire.startupCode.Protocol32, parameters: [] },
        };
        const bytes = Buffer.concat([ssl, hello, ...messages].map(wire.encodeFrontend));
        const cut = run('frontend', chop(bytes, at), { startup: true });
        assert.equal(cut.error, '');
        assert.equal(cut.messages.map((m) => m.bytes).join(''), bytes.toString('hex'));
        assert.equal(cut.messages.length, messages.length + 2);
      }),
      options,
    );
  });

  it('mutated bytes give the same messages and the same refusal, however they are cut', () => {
    const mutation = fc.record({ at: fc.nat(3000), byte: fc.nat(255) });
    const limits = { message_bytes_max: 600, stream_bytes_max: 1200 };
    fc.assert(
      fc.property(
        fc.array(backendMessage, { minLength: 1, maxLength: 6 }),
        fc.array(mutation, { maxLength: 4 }),
        cuts,
        fc.boolean(),
        (messages, mutations, at, late) => {
          const bytes = Buffer.concat(messages.map(wire.encodeBackend));
          for (const { at: place, byte } of mutations) bytes[place % bytes.length] = byte;
          const expected = run('backend', [Buffer.from(bytes)], { limits });
          const cut = run('backend', chop(bytes, at), { limits, late });
          assert.deepEqual(cut, expected);
          // Nothing is lost or made up: frames and what waits are the bytes that came.
          const framed = expected.messages.reduce((sum, m) => sum + m.bytes.length / 2, 0);
          if (expected.error === '') assert.equal(framed + expected.buffered, bytes.length);
        },
      ),
      options,
    );
  });

  it('streamed pieces join to the messages that were sent', () => {
    const limits = { message_bytes_max: 100, stream_bytes_max: 1 << 20 };
    fc.assert(
      fc.property(fc.array(backendMessage, { minLength: 1, maxLength: 6 }), cuts, fc.boolean(), (messages, at, late) => {
        const encoded = messages.map(wire.encodeBackend);
        const cut = run('backend', chop(Buffer.concat(encoded), at), { limits, stream: true, late });
        assert.equal(cut.error, '');
        assert.deepEqual(
          cut.messages.map((m) => m.bytes),
          encoded.map((e) => e.toString('hex')),
        );
        assert.match(cut.pieces.map((p) => p[0]).join(''), /^(?:w|fm*l)*$/);
      }),
      options,
    );
  });

  it('garbage ends in messages, a wait or a refusal, the same however it is cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        cuts,
        fc.constantFrom<wire.Side>('frontend', 'backend'),
        fc.boolean(),
        (garbage, at, side, startup) => {
          const bytes = Buffer.from(garbage);
          const settings = { startup: startup && side === 'frontend' };
          assert.deepEqual(run(side, chop(bytes, at), settings), run(side, [Buffer.from(bytes)], settings));
        },
      ),
      options,
    );
  });
});
