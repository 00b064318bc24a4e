import assert from 'node:assert/strict';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { readGrpcSchema } from '../../../extproc/config/grpc-schema.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { withoutCredential } from '../../../extproc/rules.js';
import type { HttpRules } from '../../../filters/http/exchange.js';
import { maskHeaders } from '../../../filters/http/header-masking.js';
import { type BodyMask, BodyMasker, strongestFirst } from '../../../filters/http/masking.js';
import { answerMasker } from '../../../filters/kubernetes/answers/masker.js';
import { Output } from '../../../filters/kubernetes/terminal/output.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { buildMaskSet } from '../../../filters/postgres/rows/plan.js';

/**
 * Rules read the original, wherever a text goes through and however they differ: an address that one rule takes away is the name by which
 * another knows a password.
 */
const TEXT = 'a@b.password=hunter22';
const MASKED = '[email]=********';
const policies: Record<string, string> = {
  'the same settings': '  - { name: mails, detect: [email], as: redact }\n  - { name: keys, detect: [password], as: partial }\n',
  'other regions':
    '  - { name: mails, detect: [email, phone], as: redact, regions: [DE] }\n  - { name: keys, detect: [password], as: partial }\n',
  'base64 in one':
    '  - { name: mails, detect: [email], as: redact, decode: [base64] }\n  - { name: keys, detect: [password], as: partial }\n',
};

function masksOf(yaml: string): readonly BodyMask[] {
  const policy = compilePolicy(`version: 1\nmasks:\n${yaml}`, 'policy.yaml');
  return strongestFirst(
    buildMaskSet(
      policy.masks.map(({ rule }) => rule),
      {},
    ).detectors,
  );
}

function body(masks: readonly BodyMask[], type: string, text: string, boundary?: string): { text: string; fired: unknown } {
  const out: Buffer[] = [];
  const masker = new BodyMasker(masks, type, (bytes) => out.push(bytes), boundary === undefined ? {} : { boundary });
  masker.push(Buffer.from(text));
  masker.end();
  return { text: Buffer.concat(out).toString(), fired: masker.fired };
}

const ONCE = [
  { rule: 'mails', count: 1 },
  { rule: 'keys', count: 1 },
];
const twice = ONCE.map(({ rule }) => ({ rule, count: 2 }));

describe('rules that differ in their settings read the original', () => {
  for (const [name, yaml] of Object.entries(policies)) {
    const masks = masksOf(yaml);
    const gateway = withoutCredential({ masks } as unknown as HttpRules, ['s3cr3t-of-the-gateway']).masks;
    for (const [what, those] of [
      [name, masks],
      [`${name}, beside the gateway's credential`, gateway],
    ] as const) {
      it(`${what}: text, JSON, events, forms, CSV`, () => {
        for (const [type, write] of [
          ['text/plain', (text: string) => `by ${text} x`],
          ['application/json', (text: string) => JSON.stringify({ a: `by ${text} x` })],
          ['text/event-stream', (text: string) => `data: by ${text} x\n\n`],
          ['text/csv', (text: string) => `a,b\nby ${text} x,2\n`],
          ['application/xml', (text: string) => `<a>by ${text} x</a>`],
        ] as const)
          assert.deepEqual(body(those, type, write(TEXT)), { text: write(MASKED), fired: ONCE }, type);
      });

      it(`${what}: parts, their headers and what stands before them`, () => {
        const write = (text: string): string => `${text}\r\n--x\r\nX-A: by ${text} x\r\n\r\n${text}\r\n--x--\r\n`;
        const fired = ONCE.map(({ rule }) => ({ rule, count: 3 }));
        assert.deepEqual(body(those, 'multipart/mixed', write(TEXT), 'x'), { text: write(MASKED), fired });
      });

      it(`${what}: messages of gRPC`, () => {
        const file = join(packageRoot(), 'test/support/grpc/people.proto');
        const schema = readGrpcSchema([file]);
        const Person = protobuf.loadSync(file).lookupType('people.v1.Person');
        const message = Person.encode(Person.fromObject({ notes: [TEXT, 'x'] })).finish();
        const head = Buffer.alloc(5);
        head.writeUInt32BE(message.length, 1);
        const out: Buffer[] = [];
        const type = schema.answers.get('/people.v1.People/Get')!;
        const masker = new BodyMasker(those, 'application/grpc', (bytes) => out.push(bytes), {
          grpc: { schema, type, json: false, text: false, message_bytes_max: 1000, unpack: undefined },
        });
        masker.push(Buffer.concat([head, message]));
        masker.end();
        assert.deepEqual((Person.decode(Buffer.concat(out).subarray(5)) as unknown as { notes: string[] }).notes, [MASKED, 'x']);
        assert.deepEqual(masker.fired, ONCE);
      });

      it(`${what}: headers, objects of Kubernetes, terminals`, () => {
        const fired: string[] = [];
        const headers = maskHeaders(those, [['x-a', TEXT]], (rule) => fired.push(rule));
        assert.deepEqual([headers.changed, fired], [[['x-a', MASKED]], ['mails', 'keys']]);

        const out: Buffer[] = [];
        const asked = { resource: 'pods', group: '', subresource: '' };
        const objects = answerMasker('application/json', { objects: [], detectors: those }, asked, 1e6, (bytes) => out.push(bytes));
        objects.push(Buffer.from(JSON.stringify({ metadata: { annotations: { a: TEXT, b: TEXT } } })));
        objects.end();
        assert.deepEqual(JSON.parse(Buffer.concat(out).toString()), { metadata: { annotations: { a: MASKED, b: MASKED } } });
        assert.deepEqual(objects.fired, twice);

        let printed = '';
        const output = new Output({
          masks: () => ({ masks: those, version: '1' }),
          interactive: false,
          tty: false,
          write: (bytes) => {
            printed += bytes.toString();
          },
        });
        for (const piece of [`${TEXT}\n`.slice(0, 12), `${TEXT}\n`.slice(12)]) output.push(Buffer.from(piece));
        output.end();
        assert.deepEqual([printed, output.fired], [`${MASKED}\n`, ONCE]);
      });
    }
  }

  it('a text passes where nothing is to be masked', () => {
    assert.equal(body([], 'text/plain', TEXT).text, TEXT);
  });
});
