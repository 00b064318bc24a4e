import assert from 'node:assert/strict';
import type { StreamCodec } from '../../../filters/mask/codecs/codec.js';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createPolicyDetector } from '../../../filters/mask/custom/detector.js';
import { createDetector, createMasker, type MaskAs } from '../../../filters/mask/index.js';
import { JoinedRules, joinDetectors, type MaskingRule } from '../../../filters/mask/joined.js';
import { UnionDetector } from '../../../filters/mask/union.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { composed } from './corpus.js';

const ROUNDS = 1200;

const rule = (as: MaskAs, ...detect: string[]): MaskingRule => ({
  detector: createDetector({ detect }),
  masker: createMasker(as, { key: Buffer.alloc(32, 7), value: 'x' }),
});
const sets = [
  [rule('null', 'us_ssn'), rule('redact', 'secrets'), rule('partial', 'pii')],
  [rule('redact', 'secrets'), rule('partial', 'pii')],
  [rule('redact', 'credit_card', 'us_ssn'), rule('hash', 'email', 'phone')],
  [rule('null', 'pii'), rule('fixed', 'secrets')],
].map((rules) => ({ rules, detector: joinDetectors(rules) }));

/** a policy's own words in one, regions in another: each searches for itself */
const words = (...list: string[]) => ({
  kinds: [{ kind: 'own', words: list, pattern: undefined, ignore_case: false, inside: true, context: [], score: 1 }],
  allow: [],
  score_min: new Map<string, number>(),
});
const differing = [
  [
    {
      detector: createPolicyDetector({ detect: ['own'], detection: words('hunter2', 'e@ex', '"x', '4399') }),
      masker: createMasker('redact'),
    },
    rule('partial', 'all'),
  ],
  [rule('redact', 'secrets'), { detector: createDetector({ detect: ['pii'], regions: ['US'] }), masker: createMasker('partial') }],
  [
    { detector: createPolicyDetector({ detect: ['all'], detection: words('jane', 'note') }), masker: createMasker('redact') },
    rule('null', 'email'),
  ],
].map((rules: MaskingRule[]) => ({ rules, detector: joinDetectors(rules) }));

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

/** A string that was masked is written with other escapes. */
const unescaped = (json: string): string => json.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (one) => JSON.parse(`"${one}"`) as string);

const cutsOf = (r: Random, text: Buffer): number[] => Array.from({ length: r.int(5) }, () => r.int(text.length + 1)).sort((a, b) => a - b);

describe('rules that read JSON together, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(TEST_MS_MAX);

  it('mask what one rule for the kinds of all masks, or more of it', () => {
    let more = 0;
    forSeeds(count(ROUNDS), (r) => {
      const { rules, detector } = r.pick(sets);
      const text = documents(r);
      // what they give is told apart by rule, and never has the form of a value
      const marked = rules.map((one, n) => ({ ...one, masker: createMasker('fixed', { value: `<~${n}~>` }) }));
      const given = joined({ rules: marked, detector }, text, []).text;
      const out: Buffer[] = [];
      const write = (bytes: Buffer): void => void out.push(Buffer.from(bytes));
      const expected = masked(new JsonMasker({ detector, masker: createMasker('fixed', { value: '<~n~>' }), write }), text, [], out);
      const same = given.replace(/<~\d~>/g, '<~n~>');
      if (same === expected) return;
      // one search that is asked for all kinds settles which of them a run of digits is; rules that search apart may each find one in it
      more++;
      let at = 0;
      for (const stays of same.split('<~n~>')) {
        at = expected.indexOf(stays, at);
        assert.ok(at >= 0, `${JSON.stringify(text.toString('utf8'))} became ${given} and not ${expected}`);
        at += stays.length;
      }
    });
    assert.ok(more <= 1 + count(ROUNDS) / 50, `${more}`);
  });

  it('go by the original, where a value of a stronger rule holds the evidence of a weaker one', () => {
    for (const [set, text, masked] of [
      [sets[3]!, '{"a@b.password":"hunter2"}', '{"":"x"}'],
      [sets[3]!, '"x a@b.password":"hunter2"', '"x [email]":"x"'],
      [sets[3]!, '{"x":"a@b.password=hunter2"}', '{"x":"[email]=x"}'],
      [[rule('redact', 'pii'), rule('partial', 'secrets')], 'a@b.password=hunter2', '[email]=********'],
      [sets[3]!, '{"name":"x of jane@b.io, password","value":"hunter2"}', '{"name":"x of [email], password","value":"x"}'],
    ] as const) {
      const rules = 'rules' in set ? set.rules : [...set];
      const detector = 'rules' in set ? set.detector : joinDetectors(rules);
      assert.equal(joined({ rules, detector }, Buffer.from(text), []).text, masked);
    }
  });

  it('leave what a weaker rule gave, where a stronger one took something out beside it', () => {
    const rules = [rule('redact', 'secrets'), rule('partial', 'pii')];
    const text = '{"x":"password=hunter2 of jane@example.com, card 4111 1111 1111 1111"}';
    const once = joined({ rules, detector: joinDetectors(rules) }, Buffer.from(text), []).text;
    assert.equal(once, '{"x":"password=[password] of j***@example.com, card **** **** **** 1111"}');
  });

  it('give the same bytes wherever the text is cut', () => {
    forSeeds(count(ROUNDS / 2), (r) => {
      const set = r.pick(r.int(3) === 0 ? sets : differing);
      const text = documents(r);
      const cuts = cutsOf(r, text);
      const note = `cut at ${cuts} ${JSON.stringify(text.toString('utf8'))}`;
      assert.equal(joined(set, text, cuts).text, joined(set, text, []).text, note);
    });
  });

  it('mask what each masks alone, where their settings differ', () => {
    forSeeds(count(ROUNDS / 2), (r) => {
      const { rules } = r.pick(differing);
      // a number that is masked is another number, and what tags or backslashes cut has a rest that is left out
      const text = Buffer.from(
        documents(r)
          .toString()
          .replace(/(?<=^|[[,:\n])[\d.]+(?=[\],}\n]|$)/g, 'null')
          .replace(/\\\\|[<&]/g, ''),
      );
      const marked = rules.map((one) => ({ ...one, masker: createMasker('fixed', { value: '<~~>' }) }));
      const given = joined({ rules: marked, detector: joinDetectors(marked) }, text, []).text;
      for (const one of marked) {
        const out: Buffer[] = [];
        const alone = masked(new JsonMasker({ ...one, write: (bytes) => void out.push(Buffer.from(bytes)) }), text, [], out);
        let at = 0;
        for (const stays of unescaped(given).split('<~~>')) {
          at = unescaped(alone).indexOf(stays, at);
          assert.ok(
            at >= 0,
            `${JSON.stringify(text.toString('utf8'))} became ${given}, and by ${one.detector.kinds.length} kinds ${alone}`,
          );
          at += stays.length;
        }
      }
    });
  });

  it('count by rule', () => {
    const { rules } = joined(sets[0]!, Buffer.from('{"a":"jane@example.com","b":"x 536-90-4399","password":"hunter2"}'), []);
    assert.deepEqual(rules.counts, [1, 1, 1]);
  });

  it('are one search where they detect with the same settings, a policy’s own kinds too, and else each its own', () => {
    const detection = { kinds: [], allow: [], score_min: new Map() };
    const one = createPolicyDetector({ detect: ['pii'], detection });
    const masker = createMasker('redact');
    const isOne = (...detectors: ReturnType<typeof createPolicyDetector>[]) =>
      !(joinDetectors(detectors.map((detector) => ({ detector, masker }))) instanceof UnionDetector);
    assert.ok(isOne(one, createPolicyDetector({ detect: ['secrets'], detection })));
    assert.ok(!isOne(one, createPolicyDetector({ detect: ['secrets'], detection: { ...detection } })));
    assert.ok(!isOne(one, createDetector({ detect: ['secrets'] })));
    assert.ok(!isOne(createDetector({ detect: ['pii'], regions: ['DE'] }), createDetector({ detect: ['secrets'] })));
    const both = joinDetectors([rule('redact', 'email'), rule('redact', 'phone')]);
    assert.deepEqual(both.kinds, ['email', 'phone']);
  });
});
