import assert from 'node:assert/strict';
import { type PolicyCase, runCase } from '../../../filters/policy/cases.js';
import { compilePolicy } from '../../../filters/policy/index.js';

const RULES = `
  - { name: body, on: http, when: 'has(http.body.payoutAmount) && http.body.payoutAmount > 1000', then: deny }
  - { name: inner, on: http, when: 'has(http.body.to) && has(http.body.to.kind) && http.body.to.kind == "bank"', then: deny }
  - { name: by-index, on: http, when: '"is-admin" in http.body && http.body["is-admin"] == true', then: deny }
  - { name: query, on: http, when: '"role" in http.query && http.query.role.exists(r, r == "admin")', then: deny }
  - { name: form, on: http, when: '"user_name" in http.body && http.body.user_name.exists(n, n == "root")', then: deny }
  - { name: tool, on: mcp, when: 'has(mcp.arguments.amount) && mcp.arguments.amount > 100', then: deny }
  - { name: answer, on: mcp, when: 'mcp.answers == "elicitation/create" && has(mcp.result.content.card)', then: deny }
  - { name: message, on: websocket, when: 'has(message.body.type) && message.body.type == "drop"', then: deny }
`;
/** A policy of the rule of this name alone: the others may not be able to ask this body at all. */
const only = (name: string): string =>
  `version: 1\nrules:\n${RULES.split('\n')
    .filter((line) => line.includes(`name: ${name},`))
    .join('\n')}\n`;
const judged = (one: Partial<PolicyCase>, policy: string) => {
  const { got } = runCase(compilePolicy(policy, 'p.yaml'), { name: '', expect: { verdict: 'allow' }, line: 1, ...one }, undefined);
  return `${got.verdict} ${got.rules.join()}`;
};
const json = (body: string) => ({ http: { method: 'POST', url: '/x', headers: { 'content-type': 'application/json' }, body } });
const form = (body: string) => ({
  http: { method: 'POST', url: '/x', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body },
});

describe('a key that some servers take for the one that a rule asks for', () => {
  const cases: [string, Partial<PolicyCase>, string][] = [
    ['in capitals', json('{"PayoutAmount":5000}'), 'body'],
    ['in snake case, as protobuf reads it', json('{"payout_amount":5000}'), 'body'],
    ['in letters that fold to it', json('{"paYOUT\uff21MOUNT":5000}'), 'body'],
    ['in the Kelvin sign', json('{"to":{"\u212aind":"bank"}}'), 'inner'],
    ['beside the key itself, the last of them', json('{"payoutAmount":5,"payoutamount":5000}'), 'body'],
    ['beside the key itself, the first of them', json('{"payoutamount":5000,"payoutAmount":5}'), 'body'],
    ['in an object within', json('{"TO":{"kind":"bank"}}'), 'inner'],
    ['named by a constant', json('{"Is-Admin":true}'), 'by-index'],
    ['in lines of JSON by look', { http: { method: 'POST', url: '/x', body: '{"PAYOUTAMOUNT":5000} x' } }, 'body'],
    ['in a query', { http: { url: '/x?Role=admin' } }, 'query'],
    ['in a query beside the name itself', { http: { url: '/x?role=user&ROLE=admin' } }, 'query'],
    ['in brackets, as PHP reads a form', form('user_name%5B%5D=root'), 'form'],
    ['with a dot and a blank, as PHP reads a form', form('+user.name=root'), 'form'],
    ['cut at a NUL', form('user_name%00x=root'), 'form'],
    ['in the arguments of a tool', { mcp: { method: 'tools/call', tool: 'pay', arguments: { amount: 5, Amount: 5000 } } }, 'tool'],
    ['in an answer', { mcp: { answers: 'elicitation/create', result: { action: 'accept', content: { Card: '1' } } } }, 'answer'],
    ['in a message', { websocket: { message: { Type: 'drop' } } }, 'message'],
  ];
  for (const [how, one, expected] of cases) it(how, () => assert.equal(judged(one, only(expected)), `deny ${expected}`));

  it('and others are what they were', () => {
    for (const body of [
      '{"payoutAmount":5}',
      '{"PayoutAmount":5}',
      '{"payouts":{"amount":5000}}',
      '{"x":[{"TO":1}]}',
      '{"__proto__":{"payout":5000}}',
    ])
      assert.equal(judged(json(body), only('body')), 'allow ', body);
    assert.equal(judged({ http: { url: '/x?Roles=admin' } }, only('query')), 'allow ');
  });

  it('must be allowed as well, where a policy allows by rules alone', () => {
    const closed = `
version: 1
rules: [{ name: small, on: http, when: 'has(http.body.amount) && http.body.amount < 10', then: allow }]
defaults: { allow: false }
`;
    assert.equal(judged(json('{"amount":5,"Other":1}'), closed), 'allow small');
    assert.equal(judged(json('{"amount":5,"Amount":5000}'), closed), 'deny small,default:allow');
  });

  it('is each of those that rules name, where they name several', () => {
    const two = `
version: 1
rules:
  - { name: a, on: http, when: 'has(http.body.userId) && http.body.userId == 1', then: deny }
  - { name: b, on: http, when: 'has(http.body.user_id) && http.body.user_id == 2', then: deny }
`;
    assert.equal(judged(json('{"userId":2}'), two), 'deny b');
    assert.equal(judged(json('{"user_id":1}'), two), 'deny a');
    assert.equal(judged(json('{"USERID":3}'), two), 'allow ');
  });
});
