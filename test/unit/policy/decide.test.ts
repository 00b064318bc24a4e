import assert from 'node:assert/strict';
import { compilePolicy } from '../../../filters/policy/index.js';
import { identity, oneRule, operation, sqlFacts } from './operation.js';

const open = 'defaults: { unparsed: allow, opaque: allow, grammar: follow }\n';
const rules = (list: string[], defaults = open) =>
  compilePolicy(`version: 1\nrules:\n${list.map((rule) => `  - ${rule}\n`).join('')}${defaults}`, 'p.yaml');
const rule = (name: string, then: string, more = '', when = 'true') =>
  `{ name: ${name}, on: postgres, when: '${when}', then: ${then}${more === '' ? '' : `, ${more}`} }`;
const any = operation(sqlFacts([{}]));
const names = (decision: { matches: { rule: string }[] }) => decision.matches.map((match) => match.rule);

describe('the verdict', function () {
  this.timeout(60_000);

  it('is the strictest of all rules that match, and all of them are recorded', () => {
    const decision = rules([rule('a', 'allow'), rule('b', 'deny'), rule('c', 'approve')]).decide(any);
    assert.equal(decision.verdict, 'deny');
    assert.equal(decision.rule, 'b');
    assert.deepEqual(names(decision), ['a', 'b', 'c']);
    assert.equal(decision.approval, undefined);
  });

  it('is named after the first of the strictest rules, with its message and hint', () => {
    const decision = rules([rule('a', 'approve'), rule('b', 'deny', 'message: no, hint: ask'), rule('c', 'deny', 'message: never')]).decide(
      any,
    );
    assert.deepEqual([decision.rule, decision.message, decision.hint], ['b', 'no', 'ask']);
  });

  it('is a plain allow when nothing matches', () => {
    assert.deepEqual(rules([rule('a', 'deny', '', 'false')]).decide(any), {
      verdict: 'allow',
      matches: [],
      rule: '',
      message: '',
      hint: '',
    });
  });

  it('has a message even where the rule gives none', () => {
    assert.equal(rules([rule('a', 'deny')]).decide(any).message, 'Refused by the rule a.');
    assert.equal(rules([rule('a', 'approve')]).decide(any).message, 'Needs an approval by the rule a.');
  });

  it('does not follow rules that observe, but records them', () => {
    const decision = rules([rule('a', 'deny', 'mode: observe'), rule('b', 'approve')]).decide(any);
    assert.equal(decision.verdict, 'approve');
    assert.deepEqual(decision.matches, [
      { rule: 'a', verdict: 'deny', mode: 'observe' },
      { rule: 'b', verdict: 'approve', mode: 'enforce' },
    ]);
  });

  it('knows nothing of disabled rules and of rules on other protocols', () => {
    const policy = rules([
      rule('a', 'deny', 'enabled: false'),
      `{ name: b, on: http, when: 'http.method == "GET"', then: deny }`,
      `{ name: c, on: mcp, when: 'true', then: deny }`,
    ]);
    assert.deepEqual(policy.decide(any).matches, []);
    assert.equal(policy.rules.length, 3);
  });

  it('takes rules on any protocol', () => {
    assert.equal(
      rules([`{ name: a, on: any, when: 'on == "postgres" && identity.kind == "claimed"', then: deny }`]).decide(any).verdict,
      'deny',
    );
  });
});

describe('a condition that can not be evaluated', function () {
  this.timeout(60_000);
  const any = operation(sqlFacts([{}]), { identity: identity({ kind: 'jwt', proof: 'jwt' }) });

  it('counts as matched with its own verdict, and says why', () => {
    const decision = compilePolicy(oneRule('identity.claims.team == "x"', 'approve'), 'p.yaml').decide(any);
    assert.deepEqual(decision.matches, [{ rule: 'r', verdict: 'approve', mode: 'enforce', error: 'No such key: team' }]);
    assert.equal(decision.verdict, 'approve');
  });

  it('does not stop other rules', () => {
    const decision = rules([rule('a', 'approve', '', 'identity.claims.team == "x"'), rule('b', 'deny')]).decide(any);
    assert.deepEqual([decision.verdict, ...names(decision)], ['deny', 'a', 'b']);
  });

  it('is not reached where the rest of the condition decides', () => {
    assert.deepEqual(compilePolicy(oneRule('sql.count == 7 && identity.claims.team == "x"'), 'p.yaml').decide(any).matches, []);
  });

  it('allows nothing where only what is allowed passes', () => {
    const policy = rules([rule('a', 'allow', '', 'identity.claims.team == "x"')], 'defaults: { allow: false }\n');
    const decision = policy.decide(any);
    assert.deepEqual([decision.verdict, decision.rule, ...names(decision)], ['deny', 'default:allow', 'a', 'default:allow']);
    assert.equal(
      policy.decide(operation(sqlFacts([{}]), { identity: identity({ kind: 'jwt', proof: 'jwt', claims: { team: 'x' } }) })).verdict,
      'allow',
    );
  });

  it('keeps a mask', () => {
    const policy = compilePolicy(
      'version: 1\nmasks:\n  - { name: m, detect: [email], as: redact, unless: identity.claims.clearance == "high" }\n',
      'p.yaml',
    );
    assert.deepEqual(
      policy.masksFor(any).map((mask) => mask.name),
      ['m'],
    );
    assert.deepEqual(policy.masksFor({ ...any, identity: identity({ kind: 'jwt', proof: 'jwt', claims: { clearance: 'high' } }) }), []);
    assert.deepEqual(
      policy.masksFor({ ...any, identity: identity({ kind: 'jwt', proof: 'jwt', claims: { clearance: 7 } }) }).map((mask) => mask.name),
      ['m'],
    );
  });
});

describe('defaults', function () {
  this.timeout(60_000);

  const unparsed = operation(sqlFacts([], { unparsed: 'syntax error' }));
  const opaque = operation(sqlFacts([{ opaque: ['unknown function f'] }], { opaque: ['unknown function f'] }));

  it('are deny, approve, pin and allow', () => {
    const policy = compilePolicy('version: 1\n', 'p.yaml');
    assert.deepEqual(policy.defaults, { unparsed: 'deny', opaque: 'approve', grammar: 'pin', allow: true });
    assert.deepEqual(
      [policy.decide(unparsed).verdict, policy.decide(opaque).verdict, policy.decide(any).verdict],
      ['deny', 'approve', 'allow'],
    );
    assert.deepEqual(policy.decide(opaque).approval, { by: [], quorum: 1, wait_ms: 900_000 });
    assert.equal(policy.decide(unparsed).rule, 'default:unparsed');
  });

  it('are matches like rules, so a stricter rule wins over them and they over a laxer one', () => {
    assert.equal(rules([rule('a', 'allow')], 'defaults: { opaque: deny }\n').decide(opaque).rule, 'default:opaque');
    assert.equal(rules([rule('a', 'deny')]).decide(opaque).rule, 'a');
    assert.deepEqual(names(rules([rule('a', 'deny')]).decide(opaque)), ['a', 'default:opaque']);
  });

  it('allow: false refuses what no rule allows or wants approved', () => {
    const closed = 'defaults: { allow: false }\n';
    assert.equal(compilePolicy(`version: 1\n${closed}`, 'p.yaml').decide(any).rule, 'default:allow');
    assert.equal(rules([rule('a', 'allow')], closed).decide(any).verdict, 'allow');
    assert.equal(rules([rule('a', 'approve')], closed).decide(any).verdict, 'approve');
    assert.equal(rules([rule('a', 'allow', 'mode: observe')], closed).decide(any).rule, 'default:allow');
    assert.equal(rules([rule('a', 'deny')], closed).decide(any).rule, 'a');
  });
});

describe('terms of approval', function () {
  this.timeout(60_000);

  const terms = (...list: string[]) =>
    rules(list.map((approve, i) => rule(`r${i}`, 'approve', `approve: ${approve}`))).decide(any).approval;

  it('are those of the rule', () => {
    assert.deepEqual(terms('{ by: [dba], quorum: 2, wait: 1h, lease: { same: shape, for: 30m, uses: 3 } }'), {
      by: ['dba'],
      quorum: 2,
      wait_ms: 3_600_000,
      lease: { same: 'shape', for_ms: 1_800_000, uses: 3 },
    });
  });

  it('are the strictest of several rules: common groups, highest quorum, shortest wait', () => {
    assert.deepEqual(terms('{ by: [dba, ops], wait: 1h }', '{ by: [ops, security], quorum: 2, wait: 5m }'), {
      by: ['ops'],
      quorum: 2,
      wait_ms: 300_000,
    });
    assert.deepEqual(terms('{ wait: 1h }', '{ by: [dba] }'), { by: ['dba'], quorum: 1, wait_ms: 900_000 });
  });

  it('are of the first list where the rules have no group in common', () => {
    assert.deepEqual(terms('{ by: [dba] }', '{ by: [security] }')?.by, ['dba']);
  });

  it('have a lease only when every rule has one, the narrowest', () => {
    const long = '{ lease: { same: shape, for: 1h, uses: 9 } }';
    assert.equal(terms(long, '{ by: [dba] }')?.lease, undefined);
    assert.deepEqual(terms(long, '{ lease: { same: text, for: 2h, uses: 2 } }')?.lease, { same: 'text', for_ms: 3_600_000, uses: 2 });
  });

  it('count rules that are enforced only, and the default for what is opaque', () => {
    const policy = rules([
      rule('a', 'approve', 'approve: { by: [dba], lease: { same: shape, for: 1h } }'),
      rule('b', 'approve', 'mode: observe, approve: { quorum: 9 }'),
    ]);
    assert.deepEqual(policy.decide(any).approval, {
      by: ['dba'],
      quorum: 1,
      wait_ms: 900_000,
      lease: { same: 'shape', for_ms: 3_600_000, uses: 20 },
    });
    const withOpaque = rules([rule('a', 'approve', 'approve: { by: [dba], lease: { same: shape, for: 1h } }')], '');
    assert.equal(withOpaque.decide(operation(sqlFacts([{}], { opaque: ['x'] }))).approval?.lease, undefined);
  });
});

describe('parameters', function () {
  this.timeout(60_000);

  const policy = compilePolicy(oneRule('sql.statements.exists(s, s.kind == "delete") && params.exists(p, p == "admin")'), 'p.yaml');
  const prepared = sqlFacts([{ kind: 'delete' }], { parameters: 2 });
  const verdict = (params: (string | null | undefined)[] | undefined, sql = prepared) =>
    policy.decide(operation(sql, params === undefined ? {} : { params }));

  it('are asked for again once they are bound', () => {
    assert.equal(policy.usesParams, true);
    assert.deepEqual(verdict(undefined).matches, [], 'while the statement is prepared');
    assert.equal(verdict(['x', 'admin']).verdict, 'deny');
    assert.equal(verdict(['x', 'guest']).verdict, 'allow');
    assert.equal(verdict([null, null]).verdict, 'allow');
  });

  it('that could not be read are an error, so the rule matches', () => {
    assert.deepEqual(verdict(['x', undefined]).matches, [
      { rule: 'r', verdict: 'deny', mode: 'enforce', error: 'parameter $2 could not be read' },
    ]);
    assert.equal(verdict([undefined, 'admin']).verdict, 'deny');
    const byIndex = compilePolicy(oneRule('params[0] == "a"'), 'p.yaml');
    assert.equal(
      byIndex.decide(operation(prepared, { params: ['b', undefined] })).verdict,
      'allow',
      'the one that is asked for could be read',
    );
    assert.match(byIndex.decide(operation(prepared, { params: [undefined, 'b'] })).matches[0]?.error ?? '', /\$1/);
    const membership = compilePolicy(oneRule('"a" in params'), 'p.yaml');
    assert.match(membership.decide(operation(prepared, { params: ['b', undefined] })).matches[0]?.error ?? '', /\$2/);
  });

  it('are an empty list for a statement without any', () => {
    assert.deepEqual(verdict(undefined, sqlFacts([{ kind: 'delete' }])).matches, []);
  });

  it('of a SQL-level EXECUTE are not known, so the rule matches', () => {
    assert.match(
      verdict(undefined, sqlFacts([{ kind: 'execute' }, { kind: 'delete', within: 'execute' }])).matches[0]?.error ?? '',
      /EXECUTE/,
    );
    assert.match(verdict([], sqlFacts([{ kind: 'execute' }, { kind: 'delete', within: 'execute' }])).matches[0]?.error ?? '', /EXECUTE/);
  });

  it('do not matter to rules that do not ask', () => {
    const other = compilePolicy(oneRule('sql.statements.exists(s, s.kind == "params")'), 'p.yaml');
    assert.equal(other.usesParams, false);
    const disabled = compilePolicy(oneRule('size(params) > 1', 'deny', '    enabled: false\n'), 'p.yaml');
    assert.equal(disabled.usesParams, false);
    const nested = compilePolicy(oneRule('sql.count > 0 ? [1, 2].exists(i, size(params) > i) : false'), 'p.yaml');
    assert.equal(nested.usesParams, true);
  });
});

describe('what a policy says of itself', function () {
  this.timeout(60_000);

  const transparent = 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow }\n';

  it('is transparent exactly when it changes nothing', () => {
    const is = (text: string) => compilePolicy(text, 'p.yaml').transparent;
    assert.equal(is(transparent), true);
    assert.equal(is(`${transparent}rules:\n  - { name: a, on: postgres, when: "true", then: deny, enabled: false }\n`), true);
    assert.equal(is(`${transparent}rules:\n  - { name: a, on: postgres, when: "true", then: allow, mode: observe }\n`), false);
    assert.equal(is(`${transparent}masks:\n  - { name: m, detect: [email], as: redact, unless: "true" }\n`), false);
    assert.equal(is(transparent.replace('unparsed: allow', 'unparsed: deny')), false);
    assert.equal(is(transparent.replace('opaque: allow', 'opaque: approve')), false);
    assert.equal(is(transparent.replace('grammar: follow', 'grammar: pin')), false);
    assert.equal(is(transparent.replace('follow }', 'follow, allow: false }')), false);
  });

  it('has the hash of its text as its version', () => {
    assert.equal(compilePolicy('version: 1\n', 'a').version, '09bfcc6a14b83e2192b8673677725c84883ee9cd0c70e45c9ec09daa8f2b2847');
    assert.notEqual(compilePolicy('version: 1\n', 'a').version, compilePolicy('version: 1 \n', 'a').version);
  });

  it('has limits and terms of recording with their defaults', () => {
    const plain = compilePolicy('version: 1\n', 'p.yaml');
    assert.deepEqual(plain.limits, {
      statement_bytes_max: 1_048_576,
      message_bytes_max: 67_108_864,
      held_bytes_max: 16_777_216,
      unpacked_bytes_max: 1_073_741_824,
      unpacked_ratio_max: 200,
    });
    assert.deepEqual(plain.recording, { sealed: [], response_bytes_max: 65_536 });
    const recipient = `age1${'q'.repeat(58)}`;
    const set = compilePolicy(
      `version: 1\nlimits: { statement_bytes_max: 64 KiB }\nrecording: { sealed: [${recipient}], response_bytes_max: 1MiB }\n`,
      'p.yaml',
    );
    assert.deepEqual([set.limits.statement_bytes_max, set.recording], [65_536, { sealed: [recipient], response_bytes_max: 1_048_576 }]);
  });

  it('gives masks with their regions, and null as a word or as nothing', () => {
    const policy = compilePolicy(
      'version: 1\nmasks:\n  - { name: a, detect: [phone], as: partial, regions: [DE, US] }\n  - { name: b, columns: ["*.people.salary"], as: null }\n  - { name: c, columns: [a.b.c], as: "null" }\n',
      'p.yaml',
    );
    assert.deepEqual(policy.masksFor(any), [
      { name: 'a', detect: ['phone'], columns: [], as: 'partial', regions: ['DE', 'US'] },
      { name: 'b', detect: [], columns: ['*.people.salary'], as: 'null' },
      { name: 'c', detect: [], columns: ['a.b.c'], as: 'null' },
    ]);
  });
});
