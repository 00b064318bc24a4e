import assert from 'node:assert/strict';
import { Automaton } from '../../../filters/mask/custom/automaton.js';
import { type CustomKind, createPolicyDetector, type Detection } from '../../../filters/mask/custom/detector.js';
import { Dictionary } from '../../../filters/mask/custom/dictionary.js';
import { createMasker, maskText } from '../../../filters/mask/index.js';
import { StreamMasker } from '../../../filters/mask/stream/masker.js';
import type { Detector } from '../../../filters/mask/types.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { buildMaskSet } from '../../../filters/postgres/rows/mask-set.js';
import { composed, glued } from '../../property/mask/corpus.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';

const kind = (one: Partial<CustomKind>): CustomKind => ({
  kind: 'own',
  words: [],
  pattern: undefined,
  ignore_case: false,
  context: [],
  score: 0.8,
  ...one,
});
const detection = (...kinds: CustomKind[]): Detection => ({ kinds, allow: [], score_min: new Map() });
const found = (detector: Detector, text: string, name = ''): string[] => {
  const bytes = Buffer.from(text);
  return detector.find(bytes, 0, bytes.length, { name }).map((hit) => `${hit.kind}:${bytes.toString('utf8', hit.start, hit.end)}`);
};

describe('patterns of a policy', () => {
  const longest = (pattern: string, text: string, at = 0): number =>
    new Automaton(pattern, false).longest(Buffer.from(text), at, 0, Buffer.byteLength(text));

  it('match the longest text, by bytes of UTF-8', () => {
    assert.equal(longest('EMP-\\d{6}', 'EMP-123456x'), 10);
    assert.equal(longest('abc|abcdef', 'abcdefg'), 6);
    assert.equal(longest('(?i)straße', 'STRAßE'), 7);
    assert.equal(longest('名前.+', '名前は\n'), 9);
    assert.equal(longest('\\babc\\b', 'abcd'), -1);
    assert.equal(longest('\\babc\\b', 'xabc', 1), -1);
    assert.equal(longest('\\babc\\b', ' abc.', 1), 4);
    assert.equal(longest('(?m)^abc$', 'x\nabc\ny', 2), 5);
  });

  it('agree with RegExp on every text that is tried', () => {
    const parts = ['a', 'b', '[ab]', '.', 'ab', 'a?', 'b*', '(a|bb)', '(?:ab)+', '[^a]', 'a{1,2}', '\\w', 'é'];
    forSeeds(count(400), (r) => {
      const pattern = `ab${Array.from({ length: 1 + r.int(4) }, () => r.pick(parts)).join('')}.`;
      const text = Array.from({ length: r.int(12) }, () => r.pick(['a', 'b', 'c', 'é', '\n', 'ab'])).join('');
      const whole = new RegExp(`^(?:${pattern})$`, 'u');
      let best = -1;
      for (let end = 0; end <= text.length; end++) if (whole.test(text.slice(0, end))) best = Buffer.byteLength(text.slice(0, end));
      assert.equal(longest(pattern, text), best, `/${pattern}/ on ${JSON.stringify(text)}`);
    });
  });

  it('read each byte a bounded number of times', () => {
    for (const pattern of ['(a+)+bcd', 'a(a*c)?aa', '(a|a)*bbb', '(?:a?){50}a{50}', '.*.*.*xyz', '[a-z]+\\d{3}', '(\\w+\\s?)+!!']) {
      const steps = (length: number): number => {
        const detector = createPolicyDetector({ detect: ['own'], detection: detection(kind({ pattern })) }) as Detector & { steps: number };
        const text = Buffer.from('a'.repeat(length));
        detector.find(text, 0, length);
        detector.mayHold(text, 0, length);
        return detector.steps;
      };
      const [small, large] = [steps(5000), steps(20_000)];
      assert.ok(large <= 4.2 * small + 1000 && large / 20_000 < 600, `${pattern}: ${small} steps, then ${large}`);
    }
  });

  it('are refused when they match almost anything, or depend on where a text is cut', () => {
    for (const pattern of [
      'a*',
      'ab',
      '(abc)?',
      '^abc',
      'abc$',
      '(?=abc)',
      '(abc',
      '(abc)\\1',
      'a{2000}',
      'x{300}',
      '(?:abcd){2}[a-z]{250}',
    ])
      assert.throws(() => new Automaton(pattern, false), RangeError, pattern);
  });
});

describe('dictionaries of a policy', () => {
  it('find what a search for each word finds', () => {
    forSeeds(count(300), (r) => {
      const words = [...new Set(Array.from({ length: 1 + r.int(6) }, () => r.chars('ab é', 1 + r.int(5))))];
      const text = r.chars('ab éA', r.int(40));
      const bytes = Buffer.from(text);
      const told = new Set<number>();
      new Dictionary(words, false).find(bytes, 0, bytes.length, true, (_start, end) => {
        told.add(end);
        return false;
      });
      const ends = new Set<number>();
      for (const word of words) {
        const one = Buffer.from(word);
        for (let at = bytes.indexOf(one); at >= 0; at = bytes.indexOf(one, at + 1)) ends.add(at + one.length);
      }
      assert.deepEqual([...told].sort(), [...ends].sort(), `${JSON.stringify(words)} in ${JSON.stringify(text)}`);
    });
  });

  it('take words that stand by themselves, phrases, any case when asked', () => {
    const detector = createPolicyDetector({
      detect: ['own'],
      detection: detection(kind({ words: ['Bluebird', 'blue', 'red fox', 'C++'], ignore_case: true })),
    });
    assert.deepEqual(found(detector, 'the BLUEBIRD, bluebirds, Red Fox and C++11, bluë'), ['own:BLUEBIRD', 'own:Red Fox', 'own:C++']);
  });

  it('work grows with the text and not with the words', () => {
    const dictionary = new Dictionary(
      Array.from({ length: 5000 }, (_, n) => 'a'.repeat(1 + (n % 150)) + n),
      false,
    );
    const text = Buffer.from('a'.repeat(100_000));
    dictionary.find(text, 0, text.length, false, () => false);
    assert.ok(dictionary.steps <= 2 * text.length, `${dictionary.steps}`);
  });
});

describe('a detector with kinds of a policy', () => {
  const own = detection(
    kind({ kind: 'employee', pattern: '\\bE-?\\d{6}\\b', context: ['employee', 'badge'] }),
    kind({ kind: 'project', words: ['quick brown fox jumps', 'Bluebird'], score: 0.9 }),
    kind({ kind: 'ticket', pattern: 'TICKET\\d+', ignore_case: true }),
  );
  const detector = createPolicyDetector({ detect: ['all'], detection: own });

  it('asks for words before a value, or in its key', () => {
    assert.deepEqual(found(detector, 'badge E123456 and'), ['employee:E123456']);
    assert.deepEqual(found(detector, 'number E123456 and'), []);
    assert.deepEqual(found(detector, 'E123456', 'employeeId'), ['employee:E123456']);
    assert.deepEqual(found(detector, 'mail jane@example.com about TICKET42'), ['email:jane@example.com', 'ticket:TICKET42']);
  });

  it('joins what overlaps', () => assert.deepEqual(found(detector, 'password=TICKET42-bluebird'), ['password:TICKET42-bluebird']));

  it('is never passed by the gate, in a cell alone and among glued cells', () => {
    forSeeds(count(2000), (r) => {
      const texts = ['badge E123456', 'Bluebird', 'ticket99', 'the quick brown fox jumps', 'E123456'];
      const cells = Array.from({ length: 1 + r.int(3) }, () =>
        r.int(2) === 0 ? composed(r) : Buffer.concat([composed(r), Buffer.from(r.pick(texts)), composed(r)]),
      );
      const chunk = glued(r, cells);
      for (const cell of cells) {
        if (detector.find(cell, 0, cell.length, { name: r.pick(['', 'badge']) }).length === 0) continue;
        assert.ok(detector.mayHold(cell, 0, cell.length) && detector.mayHold(chunk, 0, chunk.length), cell.toString('latin1'));
      }
    });
  });

  it('is the same wherever a stream is cut or flushed', () => {
    const masker = createMasker('partial');
    forSeeds(count(300), (r) => {
      const texts = ['badge E123456 ', ' Bluebird ', ' ticket99 ', ' the quick brown fox jumps over '];
      const text = Buffer.concat(Array.from({ length: 1 + r.int(6) }, () => [composed(r), Buffer.from(r.pick(texts))]).flat());
      const out: Buffer[] = [];
      const stream = new StreamMasker({ detector, masker, write: (bytes) => out.push(Buffer.from(bytes)) });
      for (let at = 0; at < text.length; ) {
        const size = 1 + r.int(12);
        stream.push(text.subarray(at, at + size));
        at += size;
        if (r.int(2) === 0) stream.flush();
      }
      stream.end();
      const whole = maskText(detector, masker, text, 0, text.length) ?? text;
      assert.equal(Buffer.concat(out).toString('latin1'), whole.toString('latin1'));
    });
  });
});

describe('detection in a policy', () => {
  const policy = (text: string): string => `version: 1\nmasks:\n  - { name: m, detect: [all], as: redact }\ndetection:\n${text}`;
  const detectorOf = (text: string, detect = 'all'): Detector => {
    const rules = compilePolicy(policy(text).replace('[all]', `[${detect}]`), 'p.yaml').masks.map(({ rule }) => rule);
    return buildMaskSet(rules, {}).detectors[0]!.detector;
  };

  it('kinds, context words and scores', () => {
    const text =
      "  kinds:\n    - { kind: employee, pattern: '\\bE\\d{6}\\b', context: [badge] }\n    - { kind: project, words: [Bluebird], score: 0.6 }\n";
    assert.deepEqual(found(detectorOf(text), 'badge E123456, Bluebird, a@b.io'), ['employee:E123456', 'project:Bluebird', 'email:a@b.io']);
    assert.deepEqual(found(detectorOf(text, 'project'), 'badge E123456, Bluebird, a@b.io'), ['project:Bluebird']);
    assert.deepEqual(found(detectorOf(text, 'custom'), 'badge E123456, Bluebird, a@b.io'), ['employee:E123456', 'project:Bluebird']);
    assert.deepEqual(found(detectorOf(`${text}  score_min: { custom: 0.7, employee: 0.5 }\n`), 'badge E123456, Bluebird'), [
      'employee:E123456',
    ]);
  });

  it('allow lists', () => {
    const left = (allow: string, text: string): string[] => found(detectorOf(`  allow:\n    - ${allow}\n`), text);
    assert.deepEqual(left('{ lists: [test_cards] }', 'card 4111-1111-1111-1111 or 4716 1234 1234 1234'), []);
    assert.equal(left('{ lists: [documentation] }', 'card 4111-1111-1111-1111').length, 1);
    assert.deepEqual(left('{ lists: [documentation] }', 'a.b@mail.example.org, c@d.io 203.0.113.9 10.20.30.40'), [
      'email:c@d.io',
      'ip_address:10.20.30.40',
    ]);
    assert.deepEqual(left('{ domains: [Corp.io] }', 'a@corp.io b@mail.corp.io c@xcorp.io'), ['email:c@xcorp.io']);
    assert.deepEqual(left("{ kinds: [credit_card], values: ['5555 5555 5555 4444', a@corp.io] }", '5555555555554444 a@corp.io'), [
      'email:a@corp.io',
    ]);
    assert.deepEqual(left('{ kinds: [pii], values: [A@Corp.io] }', 'a@corp.io'), []);
  });

  it('what is left alone hides nothing that is not', () => {
    const masks = (detect: string) => detectorOf('  allow:\n    - { domains: [corp.io], lists: [documentation] }\n', detect);
    for (const [text, hits] of [
      ['4532015112830366@corp.io', ['credit_card:4532015112830366']],
      ['of ghp_16C7e42F292c6912E7710c838347Ae178B4a@corp.io', ['github_token:ghp_16C7e42F292c6912E7710c838347Ae178B4a']],
      ['jane@gmail.com@corp.io', ['email:jane@gmail.com']],
      ['password=hunter22@corp.io', ['password:hunter22@corp.io']],
      ['536-90-4399@example.com and bob@corp.io', ['us_ssn:536-90-4399']],
      ['bob@corp.io, a@corp.io, 203.0.113.9', []],
    ] as const)
      assert.deepEqual(found(masks('all'), text), hits, text);
    // what is not looked for is not found within it either
    assert.deepEqual(found(masks('email'), '4532015112830366@corp.io'), []);
    const rules = compilePolicy(
      policy('  allow:\n    - { domains: [corp.io] }\n')
        .replace('detection:', '  - { name: n, detect: [credit_card], as: "null" }\ndetection:')
        .replace('[all]', '[email]'),
      'p.yaml',
    ).masks.map(({ rule }) => rule);
    const [first, second] = buildMaskSet(rules, {}).detectors;
    const both = first!.detector.join!([second!.detector])!;
    assert.deepEqual(found(both, '4532015112830366@corp.io'), ['credit_card:4532015112830366']);
    const steps = (times: number): number => {
      const detector = masks('all') as Detector & { steps: number };
      const text = Buffer.from('bob@corp.io '.repeat(times));
      detector.find(text, 0, text.length);
      return detector.steps;
    };
    assert.ok(steps(4000) < 4.2 * steps(1000), 'in time that grows with the text');
  });

  it('mistakes have their line', () => {
    for (const [text, why] of [
      ["  kinds:\n    - { kind: employee, pattern: 'E(\\d+' }\n", /p\.yaml:6:\d+: the pattern can't be used: a \( is not closed/],
      ["  kinds:\n    - { kind: employee, pattern: '(a+)+' }\n", /p\.yaml:6:\d+: the pattern can't be used: .*fewer than 3 characters/],
      ['  kinds:\n    - { kind: email, words: [x] }\n', /p\.yaml:6:\d+: there is a kind "email" already/],
      ['  kinds:\n    - { kind: own }\n', /p\.yaml:6:\d+: the kind "own" has neither words nor a pattern/],
      ['  score_min: { emial: 0.7 }\n', /p\.yaml:5:\d+: there is no kind "emial"; did you mean email\?/],
      ['  allow:\n    - { kinds: [emails], values: [x] }\n', /p\.yaml:6:\d+: there is no kind "emails"/],
      ['  allow:\n    - { kinds: [email] }\n', /p\.yaml:6:\d+: nothing is left alone here/],
      ['  score_min: { email: 7 }\n', /p\.yaml:5:\d+: /],
    ] as const)
      assert.throws(
        () => compilePolicy(policy(text), 'p.yaml'),
        (error: Error) => why.test(error.message) || assert.fail(error.message),
        text,
      );
  });
});

describe('a dictionary of a hundred thousand words', function () {
  this.timeout(60_000);

  it('stands in a policy, and is looked for by one pass', () => {
    const words = Array.from({ length: 100_000 }, (_, n) => `w${(n * 7919).toString(36)}ü`);
    const text = `version: 1\ndetection:\n  kinds:\n    - { kind: own, words: [${words.join(', ')}] }\nmasks:\n  - { name: m, detect: [own], as: redact }\n`;
    const rules = compilePolicy(text, 'p.yaml').masks.map(({ rule }) => rule);
    const detector = buildMaskSet(rules, {}).detectors[0]!.detector as Detector & { steps: number };
    assert.deepEqual(found(detector, `x ${words[99_999]} ${words[5]}y ${words[7]}`), [`own:${words[99_999]}`, `own:${words[7]}`]);
    const steps = (times: number): number => {
      const before = detector.steps;
      const body = Buffer.from('w1w2w3 none of them wzzü '.repeat(times));
      detector.find(body, 0, body.length);
      return detector.steps - before;
    };
    assert.ok(steps(4000) < 4.2 * steps(1000) && steps(1000) < 4 * 25_000);
  });
});
