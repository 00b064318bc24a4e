import assert from 'node:assert/strict';
import { explain } from '../../../filters/policy/explain.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import type { Identity } from '../../../filters/policy/types.js';
import { identity, oneRule, operation, sqlFacts } from './operation.js';

const CLAIMED = 'the identity is only claimed; ask for identity.proof as well';
const ada = { id: 'ada', groups: ['fraud'], claims: { team: 'x' } };
const claims = operation(sqlFacts([{}]), { identity: identity(ada) });
const proven = (changes: Partial<Identity> = {}) =>
  operation(sqlFacts([{}]), { identity: identity({ ...ada, kind: 'jwt', proof: 'jwt', issuer: 'https://login.example', ...changes }) });
const matches = (when: string, facts = claims, then = 'deny') => compilePolicy(oneRule(when, then), 'p.yaml').decide(facts).matches;
const masks = (unless: string, facts = claims): number =>
  compilePolicy(`version: 1\nmasks:\n  - { name: m, detect: [email], as: redact, unless: '${unless}' }\n`, 'p.yaml').masksFor(facts).length;

describe('an identity that is only claimed', function () {
  this.timeout(60_000);
  const personal = ['identity.id == "ada"', '"fraud" in identity.groups', 'identity.claims.team == "x"', 'has(identity.claims.team)'];

  for (const what of personal) {
    it(`lifts no mask by ${what}`, () => {
      assert.equal(masks(what), 1);
      assert.equal(masks(`!(${what})`), 1, 'nor by its opposite');
      assert.equal(masks(`[identity].exists(i, ${what.replace('identity', 'i')})`), 1, 'nor by another name');
      assert.equal(masks(what, proven()), 0);
    });

    it(`is allowed nothing by ${what}`, () => {
      const policy = compilePolicy(
        `version: 1\nrules:\n  - { name: r, on: postgres, when: '${what}', then: allow }\ndefaults: { allow: false, unparsed: deny }\n`,
        'p.yaml',
      );
      assert.equal(policy.decide(claims).verdict, 'deny');
      assert.equal(policy.decide(proven()).verdict, 'allow');
    });

    it(`escapes no rule by ${what}`, () => {
      for (const when of [what, `!(${what})`])
        assert.deepEqual(matches(when), [{ rule: 'r', verdict: 'deny', mode: 'enforce', error: CLAIMED }], when);
    });
  }

  it('is known where the condition asks for proof or kind, whatever else it asks', () => {
    assert.equal(masks('identity.kind == "claimed" && identity.id == "ada"'), 0);
    assert.equal(masks('identity.id == "ada" && identity.proof in ["claimed", "jwt"]'), 0);
    assert.equal(masks('identity.id == "ben" && identity.kind == "claimed"'), 1);
    assert.deepEqual(matches('identity.id == "ben" && identity.proof != "mtls"'), []);
  });

  it('is not known by a kind of something else', () => {
    const [match] = matches(
      'sql.statements.exists(s, s.kind == "select") && identity.id == "ben"',
      operation(sqlFacts([{ kind: 'select' }])),
    );
    assert.equal(match?.error, CLAIMED);
    assert.equal(masks('[identity].exists(i, i.kind == "claimed" && i.id == "ada")'), 1);
  });

  it('does not matter where the rest of the condition decides', () => {
    assert.deepEqual(matches('sql.count == 7 && identity.id == "ada"'), []);
    assert.deepEqual(matches('identity.source.startsWith("10.") || identity.issuer != ""'), []);
  });

  it('is one by its proof as by its kind', () => {
    assert.equal(masks('identity.id == "ada"', proven({ proof: 'claimed' })), 1);
    assert.equal(masks('identity.id == "ada"', proven({ kind: 'claimed' })), 1);
  });

  it('leaves the next condition of a policy what it may see', () => {
    const policy = compilePolicy(
      `version: 1\nrules:\n${[
        'identity.id == "zoe"',
        'identity.id == "ada" && identity.proof == "claimed"',
        'identity.id == "ben" && identity.proof == "claimed"',
      ]
        .map((when, i) => `  - { name: r${i}, on: postgres, when: '${when}', then: approve }\n`)
        .join('')}`,
      'p.yaml',
    );
    assert.deepEqual(
      policy.decide(claims).matches.map(({ rule, error }) => [rule, error]),
      [
        ['r0', CLAIMED],
        ['r1', undefined],
      ],
    );
  });

  it('is explained', () => {
    const policy = (when: string) => compilePolicy(oneRule(when), 'p.yaml');
    assert.equal(explain(policy('identity.id == "ada"'), claims).rules[0]?.parts[0]?.value, `error: ${CLAIMED}`);
    assert.deepEqual(
      explain(policy('identity.id == "ada" && identity.proof == "jwt"'), claims).rules[0]?.parts.map(({ value }) => value),
      ['true', 'false'],
    );
  });
});

describe('the age of a proof', function () {
  this.timeout(60_000);
  const old = 'identity.proof == "jwt" && identity.age_s > 900';

  it('can be asked for in rules and masks', () => {
    assert.deepEqual(matches(old, proven({ age_s: 900 })), []);
    assert.equal(matches(old, proven({ age_s: 901 })).length, 1);
    const fresh = '"fraud" in identity.groups && identity.age_s <= 900';
    assert.equal(masks(fresh, proven({ age_s: 5 })), 0);
    assert.equal(masks(fresh, proven({ age_s: 901 })), 1);
  });

  it('is an error where nobody knows it', () => {
    const [match] = matches(old, proven());
    assert.equal(match?.error, 'nobody knows how old the proof is');
    assert.equal(masks('identity.age_s < 900', proven()), 1);
    assert.equal(masks('identity.kind == "claimed" && identity.age_s >= 0'), 1);
  });

  it('tells the gateway that masks depend on it', () => {
    const policy = (unless: string) =>
      compilePolicy(`version: 1\nmasks:\n  - { name: m, detect: [email], as: redact, unless: '${unless}' }\n`, 'p.yaml');
    assert.equal(policy('identity.age_s < 900').masksUseAge, true);
    assert.equal(policy('identity.proof == "jwt"').masksUseAge, false);
  });
});
