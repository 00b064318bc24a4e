import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { MARK, objectMasks } from '../../../filters/kubernetes/answers/marks.js';
import { answerMasker } from '../../../filters/kubernetes/answers/masker.js';
import { describedKubernetes } from '../../../filters/kubernetes/described.js';
import { readProtobuf } from '../../../filters/kubernetes/protobuf/decode.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { identity } from '../../unit/policy/operation.js';

const policy = compilePolicy('version: 1\nmasks:\n  - { name: k8s, kubernetes: [secrets], as: redact }\n', 'policy.yaml');
const objects = objectMasks(policy.masksFor({ identity: identity(), resource: 'k', database: '', user: '', application: '' }), {});
const asked = { resource: '', group: '', subresource: '' };

function masked(bytes: Buffer, cuts: number[], resource = ''): Buffer {
  const out: Buffer[] = [];
  const masker = answerMasker('application/json', { objects, detectors: [] }, { ...asked, resource }, 1e6, (part) => out.push(part));
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    masker.push(Buffer.from(bytes.subarray(from, cut)));
    from = cut;
  }
  masker.end();
  return Buffer.concat(out);
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const WORD = /needle-\d+/g;

/** A Secret whose values are needles, and what must be left of it. */
function secret(random: Random, next: () => string, kinds = true): [object: Record<string, unknown>, hidden: Record<string, unknown>] {
  const names = Array.from({ length: random.int(4) }, (_one, i) => random.pick(['a', 'tls.key', '"quoted"', 'ß']) + i);
  const values = names.map(() => next());
  const meta = { name: random.pick(['db', 'x"y', 'é']), labels: { data: 'plain' } };
  const kind = kinds ? { kind: 'Secret', apiVersion: 'v1' } : {};
  const entries = (of: (value: string) => string) => Object.fromEntries(names.map((name, i) => [name, of(values[i]!)]));
  const applied = (data: object) => ({ ...meta, annotations: { last: JSON.stringify({ kind: 'Secret', data, note: 'a\\b"c' }) } });
  const order = random.chance(0.5);
  const put = (data: object, metadata: object) => (order ? { data, ...kind, metadata } : { ...kind, metadata, data });
  return [
    put(entries(base64), applied(entries(base64))),
    put(
      entries(() => base64(MARK)),
      applied(entries(() => base64(MARK))),
    ),
  ];
}

function document(random: Random, next: () => string): { text: string; hidden: unknown[]; resource: string } {
  const shape = random.int(6);
  const wrap = (made: [object, object][], put: (objects: object[]) => object) =>
    [put(made.map(([one]) => one)), put(made.map(([, one]) => one))] as const;
  const some = (kinds: boolean) => Array.from({ length: random.int(4) }, () => secret(random, next, kinds) as [object, object]);
  const noise = { metadata: { resourceVersion: '7', continue: 'abc' }, list: [1, 2.5, 'x', null, true, { a: [] }] };
  let whole: readonly [object, object];
  if (shape === 0) whole = secret(random, next);
  else if (shape === 1) whole = wrap(some(false), (items) => ({ kind: 'SecretList', ...noise, items, after: 'x' }));
  else if (shape === 2) whole = wrap(some(true), (items) => ({ items, kind: 'List', ...noise }));
  else if (shape === 3) whole = wrap([secret(random, next)], ([object]) => ({ type: 'ADDED', object: object! }));
  else if (shape === 4) whole = wrap(some(true), (rows) => ({ kind: 'Table', rows: rows.map((object) => ({ cells: [1, 'db'], object })) }));
  else whole = wrap(some(true), (inner) => ({ kind: 'Bundle', spec: { deep: [{ inner }] }, ...noise }));
  const events = shape === 3 ? random.int(3) + 1 : 1;
  const text = Array.from({ length: events }, () => JSON.stringify(whole[0], null, random.pick([0, 1, 4]))).join(
    random.pick(['\n', ' ', '']),
  );
  return {
    text,
    hidden: Array.from({ length: events }, () => JSON.parse(JSON.stringify(whole[1])) as unknown),
    resource: random.pick(['', 'secrets']),
  };
}

describe('answers of a Kubernetes API, by chance', () => {
  it('hold no value of a Secret, are the same outside of it, and do not depend on how they are cut', () => {
    forSeeds(count(400, 20_000), (random) => {
      let n = 0;
      const { text, hidden, resource } = document(random, () => `needle-${++n}`);
      const bytes = Buffer.from(text);
      const cuts = Array.from({ length: random.int(6) }, () => random.int(bytes.length + 1)).sort((a, b) => a - b);
      const whole = masked(bytes, [], resource);
      assert.equal(masked(bytes, cuts, resource).toString(), whole.toString());
      const said = whole.toString();
      assert.equal(said.match(WORD), null);
      for (let i = 1; i <= n; i++) assert.ok(!said.includes(base64(`needle-${i}`)));
      // Several documents may stand without anything between them.
      const read = JSON.parse(`[${said.replace(/\}\s*(?=\{"type")/g, '},').replace(/\}\s*(?=\{\s+"type")/g, '},')}]`) as unknown[];
      assert.deepEqual(read, hidden);
    });
  });

  it('are refused where they are broken, and nothing else happens', () => {
    forSeeds(count(400, 20_000), (random) => {
      let n = 0;
      const bytes = Buffer.from(document(random, () => `needle-${++n}`).text);
      for (let i = 0; i < 1 + random.int(3); i++)
        bytes[random.int(bytes.length)] = random.pick([...Buffer.from('{}[]",:\\ \n0e-tn'), 0xff, 0]);
      const cut = random.chance(0.3) ? bytes.subarray(0, random.int(bytes.length)) : bytes;
      try {
        masked(cut, [random.int(cut.length + 1)]);
      } catch (error) {
        assert.ok(error instanceof MidstreamError, String(error));
        assert.ok(!error.message.includes('needle'));
      }
    });
  });
});

describe('bodies for a Kubernetes API, by chance', () => {
  it('are read or refused with a reason that holds nothing of them', () => {
    const types = [
      'application/json',
      'application/yaml',
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
      'application/vnd.kubernetes.protobuf',
    ];
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      '"needle-1"',
      ':',
      ',',
      '- ',
      '\n',
      'a: ',
      '&a ',
      '*a',
      '<<',
      '!!x',
      '|',
      '  ',
      '{"op":"add","path":"/a/0/b","value":1}',
      'null',
      '\\u00',
      '\t',
      '%',
      '---',
      '"__proto__"',
    ];
    forSeeds(count(400, 20_000), (random) => {
      const body = Array.from({ length: random.int(12) }, () => random.pick(pieces)).join('');
      const facts = describedKubernetes({
        method: random.pick(['POST', 'PATCH', 'PUT', 'DELETE']),
        url: '/api/v1/namespaces/x/pods/p',
        headers: { 'content-type': random.pick(types) },
        body,
      });
      assert.ok(!facts.unparsed.includes('needle'), facts.unparsed);
      assert.equal(facts.object === undefined, facts.unreadable !== '');
      assert.equal(({} as Record<string, unknown>)['a'], undefined);
    });
  });

  it('in protobuf are read or refused', () => {
    const pod = Buffer.from('6b3873000a090a02763112034e6f641200', 'hex');
    forSeeds(count(1000, 50_000), (random) => {
      const length = random.int(40);
      const bytes = Buffer.concat([
        pod.subarray(0, 4),
        Buffer.from([0x0a, 0x09, 0x0a, 0x02, 0x76, 0x31, 0x12, 0x03, 0x50, 0x6f, 0x64, 0x12, length]),
        Buffer.from(Array.from({ length }, () => random.pick([0x0a, 0x12, 0x08, 0x02, 0x01, 0x00, 0x1a, 0xff, 0x80, random.int(256)]))),
      ]);
      try {
        assert.equal(readProtobuf(bytes)['kind'], 'Pod');
      } catch (error) {
        assert.match((error as Error).message, /^(the body|a (field|number)|it is)/);
      }
    });
  });
});
