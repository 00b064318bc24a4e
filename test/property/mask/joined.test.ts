import assert from 'node:assert/strict';
import type { StreamCodec } from '../../../filters/mask/codecs/codec.js';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createPolicyDetector } from '../../../filters/mask/custom/detector.js';
import { applyMask, createDetector, createMasker, type MaskAs } from '../../../filters/mask/index.js';
import { JoinedRules, joinDetectors } from '../../../filters/mask/joined.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { composed } from './corpus.js';

const ROUNDS = 1200;

const rule = (as: MaskAs, ...detect: string[]) => ({
  detector: createDetector({ detect }),
  masker: createMasker(as, { key: Buffer.alloc(32, 7), value: 'x' }),
});
const sets = [
  [rule('null', 'us_ssn'), rule('redact', 'secrets'), rule('partial', 'pii')],
  [rule('redact', 'secrets'), rule('partial', 'pii')],
  [rule('redact', 'credit_card', 'us_ssn'), rule('hash', 'email', 'phone')],
  [rule('null', 'pii'), rule('fixed', 'secrets')],
].map((rules) => ({ rules, detector: joinDetectors(rules)! }));

const KEYS = ['id', 'email', 'phone', 'password', 'note', 'ssn', 'card', 'name', 'value', 'first_name', 'created', 'api_key', 'x'];
const PLAIN = [null, true, 4111111111111111, 536904399, 12.5, '536-90-4399', 'jane@example.com', '4111 1111 1111 1111', 'hunter2'];

function value(r: Random, depth: number): unknown {
  const kind = r.int(depth > 2 ? 5 : 8);
  if (kind < 3) return composed(r).toString('utf8').slice(0, r.int(200));
  if (kind === 3) return r.int(1e16);
  if (kind === 4) return r.pick(PLAIN);
  if (kind === 5) return Array.from({ length: r.int(4) }, () => value(r, depth + 1));
  return Object.fromEntries(Array.from({ length: 1 + r.int(4) }, () => [r.pick(KEYS), value(r, depth + 1)]));
}

function documents(r: Random): Buffer {
  const all = Array.from({ length: 1 + r.int(3) }, () => JSON.stringify(value(r, 0))).join('\n');
  return Buffer.from(r.int(8) === 0 ? `${all}}` : all);
}

/** Feeds the text cut at these places; `out` is where the masker writes. */
function masked(codec: StreamCodec, text: Buffer, cuts: readonly number[], out: Buffer[]): string {
  let at = 0;
  for (const cut of [...cuts, text.length]) {
    codec.push(text.subarray(at, cut));
    at = cut;
  }
  codec.end();
  return Buffer.concat(out).toString('utf8');
}

function joined({ rules, detector }: (typeof sets)[0], text: Buffer, cuts: readonly number[]): { text: string; rules: JoinedRules } {
  const out: Buffer[] = [];
  const all = new JoinedRules(detector, rules);
  const write = (bytes: Buffer): void => void out.push(Buffer.from(bytes));
  const codec = new JsonMasker({ detector, masker: rules[0]!.masker, write, rules: all });
  return { text: masked(codec, text, cuts, out), rules: all };
}

/**
 * Whether a value of a stronger rule holds what a weaker one goes by: in `a@b.password=x` the address is masked first, and a rule that
 * reads behind it finds no password any more. Rules that read together go by the original, and mask more.
 */
function takesEvidence({ rules }: (typeof sets)[0], text: Buffer): boolean {
  const redact = createMasker('redact');
  return rules.some((stronger, n) => {
    const spans = stronger.detector.find(text, 0, text.length);
    const without = applyMask(redact, spans, text, 0, text.length);
    return rules.slice(n + 1).some(({ detector }) => {
      const before = detector
        .find(text, 0, text.length)
        .filter((hit) => !spans.some((span) => span.start < hit.end && hit.start < span.end));
      return detector.find(without, 0, without.length).length < before.length;
    });
  });
}

const cutsOf = (r: Random, text: Buffer): number[] => Array.from({ length: r.int(5) }, () => r.int(text.length + 1)).sort((a, b) => a - b);

describe('rules that read JSON together, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(TEST_MS_MAX);

  it('give what the rules give one after the other, strongest first', () => {
    forSeeds(count(ROUNDS), (r) => {
      const set = r.pick(sets);
      const text = documents(r);
      let expected = text;
      for (const { detector, masker } of set.rules) {
        const out: Buffer[] = [];
        const codec = new JsonMasker({ detector, masker, write: (bytes) => void out.push(Buffer.from(bytes)) });
        expected = Buffer.from(masked(codec, expected, [], out));
      }
      const note = JSON.stringify(text.toString('utf8'));
      const given = joined(set, text, []).text;
      if (given !== expected.toString('utf8') && takesEvidence(set, text)) return;
      assert.equal(given, expected.toString('utf8'), note);
    });
  });

  it('go by the original, where a value of a stronger rule holds the evidence of a weaker one', () => {
    const set = sets[3]!;
    for (const [text, masked] of [
      ['{"a@b.password":"hunter2"}', '{"":"x"}'],
      ['"x a@b.password":"hunter2"', '"x [email]":"x"'],
    ] as const) {
      assert.equal(joined(set, Buffer.from(text), []).text, masked);
      assert.ok(takesEvidence(set, Buffer.from(text)));
    }
    assert.ok(!takesEvidence(set, Buffer.from('{"a":"jane@example.com","password":"hunter2"}')));
  });

  it('give the same bytes wherever the text is cut', () => {
    forSeeds(count(ROUNDS / 2), (r) => {
      const set = r.pick(sets);
      const text = documents(r);
      const cuts = cutsOf(r, text);
      const note = `cut at ${cuts} ${JSON.stringify(text.toString('utf8'))}`;
      assert.equal(joined(set, text, cuts).text, joined(set, text, []).text, note);
    });
  });

  it('count by rule', () => {
    const { rules } = joined(sets[0]!, Buffer.from('{"a":"jane@example.com","b":"x 536-90-4399","password":"hunter2"}'), []);
    assert.deepEqual(rules.counts, [1, 1, 1]);
  });

  it('are joined where they detect with the same settings, a policy’s own kinds too, and else read one by one', () => {
    const detection = { kinds: [], allow: [], score_min: new Map() };
    const one = createPolicyDetector({ detect: ['pii'], detection });
    const masker = createMasker('redact');
    const join = (...detectors: ReturnType<typeof createPolicyDetector>[]) =>
      joinDetectors(detectors.map((detector) => ({ detector, masker })));
    assert.ok(join(one, createPolicyDetector({ detect: ['secrets'], detection })));
    assert.equal(join(one, createPolicyDetector({ detect: ['secrets'], detection: { ...detection } })), undefined);
    assert.equal(join(one, createDetector({ detect: ['secrets'] })), undefined);
    assert.equal(join(createDetector({ detect: ['pii'], regions: ['DE'] }), createDetector({ detect: ['secrets'] })), undefined);
    const both = join(createDetector({ detect: ['email'] }), createDetector({ detect: ['phone'] }));
    assert.deepEqual(both?.kinds, ['email', 'phone']);
  });
});
