import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MidstreamError } from '../../../filters/errors.js';
import { formatIp6, parseIp4, parseIp6 } from '../../../filters/proxy-protocol/address.js';
import * as pp from '../../../filters/proxy-protocol/index.js';
import { runs } from '../../support/seed.js';

const SIG = '0d0a0d0a000d0a515549540a';
const TCP4 = 'c0a80001 0a000002 d431 1538';
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const text = (value: string) => Buffer.from(value).toString('hex');

/** A header of any content: the length word is counted here. */
function header(commandAndFamily: string, rest: string): Buffer {
  const body = hex(rest);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length);
  return Buffer.concat([hex(SIG), hex(commandAndFamily), length, body]);
}

function read(bytes: Buffer, step = bytes.length, options = {}): pp.ProxyPreface | undefined {
  const reader = new pp.ProxyHeaderReader(options);
  for (let at = 0; at < bytes.length; at += step) {
    const preface = reader.push(bytes.subarray(at, at + step));
    if (preface !== undefined) return { header: preface.header, rest: Buffer.concat([preface.rest, bytes.subarray(at + step)]) };
  }
  return undefined;
}

function refused(run: () => unknown, words: RegExp, code = 'protocol_violation'): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof MidstreamError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  });
}

const tcp4 = {
  command: 'proxy',
  family: 'tcp4',
  source: { address: '192.168.0.1', port: 54321 },
  destination: { address: '10.0.0.2', port: 5432 },
} as const;

const spiffe = 'spiffe://mesh.example/ns/agents/sa/shopper';

const literals: { note: string; bytes: Buffer; header: pp.ProxyHeader; encodes: boolean }[] = [
  { note: 'LOCAL', bytes: header('2000', ''), header: { command: 'local' }, encodes: true },
  { note: 'LOCAL with addresses and junk to skip', bytes: header('2011', `${TCP4} ffff`), header: { command: 'local' }, encodes: false },
  { note: 'UNSPEC', bytes: header('2100', ''), header: { command: 'proxy', family: 'unspec' }, encodes: true },
  { note: 'UNSPEC with bytes to skip', bytes: header('2100', 'ffffff'), header: { command: 'proxy', family: 'unspec' }, encodes: false },
  { note: 'TCP over IPv4', bytes: header('2111', TCP4), header: { ...tcp4, tlvs: [] }, encodes: true },
  {
    note: 'TCP over IPv6',
    bytes: header('2121', '20010db8000000000000000000000001 00000000000000000000000000000001 0001 ffff'),
    header: {
      command: 'proxy',
      family: 'tcp6',
      source: { address: '2001:db8::1', port: 1 },
      destination: { address: '::1', port: 65535 },
      tlvs: [],
    },
    encodes: true,
  },
  {
    note: 'a Unix stream, one path abstract',
    bytes: header('2131', text('/run/a.sock').padEnd(216, '0') + `00${text('abstract')}`.padEnd(216, '0')),
    header: {
      command: 'proxy',
      family: 'unix',
      source: { path: Buffer.from('/run/a.sock') },
      destination: { path: Buffer.from('\0abstract') },
      tlvs: [],
    },
    encodes: true,
  },
  {
    note: 'TLVs: ALPN, AUTHORITY, NOOP, UNIQUE_ID, NETNS, an application’s own, an empty one',
    bytes: header('2111', `${TCP4} 010002 6832 020003 612e62 040001 00 050002 abcd 300002 6e73 e0002a ${text(spiffe)} ef0000`),
    header: {
      ...tcp4,
      tlvs: [
        { type: pp.tlvType.ALPN, value: Buffer.from('h2') },
        { type: pp.tlvType.AUTHORITY, value: Buffer.from('a.b') },
        { type: pp.tlvType.NOOP, value: Buffer.from([0]) },
        { type: pp.tlvType.UNIQUE_ID, value: hex('abcd') },
        { type: pp.tlvType.NETNS, value: Buffer.from('ns') },
        { type: pp.tlvType.CUSTOM_MIN, value: Buffer.from(spiffe) },
        { type: pp.tlvType.CUSTOM_MAX, value: Buffer.alloc(0) },
      ],
    },
    encodes: true,
  },
];

describe('PROXY protocol v2', () => {
  for (const { note, bytes, header: expected, encodes } of literals)
    it(`${note}: decodes in chunks of every size, and leaves what follows`, () => {
      const rest = Buffer.from('\0\0\0\x08\x04\xd2\x16\x2f', 'latin1');
      const both = Buffer.concat([bytes, rest]);
      for (let step = 1; step <= both.length; step++) assert.deepEqual(read(both, step), { header: expected, rest }, `step ${step}`);
      if (encodes) assert.equal(pp.encodeProxyHeader(expected).toString('hex'), bytes.toString('hex'));
    });

  it('gives nothing for a header that is not whole, wherever it ends', () => {
    for (const { bytes } of literals) for (let cut = 0; cut < bytes.length; cut++) assert.equal(read(bytes.subarray(0, cut)), undefined);
  });

  it('refuses version 1 with a sentence that says what to change', () => {
    const v1 = Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n');
    for (const step of [1, 3, 40]) {
      refused(() => read(v1, step), /version 1 is not accepted/);
      assert.throws(
        () => read(v1, step),
        (error: unknown) => error instanceof MidstreamError && /version 2/.test(error.hint),
      );
    }
  });

  it('refuses what is no header from the first byte that differs', () => {
    refused(() => read(Buffer.from([0x16, 0x03, 0x01])), /does not begin with one/);
    refused(() => read(Buffer.from('GET / HTTP/1.1')), /does not begin with one/);
    refused(() => read(Buffer.from('PROX ')), /does not begin with one/);
    refused(() => read(Buffer.from('\r\n\r\n\0\r\nQUIX')), /does not begin with one/);
  });

  const wrong: [string, Buffer, RegExp][] = [
    ['version 3', header('3111', TCP4), /version: expected 2, actual 3/],
    ['an unknown command', header('2211', TCP4), /command: expected 0 or 1, actual 2/],
    ['UDP', header('2112', TCP4), /family: .* actual 18/],
    ['an unknown family', header('2141', TCP4), /family: .* actual 65/],
    ['too few address bytes', header('2111', 'c0a80001'), /address: expected 12 bytes, actual 4 left/],
    ['a TLV without its length', header('2111', `${TCP4} 0100`), /TLV head: expected 3 bytes, actual 2 left/],
    ['a TLV longer than the header', header('2111', `${TCP4} 010005 6832`), /TLV 0x01 length: expected 0 to 2, actual 5/],
    ['a unique id of 129 bytes', header('2111', `${TCP4} 050081 ${'aa'.repeat(129)}`), /UNIQUE_ID: expected at most 128 bytes, actual 129/],
    ['two unique ids', header('2111', `${TCP4} 050001 aa 050001 bb`), /TLV 0x05: expected at most one, actual 2/],
    ['a checksum of three bytes', header('2111', `${TCP4} 030003 000000`), /CRC32C: expected 4 bytes, actual 3/],
    ['a wrong checksum', header('2111', `${TCP4} 030004 00000000`), /CRC32C: expected the sum of the header/],
  ];
  for (const [note, bytes, words] of wrong)
    it(`refuses ${note}`, () => {
      for (const step of [1, 7, bytes.length]) refused(() => read(bytes, step), words);
    });

  it('refuses a claim above the bound from the first 16 bytes', () => {
    refused(() => read(hex(`${SIG} 2111 ffff`)), /at most 4096 bytes, it claims 65551/, 'limit_exceeded');
    refused(() => read(header('2111', TCP4), 28, { bytes_max: 27 }), /at most 27 bytes, it claims 28/, 'limit_exceeded');
    assert.ok(read(header('2111', TCP4), 28, { bytes_max: 28 }));
  });

  it('is over after the header or a refusal', () => {
    const reader = new pp.ProxyHeaderReader();
    assert.ok(reader.push(header('2000', '')));
    refused(() => reader.push(Buffer.from('x')), /read already/, 'internal');
    const failed = new pp.ProxyHeaderReader();
    assert.throws(() => failed.push(Buffer.from('x')));
    refused(() => failed.push(header('2000', '')), /refused/, 'internal');
  });

  it('checks the checksum over the whole header: any changed byte is found', () => {
    assert.equal(pp.crc32c(Buffer.from('123456789')), 0xe3069283);
    const value: pp.ProxyHeader = { ...tcp4, tlvs: [{ type: 0xe0, value: Buffer.from(spiffe) }] };
    const whole = pp.encodeProxyHeader(value, { checksum: true });
    const decoded = read(whole)?.header;
    assert.ok(decoded && 'tlvs' in decoded);
    assert.deepEqual(
      decoded.tlvs.map((t) => t.type),
      [0xe0, pp.tlvType.CRC32C],
    );
    assert.deepEqual(pp.encodeProxyHeader(decoded, { checksum: true }), whole);
    for (let at = 16; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] as number) ^ 1;
      assert.throws(() => {
        const other = read(changed)?.header;
        // A changed TLV head may hide the checksum itself; then the value it protected must be gone with it.
        assert.ok(other && 'tlvs' in other && other.tlvs.some((t) => t.type === pp.tlvType.CRC32C));
      }, `byte ${at}`);
    }
  });

  it('reads the TLS of the client out of its TLV', () => {
    const value = hex(`07 00000000 210007 ${text('TLSv1.3')} 220005 ${text('agent')}`);
    const ssl = pp.decodeSslTlv(value);
    assert.deepEqual([ssl.ssl, ssl.cert_connection, ssl.cert_session, ssl.verify], [true, true, true, 0]);
    assert.equal(pp.findTextTlv(ssl.tlvs, pp.tlvType.SSL_VERSION), 'TLSv1.3');
    assert.equal(pp.findTextTlv(ssl.tlvs, pp.tlvType.SSL_CN), 'agent');
    assert.equal(pp.findTextTlv(ssl.tlvs, pp.tlvType.SSL_CIPHER), undefined);
    assert.deepEqual(pp.encodeSslTlv(ssl).value, value);
    refused(() => pp.decodeSslTlv(hex('01000000')), /SSL TLV: expected at least 5 bytes, actual 4/);
    refused(() => pp.decodeSslTlv(hex('0100000000 2100ff')), /SSL sub-TLV 0x21 length/);
  });

  it('believes a TLV only when it stands there once and is UTF-8', () => {
    const one = { type: 0xe0, value: Buffer.from(spiffe) };
    assert.equal(pp.findTextTlv([one], 0xe0), spiffe);
    refused(() => pp.findTextTlv([one, { type: 0xe0, value: Buffer.from('spiffe://other') }], 0xe0), /at most one, actual 2/);
    refused(() => pp.findTextTlv([{ type: 0xe0, value: hex('ff') }], 0xe0), /expected UTF-8/);
    assert.deepEqual(pp.tlvsOf({ command: 'local' }), []);
  });

  it('encodes nothing that a header can’t say', () => {
    const bad = (value: pp.ProxyHeader) => refused(() => pp.encodeProxyHeader(value), /./, 'bad_input');
    bad({ ...tcp4, source: { address: '::1', port: 1 }, tlvs: [] });
    bad({ ...tcp4, source: { address: '1.2.3.04', port: 1 }, tlvs: [] });
    bad({ ...tcp4, source: { address: '1.2.3.4', port: 65536 }, tlvs: [] });
    bad({ ...tcp4, tlvs: [{ type: 1, value: Buffer.alloc(65536) }] });
    bad({ ...tcp4, tlvs: [{ type: 1, value: Buffer.alloc(65530) }] });
    bad({ command: 'proxy', family: 'unix', source: { path: Buffer.alloc(109, 'a') }, destination: { path: Buffer.alloc(0) }, tlvs: [] });
  });

  it('writes IPv6 as RFC 5952 does, and reads it in all its forms', () => {
    const same = ['::', '::1', '1::', '2001:db8::1', '1:0:0:2::3', '2001:db8:0:1:1:1:1:1', '::ffff:1.2.3.4', 'fe80::1:0:0:1'];
    for (const address of same) assert.equal(formatIp6(parseIp6(address)), address);
    assert.equal(formatIp6(parseIp6('2001:DB8:0:0:0:0:0:1')), '2001:db8::1');
    assert.equal(formatIp6(parseIp6('64:ff9b::1.2.3.4')), '64:ff9b::102:304');
    for (const address of [
      '',
      ':',
      ':::',
      '1::2::3',
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      '12345::',
      '1.2.3.4',
      '::1%eth0',
      '1.2.3.4::',
      '1:2:3:4:5:6:7:8::',
    ])
      assert.throws(() => parseIp6(address), MidstreamError, address);
    for (const address of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.x'])
      assert.throws(() => parseIp4(address), MidstreamError);
  });
});

describe('PROXY protocol v2, any input', () => {
  const ip4 = fc.ipV4();
  const ip6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatIp6);
  const endpoint = (address: fc.Arbitrary<string>) => fc.record({ address, port: fc.nat(65535) }, { noNullPrototype: true });
  const types = fc.integer({ min: 6, max: 255 });
  const plain = { noNullPrototype: true } as const;
  const value = fc.uint8Array({ maxLength: 300 }).map((v) => Buffer.from(v));
  const tlvs = fc.array(fc.record({ type: types, value }, plain), { maxLength: 6 });
  const ip = (family: 'tcp4' | 'tcp6', address: fc.Arbitrary<string>) =>
    fc
      .record({ source: endpoint(address), destination: endpoint(address), tlvs }, plain)
      .map((parts) => ({ command: 'proxy' as const, family, ...parts }));

  it('round-trips, cut anywhere, with and without a checksum', () => {
    const any = fc.oneof(ip('tcp4', ip4), ip('tcp6', ip6));
    fc.assert(
      fc.property(any, fc.boolean(), fc.nat(), (value, checksum, at) => {
        const bytes = pp.encodeProxyHeader(value, { checksum });
        const cut = at % bytes.length;
        const reader = new pp.ProxyHeaderReader();
        const preface = reader.push(bytes.subarray(0, cut)) ?? reader.push(bytes.subarray(cut));
        assert.ok(preface && 'tlvs' in preface.header);
        const added = checksum ? preface.header.tlvs.slice(-1) : [];
        assert.deepEqual(preface.header, { ...value, tlvs: [...value.tlvs, ...added] });
        assert.equal(preface.rest.length, 0);
      }),
      runs(100),
    );
  });

  it('ends in a header, in a wait, or in a refusal, for mutated headers too', () => {
    const mutation = fc.record({ at: fc.nat(300), byte: fc.nat(255) });
    fc.assert(
      fc.property(
        fc.nat(literals.length - 1),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        (i, mutations, step) => {
          const bytes = Buffer.from((literals[i] as (typeof literals)[number]).bytes);
          for (const { at, byte } of mutations) bytes[at % bytes.length] = byte;
          const outcome = (size: number) => {
            try {
              return JSON.stringify(read(bytes, size) ?? 'waits');
            } catch (error) {
              assert.ok(error instanceof MidstreamError && ['protocol_violation', 'limit_exceeded'].includes(error.code), String(error));
              return error.message;
            }
          };
          assert.equal(outcome(step), outcome(bytes.length));
        },
      ),
      runs(2000),
    );
  });
});
