import assert from 'node:assert/strict';
import { createDetector, kinds } from '../../../filters/mask/index.js';
import { count, counted, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { address, card, digits, grouped, inFours, nearly, phone } from '../../support/usual-values.js';

const ROUNDS = 60_000;
const usual = ['credit_card', 'phone', 'email'];
const names = [
  '',
  'email',
  'phone',
  'card',
  'card_number',
  'contact',
  'order_id',
  'note',
  'user_email',
  'national_id',
  'ssn',
  'password',
  'dob',
];
const sets = [
  ['all'],
  ['pii'],
  ['secrets', 'phone'],
  usual,
  ['credit_card', 'us_ssn', 'email', 'phone'],
  ['phone', 'ip_address', 'mac_address'],
];

describe('whole forms', function () {
  this.timeout(TEST_MS_MAX);

  it('say yes only where the search finds the whole range as that kind, and nothing else', () => {
    const detectors = sets.flatMap((detect) => [createDetector({ detect }), createDetector({ detect, regions: ['US', 'DE', 'GB'] })]);
    const forms = new Map(
      detectors.map((detector) => [
        detector,
        names.flatMap((name) =>
          usual
            .filter((kind) => detector.kinds.includes(kind))
            .map((kind) => ({ kind, name, form: detector.wholeForm(kind, name) }))
            .filter(({ form }) => form !== undefined),
        ),
      ]),
    );
    const yes = new Map<string, number>();
    const others = kinds.flatMap((kind) => kind.examples);
    forSeeds(count(ROUNDS), (random, seed) => {
      const number = card(random);
      const made = random.pick([
        () => (random.chance(0.3) ? number : inFours(number, random.pick([' ', '-', '.']))),
        () => phone(random),
        () => grouped(random),
        () => address(random),
        () => digits(random, 9 + random.int(11)),
        () => random.pick(others),
      ])();
      const text = random.chance(0.3) ? nearly(random, made) : made;
      const before = 'x'.repeat(random.int(3));
      const buf = Buffer.from(`${before}${text}${before}`);
      const end = buf.length - before.length;
      const detector = random.pick(detectors);
      for (const { kind, name, form } of forms.get(detector)!) {
        if (!form!(buf, before.length, end)) continue;
        yes.set(kind, (yes.get(kind) ?? 0) + 1);
        const hits = detector.find(buf, before.length, end, { name });
        assert.deepEqual(
          hits.map((hit) => [hit.kind, hit.start, hit.end]),
          [[kind, before.length, end]],
          `seed ${seed}: ${JSON.stringify(text)} under ${JSON.stringify(name)} for ${detector.kinds.length} kinds`,
        );
        assert.equal(detector.search(buf, before.length, end, { name }), 1, `seed ${seed}: one candidate in ${JSON.stringify(text)}`);
      }
    });
    if (!counted) for (const kind of usual) assert.ok((yes.get(kind) ?? 0) > 1000, `${kind}: ${yes.get(kind)} were tried`);
  });

  it('know the values that columns are full of', () => {
    const detector = createDetector({ detect: ['credit_card', 'us_ssn', 'email', 'phone', 'secrets'] });
    const say = (kind: string, name: string, text: string) => detector.wholeForm(kind, name)?.(Buffer.from(text), 0, text.length);
    assert.equal(say('credit_card', 'card', '4111 1111 1111 1111'), true);
    assert.equal(say('credit_card', 'card', '4111111111111111'), true);
    assert.equal(say('credit_card', 'card', '4111 1111 1111 1112'), false);
    assert.equal(say('phone', 'phone', '+1 415 555 2671'), true);
    assert.equal(say('phone', 'phone', '+442071838750'), true);
    assert.equal(say('email', 'email', 'jane.doe84@example.com'), true);
    assert.equal(say('email', 'password', 'jane.doe84@example.com'), undefined, 'the name makes a secret of it');
    assert.equal(say('us_ssn', 'ssn', '536-90-4399'), undefined);
    // the last twelve digits of a card in fours are no Aadhaar, where national identifiers are looked for too
    const card = Buffer.from('4111 1111 1111 1111');
    assert.equal(createDetector({ detect: ['pii'] }).wholeForm('credit_card', 'card')?.(card, 0, card.length), true);
  });
});
