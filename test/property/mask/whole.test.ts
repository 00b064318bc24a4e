import assert from 'node:assert/strict';
import { getCountries, getExampleNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { createDetector, kinds } from '../../../filters/mask/index.js';
import { forSeeds, type Random } from '../../support/random.js';

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

const digits = (random: Random, count: number): string => Array.from({ length: count }, () => random.int(10)).join('');
const letters = (random: Random, count: number): string =>
  Array.from({ length: count }, () => random.pick([...'abcdefghijklmnopqrstuvwxyz'])).join('');

/** A number that Luhn's check holds for, of a network more often than not. */
function card(random: Random): string {
  const length = random.pick([16, 16, 16, 15, 19, 14]);
  const body = (random.pick(['4', '51', '2221', '34', '37', '35', '6011', '62', '9792', '1', '5018', '0']) + digits(random, 20)).slice(
    0,
    length - 1,
  );
  let sum = 0;
  for (let k = 0; k < body.length; k++) {
    const doubled = Number(body[body.length - 1 - k]) * (k % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return body + ((10 - (sum % 10)) % 10);
}

const inFours = (number: string, gap: string): string => number.replace(/(.{4})(?=.)/g, `$1${gap}`);

const numbers = getCountries().map((country) => getExampleNumber(country, examples)!);

function phone(random: Random): string {
  const number = random.pick(numbers);
  const text = random.chance(0.5) ? number.formatInternational() : number.number;
  // other numbers of that plan; most of them are valid as well
  const varied = random.chance(0.5) ? text.replace(/\d{1,4}$/, (tail) => digits(random, tail.length)) : text;
  return random.chance(0.2) ? varied.replaceAll(' ', '-') : varied;
}

/** Groups of digits of any sizes behind a plus: what looks like a telephone number and may be anything. */
const grouped = (random: Random): string =>
  `+${Array.from({ length: 1 + random.int(6) }, () => digits(random, 1 + random.int(5))).join(random.pick([' ', '-', '.']))}`;

const words = [
  'jane',
  'doe',
  'passwd',
  'password',
  'birth',
  'born',
  'token',
  'basic',
  'bearer',
  'ghp',
  'akia',
  'sk',
  'xoxb',
  'dapi',
  'git',
  'machine',
  'login',
  'net',
  'com',
  'js',
  'png',
  'xn',
];

function address(random: Random): string {
  const word = () => (random.chance(0.4) ? letters(random, 1 + random.int(21)) : random.pick(words));
  const local = Array.from({ length: 1 + random.int(3) }, () => word() + (random.chance(0.3) ? digits(random, 1 + random.int(6)) : ''));
  const domain = Array.from({ length: 1 + random.int(3) }, word);
  return `${local.join(random.pick(['.', '.', '', '-', '..']))}@${domain.join(random.pick(['.', '-', '.']))}.${random.pick(['com', 'de', 'js', 'io', 'png', 'museum', 'x'])}`;
}

/** One byte changed, taken away or put in. */
function nearly(random: Random, text: string): string {
  const at = random.int(text.length + 1);
  const put = random.pick([...' -.+@()/:x0149azA\0é']);
  return text.slice(0, at) + (random.chance(0.7) ? put : '') + text.slice(at + (random.chance(0.5) ? 1 : 0));
}

describe('whole forms', function () {
  this.timeout(120_000);

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
    forSeeds(ROUNDS, (random, seed) => {
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
    if (process.env['MIDSTREAM_SEED'] === undefined)
      for (const kind of usual) assert.ok((yes.get(kind) ?? 0) > 1000, `${kind}: ${yes.get(kind)} were tried`);
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
  });
});
