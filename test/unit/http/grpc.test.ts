import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor.js';
import { readGrpcSchema } from '../../../extproc/config/grpc-schema.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { GrpcMasker } from '../../../filters/http/grpc/masker.js';
import { MessageMasker } from '../../../filters/http/grpc/message.js';
import { grpcForm } from '../../../filters/http/grpc/schema.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import { JoinedRules } from '../../../filters/mask/joined.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { Driver } from './support.js';

const file = join(packageRoot(), 'test/support/grpc/people.proto');
const EMAIL = 'jane.doe@example.com';
const CARD = '4111111111111111';
const detector = createDetector({ detect: ['all'] });
const masker = createMasker('redact');
const rules = new JoinedRules(detector, [{ detector, masker }]);
const policy = 'version: 1\nmasks:\n  - { name: all, detect: [all], as: redact }\n';

describe('gRPC messages', () => {
  const schema = readGrpcSchema([file]);
  const root = protobuf.loadSync(file);
  const Person = root.lookupType('people.v1.Person');
  const type = schema.answers.get('/people.v1.People/Get')!;
  const masked = (bytes: Uint8Array): Buffer => new MessageMasker(rules, schema).message(type, Buffer.from(bytes));
  const encode = (value: object): Buffer => Buffer.from(Person.encode(Person.fromObject(value)).finish());
  const read = (bytes: Buffer) => Person.toObject(Person.decode(bytes), { longs: String, bytes: String }) as Record<string, unknown>;

  it('are masked by their fields, with lengths written anew, and read by a strict parser', () => {
    const person = {
      id: 7,
      email: EMAIL,
      notes: ['nothing', `write to ${EMAIL}`],
      address: { street: '12 High Street', zip: '12345' },
      labels: { password: 'hunter22', color: 'red' },
      card: CARD,
      numbers: [1, 2, 300],
      score: 1.5,
      manager: { email: 'joe@example.com', manager: { notes: [EMAIL] } },
      attributes: {
        fields: { password: { stringValue: 'hunter22' }, n: { numberValue: 7 }, list: { listValue: { values: [{ stringValue: EMAIL }] } } },
      },
    };
    const out = read(masked(encode(person)));
    assert.deepEqual(out, {
      ...person,
      email: '[email]',
      notes: ['nothing', 'write to [email]'],
      address: { street: '[postal_address]', zip: '12345' },
      labels: { password: '[password]', color: 'red' },
      card: '0',
      manager: { email: '[email]', manager: { notes: ['[email]'] } },
      attributes: {
        fields: {
          password: { stringValue: '[password]' },
          n: { numberValue: 7 },
          list: { listValue: { values: [{ stringValue: '[email]' }] } },
        },
      },
    });
  });

  it('have repeated numbers masked one by one, packed as they are', () => {
    const person = { numbers: [1, 300], cards: ['7', CARD, '5'], accounts: ['5500005555555559', '9'] };
    assert.deepEqual(read(masked(encode(person))), { numbers: [1, 300], cards: ['7', '0', '5'], accounts: ['0', '9'] });
    const clean = encode({ cards: ['7', '12345678'], accounts: ['9'] });
    assert.equal(masked(clean).compare(clean), 0);
    assert.throws(() => masked(Buffer.of((15 << 3) | 2, 3, 1, 2, 3)), /not of its type/);
    assert.throws(() => masked(Buffer.of((14 << 3) | 2, 1, 0x80)), /not of its type/);
  });

  it('hide no number in a field that is signed, in floating point, unknown, or sent as another than it is', () => {
    const number = varint(Number(CARD));
    const double = Buffer.alloc(8);
    double.writeDoubleLE(Number(CARD));
    const zigzag = varint(2 * Number(CARD));
    const fixed = Buffer.alloc(8);
    fixed.writeBigUInt64LE(BigInt(CARD));
    const tag = (field: number, wire: number): Buffer => varint((field << 3) | wire);
    const id = encode({ id: 7 });
    for (const [what, hidden] of [
      ['sint64', Buffer.concat([tag(16, 0), zigzag])],
      ['bool', Buffer.concat([tag(17, 0), number])],
      ['double', Buffer.concat([tag(12, 1), double])],
      ['doubles', encode({ doubles: [1.5, Number(CARD)] })],
      ['sint64s', encode({ signeds: ['-5', CARD] })],
      ['an unknown number', Buffer.concat([tag(99, 0), number])],
      ['an unknown signed one', Buffer.concat([tag(99, 0), zigzag])],
      ['an unknown one of eight bytes', Buffer.concat([tag(99, 1), fixed])],
      ['an unknown double', Buffer.concat([tag(99, 1), double])],
      ['a number in a field of text', Buffer.concat([tag(2, 0), number])],
      ['text in a field of numbers', Buffer.concat([tag(11, 2), varint(EMAIL.length), Buffer.from(EMAIL)])],
    ] as const)
      assert.equal(masked(Buffer.concat([id, hidden])).compare(id), 0, what);
    const clean = encode({ signed: '-123456789012', active: true, doubles: [1.5, 1e300, -0.1], signeds: ['7', '-9'], score: 2.75 });
    assert.equal(masked(clean).compare(clean), 0);
  });

  it('outside of what is masked, say to a strict parser what they said', () => {
    forSeeds(count(500), (random) => {
      const text = (): string => random.pick(['red', '', 'ß😀', 'a, b', `to ${EMAIL}.`, `card ${CARD} x`, '7', '{"a":1}']);
      const want = (one: string): string => one.replace(EMAIL, '[email]').replace(CARD, '[credit_card]');
      const both = (depth: number): [object, object] => {
        const notes = Array.from({ length: random.int(4) }, text);
        const labels = Object.fromEntries(Array.from({ length: random.int(3) }, (_, n) => [`k${n}`, text()]));
        const common = {
          id: random.int(1000) + 1,
          active: true,
          score: random.next(),
          numbers: Array.from({ length: random.int(4) }, () => random.int(1e6)),
          signed: String(-1 - random.int(1e6)),
          doubles: [random.next(), -1.5],
        };
        const cards = Array.from({ length: random.int(3) }, () => random.pick(['5', CARD]));
        const inner = depth < 3 && random.chance(0.4) ? both(depth + 1) : undefined;
        const maskedLabels = Object.fromEntries(Object.entries(labels).map(([key, one]) => [key, want(one)]));
        return [
          { ...common, notes, labels, cards, ...(inner && { manager: inner[0] }) },
          {
            ...common,
            notes: notes.map(want),
            labels: maskedLabels,
            cards: cards.map((one) => (one === CARD ? '0' : one)),
            ...(inner && { manager: inner[1] }),
          },
        ];
      };
      const [given, expected] = both(0);
      const unknown = random.chance(0.5) ? Buffer.from([0xf8, 0x06, 0x05]) : Buffer.alloc(0);
      const out = masked(Buffer.concat([encode(given), unknown]));
      assert.deepEqual(read(out), read(encode(expected)), JSON.stringify(given));
      assert.ok(out.subarray(out.length - unknown.length).equals(unknown), 'what nobody knows stays');
    });
  });

  it('stay the same bytes where nothing is found', () => {
    const clean = encode({ id: 7, notes: ['a', ''], blob: Buffer.from([0, 1, 2, 255]), address: {}, numbers: [5] });
    assert.equal(masked(clean).compare(clean), 0);
  });

  it('inside of Any are read by their own type, and left out where nobody knows it', () => {
    const inner = encode({ email: EMAIL, id: 3 });
    const any = (url: string) =>
      read(masked(encode({ extra: { type_url: url, value: inner } })))['extra'] as { type_url: string; value: string };
    const known = any('type.googleapis.com/people.v1.Person');
    assert.deepEqual(read(Buffer.from(known.value, 'base64')), { email: '[email]', id: 3 });
    assert.equal(any('type.googleapis.com/people.v1.Unknown').value ?? '', '');
  });

  it('have fields that their descriptor does not know left out where something is in them, and kept elsewhere', () => {
    const unknown = (text: string): Buffer => Buffer.concat([Buffer.from([0xfa, 0x07, text.length]), Buffer.from(text)]);
    assert.equal(
      masked(Buffer.concat([encode({ id: 1 }), unknown(EMAIL), unknown('fine')])).compare(
        Buffer.concat([encode({ id: 1 }), unknown('fine')]),
      ),
      0,
    );
  });

  it('that are broken are an error, never half a message: at random', () => {
    const whole = encode({ email: EMAIL, notes: [EMAIL], address: { street: EMAIL }, labels: { a: EMAIL } });
    forSeeds(count(2000), (random) => {
      const copy = Buffer.from(whole.subarray(0, 1 + random.int(whole.length)));
      copy[random.int(copy.length)] = random.int(256);
      try {
        masked(copy);
      } catch (error) {
        assert.match((error as Error).message, /not of its type|nested deeper/);
      }
    });
    let deep = encode({ id: 1 });
    for (let n = 0; n < 150; n++) deep = Buffer.concat([Buffer.from([0x6a]), varint(deep.length), deep]);
    assert.throws(() => masked(deep), /nested deeper than 100/);
  });

  const frame = (bytes: Buffer, flags = 0): Buffer => {
    const header = Buffer.alloc(5);
    header[0] = flags;
    header.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([header, bytes]);
  };
  const answer = (chunks: Buffer[], more: { json?: boolean; unpack?: (bytes: Buffer) => Buffer } = {}): Buffer => {
    const parts: Buffer[] = [];
    const codec = new GrpcMasker(
      { detector, masker, write: (bytes) => parts.push(Buffer.from(bytes)) },
      { schema, type, json: more.json === true, message_bytes_max: 1000, unpack: more.unpack },
      rules,
    );
    for (const chunk of chunks) {
      codec.push(chunk);
      codec.flush();
    }
    codec.end();
    return Buffer.concat(parts);
  };
  const cut = (random: Random, whole: Buffer): Buffer[] => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < whole.length; ) {
      const next = at + 1 + random.int(random.pick([2, 30]));
      chunks.push(whole.subarray(at, next));
      at = next;
    }
    return chunks;
  };

  it('come in frames that are cut anywhere, packed or not, as JSON, and with trailers in a frame', () => {
    const whole = Buffer.concat([frame(encode({ email: EMAIL })), frame(Buffer.alloc(0)), frame(encode({ notes: [EMAIL, 'x'] }))]);
    const want = Buffer.concat([frame(encode({ email: '[email]' })), frame(Buffer.alloc(0)), frame(encode({ notes: ['[email]', 'x'] }))]);
    forSeeds(count(50), (random) => assert.equal(answer(cut(random, whole)).compare(want), 0));
    const packed = frame(gzipSync(encode({ email: EMAIL })), 1);
    assert.equal(answer([packed], { unpack: () => encode({ email: EMAIL }) }).compare(frame(encode({ email: '[email]' }))), 0);
    assert.equal(answer([frame(Buffer.from(`{"email":"${EMAIL}"}`))], { json: true }).toString('latin1', 5), '{"email":"[email]"}');
    assert.equal(answer([frame(Buffer.from(`grpc-message: ${EMAIL}\r\n`), 0x80)]).toString('latin1', 5), 'grpc-message: [email]\r\n');
  });

  it('that are too long, torn, packed with nothing or have unknown flags are errors', () => {
    assert.throws(() => answer([frame(Buffer.alloc(1001))]), /limits\.message_bytes_max/);
    assert.throws(() => answer([frame(encode({ email: EMAIL })).subarray(0, 10)]), /ends inside/);
    assert.throws(() => answer([frame(Buffer.alloc(3), 1)]), /names no packing/);
    assert.throws(() => answer([frame(Buffer.alloc(3), 4)]), /flags/);
  });

  const call = (under: string, kind: string, body: Buffer, trailers: [string, string][] = [], known = true, answered = kind): Driver => {
    const d = new Driver(under, undefined, false, undefined, undefined, known ? { grpc: schema } : {});
    d.request('POST /people.v1.People/Get', [['content-type', kind]], 'x');
    if (d.exchange.phase === 'passing')
      d.step({
        type: 'response_headers',
        headers: [
          [':status', '200'],
          ['content-type', answered],
        ],
        end: false,
      });
    if (d.exchange.phase === 'passing') d.step({ type: 'response_body', body, end: false });
    if (d.exchange.phase === 'passing') d.step({ type: 'response_trailers', headers: trailers });
    return d;
  };
  const sent = (d: Driver): Buffer => Buffer.concat(d.answers.flatMap((one) => (one.part === 'response_body' ? one.chunks : [])));

  it('of a method with a descriptor are masked in the exchange, trailers too', () => {
    const details = Buffer.from(`details of ${EMAIL}`).toString('base64');
    const d = call(policy, 'application/grpc', frame(encode({ email: EMAIL })), [
      ['grpc-status', '5'],
      ['grpc-message', 'no jane.doe%40example.com %C3%9F'],
      ['grpc-status-details-bin', details],
      ['clean-bin', 'AAEC'],
    ]);
    assert.equal(sent(d).compare(frame(encode({ email: '[email]' }))), 0);
    const tail = d.answers.at(-1)!;
    assert.deepEqual(tail.part === 'response_trailers' && tail.set, [
      ['grpc-message', 'no [email] %C3%9F'],
      ['grpc-status-details-bin', ''],
    ]);
    const text = call(policy, 'application/grpc-web-text', Buffer.from(frame(encode({ email: EMAIL })).toString('base64')));
    assert.equal(Buffer.from(sent(text).toString(), 'base64').compare(frame(encode({ email: '[email]' }))), 0);
  });

  it('of a method without a descriptor are opaque: refused, held or let through whole, and counted', () => {
    const bytes = frame(encode({ email: EMAIL }));
    const under = (opaque: string) => call(`${policy}defaults: { opaque: ${opaque} }\n`, 'application/grpc', bytes, [], false);
    assert.equal(under('deny').refusal().grpcStatus, 7);
    assert.equal(under('deny').refusal().problem['rule'], 'default:opaque');
    assert.equal(under('approve').exchange.phase, 'held');
    const open = under('allow');
    assert.equal(sent(open).compare(bytes), 0);
    assert.deepEqual((open.events('session.close')[0]!['coverage'] as { opaque: unknown }).opaque, [
      { reason: 'gRPC without a descriptor', bytes: bytes.length },
    ]);
    assert.equal(
      sent(call(`${policy}`, 'application/grpc+json', frame(Buffer.from(`{"a":"${EMAIL}"}`)), [], false)).toString('latin1', 5),
      '{"a":"[email]"}',
    );
    // nothing is masked: nothing has to be looked into
    assert.equal(sent(call('version: 1\n', 'application/grpc', bytes, [], false)).compare(bytes), 0);
  });

  it('in another form than they were asked in are opaque too: what was decided was not about them', () => {
    const bytes = frame(encode({ email: EMAIL }));
    const { status, problem } = call(policy, 'application/grpc', bytes, [], true, 'application/grpc+other').refusal();
    assert.equal(status, 502);
    assert.equal(problem['detail'], 'gRPC without a descriptor (defaults.opaque)');
    const open = call(`${policy}defaults: { opaque: allow }\n`, 'application/grpc', bytes, [], true, 'application/grpc+other');
    assert.equal(sent(open).compare(bytes), 0);
  });

  it('are known by their content type', () => {
    assert.deepEqual(grpcForm('application/grpc-web-text+proto'), { web: true, text: true, message: 'proto' });
    assert.deepEqual(grpcForm('application/grpc'), { web: false, text: false, message: 'proto' });
    assert.equal(grpcForm('application/grpcx'), undefined);
  });

  it('are described by files that can be read, or the file is named', () => {
    const directory = mkdtempSync(join(tmpdir(), 'midstream-proto-'));
    try {
      writeFileSync(join(directory, 'a.proto'), 'syntax = "proto3"; message A {');
      writeFileSync(join(directory, 'b.binpb'), 'nothing');
      writeFileSync(join(directory, 'c.proto'), 'syntax = "proto3"; message A {}');
      const set = (
        root as unknown as { toDescriptor(edition: string): { constructor: { encode(value: unknown): { finish(): Uint8Array } } } }
      ).toDescriptor('proto3');
      writeFileSync(join(directory, 'd.binpb'), set.constructor.encode(set).finish());
      for (const name of ['a.proto', 'b.binpb', 'c.proto', 'none.proto'])
        assert.throws(
          () => readGrpcSchema([join(directory, name)]),
          (error: Error) => error.message.includes(name),
        );
      assert.ok(readGrpcSchema([join(directory, 'd.binpb')]).answers.has('/people.v1.People/Chat'));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

function varint(n: number): Buffer {
  const out: number[] = [];
  let rest = BigInt(n);
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  return Buffer.from([...out, Number(rest)]);
}
