import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compilePolicy } from '../../../filters/policy/index.js';
import { glob, Pattern } from '../../../filters/policy/pattern.js';
import type { Verdict } from '../../../filters/policy/types.js';
import type { StatementFacts } from '../../../filters/sql/facts.js';
import { TEST_MS_MAX } from '../../support/long.js';
import { runs } from '../../support/seed.js';
import { operation, sqlFacts } from '../../unit/policy/operation.js';

const strictness: Record<Verdict, number> = { allow: 0, approve: 1, deny: 2 };

const conditions = [
  'true',
  'false',
  'sql.statements.exists(s, s.kind == "drop")',
  'sql.statements.exists(s, s.kind == "delete" && !s.filtered)',
  'sql.statements.all(s, s.kind == "select")',
  'sql.count > 1',
  'identity.claims.missing == "x"',
  'sql.statements.exists(s, s.objects.exists(o, o.name == "orders"))',
  'params.exists(p, p == "1")',
];

const approvals = [
  '',
  'approve: { by: [dba] }',
  'approve: { by: [dba, ops], quorum: 2, wait: 5m }',
  'approve: { by: [security], lease: { same: text, for: 1h, uses: 2 } }',
  'approve: { lease: { same: shape, for: 5m } }',
];

interface Rule {
  when: string;
  then: Verdict;
  mode: 'enforce' | 'observe';
  approve: string;
}

const rule: fc.Arbitrary<Rule> = fc.record({
  when: fc.constantFrom(...conditions),
  // biome-ignore lint/suspicious/noThenProperty: the word of the policy file, never awaited
  then: fc.constantFrom<Verdict>('allow', 'approve', 'deny'),
  mode: fc.constantFrom<'enforce' | 'observe'>('enforce', 'enforce', 'observe'),
  approve: fc.constantFrom(...approvals),
});

const defaults = fc.record({
  unparsed: fc.constantFrom<Verdict>('allow', 'approve', 'deny'),
  opaque: fc.constantFrom<Verdict>('allow', 'approve', 'deny'),
  grammar: fc.constantFrom('pin', 'follow'),
});

const statements = fc.array(
  fc.record<Partial<StatementFacts>>({
    kind: fc.constantFrom('select', 'drop', 'delete', 'set'),
    filtered: fc.boolean(),
    setting: fc.constantFrom('', 'client_encoding'),
    setting_value: fc.constantFrom('', 'SJIS', 'UTF8'),
    objects: fc.constantFrom([], [{ type: 'table', schema: '', name: 'orders', access: 'write' as const }]),
  }),
  { maxLength: 4 },
);

const facts = fc
  .record({
    statements,
    unparsed: fc.constantFrom('', '', 'syntax error'),
    opaque: fc.constantFrom<string[]>([], [], ['dynamic SQL']),
    params: fc.constantFrom<(string | undefined)[] | undefined>(undefined, ['1'], ['2', undefined]),
  })
  .map(({ statements: list, unparsed, opaque, params }) =>
    operation(
      sqlFacts(list, { unparsed, opaque, parameters: params === undefined ? 0 : params.length }),
      params === undefined ? {} : { params },
    ),
  );

function compile(rules: (Rule & { name: string })[], given: Record<string, unknown>) {
  const lines = rules.map(
    ({ name, when, then, mode, approve }) =>
      `  - { name: ${name}, on: postgres, when: '${when}', then: ${then}, mode: ${mode}${then === 'approve' && approve !== '' ? `, ${approve}` : ''} }\n`,
  );
  return compilePolicy(
    `version: 1\nrules:${lines.length === 0 ? ' []' : ''}\n${lines.join('')}defaults: ${JSON.stringify(given)}\n`,
    'p.yaml',
  );
}

const named = (rules: Rule[]) => rules.map((one, i) => ({ ...one, name: `r${i}` }));

describe('any policy', function () {
  this.timeout(TEST_MS_MAX);

  it('decides by the strictest of what it enforces', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), defaults, facts, (rules, given, operationFacts) => {
        const decision = compile(named(rules), given).decide(operationFacts);
        const strictest = Math.max(
          0,
          ...decision.matches.filter((match) => match.mode === 'enforce').map((match) => strictness[match.verdict]),
        );
        assert.equal(strictness[decision.verdict], strictest);
        assert.equal(decision.approval !== undefined, decision.verdict === 'approve');
        assert.equal(decision.rule === '', decision.verdict === 'allow');
        if (decision.rule !== '')
          assert.ok(
            decision.matches.some(
              (match) => match.rule === decision.rule && match.verdict === decision.verdict && match.mode === 'enforce',
            ),
          );
      }),
      runs(300),
    );
  });

  it('decides the same whatever the order of its rules', () => {
    const shuffled = fc
      .array(rule, { minLength: 2, maxLength: 6 })
      .chain((rules) => fc.tuple(fc.constant(named(rules)), fc.shuffledSubarray(named(rules), { minLength: rules.length })));
    fc.assert(
      fc.property(shuffled, defaults, facts, ([rules, other], given, operationFacts) => {
        const a = compile(rules, given).decide(operationFacts);
        const b = compile(other, given).decide(operationFacts);
        const sorted = (matches: { rule: string }[]) => [...matches].sort((x, y) => x.rule.localeCompare(y.rule));
        assert.equal(a.verdict, b.verdict);
        assert.deepEqual(sorted(a.matches), sorted(b.matches));
        assert.deepEqual(
          [a.approval?.quorum, a.approval?.wait_ms, a.approval?.lease],
          [b.approval?.quorum, b.approval?.wait_ms, b.approval?.lease],
        );
      }),
      runs(300),
    );
  });

  it('is never loosened by a rule that is added, save by an allow where only what is allowed passes', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), rule, defaults, fc.boolean(), facts, (rules, added, given, allow, operationFacts) => {
        const before = compile(named(rules), { ...given, allow }).decide(operationFacts);
        const after = compile(named([...rules, added]), { ...given, allow }).decide(operationFacts);
        if (before.rule === 'default:allow') return;
        assert.ok(strictness[after.verdict] >= strictness[before.verdict], `${before.verdict} became ${after.verdict}`);
      }),
      runs(300),
    );
  });

  it('changes no verdict by what it observes', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 5 }), rule, defaults, facts, (rules, added, given, operationFacts) => {
        const observed: Rule = { ...added, mode: 'observe' };
        const before = compile(named(rules), given).decide(operationFacts);
        const after = compile(named([...rules, observed]), given).decide(operationFacts);
        assert.equal(after.verdict, before.verdict);
        assert.equal(after.rule, before.rule);
        assert.deepEqual(after.approval, before.approval);
      }),
      runs(300),
    );
  });

  it('is compiled, or refused in words, whatever is done to its text', () => {
    const text =
      'version: 1\nrules:\n  - name: a\n    on: postgres\n    when: sql.statements.exists(s, s.kind == "drop")\n    then: approve\n    approve: { by: [dba], wait: 15m, lease: { same: shape, for: 1h } }\nmasks:\n  - { name: m, detect: [email], as: redact, unless: identity.id == "x" }\n';
    const pieces = ['', '\t', '"', "'", '[', '{', '&a ', '*a', '!!x ', '\n', ': ', '- ', '\u0000', '😀', '(', 'true', '~', '|', '>', '#'];
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(12), fc.constantFrom(...pieces), (at, cut, piece) => {
        const changed = text.slice(0, at) + piece + text.slice(at + cut);
        try {
          compilePolicy(changed, 'p.yaml');
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'policy_invalid', String(error));
          for (const said of (error as Error).message.split('\n')) assert.match(said, /^p\.yaml:(\d+:\d+: \S| and \d+ more$)/);
        }
      }),
      runs(1500),
    );
  });
});

describe('any pattern', function () {
  this.timeout(TEST_MS_MAX);

  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '(a|b)', '(?:ab)', '\\b', '^', '$', '(a|)', '(b*)');
  const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}');
  const source = fc
    .array(fc.tuple(atom, quantifier), { maxLength: 6 })
    .map((parts) => parts.map(([a, q]) => (/^(\\b|\^|\$)$/.test(a) ? a : a + q)).join(''));

  it('finds what the backtracking engine finds', () => {
    fc.assert(
      fc.property(
        fc.array(source, { minLength: 1, maxLength: 3 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '\n'), maxLength: 12 }),
        (sources, text) => {
          const pattern = sources.join('|');
          assert.equal(
            new Pattern(pattern).test(text, { left: 1e7 }),
            new RegExp(pattern).test(text),
            `/${pattern}/ on ${JSON.stringify(text)}`,
          );
        },
      ),
      runs(2000),
    );
  });

  it('as a glob is what it is as an expression', () => {
    const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.'), maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 }),
        (pattern, text) => {
          const expression = new RegExp(`^${literal(pattern).replaceAll('\\*', '[^]*').replaceAll('\\?', '[^]')}$`);
          assert.equal(glob(text, pattern, { left: 1e6 }), expression.test(text));
        },
      ),
      runs(1000),
    );
  });
});
