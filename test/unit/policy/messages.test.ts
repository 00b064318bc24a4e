import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { readCases } from '../../../filters/policy/cases.js';
import { compilePolicy } from '../../../filters/policy/index.js';

/** Mistakes, and exactly what is said about them. Line 1 is `version: 1` unless a text says otherwise. */
const rule = (body: string) => `version: 1\nrules:\n${body}`;
const good = '  - name: a\n    on: postgres\n    then: deny\n';
const when = (expression: string) => rule(`${good}    when: ${expression}\n`);
const mask = (body: string) => `version: 1\nmasks:\n${body}`;

const mistakes: [what: string, text: string, message: string][] = [
  ['an empty file', '', 'p.yaml:1:1: the file is empty; begin with version: 1'],
  ['no version', 'rules: []\n', 'p.yaml:1:1: the policy has no version; add version:'],
  ['a version of the future', 'version: 2\n', "p.yaml:1:10: version can't be 2; write version: 1"],
  ['an unknown field at the top', 'version: 1\nrule: []\n', 'p.yaml:2:1: the policy has no field "rule"; did you mean rules?'],
  [
    'an unknown field of a rule',
    rule(`${good}    whem: "true"\n    when: "true"\n`),
    'p.yaml:6:5: rules[0] has no field "whem"; did you mean when?',
  ],
  [
    'an unknown field with no likeness',
    rule(`${good}    colour: red\n    when: "true"\n`),
    'p.yaml:6:5: rules[0] has no field "colour"; use one of: name, description, on, when, then, message, hint, mode, approve, enabled',
  ],
  [
    'a condition that a comma ends',
    rule('  - { name: a, on: postgres, when: sql.statements.exists(s, s.writes), then: deny }\n'),
    'p.yaml:3:61: rules[0] has no field "s.writes)"; a comma inside { } ends a value: put the condition in quotes',
  ],
  ['a rule without a condition', rule(good), 'p.yaml:3:5: rules[0] has no when; add when:'],
  [
    'a verdict that is none',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: denny\n'),
    'p.yaml:6:11: rules[0].then can\'t be the text "denny"; did you mean deny?',
  ],
  [
    'a protocol that is none',
    rule('  - name: a\n    on: postgress\n    when: "true"\n    then: deny\n'),
    'p.yaml:4:9: rules[0].on can\'t be the text "postgress"; did you mean postgres?',
  ],
  [
    'a mode that is none',
    rule(`${good}    when: "true"\n    mode: log\n`),
    'p.yaml:7:11: rules[0].mode can\'t be the text "log"; use one of: enforce, observe',
  ],
  [
    'a text for a truth',
    rule(`${good}    when: "true"\n    enabled: yes\n`),
    'p.yaml:7:14: rules[0].enabled must be true or false, not the text "yes"; write true or false',
  ],
  [
    'a list for a mapping',
    rule(`${good}    when: "true"\n    approve: [dba]\n`),
    'p.yaml:7:14: rules[0].approve must be a mapping, not a list',
  ],
  [
    'a name with a blank',
    rule('  - name: a b\n    on: postgres\n    when: "true"\n    then: deny\n'),
    'p.yaml:3:11: rules[0].name can\'t be the text "a b"; use up to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
  ],
  [
    'a name that looks like a default',
    rule('  - name: default:opaque\n    on: postgres\n    when: "true"\n    then: deny\n'),
    'p.yaml:3:11: rules[0].name can\'t be the text "default:opaque"; use up to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
  ],
  [
    'two rules of one name',
    rule(`${good}    when: "true"\n${good}    when: "true"\n`),
    'p.yaml:7:11: a rule named "a" stands in line 3 already; give each its own name',
  ],
  [
    'a bad duration',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: approve\n    approve: { wait: 15 minutes }\n'),
    'p.yaml:7:22: rules[0].approve.wait can\'t be the text "15 minutes"; write a duration, for example 30s, 15m or 1h30m',
  ],
  [
    'a duration as a number',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: approve\n    approve: { wait: 15 }\n'),
    'p.yaml:7:22: rules[0].approve.wait must be a text, not 15; write a duration, for example 30s, 15m or 1h30m',
  ],
  [
    'a duration that is too long',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: approve\n    approve: { wait: 8d }\n'),
    'p.yaml:7:22: the duration "8d" is not between 1ms and 7d; write a duration, for example 30s, 15m or 1h30m',
  ],
  [
    'a quorum of nobody',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: approve\n    approve: { quorum: 0 }\n'),
    "p.yaml:7:24: rules[0].approve.quorum can't be 0; write a whole number from 1 to 20",
  ],
  [
    'a lease without its time',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: approve\n    approve: { lease: { same: shape } }\n'),
    'p.yaml:7:23: rules[0].approve.lease has no for; add for:',
  ],
  [
    'approvers for a refusal',
    rule(`${good}    when: "true"\n    approve: { by: [dba] }\n`),
    'p.yaml:7:5: the rule "a" has approve, but its then is deny; write then: approve, or remove approve',
  ],
  [
    'an approver twice',
    rule('  - name: a\n    on: postgres\n    when: "true"\n    then: approve\n    approve: { by: [dba, dba] }\n'),
    'p.yaml:7:26: rules[0].approve.by has the text "dba" twice; keep one of them',
  ],
  [
    'a condition that ends too early',
    when('"sql.count >"'),
    'p.yaml:6:23: the condition is not valid: Unexpected token: EOF; see `midstream facts` for facts, types and functions',
  ],
  ['a fact that is none', when('"sqk.count > 1"'), 'p.yaml:6:12: there is no fact "sqk"; did you mean sql?'],
  [
    'a field that is none',
    when('sql.statements.exists(s, s.knd == "drop")'),
    'p.yaml:6:38: a Statement has no field "knd"; did you mean kind?',
  ],
  [
    'a field of the operation that is none',
    when('sql.statments.size() > 0'),
    'p.yaml:6:15: a Sql has no field "statments"; did you mean statements?',
  ],
  [
    'a function that is none',
    when('sql.statements.exist(s, s.writes)'),
    'p.yaml:6:11: there is no function "exist" in conditions; did you mean exists?',
  ],
  [
    'a function of the library that is not for policies',
    when('resource.split("-").size() > 1'),
    'p.yaml:6:11: there is no function "split" in conditions; use one of: has, size, exists, all, exists_one, filter, map, startsWith, endsWith, contains, matches, glob, lower, lowerAscii, upperAscii, trim, …',
  ],
  [
    'types that do not fit',
    when('sql.count > "1"'),
    'p.yaml:6:11: the condition is not valid: no such overload: int > string; see `midstream facts` for facts, types and functions',
  ],
  ['a condition that is no truth', when('sql.count'), 'p.yaml:6:11: the condition gives int, not true or false; compare it with something'],
  [
    'facts of another protocol',
    when('http.method == "POST"'),
    'p.yaml:6:11: the fact "http" is not known to a rule on postgres; a rule on postgres may ask for: on, identity, resource, database, user, application, sql, params',
  ],
  [
    'a comparison that never holds',
    when('sql.statements.exists(s, s.copy_target == "programm")'),
    'p.yaml:6:53: this is never "programm"; did you mean program?',
  ],
  [
    'a comparison in upper case',
    when('sql.statements.exists(s, s.kind in ["DROP"])'),
    'p.yaml:6:47: this is always in lower case, so never "DROP"; write "drop"',
  ],
  [
    'a reach that is none',
    when(`'sql.statements.exists(s, "file" in s.reaches)'`),
    'p.yaml:6:37: this is never "file"; did you mean files?',
  ],
  [
    'a pattern that is none',
    when('resource.matches("(a")'),
    `p.yaml:6:28: the pattern "(a" can't be used: a ( is not closed; patterns are in RE2’s syntax, without look-around and references`,
  ],
  [
    'a pattern with look-ahead',
    when('resource.matches("(?=a)")'),
    `p.yaml:6:28: the pattern "(?=a)" can't be used: look-around and other extensions of groups are not known here; patterns are in RE2’s syntax, without look-around and references`,
  ],
  [
    'a pattern made at run time',
    when('resource.matches(database)'),
    'p.yaml:6:28: the pattern of matches() is not a constant text; write the pattern in quotes',
  ],
  [
    'a mask with nothing to mask',
    mask('  - name: m\n    as: redact\n'),
    'p.yaml:3:5: the mask "m" has neither detect nor columns nor kubernetes; give it one of them',
  ],
  [
    'a mask with both',
    mask('  - name: m\n    as: redact\n    detect: [email]\n    columns: [a.b.c]\n'),
    'p.yaml:3:5: the mask "m" has detect and columns; give it one of them',
  ],
  [
    'a masker that is none',
    mask('  - name: m\n    detect: [email]\n    as: redacted\n'),
    'p.yaml:5:9: masks[0].as can\'t be the text "redacted"; did you mean redact?',
  ],
  [
    'a kind that is none',
    mask('  - name: m\n    detect: [email, credit_crad]\n    as: redact\n'),
    'p.yaml:4:21: there is no kind "credit_crad" to detect; did you mean credit_card?',
  ],
  [
    'a column without its schema',
    mask('  - name: m\n    columns: [people.salary]\n    as: redact\n'),
    `p.yaml:4:15: masks[0].columns[0] can't be the text "people.salary"; write schema.table.column, each part a name or *, for example *.customers.email`,
  ],
  [
    'a mask that asks for the statement',
    mask('  - name: m\n    detect: [email]\n    as: redact\n    unless: sql.count == 1\n'),
    'p.yaml:6:13: the fact "sql" is not known to a mask; unless may ask for: identity, resource, database, user, application',
  ],
  [
    'a region that is none',
    mask('  - name: m\n    detect: [phone]\n    as: redact\n    regions: [Germany]\n'),
    `p.yaml:6:15: masks[0].regions[0] can't be the text "Germany"; write a region as two capital letters, for example DE`,
  ],
  [
    'a default that is none',
    'version: 1\ndefaults: { opaque: block }\n',
    'p.yaml:2:21: defaults.opaque can\'t be the text "block"; use one of: deny, approve, allow',
  ],
  [
    'a size that is none',
    'version: 1\nlimits:\n  held_bytes_max: 16 megs\n',
    'p.yaml:3:19: limits.held_bytes_max can\'t be the text "16 megs"; write a size, for example 65536 or 1MiB',
  ],
  [
    'a size that is too large',
    'version: 1\nlimits:\n  held_bytes_max: 900GiB\n',
    'p.yaml:3:19: the size "900GiB" is not between 1 byte and 1GiB; write a size, for example 65536 or 1MiB',
  ],
  [
    'a recipient that is none',
    'version: 1\nrecording:\n  sealed: [age1abc]\n',
    'p.yaml:3:12: recording.sealed[0] can\'t be the text "age1abc"; write an age recipient, age1… with 62 characters, as age-keygen prints it',
  ],
  ['a key twice', 'version: 1\nversion: 1\n', 'p.yaml:2:1: the key stands here twice; keep one of them'],
  ['a tab', 'version: 1\nrules:\n\t- name: a\n', 'p.yaml:3:1: a tab is used for indentation; indent with spaces'],
  [
    'two documents',
    'version: 1\n---\nversion: 1\n',
    'p.yaml:2:1: there is more than one document in the file; remove the `---` and what follows',
  ],
  ['a list at the top', '- version: 1\n', 'p.yaml:1:1: the policy must be a mapping, not a list'],
];

const said = (text: string): string => {
  try {
    compilePolicy(text, 'p.yaml');
  } catch (error) {
    assert.ok(error instanceof MidstreamError, String(error));
    assert.equal(error.code, 'policy_invalid');
    return error.message;
  }
  return 'it loaded';
};

describe('what is said about mistakes in a policy', function () {
  this.timeout(60_000);

  for (const [what, text, message] of mistakes) it(what, () => assert.equal(said(text), message));

  it('kinds may be given, by name or as the engine describes them; groups are always there', () => {
    const compile = (detect: string) => () =>
      compilePolicy(mask(`  - { name: m, as: redact, detect: [${detect}] }\n`), 'p.yaml', { kinds: ['shoe_size', { kind: 'hat_size' }] });
    assert.doesNotThrow(compile('shoe_size, hat_size, pii, secrets, all'));
    assert.throws(compile('email'), /no kind "email"/);
  });

  it('all mistakes are told at once, in the order of the file', () => {
    const text = rule(
      `  - { name: a, on: postgres, when: "sql.cont > 1", then: deny }\n  - { name: b, on: postgres, when: "resorce == 'x'", then: deny }\n`,
    );
    assert.deepEqual(
      said(text)
        .split('\n')
        .map((line) => line.split(':').slice(0, 3).join(':')),
      ['p.yaml:3:41', 'p.yaml:4:37'],
    );
  });

  it('a mistake in a folded condition is told at its own line and column', () => {
    const text = rule(`${good}    when: >\n      sql.statements.exists(s,\n        s.kind == "drop" &&\n        s.objct == "table")\n`);
    assert.equal(said(text), 'p.yaml:9:11: a Statement has no field "objct"; did you mean object?');
  });

  it('a literal block, single and double quotes and escapes keep their columns', () => {
    assert.match(said(rule(`${good}    when: |\n      sql.count > 1 &&\n      sql.cnt > 2\n`)), /^p\.yaml:8:11: a Sql has no field "cnt"/);
    assert.match(said(rule(`${good}    when: 'resource == ''x'' && sql.cnt > 2'\n`)), /^p\.yaml:6:37: /);
    assert.match(said(rule(`${good}    when: "resource == \\"x\\" && sql.cnt > 2"\n`)), /^p\.yaml:6:37: /);
  });

  it('a long list of mistakes is cut', () => {
    const text = rule(Array.from({ length: 80 }, (_, i) => `  - { name: r${i}, on: postgres, when: "x == 1", then: deny }\n`).join(''));
    const lines = said(text).split('\n');
    assert.equal(lines.length, 51);
    assert.equal(lines[50], 'p.yaml: and 30 more');
  });
});

describe('a file of cases that is none', () => {
  it('is told by what it is: a list was asked for, and no case ran', () => {
    assert.throws(
      () => readCases('cases:\n  - { name: a, sql: select 1, expect: allow }\n', 'p.tests.yaml'),
      (error) =>
        error instanceof MidstreamError &&
        error.message ===
          'p.tests.yaml:1:1: the file must be a list, not a mapping; write a list of cases, each beginning with `- name:`' &&
        error.hint.startsWith('No case was run.'),
    );
  });
});
