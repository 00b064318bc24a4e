import assert from 'node:assert/strict';
import { readingsOf } from '../../../filters/http/readings.js';
import { headOf } from '../../../filters/http/request-facts.js';
import { requestOperation } from '../../../filters/http/waits.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import type { Identity } from '../../../filters/policy/types.js';

const identity: Identity = { id: 'robot', kind: 'claimed', issuer: '', groups: [], claims: {}, source: '127.0.0.1:1', proof: 'claimed' };

/** Whether a request waits for its body under rules with these conditions. */
function waits(conditions: string[], target: string, headers: [string, string][] = [], who: Partial<Identity> = {}): boolean {
  const rules = conditions.map((when, i) => `  - { name: r${i}, on: http, when: ${JSON.stringify(when)}, then: deny }\n`);
  const policy = compilePolicy(`version: 1\nrules:\n${rules.join('')}`, 'policy.yaml');
  const readings = readingsOf(headOf([[':method', 'POST'], [':authority', 'API.example:80'], [':path', target], ...headers]), undefined);
  return policy.asksBody(requestOperation(readings, { ...identity, ...who }, 'shop'));
}

describe('what waits for its body', () => {
  const table: [condition: string, target: string, waits: boolean][] = [
    ['http.path == "/pay" && http.body.amount > 1', '/pay', true],
    ['http.path == "/pay" && http.body.amount > 1', '/other', false],
    ['http.body.amount > 1 && http.path == "/pay"', '/other', false],
    ['has(http.body.amount) && (http.body.amount > 1 && http.host == "api.example")', '/x', true],
    ['has(http.body.amount) && (http.body.amount > 1 && http.host == "other.example")', '/x', false],
    ['(http.path == "/a" || http.path == "/pay") && http.body.amount > 1', '/pay', true],
    ['(http.path == "/a" || http.path == "/pay") && http.body.amount > 1', '/other', false],
    // any spelling that a server may take for it
    ['http.path == "/pay" && http.body.amount > 1', '/x/..%2fpay', true],
    ['http.path == "/pay" && http.body.amount > 1', '/PAY/', true],
    ['"mode" in http.query && http.query.mode == "live" && http.body.amount > 1', '/?mode=live', true],
    ['"mode" in http.query && http.query.mode == "live" && http.body.amount > 1', '/?Mode=test&mode=live', true],
    ['"mode" in http.query && http.query.mode == "live" && http.body.amount > 1', '/?mode=test', false],
    // what can't be known yet, or is an error, may be anything
    ['http.method == "GET" && http.body.amount > 1', '/pay', true],
    ['http.overrides.size() > 0 && http.body.amount > 1', '/pay', true],
    ['http.path == "/pay" || http.body.amount > 1', '/other', true],
    ['!(http.path == "/other" && http.body.amount > 1)', '/other', true],
    ['http.query.mode == "live" && http.body.amount > 1', '/', true],
    ['http["path"] == "/pay" && http.body.amount > 1', '/other', true],
    ['http.path == "/pay" && http.graphql.exists(o, o.type == "mutation")', '/other', false],
    ['http.graphql.exists(o, o.type == "mutation" && http.path == "/pay")', '/other', true],
    ['sql.count > 0 && http.body.amount > 1', '/other', true],
    ['http.path == "/other"', '/other', false],
  ];
  for (const [condition, target, expected] of table)
    it(`${target} ${expected ? 'waits' : 'goes on'}: ${condition}`, () => assert.equal(waits([condition], target), expected));

  it('is what any rule may ask for', () => {
    const one = 'http.path == "/pay" && http.body.amount > 1';
    assert.equal(waits([one, 'http.path == "/users" && http.body.user == "root"'], '/users'), true);
    assert.equal(waits([one, 'http.body.user == "root"'], '/other'), true);
    assert.equal(waits([one, 'http.path == "/other"'], '/other'), false);
  });

  it('may be known by headers, and by who asks', () => {
    const typed = '"x-tenant" in http.headers && http.headers["x-tenant"] == "prod" && http.body.amount > 1';
    assert.equal(waits([typed], '/', [['x-tenant', 'prod']]), true);
    assert.equal(waits([typed], '/', [['x-tenant', 'test']]), false);
    const caller = 'identity.groups.exists(g, g == "agents") && http.body.amount > 1';
    assert.equal(waits([caller], '/', [], { groups: ['agents'], kind: 'jwt', proof: 'jwt' }), true);
    assert.equal(waits([caller], '/', [], { groups: ['people'], kind: 'jwt', proof: 'jwt' }), false);
    // A condition that asks for proof has the name that is only claimed, its parts must have it too.
    const claimed = 'identity.id == "robot" && (identity.proof == "token" || http.body.amount > 1)';
    assert.equal(waits([claimed], '/'), true);
  });
});
