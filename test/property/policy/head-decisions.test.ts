import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readingsOf } from '../../../filters/http/readings.js';
import { headOf } from '../../../filters/http/request-facts.js';
import { requestOperation } from '../../../filters/http/waits.js';
import { decideReadings, readersFor } from '../../../filters/policy/decide.js';
import { textsOfHead } from '../../../filters/policy/head-decisions.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { runs } from '../../support/seed.js';

const rule = (when: string, i: number): string =>
  `  - { name: r${i}, on: http, when: ${JSON.stringify(when)}, then: ${i % 2 === 0 ? 'deny' : 'approve, approve: { by: [a], wait: 5m }'} }\n`;
const policyOf = (conditions: readonly string[]) =>
  compilePolicy(`version: 1\n${conditions.length > 0 ? `rules:\n${conditions.map(rule).join('')}` : ''}`, 'policy.yaml');

/** By texts of the head alone. */
const plain = [
  'http.path.startsWith("/admin")',
  'http.path == "/held" || (http.method != "GET" && http.host == "api")',
  'http.path.matches("^/[a-z]+/[0-9]+$")',
  'http.method in ["PUT", "DELETE"] && http.target.contains("q=1")',
  'http.content_type == "application/json"',
];
const more = [
  'http.headers.exists(h, h == "x-a")',
  '"x-a" in http.headers',
  'http.query.q == "1"',
  'identity.id == "b"',
  'http.path == identity.id',
  'has(http.body.a) && http.body.a == 1',
  'http.overrides.size() > 0',
  'http["path"] == "/held"',
  'resource == "one"',
  'sql.statements.exists(s, s.kind == "drop")',
  '["/a", "/held"].exists(p, p == http.path)',
];

const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  host: fc.constantFrom('api', 'other'),
  target: fc.constantFrom('/admin', '/held', '/held?q=1', '/held?q=2&Path=/admin', '/a/1', '/A/1', '/x/..%2fadmin', '/%zz'),
  headers: fc.subarray<[string, string]>([
    ['x-a', '1'],
    ['content-type', 'application/json'],
    ['x-http-method-override', 'PUT'],
    ['upgrade', 'h2c'],
  ]),
  body: fc.constantFrom(undefined, '', '{"a":1}', '{"a":2}', '{'),
  id: fc.constantFrom('a', 'b', '/held'),
  resource: fc.constantFrom('one', 'two'),
});

describe('decisions by the head of a request, remembered', () => {
  it('know which conditions ask for nothing else', () => {
    const texts = (when: string) => textsOfHead(policyOf([when]).rules[0]!.condition.ast);
    assert.deepEqual(plain.map(texts), [['path'], ['path', 'method', 'host'], ['path'], ['method', 'target'], ['content_type']]);
    for (const when of more) assert.equal(texts(when), undefined, when);
  });

  it('are what they are when nothing is remembered, whoever asked before', () => {
    const policies = [plain, [plain[0]!], [], [...plain.slice(0, 2), more[3]!], [plain[1]!, more[2]!]].map(policyOf);
    const fresh = policies.map((policy) => {
      const readers = readersFor(policy.rules);
      return (facts: Parameters<typeof policy.decide>[0]) => decideReadings(policy.rules, policy.defaults, facts, readers);
    });
    fc.assert(
      fc.property(request, ({ method, host, target, headers, body, id, resource }) => {
        const head = headOf([[':method', method], [':authority', host], [':path', target], ...headers]);
        const readings = readingsOf(head, body === undefined ? undefined : Buffer.from(body));
        const who = { id, kind: 'token', issuer: '', groups: [], claims: {}, source: '10.0.0.1:1', proof: 'token' } as const;
        const facts = requestOperation(readings, { ...who, groups: [] }, resource);
        for (const [i, policy] of policies.entries()) assert.deepEqual(policy.decide(facts), fresh[i]!(facts));
      }),
      runs(3000, 50_000),
    );
  });
});
