import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sqlReader } from '../../../extproc/sql-grammars.js';
import { operationOf, readCases, runCase } from '../../../filters/policy/cases.js';
import { explain } from '../../../filters/policy/explain.js';
import { compilePolicy, policySchema } from '../../../filters/policy/index.js';
import { createAnalyzer, loadParser } from '../../../filters/sql/analyze.js';
import { identity, operation, sqlFacts } from './operation.js';

const folder = join(process.cwd(), 'extproc', 'policies');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const load = (name: string) => compilePolicy(read(`${name}.yaml`), `${name}.yaml`);
const analyzer = createAnalyzer({ cache_entries_max: 1, cache_bytes_max: 1, statement_bytes_max: 1e6 });

const readSql = sqlReader(analyzer);
const factsOf = (sql: string | undefined) => (sql === undefined ? undefined : analyzer.analyze(sql).facts);
const paramsOf = (one: Parameters<typeof operationOf>[0]) => {
  const facts = operationOf(one, sqlFacts([]));
  assert.ok(facts.on === 'postgres');
  return facts.params;
};

describe('sample policies', function () {
  this.timeout(60_000);

  before(loadParser);

  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tests.yaml'))) {
    const policy = load(file.replace('.tests.yaml', ''));
    for (const one of readCases(read(file), file)) {
      it(`${file}:${one.line} ${one.name}`, () => assert.deepEqual(runCase(policy, one, factsOf(one.sql), readSql).differences, []));
    }
  }

  for (const name of ['starter', 'http', 'mcp', 'kubernetes', 'websocket'])
    it(`${name} has a case for every rule that it has`, () => {
      const policy = load(name);
      const cases = readCases(read(`${name}.tests.yaml`), `${name}.tests.yaml`);
      const seen = new Set(cases.flatMap((one) => runCase(policy, one, factsOf(one.sql), readSql).got.rules));
      assert.deepEqual(
        policy.rules.filter((rule) => !seen.has(rule.name)).map((rule) => rule.name),
        [],
      );
      assert.ok(cases.length >= (name === 'starter' ? 60 : policy.rules.length * 2));
    });

  it('allow-all is transparent, the others are not', () =>
    assert.deepEqual(
      ['allow-all', 'demo', 'starter'].map((name) => load(name).transparent),
      [true, false, false],
    ));

  it('the schema beside them is the one that files are checked against', () =>
    assert.deepEqual(JSON.parse(read('policy.schema.json')), JSON.parse(JSON.stringify(policySchema))));
});

describe('cases', function () {
  this.timeout(60_000);

  const policy = compilePolicy('version: 1\nrules:\n  - { name: no, on: postgres, when: sql.count == 1, then: deny }\n', 'p.yaml');

  it('tell each difference', () => {
    const one = { name: 'c', line: 1, sql: 'x', expect: { verdict: 'allow' as const, rules: ['other'], masks: ['m'] } };
    assert.deepEqual(runCase(policy, one, sqlFacts([{}])).differences, [
      'verdict: expected allow, got deny',
      'rules: expected other, got no',
      'masks: expected m, got none',
    ]);
  });

  it('compare rules as sets, and only where they are named', () => {
    const one = { name: 'c', line: 1, sql: 'x', expect: { verdict: 'deny' as const } };
    assert.equal(runCase(policy, one, sqlFacts([{}])).passed, true);
    assert.equal(runCase(policy, { ...one, expect: { verdict: 'deny', rules: [] } }, sqlFacts([{}])).passed, false);
  });

  it('with mistakes are refused with their line', () => {
    assert.throws(
      () => readCases('- name: a\n  sql: select 1\n  expect: { verdict: denny }\n', 't.yaml'),
      /t\.yaml:3:22: \[0\]\.expect\.verdict can't be the text "denny"; did you mean deny\?/,
    );
    assert.throws(() => readCases('', 't.yaml'), /t\.yaml:1:1: the file is empty/);
    assert.throws(() => readCases('[]\n', 't.yaml'), /is empty/);
  });

  it('without params are simple queries, with them executions', () => {
    assert.equal(paramsOf({ sql: 'x' }), undefined);
    assert.deepEqual(paramsOf({ sql: 'x', params: ['1', null] }), ['1', null]);
  });
});

describe('an explanation', function () {
  this.timeout(60_000);

  const text = `version: 1
rules:
  - { name: writes, on: postgres, when: 'resource == "orders" && sql.statements.exists(s, s.writes && s.kind.matches("^del"))', then: deny }
  - { name: claim, on: postgres, when: 'identity.claims.team == "x" || sql.count > 5', then: approve }
  - { name: bound, on: postgres, when: 'params.exists(p, p == "x")', then: deny }
  - { name: other, on: http, when: 'true', then: deny }
masks:
  - { name: m, detect: [email], as: redact, unless: '"a" in identity.groups' }
`;
  const policy = compilePolicy(text, 'p.yaml');
  const facts = operation(sqlFacts([{ kind: 'select' }, { kind: 'delete', writes: true, limit: 3 }], { parameters: 1 }), {
    identity: identity({ kind: 'jwt', proof: 'jwt', groups: ['a'] }),
  });
  const { rules, masks } = explain(policy, facts);

  it('takes conditions apart, and shows the elements that made them hold', () => {
    assert.deepEqual(
      rules.map((rule) => [rule.rule, rule.outcome, rule.line]),
      [
        ['writes', 'matched', 3],
        ['claim', 'matched', 4],
        ['bound', 'open', 5],
        ['other', 'not asked', 6],
      ],
    );
    assert.deepEqual(
      rules[0]?.parts.map((part) => [part.expression, part.value, part.elements.length]),
      [
        ['resource == "orders"', 'true', 0],
        ['sql.statements.exists(s, s.writes && s.kind.matches("^del"))', 'true', 1],
      ],
    );
    const [element] = rules[0]?.parts[1]?.elements ?? [];
    assert.deepEqual(JSON.parse(JSON.stringify(element)), { ...sqlFacts([{ kind: 'delete', writes: true, limit: 3 }]).statements[0] });
  });

  it('says what could not be evaluated', () => {
    assert.equal(rules[1]?.error, 'No such key: team');
    assert.deepEqual(
      rules[1]?.parts.map((part) => part.value),
      ['error: No such key: team', 'false'],
    );
    assert.equal(rules[2]?.parts[0]?.value, 'open: parameters are not bound');
  });

  it('says which masks are lifted, and by what', () =>
    assert.deepEqual(masks, [{ mask: 'm', line: 8, inForce: false, unless: '"a" in identity.groups', error: '' }]));
});
