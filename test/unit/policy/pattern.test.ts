import assert from 'node:assert/strict';
import { glob, Pattern } from '../../../filters/policy/pattern.js';

const found = (source: string, text: string) => new Pattern(source).test(text, { left: 1e6 });

const cases: [pattern: string, yes: string[], no: string[]][] = [
  ['abc', ['abc', 'xabcx'], ['ab', 'acb', '']],
  ['', ['', 'a'], []],
  ['^abc$', ['abc'], ['abcd', 'xabc', 'abc\n']],
  ['a|b|', ['a', 'b', 'c', ''], []],
  ['^(a|bc)+d?$', ['a', 'bc', 'abcad'], ['', 'd', 'b']],
  ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
  ['^a{2}$', ['aa'], ['a', 'aaa']],
  ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
  ['^a{0}b$', ['b'], ['ab']],
  ['a{,2}', ['a{,2}'], ['aa']],
  ['^[a-c_]+$', ['abc_'], ['d', '']],
  ['^[^a-c]$', ['d', 'é', '😀'], ['a', 'dd']],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[a\\-z]$', ['-', 'a', 'z'], ['b']],
  ['^[\\d.]+$', ['1.2'], ['1,2']],
  ['^\\d{4}-\\d\\d$', ['2024-01'], ['2024-1']],
  ['^\\S+\\s\\w+$', ['a! b'], ['a!b']],
  ['^[[:alpha:]]+$', ['aZ'], ['a1']],
  ['^[[:^digit:]]$', ['a'], ['1']],
  ['\\bdrop\\b', ['a drop b', 'drop'], ['dropped', 'x_drop']],
  ['a\\Bb', ['ab'], ['a b']],
  ['(?i)drop', ['DROP', 'dRoP'], ['drp']],
  ['(?i)[a-c]+x', ['ABCx', 'abcX'], ['dx']],
  ['(?i:a)b', ['Ab', 'ab'], ['AB']],
  ['a(?i)b', ['aB', 'ab'], ['Ab']],
  ['a.c', ['abc', 'a\u00e9c', 'a😀c'], ['ac', 'a\nc']],
  ['(?s)a.c', ['a\nc'], []],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  ['\\Aab\\z', ['ab'], ['ab\n']],
  ['(?:ab)+?c', ['ababc'], ['c']],
  ['(?P<name>a)b', ['ab'], ['b']],
  ['\\x41\\x{1F600}', ['A😀'], ['A']],
  ['\\.\\*\\(\\)\\[', ['.*()['], ['x']],
  ['(a*)*b', ['b', 'aab'], ['a']],
  ['(|a)+$', ['', 'aa'], []],
  ['\\t\\n', ['\t\n'], ['tn']],
  ['^😀+$', ['😀😀'], ['😀x']],
];

describe('patterns', function () {
  this.timeout(60_000);

  for (const [pattern, yes, no] of cases) {
    it(`/${pattern}/`, () => {
      for (const text of yes) assert.equal(found(pattern, text), true, JSON.stringify(text));
      for (const text of no) assert.equal(found(pattern, text), false, JSON.stringify(text));
    });
  }

  for (const broken of [
    '(',
    ')',
    'a)',
    '[',
    '[a',
    '*',
    '+a',
    'a**',
    'a{3,2}',
    'a{2000}',
    '\\',
    '\\p{L}',
    '\\1',
    '(?=a)',
    '(?!a)',
    '(?<=a)',
    '[z-a]',
    '[[:nope:]]',
    '\\x4',
    '\\q',
    'a{1000}{1000}',
    '(((a{100}){100}){100})',
    `${'('.repeat(60)}${')'.repeat(60)}`,
    'a'.repeat(1001),
    '((){1000}){1000}',
  ]) {
    it(`/${broken.slice(0, 20)}/ is refused`, () => assert.throws(() => new Pattern(broken), RangeError));
  }

  it('take time linear in the text, whatever the pattern', () => {
    for (const source of ['^(a+)+$', '(a|a)*b', '(a|aa)+$', '(.*)*x', 'a*a*a*a*a*b', '\\bselect\\b.*from', '(\\w+\\s*)+;']) {
      const pattern = new Pattern(source);
      const steps = (length: number) => {
        const budget = { left: 1e9 };
        pattern.test(`${'a'.repeat(length)}!`, budget);
        return 1e9 - budget.left;
      };
      const short = steps(1000);
      assert.ok(steps(10_000) < short * 11, `${source}: ${short} steps for 1,000 characters, ${steps(10_000)} for 10,000`);
    }
  });

  it('stop at their budget', () => {
    assert.throws(() => new Pattern('a+b').test('a'.repeat(10_000), { left: 1000 }), /too long/);
    assert.throws(() => glob('a'.repeat(10_000), '*b', { left: 1000 }), /too long/);
  });
});

describe('globs', function () {
  this.timeout(60_000);

  const cases: [string, string, boolean][] = [
    ['prod-eu', 'prod-*', true],
    ['prod', 'prod-*', false],
    ['prod-', 'prod-*', true],
    ['a.b.c', 'a.*.c', true],
    ['abc', 'a.c', false],
    ['abc', 'a?c', true],
    ['', '*', true],
    ['', '', true],
    ['a', '', false],
    ['aXbXc', '*X*X*', true],
    ['a*c', 'a*c', true],
    ['(a)', '(a)', true],
  ];
  for (const [text, pattern, is] of cases)
    it(`${pattern} ${is ? 'is' : 'is not'} ${text}`, () => assert.equal(glob(text, pattern, { left: 1000 }), is));
});
