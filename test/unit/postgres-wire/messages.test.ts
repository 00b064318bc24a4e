import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import * as wire from '../../../filters/postgres/wire/index.js';
import { backendLiterals, bytes, frontendLiterals, refusal } from './literals.js';

type AnyCodec = wire.Codec<unknown>;

const limits = { message_bytes_max: 1 << 20, stream_bytes_max: 1 << 30 };

/** Reads one message that lies between other bytes, cut into chunks of `step` bytes. */
function readOne(side: wire.Side, raw: Buffer, startup: boolean, step: number): unknown {
  const reader = new wire.FrameReader(side, limits, { startup });
  for (let at = 0; at < raw.length; at += step) reader.push(raw.subarray(at, at + step));
  const frame = reader.next();
  assert.ok(frame);
  const message = side === 'frontend' ? wire.decodeFrontend(frame) : wire.decodeBackend(frame);
  assert.ok(reader.atBoundary);
  return message;
}

function violates(run: () => unknown, words: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof MidstreamError, String(error));
    assert.equal(error.code, 'protocol_violation');
    assert.match(error.message, words);
    return true;
  });
}

/** Decodes a body given in the notation of literals.ts, with a poisoned byte before and behind it. */
function decode(side: wire.Side, name: string, notation: string): unknown {
  const codecs: Record<string, AnyCodec> = side === 'frontend' ? (wire.frontendCodecs as never) : (wire.backendCodecs as never);
  const body = bytes(notation);
  const padded = Buffer.concat([Buffer.from([0xaa]), body, Buffer.alloc(64, 0)]);
  return (codecs[name] as AnyCodec).decode(padded, 1, 1 + body.length);
}

describe('messages from the frontend', () => {
  for (const { note, bytes: raw, message } of frontendLiterals) {
    it(`${note}: decodes, encodes and survives every chunk size`, () => {
      const startup = message.name === 'StartupPacket';
      for (let step = 1; step <= raw.length; step++) assert.deepEqual(readOne('frontend', raw, startup, step), message);
      assert.equal(wire.encodeFrontend(message).toString('hex'), raw.toString('hex'));
    });
  }

  it('has a literal for every message', () => {
    assert.deepEqual(new Set(frontendLiterals.map((l) => l.message.name)), new Set(Object.keys(wire.frontendCodecs)));
    assert.deepEqual(Object.keys(wire.frontendCodecs).sort(), ['StartupPacket', ...Object.keys(wire.frontend)].sort());
  });
});

describe('messages from the backend', () => {
  for (const { note, bytes: raw, message } of backendLiterals) {
    it(`${note}: decodes, encodes and survives every chunk size`, () => {
      for (let step = 1; step <= raw.length; step++) assert.deepEqual(readOne('backend', raw, false, step), message);
      assert.equal(wire.encodeBackend(message).toString('hex'), raw.toString('hex'));
    });
  }

  it('has a literal for every message, and for every authentication request', () => {
    assert.deepEqual(new Set(backendLiterals.map((l) => l.message.name)), new Set(Object.keys(wire.backendCodecs)));
    assert.deepEqual(Object.keys(wire.backendCodecs).sort(), Object.keys(wire.backend).sort());
    const kinds = backendLiterals.flatMap((l) => (l.message.name === 'Authentication' ? [l.message.value.kind] : []));
    assert.deepEqual(new Set(kinds), new Set(Object.keys(wire.authentication)));
  });
});

describe('the password family', () => {
  it('is read as the Authentication request before it asks', () => {
    const password = bytes("'secret' 00");
    assert.deepEqual(wire.decodePasswordMessage(password, 0, password.length), { password: bytes("'secret'") });
    const first = bytes("'SCRAM-SHA-256' 00 00000003 'n,,'");
    assert.deepEqual(wire.decodeSASLInitialResponse(first, 0, first.length), { mechanism: 'SCRAM-SHA-256', data: bytes("'n,,'") });
    assert.deepEqual(wire.encodeSASLInitialResponse({ mechanism: 'SCRAM-SHA-256', data: bytes("'n,,'") }).subarray(5), first);
    const none = bytes("'X' 00 ffffffff");
    assert.deepEqual(wire.decodeSASLInitialResponse(none, 0, none.length), { mechanism: 'X', data: null });
    assert.deepEqual(wire.encodeSASLInitialResponse({ mechanism: 'X', data: null }).subarray(5), none);
    assert.deepEqual(wire.decodeSASLResponse(password, 0, 3), { data: bytes("'sec'") });
    assert.equal(wire.encodeGSSResponse({ data: bytes('01') }).toString('hex'), '700000000501');
    assert.equal(wire.encodePasswordMessage({ password: bytes("'a'") }).toString('hex'), '70000000066100');
  });

  it('refuses what a server would refuse', () => {
    for (const notation of ["'secret'", "'sec' 00 'ret' 00", '']) {
      const body = bytes(notation);
      violates(() => wire.decodePasswordMessage(body, 0, body.length), /^PasswordMessage: /);
    }
    for (const notation of ["'X' 00 fffffffe", "'X' 00 00000002 'a'", "'X' 00 00000001 'ab'", "'X'"]) {
      const body = bytes(notation);
      violates(() => wire.decodeSASLInitialResponse(body, 0, body.length), /^SASLInitialResponse: /);
    }
  });
});

const refused: [wire.Side, string, string, RegExp][] = [
  ['frontend', 'StartupPacket', '0003', /code: expected 4 bytes, actual 2 left/],
  ['frontend', 'StartupPacket', "00030000 'user' 00 'bob' 00", /StartupMessage: terminator/],
  ['frontend', 'StartupPacket', "00030000 'user' 00 'bob'", /StartupMessage: parameter value: expected a terminator/],
  ['frontend', 'StartupPacket', "00030000 'user' 00", /StartupMessage: parameter value/],
  ['frontend', 'StartupPacket', "00030000 'user' 00 'bob' 00 00 00", /StartupMessage: trailing bytes: expected 0, actual 1/],
  ['frontend', 'StartupPacket', "00030000 00 'user' 00 'bob' 00 00", /StartupMessage: trailing bytes/],
  ['frontend', 'StartupPacket', '04d2162f 00', /SSLRequest: trailing bytes/],
  ['frontend', 'StartupPacket', "04d21630 'Q'", /GSSENCRequest: trailing bytes/],
  ['frontend', 'StartupPacket', '04d2162e 00000001 aabbcc', /CancelRequest: key: expected 4 to 256 bytes, actual 3/],
  ['frontend', 'StartupPacket', `04d2162e 00000001 ${'aa'.repeat(257)}`, /CancelRequest: key: expected 4 to 256 bytes, actual 257/],
  ['frontend', 'Query', "'select 1'", /Query: text: expected a terminator within the message, actual none in 8 bytes/],
  ['frontend', 'Query', `${'61'.repeat(100)}`, /Query: text: expected a terminator within the message, actual none in 100 bytes/],
  ['frontend', 'Query', "'select 1' 00 '; drop table t' 00", /Query: trailing bytes: expected 0, actual 15/],
  ['frontend', 'Query', '', /Query: text/],
  ['frontend', 'Parse', "'s' 00 'q' 00 0002 00000017", /Parse: parameter_types count: expected 0 to 1, actual 2/],
  ['frontend', 'Parse', "'s' 00 'q' 00 ffff", /Parse: parameter_types count: expected 0 to 0, actual 65535/],
  ['frontend', 'Parse', "'s' 00 'q' 00 0000 00", /Parse: trailing bytes/],
  ['frontend', 'Bind', '00 00 0000 0001 fffffffe 0000', /Bind: values length: expected at least -1, actual -2/],
  ['frontend', 'Bind', '00 00 0000 0001 80000000 0000', /Bind: values length: expected at least -1, actual -2147483648/],
  ['frontend', 'Bind', '00 00 0000 0001 7fffffff 0000', /Bind: values: expected 2147483647 bytes, actual 2 left/],
  ['frontend', 'Bind', '00 00 0000 ffff', /Bind: values count: expected 0 to 0, actual 65535/],
  ['frontend', 'Bind', '00 00 0001', /Bind: formats count/],
  ['frontend', 'Bind', '00 00 0000 0000 0000 00', /Bind: trailing bytes/],
  ['frontend', 'Describe', "'X' 's' 00", /Describe: target: expected 83 or 80, actual 88/],
  ['frontend', 'Close', "'S' 's'", /Close: name/],
  ['frontend', 'Execute', '00 0000', /Execute: rows_max: expected 4 bytes, actual 2 left/],
  ['frontend', 'FunctionCall', '00000001 0000 0002 ffffffff', /FunctionCall: arguments count: expected 0 to 1, actual 2/],
  ['frontend', 'Sync', '00', /Sync: trailing bytes: expected 0, actual 1/],
  ['frontend', 'CopyFail', "'why'", /CopyFail: reason/],
  ['backend', 'Authentication', '00000063', /Authentication: kind: expected a known authentication request, actual 99/],
  ['backend', 'Authentication', '00000000 00', /AuthenticationOk: trailing bytes/],
  ['backend', 'Authentication', '00000005 0102', /AuthenticationMD5Password: salt: expected 4 bytes, actual 2 left/],
  ['backend', 'Authentication', "0000000a 'X' 00", /AuthenticationSASL: terminator/],
  ['backend', 'BackendKeyData', '00000001 aabbcc', /BackendKeyData: key: expected 4 to 256 bytes, actual 3/],
  [
    'backend',
    'NegotiateProtocolVersion',
    '00030000 7fffffff',
    /NegotiateProtocolVersion: unrecognized count: expected 0 to 0, actual 2147483647/,
  ],
  ['backend', 'NegotiateProtocolVersion', '00030000 ffffffff', /NegotiateProtocolVersion: unrecognized count: expected 0 to 0, actual -1/],
  [
    'backend',
    'RowDescription',
    "0002 'a' 00 00000000 0000 00000017 0004 ffffffff 0000",
    /RowDescription: columns count: expected 0 to 1, actual 2/,
  ],
  ['backend', 'DataRow', 'ffff', /DataRow: values count: expected 0 to 0, actual 65535/],
  ['backend', 'DataRow', '0001 00000002 61', /DataRow: values: expected 2 bytes, actual 1 left/],
  ['backend', 'DataRow', '0001 00000001 61 62', /DataRow: trailing bytes: expected 0, actual 1/],
  ['backend', 'ErrorResponse', "'SERROR' 00", /ErrorResponse: field code/],
  ['backend', 'ErrorResponse', "'SERROR'", /ErrorResponse: field value/],
  ['backend', 'NoticeResponse', "'SERROR' 00 00 'M' 00", /NoticeResponse: trailing bytes/],
  ['backend', 'NotificationResponse', "00000001 'ch' 00 'pay'", /NotificationResponse: payload/],
  ['backend', 'ReadyForQuery', "'X'", /ReadyForQuery: status: expected I, T or E, actual 88/],
  ['backend', 'CopyOutResponse', '02 0000', /CopyOutResponse: format: expected 0 or 1, actual 2/],
  ['backend', 'CopyInResponse', '00 0001 0005', /CopyInResponse: column_formats: expected 0 or 1, actual 5/],
  ['backend', 'ParameterDescription', '0001 0000', /ParameterDescription: parameter_types count: expected 0 to 0, actual 1/],
  ['backend', 'FunctionCallResponse', '7fffffff', /FunctionCallResponse: value: expected 2147483647 bytes, actual 0 left/],
];

describe('bodies that lie', () => {
  for (const [side, name, notation, words] of refused)
    it(`${side} ${name} ${notation.length > 60 ? `${notation.slice(0, 60)}…` : notation} is refused: ${words.source}`, () => {
      violates(() => decode(side, name, notation), words);
    });

  it('allocates nothing for counts and lengths that the message can not hold', () => {
    const before = process.memoryUsage();
    for (let i = 0; i < 200; i++) for (const [side, name, notation] of refused) assert.throws(() => decode(side, name, notation));
    const after = process.memoryUsage();
    assert.ok(after.arrayBuffers - before.arrayBuffers < 32 << 20);
  });

  it('reads a message inside a value as a value (length-overflow smuggling)', () => {
    const inner = wire.encodeQuery({ text: Buffer.from('drop table t') });
    const outer = wire.encodeBind({ portal: '', statement: '', formats: [], values: [inner], result_formats: [] });
    const reader = new wire.FrameReader('frontend', limits);
    reader.push(Buffer.concat([outer, wire.encodeSync()]));
    const first = reader.next();
    assert.ok(first);
    const message = wire.decodeFrontend(first);
    assert.ok(message.name === 'Bind' && message.value.values[0]?.equals(inner));
    assert.equal(reader.next()?.type, wire.frontend.Sync);
    assert.equal(reader.next(), undefined);
  });

  it('never puts payload into its error text', () => {
    const secret = '4111111111111111';
    for (const [name, notation] of [
      ['Query', `'${secret}'`],
      ['Parse', `'${secret}' 00 '${secret}'`],
      ['CopyFail', `'${secret}'`],
      ['Bind', `'${secret}' 00 00 0000 0001 000000ff '${secret}'`],
    ] as const) {
      assert.throws(
        () => decode('frontend', name, notation),
        (error: unknown) => error instanceof MidstreamError && !`${error.message}${error.hint}`.includes(secret),
      );
    }
  });
});

describe('encoders', () => {
  const unfit = (run: () => unknown) =>
    assert.throws(run, (error: unknown) => error instanceof MidstreamError && error.code === 'bad_input');

  it('refuse values that would change the message: zero bytes, names beyond latin1, too many elements', () => {
    unfit(() => wire.encodeQuery({ text: Buffer.from('select 1\0; drop table t') }));
    unfit(() => wire.encodeClose({ target: 'portal', name: 'a\0b' }));
    unfit(() => wire.encodeClose({ target: 'portal', name: 'ł' }));
    unfit(() => wire.encodeParse({ statement: '', text: Buffer.from(''), parameter_types: new Array(65536).fill(0) }));
    unfit(() => wire.encodeParameterStatus({ name: 'x', value: Buffer.from([0]) }));
  });

  it('take 65,535 parameters, as the server does', () => {
    const values = new Array<Buffer | null>(65535).fill(null);
    const raw = wire.encodeBind({ portal: '', statement: '', formats: [], values, result_formats: [] });
    assert.equal(wire.decodeBind(raw, 5, raw.length).values.length, 65535);
  });

  it('build errors with the fields in the order of the server, the plain severity added', () => {
    assert.equal(refusal.toString('latin1'), 'E\0\0\0\x21SERROR\0VERROR\0C42501\0Mno\0Hx\0\0');
    const notice = wire.buildNoticeResponse({ severity: 'NOTICE', code: '00000', message: 'a\0b', detail: undefined as never });
    assert.equal(notice.toString('utf8', 5), 'SNOTICE\0VNOTICE\0C00000\0Ma\ufffdb\0\0');
  });
});

describe('helpers', () => {
  it('readQueryText gives the bytes of the SQL without a copy', () => {
    const chunk = Buffer.concat([
      wire.encodeQuery({ text: Buffer.from('select 1') }),
      wire.encodeParse({ statement: 's', text: Buffer.from('select 2'), parameter_types: [23] }),
      wire.encodeSync(),
    ]);
    const reader = new wire.FrameReader('frontend', limits);
    reader.push(chunk);
    for (const expected of ['select 1', 'select 2']) {
      const frame = reader.next();
      assert.ok(frame);
      const text = wire.readQueryText(frame);
      assert.equal(text.toString(), expected);
      assert.equal(text.buffer, chunk.buffer);
    }
    const sync = reader.next();
    assert.ok(sync);
    violates(() => wire.readQueryText(sync), /whole Query or Parse/);
  });

  it('readCells finds the same cells as decodeDataRow, without new arrays for a row that fits', () => {
    const cells = new wire.RowCells();
    for (const values of [[Buffer.from('a'), null, Buffer.from('')], [], new Array<Buffer>(1600).fill(Buffer.from('xy'))]) {
      const raw = wire.encodeDataRow({ values });
      assert.equal(wire.readCells(raw, 5, raw.length, cells), values.length);
      const found = Array.from({ length: cells.count }, (_, i) =>
        cells.ends[i] === -1 ? null : raw.subarray(cells.starts[i], cells.ends[i]),
      );
      assert.deepEqual(found, values);
    }
    const { starts } = cells;
    wire.readCells(Buffer.from([0, 0]), 0, 2, cells);
    assert.equal(cells.starts, starts);
    assert.equal(cells.count, 0);
    for (const [side, name, notation, words] of refused) {
      if (side !== 'backend' || name !== 'DataRow') continue;
      const body = bytes(notation);
      violates(() => wire.readCells(Buffer.concat([body, Buffer.alloc(16)]), 0, body.length, cells), words);
    }
  });

  it('formatOf follows the rule of Bind: none is text, one is for all', () => {
    assert.equal(wire.formatOf([], 3), 0);
    assert.equal(wire.formatOf([1], 3), 1);
    assert.equal(wire.formatOf([0, 1], 1), 1);
  });

  it('names survive whatever their bytes are, and are shown as UTF-8', () => {
    const all = Buffer.from(Array.from({ length: 255 }, (_, i) => i + 1));
    const raw = wire.encodeClose({ target: 'statement', name: all.toString('latin1') });
    assert.deepEqual(wire.decodeClose(raw, 5, raw.length).name, all.toString('latin1'));
    assert.deepEqual(raw.subarray(6, -1), all);
    assert.equal(wire.displayName(wire.wireName('zażółć')), 'zażółć');
  });

  it('affectedRows reads the count at a tag’s end', () => {
    const rows = ['SELECT 5', 'INSERT 0 7', 'COPY 100', 'CREATE TABLE', 'BEGIN', '', `SELECT ${'9'.repeat(80)}`].map(wire.affectedRows);
    assert.deepEqual(rows, [5, 7, 100, -1, -1, -1, -1]);
  });

  it('startupParameter gives the last value, as the server takes it', () => {
    const parameters = [
      { name: 'user', value: Buffer.from('a') },
      { name: 'user', value: Buffer.from('b') },
    ];
    const message: wire.StartupMessage = { kind: 'startup', version: wire.startupCode.Protocol30, parameters };
    assert.equal(wire.startupParameter(message, 'user')?.toString(), 'b');
    assert.equal(wire.startupParameter(message, 'database'), undefined);
  });
});
